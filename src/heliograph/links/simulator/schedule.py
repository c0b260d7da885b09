"""Calls that are due later, on a clock: one waiting task for all of them, woken once a millisecond at most."""

import asyncio
import heapq
from collections.abc import Callable
from math import ceil

from heliograph.clock import Clock

TICKS_A_SECOND = 1000
IDLE_S = 60.0


class Schedule:
    """Calls by the millisecond they are due in; those of one millisecond run together, in the order they were given."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ticks: list[int] = []
        self._calls: dict[int, list[Callable[[], None]]] = {}
        self._changed = asyncio.Event()
        self._ended = False
        self.waiting = 0

    def after(self, delay_s: float, call: Callable[[], None]) -> None:
        """Have `call` made on the event loop in `delay_s` seconds, not earlier and not from inside this call. After `end`: never."""
        if self._ended:
            return
        tick = ceil((self._clock.monotonic() + delay_s) * TICKS_A_SECOND)
        self.waiting += 1
        if (calls := self._calls.get(tick)) is not None:
            calls.append(call)
            return
        self._calls[tick] = [call]
        heapq.heappush(self._ticks, tick)
        if self._ticks[0] == tick:
            self._changed.set()

    def end(self) -> None:
        """Forget what is not yet due; `run` returns."""
        self._ended = True
        self._ticks.clear()
        self._calls.clear()
        self.waiting = 0
        self._changed.set()

    async def run(self) -> None:
        """Make the calls at their time, until `end`."""
        while not self._ended:
            self._changed.clear()
            remaining_s = self._ticks[0] / TICKS_A_SECOND - self._clock.monotonic() if self._ticks else IDLE_S
            await self._clock.wait(self._changed, remaining_s)
            self._make_due_calls()

    def _make_due_calls(self) -> None:
        now = self._clock.monotonic() * TICKS_A_SECOND
        while self._ticks and self._ticks[0] <= now:
            calls = self._calls.pop(heapq.heappop(self._ticks))
            self.waiting -= len(calls)
            for call in calls:
                call()
