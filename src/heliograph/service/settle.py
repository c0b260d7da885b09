"""What becomes of a message when its link has answered, of lanes that are due, and of what a dead owner left: one transaction each.

Serialised by the lane, then the message. Holds the link's lease, so that an owner that was replaced changes nothing.
"""

import asyncio
import random
from collections.abc import Sequence

from msgspec.structs import replace

from heliograph.model.link import LinkProfile, OnUnknown, Outcome, Unknown, Withdrawn
from heliograph.model.message import (
    is_temporary,
    open_segments,
)
from heliograph.model.policy_settings import read
from heliograph.service import fault
from heliograph.service.cancel_network import cancel_in_network
from heliograph.service.core import Core
from heliograph.service.correlate import Correlator, is_in_lane
from heliograph.service.dispatch import Flight, LinkQueue
from heliograph.service.expire import DIED, expire
from heliograph.service.ledger import Ledger
from heliograph.service.outcome import Settlement, Step
from heliograph.service.queue_use_cases import UseCases
from heliograph.store import attempt as attempt_store
from heliograph.store import lane as lane_store
from heliograph.store import link as link_store
from heliograph.store import message as message_store
from heliograph.store import policy as policy_store
from heliograph.store.lane import Lane
from heliograph.store.message import Head, Locked
from heliograph.store.transaction import Transaction

RECOVER_BATCH = 500
SETTLE_PATIENCE_S = 0.01
"""How long what a link answered may wait for accepts to be written with: half the fixed cost of a group is its commit."""
BLOCKED_MS = 60_000
"""How soon a lane is looked at again whose head waits for a receipt: that one wakes it, unless a crash came between."""
ANY_TURN = 2**16
"""A queue with a full window takes one lane at a time, so that an organisation that always began would be the only one served."""
WITH_THE_NETWORK = Withdrawn("all of it is with the network")

_random = random.Random()  # noqa: S311 (a turn, not a secret)


class LaneUseCases(UseCases):
    """The transactions of the queues of one process."""

    def __init__(self) -> None:
        self.core: Core

    async def recover(self, queue: LinkQueue) -> None:
        """Settle as Unknown whatever earlier owners of the link had taken."""
        while True:
            found = await self.core.database.write(recover, self.core, queue.profile, queue.epoch, self.core.clock.now_ms())
            if found < RECOVER_BATCH:
                return

    async def take(self, queue: LinkQueue, most: int) -> int | None:
        """Take due lanes; how many were looked at, None when the lease is lost."""
        found = await self.core.database.write(take, self.core, queue.profile, queue.epoch, most, self.core.clock.now_ms())
        fault.point("take.after_commit")
        return found

    async def reclaim(self, queue: LinkQueue) -> None:
        """Bring the queue the heads of all lanes that are taken in its epoch."""
        await self.core.database.write(reclaim, self.core, queue.profile.link_id, queue.epoch, self.core.clock.now_ms())

    def doubts(self) -> int:
        """How often the database was lost, so that lanes may have been taken without anybody being told."""
        return self.core.database.doubts

    async def cancel_requests(self, queue: LinkQueue) -> list[int]:
        """Messages that others ask this owner to take back."""
        return await self.core.database.write(message_store.take_cancel_requests, queue.profile.link_id)

    async def cancel(self, queue: LinkQueue, message_id: int) -> None:
        """Ask the network to forget what it took."""
        await cancel_in_network(self.core, queue, message_id)

    def settle(self, queue: LinkQueue, flight: Flight) -> asyncio.Future[bool]:
        """Settle a flight; False when the lease is lost and nothing was changed."""
        settlement = Settlement(
            core=self.core,
            profile=queue.profile,
            epoch=queue.epoch,
            lane_epoch=queue.epoch,
            lane_id=flight.head.lane_id,
            message_id=flight.head.message_id,
            source=flight.head.source,
            address=flight.head.address,
            results=flight.results,
            now_ms=self.core.clock.now_ms(),
            attempts=flight.head.attempts,
        )
        return self.core.database.write_item(settle, settlement, patience_s=SETTLE_PATIENCE_S)


def settle(tx: Transaction, items: Sequence[Settlement]) -> list[bool]:
    """The batch use case. True: written; False: the link has another owner."""
    held = _settle_held(tx, items)
    fault.point("settle.before_commit")
    return [(item.profile.link_id, item.epoch) in held for item in items]


