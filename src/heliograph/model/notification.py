"""A delivery to an application: what is sent to a webhook or to a bound SMPP account, and what the answers mean (design: webhooks)."""

from collections.abc import Callable, Collection
from enum import IntEnum
from typing import Protocol

import msgspec

from heliograph.model.ids import NotificationId

SECOND = 1000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
SCHEDULE_MS = (0, 5 * SECOND, 1 * MINUTE, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR)
TRIES = len(SCHEDULE_MS)
JITTER = 0.1
RETRY_AFTER_MOST_MS = 24 * HOUR

ACCOUNT_SCHEDULE_MS = (5 * SECOND, 30 * SECOND, 2 * MINUTE, 10 * MINUTE, HOUR)
"""Between the tries at an SMPP account that refuses for now; the last again and again."""
ACCOUNT_KEPT_MS = 7 * 24 * HOUR


class NotificationState(IntEnum):
    WAITING = 1
    DELIVERED = 2
    GIVEN_UP = 3


class Delivery(msgspec.Struct, frozen=True):
    """One try of one notification, as a courier gets it. `body`: JSON text. `secret`: what signs it, or None; `previous_secret`: signs it
    too. `has_token`: emnify's bearer token goes with it. `headers`: whole lines, beside ours. `ca`: PEM of what is trusted instead of the
    system's list."""

    notification_id: NotificationId
    message_id: int
    number: int
    url: str
    method: str
    secret: str | None
    body: str
    created_at_ms: int
    previous_secret: str | None = None
    has_token: bool = True
    headers: tuple[str, ...] = ()
    ca: str | None = None


class AccountDelivery(msgspec.Struct, frozen=True):
    """One try of one notification to an SMPP account. `body`: JSON text, of the type that the courier knows."""

    notification_id: NotificationId
    message_id: int
    number: int
    account: str
    type: str
    body: str
    created_at_ms: int


class Answered(msgspec.Struct, frozen=True):
    """What came of a try. `is_tried` False: it was given back without one. `status` None: no answer. `error`: why it failed, in words.
    `answer`: the start of the body, at most 16 kB. `is_taken`: where the status is SMPP's, whether the application has it; None: by the
    status of HTTP. `is_refused`: it never will."""

    status: int | None
    duration_ms: int
    error: str | None = None
    address: str | None = None
    answer: str | None = None
    retry_after_ms: int | None = None
    is_tried: bool = True
    is_taken: bool | None = None
    is_refused: bool = False

    @property
    def is_success(self) -> bool:
        if self.is_taken is not None:
            return self.is_taken
        return self.status is not None and 200 <= self.status < 300

    @property
    def is_gone(self) -> bool:
        """The receiver says that it wants nothing more, ever."""
        return self.status == 410


class Courier(Protocol):
    """Our leg toward the webhooks of applications. `deliver` never blocks; `done` is called once, on the event loop, not from inside
    `deliver`."""

    def deliver(self, delivery: Delivery, done: Callable[[Answered], None]) -> None: ...

    async def stop(self, grace_s: float) -> None: ...


class AccountCourier(Protocol):
    """Our leg toward applications that are bound here. `deliver` as above; what it cannot try, since the session is gone, it gives back
    (`is_tried` False). `room`: how many more deliveries an account may be given now, 0 for one that no session is bound for; asked by
    the writer's thread too, so it only looks."""

    def accounts(self) -> Collection[str]:
        """The accounts that a session is bound for here, by which we may deliver."""

    def room(self, account: str) -> int: ...

    def deliver(self, delivery: AccountDelivery, done: Callable[[Answered], None]) -> None: ...

    async def stop(self, grace_s: float) -> None: ...


def next_try_at_account_ms(tries: int, created_at_ms: int, now_ms: int, answered: Answered, jitter: float) -> int | None:
    """When an account is tried again after `tries` tries, None when it refused for good or the 7 days are over."""
    wait = int(ACCOUNT_SCHEDULE_MS[min(tries, len(ACCOUNT_SCHEDULE_MS)) - 1] * (1 + JITTER * jitter))
    is_over = answered.is_refused or now_ms + wait >= created_at_ms + ACCOUNT_KEPT_MS
    return None if is_over else now_ms + wait


def next_try_ms(tries: int, now_ms: int, answered: Answered, jitter: float) -> int | None:
    """When the try after `tries` tries comes, None when that was the last. `jitter`: -1 to 1, spreads it by 10 %."""
    if tries >= TRIES or answered.is_gone or answered.is_refused:
        return None
    wait = int(SCHEDULE_MS[tries] * (1 + JITTER * jitter))
    if answered.retry_after_ms is not None:
        wait = max(wait, min(answered.retry_after_ms, RETRY_AFTER_MOST_MS))
    return now_ms + wait
