"""SMS quotas: volume, expiry, threshold, refill at midnight UTC (contract 5.8)."""

from heliograph.model.quota import DAY_MS, Quota, QuotaStatus, Told, given

MIDNIGHT = 20_000 * DAY_MS
NOON = MIDNIGHT + DAY_MS // 2


def daily(volume: int = 10, *, days: int = 3, auto_refill: bool = True) -> Quota:
    return given(None, volume=volume, expiry_at_ms=MIDNIGHT + days * DAY_MS, threshold_percentage=20, auto_refill=auto_refill, now_ms=NOON)


def test_a_quota_is_active_until_it_is_used_up_or_expires() -> None:
    quota = daily()
    assert quota.status(NOON) is QuotaStatus.ACTIVE
    assert quota.charged(10, NOON + 5).status(NOON + 5) is QuotaStatus.EXHAUSTED
    assert quota.charged(10, NOON + 5).status_changed_at_ms == NOON + 5
    assert quota.charged(9, NOON + 5).status_changed_at_ms == NOON
    assert quota.status(quota.expiry_at_ms - 1) is QuotaStatus.ACTIVE
    assert quota.status(quota.expiry_at_ms) is QuotaStatus.EXPIRED


def test_it_is_filled_up_again_at_each_midnight_until_it_expires() -> None:
    used_up = daily().charged(10, NOON)
    assert used_up.at(MIDNIGHT + DAY_MS - 1) is used_up
    filled = used_up.at(MIDNIGHT + DAY_MS)
    assert (filled.volume, filled.since_ms, filled.status_changed_at_ms) == (10, MIDNIGHT + DAY_MS, MIDNIGHT + DAY_MS)
    assert used_up.at(MIDNIGHT + 2 * DAY_MS + 5).since_ms == MIDNIGHT + 2 * DAY_MS
    after_its_end = used_up.at(MIDNIGHT + 9 * DAY_MS)
    assert after_its_end.status(MIDNIGHT + 9 * DAY_MS) is QuotaStatus.EXPIRED
    assert daily(days=1).charged(10, NOON).at(MIDNIGHT + DAY_MS).volume == 0, "it expired at that midnight"


def test_a_refill_brings_back_no_more_than_what_was_given_and_takes_nothing_away() -> None:
    assert daily().charged(3, NOON).at(MIDNIGHT + DAY_MS).volume == 10
    assert daily(auto_refill=False).charged(3, NOON).at(MIDNIGHT + DAY_MS).volume == 7


def test_the_threshold_is_of_what_was_last_added_and_is_told_before_the_end() -> None:
    quota = daily()
    assert quota.threshold_volume == 2
    assert [quota.charged(segments, NOON).news() for segments in (7, 8, 10)] == [Told.NOTHING, Told.THRESHOLD, Told.EXHAUSTED]


def test_a_volume_above_what_is_left_is_a_top_up_by_the_difference() -> None:
    left = daily(100, auto_refill=False).charged(60, NOON)
    more = given(left, volume=140, expiry_at_ms=left.expiry_at_ms, threshold_percentage=20, auto_refill=False, now_ms=NOON + 1)
    assert (more.volume, more.last_volume_added) == (140, 100)
    less = given(left, volume=10, expiry_at_ms=left.expiry_at_ms, threshold_percentage=20, auto_refill=False, now_ms=NOON + 1)
    assert (less.volume, less.last_volume_added) == (10, 10)
    each_day = given(left, volume=50, expiry_at_ms=left.expiry_at_ms, threshold_percentage=20, auto_refill=True, now_ms=NOON + 1)
    assert (each_day.volume, each_day.last_volume_added) == (50, 50)
    anew = given(left, volume=50, expiry_at_ms=MIDNIGHT + 9 * DAY_MS, threshold_percentage=20, auto_refill=False, now_ms=left.expiry_at_ms)
    assert anew.last_volume_added == 50, "what has expired is not left"
