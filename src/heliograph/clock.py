"""The clock: the one place where time is read and waited for. It does not format, parse or compare times of other machines.

`now_ms` says when something happened (UTC, stored, shown; it may jump when the machine's clock is set). `monotonic` measures how long
(deadlines, leases, rates; it never jumps, and means nothing on another machine). Whoever waits takes a `Clock`, so that a test can move
time by hand: `tests/manual_clock.py`.
"""

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    """What reads time and waits for it."""

    def now_ms(self) -> int:
        """UTC, in milliseconds since 1970."""
        ...

    def monotonic(self) -> float:
        """Seconds since an arbitrary moment; never goes back."""
        ...

    async def sleep_until(self, deadline: float) -> None:
        """Return when `monotonic()` has reached `deadline`, never before; at once (after other ready tasks ran) when it has passed."""
        ...

    async def wait(self, event: asyncio.Event, timeout_s: float) -> bool:
        """Wait for `event`, at most `timeout_s` seconds; whether it is set."""
        ...


class SystemClock:
    """The machine's clock."""

    __slots__ = ()

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep_until(self, deadline: float) -> None:
        await asyncio.sleep(max(0.0, deadline - time.monotonic()))
        if (remaining_s := deadline - time.monotonic()) > 0:  # uvloop counts in whole milliseconds and may wake up to one early
            await asyncio.sleep(remaining_s + 0.001)

    async def wait(self, event: asyncio.Event, timeout_s: float) -> bool:
        if event.is_set():
            return True
        try:
            async with asyncio.timeout(max(0.0, timeout_s)):
                await event.wait()
        except TimeoutError:
            return event.is_set()
        return True
