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
import contextlib
import random
from collections.abc import Callable, Collection, Coroutine, Sequence
from typing import Any

from heliograph import log
from heliograph.clock import Clock
from heliograph.model.ids import NodeId, NotificationId
from heliograph.model.notification import AccountCourier, AccountDelivery, Answered, Courier, Delivery
from heliograph.model.webhook import Format
from heliograph.service import fault
from heliograph.service.claim import Found, claim
from heliograph.service.rooms import Receiver, Rooms
from heliograph.service.settlement import DELETED, Settlement, settle
from heliograph.service.share import Limits, Shares
from heliograph.service.webhooks import Webhooks
from heliograph.store import notification as store
from heliograph.store.database import Database, DatabaseLost
from heliograph.store.notification import Claimed
from heliograph.store.transaction import Transaction
from heliograph.store.webhook import Webhook

POLL_S = 1.0
SOONEST_S = 0.01
"""What is due and was not claimed is being claimed by another process at this moment."""
RETRY_SETTLE_S = 1.0
SETTLE_PATIENCE_S = 0.05
"""How long what an application answered may wait for messages to be written with: nothing follows from it but room for others."""
UNTRIED = Answered(None, 0, is_tried=False)

_log = log.get("webhooks")


class Notifier:
    """The deliveries that this process has claimed. Used on the event loop, except `room`."""

    def __init__(
        self, database: Database, clock: Clock, node_id: NodeId, courier: Courier, spawn: Callable[[Coroutine[Any, Any, None]], object],
        limits: Limits | None = None,
    ) -> None:  # fmt: skip
        self.webhooks = Webhooks()
        self._database = database
        self._clock = clock
        self._node_id = node_id
        self._courier = courier
        self._accounts: AccountCourier | None = None
        self._spawn = spawn
        self._shares = Shares(limits or Limits())
        self._doubts = database.doubts
        self._under_way: dict[int, Claimed] = {}
        self._none_waits: set[str] = set()
        self._last_rooms: dict[str, int] = {}
        self._after = 0
        self._watched: dict[int, asyncio.Event] = {}
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._next_due_ms: int | None = None
        self._stopping = False
        self._is_buried = False
        self._failure: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._random = random.Random()

    def rooms(self) -> Rooms:
        """What a transaction may claim for this process. Called by the writer's thread."""
        return Rooms(self._room, self._shares.room_in_all)

    def wake(self) -> None:
        """Look at once for what is due."""
        self._wake.set()

    async def refresh(self) -> None:
        """Know the webhooks as they are now, so that this process delivers nothing more by what was changed before. Others know it within a
        second; where the database does not answer, so does this one."""
        with contextlib.suppress(DatabaseLost):
            await self._database.write(self.webhooks.refresh)
        self._wake.set()

    def watch(self, delivery_id: int) -> asyncio.Event:
        """Set after each try of this delivery by this process, until `unwatch`."""
        return self._watched.setdefault(delivery_id, asyncio.Event())

    def unwatch(self, delivery_id: int) -> None:
        self._watched.pop(delivery_id, None)

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

    def take(self, claimed: Sequence[Claimed], full: Collection[Receiver] = ()) -> None:
        """Deliver what a committed transaction claimed for this process; give it back untried where that stops. `full`: for whom the
        transaction left something to wait."""
        concerned: dict[int, None] = {}
        for each in () if self._is_buried else claimed:
            self._under_way[each.id] = each
            if each.account is not None:
                self._to_account(each, each.account)
            else:
                self._shares.claim(each)
                concerned[each.callback_id] = None
        if self._stopping:
            self._give_back()
        for webhook_id in concerned:
            self._start(webhook_id)
        for receiver in full:
            if self._left_waiting(receiver):
                self._wake.set()

    def _left_waiting(self, receiver: Receiver) -> bool:
        """Note that something waits for it. Whether to claim at once: not where it has no room, or each message for one that is dead, or
        for an account that nobody is bound for, would cost a claim. What gives it room again has us claim."""
        if isinstance(receiver, str):
            self._none_waits.discard(receiver)
            return self._accounts is not None and self._accounts.room(receiver) > 0
        webhook = self.webhooks.get(receiver)
        return (webhook is None or not webhook.is_held) and self._shares.left_waiting(receiver)

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
        self._give_back()
        async with asyncio.TaskGroup() as stops:
            for courier in (self._courier, self._accounts):
                if courier is not None:
                    stops.create_task(courier.stop(grace_s))
        while self._under_way and self._clock.monotonic() < deadline:
            self._idle.clear()
            await self._clock.wait(self._idle, max(0.0, deadline - self._clock.monotonic()))

    def _give_back(self) -> None:
        """What waits for its turn with a webhook will not have it."""
        for claimed in self._shares.drain():
            self._settle(claimed, self._clock.now_ms(), UNTRIED)

    async def _claim_due(self) -> None:
        self._next_due_ms = None
        try:
            if self.is_in_doubt:
                await self._clear_doubts()
            if not self._is_buried and not self._stopping:
                await self._claim()
        except DatabaseLost as lost:
            _log.warning("the database does not answer, deliveries wait", error=str(lost))

    async def _clear_doubts(self) -> None:
        doubts = self._database.doubts
        await self._database.write(reclaim, self, self._node_id)
        self._doubts = doubts

    async def _claim(self) -> None:
        rooms = self._rooms_of_accounts()
        found: Found = await self._database.write(
            claim, self._node_id, self.webhooks, self._shares, self._after, rooms, self._clock.now_ms()
        )  # fmt: skip
        for webhook_id in found.asked_of:
            self._shares.of(webhook_id).waits = webhook_id in found.waiting
        self._shares.is_full = found.is_full
        for account, room in rooms.items():
            if sum(each.account == account for each in found.claimed) < room:
                self._none_waits.add(account)
        self._last_rooms = rooms
        self._after = found.after
        self._next_due_ms = found.next_due_ms
        for webhook_id in self._shares.with_queue():
            self._start(webhook_id)  # it may be paused by now
        if found.is_more:
            self._wake.set()
        self.take(found.claimed)

    def _rooms_of_accounts(self) -> dict[str, int]:
        """How much may be claimed for each account that is bound here."""
        if self._accounts is None:
            return {}
        rooms = {account: self._accounts.room(account) for account in self._accounts.accounts()}
        self._none_waits.intersection_update(rooms)
        return {account: room for account, room in rooms.items() if room > 0}

    def _room(self, receiver: Receiver) -> int:
        """How much a transaction may claim: nothing where something waits before it."""
        if self._stopping or self._is_buried:
            return 0
        if isinstance(receiver, str):
            return self._accounts.room(receiver) if self._accounts is not None and receiver in self._none_waits else 0
        webhook = self.webhooks.get(receiver)
        if webhook is not None and webhook.is_held:
            return 0
        return self._shares.room_for_new(receiver)

    def _start(self, webhook_id: int) -> None:
        """Give the courier what is claimed for a webhook and may be under way; what may not be called any more is given back."""
        webhook = self.webhooks.get(webhook_id)
        queue = self._shares.of(webhook_id).queue
        while queue and (webhook is None or webhook.deleted_at_ms is not None):
            self._settle(queue.popleft(), self._clock.now_ms(), DELETED)
        if webhook is not None and webhook.is_held:
            for claimed in [each for each in queue if not each.is_urgent]:
                queue.remove(claimed)
                self._settle(claimed, self._clock.now_ms(), UNTRIED)
        while webhook is not None and (following := self._shares.next(webhook_id)) is not None:
            self._to_webhook(following, webhook)

    def _to_webhook(self, claimed: Claimed, webhook: Webhook) -> None:
        fault.point("notify.before_deliver")
        at_ms = self._clock.now_ms()
        self._courier.deliver(_for_webhook(claimed, webhook, at_ms), lambda answered: self._answered(claimed, at_ms, answered))

    def _to_account(self, claimed: Claimed, account: str) -> None:
        fault.point("notify.before_deliver")
        at_ms = self._clock.now_ms()
        if self._accounts is None or self._stopping:
            self._settle(claimed, at_ms, UNTRIED)
            return
        delivery = _for_account(claimed, account)
        self._accounts.deliver(delivery, lambda answered: self._answered(claimed, at_ms, answered))

    def _answered(self, claimed: Claimed, at_ms: int, answered: Answered) -> None:
        fault.point("notify.after_deliver")
        self._settle(claimed, at_ms, answered)
        if claimed.account is None:
            self._shares.answered(claimed.callback_id, is_success=answered.is_success if answered.is_tried else None)
            own = () if answered.is_gone else (claimed.callback_id,)  # it is disabled by what is being settled
            for webhook_id in (*self._shares.held_back(), *own):
                self._start(webhook_id)

    def _settle(self, claimed: Claimed, at_ms: int, answered: Answered) -> None:
        settlement = Settlement(
            self._node_id, self.webhooks, claimed, at_ms, answered, self._clock.now_ms(), self._random.uniform(-1, 1)
        )  # fmt: skip
        try:
            future = self._database.write_item(settle, settlement, patience_s=SETTLE_PATIENCE_S)
        except DatabaseLost:  # it is closing: the claim is freed with all that this process leaves
            return
        future.add_done_callback(lambda done: self._settled(claimed, at_ms, answered, done))

    def _settled(self, claimed: Claimed, at_ms: int, answered: Answered, done: asyncio.Future[int | None]) -> None:
        error = None if done.cancelled() else done.exception()
        if isinstance(error, DatabaseLost):
            self._spawn(self._settle_later(claimed, at_ms, answered))
            return
        if self._under_way.get(claimed.id) is claimed:  # else it was claimed again by a transaction that came after
            del self._under_way[claimed.id]
        if claimed.account is None:
            self._shares.settled(claimed.callback_id)
            self._start(claimed.callback_id)
        if error is not None and not self._failure.done():
            self._failure.set_exception(error)
            self._wake.set()
            return
        fault.point("notify.after_commit")
        if claimed.id in self._watched:
            self._watched[claimed.id].set()
        due_ms = None if error is not None or done.cancelled() else done.result()
        if due_ms is not None and (self._next_due_ms is None or due_ms < self._next_due_ms):
            self._next_due_ms = due_ms
            self._wake.set()
        if not self._stopping and self._has_room_again(claimed):
            self._wake.set()
        if not self._under_way:
            self._idle.set()

    def _has_room_again(self, claimed: Claimed) -> bool:
        """Whether something waits for which there was no room, and half of what was under way is done: a claim is for many."""
        if claimed.account is None:
            return self._shares.has_room_again(claimed.callback_id)
        if self._accounts is None or claimed.account in self._none_waits:
            return False
        return self._accounts.room(claimed.account) * 2 >= max(1, self._last_rooms.get(claimed.account, 0))

    async def _settle_later(self, claimed: Claimed, at_ms: int, answered: Answered) -> None:
        await self._clock.sleep_until(self._clock.monotonic() + RETRY_SETTLE_S)
        self._settle(claimed, at_ms, answered)


