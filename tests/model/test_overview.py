"""Figures of a range of time: percentiles from buckets, rates, and spans of hours."""

import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.model.overview import RANGES, Figures, bucket_of, change, figures, percentile


@given(st.integers(0, 10**9))
def test_the_middle_of_a_bucket_is_within_nine_percent_of_all_in_it(delay_ms: int) -> None:
    found = percentile({bucket_of(delay_ms): 1}, 0.5)
    assert found is not None
    assert abs(found - delay_ms) <= 0.0906 * delay_ms + 0.5


@given(st.lists(st.integers(0, 10**7), min_size=1), st.sampled_from([0.5, 0.95]))
def test_a_percentile_is_that_of_the_sorted_delays(delays: list[int], share: float) -> None:
    exact = sorted(delays)[math.ceil(len(delays) * share) - 1]
    assert percentile(Counter(map(bucket_of, delays)), share) == percentile({bucket_of(exact): 1}, share)


def test_the_median_of_three_is_the_one_in_the_middle() -> None:
    assert percentile({bucket_of(10): 1, bucket_of(1000): 1, bucket_of(100_000): 1}, 0.5) == pytest.approx(1000, rel=0.09)


def test_nothing_delivered_has_no_median_and_nothing_ended_no_rate() -> None:
    assert percentile({}, 0.5) is None
    assert figures({}, {}) == Figures()
    assert Figures(sent=5, canceled=2).delivery_rate is None
    assert Figures(delivered=3, failed=1, expired=0, canceled=9, refused=9).delivery_rate == 0.75


def test_a_change_from_nothing_says_nothing() -> None:
    assert change(5, 0) is None
    assert change(None, 5) is None
    assert change(6, 4) == 0.5
    assert change(0, 4) == -1


@pytest.mark.parametrize("name", RANGES)
@pytest.mark.parametrize("now_ms", [1_728_000_000_000, 1_728_012_345_678])
def test_points_follow_each_other_the_last_one_runs_and_days_begin_at_midnight(name: str, now_ms: int) -> None:
    shape = RANGES[name]
    last = shape.last(now_ms)
    assert shape.begin_ms(last) <= now_ms < shape.begin_ms(last + 1)
    assert shape.begin_ms(last + 1) - shape.begin_ms(last) == shape.hours * 3_600_000
    assert shape.begin_ms(last) % (shape.hours * 3_600_000) == 0
