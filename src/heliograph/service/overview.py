"""The overview: what was sent and received in a range of time, what arrived and how fast, what failed and why, which devices are busiest.

It reads what `service/rollup.py` adds up, so it costs the same over a hundred messages as over a million, and is some seconds behind.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable

import msgspec

from heliograph.model.account import Actor
from heliograph.model.overview import HOUR_MS, HOURS_A_DAY, RANGES, Figures, figures, spans
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
    """`before`: the figures of as long before it. `busiest` counts in whole days, since the one that `from_ms` lies in."""

    range: str
    from_ms: int
    until_ms: int
    now: Figures
    before: Figures
    points: list[Point]
    reasons: list[Reason]
    busiest: list[Busy]


async def overview(office: Office, actor: Actor, name: str) -> Overview:
    """The overview of a range: 24h, 7d or 30d, with the hour that runs. Raises Problem."""
    require(actor, Right.READ)
    if name not in RANGES:
        raise Problem(Code.INVALID_QUERY, f"range '{name[:20]}' is not known: give one of {', '.join(RANGES)}", field="range")
    return await office.database.read(_overview, seen_by(actor), name, office.clock.now_ms() // HOUR_MS + 1)


def _overview(tx: Transaction, scope: int, name: str, until: int) -> Overview:
    first, earlier = until - RANGES[name], until - 2 * RANGES[name]
    hours = _Hours(store.hours(tx, scope, earlier, until), store.delays(tx, scope, earlier, until))
    return Overview(
        range=name,
        from_ms=first * HOUR_MS,
        until_ms=until * HOUR_MS,
        now=hours.figures(first, until),
        before=hours.figures(earlier, first),
        points=[Point(begin * HOUR_MS, end * HOUR_MS, hours.figures(begin, end)) for begin, end in spans(until, name)],
        reasons=store.reasons(tx, scope, first, until, REASONS_MOST),
        busiest=store.busiest(tx, scope, first // HOURS_A_DAY, BUSIEST_MOST),
    )


class _Hours:
    """What was added up, by its hour."""

    def __init__(self, hours: Iterable[tuple[int, str, int]], delays: Iterable[tuple[int, int, int]]) -> None:
        self._counts: defaultdict[int, Counter[str]] = defaultdict(Counter)
        self._delays: defaultdict[int, Counter[int]] = defaultdict(Counter)
        for hour, figure, messages in hours:
            self._counts[hour][figure] += messages
        for hour, bucket, messages in delays:
            self._delays[hour][bucket] += messages

    def figures(self, first: int, until: int) -> Figures:
        """From an hour until before another."""
        counts: Counter[str] = Counter()
        delays: Counter[int] = Counter()
        for hour in range(first, until):
            counts.update(self._counts.get(hour, {}))
            delays.update(self._delays.get(hour, {}))
        return figures(counts, delays)