def reclaim(tx: Transaction, notifier: Notifier, node_id: NodeId) -> None:
    """Have the notifier take what was claimed for it without its being told."""
    claimed = store.claimed_by(tx, node_id)
    for each in claimed:
        notifier.webhooks.known(tx, each.callback_id)
    tx.after_commit(notifier.reclaim, claimed)


def _for_webhook(claimed: Claimed, webhook: Webhook, now_ms: int) -> Delivery:
    how = webhook.how
    is_overlap = webhook.previous_secret is not None and webhook.previous_until_ms is not None and now_ms < webhook.previous_until_ms
    return Delivery(
        NotificationId(claimed.id),
        claimed.message_id,
        claimed.tries + 1,
        webhook.url,
        claimed.method,
        webhook.secret or claimed.secret,
        claimed.body,
        claimed.created_at_ms,
        webhook.previous_secret if is_overlap else None,
        has_token=how.format is Format.EMNIFY,
        headers=tuple(f"{name}: {value}" for name, value in how.headers.items()),
        ca=how.ca,
    )


def _for_account(claimed: Claimed, account: str) -> AccountDelivery:
    return AccountDelivery(
        NotificationId(claimed.id), claimed.message_id, claimed.tries + 1, account, claimed.type, claimed.body, claimed.created_at_ms
    )
