"""Delivery receipts from links: matched to their segment, or kept until it is known, or kept and shown as what they are."""

from collections.abc import Sequence
from itertools import islice

import msgspec

from heliograph.model.ids import MessageId
from heliograph.model.link import Answer, Receipt, ReceiptState, without_nul
from heliograph.model.message import State, read_terms
from heliograph.service import fault
from heliograph.service.core import Core
from heliograph.service.correlate import Word, apply, is_about, is_in_lane, is_key_of, segment_of
from heliograph.service.ledger import Ledger
from heliograph.service.wake import go_on
from heliograph.store import correlation
from heliograph.store import message as message_store
from heliograph.store.correlation import Key, NewReceipt, Parking
from heliograph.store.transaction import Transaction

PARKED_MS = 7 * 86_400_000 + 3_600_000
"""How long a receipt that fits no submit may still find one: the longest validity, and an hour."""
TOGETHER_PATIENCE_S = 0.005
"""How long receipts that came together may wait for messages to be written with. One that came alone does not: its network may send the
next only after the answer."""

_encode = msgspec.json.Encoder().encode


class Arrival(msgspec.Struct, frozen=True):
    """Receipts on their way into the database, as they came together."""

    core: Core
    receipts: Sequence[Receipt]
    now_ms: int


async def receive_receipts(core: Core, receipts: Sequence[Receipt]) -> list[Answer]:
    """Keep receipts and what they make of their messages; when this returns, the network may be answered."""
    arrival = Arrival(core, [_as_kept(receipt) for receipt in receipts], core.clock.now_ms())
    patience_s = TOGETHER_PATIENCE_S if len(receipts) > 1 else 0.0
    message_ids: list[MessageId | None] = await core.database.write_item(match, arrival, patience_s=patience_s)
    fault.point("receipt.after_commit")
    return [Answer(message_id=message_id) for message_id in message_ids]


def _as_kept(receipt: Receipt) -> Receipt:
    """With keys as the database keeps them."""
    if any("\0" in key for key in receipt.keys):
        return msgspec.structs.replace(receipt, keys=tuple(without_nul(key) for key in receipt.keys))
    return receipt


def match(tx: Transaction, items: Sequence[Arrival]) -> list[list[MessageId | None]]:
    """The batch use case: the message of each receipt, or None. Serialised by the message, then the correlation rows of its keys."""
    core, now_ms = items[0].core, items[0].now_ms
    receipts = [receipt for item in items for receipt in item.receipts]
    known = correlation.peek(tx, sorted({(receipt.correlation_group, key) for receipt in receipts for key in receipt.keys}))
    messages = message_store.lock(tx, known)
    ids = tx.ids("receipt", len(receipts))
    left = _leave(tx, receipts, ids, now_ms)
    newer = {key.message_id for key in left.values() if key.message_id is not None} - messages.keys()
    messages |= message_store.lock(tx, newer)
    ledger = Ledger(tx, core, now_ms)
    rows: list[NewReceipt] = []
    done_with: set[int] = set()
    for receipt, receipt_id in zip(receipts, ids, strict=True):
        key, disposition = _choose(receipt, left)
        if key is not None and key.message_id is not None:
            word = Word(receipt.state, receipt.word, receipt.error, receipt.network_error)
            message = messages[key.message_id]
            was_in_lane = is_in_lane(message)
            disposition = apply(ledger, message, segment_of(key), word)
            if (was_in_lane and not is_in_lane(message)) or (State(message.state).is_final and read_terms(message.terms).strict):
                done_with.add(message.lane_id or 0)
        rows.append(
            NewReceipt(
                id=receipt_id,
                link_id=receipt.link_id,
                received_at_ms=receipt.received_at_ms,
                keys=_encode(receipt.keys).decode(),
                source=receipt.source,
                dest=receipt.destination,
                state=receipt.state,
                word=receipt.word,
                error=receipt.error,
                message_id=key.message_id if key else None,
                segment=key.segment if key else None,
                disposition=disposition,
                network_error=receipt.network_error,
            )
        )
    correlation.insert_receipts(tx, rows)
    ledger.write()
    if done_with:
        tx.after_commit(go_on, core, sorted(done_with))
    fault.point("receipt.before_commit")
    found = iter([None if row.message_id is None else MessageId(row.message_id) for row in rows])
    return [list(islice(found, len(item.receipts))) for item in items]


def _leave(tx: Transaction, receipts: Sequence[Receipt], ids: Sequence[int], now_ms: int) -> dict[tuple[str, str], Key]:
    """Write the keys of all receipts; what each key's row says now. Of final receipts with one key the last is parked, else the first."""
    words: dict[tuple[str, str], Parking] = {}
    finals: dict[tuple[str, str], Parking] = {}
    for receipt, receipt_id in zip(receipts, ids, strict=True):
        rows = words if receipt.state is ReceiptState.TIMELINE else finals
        for key in receipt.keys:
            rows[receipt.correlation_group, key] = (receipt.correlation_group, key, receipt_id, now_ms + PARKED_MS)
    left = correlation.leave_receipts(tx, list(words.values()), list(finals.values()))
    return {(key.correlation_group, key.key): key for key in left}


def _choose(receipt: Receipt, left: dict[tuple[str, str], Key]) -> tuple[Key | None, str]:
    """The first key of the profile's order that counts; else early, where nobody claims any key, or ambiguous."""
    claimed = False
    for text in receipt.keys:
        key = left[receipt.correlation_group, text]
        claimed = claimed or key.uses > 0
        if is_key_of(key) and is_about(key, receipt.source, receipt.destination):
            return key, "matched"
    return None, "ambiguous" if claimed else "early"
