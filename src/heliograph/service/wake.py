"""What waits is tried before its time: its device is heard of, or what was ahead of it is over."""

from collections.abc import Sequence

from heliograph import log
from heliograph.model import retry
from heliograph.model.ids import LinkId
from heliograph.service import contact, esme_report
from heliograph.service.core import Core
from heliograph.service.ledger import Ledger
from heliograph.store import lane as lane_store
from heliograph.store import message as message_store
from heliograph.store import number as number_store
from heliograph.store.database import DatabaseLost
from heliograph.store.lane import Lane
from heliograph.store.message import Head
from heliograph.store.transaction import Transaction

_log = log.get("queue")


async def reachable(core: Core, link_id: LinkId, number: str) -> None:
    """A link says that the device with this number answers again. Unknown numbers are nobody's news."""
    await core.database.write(wake_number, core, link_id, number, core.clock.now_ms())


def wake_number(tx: Transaction, core: Core, link_id: LinkId, number: str, now_ms: int) -> None:
    """Make the lane of the device with this number due, at most once in 20 s."""
    device_id = number_store.device_of(tx, number, core.queues.profile(link_id).number_space)
    wake(tx, core, [] if device_id is None else [device_id], now_ms)


def wake(tx: Transaction, core: Core, device_ids: list[int], now_ms: int) -> None:
    """Make the lanes of these devices due, each at most once in 20 s, and begin their ladders anew."""
    ledger = Ledger(tx, core, now_ms)
    for report in esme_report.alerts(tx, device_ids, now_ms):
        ledger.report(report)
    ledger.write()
    lane_store.begin_ladder_anew(tx, device_ids)
    contact.note(tx, lane_store.heard(tx, device_ids), now_ms)
    for link_id, due_at_ms in lane_store.wake(tx, device_ids, now_ms, retry.WAKE_GAP):
        tx.after_commit(core.queues.hint, link_id, due_at_ms)


def go_on(core: Core, lane_ids: Sequence[int]) -> None:
    """Have lanes whose head may be over go on with what is behind it. A transaction of its own, after the one that ended the head: that one
    holds messages and may not wait for lanes any more. Where it is lost, the lanes go on when the head would have been tried again."""
    core.queues.spawn(_go_on(core, lane_ids))


async def _go_on(core: Core, lane_ids: Sequence[int]) -> None:
    try:
        await core.database.write(leave_heads, core, lane_ids, core.clock.now_ms())
    except DatabaseLost as lost:
        _log.warning("the database does not answer, lanes go on later", lanes=len(lane_ids), error=str(lost))


def leave_heads(tx: Transaction, core: Core, lane_ids: Sequence[int], now_ms: int) -> None:
    """Make those of the lanes due that wait for a head that is over, or for a receipt that came. Serialised by the lane."""
    lanes = [lane for lane in lane_store.lock(tx, lane_ids).values() if lane.retry_at_ms is not None and lane.retry_at_ms > now_ms]
    heads = message_store.heads(tx, lanes)
    ended = [lane for lane in lanes if _may_go_on(lane, heads.get(lane.id))]
    for lane in ended:
        lane.wait(now_ms, now_ms)
        tx.after_commit(core.queues.hint, lane.link_id)
    lane_store.save(tx, ended)


def _may_go_on(lane: Lane, head: Head | None) -> bool:
    return head is None or head.lane_seq != lane.head_seq or head.is_free_now
