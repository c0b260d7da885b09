"""Give a message that waits another text, before anything of it was tried."""

import msgspec

from heliograph.model.account import Actor
from heliograph.model.ids import MessageId
from heliograph.model.message import State, fresh_segments, read_terms, written
from heliograph.model.permission import Right, require
from heliograph.model.problem import Code, Problem
from heliograph.service.core import Core
from heliograph.service.draft import Draft
from heliograph.service.encode import encode
from heliograph.service.validity import start, validity
from heliograph.store import asked as store
from heliograph.store import lane as lane_store
from heliograph.store import message as message_store
from heliograph.store.asked import Replacement, Sent
from heliograph.store.lane import Lane
from heliograph.store.message import Locked
from heliograph.store.transaction import Transaction


async def replace(core: Core, actor: Actor, found: Sent, draft: Draft, registered_delivery: int) -> None:
    """Replace text, validity and receipt of a message, and the time it waits for where a new one is given; what is left open stays. It
    keeps its id and its place. It may need no more segments than were counted for it. Raises Problem where it is too late."""
    require(actor, Right.CHANGE)
    await core.database.write(_replace, found, draft, registered_delivery, core.clock.now_ms())


def _replace(tx: Transaction, found: Sent, draft: Draft, registered_delivery: int, now_ms: int) -> None:
    """Serialised by the row of one that is scheduled, by the lane, then the message."""
    message_id = MessageId(found.id)
    is_scheduled = store.lock_scheduled(tx, message_id)
    lane_id = message_store.lanes_of(tx, [message_id]).get(message_id)
    lane = lane_store.lock(tx, [lane_id]).get(lane_id) if lane_id is not None else None
    message = message_store.lock(tx, [message_id])[message_id]
    _refuse_what_is_under_way(message, lane, is_scheduled=is_scheduled)
    encoded = encode(draft)
    if encoded.segments > len(message.segment_states):
        text = f"payload needs {encoded.segments} segments, and {len(message.segment_states)} were counted for this message: shorten it"
        raise Problem(Code.INVALID, text, field="payload")
    start_ms = start(draft.scheduled_at_ms, now_ms) if draft.scheduled_at_ms is not None else found.scheduled_at_ms or now_ms
    expiry_at_ms = message.expiry_at_ms if draft.expiry_at_ms is None else validity(draft.expiry_at_ms, start_ms)[0]
    if draft.scheduled_at_ms is not None:
        if not is_scheduled:
            raise Problem(Code.INVALID, "scheduled_at: the message waits for no time: it is in its turn already", field="scheduled_at")
        store.reschedule(tx, message_id, draft.scheduled_at_ms)
        expiry_at_ms = max(expiry_at_ms, validity(None, start_ms)[0]) if draft.expiry_at_ms is None else expiry_at_ms
    terms = read_terms(message.terms)
    asked = terms.asked and msgspec.structs.replace(terms.asked, registered_delivery=registered_delivery)
    new = Replacement(
        draft.payload, encoded.dcs, encoded.udh, draft.user_data, encoded.segments, fresh_segments(encoded.segments), expiry_at_ms,
        written(msgspec.structs.replace(terms, asked=asked)),
    )  # fmt: skip
    store.replace(tx, message_id, new)
    if lane is not None:
        lane.expire_by(expiry_at_ms)
        if lane.due_at_ms is not None:
            lane.due_at_ms = min(lane.due_at_ms, expiry_at_ms)
        lane_store.save(tx, [lane])


def _refuse_what_is_under_way(message: Locked, lane: Lane | None, *, is_scheduled: bool) -> None:
    state = State(message.state)
    if state.is_final:
        raise Problem(Code.ALREADY_FINAL, f"the SMS is already {state.name}: only one that waits can be replaced")
    is_taken = lane is not None and lane.taken_epoch is not None and message.lane_seq == lane.head_seq
    if message.attempts or is_taken or (lane is None and not is_scheduled):
        raise Problem(Code.ON_ITS_WAY, "the SMS is on its way, or was tried before: cancel it and send another")
