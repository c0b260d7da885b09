"""Deliveries to applications: claim what this process can have under way, hand it to the courier, settle what came back.

A delivery is claimed by the transaction that makes it, where this process has room, so it costs no claim of its own; or here, when it is
due. A crash leaves claimed rows, which housekeeping frees once the process is known to be dead. A commit whose answer was lost may have
claimed some for us without our being told: `reclaim` finds them.
"""

import asyncio
import random
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import msgspec

from heliograph import log
from heliograph.clock import Clock
from heliograph.model.ids import NodeId, NotificationId
from heliograph.model.notification import Answered, Courier, Delivery, NotificationState, next_try_ms
from heliograph.service import fault
from heliograph.store import node as node_store
from heliograph.store import notification as store
from heliograph.store.database import Database, DatabaseLost
from heliograph.store.notification import Claimed, Settled
from heliograph.store.transaction import Transaction

IN_FLIGHT_MOST = 1000
POLL_S = 1.0
SOONEST_S = 0.01
"""What is due and was not claimed is being claimed by another process at this moment."""
RETRY_SETTLE_S = 1.0
GONE = Answered(None, 0, error="the webhook was deleted")
ANSWER_MOST = 16_384

_log = log.get("webhooks")


class Settlement(msgspec.Struct, frozen=True):
    """What came of one try."""

    node_id: NodeId
    claimed: Claimed
    at_ms: int
    answered: Answered
    now_ms: int
    jitter: float


class Notifier:
    """The deliveries that this process has claimed. Used on the event loop, except `room`."""

    def __init__(
        self, database: Database, clock: Clock, node_id: NodeId, courier: Courier, spawn: Callable[[Coroutine[Any, Any, None]], object],
        in_flight_most: int = IN_FLIGHT_MOST,
    ) -> None:  # fmt: skip
        self._database = database
        self._clock = clock
        self._node_id = node_id
        self._courier = courier
        self._spawn = spawn
        self._most = in_flight_most
        self._doubts = database.doubts
        self._under_way: dict[int, Claimed] = {}
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._next_due_ms: int | None = None
        self._stopping = False
        self._is_buried = False
        self._crowded = False
        self._failure: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._random = random.Random()

    def room(self) -> int:
        """How many more deliveries this process may claim. Read by the writer's thread: a moment's value, so the limit is a soft bound."""
        return 0 if self._stopping or self._is_buried or self._crowded else max(0, self._most - len(self._under_way))

    @property
    def open_from(self) -> int | None:
        """No delivery below this id is claimed here and still open; None where none is."""
        return min(self._under_way, default=None)

    @property
    def is_in_doubt(self) -> bool:
        """Whether there may be deliveries that were claimed for us without our being told, so that `open_from` is not to be believed."""
        return self._doubts != self._database.doubts

    @property
    def under_way(self) -> int:
        return len(self._under_way)

    def bury(self) -> None:
        """Another process took this one for dead and has its deliveries: claim and deliver nothing any more. Called by the writer's thread,
        so that no transaction after the one that found it out claims anything."""
        self._is_buried = True

    def take(self, claimed: Sequence[Claimed], more_wait: bool = False) -> None:
        """Deliver what a committed transaction claimed for this process."""
        for each in () if self._is_buried else claimed:
            self._under_way[each.id] = each
            self._deliver(each)
        if more_wait:
            self._crowded = True
            self._wake.set()

    def reclaim(self, claimed: Sequence[Claimed]) -> None:
        """All that a committed transaction found claimed for this process: deliver what we were not told of."""
        self.take([each for each in claimed if each.id not in self._under_way])

    async def run(self) -> None:
        """Claim what is due until `stop`. Ends with the error of a use case that failed."""
        while not self._stopping:
            self._wake.clear()
            await self._claim_due()
            if self._failure.done():
                self._failure.result()
            wait_s = POLL_S
            if self._next_due_ms is not None:
                wait_s = min(wait_s, max(SOONEST_S, (self._next_due_ms - self._clock.now_ms()) / 1000))
            await self._clock.wait(self._wake, wait_s)

    async def stop(self, grace_s: float) -> None:
        """Claim nothing more and let what is under way end within the grace; the courier reports the rest as failed tries."""
        self._stopping = True
        self._wake.set()
        deadline = self._clock.monotonic() + grace_s
        await self._courier.stop(grace_s)
        while self._under_way and self._clock.monotonic() < deadline:
            self._idle.clear()
            await self._clock.wait(self._idle, max(0.0, deadline - self._clock.monotonic()))

    async def _claim_due(self) -> None:
        self._next_due_ms = None
        try:
            if self.is_in_doubt:
                await self._clear_doubts()
            most = self._most - len(self._under_way)
            if most > 0 and not self._is_buried:
                await self._claim(most)
        except DatabaseLost as lost:
            _log.warning("the database does not answer, deliveries wait", error=str(lost))

    async def _clear_doubts(self) -> None:
        doubts = self._database.doubts
        await self._database.write(reclaim, self, self._node_id)
        self._doubts = doubts

    async def _claim(self, most: int) -> None:
        claimed, next_due_ms = await self._database.write(claim, self._node_id, self._clock.now_ms(), most)
        self._crowded = len(claimed) >= most
        self._next_due_ms = next_due_ms
        self.take(claimed)

    def _deliver(self, claimed: Claimed) -> None:
        fault.point("notify.before_deliver")
        at_ms = self._clock.now_ms()
        if claimed.callback_deleted_at_ms is not None:
            self._settle(claimed, at_ms, GONE)
            return
        number = claimed.tries + 1
        delivery = Delivery(
            NotificationId(claimed.id),
            claimed.message_id,
            number,
            claimed.url,
            claimed.method,
            claimed.secret,
            claimed.body,
            claimed.created_at_ms,
        )
        self._courier.deliver(delivery, lambda answered: self._answered(claimed, at_ms, answered))

    def _answered(self, claimed: Claimed, at_ms: int, answered: Answered) -> None:
        fault.point("notify.after_deliver")
        self._settle(claimed, at_ms, answered)

    def _settle(self, claimed: Claimed, at_ms: int, answered: Answered) -> None:
        settlement = Settlement(self._node_id, claimed, at_ms, answered, self._clock.now_ms(), self._random.uniform(-1, 1))
        future = self._database.write_item(settle, settlement)
        future.add_done_callback(lambda done: self._settled(claimed, at_ms, answered, done))

    def _settled(self, claimed: Claimed, at_ms: int, answered: Answered, done: asyncio.Future[int | None]) -> None:
        error = None if done.cancelled() else done.exception()
        if isinstance(error, DatabaseLost):
            self._spawn(self._settle_later(claimed, at_ms, answered))
            return
        if self._under_way.get(claimed.id) is claimed:  # else it was claimed again by a transaction that came after
            del self._under_way[claimed.id]
        if error is not None and not self._failure.done():
            self._failure.set_exception(error)
            self._wake.set()
            return
        fault.point("notify.after_commit")
        due_ms = None if error is not None or done.cancelled() else done.result()
        if due_ms is not None and (self._next_due_ms is None or due_ms < self._next_due_ms):
            self._next_due_ms = due_ms
            self._wake.set()
        if self._crowded and not self._stopping and len(self._under_way) <= self._most // 2:
            self._wake.set()
        if not self._under_way:
            self._idle.set()

    async def _settle_later(self, claimed: Claimed, at_ms: int, answered: Answered) -> None:
        await self._clock.sleep_until(self._clock.monotonic() + RETRY_SETTLE_S)
        self._settle(claimed, at_ms, answered)


