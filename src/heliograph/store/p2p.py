"""What devices sent to and received from other subscribers of late. What it allows: `model/p2p.py`."""

from collections.abc import Iterable, Mapping

import msgspec

from heliograph.model.p2p import Record
from heliograph.store.query import queries
from heliograph.store.transaction import Transaction

Q = queries("p2p")


def hold(tx: Transaction, device_ids: Iterable[int]) -> dict[int, Record]:
    """Lock the records of devices, made where they are missing, and read them."""
    return _by_device(tx.many(Q["hold"], [(each,) for each in sorted(set(device_ids))], _Row))


def peek(tx: Transaction, device_ids: Iterable[int]) -> dict[int, Record]:
    """The records of devices as they stand; devices that did nothing are absent."""
    return _by_device(tx.many(Q["peek"], [(each,) for each in sorted(set(device_ids))], _Row))


def save(tx: Transaction, records: Mapping[int, Record]) -> None:
    """Write locked records back."""
    tx.apply(Q["save"], [_row(device_id, record) for device_id, record in sorted(records.items())])


class _Row(msgspec.Struct, array_like=True, frozen=True):
    device_id: int
    sent_from_ms: int
    sent: int
    received_at_ms: str
    told_sent_ms: int
    told_received_ms: int


def _row(device_id: int, record: Record) -> _Row:
    received = msgspec.json.encode(record.received_at_ms).decode()
    return _Row(device_id, record.sent_from_ms, record.sent, received, record.told_sent_ms, record.told_received_ms)


def _by_device(rows: Iterable[_Row]) -> dict[int, Record]:
    return {
        row.device_id: Record(
            row.sent_from_ms,
            row.sent,
            msgspec.json.decode(row.received_at_ms, type=tuple[int, ...]),
            row.told_sent_ms,
            row.told_received_ms,
        )
        for row in rows
    }
