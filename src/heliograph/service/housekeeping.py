"""Duties that no message asks for: heartbeats of processes, what dead ones left, what is scheduled, what expires while nobody owns its
link."""

from heliograph import log
from heliograph.model.ids import NodeId
from heliograph.model.message import State, Verdict
from heliograph.service import claim, esme_report, idempotency, login, routing, session
from heliograph.service.core import Core
from heliograph.service.correlate import END, QUIET
from heliograph.service.expire import expire_abandoned
from heliograph.service.ledger import Ledger
from heliograph.service.link_event import tell
from heliograph.service.receive import hand_out_stale_parts
from heliograph.service.schedule import release_due
from heliograph.service.unanswered import note_unanswered
from heliograph.store import correlation
from heliograph.store import lane as lane_store
from heliograph.store import link as link_store
from heliograph.store import message as message_store
from heliograph.store import node as node_store
from heliograph.store import notification as notification_store
from heliograph.store import part as part_store
from heliograph.store import smpp_account as smpp_account_store
from heliograph.store.database import Database, DatabaseLost
from heliograph.store.node import Mark, NodeRow
from heliograph.store.transaction import Transaction

BEAT_S = 2.0
DEAD_AFTER_S = 10.0
SWEEP_S = 5.0
BATCH = 100
"""Keys of one transaction, of which the writer has some 10 ms: thousands may be over at once, those of a bulk SMS."""
LANES = 100
"""Searched in one transaction: others wait for it."""
LOST_ANSWER_MS = 5 * 60_000
CANCEL_REQUEST_MS = 60_000
TRACE_MS = 3_600_000
LATE_RECEIPT_MS = 7 * 86_400_000
"""How long a receipt may still find a message that ended without one."""
NO_RECEIPT = Verdict(
    State.EXPIRED, "the network took it and sent no delivery receipt before its validity and the link's grace were over", "no_receipt"
)
NO_FAILURE = Verdict(State.DELIVERED, "Sent, not confirmed: the network tells of failures alone, and told of none", "not_confirmed")

_log = log.get("housekeeping")


async def start_node(database: Database, name: str, now_ms: int) -> NodeId:
    """A process joins the installation."""
    return await database.write(_insert_node, name, now_ms)


async def stop_node(core: Core) -> None:
    """The process leaves: whatever it still has is due for others at once."""
    await core.database.write(_bury, NodeRow(core.node_id, -1, 0), core.clock.now_ms(), forced=True)


async def bury_all_others(core: Core) -> None:
    """For an installation that has one process by its nature (SQLite): whoever else is listed is dead."""
    for node in await core.database.read(node_store.others, core.node_id):
        await core.database.write(_bury, node, core.clock.now_ms(), forced=True)


