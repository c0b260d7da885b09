"""Limits of one process: per key, per window, bounded in memory."""

import pytest

from heliograph.service import limit
from heliograph.service.limit import Limit, TooMany
from tests.manual_clock import TestClock


async def test_a_key_has_so_many_in_its_window_and_then_the_next(clock: TestClock) -> None:
    limited = Limit(clock, 2, 300)
    limited.take("a")
    await clock.advance(200)
    limited.take("a")
    with pytest.raises(TooMany) as refused:
        limited.take("a")
    assert refused.value.retry_after_s == 100
    limited.take("b")
    await clock.advance(100)
    limited.take("a")


def test_none_is_no_limit(clock: TestClock) -> None:
    limited = Limit(clock, 0, 300)
    for _ in range(1000):
        limited.take("a")


def test_the_oldest_window_is_forgotten_where_too_many_keys_come(clock: TestClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limit, "MOST_KEYS", 3)
    limited = Limit(clock, 1, 300)
    for key in "abcd":
        limited.take(key)
    assert list(limited._windows) == ["b", "c", "d"]
    with pytest.raises(TooMany):
        limited.take("d")
