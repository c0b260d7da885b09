"""The log of deliveries to webhooks: what was sent when, what was answered, and having it sent again."""

from typing import Final

import msgspec

from heliograph.model.notification import NotificationState
from heliograph.store.query import queries
from heliograph.store.transaction import Transaction

Q = queries("delivery")
NEWEST = 2**62
EVER = 2**62


class Delivered(msgspec.Struct, array_like=True, frozen=True):
    """A delivery with its last try. `message_id` 0: it is about none. `number`: of the event that it tells, where the feed told it.
    `device_name` None: it is about no device, or about one that is gone or has no name."""

    id: int
    organisation_id: int
    webhook_id: int
    type: str
    message_id: int
    device_id: int | None
    number: int | None
    method: str
    state: int
    tries: int
    due_at_ms: int | None
    created_at_ms: int
    final_at_ms: int | None
    failed_at_ms: int | None
    at_ms: int | None
    status: int | None
    error: str | None
    duration_ms: int | None
    device_name: str | None
    body: str = ""

    @property
    def word(self) -> str:
        """Its status: waiting (not tried yet), retrying, delivered or failed."""
        if self.state == NotificationState.WAITING:
            return "waiting" if self.failed_at_ms is None else "retrying"
        return "delivered" if self.state == NotificationState.DELIVERED else "failed"


class Attempt(msgspec.Struct, array_like=True, frozen=True):
    """One try. `status` None: there was no answer. `error`: why it failed, in plain words."""

    number: int
    at_ms: int
    duration_ms: int
    status: int | None
    address: str | None
    error: str | None
    answer: str | None


class DeliveryFilter(msgspec.Struct, frozen=True, kw_only=True):
    """`state`: 0 for any. `is_failed`: only what failed, finally or so far. `type`: '' for any. `device_id`: 0 for any."""

    state: int = 0
    is_failed: bool = False
    type: str = ""
    device_id: int = 0
    from_ms: int = 0
    until_ms: int = EVER


OF_WORD: Final = {
    "waiting": DeliveryFilter(state=NotificationState.WAITING),
    "retrying": DeliveryFilter(state=NotificationState.WAITING, is_failed=True),
    "delivered": DeliveryFilter(state=NotificationState.DELIVERED),
    "failed": DeliveryFilter(state=NotificationState.GIVEN_UP, is_failed=True),
}
"""What is asked for with each word."""


def step(tx: Transaction, webhook_id: int, wanted: DeliveryFilter, before: int, most: int, size: int) -> tuple[list[Delivered], int | None]:
    """What was or is to be delivered to a webhook, newest first, of the `size` deliveries below an id; and below which id the next look
    begins, None at the end."""
    kind = "failed" if wanted.is_failed else "all"
    last = tx.one(Q[f"last_of_{kind}"], webhook_id=webhook_id, before=before, passed=size - 1)
    down_to = int(last[0]) if last else 0
    found = tx.run(
        Q[kind], webhook_id=webhook_id, before=before, down_to=down_to, most=most, state=wanted.state, device_id=wanted.device_id,
        type=wanted.type, from_ms=wanted.from_ms, until_ms=wanted.until_ms,
    )  # fmt: skip
    return [Delivered(*row) for row in found], down_to or None


def one(tx: Transaction, organisation_id: int, delivery_id: int) -> Delivered | None:
    """One delivery of an organisation (0: of any) with its body, or None."""
    row = tx.one(Q["one"], id=delivery_id, organisation_id=organisation_id)
    return Delivered(*row) if row else None


def attempts(tx: Transaction, delivery_id: int) -> list[Attempt]:
    """Its tries, oldest first."""
    return [Attempt(*row) for row in tx.run(Q["attempts"], id=delivery_id)]


def insert_asked(tx: Transaction, organisation_id: int, webhook_id: int, kind: str, method: str, body: str, now_ms: int) -> int:
    """A delivery that somebody asked for: it goes before all others, signed as the webhook's policy says."""
    delivery_id = tx.ids("notification")[0]
    tx.run(
        Q["insert_asked"], id=delivery_id, organisation_id=organisation_id, webhook_id=webhook_id, type=kind, method=method, body=body,
        now=now_ms,
    )  # fmt: skip
    return delivery_id


def resend(tx: Transaction, delivery_id: int, now_ms: int) -> bool:
    """Have it delivered once more, before all others; False where it is on its way now, or its body is no more."""
    return bool(tx.run(Q["resend"], id=delivery_id, now=now_ms))


def replay(tx: Transaction, webhook_id: int, since_ms: int, after: int, now_ms: int, most: int) -> list[int]:
    """Have what was given up, and made since a time, delivered again: the next such above an id."""
    return [int(row[0]) for row in tx.run(Q["replay"], webhook_id=webhook_id, since=since_ms, after=after, now=now_ms, most=most)]


def missed(tx: Transaction, webhook_id: int, since_ms: int, most: int) -> int:
    """How much was given up and could be delivered again, counted up to `most`."""
    return int(tx.run(Q["missed"], webhook_id=webhook_id, since=since_ms, most=most)[0][0])


def waiting(tx: Transaction, webhook_id: int, most: int) -> int:
    """How much waits for a try, counted up to `most`."""
    return int(tx.run(Q["waiting"], webhook_id=webhook_id, most=most)[0][0])