class Housekeeping:
    """The duties of one process, in turn, until `stop`."""

    def __init__(self, core: Core) -> None:
        self.core = core
        self._seen: dict[int, tuple[int, float]] = {}
        self._stopping = False
        self._last_sweep = -SWEEP_S
        self._mark = Mark(0, -1)

    async def run(self) -> None:
        """Beat every 2 s, look after dead processes, send what is scheduled for now, sweep every 5 s."""
        clock = self.core.clock
        while not self._stopping:
            due = clock.monotonic() + BEAT_S
            try:
                await self._round()
            except DatabaseLost as lost:
                _log.warning("the database does not answer, housekeeping waits", error=str(lost))
            await clock.sleep_until(due)

    async def _round(self) -> None:
        await self._beat()
        await self._bury_dead()
        await release_due(self.core)
        if self.core.clock.monotonic() - self._last_sweep >= SWEEP_S:
            self._last_sweep = self.core.clock.monotonic()
            await self.sweep()

    def stop(self) -> None:
        self._stopping = True

    async def sweep(self) -> None:
        """All that has a time and no owner."""
        core, now_ms = self.core, self.core.clock.now_ms()
        await self._expire(now_ms)
        while await core.database.write(end_unconfirmed, core, now_ms) >= BATCH:
            continue
        for queue in core.queues.owned():
            await core.database.write(hand_out_stale_parts, core, queue.profile.link_id, now_ms)
        await core.database.write(part_store.forget_lost_answers, now_ms - LOST_ANSWER_MS)
        await core.database.write(message_store.delete_old_cancel_requests, now_ms - CANCEL_REQUEST_MS)
        await claim.give_up_old(core.database, now_ms)
        await routing.fail_over(core)
        await core.database.write(link_store.forget_traces, now_ms - TRACE_MS)
        await esme_report.forget_old_alerts(core.database, now_ms)
        await idempotency.forget_old(core)
        await login.forget_old(core.database, now_ms)
        await session.forget_old(core)

    async def _expire(self, now_ms: int) -> None:
        """End what is over in lanes that nobody takes, since their link is down or runs nowhere, and behind heads that are on their way for
        long."""
        database = self.core.database
        while lanes := await database.read(lane_store.expiring, now_ms, LANES):
            await database.write(expire_abandoned, self.core, lanes, now_ms)

    async def _beat(self) -> None:
        """Beat, and note what is known right after it: what was claimed before is under way or done, what is made later lies above."""
        found = await self.core.database.write(_beat, self.core, self._mark, self.core.clock.now_ms())
        if found is None:
            raise RuntimeError("another process of this installation took this one for dead, since it stood still for 10 s: start it again")
        if self.core.notifier.is_in_doubt:
            return
        claims, floor = found
        lowest = self.core.notifier.open_from
        self._mark = Mark(floor if lowest is None else min(lowest, floor), claims)

    async def _bury_dead(self) -> None:
        now = self.core.clock.monotonic()
        for node in await self.core.database.read(node_store.others, self.core.node_id):
            beat, since = self._seen.get(node.id, (-1, now))
            if beat != node.beat:
                self._seen[node.id] = (node.beat, now)
            elif now - since >= DEAD_AFTER_S:
                await self.core.database.write(_bury, node, self.core.clock.now_ms())
                self._seen.pop(node.id, None)


def end_unconfirmed(tx: Transaction, core: Core, now_ms: int) -> int:
    """EXPIRED, reason no_receipt, for what the network took and never reported on, or DELIVERED, not confirmed, where it tells of failures
    alone; forget other keys whose time is over."""
    due = correlation.due(tx, now_ms, BATCH)
    if not due:
        return 0
    ledger = Ledger(tx, core, now_ms)
    ended: set[int] = set()
    quiet = {key.message_id for key in due if key.key.startswith(QUIET)}
    for message in message_store.lock(tx, {key.message_id for key in due if key.message_id is not None}).values():
        if not State(message.state).is_final:
            ledger.change(message, NO_FAILURE if message.id in quiet else NO_RECEIPT)
            ended.add(message.id)
    late = [key for key in due if key.message_id in ended and not key.key.startswith((END, QUIET))]
    correlation.keep_for_late(tx, late, now_ms + LATE_RECEIPT_MS)
    correlation.delete(tx, [key for key in due if key not in late], now_ms)
    ledger.write()
    return len(due)


def _insert_node(tx: Transaction, name: str, now_ms: int) -> NodeId:
    return node_store.insert(tx, name, tx.next_id("notification"), now_ms)


def _beat(tx: Transaction, core: Core, mark: Mark, now_ms: int) -> tuple[int, int] | None:
    """The claims so far, and a floor of the ids that come. None where another took us for dead: what we claimed since is freed."""
    claims = node_store.beat(tx, core.node_id, mark, now_ms)
    if claims is None:
        core.notifier.bury()
        _bury(tx, NodeRow(core.node_id, -1, 0), now_ms, forced=True)
        return None
    return claims, tx.next_id("notification")


def _bury(tx: Transaction, node: NodeRow, now_ms: int, *, forced: bool = False) -> bool:
    """Declare a process dead and free what it held."""
    open_from = node_store.stop(tx, node, now_ms, forced=forced)
    if open_from is None:
        return False
    notification_store.free_claims(tx, node.id, open_from, now_ms)
    smpp_account_store.delete_sessions_of_node(tx, node.id)
    for link_id in link_store.free_of_node(tx, node.id):
        tell(tx, "down", link_id, link_store.state(tx, link_id)[0], "its process ended", now_ms)
        note_unanswered(tx, link_id, node.id, now_ms)
    return True
