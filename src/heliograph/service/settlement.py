"""What came of tries: kept with each, and what it makes of the delivery and of the webhook. Serialised by the notification, then by the
webhook's row, which is only touched where something failed or had failed before."""

from collections.abc import Sequence

import msgspec

from heliograph.model import webhook_health
from heliograph.model.ids import NodeId
from heliograph.model.notification import Answered, NotificationState, next_try_at_account_ms, next_try_ms
from heliograph.model.webhook_health import Health
from heliograph.service import fault
from heliograph.service.webhooks import Webhooks
from heliograph.store import notification as store
from heliograph.store import webhook as webhook_store
from heliograph.store.feed import Emitted
from heliograph.store.notification import Claimed, Locked, Settled
from heliograph.store.transaction import Transaction
from heliograph.store.webhook import Outage, Webhook

DELETED = Answered(None, 0, error="the webhook was deleted")
TEST = "webhook.test"
REACHABLE_MOST_MS = 76 * 3_600_000
"""A delivery is given up when it is so old, without the time in which its webhook could not be reached."""
ANSWER_MOST = 16_384
_encode = msgspec.json.Encoder().encode


class Settlement(msgspec.Struct, frozen=True):
    """What came of one try."""

    node_id: NodeId
    webhooks: Webhooks
    claimed: Claimed
    at_ms: int
    answered: Answered
    now_ms: int
    jitter: float


def settle(tx: Transaction, items: Sequence[Settlement]) -> list[int | None]:
    """The batch use case: delivered, due again (then its time is answered), or given up. A try whose claim was lost changes nothing; what
    was given back untried is due at once, for whoever has room."""
    locked = store.lock(tx, [item.claimed.id for item in items])
    rows: list[Settled] = []
    attempts: list[list[int | str | None]] = []
    answers: list[int | None] = []
    untried: list[int] = []
    patients = _Patients(tx, items)
    for item in items:
        row = locked.get(item.claimed.id)
        if row is None or row.claimed_by != item.node_id or row.tries != item.claimed.tries or row.state != NotificationState.WAITING:
            answers.append(None)
            continue
        if not item.answered.is_tried:
            untried.append(row.id)
            answers.append(item.now_ms)
            continue
        patients.answered(item)
        due_ms = None if item.answered.is_success else _next(tx, item, row, patients.webhook(row.callback_id))
        rows.append(_settled(item, row, due_ms))
        attempts.append(_attempt(item, row.tries + 1))
        answers.append(due_ms)
    store.settle(tx, rows, attempts)
    store.give_back(tx, untried, items[0].now_ms)
    patients.write()
    fault.point("notify.before_commit")
    return answers


class _Patients:
    """The webhooks of a batch that fail, or did before."""

    def __init__(self, tx: Transaction, items: Sequence[Settlement]) -> None:
        self._tx = tx
        self._webhooks = items[0].webhooks
        concerned = {item.claimed.callback_id for item in items if item.claimed.account is None and self._concerns(item)}
        self._locked = webhook_store.lock(tx, concerned) if concerned else {}
        self._changed: dict[int, Webhook] = {}
        self._outages: list[Outage] = []

    def webhook(self, callback_id: int) -> Webhook | None:
        return self._locked.get(callback_id)

    def answered(self, item: Settlement) -> None:
        """Note an answer. A test says something about the webhook only where it succeeds."""
        webhook = self._locked.get(item.claimed.callback_id)
        if webhook is None or (item.claimed.type == TEST and not item.answered.is_success):
            return
        before = _health_of(webhook)
        after = webhook_health.after(before, item.answered, item.now_ms)
        if after == before:
            return
        if before.degraded_at_ms is not None and after.degraded_at_ms is None:
            self._outages.append(Outage(webhook.id, before.degraded_at_ms, item.now_ms))
        for name in Health.__struct_fields__:
            setattr(webhook, name, getattr(after, name))
        self._changed[webhook.id] = webhook
        if before.disabled_at_ms is None and after.disabled_at_ms is not None:
            self._disable(webhook, item.now_ms)

    def write(self) -> None:
        webhook_store.note_outages(self._tx, self._outages)
        webhook_store.update(self._tx, list(self._changed.values()))
        for webhook in self._changed.values():
            self._tx.after_commit(self._webhooks.put, webhook)

    def _concerns(self, item: Settlement) -> bool:
        if not item.answered.is_success:
            return item.answered.is_tried and item.answered is not DELETED and not item.answered.is_refused
        known = self._webhooks.get(item.claimed.callback_id)
        return known is not None and known.failures > 0

    def _disable(self, webhook: Webhook, now_ms: int) -> None:
        """Tell its owners. A hook of a no-code tool is removed, as those expect of a 410."""
        if webhook.kind is not None and webhook.disabled_reason == webhook_health.GONE:
            webhook.deleted_at_ms = now_ms
        told = {"webhook": {"id": webhook.id, "url": webhook.url}, "reason": webhook.disabled_reason}
        self._tx.emit(Emitted(webhook.organisation_id, "webhook.disabled", now_ms, detail=_encode(told).decode()))


def _health_of(webhook: Webhook) -> Health:
    return Health(**{name: getattr(webhook, name) for name in Health.__struct_fields__})


def _next(tx: Transaction, item: Settlement, row: Locked, webhook: Webhook | None) -> int | None:
    """When it is tried again; None: it is given up."""
    if item.answered is DELETED or item.claimed.type == TEST:
        return None
    if item.claimed.account is not None:
        return next_try_at_account_ms(row.tries + 1, row.since_ms, item.now_ms, item.answered, item.jitter)
    age_ms = item.now_ms - row.since_ms
    if age_ms >= REACHABLE_MOST_MS and webhook is not None:
        since_ms = webhook.degraded_at_ms
        outage_ms = 0 if since_ms is None else item.now_ms - max(since_ms, row.since_ms)
        if age_ms - outage_ms - webhook_store.outage_ms(tx, webhook.id, row.since_ms) >= REACHABLE_MOST_MS:
            return None
    return next_try_ms(row.tries + 1 - row.tries_before, item.now_ms, item.answered, item.jitter)


def _settled(item: Settlement, row: Locked, due_ms: int | None) -> Settled:
    is_success = item.answered.is_success
    state = NotificationState.DELIVERED if is_success else NotificationState.WAITING if due_ms else NotificationState.GIVEN_UP
    return Settled(row.id, int(state), row.tries + 1, due_ms, None if due_ms else item.now_ms, None if is_success else item.now_ms)


def _attempt(item: Settlement, number: int) -> list[int | str | None]:
    answered = item.answered
    answer = answered.answer[:ANSWER_MOST].replace("\0", "\ufffd") if answered.answer else None
    return [item.claimed.id, number, item.at_ms, answered.duration_ms, answered.status, answered.address, answered.error, answer]
