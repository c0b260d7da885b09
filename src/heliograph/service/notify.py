"""Deliveries to applications: claim what this process can have under way, hand it to a courier, settle what came back.

A delivery is claimed by the transaction that makes it, where this process has room, so it costs no claim of its own; or here, when it is
due. A crash leaves claimed rows, which housekeeping frees once the process is known to be dead. A commit whose answer was lost may have
claimed some for us without our being told: `reclaim` finds them.

There are two couriers. Webhooks are called by any process, whenever they are due. What goes to an SMPP account is named by its system id
(`Report.account`, column `account`) and is claimed only where a session is bound for it: `AccountCourier.accounts` says for which, `room`
how much more, and `bound` has us look at once. While nobody is bound, rows wait without a try and without a write; what is older than
7 days is given up. They are claimed oldest first, and a new one is only claimed by its own transaction while none waits before it.
"""

import asyncio
import random
from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence
from typing import Any

import msgspec

from heliograph import log
from heliograph.clock import Clock
from heliograph.model.ids import NodeId, NotificationId
from heliograph.model.notification import (
    ACCOUNT_KEPT_MS,
    AccountCourier,
    AccountDelivery,
    Answered,
    Courier,
    Delivery,
    NotificationState,
    next_try_at_account_ms,
    next_try_ms,
)
from heliograph.service import fault
from heliograph.service.rooms import Rooms
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
NOBODY_BOUND = Answered(None, 0, is_tried=False)
OLD_BATCH = 500
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
        self._to_webhooks = 0
        self._accounts: AccountCourier | None = None
        self._none_waits: set[str] = set()
        self._last_share: dict[str, int] = {}
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._next_due_ms: int | None = None
        self._stopping = False
        self._is_buried = False
        self._crowded = False
        self._failure: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._random = random.Random()

    def rooms(self) -> Rooms:
        """What a transaction may claim for this process. Called by the writer's thread."""
        return Rooms(self._room)

    def attach(self, courier: AccountCourier) -> None:
        """Deliver to SMPP accounts too, as far as this courier has sessions for them."""
        self._accounts = courier

    def bound(self, account: str) -> None:
        """A session was bound for the account, or has room again: claim what waits."""
        self._none_waits.discard(account)
        self._wake.set()

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

    def take(self, claimed: Sequence[Claimed], full: Collection[str | None] = ()) -> None:
        """Deliver what a committed transaction claimed for this process. `full`: for whom it left something to wait."""
        for each in () if self._is_buried else claimed:
            if each.account is None and each.id not in self._under_way:
                self._to_webhooks += 1
            self._under_way[each.id] = each
            self._deliver(each)
        if full:
            self._crowded = self._crowded or None in full
            self._none_waits.difference_update(full)
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
        async with asyncio.TaskGroup() as stops:
            for courier in (self._courier, self._accounts):
                if courier is not None:
                    stops.create_task(courier.stop(grace_s))
        while self._under_way and self._clock.monotonic() < deadline:
            self._idle.clear()
            await self._clock.wait(self._idle, max(0.0, deadline - self._clock.monotonic()))

    async def _claim_due(self) -> None:
        self._next_due_ms = None
        try:
            if self.is_in_doubt:
                await self._clear_doubts()
            if not self._is_buried and not self._stopping:
                await self._claim(max(0, self._most - self._to_webhooks))
        except DatabaseLost as lost:
            _log.warning("the database does not answer, deliveries wait", error=str(lost))

    async def _clear_doubts(self) -> None:
        doubts = self._database.doubts
        await self._database.write(reclaim, self, self._node_id)
        self._doubts = doubts

    async def _claim(self, most: int) -> None:
        shares = self._shares()
        if not most and not shares:
            return
        claimed, next_due_ms = await self._database.write(claim, self._node_id, self._clock.now_ms(), most, shares)
        self._crowded = sum(each.account is None for each in claimed) >= most
        for account, share in shares.items():
            if sum(each.account == account for each in claimed) < share:
                self._none_waits.add(account)
        self._last_share = shares
        self._next_due_ms = next_due_ms
        self.take(claimed)

    def _shares(self) -> dict[str, int]:
        """How much may be claimed for each account that is bound here."""
        if self._accounts is None:
            return {}
        rooms = {account: self._accounts.room(account) for account in self._accounts.accounts()}
        self._none_waits.intersection_update(rooms)
        return {account: room for account, room in rooms.items() if room > 0}

    def _room(self, account: str | None) -> int:
        if self._stopping or self._is_buried:
            return 0
        if account is None:
            return 0 if self._crowded else max(0, self._most - self._to_webhooks)
        return self._accounts.room(account) if self._accounts is not None and account in self._none_waits else 0

    def _deliver(self, claimed: Claimed) -> None:
        fault.point("notify.before_deliver")
        at_ms = self._clock.now_ms()
        if claimed.callback_deleted_at_ms is not None:
            self._settle(claimed, at_ms, GONE)
            return
        if claimed.account is None:
            self._courier.deliver(_to_webhook(claimed), lambda answered: self._answered(claimed, at_ms, answered))
        elif self._accounts is not None:
            delivery = _to_account(claimed, claimed.account)
            self._accounts.deliver(delivery, lambda answered: self._answered(claimed, at_ms, answered))
        else:
            self._settle(claimed, at_ms, NOBODY_BOUND)

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
            self._to_webhooks -= claimed.account is None
        if error is not None and not self._failure.done():
            self._failure.set_exception(error)
            self._wake.set()
            return
        fault.point("notify.after_commit")
        due_ms = None if error is not None or done.cancelled() else done.result()
        if due_ms is not None and (self._next_due_ms is None or due_ms < self._next_due_ms):
            self._next_due_ms = due_ms
            self._wake.set()
        if not self._stopping and self._has_room_again(claimed.account):
            self._wake.set()
        if not self._under_way:
            self._idle.set()

    def _has_room_again(self, account: str | None) -> bool:
        """Whether something waits for which there was no room, and half of what was under way is done: a claim is for many."""
        if account is None:
            return self._crowded and self._to_webhooks <= self._most // 2
        if self._accounts is None or account in self._none_waits:
            return False
        return self._accounts.room(account) * 2 >= max(1, self._last_share.get(account, 0))

    async def _settle_later(self, claimed: Claimed, at_ms: int, answered: Answered) -> None:
        await self._clock.sleep_until(self._clock.monotonic() + RETRY_SETTLE_S)
        self._settle(claimed, at_ms, answered)


