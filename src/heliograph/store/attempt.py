"""Attempts: the tries of a message, by segment. Rows in, rows out."""

from collections.abc import Iterable, Sequence

import msgspec

from heliograph.model.link import Accepted, Outcome, Refused, Unknown
from heliograph.store.query import queries
from heliograph.store.transaction import Transaction

Q = queries("attempt")


class Attempt(msgspec.Struct, array_like=True):
    """One try of one segment: by which link, and what came of it. `ref`: what the network calls it. All of it is in the timeline."""

    number: int
    segment: int
    link_id: int
    outcome: str
    ref: str | None


def attempt_row(
    message_id: int,
    number: int,
    segment: int,
    link_id: int,
    at_ms: int,
    answered_at_ms: int,
    outcome: Outcome,
    *,
    possible_duplicate: bool = False,
) -> list[int | str | None]:
    """The row of an attempt; `outcome` in the words the timeline uses. `possible_duplicate`: nobody knows what became of the try before."""
    head: list[int | str | None] = [message_id, number, segment, link_id, at_ms, answered_at_ms]
    match outcome:
        case Accepted(ref):
            return [*head, "accepted", None, None, _POSSIBLE_DUPLICATE if possible_duplicate else None, ref]
        case Refused(error_class, reason, code):
            return [*head, "refused", error_class.value, code, _marked(reason, possible_duplicate), None]
        case Unknown(reason):
            return [*head, "unknown", None, None, _marked(reason, possible_duplicate), None]
        case _:
            return [*head, "withdrawn", None, None, outcome.reason, None]


def insert(tx: Transaction, rows: Sequence[Sequence[int | str | None]]) -> None:
    """Keep attempts, each made by `attempt_row`."""
    tx.apply(Q["insert"], rows)


def temporary_tries(tx: Transaction, message_ids: Iterable[int]) -> dict[int, int]:
    """How many tries of each message ended with nobody knowing, or in an error that is no absence and no pacing; none: left out."""
    rows = tx.many(Q["temporary_tries"], [(each,) for each in sorted(set(message_ids))], _Tries)
    return {row.message_id: row.tries for row in rows}


def of_message(tx: Transaction, message_id: int) -> list[Attempt]:
    """All attempts of a message, oldest first."""
    return [Attempt(*row) for row in tx.run(Q["of_message"], message_id=message_id)]


_POSSIBLE_DUPLICATE = "possible duplicate"


def _marked(reason: str, possible_duplicate: bool) -> str:
    return f"{reason} ({_POSSIBLE_DUPLICATE})" if possible_duplicate else reason


class _Tries(msgspec.Struct, array_like=True, frozen=True):
    message_id: int
    tries: int
