"""A link that this process owns: the link, its queue and the beats of its lease, from one acquisition to its end.

Theory of operation. The lease is beaten every 2 s. Once 6 s passed since the last beat that was committed, nothing more is sent, since
another process may take the link 10 s after it saw the last one; a beat that answers "you are the owner no more" ends everything at once.
The end asked for goes in steps: the queue gives back what it has not sent and waits for what it has; the link stops, and what the
network has not answered settles as Unknown; those settles are waited for. What is left after that, or after a crash, the next owner
settles, as it does for any dead process.
"""

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

from heliograph import log
from heliograph.links import KINDS
from heliograph.links.simulator import SimulatorLink
from heliograph.links.smpp import SmppLink
from heliograph.metrics import Metrics
from heliograph.model.ids import LinkId
from heliograph.model.link import Answer, Inbound, Receipt
from heliograph.model.problem import Code
from heliograph.service import lease as leases
from heliograph.service import receive, wake
from heliograph.service.core import Core
from heliograph.service.lease import BEAT_S, SILENT_AFTER_S, Lease
from heliograph.service.receipt import receive_receipts
from heliograph.service.routing import FAILOVER_AFTER_MS
from heliograph.store.database import DatabaseLost
from heliograph.store.link import LinkRow

T = TypeVar("T")

MUTED_LOOK_S = 0.5
STATE_RETRY_S = 1.0
IDLE_S = 60.0
LAST_SETTLES_S = 1.0
"""The part of the grace, at most a fifth of it, that is kept for settling what the network did not answer."""

NOT_READY = Answer(refused=Code.UNAVAILABLE.value)
"""The database did not confirm: the network is to come again with what it said."""

_log = log.get("links")


