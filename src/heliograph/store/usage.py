"""Counters of what was sent and received, in segments. The row of a counter is what serialises those who count on it."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache

from heliograph.store.query import queries
from heliograph.store.transaction import Transaction

Q = queries("usage")


def month_of(now_ms: int) -> str:
    """The calendar month in UTC, as `2026-11`."""
    return _month_of_hour(now_ms // 3_600_000)


@lru_cache(maxsize=64)
def _month_of_hour(hour: int) -> str:
    return datetime.fromtimestamp(hour * 3600, UTC).strftime("%Y-%m")


def add(tx: Transaction, counted: Sequence[tuple[str, int, str, str, int]]) -> None:
    """Count (scope, id, period, traffic, units); units below zero give back."""
    sums: Counter[tuple[str, int, str, str]] = Counter()
    for scope, scope_id, period, traffic, units in counted:
        sums[scope, scope_id, period, traffic] += units
    tx.apply(Q["add"], [(*key, units) for key, units in sorted(sums.items())])


def add_within(tx: Transaction, scope: str, scope_id: int, period: str, traffic: str, units: int, most: int) -> bool:
    """Count `units`, all or none, if no more than `most` are used then."""
    tx.run(Q["ensure"], scope=scope, scope_id=scope_id, period=period, traffic=traffic)
    row = tx.one(Q["add_within"], scope=scope, scope_id=scope_id, period=period, traffic=traffic, units=units, most=most)
    return row is not None


def used(tx: Transaction, scope: str, scope_id: int, period: str, traffic: str) -> int:
    """What a counter stands at."""
    row = tx.one(Q["used"], scope=scope, scope_id=scope_id, period=period, traffic=traffic)
    return int(row[0]) if row else 0
