"""A peer that wants more than its window or its rate, and goes on: how little of it is read at a time, and how seldom.

As much read at once after pauses eight times as long made the others' p99 1.2 times as high: a hundred submits are one long commit.
"""

from typing import Final

from heliograph.smpp.aio import SLICE_OCTETS

FREE: Final = 50
"""So many may be throttled before anything is read more slowly."""
PAUSE_MS: Final = 0.6
"""For each one that was throttled."""
PAUSE_MOST_MS: Final = 125
SLOW_SLICE_OCTETS: Final = 1024
"""Some 16 submits."""


class Excess:
    """Of one connection. `throttled`: how many requests were answered so since the last `pause_ms`."""

    __slots__ = ("_total", "throttled")

    def __init__(self) -> None:
        self.throttled = 0
        self._total = 0

    @property
    def slice_octets(self) -> int:
        """How much of a read is to be told at once."""
        return SLOW_SLICE_OCTETS if self._total > FREE else SLICE_OCTETS

    def pause_ms(self, taken: int, *, has_more: bool) -> int:
        """How long nothing is to be read after so many submits were taken, and others throttled; the longer the more it wants. All is as
        before once nothing was too much and nothing more waits."""
        throttled, self.throttled = self.throttled, 0
        if not throttled and not has_more:
            self._total = 0
        elif throttled or self._total:
            self._total += throttled or taken
        return min(PAUSE_MOST_MS, round(self._total * PAUSE_MS)) if self._total > FREE else 0
