"""Messages that wait for a time of their own, outside any lane; and which message is another sending of which."""

from collections.abc import Iterable, Sequence

import msgspec

from heliograph.store.message import NewMessage
from heliograph.store.query import queries
from heliograph.store.transaction import Transaction

Q = queries("schedule")


def insert(tx: Transaction, rows: Sequence[tuple[int, int]]) -> None:
    """Have messages wait: (message, not before)."""
    tx.apply(Q["insert"], rows)


def insert_resent(tx: Transaction, rows: Sequence[tuple[int, int]]) -> None:
    """Note what was sent again: (message, the earlier one)."""
    tx.apply(Q["insert_resent"], rows)


def next_due(tx: Transaction) -> int | None:
    """When the first waiting message is due."""
    row = tx.one(Q["next_due"])
    return row[0] if row else None


def take_due(tx: Transaction, now_ms: int, most: int) -> list[int]:
    """Messages whose time has come, which from now on do not wait for it; what another process takes at this moment is passed over."""
    found = sorted(row[0] for row in tx.run(Q["lock_due"], now=now_ms, most=most))
    tx.apply(Q["end_all"], [(message_id,) for message_id in found])
    return found


def end(tx: Transaction, message_id: int) -> bool:
    """Have a message wait no longer; False where it did not. Of all who ask, one gets True."""
    return bool(tx.run(Q["end"], message_id=message_id))


def devices(tx: Transaction, message_ids: Iterable[int]) -> dict[int, int]:
    """The device of each message."""
    rows = tx.many(Q["devices"], [(each,) for each in sorted(set(message_ids))], _OfDevice)
    return {row.id: row.device_id for row in rows if row.device_id is not None}


def messages(tx: Transaction, message_ids: Iterable[int]) -> list[NewMessage]:
    """Messages as they were inserted, in the order of their ids."""
    return tx.many(Q["messages"], [(each,) for each in sorted(set(message_ids))], NewMessage)


def place(tx: Transaction, rows: Iterable[NewMessage]) -> None:
    """Write back the lane, the link and the address of messages that were given a place."""
    tx.apply(Q["place"], [(row.id, row.lane_id, row.lane_seq, row.link_id, row.sim_id, row.dest) for row in rows])


class _OfDevice(msgspec.Struct, array_like=True, frozen=True):
    id: int
    device_id: int | None
