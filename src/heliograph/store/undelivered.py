"""Which messages failed, expired or were cancelled, in the order of their time: what a search for those goes by (store/search.py)."""

from collections.abc import Iterable, Mapping, Sequence

from heliograph.model.message import State
from heliograph.store.engine import Scalar
from heliograph.store.query import queries
from heliograph.store.transaction import Transaction

Q = queries("undelivered")
STATES = frozenset((State.FAILED, State.EXPIRED, State.CANCELED))
_NAMED = {state.name.lower(): int(state) for state in STATES}
"""As the queries name them."""


def note(tx: Transaction, states: Iterable[tuple[int, int]]) -> None:
    """Keep those of the messages, which are written already, that ended undelivered. `states`: message and state."""
    tx.apply(Q["note"], [(message_id,) for message_id, state in states if state in STATES])


def of_state(tx: Transaction, state: int, within: Mapping[str, Scalar], most: int) -> list[tuple[int, int]]:
    """Time of submission and id of the messages that ended so, from new to old. `within`: the organisation, before which time and id, and
    from when."""
    return [(int(row[0]), int(row[1])) for row in tx.run(Q["of_state"], **within, state=state, most=most)]


def forget(tx: Transaction, rows: Sequence[tuple[int, int, int]]) -> None:
    """Messages that are no more: organisation, time of submission, message."""
    tx.apply(Q["forget"], rows, **_NAMED)