def claim(tx: Transaction, node_id: NodeId, now_ms: int, most: int) -> tuple[list[Claimed], int | None]:
    """Claim what is due, at most `most`; with it, when the next is due. Nothing for a process that another took for dead."""
    claimed = store.claim_due(tx, node_id, now_ms, most)
    if claimed and not node_store.lower(tx, node_id, claimed[0].id):
        store.give_back(tx, [each.id for each in claimed], now_ms)
        return [], None
    return claimed, store.next_due(tx)


def reclaim(tx: Transaction, notifier: Notifier, node_id: NodeId) -> None:
    """Bring the notifier all that is claimed for its process."""
    tx.after_commit(notifier.reclaim, store.claimed_by(tx, node_id))


def settle(tx: Transaction, items: Sequence[Settlement]) -> list[int | None]:
    """The batch use case: delivered, due again (then its time is answered), or given up. A try whose claim was lost changes nothing; what
    was given back untried is due at once, for whoever has room."""
    locked = store.lock(tx, [item.claimed.id for item in items])
    rows: list[Settled] = []
    attempts: list[list[int | str | None]] = []
    answers: list[int | None] = []
    untried: list[int] = []
    for item in items:
        row = locked.get(item.claimed.id)
        if row is None or row.claimed_by != item.node_id or row.tries != item.claimed.tries or row.state != NotificationState.WAITING:
            answers.append(None)
            continue
        if not item.answered.is_tried:
            untried.append(row.id)
            answers.append(item.now_ms)
            continue
        tries = row.tries + 1
        due_ms = None if item.answered.is_success else _next(item, tries)
        state = (
            NotificationState.DELIVERED if item.answered.is_success else NotificationState.WAITING if due_ms else NotificationState.GIVEN_UP
        )
        rows.append(Settled(row.id, int(state), tries, due_ms, None if due_ms else item.now_ms))
        attempts.append(_attempt(item, tries))
        answers.append(due_ms)
    store.settle(tx, rows, attempts)
    store.give_back(tx, untried, items[0].now_ms)
    fault.point("notify.before_commit")
    return answers


def _next(item: Settlement, tries: int) -> int | None:
    if item.answered is GONE:
        return None
    return next_try_ms(tries, item.now_ms, item.answered, item.jitter)


def _attempt(item: Settlement, tries: int) -> list[int | str | None]:
    answered = item.answered
    answer = answered.answer[:ANSWER_MOST].replace("\0", "\ufffd") if answered.answer else None
    return [item.claimed.id, tries, item.at_ms, answered.duration_ms, answered.status, answered.address, answered.error, answer]
