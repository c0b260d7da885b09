"""Which receipt belongs to which segment: one row per key, which settle and receipt both write, each getting back what the other left."""

from collections.abc import Sequence

import msgspec

from heliograph.store.query import queries
from heliograph.store.transaction import Transaction

Q = queries("correlation")


LATE = -1
"""In `uses`: the segment that claimed the key ended without a receipt. A late one may still come, and a claim that goes elsewhere."""


class Key(msgspec.Struct, array_like=True, frozen=True):
    """A key's row after it was written. `uses`: how many segments claim the key, or LATE; it counts only at these two or at 1.
    `receipt_id`: parked there. `expires_at_ms`: when the message that claimed it first ends without a receipt."""

    correlation_group: str
    key: str
    message_id: int | None
    segment: int | None
    source: str | None
    dest: str | None
    uses: int
    receipt_id: int | None
    expires_at_ms: int


class Submitted(msgspec.Struct, array_like=True):
    """A segment that the network took, by one of its keys. `source` and `dest` as submitted."""

    correlation_group: str
    key: str
    message_id: int
    segment: int
    source: str
    dest: str
    expires_at_ms: int


class Parked(msgspec.Struct, array_like=True, frozen=True):
    """A receipt that came before the answer to its submit."""

    id: int
    source: str
    dest: str
    state: str
    word: str
    error: str | None
    received_at_ms: int
    network_error: int | None


class NewReceipt(msgspec.Struct, array_like=True):
    """A receipt to keep. `disposition`: matched, early, late, timeline or ambiguous. `keys`: JSON."""

    id: int
    link_id: int
    received_at_ms: int
    keys: str
    source: str
    dest: str
    state: str
    word: str
    error: str | None
    message_id: int | None
    segment: int | None
    disposition: str
    network_error: int | None


class SeenReceipt(msgspec.Struct, array_like=True, frozen=True):
    id: int
    link_id: int
    received_at_ms: int
    state: str
    word: str
    error: str | None
    segment: int | None
    disposition: str


class Due(msgspec.Struct, array_like=True, frozen=True):
    """A key whose time is over."""

    correlation_group: str
    key: str
    message_id: int | None
    uses: int


Parking = tuple[str, str, int, int]
"""Group, key, receipt and expires_at_ms of a receipt's key."""


def leave_submits(tx: Transaction, rows: Sequence[Submitted]) -> list[Key]:
    """Write the keys of accepted segments, and read them. Two rows of one key in one call must be given in two calls."""
    tx.apply(Q["leave_submit"], rows)
    return _keys(tx, [(row.correlation_group, row.key) for row in rows])


def leave_receipts(tx: Transaction, words: Sequence[Parking], finals: Sequence[Parking]) -> list[Key]:
    """Write the keys of receipts, and read them; where the segment is known already, the row says it. `words`: of receipts that are not
    final and take no other's place."""
    tx.apply(Q["leave_word"], words)
    tx.apply(Q["leave_receipt"], finals)
    return _keys(tx, sorted({row[:2] for row in (*words, *finals)}))


def peek(tx: Transaction, keys: Sequence[tuple[str, str]]) -> list[int]:
    """Messages that claim any of the keys now, without a lock."""
    return sorted({row.message_id for row in tx.many(Q["peek"], keys, _Of)})


def parked(tx: Transaction, receipt_ids: Sequence[int]) -> dict[int, Parked]:
    """Lock and read receipts that are still waiting for their segment."""
    return {row.id: row for row in tx.many(Q["parked"], [(each,) for each in sorted(set(receipt_ids))], Parked)}


def match_parked(tx: Transaction, rows: Sequence[tuple[int, int, int, str]]) -> None:
    """Note (receipt, message, segment, disposition) of receipts that were parked."""
    tx.apply(Q["match_parked"], rows)


def insert_receipts(tx: Transaction, rows: Sequence[NewReceipt]) -> None:
    """Keep receipts."""
    tx.apply(Q["insert_receipt"], rows)


def due(tx: Transaction, now_ms: int, most: int) -> list[Due]:
    """Keys whose time is over, oldest first."""
    return [Due(*row) for row in tx.run(Q["due"], now=now_ms, most=most)]


def keep_for_late(tx: Transaction, keys: Sequence[Due], expires_at_ms: int) -> None:
    """Keep keys whose message ended without a receipt; those that one segment claims are LATE."""
    rows = [(key.correlation_group, key.key, key.uses, LATE if key.uses == 1 else key.uses, expires_at_ms) for key in keys]
    tx.apply(Q["keep_for_late"], rows)


def delete(tx: Transaction, keys: Sequence[Due], now_ms: int) -> None:
    """Forget keys whose time is over."""
    tx.apply(Q["delete"], [(key.correlation_group, key.key, now_ms) for key in keys])


def receipts_of(tx: Transaction, message_id: int) -> list[SeenReceipt]:
    """The receipts of a message, oldest first."""
    return [SeenReceipt(*row) for row in tx.run(Q["of_message"], message_id=message_id)]


def _keys(tx: Transaction, keys: Sequence[tuple[str, str]]) -> list[Key]:
    return tx.many(Q["keys"], keys, Key)


class _Of(msgspec.Struct, array_like=True, frozen=True):
    message_id: int