class OwnedLink:
    """Hears what the link tells (`model.link.LinkListener`). Raises ValueError where kind or settings cannot be used."""

    def __init__(self, core: Core, metrics: Metrics, row: LinkRow, lease: Lease) -> None:
        kind = KINDS.get(row.kind)
        if kind is None:
            raise ValueError(f"link {row.name} is of kind {row.kind}, which this release does not know")
        self.row = row
        self._core = core
        self._lease = lease
        self._link_id = LinkId(row.id)
        profile = kind.profile(self._link_id, row.name, row.settings)
        self.link = kind.make(profile, row.settings, self, core.clock, metrics)
        self.queue = core.queues.own(profile, lease.epoch, self.link)
        self._metrics = metrics
        self._is_up = metrics.gauge("link_up", "1 while the link is connected.", link=row.name)
        self._heard_receipts = metrics.counter("link_receipts", "Delivery receipts that came by the link, matched or not.", link=row.name)
        self._heard_inbound = metrics.counter("link_inbound", "SMS, or parts of them, that came by the link.", link=row.name)
        self._ending = asyncio.Event()
        self._grace_s = 0.0
        self._beaten_at = core.clock.monotonic()
        self._state: tuple[str, str | None] | None = None
        self._down_since: float | None = self._beaten_at
        self._state_changed = asyncio.Event()

    async def run(self) -> None:
        """Serve until `end`, or until the lease is lost. Raises what the link or its queue died of; nothing of it runs after that."""
        if isinstance(self.link, SimulatorLink):
            self._core.simulators[self._link_id] = self.link
        try:
            async with asyncio.TaskGroup() as tasks:
                duties = [tasks.create_task(duty) for duty in (self._beat(), self._fall_silent(), self._note_states())]
                tasks.create_task(self._run_link())
                tasks.create_task(self._run_queue())
                await self._ending.wait()
                await self._drain()
                for duty in duties:
                    duty.cancel()
        finally:
            self._core.simulators.pop(self._link_id, None)
            self._core.queues.release(self._link_id)
            self.queue.lose()
            self._is_up.set(0)
            if self._ending.is_set():  # switched off, or another process's: it is not down
                self._metrics.forget("link_up", link=self.row.name)

    def end(self, grace_s: float) -> None:
        """Have `run` drain within the grace and return."""
        self._grace_s = grace_s
        self._ending.set()

    def rest_if_down(self) -> None:
        """Once the link is down for so long that its messages go by others, have its queue hold none."""
        down_since = self._down_since
        self.queue.rest(resting=down_since is not None and self._core.clock.monotonic() - down_since >= FAILOVER_AFTER_MS / 1000)

    async def trace(self, until_ms: int | None) -> None:
        """Write down what the link sends and receives while somebody watches it, until then."""
        if not isinstance(self.link, SmppLink):
            return
        self.link.trace(on=until_ms is not None and until_ms > self._core.clock.now_ms())
        await self.keep_trace()

    async def keep_trace(self) -> None:
        """Write down what was noted since the last time."""
        if isinstance(self.link, SmppLink) and self.link.tracer is not None and (lines := self.link.tracer.take()):
            await leases.keep_trace(self._core, self._link_id, lines)

    # what the link tells

    async def inbound(self, inbound: Inbound) -> Answer:
        self._heard_inbound.add()
        return await self._unless_lost(receive.receive(self._core, inbound), NOT_READY)

    async def receipts(self, receipts: Sequence[Receipt]) -> list[Answer]:
        self._heard_receipts.add(len(receipts))
        return await self._unless_lost(receive_receipts(self._core, receipts), [NOT_READY] * len(receipts))

    async def answer_lost(self, inbound: Inbound, answer: Answer) -> None:
        await self._unless_lost(receive.answer_lost(self._core, inbound, answer), None)

    async def reachable(self, number: str) -> None:
        await self._unless_lost(wake.reachable(self._core, self._link_id, number), None)

    def room_changed(self) -> None:
        self.queue.room_changed()

    def up(self) -> None:
        self._note("up", None)

    def down(self, reason: str) -> None:
        self._note("down", reason)

    def fault(self, reason: str) -> None:
        self._note("fault", reason)

    async def _unless_lost(self, telling: Coroutine[Any, Any, T], otherwise: T) -> T:
        """A database that does not answer is no fault of the link, which goes on with an answer that says so."""
        try:
            return await telling
        except DatabaseLost as lost:
            _log.warning("the database does not answer to what the link tells", link=self.row.name, error=str(lost))
            return otherwise

    # its tasks

    async def _run_link(self) -> None:
        await self.link.run()
        if not self._ending.is_set():
            raise RuntimeError("the link ended without being asked to")

    async def _run_queue(self) -> None:
        await self.queue.run()
        self._ending.set()

    async def _beat(self) -> None:
        clock = self._core.clock
        while True:
            asked_at = clock.monotonic()
            try:
                alive = await leases.beat(self._core, self._lease)
            except DatabaseLost as error:
                _log.warning("no beat was committed", link=self.row.name, error=str(error))
            else:
                if not alive:
                    _log.error("the link was taken over by another process", link=self.row.name)
                    self.queue.lose()
                    self._ending.set()
                    return
                self._beaten_at = asked_at
                self.queue.pause(paused=False)
            await clock.sleep_until(asked_at + BEAT_S)

    async def _fall_silent(self) -> None:
        clock = self._core.clock
        while True:
            await clock.sleep_until(self._beaten_at + SILENT_AFTER_S)
            if clock.monotonic() - self._beaten_at >= SILENT_AFTER_S:
                self.queue.pause(paused=True)
                await clock.sleep_until(clock.monotonic() + MUTED_LOOK_S)

    async def _note_states(self) -> None:
        """Write the latest state for people; one that was followed by another before it was written is left out."""
        clock = self._core.clock
        while True:
            if not await clock.wait(self._state_changed, IDLE_S) or self._state is None:
                continue
            self._state_changed.clear()
            try:
                await leases.set_state(self._core, self._lease, *self._state)
            except DatabaseLost:
                self._state_changed.set()
                await clock.sleep_until(clock.monotonic() + STATE_RETRY_S)

    async def _drain(self) -> None:
        clock = self._core.clock
        if self.queue.is_lost:
            await self.link.stop(0)
            return
        last_s = min(LAST_SETTLES_S, self._grace_s / 5)
        until = clock.monotonic() + self._grace_s - last_s
        await self.queue.stop(self._grace_s - last_s)
        await self.link.stop(max(0.0, until - clock.monotonic()))
        await self.queue.stop(last_s)

    def _note(self, state: str, reason: str | None) -> None:
        if state == "up":
            _log.info("link is up", link=self.row.name)
        else:
            _log.warning("link is " + state, link=self.row.name, reason=reason)
        self._is_up.set(state == "up")
        if state == "up":
            self._down_since = None
            self.queue.rest(resting=False)
        elif self._down_since is None:
            self._down_since = self._core.clock.monotonic()
        self._state = (state, reason)
        self._state_changed.set()
