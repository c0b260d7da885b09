"""How a webhook fares: what its answers make of it (design: webhooks, degraded and disabled). Pure; the store keeps what this decides."""

from typing import Final

import msgspec

from heliograph.model.notification import HOUR, MINUTE, SECOND, Answered

DEGRADED_FAILURES: Final = 10
DEGRADED_AFTER_MS: Final = 30 * SECOND
PROBE_MS: Final = 1 * MINUTE
DISABLED_FAILED: Final = 20
DISABLED_AFTER_MS: Final = 5 * 24 * HOUR
GONE: Final = "the receiver answered 410: it wants nothing more"
SILENT: Final = "no delivery succeeded for 5 days"


class Health(msgspec.Struct, frozen=True):
    """`failures`: in a row; `failed`: since the last success, which was before `failing_since_ms`. Degraded: it is called once a minute, by
    a probe not before `probe_at_ms`. Disabled: not at all, until somebody enables it."""

    failures: int = 0
    failed: int = 0
    failing_since_ms: int | None = None
    degraded_at_ms: int | None = None
    probe_at_ms: int | None = None
    disabled_at_ms: int | None = None
    disabled_reason: str | None = None


def after(health: Health, answered: Answered, now_ms: int) -> Health:
    """What one answer makes of it."""
    if answered.is_success:
        return Health(disabled_at_ms=health.disabled_at_ms, disabled_reason=health.disabled_reason)
    since_ms = now_ms if health.failing_since_ms is None else health.failing_since_ms
    failing = msgspec.structs.replace(health, failures=health.failures + 1, failed=health.failed + 1, failing_since_ms=since_ms)
    if health.disabled_at_ms is not None:
        return failing
    if answered.is_gone:
        return msgspec.structs.replace(failing, disabled_at_ms=now_ms, disabled_reason=GONE)
    if failing.failed >= DISABLED_FAILED and now_ms - since_ms >= DISABLED_AFTER_MS:
        return msgspec.structs.replace(failing, disabled_at_ms=now_ms, disabled_reason=SILENT)
    is_due = failing.failures >= DEGRADED_FAILURES and now_ms - since_ms >= DEGRADED_AFTER_MS
    if is_due and health.degraded_at_ms is None:
        return msgspec.structs.replace(failing, degraded_at_ms=now_ms, probe_at_ms=now_ms + PROBE_MS)
    return failing
