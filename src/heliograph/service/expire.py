"""The end of a message whose validity is over: in lanes that the owner of their link takes, and in lanes that nobody looks at.

Serialised by the lane, then the message. The head of a taken lane is its owner's, who may be sending it; where the link has no owner it
is nobody's, since a settle without a lease changes nothing.
"""

from collections.abc import Sequence

from heliograph.model.link import Unknown
from heliograph.model.message import State, Verdict, open_segments
from heliograph.service import fault
from heliograph.service.core import Core
from heliograph.service.ledger import Ledger
from heliograph.store import lane as lane_store
from heliograph.store import message as message_store
from heliograph.store.attempt import attempt_row
from heliograph.store.lane import Lane
from heliograph.store.message import Locked
from heliograph.store.transaction import Transaction

ABANDONED_MS = 5_000
"""A lane that is due for so long has nobody who takes it; and how long one is left alone whose owner has what is over."""
DIED = Unknown("the process that was sending it ended before the answer was known")


def expire(tx: Transaction, core: Core, lanes: Sequence[Lane], now_ms: int) -> None:
    """End the waiting messages of locked lanes, which are not taken, whose validity is over."""
    ledger = Ledger(tx, core, now_ms)
    if _end(tx, ledger, message_store.expired(tx, [(lane.id, lane.head_seq) for lane in lanes], now_ms)):
        ledger.write()
        fault.point("expire.before_commit")


def expire_abandoned(tx: Transaction, core: Core, lane_ids: Sequence[int], now_ms: int) -> None:
    """End what is over in lanes that nobody takes though they are due for ABANDONED_MS, and behind heads that are on their way; not the
    heads, which an owner may be sending. Then note when each of the lanes is to be searched again."""
    lanes = lane_store.lock(tx, lane_ids)
    orphaned = lane_store.orphaned(tx, lane_ids)
    searched = [
        (lane.id, lane.head_seq + (lane.taken_epoch is not None and lane.id not in orphaned))
        for lane in lanes.values()
        if lane.taken_epoch is not None or (lane.due_at_ms is not None and lane.due_at_ms <= now_ms - ABANDONED_MS)
    ]
    ledger = Ledger(tx, core, now_ms)
    _end(tx, ledger, message_store.expired(tx, searched, now_ms), lanes)
    ledger.write()
    _search_again(tx, lanes, now_ms)
    fault.point("expire.before_commit")


def _search_again(tx: Transaction, lanes: dict[int, Lane], now_ms: int) -> None:
    """Have each lane searched when the first of what still waits expires; where that is over and its owner's to end, a little later."""
    expiries = message_store.next_expiry(tx, lanes.values())
    for lane in lanes.values():
        expiry_at_ms = expiries.get(lane.id)
        lane.expire_at_ms = None if expiry_at_ms is None else max(expiry_at_ms, now_ms + ABANDONED_MS)
    lane_store.save(tx, lanes.values())


def end_undelivered(ledger: Ledger, message: Locked) -> None:
    """EXPIRED, or CANCELED where that was asked for, of a message that will not be tried again."""
    if message.cancel_requested_at_ms is not None:
        ledger.change(message, Verdict(State.CANCELED, "cancelled before it was delivered", "canceled"))
        return
    tries = "no try was made" if message.attempts == 0 else f"{message.attempts} tries were made"
    ledger.change(message, Verdict(State.EXPIRED, f"not delivered within its validity; {tries}", "expired"))


def _end(tx: Transaction, ledger: Ledger, message_ids: Sequence[int], lanes: dict[int, Lane] | None = None) -> int:
    """`lanes`: those whose head, if it is among the messages, may have been sent by an owner that died."""
    ended = 0
    for message in message_store.lock(tx, message_ids).values():
        if State(message.state).is_final:
            continue
        lane = lanes.get(message.lane_id or 0) if lanes else None
        if lane is not None and lane.taken_epoch is not None and message.lane_seq == lane.head_seq:
            _note_last_try(ledger, message)
            lane.wait(ledger.now_ms, ledger.now_ms)
        end_undelivered(ledger, message)
        ended += 1
    return ended


def _note_last_try(ledger: Ledger, message: Locked) -> None:
    message.attempts += 1
    for number in open_segments(message.segment_states):
        row = attempt_row(message.id, message.attempts, number, message.link_id or 0, ledger.now_ms, ledger.now_ms, DIED)
        ledger.attempt(row)
