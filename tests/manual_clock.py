"""A clock whose time moves only when a test says so, and which wakes sleepers in the order of their deadlines.

    clock = TestClock()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(supervisor.run(clock))
        await clock.advance(10)          # everything due within ten seconds has happened, in order, each at its own moment

Theory of operation: a sleeper is a future in a heap of (deadline, order of arrival). `advance` takes them one by one: it sets the time to
the deadline, wakes that sleeper, lets the event loop run until no task is ready, and only then looks at the heap again. So a task that
wakes at 2 s and sleeps another 3 s is woken again at 5 s by the same `advance(10)`. Work in threads is not seen by the event loop: a test
appends to `busy` what says whether such work is under way, and `settle` waits for it in real time: in the selector of the event loop, where
a thread that is through wakes it at once.
"""

import asyncio
import heapq
import itertools
import time
from collections.abc import Callable

from tests.waits import PATIENCE_S

EPOCH_MS = 1_800_000_000_000  # 2027-01-15T08:00:00Z: a moment that no test confuses with today
SETTLE_LIMIT_S = 20.0


class TestClock:
    """A `heliograph.clock.Clock` that is moved by hand."""

    __test__ = False  # not a class of tests

    def __init__(self, now_ms: int = EPOCH_MS) -> None:
        self._wall_offset_ms = now_ms
        self._monotonic = 0.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._arrival = itertools.count()
        self.busy: list[Callable[[], bool]] = []

    def now_ms(self) -> int:
        return self._wall_offset_ms + round(self._monotonic * 1000)

    def monotonic(self) -> float:
        return self._monotonic

    async def sleep_until(self, deadline: float) -> None:
        if deadline <= self._monotonic:
            await asyncio.sleep(0)
            return
        await self._sleeper(deadline)

    async def wait(self, event: asyncio.Event, timeout_s: float) -> bool:
        if event.is_set() or timeout_s <= 0:
            return event.is_set()
        sleeper = self._sleeper(self._monotonic + timeout_s)
        waiter = asyncio.ensure_future(event.wait())
        try:
            await asyncio.wait({sleeper, waiter}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleeper.cancel()
            waiter.cancel()
        return event.is_set()

    @property
    def sleepers(self) -> int:
        """How many tasks wait for time to pass."""
        return sum(not future.done() for _, _, future in self._sleepers)

    async def advance(self, seconds: float) -> None:
        """Let `seconds` pass; all that is due on the way happens in order. Ready tasks run before the time moves and after."""
        until = self._monotonic + seconds
        await self.settle()
        while self._sleepers and self._sleepers[0][0] <= until:
            deadline, _, future = heapq.heappop(self._sleepers)
            if future.done():
                continue
            self._monotonic = max(self._monotonic, deadline)
            future.set_result(None)
            await self.settle()
        self._monotonic = until

    async def advance_until(self, condition: Callable[[], object], why: str, step_s: float = 0.5, look_s: float = 0.002) -> None:
        """Let time pass, a step at a time, until `condition` holds. Before each step `look_s` of real time, which threads and sockets take.
        Raises TimeoutError after 60 s of it."""
        give_up_at = time.monotonic() + PATIENCE_S
        while not condition():
            if time.monotonic() > give_up_at:
                raise TimeoutError(f"never came: {why}")
            await asyncio.sleep(look_s)
            await self.advance(step_s)

    async def settle(self) -> None:
        """Let every ready task run until all of them wait; raises TimeoutError after 20 s of a test's real time."""
        give_up_at = time.monotonic() + SETTLE_LIMIT_S
        loop = asyncio.get_running_loop()
        # The only way to see that no task is ready and no socket. What is seen in the selector is left for the loop.
        ready, stirring = loop._ready, loop._selector.select  # type: ignore[attr-defined]
        await asyncio.sleep(0)
        while ready or stirring(0) or any(busy() for busy in self.busy):
            if time.monotonic() > give_up_at:
                raise TimeoutError("tasks stay busy without waiting for time or for each other")
            if not ready:
                stirring(0.001)
            await asyncio.sleep(0)

    def set_wall_clock(self, now_ms: int) -> None:
        """Jump, as when somebody sets the machine's clock: `now_ms` moves, `monotonic` does not."""
        self._wall_offset_ms = now_ms - round(self._monotonic * 1000)

    def _sleeper(self, deadline: float) -> asyncio.Future[None]:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (deadline, next(self._arrival), future))
        return future
