"""What was sent and received, how much of it arrived, and how fast: the figures of a range of time, added up from hours."""

import math
from collections.abc import Mapping
from typing import Final

import msgspec

HOUR_MS: Final = 3_600_000
HOURS_A_DAY: Final = 24


class Range(msgspec.Struct, frozen=True):
    """So many points, each of so many hours of UTC; the last one runs."""

    points: int
    hours: int

    def last(self, now_ms: int) -> int:
        """The number of the point that runs. A point's number times its hours is the hour, counted from 1970, that it begins with."""
        return now_ms // (self.hours * HOUR_MS)

    def begin_ms(self, point: int) -> int:
        """When a point begins."""
        return point * self.hours * HOUR_MS


RANGES: Final[Mapping[str, Range]] = {"24h": Range(24, 1), "7d": Range(28, 6), "30d": Range(30, HOURS_A_DAY)}
BUCKETS_AN_OCTAVE: Final = 4


class Figures(msgspec.Struct, frozen=True):
    """Messages of a span of time, each counted when it happened. `sent`: accepted for devices; `received`: from devices. `median_ms`,
    `p95_ms`: from acceptance to delivery, to within 10 %; None where nothing was delivered."""

    sent: int = 0
    received: int = 0
    delivered: int = 0
    failed: int = 0
    expired: int = 0
    canceled: int = 0
    refused: int = 0
    median_ms: int | None = None
    p95_ms: int | None = None

    @property
    def delivery_rate(self) -> float | None:
        """Of those that ended otherwise than by a cancel, the share that arrived; None where none ended."""
        ended = self.delivered + self.failed + self.expired
        return self.delivered / ended if ended else None


EVENTS: Final[Mapping[str, str]] = {
    "sms.accepted": "sent",
    "sms.received": "received",
    "sms.delivered": "delivered",
    "sms.failed": "failed",
    "sms.expired": "expired",
    "sms.canceled": "canceled",
    "sms.refused": "refused",
}
"""The figure that an event adds to."""


def figures(counts: Mapping[str, int], delays: Mapping[int, int]) -> Figures:
    """The figures of messages by figure, and of deliveries by bucket of their delay."""
    return Figures(**counts, median_ms=percentile(delays, 0.5), p95_ms=percentile(delays, 0.95))


def bucket_of(delay_ms: int) -> int:
    """The bucket of a delay: four an octave, so that the middle of one is within 9 % of all that is in it."""
    return 0 if delay_ms < 1 else 1 + math.floor(math.log2(delay_ms) * BUCKETS_AN_OCTAVE)


def percentile(delays: Mapping[int, int], share: float) -> int | None:
    """The delay, ms, that this share of the deliveries did not exceed; None where there are none."""
    wanted = math.ceil(sum(delays.values()) * share)
    seen = 0
    for bucket in sorted(delays):
        seen += delays[bucket]
        if seen >= wanted > 0:
            return 0 if bucket == 0 else round(2 ** ((bucket - 0.5) / BUCKETS_AN_OCTAVE))
    return None


def change(now: float | None, before: float | None) -> float | None:
    """How much `now` is above `before`, as a share of it; None where that says nothing."""
    return None if now is None or not before else now / before - 1
