"""What was delivered to webhooks: the log, and having one sent again, all that failed, or a test."""

import asyncio
from collections.abc import Sequence
from typing import Protocol

import msgspec

from heliograph.model import webhook_body
from heliograph.model.account import Actor
from heliograph.model.notification import NotificationState
from heliograph.model.problem import Code, Problem
from heliograph.model.webhook import Format
from heliograph.service import audit
from heliograph.service.event_body import EventOrganisation, OtherEvent, stamp
from heliograph.service.manage.scope import Office, changed_by, not_found, seen_by
from heliograph.service.manage.webhook import found
from heliograph.service.settlement import TEST
from heliograph.store import delivery as store
from heliograph.store import webhook as webhook_store
from heliograph.store.delivery import NEWEST, Attempt, Delivered, DeliveryFilter
from heliograph.store.feed import Emitted
from heliograph.store.transaction import Transaction
from heliograph.store.webhook import Webhook

REPLAYED_AT_ONCE = 500
LOOKED_AT = 5_000
"""Deliveries of a log in one read: some 2 ms, however few of them are asked for."""
TEST_WAIT_S = 25.0
LOOK_S = 0.2
REDACTED = "***"
TEST_TEXT = "A test from Heliograph: your webhook is set up."


class DeliveryView(msgspec.Struct, frozen=True):
    """A delivery with its tries, oldest first, and its webhook."""

    delivery: Delivered
    attempts: Sequence[Attempt]
    webhook: Webhook


class Deliverer(Protocol):
    """What delivers in this process. A face beside the daemon has none: the daemon looks within a second by itself."""

    def wake(self) -> None: ...

    def watch(self, delivery_id: int) -> asyncio.Event: ...

    def unwatch(self, delivery_id: int) -> None: ...


class Nobody:
    """In place of one."""

    def wake(self) -> None:
        pass

    def watch(self, delivery_id: int) -> asyncio.Event:
        return asyncio.Event()

    def unwatch(self, delivery_id: int) -> None:
        pass


NOBODY = Nobody()


async def page(
    office: Office, actor: Actor, webhook_id: int, wanted: DeliveryFilter, before: int = NEWEST, most: int = 100
) -> list[Delivered]:  # fmt: skip
    """What was or is to be delivered to a webhook, newest first, below an id. Raises Problem."""
    items: list[Delivered] = []
    following: int | None = before
    while following is not None and len(items) < most:
        some, following = await office.database.read(_step, seen_by(actor), webhook_id, wanted, following, most - len(items))
        items += some
    return items


async def view(office: Office, actor: Actor, delivery_id: int) -> DeliveryView:
    """One. Raises Problem."""
    return await office.database.read(_view, seen_by(actor), delivery_id)


def request_headers(found: DeliveryView) -> dict[str, str]:
    """What goes with a try by the settings of today; the time and what is secret belong to each try and are not kept."""
    delivery, how = found.delivery, found.webhook.how
    headers = {"Content-Type": "application/json", "webhook-id": str(delivery.id), "webhook-timestamp": "the second of the try"}
    if found.webhook.secret is not None or how.is_told_at_once:  # a policy's may be signed with a secret of the policy
        headers["webhook-signature"] = REDACTED
        if how.format is Format.EMNIFY:
            headers["Authorization"] = f"Bearer {REDACTED}"
    return headers | dict.fromkeys(how.headers, REDACTED)


async def resend(office: Office, actor: Actor, delivery_id: int, deliverer: Deliverer = NOBODY) -> DeliveryView:
    """Have one delivered once more, with the same id, whatever the state of its webhook. Raises Problem."""
    shown = await office.database.write(_resend, actor, changed_by(actor), delivery_id, office.clock.now_ms())
    deliverer.wake()
    return shown


async def replay(
    office: Office, actor: Actor, webhook_id: int, since_ms: int, deliverer: Deliverer = NOBODY
) -> int:  # fmt: skip
    """Have all that was given up, and made since a time, delivered again; how much that is. Raises Problem."""
    scope, now_ms = changed_by(actor), office.clock.now_ms()
    replayed, after = 0, 0
    await office.database.read(_must_be_open, scope, webhook_id)
    while ids := await office.database.write(store.replay, webhook_id, since_ms, after, now_ms, REPLAYED_AT_ONCE):
        replayed, after = replayed + len(ids), max(ids)
        deliverer.wake()
    await office.database.write(_note_replay, actor, scope, webhook_id, since_ms, replayed, now_ms)
    return replayed


