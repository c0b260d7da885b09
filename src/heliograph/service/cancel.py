"""Take a message back: at once while it waits, by asking the owner of its link while it is on its way, never after."""

from enum import Enum

from heliograph.model.account import Actor
from heliograph.model.ids import DeviceId, MessageId
from heliograph.model.message import Segment, State, Verdict
from heliograph.model.permission import Right, require
from heliograph.model.problem import Code, Problem
from heliograph.service import fault
from heliograph.service.core import Core
from heliograph.service.ledger import Ledger
from heliograph.service.wake import leave_heads
from heliograph.store import attempt as attempt_store
from heliograph.store import lane as lane_store
from heliograph.store import message as message_store
from heliograph.store import schedule as schedule_store
from heliograph.store.message import Locked
from heliograph.store.transaction import Transaction

ASK_AGAIN_S = 0.05
WAIT_S = 2.0


class Answer(Enum):
    CANCELED = "canceled"
    ON_ITS_WAY = "on its way"
    IN_NETWORK = "in the network"


async def cancel(core: Core, actor: Actor, device_id: DeviceId, message_id: MessageId) -> None:
    """Cancel a message; waits at most 2 s for the owner of its link. Raises Problem where it is final, with the network, or unknown."""
    require(actor, Right.CHANGE)
    answer = await core.database.write(ask, core, actor, device_id, message_id, core.clock.now_ms())
    if answer is Answer.CANCELED:
        return
    for queue in core.queues.owned():
        queue.withdraw(message_id, "cancelled")
    deadline = core.clock.monotonic() + WAIT_S
    while core.clock.monotonic() < deadline:
        await core.clock.sleep_until(core.clock.monotonic() + ASK_AGAIN_S)
        if await core.database.read(is_canceled, actor, device_id, message_id):
            return
    if answer is Answer.IN_NETWORK:
        raise _handed_over()
    raise Problem(
        Code.ON_ITS_WAY,
        "the SMS is on its way to the network and was not taken back within 2 s; if it is not delivered it will not be tried again",
    )


def ask(tx: Transaction, core: Core, actor: Actor, device_id: DeviceId, message_id: MessageId, now_ms: int) -> Answer:
    """Cancel what waits, or note that a message on its way is to be taken back. Serialised by the row of one that is scheduled, by the
    lane, then the message."""
    if message_store.view(tx, actor.scope, device_id, message_id) is None:
        raise unknown(message_id)
    scheduled = schedule_store.end(tx, message_id)
    lane_id = message_store.lanes_of(tx, [message_id]).get(message_id)
    lane = lane_store.lock(tx, [lane_id]).get(lane_id) if lane_id is not None else None
    message = message_store.lock(tx, [message_id])[message_id]
    _refuse_what_is_over(message, scheduled=scheduled)
    if Segment.ACCEPTED in message.segment_states:
        return _ask_network(tx, core, message, now_ms)
    if lane is not None and lane.taken_epoch is not None and message.lane_seq == lane.head_seq:
        message_store.ask_cancel(tx, message.id, lane.link_id, now_ms)
        return Answer.ON_ITS_WAY
    ledger = Ledger(tx, core, now_ms)
    reason = "cancelled while it waited for another try" if message.attempts else "cancelled before it was sent"
    ledger.change(message, Verdict(State.CANCELED, reason, "canceled"))
    ledger.write()
    if lane is not None:
        leave_heads(tx, core, [lane.id], now_ms)  # what is behind it waits for nothing any more
    fault.point("cancel.before_commit")
    return Answer.CANCELED


def is_canceled(tx: Transaction, actor: Actor, device_id: DeviceId, message_id: MessageId) -> bool:
    """Whether a message that was on its way has been taken back. Raises Problem where it has ended otherwise."""
    view = message_store.view(tx, 0, device_id, message_id)
    if view is None:
        raise unknown(message_id)
    if view.state == State.CANCELED:
        return True
    if State(view.state).is_final:
        raise Problem(Code.ALREADY_FINAL, f"the SMS is already {State(view.state).name}: it was on its way when it was cancelled")
    return False


def unknown(message_id: int) -> Problem:
    """A message that is not there, or not this device's."""
    return Problem(Code.INVALID_REFERENCE, f"SMS with Id '{message_id}' not found.")


def _refuse_what_is_over(message: Locked, *, scheduled: bool) -> None:
    state = State(message.state)
    if state.is_final:
        raise Problem(Code.ALREADY_FINAL, f"the SMS is already {state.name}: only one that waits can be cancelled")
    if message.lane_id is None and not scheduled:
        raise _handed_over()


def _ask_network(tx: Transaction, core: Core, message: Locked, now_ms: int) -> Answer:
    """Have the owner of the link that took it ask the network. Raises Problem where it is known that the link cannot."""
    link_id = max((each.number, each.link_id) for each in attempt_store.of_message(tx, message.id) if each.outcome == "accepted")[1]
    queue = core.queues.get(link_id)
    if queue is not None and not queue.profile.cancels:
        raise _handed_over()
    message_store.ask_cancel(tx, message.id, link_id, now_ms)
    return Answer.IN_NETWORK


def _handed_over() -> Problem:
    return Problem(Code.HANDED_OVER, "already handed to the network: it can not be cancelled any more")
