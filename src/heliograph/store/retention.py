"""What is kept for its time only: looked for in the order of ids, deleted by id. For how long: `service/retention.py`."""

from collections.abc import Sequence
from enum import IntEnum

import msgspec

from heliograph.store import undelivered
from heliograph.store.query import queries
from heliograph.store.transaction import Transaction

Q = queries("retention")
_OF_A_MESSAGE = (
    "delete_scheduled",
    "delete_technician_sent",
    "delete_resent",
    "delete_attempts",
    "delete_receipts_of_messages",
    "delete_delivery_attempts",
    "delete_notifications",
)


class Fate(IntEnum):
    """What is to become of something old. GONE: what was to go of it went before."""

    STAYS = 0
    MAY_GO = 1
    GONE = 2


class Aged(msgspec.Struct, array_like=True, frozen=True):
    """Something old or not. `may_go`: its `Fate` once it is old. `of_message`: an event of a message."""

    id: int
    at_ms: int
    may_go: int
    of_message: int = 0


class _Gone(msgspec.Struct, array_like=True, frozen=True):
    id: int
    organisation_id: int
    submitted_at_ms: int


def look(tx: Transaction, kind: str, after: int, most: int) -> list[Aged]:
    """The next of a kind (messages, bodies, audit, receipts, unmatched) above an id."""
    return [Aged(*row) for row in tx.run(Q[kind], after=after, most=most)]


def look_at_events(tx: Transaction, organisation_id: int, after: int, most: int) -> list[Aged]:
    """The next events of an organisation above a number."""
    return [Aged(*row) for row in tx.run(Q["events"], organisation_id=organisation_id, after=after, most=most)]


def organisations(tx: Transaction) -> list[int]:
    """Those that have events."""
    return [int(row[0]) for row in tx.run(Q["organisations"])]


def delete_messages(tx: Transaction, ids: Sequence[int]) -> None:
    """Delete messages that are final and have no open delivery, with all that is theirs. Locks in the order of a message's life."""
    gone = tx.many(Q["delete_messages"], _rows(ids), _Gone)
    undelivered.forget(tx, [(row.organisation_id, row.submitted_at_ms, row.id) for row in gone])
    for name in _OF_A_MESSAGE:
        tx.apply(Q[name], [(row.id,) for row in gone])


def empty_bodies(tx: Transaction, ids: Sequence[int], note: str) -> None:
    """Delete the texts of final messages, also where they stand in what was sent to a webhook; `note` says so on each."""
    tx.apply(Q["empty_bodies"], _rows(ids), note=note)
    tx.apply(Q["empty_notifications"], _rows(ids))


def delete_events(tx: Transaction, organisation_id: int, numbers: Sequence[int]) -> None:
    """Delete events of an organisation."""
    tx.apply(Q["delete_events"], _rows(numbers), organisation_id=organisation_id)


def delete_mailings(tx: Transaction, ids: Sequence[int]) -> None:
    """Delete bulk SMS and what became of each device; their messages go by themselves."""
    tx.apply(Q["delete_mailing_items"], _rows(ids))
    tx.apply(Q["delete_mailings"], _rows(ids))


def delete(tx: Transaction, kind: str, ids: Sequence[int]) -> None:
    """Delete rows of audit, receipts or unmatched."""
    tx.apply(Q[f"delete_{kind}"], _rows(ids))


def _rows(ids: Sequence[int]) -> list[tuple[int]]:
    return [(each,) for each in sorted(ids)]