async def send_test(office: Office, actor: Actor, webhook_id: int, deliverer: Deliverer = NOBODY) -> DeliveryView:
    """Send a test, once, whatever the state of the webhook, and wait for its end; where no daemon runs it is shown waiting. Raises
    Problem."""
    delivery_id = await office.database.write(_test, actor, changed_by(actor), webhook_id, office.clock.now_ms())
    tried = deliverer.watch(delivery_id)
    deliverer.wake()
    until = office.clock.monotonic() + TEST_WAIT_S
    try:
        while True:
            shown = await office.database.read(_view, seen_by(actor), delivery_id)
            if shown.delivery.state != NotificationState.WAITING or office.clock.monotonic() >= until:
                return shown
            await office.clock.wait(tried, LOOK_S)
    finally:
        deliverer.unwatch(delivery_id)


def _step(
    tx: Transaction, scope: int, webhook_id: int, wanted: DeliveryFilter, before: int, most: int
) -> tuple[list[Delivered], int | None]:
    found(tx, scope, webhook_id)
    return store.step(tx, webhook_id, wanted, before, most, LOOKED_AT)


def _view(tx: Transaction, scope: int, delivery_id: int) -> DeliveryView:
    delivery = store.one(tx, scope, delivery_id)
    webhook = None if delivery is None else webhook_store.by_id(tx, delivery.webhook_id)
    if delivery is None or webhook is None:
        raise not_found("Delivery", delivery_id)
    return DeliveryView(delivery, store.attempts(tx, delivery_id), webhook)


def _resend(tx: Transaction, actor: Actor, scope: int, delivery_id: int, now_ms: int) -> DeliveryView:
    shown = _view(tx, scope, delivery_id)
    if shown.webhook.deleted_at_ms is not None:
        raise Problem(Code.NOT_ALLOWED, "the webhook was deleted: there is nowhere to send it")
    if not shown.delivery.body:
        raise Problem(Code.NOT_ALLOWED, "its body was deleted for its age (retention.delivery_payloads_days): it cannot be sent again")
    if not store.resend(tx, delivery_id, now_ms):
        raise Problem(Code.ON_ITS_WAY, "it is being delivered at this moment: wait for its end")
    organisation_id = shown.delivery.organisation_id
    audit.record(tx, actor, "delivery.resent", organisation_id, now_ms, object_id=delivery_id, after={"webhook": shown.webhook.id})
    return _view(tx, scope, delivery_id)


def _must_be_open(tx: Transaction, scope: int, webhook_id: int) -> None:
    if found(tx, scope, webhook_id).disabled_at_ms is not None:
        raise Problem(Code.NOT_ALLOWED, "the webhook is disabled, so nothing is delivered to it: resume it first")


def _note_replay(tx: Transaction, actor: Actor, scope: int, webhook_id: int, since_ms: int, replayed: int, now_ms: int) -> None:
    organisation_id = found(tx, scope, webhook_id).organisation_id
    told = {"since": stamp(since_ms), "deliveries": replayed}
    audit.record(tx, actor, "webhook.replayed", organisation_id, now_ms, object_id=webhook_id, after=told)


def _test(tx: Transaction, actor: Actor, scope: int, webhook_id: int, now_ms: int) -> int:
    webhook = found(tx, scope, webhook_id)
    home = webhook.organisation_id
    told = msgspec.json.encode({"webhook": {"id": webhook.id, "url": webhook.url}}).decode()
    tx.emit(Emitted(home, TEST, now_ms, detail=told))
    audit.record(tx, actor, "webhook.tested", home, now_ms, object_id=webhook_id)
    return store.insert_asked(tx, home, webhook_id, TEST, "POST", _test_body(webhook, now_ms), now_ms)


def _test_body(webhook: Webhook, now_ms: int) -> str:
    """Of the format of the webhook: as an SMS from a device that does not exist, or an event of its own type."""
    home = webhook.organisation_id
    if webhook.how.format is Format.EMNIFY:
        return webhook_body.inbound(
            message_id=0, organisation_id=home, device_id=None, device_name="Test", source="882360000000000", dest="1000",
            payload=TEST_TEXT, dcs=0, pid=0, submitted_at_ms=now_ms,
        )  # fmt: skip
    data = {"endpoint": None, "webhook": {"id": webhook.id, "name": webhook.purpose}, "text": TEST_TEXT}
    event = OtherEvent(id=0, type=TEST, timestamp=stamp(now_ms), number=0, organisation=EventOrganisation(home), data=data)
    return msgspec.json.encode(event).decode()
