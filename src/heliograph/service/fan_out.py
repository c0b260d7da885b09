"""Events become deliveries to the webhooks that want them: read from the feed, behind the number up to which it was done.

Theory of operation. Each organisation that has such webhooks has a cursor. One transaction locks it, reads the next events, writes the
deliveries and moves it: so every event becomes one delivery to each webhook that wants it, whatever process dies when, and the transaction
that changed a message has no part in it. Whoever comes first does it; another process passes over what is locked. A commit of this process
that brought events wakes the loop; what others commit is found within a second.

A webhook of the format emnify that a policy names is not told here: the transaction that changes a message writes its delivery (`Ledger`).
"""

import asyncio
from collections.abc import Iterator, Sequence

from heliograph import log
from heliograph.clock import Clock
from heliograph.model import webhook_body
from heliograph.model.account import Door
from heliograph.model.ids import NodeId
from heliograph.model.message import Direction, State, TrafficClass
from heliograph.model.webhook import Format, ScopeType
from heliograph.service import event_body, report
from heliograph.service.notify import Notifier
from heliograph.service.report import Report
from heliograph.service.webhooks import is_told_by_feed
from heliograph.store import feed
from heliograph.store import webhook as store
from heliograph.store.database import Database, DatabaseLost
from heliograph.store.feed import FeedEvent
from heliograph.store.transaction import Transaction
from heliograph.store.webhook import Webhook

POLL_S = 1.0
GAP_S = 0.01
PAGE = 500
FINAL = {"sms.delivered": State.DELIVERED, "sms.failed": State.FAILED, "sms.expired": State.EXPIRED, "sms.canceled": State.CANCELED}

_log = log.get("webhooks")


class FanOut:
    """The loop of one process. Used on the event loop."""

    def __init__(self, database: Database, clock: Clock, node_id: NodeId, notifier: Notifier) -> None:
        self._database = database
        self._clock = clock
        self._node_id = node_id
        self._notifier = notifier
        self._wake = asyncio.Event()
        database.watch_events(self._heard)

    async def run(self) -> None:
        """Turn events into deliveries, without end."""
        while True:
            self._wake.clear()
            try:
                await self.catch_up()
            except DatabaseLost as lost:
                _log.warning("the database does not answer, events wait", error=str(lost))
            if await self._clock.wait(self._wake, POLL_S):
                await self._clock.sleep_until(self._clock.monotonic() + GAP_S)

    async def catch_up(self) -> None:
        """Do what is to be done now."""
        for organisation_id in await self._database.read(store.behind):
            while await self._database.write(fan_out, self._notifier, self._node_id, organisation_id, self._clock.now_ms()) == PAGE:
                continue

    def _heard(self) -> None:
        if self._notifier.webhooks.by_feed:
            self._wake.set()


def fan_out(tx: Transaction, notifier: Notifier, node_id: NodeId, organisation_id: int, now_ms: int) -> int:
    """Write the deliveries of the next events of an organisation; how many events there were."""
    cursor = store.lock_cursor(tx, organisation_id)
    if cursor is None:
        return 0
    webhooks = [each for each in store.of_organisation(tx, organisation_id) if is_told_by_feed(each)]
    if not webhooks:
        store.end_cursor(tx, organisation_id)
        return 0
    events = feed.page(tx, organisation_id, cursor, PAGE)
    audience = _Audience(webhooks)
    reports = [_report(webhook, event) for event in events for webhook in audience.of(event) if wants(webhook, event)]
    told = {each.callback_id for each in reports}
    for webhook in webhooks:
        if webhook.id in told:  # as it is now: its secret may have been replaced since the last look
            tx.after_commit(notifier.webhooks.put, webhook)
    report.write(tx, notifier, node_id, reports, now_ms)
    if events:
        store.move_cursor(tx, organisation_id, events[-1].number)
    return len(events)


class _Audience:
    """Who may want an event, found by its type and its device: an organisation may have a webhook for each of its devices."""

    def __init__(self, webhooks: Sequence[Webhook]) -> None:
        self._webhooks = webhooks
        self._of_type: dict[str, tuple[dict[int, list[Webhook]], list[Webhook]]] = {}

    def of(self, event: FeedEvent) -> Iterator[Webhook]:
        of_devices, others = self._of_type.get(event.type) or self._sorted(event.type)
        yield from others
        if event.device_id is not None:
            yield from of_devices.get(event.device_id, ())

    def _sorted(self, kind: str) -> tuple[dict[int, list[Webhook]], list[Webhook]]:
        of_devices: dict[int, list[Webhook]] = {}
        others: list[Webhook] = []
        for webhook in self._webhooks:
            how = webhook.how
            if not how.wants(kind):
                continue
            if how.scope.type is not ScopeType.DEVICES:
                others.append(webhook)
            for device_id in how.scope.device_ids:
                of_devices.setdefault(device_id, []).append(webhook)
        self._of_type[kind] = of_devices, others
        return of_devices, others


def wants(webhook: Webhook, event: FeedEvent) -> bool:
    """Whether the webhook is told of the event: its type, and whose it is. emnify's format knows what passes between a device and its
    application, and of receipts those of what REST, portal and Zapier sent; a policy's webhook is told of the same SMS."""
    how = webhook.how
    if not how.wants(event.type) or not _is_in_scope(webhook, event):
        return False
    if how.format is Format.NATIVE and how.scope.type is not ScopeType.POLICY:
        return True
    if event.type == "sms.received":
        return event.traffic_class == TrafficClass.A2P_MO
    return event.type not in FINAL or (event.direction == Direction.MT and event.door is not None and Door(event.door).wants_patch)


def _is_in_scope(webhook: Webhook, event: FeedEvent) -> bool:
    scope = webhook.how.scope
    match scope.type:
        case ScopeType.ORGANISATION:
            return True
        case ScopeType.POLICY:
            return webhook.id == (event.policy_callback_id if event.message_id is None else event.callback_id)
        case ScopeType.DEVICES:
            return event.device_id in scope.device_ids
        case ScopeType.TAGS:
            return bool(set(scope.tags) & set(_names(event.tags)))


def _names(tags: str | None) -> Sequence[str]:
    return [] if not tags else [each.strip() for each in tags.split(",")]


def _report(webhook: Webhook, event: FeedEvent) -> Report:
    how = webhook.how
    is_native = how.format is Format.NATIVE
    return Report(
        organisation_id=event.organisation_id,
        callback_id=webhook.id,
        message_id=event.message_id or 0,
        device_id=event.device_id,
        number=event.number,
        type=event.type,
        method="POST" if is_native or event.type == "sms.received" else how.receipt_method,
        body=event_body.json_of(event).decode() if is_native else _as_emnify(event),
    )


def _as_emnify(event: FeedEvent) -> str:
    if event.type == "sms.received":
        return webhook_body.inbound(
            message_id=event.message_id or 0, organisation_id=event.organisation_id, device_id=event.device_id,
            device_name=event.device_name, source=event.source or "", dest=event.dest or "", payload=event.payload or "",
            dcs=event.dcs or 0, pid=event.pid or 0, submitted_at_ms=event.submitted_at_ms or event.at_ms,
        )  # fmt: skip
    return webhook_body.receipt(
        message_id=event.message_id or 0,
        organisation_id=event.organisation_id,
        device_id=event.device_id,
        device_name=event.device_name,
        state=FINAL[event.type],
        submitted_at_ms=event.submitted_at_ms or event.at_ms,
        final_at_ms=event.at_ms,
    )
