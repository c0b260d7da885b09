"""The ladder and its kin (rules: Links, the ladder)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.model import retry
from heliograph.model.link import ErrorClass

S = 1000
M = 60 * S
H = 60 * M
DAY = 24 * H


def test_an_absent_device_is_tried_after_20_s_then_5_min_then_doubling_to_4_h() -> None:
    pauses = [retry.pause(ErrorClass.DEVICE_ABSENT, step) for step in range(10)]
    assert pauses == [20 * S, 5 * M, 10 * M, 20 * M, 40 * M, 80 * M, 160 * M, 4 * H, 4 * H, 4 * H]


def test_a_busy_device_is_tried_on_the_same_ladder_from_5_min() -> None:
    assert [retry.pause(ErrorClass.DEVICE_BUSY, step) for step in range(8)] == [
        5 * M, 10 * M, 20 * M, 40 * M, 80 * M, 160 * M, 4 * H, 4 * H,
    ]  # fmt: skip


@pytest.mark.parametrize("error_class", [ErrorClass.UNKNOWN, ErrorClass.PERMANENT])
def test_another_temporary_error_is_tried_after_30_s_2_min_10_min_and_then_the_same(error_class: ErrorClass) -> None:
    assert [retry.pause(error_class, step) for step in range(5)] == [30 * S, 2 * M, 10 * M, 10 * M, 10 * M]


@pytest.mark.parametrize("error_class", [ErrorClass.THROTTLE, ErrorClass.LINK, ErrorClass.FAULT])
def test_what_is_the_links_own_fault_has_one_pause_at_every_step(error_class: ErrorClass) -> None:
    pauses = {retry.pause(error_class, step) for step in range(20)}
    assert len(pauses) == 1
    assert pauses.pop() <= 30 * S


@pytest.mark.parametrize("step", [0, 64, 10_000])
def test_no_step_is_too_high_for_the_ladder(step: int) -> None:
    assert retry.pause(ErrorClass.DEVICE_ABSENT, step) <= 4 * H
    assert retry.pause(ErrorClass.DEVICE_BUSY, step) <= 4 * H


def test_a_try_on_the_ladder_that_would_come_too_late_is_made_1_min_before_expiry() -> None:
    assert retry.next_try(ErrorClass.DEVICE_ABSENT, 8, now_ms=0, expiry_at_ms=3 * H) == 3 * H - M


def test_the_last_try_is_made_once_and_then_the_message_waits_for_its_expiry() -> None:
    assert retry.next_try(ErrorClass.DEVICE_ABSENT, 9, now_ms=3 * H - M, expiry_at_ms=3 * H) == 3 * H


def test_a_try_that_falls_on_the_last_one_is_made_then() -> None:
    assert retry.next_try(ErrorClass.DEVICE_ABSENT, 0, now_ms=0, expiry_at_ms=20 * S + M) == 20 * S


@pytest.mark.parametrize(
    ("error_class", "expected"), [(ErrorClass.THROTTLE, S), (ErrorClass.UNKNOWN, 30 * S), (ErrorClass.DEVICE_ABSENT, 20 * S)]
)
def test_a_short_pause_is_kept_in_the_last_minute(error_class: ErrorClass, expected: int) -> None:
    assert retry.next_try(error_class, 0, now_ms=0, expiry_at_ms=M) == expected


def test_other_temporary_errors_have_a_last_try_too() -> None:
    assert retry.next_try(ErrorClass.UNKNOWN, 2, now_ms=0, expiry_at_ms=5 * M) == 4 * M


@given(st.sampled_from(ErrorClass), st.integers(0, 100), st.integers(0, 10 * DAY), st.integers(1, 7 * DAY))
def test_the_next_try_lies_after_now_and_not_after_expiry(error_class: ErrorClass, step: int, now_ms: int, left_ms: int) -> None:
    assert now_ms < retry.next_try(error_class, step, now_ms, now_ms + left_ms) <= now_ms + left_ms


@given(st.integers(1, 7 * DAY))
def test_the_ladder_ends_for_every_validity(validity_ms: int) -> None:
    now, step = 0, 0
    while now < validity_ms:
        now = retry.next_try(ErrorClass.DEVICE_ABSENT, step, now, validity_ms)
        step += 1
    assert step <= 55
