"""When a message is tried again (rules: Links, the ladder). All times in milliseconds."""

from heliograph.model.link import ErrorClass

SECOND = 1000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE

ABSENT_FIRST = 20 * SECOND
ABSENT_SECOND = 5 * MINUTE
ABSENT_MOST = 4 * HOUR
TEMPORARY = (30 * SECOND, 2 * MINUTE, 10 * MINUTE)
THROTTLE_PAUSE = 1 * SECOND
LINK_PAUSE = 5 * SECOND
FAULT_PAUSE = 30 * SECOND
LAST_TRY_BEFORE_EXPIRY = 1 * MINUTE
WAKE_GAP = 20 * SECOND
UNKNOWN_WAIT = 120 * SECOND

PACING = {ErrorClass.THROTTLE: THROTTLE_PAUSE, ErrorClass.LINK: LINK_PAUSE, ErrorClass.FAULT: FAULT_PAUSE}


def pause(error_class: ErrorClass, step: int) -> int:
    """How long to wait after the failure number `step` (from 0) of its kind: absent 20 s, 5 min, doubled to 4 h; busy the same from
    5 min; other temporary errors 30 s, 2 min, 10 min, then the same; what is the link's own fault a fixed short time."""
    if error_class in PACING:
        return PACING[error_class]
    if error_class is ErrorClass.DEVICE_ABSENT:
        return ABSENT_FIRST if step == 0 else min(ABSENT_SECOND << min(step - 1, 20), ABSENT_MOST)
    if error_class is ErrorClass.DEVICE_BUSY:
        return min(ABSENT_SECOND << min(step, 20), ABSENT_MOST)
    return TEMPORARY[min(step, len(TEMPORARY) - 1)]


def next_try(error_class: ErrorClass, step: int, now_ms: int, expiry_at_ms: int) -> int:
    """When to try again. A try that would come too late is moved to one minute before expiry, once. Within that minute only a pause that
    ends before expiry leads to a try; else the message waits for its expiry."""
    at = now_ms + pause(error_class, step)
    last = expiry_at_ms - LAST_TRY_BEFORE_EXPIRY
    return min(at, last) if last > now_ms else min(at, expiry_at_ms)
