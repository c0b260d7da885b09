"""When a message may first be sent, and until when it is tried (rules: States)."""

from heliograph.model.message import DEFAULT_VALIDITY_MS, MAX_VALIDITY_MS, MIN_VALIDITY_MS
from heliograph.model.problem import Code, Problem

MOST_AHEAD_MS = 366 * 86_400_000


def start(scheduled_at_ms: int | None, now_ms: int) -> int:
    """From when on a message may be sent. Raises Problem for a time in the past, or more than a year ahead."""
    if scheduled_at_ms is None:
        return now_ms
    if scheduled_at_ms <= now_ms:
        text = "scheduled_at is in the past: give a time to come, or leave it out to send at once"
        raise Problem(Code.INVALID, text, field="scheduled_at")
    if scheduled_at_ms > now_ms + MOST_AHEAD_MS:
        raise Problem(Code.INVALID, "scheduled_at is more than 366 days ahead: give an earlier time", field="scheduled_at")
    return scheduled_at_ms


def validity(asked_ms: int | None, start_ms: int) -> tuple[int, str | None]:
    """When a message that may be sent from `start_ms` on expires, and what was changed of what was asked: 24 h if left open, 1 min to
    7 days. Raises Problem for what lies before."""
    if asked_ms is None:
        return start_ms + DEFAULT_VALIDITY_MS, None
    if asked_ms <= start_ms:
        text = "expiry_date is in the past, or before scheduled_at: give a time from one minute to 7 days from now, or from scheduled_at"
        raise Problem(Code.INVALID, text, field="expiry_date")
    if asked_ms > start_ms + MAX_VALIDITY_MS:
        return start_ms + MAX_VALIDITY_MS, "expiry_date was more than 7 days ahead and was shortened to 7 days"
    if asked_ms < start_ms + MIN_VALIDITY_MS:
        return start_ms + MIN_VALIDITY_MS, "expiry_date was less than a minute ahead and was moved to one minute"
    return asked_ms, None
