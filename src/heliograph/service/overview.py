"""The overview: what was sent and received in a range of time, what arrived and how fast, what failed and why, which devices are busiest.

It reads what `service/rollup.py` adds up, so it costs the same over a hundred messages as over a million, and is some seconds behind.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable

import msgspec

from heliograph.model.account import Actor
from heliograph.model.overview import HOURS_A_DAY, RANGES, Figures, figures
from heliograph.model.permission import Right, require
from heliograph.model.problem import Code, Problem
from heliograph.service.manage.scope import Office, seen_by
from heliograph.store import overview as store
from heliograph.store.overview import Busy, Reason
from heliograph.store.transaction import Transaction

REASONS_MOST = 12
BUSIEST_MOST = 10


class Point(msgspec.Struct, frozen=True):
    """The figures from a moment until before another."""

    from_ms: int
    until_ms: int
    figures: Figures


class Overview(msgspec.Struct, frozen=True):
    """`before`: the figures of as many points before it. `busiest` counts segments of whole days, since the one that `from_ms` lies in."""

    range: str
    from_ms: int
    until_ms: int
    now: Figures
    before: Figures
    points: list[Point]
    reasons: list[Reason]
    busiest: list[Busy]


async def overview(office: Office, actor: Actor, name: str) -> Overview:
    """The overview of a range: 24h, 7d or 30d, with what runs of it. Raises Problem."""
    require(actor, Right.READ)
    if name not in RANGES:
        raise Problem(Code.INVALID_QUERY, f"range '{name[:20]}' is not known: give one of {', '.join(RANGES)}", field="range")
    return await office.database.read(_overview, seen_by(actor), name, office.clock.now_ms())


def _overview(tx: Transaction, scope: int, name: str, now_ms: int) -> Overview:
    shape = RANGES[name]
    until = shape.last(now_ms) + 1
    first, earlier = until - shape.points, until - 2 * shape.points
    points = _Points(store.points(tx, scope, shape.hours, earlier, until), store.delays(tx, scope, shape.hours, earlier, until))
    return Overview(
        range=name,
        from_ms=shape.begin_ms(first),
        until_ms=shape.begin_ms(until),
        now=points.figures(first, until),
        before=points.figures(earlier, first),
        points=[Point(shape.begin_ms(each), shape.begin_ms(each + 1), points.figures(each, each + 1)) for each in range(first, until)],
        reasons=store.reasons(tx, scope, shape.hours, first, until, REASONS_MOST),
        busiest=store.busiest(tx, scope, first * shape.hours // HOURS_A_DAY, BUSIEST_MOST),
    )


class _Points:
    """What was added up, by its point."""

    def __init__(self, points: Iterable[tuple[int, str, int]], delays: Iterable[tuple[int, int, int]]) -> None:
        self._counts: defaultdict[int, Counter[str]] = defaultdict(Counter)
        self._delays: defaultdict[int, Counter[int]] = defaultdict(Counter)
        for point, figure, messages in points:
            self._counts[point][figure] += messages
        for point, bucket, messages in delays:
            self._delays[point][bucket] += messages

    def figures(self, first: int, until: int) -> Figures:
        """From a point until before another."""
        counts: Counter[str] = Counter()
        delays: Counter[int] = Counter()
        for point in range(first, until):
            counts.update(self._counts.get(point, {}))
            delays.update(self._delays.get(point, {}))
        return figures(counts, delays)