def recover(tx: Transaction, core: Core, profile: LinkProfile, epoch: int, now_ms: int) -> int:
    """Settle as Unknown what lanes of earlier epochs had under way; how many lanes there were, at most RECOVER_BATCH."""
    if not link_store.hold(tx, profile.link_id, epoch):
        return 0
    found = lane_store.taken_before(tx, profile.link_id, epoch, RECOVER_BATCH)
    items = []
    for taken in found:
        if taken.message_id is None or taken.segment_states is None:
            continue
        results: list[tuple[int, int, int, Outcome]] = [(number, now_ms, now_ms, DIED) for number in open_segments(taken.segment_states)]
        results = results or [(0, now_ms, now_ms, WITH_THE_NETWORK)]
        items.append(Settlement(core, profile, epoch, taken.taken_epoch, taken.lane_id, taken.message_id, "", "", results, now_ms))
    ended = lane_store.lock(tx, (taken.lane_id for taken in found if taken.message_id is None))
    for lane in ended.values():
        lane.wait(now_ms, now_ms)  # its head ended while it was on its way; what waits behind was never sent
    lane_store.save(tx, ended.values())
    if items:
        _settle_held(tx, items)
    return len(found)


def reclaim(tx: Transaction, core: Core, link_id: int, epoch: int, now_ms: int) -> None:
    """Bring the queue the heads of all lanes that are taken in this epoch, so that it sends those it was never told of.
    Where one is over, what is behind it goes on, whoever would have settled it."""
    ended = lane_store.taken_by_none(tx, link_id, epoch)
    for lane in ended:
        lane.wait(now_ms, now_ms)
        tx.after_commit(core.queues.hint, link_id)
    lane_store.save(tx, ended)
    tx.after_commit(core.queues.reclaim, link_id, message_store.heads_taken(tx, link_id, epoch))


def take(tx: Transaction, core: Core, profile: LinkProfile, epoch: int, most: int, now_ms: int) -> int | None:
    """Take due lanes of a link, as many from each organisation; expire what is over. None when the lease is lost."""
    if not link_store.hold(tx, profile.link_id, epoch):
        return None
    lanes = lane_store.lock_due(tx, profile.link_id, now_ms, most, _random.randrange(ANY_TURN))
    if not lanes:
        return 0
    expire(tx, core, lanes, now_ms)
    ready = [lane for lane in lanes if lane.retry_at_ms is None or lane.retry_at_ms <= now_ms]
    heads = message_store.heads(tx, ready)
    taken: list[Head] = []
    for lane in ready:
        head = heads.get(lane.id)
        if head is None:
            lane.rest()
            continue
        lane.head_seq = head.lane_seq
        if head.is_blocked:
            lane.retry_at_ms = now_ms + BLOCKED_MS
        else:
            lane.take(epoch)
            taken.append(head)
    _wait_on(tx, core, profile.link_id, [lane for lane in lanes if lane.retry_at_ms is not None and lane.retry_at_ms > now_ms])
    lane_store.save(tx, lanes)
    tx.after_commit(core.queues.take, profile.link_id, taken)
    fault.point("take.before_commit")
    return len(lanes)


def _settle_held(tx: Transaction, items: Sequence[Settlement]) -> set[tuple[int, int]]:
    """Settle what is of leases that still hold; those are returned."""
    leases, lanes, messages = tx.together(
        link_store.holding((item.profile.link_id, item.epoch) for item in items),
        lane_store.locking(item.lane_id for item in items),
        message_store.locking(item.message_id for item in items),
    )
    held = {(lease.link_id, lease.epoch) for lease in leases}
    settled = [item for item in items if (item.profile.link_id, item.epoch) in held]
    if settled:
        _settle_all(tx, settled, {lane.id: lane for lane in lanes}, {message.id: message for message in messages})
    return held


