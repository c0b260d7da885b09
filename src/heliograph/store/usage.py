"""Counters of what was sent and received, in segments. The row of a counter is what serialises those who count on it.

A device has one for each month (`2026-11`), on which limits stand, and one for each day (`2026-11-22`), for statistics; both outlive its
messages. What an organisation used is what its devices did: a row that every message of an organisation changes would be a queue.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import lru_cache

import msgspec

from heliograph.store.query import queries
from heliograph.store.transaction import Transaction

Q = queries("usage")
Counted = tuple[str, int, str, str, int]
"""Scope, id, period, traffic (mt or mo), units."""
Key = tuple[str, int, str, str]
"""Scope, id, period, traffic: names a counter."""


class UsageCounter(msgspec.Struct, array_like=True, frozen=True):
    """A counter's row. `told`: 1 once it was said that its limit is reached."""

    scope: str
    scope_id: int
    period: str
    traffic: str
    used: int
    told: int

    @property
    def key(self) -> Key:
        return (self.scope, self.scope_id, self.period, self.traffic)


class Used(msgspec.Struct, array_like=True, frozen=True):
    """What a counter, or a sum of counters, stands at."""

    period: str
    traffic: str
    used: int


class CountedMessage(msgspec.Struct, array_like=True, frozen=True):
    """A message that is counted."""

    direction: int
    segments: int
    submitted_at_ms: int


def month_of(now_ms: int) -> str:
    """The calendar month in UTC, as `2026-11`."""
    return _month_of_hour(now_ms // 3_600_000)


def day_of(now_ms: int) -> str:
    """The calendar day in UTC, as `2026-11-22`."""
    return _day_of_hour(now_ms // 3_600_000)


def of_device(device_id: int, at_ms: int, traffic: str, segments: int) -> tuple[Counted, Counted]:
    """What is counted for a device in the month and on the day of acceptance; segments below zero give back."""
    return ("device", device_id, month_of(at_ms), traffic, segments), ("device", device_id, day_of(at_ms), traffic, segments)


@lru_cache(maxsize=64)
def _month_of_hour(hour: int) -> str:
    return datetime.fromtimestamp(hour * 3600, UTC).strftime("%Y-%m")


@lru_cache(maxsize=64)
def _day_of_hour(hour: int) -> str:
    return datetime.fromtimestamp(hour * 3600, UTC).strftime("%Y-%m-%d")


def add(tx: Transaction, counted: Sequence[Counted]) -> None:
    """Count; units below zero give back."""
    tx.apply(Q["add"], _summed(counted))


def hold(tx: Transaction, keys: Iterable[Key]) -> dict[Key, UsageCounter]:
    """Lock counters, made where they are missing, and read them; nobody else counts on them until the transaction ends."""
    return {row.key: row for row in tx.many(Q["hold"], sorted(set(keys)), UsageCounter)}


def peek(tx: Transaction, keys: Iterable[Key]) -> dict[Key, UsageCounter]:
    """Read counters; those on which nothing was counted are absent."""
    return {row.key: row for row in tx.many(Q["peek"], sorted(set(keys)), UsageCounter)}


def tell(tx: Transaction, keys: Iterable[Key]) -> None:
    """Note that it was said of counters that their limit is reached."""
    tx.apply(Q["tell"], sorted(keys))


def put(tx: Transaction, key: Key, used: int) -> None:
    """Have a counter stand at `used`."""
    scope, scope_id, period, traffic = key
    tx.run(Q["set"], scope=scope, scope_id=scope_id, period=period, traffic=traffic, used=used)


def give_back(tx: Transaction, counted: Sequence[Counted]) -> None:
    """Take units from counters that are there; the others are not missed."""
    tx.apply(Q["give_back"], sorted(_summed(counted)))


def of_a_device(tx: Transaction, device_id: int, first: str, last: str) -> list[Used]:
    """What a device used in each period from `first` to `last` (two days, or two months) in which it used something."""
    return [Used(*row) for row in tx.run(Q["of_a_device"], device_id=device_id, first=first, last=last, length=len(first))]


def of_an_organisation(
    tx: Transaction, organisation_id: int, first: str, last: str, after: int, size: int
) -> tuple[list[Used], int | None]:
    """The same of the next `size` devices of an organisation (0: of all), those that were deleted since too; and behind which device the
    next look begins, None at the end."""
    row = tx.one(Q["last_device"], organisation_id=organisation_id, after=after, passed=size - 1)
    found = tx.run(
        Q["of_an_organisation"], organisation_id=organisation_id, first=first, last=last, length=len(first), after=after, size=size
    )  # fmt: skip
    return [Used(*each) for each in found], int(row[0]) if row else None


def counted_since(tx: Transaction, device_id: int, from_ms: int) -> list[CountedMessage]:
    """The messages of a device that were accepted from `from_ms` on and are counted, of its latest 5000."""
    return [CountedMessage(*row) for row in tx.run(Q["counted_since"], device_id=device_id, from_ms=from_ms)]


def _summed(counted: Sequence[Counted]) -> list[Counted]:
    """One for each counter."""
    sums: dict[Key, int] = {}
    for scope, scope_id, period, traffic, units in counted:
        key = scope, scope_id, period, traffic
        sums[key] = sums.get(key, 0) + units
    return [(*key, units) for key, units in sums.items()]
