"""The queue of a link that this process owns: takes the heads of due lanes, gives them to the link, settles what comes back.

Theory of operation. The database is the truth; in memory are only the heads of lanes that are taken, at most `window` of them. A head
arrives in one of three ways: with the commit that accepted it (`Queues.take`), with the settle of the message before it in its lane, or
by `take`, one batched update of lanes that are due, at least once a second. Ready heads are served round robin over organisations. Each
message's segments go out in order as far as the link has room; when the last is answered, one settle writes what happened and brings
the next head of the lane. A settle whose lease was lost changes nothing: the new owner has settled the head as Unknown. When the
database was lost, a transaction may have taken lanes without anybody being told: `reclaim` finds them, and what is not held is ready.

Does not decide what an outcome means: that is `settle`.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from heliograph import log
from heliograph.clock import Clock
from heliograph.model.ids import LinkId
from heliograph.model.link import Accepted, ErrorClass, Link, LinkOutcome, LinkProfile, Outcome, Outgoing, Refused, Withdrawn
from heliograph.service import fault
from heliograph.service.cut import cut
from heliograph.service.queue_use_cases import UseCases
from heliograph.service.turns import Turns
from heliograph.store import link as link_store
from heliograph.store.database import DatabaseLost
from heliograph.store.message import Head
from heliograph.store.transaction import Transaction

POLL_S = 1.0
RETRY_SETTLE_S = 1.0
HOLD_FIRST_S = 0.05
HOLD_MOST_S = 1.0
FAULT_HOLD_S = 30.0

_log = log.get("queue")


@dataclass(slots=True)
class Flight:
    """A head on its way: the segments not yet given to the link, and what came back for the others."""

    head: Head
    waiting: deque[Outgoing]
    open_answers: int
    results: list[tuple[int, int, int, Outcome]] = field(default_factory=list)


class LinkQueue:
    """The queue of one link, for as long as this process owns it in one epoch. Used on the event loop, except `room`."""

    def __init__(self, queues: "Queues", profile: LinkProfile, epoch: int, link: Link) -> None:
        self.profile = profile
        self.epoch = epoch
        self._queues = queues
        self._clock = queues.clock
        self.link = link
        self._ready = Turns()
        self._sending: deque[Flight] = deque()
        self._held: dict[int, Head] = {}
        self._doubts = queues.use_cases.doubts()
        self._wake = asyncio.Event()
        self._next_due_ms: int | None = None
        self._hold_until = 0.0
        self._hold_s = 0.0
        self._paused = False
        self._resting = False
        self._stopping = False
        self._lost = False
        self._idle = asyncio.Event()
        self._failure: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._pump_planned = False
        self.crowded = False

    # what others ask

    @property
    def room(self) -> int:
        """How many more heads may be taken. Read by the writer's thread: a moment's value, so the window is a soft bound."""
        return 0 if self._stopping or self._lost or self._resting or self.crowded else max(0, self.profile.window - len(self._held))

    @property
    def taken(self) -> int:
        """Heads that are taken and not settled."""
        return len(self._held)

    def take(self, heads: list[Head]) -> None:
        """Heads whose lanes were taken for this queue by a transaction that has committed."""
        if self._lost:
            return
        for head in heads:
            self._held[head.message_id] = head
            self._ready.add(head)
        if self._stopping:
            for head in heads:
                self.withdraw(head.message_id, "the queue stops")
        self._plan_pump()

    def reclaim(self, heads: list[Head]) -> None:
        """Heads of all lanes that a committed transaction found taken in our epoch: nobody was told of those that are not held."""
        self.take([head for head in heads if head.message_id not in self._held])

    def hint(self, due_ms: int | None = None) -> None:
        """A lane became due, now or at `due_ms`, that was not taken."""
        if due_ms is None or due_ms <= self._clock.now_ms():
            self._wake.set()
        elif self._next_due_ms is None or due_ms < self._next_due_ms:
            self._next_due_ms = due_ms
            self._wake.set()

    def withdraw(self, message_id: int, reason: str) -> bool:
        """Take a message back if no segment of it was given to the link yet; whether it was."""
        head = self._ready.remove(message_id)
        if head is not None:
            self._settle(Flight(head, deque(), 0, [self._withdrawn(reason)]))
        return head is not None

    def room_changed(self) -> None:
        """The link may take more now."""
        self._plan_pump()

    def pause(self, *, paused: bool) -> None:
        """Send nothing while the lease is in doubt."""
        self._paused = paused
        if not paused:
            self._plan_pump()

    def rest(self, *, resting: bool) -> None:
        """While the link is down for long: take nothing, and give back what is not on its way, so that it may go by another link."""
        if resting is self._resting:
            return
        self._resting = resting
        if resting:
            for head in list(self._ready):
                self.withdraw(head.message_id, "the link is down")
        self._wake.set()

    # its life

    async def run(self) -> None:
        """Recover what an earlier owner left, then serve until `stop`. Ends with the error of a use case that failed."""
        await self._queues.use_cases.recover(self)
        while not self._stopping and not self._lost:
            self._wake.clear()
            try:
                await self._poll()
                wait_s = self._until_next_poll_s()
            except DatabaseLost as lost:
                _log.warning("the database does not answer, the queue waits", link=self.profile.name, error=str(lost))
                wait_s = POLL_S
            if self._failure.done():
                self._failure.result()
            if wait_s > 0:
                await self._clock.wait(self._wake, wait_s)
            else:
                await asyncio.sleep(0)

    async def stop(self, grace_s: float) -> None:
        """Take nothing more, let what is on its way settle within the grace, give the rest back."""
        self._stopping = True
        self._wake.set()
        for head in list(self._ready):
            self.withdraw(head.message_id, "the queue stops")
        deadline = self._clock.monotonic() + grace_s
        while self._held and not self._lost and self._clock.monotonic() < deadline:
            self._idle.clear()
            await self._clock.wait(self._idle, min(0.5, max(0.0, deadline - self._clock.monotonic())))

    async def _poll(self) -> None:
        for message_id in await self._queues.use_cases.cancel_requests(self):
            if not self.withdraw(message_id, "cancelled") and self.profile.cancels:
                self._queues.spawn(self._queues.use_cases.cancel(self, message_id))
        self._expire_ready()
        doubts = self._queues.use_cases.doubts()
        if doubts != self._doubts:
            await self._queues.use_cases.reclaim(self)
            self._doubts = doubts
        self._next_due_ms = None
        if self._resting:
            return
        most = self.profile.window - len(self._held)
        if most <= 0:
            self.crowded = True
            return
        found = await self._queues.use_cases.take(self, most)
        if found is None:
            self.lose()
            return
        self.crowded = found >= most

    def _until_next_poll_s(self) -> float:
        wait_s = 0.0 if self.crowded and self.profile.window > len(self._held) else POLL_S
        if self._next_due_ms is not None:
            wait_s = min(wait_s, max(0.0, (self._next_due_ms - self._clock.now_ms()) / 1000))
        return wait_s

    def _expire_ready(self) -> None:
        now_ms = self._clock.now_ms()
        late = [head.message_id for head in self._ready if head.expiry_at_ms <= now_ms]
        for message_id in late:
            self.withdraw(message_id, "expired")

    def lose(self) -> None:
        """Somebody else owns the link now: forget everything, it was settled as Unknown by the new owner."""
        self._lost = True
        self._ready.clear()
        self._sending.clear()
        self._held.clear()
        self._wake.set()
        self._idle.set()

    @property
    def is_lost(self) -> bool:
        return self._lost

    # sending

    def _plan_pump(self) -> None:
        if not self._pump_planned:
            self._pump_planned = True
            asyncio.get_running_loop().call_soon(self._carry, self._pump)

    def _pump(self) -> None:
        self._pump_planned = False
        if self._paused or self._lost or self._failure.done():
            return
        if self._hold_until > self._clock.monotonic():
            return
        room = self.link.room()
        while room > 0:
            flight = self._sending[0] if self._sending else None if self._stopping else self._launch()
            if flight is None:
                return
            while flight.waiting and room > 0:
                room -= 1
                self._send(flight, flight.waiting.popleft())
            if not flight.waiting and self._sending and self._sending[0] is flight:
                self._sending.popleft()

    def _launch(self) -> Flight | None:
        """The next head by turns, cut into the segments that are still to be sent."""
        while (head := self._ready.next()) is not None:
            outgoing = cut(head, self.profile)
            if not outgoing or head.expiry_at_ms <= self._clock.now_ms():
                self._settle(Flight(head, deque(), 0, [self._withdrawn("expired" if outgoing else "all of it is with the network")]))
                continue
            flight = Flight(head, outgoing, len(outgoing))
            self._sending.append(flight)
            return flight
        return None

    def _send(self, flight: Flight, outgoing: Outgoing) -> None:
        fault.point("dispatch.before_send")
        sent_at_ms = self._clock.now_ms()

        def done(outcome: LinkOutcome) -> None:
            self._carry(self._done, flight, outgoing.number, sent_at_ms, outcome)

        self.link.send(outgoing, done)
        fault.point("dispatch.after_send")

    def _done(self, flight: Flight, number: int, sent_at_ms: int, outcome: LinkOutcome) -> None:
        if self._lost:
            return
        self._pace(outcome)
        flight.results.append((number, sent_at_ms, self._clock.now_ms(), outcome))
        flight.open_answers -= 1
        if flight.open_answers == 0:
            self._settle(flight)
        if self._ready or self._sending:
            self._plan_pump()

    def _pace(self, outcome: LinkOutcome) -> None:
        """Slow down when the network asks for it, and speed up again with the first acceptance."""
        if isinstance(outcome, Accepted):
            self._hold_s = 0.0
            return
        if not isinstance(outcome, Refused) or outcome.error_class not in (ErrorClass.THROTTLE, ErrorClass.LINK, ErrorClass.FAULT):
            return
        self._hold_s = FAULT_HOLD_S if outcome.error_class is ErrorClass.FAULT else min(max(self._hold_s * 2, HOLD_FIRST_S), HOLD_MOST_S)
        self._hold_until = self._clock.monotonic() + self._hold_s
        self._queues.spawn(self._resume(self._hold_until))

    async def _resume(self, at: float) -> None:
        await self._clock.sleep_until(at)
        self._plan_pump()

    # settling

    def _withdrawn(self, reason: str) -> tuple[int, int, int, Outcome]:
        now_ms = self._clock.now_ms()
        return (0, now_ms, now_ms, Withdrawn(reason))

    def _settle(self, flight: Flight) -> None:
        future = self._queues.use_cases.settle(self, flight)
        future.add_done_callback(lambda done: self._carry(self._settled, flight, done))

    def _settled(self, flight: Flight, done: asyncio.Future[bool]) -> None:
        if self._lost or done.cancelled():
            return
        error = done.exception()
        if isinstance(error, DatabaseLost):
            self._queues.spawn(self._settle_later(flight))
            return
        if error is not None:
            self._fail(error)
            return
        if not done.result():
            self.lose()
            return
        fault.point("settle.after_commit")
        if self._held.get(flight.head.message_id) is flight.head:  # else it was taken again by a transaction that came after
            del self._held[flight.head.message_id]
        if not self._held:
            self._idle.set()
        if self.crowded and not self._stopping:
            self._wake.set()

    def _carry(self, step: Callable[..., None], *args: object) -> None:
        """Take a step that no task awaits: what it raises is raised by `run`, so that it ends this link and no other."""
        try:
            step(*args)
        except Exception as error:  # not the end of it: `run` raises it, and the supervisor is the bulkhead
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        if not self._failure.done():
            self._failure.set_exception(error)
        self._wake.set()

    async def _settle_later(self, flight: Flight) -> None:
        await self._clock.sleep_until(self._clock.monotonic() + RETRY_SETTLE_S)
        if not self._lost:
            self._settle(flight)


class Queues:
    """The queues of the links that this process owns."""

    def __init__(self, clock: Clock, spawn: Callable[[Coroutine[Any, Any, None]], object], use_cases: UseCases) -> None:
        self.clock = clock
        self.spawn = spawn
        self.use_cases = use_cases
        self._queues: dict[int, LinkQueue] = {}
        self._profiles: dict[int, LinkProfile] = {}

    def own(self, profile: LinkProfile, epoch: int, link: Link) -> LinkQueue:
        """The queue of a link that was acquired in `epoch`."""
        queue = LinkQueue(self, profile, epoch, link)
        self._queues[profile.link_id] = queue
        self._profiles[profile.link_id] = profile
        return queue

    def release(self, link_id: LinkId) -> None:
        """The link is not owned here any more."""
        self._queues.pop(link_id, None)

    def owned(self) -> list[LinkQueue]:
        """The queues of all links that are owned here."""
        return list(self._queues.values())

    def get(self, link_id: int) -> LinkQueue | None:
        return self._queues.get(link_id)

    def profile(self, link_id: int) -> LinkProfile:
        """What a link is that is owned here, or was: what it heard last may be decided about after it was released."""
        return self._profiles[link_id]

    def room(self, tx: Transaction, link_id: int) -> tuple[int, int] | None:
        """(epoch, room) of a link owned here, held against takeover until the transaction ends; None where it is not, or where what was
        just accepted does not say how its device is addressed there."""
        queue = self._queues.get(link_id)
        if queue is None or queue.room <= 0 or queue.profile.by_imsi or not link_store.hold(tx, link_id, queue.epoch):
            return None
        return queue.epoch, queue.room

    def take(self, link_id: int, heads: list[Head]) -> None:
        """Heads that a committed transaction took for a link."""
        if queue := self._queues.get(link_id):
            queue.take(heads)

    def reclaim(self, link_id: int, heads: list[Head]) -> None:
        """Heads that a committed transaction found taken for a link."""
        if queue := self._queues.get(link_id):
            queue.reclaim(heads)

    def hint(self, link_id: int, due_ms: int | None = None) -> None:
        """A lane of a link became due that was not taken; does nothing where the link is owned elsewhere."""
        if queue := self._queues.get(link_id):
            queue.hint(due_ms)
