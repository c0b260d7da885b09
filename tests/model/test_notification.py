"""When a webhook is tried again (design: webhooks, the table)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.model.notification import SCHEDULE_MS, TRIES, Answered, next_try_ms

S = 1000
M = 60 * S
H = 60 * M


def test_there_are_11_tries_over_75_hours_and_36_minutes() -> None:
    assert list(SCHEDULE_MS) == [0, 5 * S, M, 5 * M, 30 * M, 2 * H, 5 * H, 10 * H, 14 * H, 20 * H, 24 * H]
    assert TRIES == 11
    assert sum(SCHEDULE_MS) == pytest.approx(75.6 * H, rel=0.001)


@pytest.mark.parametrize("tries", range(1, 11))
def test_a_failure_is_tried_again_after_the_pause_of_the_table(tries: int) -> None:
    assert next_try_ms(tries, 1000, Answered(500, 1), 0) == 1000 + SCHEDULE_MS[tries]


def test_after_the_eleventh_try_there_is_none() -> None:
    assert next_try_ms(11, 0, Answered(500, 1), 0) is None


def test_a_receiver_that_is_gone_is_not_tried_again() -> None:
    assert next_try_ms(1, 0, Answered(410, 1), 0) is None


@given(st.integers(1, 10), st.floats(-1, 1))
def test_the_pause_is_spread_by_at_most_a_tenth(tries: int, jitter: float) -> None:
    due = next_try_ms(tries, 0, Answered(None, 1), jitter)
    assert due is not None
    assert 0.9 * SCHEDULE_MS[tries] - 1 <= due <= 1.1 * SCHEDULE_MS[tries]


def test_retry_after_lengthens_a_pause() -> None:
    assert next_try_ms(1, 0, Answered(503, 1, retry_after_ms=90 * S), 0) == 90 * S


def test_retry_after_never_shortens_a_pause() -> None:
    assert next_try_ms(4, 0, Answered(503, 1, retry_after_ms=S), 0) == 30 * M


def test_retry_after_is_honoured_up_to_a_day() -> None:
    assert next_try_ms(1, 0, Answered(503, 1, retry_after_ms=100 * H), 0) == 24 * H


@pytest.mark.parametrize(
    ("status", "success"), [(200, True), (204, True), (299, True), (199, False), (300, False), (500, False), (None, False)]
)
def test_any_2xx_is_success_and_nothing_else(status: int | None, success: bool) -> None:
    assert Answered(status, 1).is_success is success