def _settle_all(tx: Transaction, items: Sequence[Settlement], lanes: dict[int, Lane], messages: dict[int, Locked]) -> None:
    core, now_ms = items[0].core, items[0].now_ms
    items = _by_policy(tx, items)
    retried = [item for item in items if messages[item.message_id].retries and any(is_temporary(result[3]) for result in item.results)]
    tries = attempt_store.temporary_tries(tx, [item.message_id for item in retried])
    ledger = Ledger(tx, core, now_ms)
    correlator = Correlator(tx, core, ledger)
    waiting: list[tuple[Lane, Locked, Settlement, int]] = []
    left: list[tuple[Lane, Settlement]] = []
    for item in items:
        lane, message = lanes[item.lane_id], messages[item.message_id]
        if lane.taken_epoch != item.lane_epoch or message.lane_seq is None or message.lane_seq < lane.head_seq:
            continue
        if item.attempts not in (None, message.attempts):
            continue  # written before, by a commit whose answer was lost
        step = Step(item, lane, message, ledger, correlator, tries.get(message.id, 0))
        if (retry_at_ms := step.apply()) is None:
            lane.head_seq = message.lane_seq + 1
            left.append((lane, item))
        else:
            lane.head_seq = message.lane_seq
            waiting.append((lane, message, item, retry_at_ms))
    correlator.finish()
    waits: dict[int, tuple[Lane, int, int]] = {}
    for lane, message, item, retry_at_ms in waiting:
        if is_in_lane(message):
            waits[lane.id] = (lane, retry_at_ms, item.profile.link_id)
        else:  # by a receipt that came early
            lane.head_seq += 1
            left.append((lane, item))
    _advance(tx, core, left, now_ms)
    _retry_later(tx, core, waits)
    lane_store.save(tx, lanes.values())
    ledger.write()


def _by_policy(tx: Transaction, items: Sequence[Settlement]) -> Sequence[Settlement]:
    """The settlements with what a policy says of Unknown in place of what the link says. Policies are read only where there is one."""
    unknown = [item.message_id for item in items if any(isinstance(result[3], Unknown) for result in item.results)]
    said = {key: read(settings).on_unknown for key, settings in policy_store.settings_of_messages(tx, unknown).items()}
    return [_with_on_unknown(item, said.get(item.message_id)) for item in items] if any(said.values()) else items


def _with_on_unknown(item: Settlement, on_unknown: OnUnknown | None) -> Settlement:
    return item if on_unknown is None else replace(item, profile=replace(item.profile, on_unknown=on_unknown))


def _advance(tx: Transaction, core: Core, left: Sequence[tuple[Lane, Settlement]], now_ms: int) -> None:
    """The next head of each lane whose message left it: taken at once, unless other lanes wait for the room."""
    heads = message_store.heads(tx, [lane for lane, _ in left if lane.head_seq < lane.next_seq])
    taken: dict[int, list[Head]] = {}
    blocked: list[tuple[Lane, int]] = []
    for lane, item in left:
        head = heads.get(lane.id)
        queue = core.queues.get(item.profile.link_id)
        if head is None:
            lane.rest()
            continue
        lane.head_seq = head.lane_seq
        if head.is_blocked:
            lane.wait(now_ms + BLOCKED_MS, now_ms + BLOCKED_MS)
            blocked.append((lane, item.profile.link_id))
        elif queue is None or queue.room <= 0:
            lane.wait(now_ms, now_ms)
            tx.after_commit(core.queues.hint, item.profile.link_id)
        else:
            lane.take(item.epoch)
            taken.setdefault(item.profile.link_id, []).append(head)
    for link_id, link_heads in taken.items():
        tx.after_commit(core.queues.take, link_id, link_heads)
    for link_id in sorted({link_id for _, link_id in blocked}):
        _wait_on(tx, core, link_id, [lane for lane, link in blocked if link == link_id])


def _retry_later(tx: Transaction, core: Core, waits: dict[int, tuple[Lane, int, int]]) -> None:
    for lane, retry_at_ms, _ in waits.values():
        lane.wait(retry_at_ms, retry_at_ms)
    for link_id in sorted({link_id for _, _, link_id in waits.values()}):
        _wait_on(tx, core, link_id, [lane for lane, _, link in waits.values() if link == link_id])


def _wait_on(tx: Transaction, core: Core, link_id: int, lanes: Sequence[Lane]) -> None:
    """Have waiting lanes looked at when they may be sent, or when the first of their messages expires."""
    expiries = message_store.next_expiry(tx, lanes)
    for lane in lanes:
        expiry_at_ms = expiries.get(lane.id)
        if expiry_at_ms is None:
            lane.rest()
            continue
        retry_at_ms = lane.retry_at_ms or expiry_at_ms
        lane.wait(min(retry_at_ms, expiry_at_ms), retry_at_ms)
        tx.after_commit(core.queues.hint, link_id, lane.due_at_ms)