def claim(
    tx: Transaction, node_id: NodeId, now_ms: int, most: int, shares: Mapping[str, int] | None = None
) -> tuple[list[Claimed], int | None]:
    """Claim what is due: at most `most` for webhooks, and for each SMPP account at most its share. With it, when the next is due at a
    webhook. Nothing for a process that another took for dead."""
    claimed = store.claim_due(tx, node_id, now_ms, most) if most else []
    claimed += store.claim_due_for(tx, node_id, shares, now_ms) if shares else []
    if claimed and not node_store.lower(tx, node_id, min(each.id for each in claimed)):
        store.give_back(tx, [each.id for each in claimed], now_ms)
        return [], None
    return claimed, store.next_due(tx)


async def give_up_old(database: Database, now_ms: int) -> None:
    """Give up what waited for an SMPP account for 7 days: nobody was bound. What was tried is given up by its last try."""
    before_ms = now_ms - ACCOUNT_KEPT_MS
    for account in await database.read(store.accounts_with_old, before_ms):
        while await database.write(store.give_up_old, account, before_ms, now_ms, OLD_BATCH) == OLD_BATCH:
            continue


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
    if item.claimed.account is not None:
        return next_try_at_account_ms(tries, item.claimed.created_at_ms, item.now_ms, item.answered, item.jitter)
    return next_try_ms(tries, item.now_ms, item.answered, item.jitter)


def _attempt(item: Settlement, tries: int) -> list[int | str | None]:
    answered = item.answered
    answer = answered.answer[:ANSWER_MOST].replace("\0", "\ufffd") if answered.answer else None
    return [item.claimed.id, tries, item.at_ms, answered.duration_ms, answered.status, answered.address, answered.error, answer]


def _to_webhook(claimed: Claimed) -> Delivery:
    return Delivery(
        NotificationId(claimed.id),
        claimed.message_id,
        claimed.tries + 1,
        claimed.url or "",
        claimed.method,
        claimed.secret,
        claimed.body,
        claimed.created_at_ms,
    )


def _to_account(claimed: Claimed, account: str) -> AccountDelivery:
    return AccountDelivery(
        NotificationId(claimed.id), claimed.message_id, claimed.tries + 1, account, claimed.type, claimed.body, claimed.created_at_ms
    )
