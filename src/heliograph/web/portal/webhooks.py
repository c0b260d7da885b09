"""Webhooks: how each fares, what was delivered to it, each delivery looked into and sent again; test, replay, rotate, pause, resume."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
from msgspec import UNSET

from heliograph.model.event import TYPES
from heliograph.model.notification import TRIES, NotificationState
from heliograph.model.permission import Right
from heliograph.model.problem import Problem
from heliograph.model.webhook import EMNIFY_EVENTS, EMNIFY_KNOWS, RECEIPT_METHODS, Format, Scope, ScopeType, WebhookSettings
from heliograph.service.manage import delivery, webhook
from heliograph.service.manage.webhook import NewWebhook, WebhookChange
from heliograph.service.webhook_glance import glances
from heliograph.store.delivery import NEWEST, Delivered, DeliveryFilter
from heliograph.store.webhook import Webhook
from heliograph.web.portal import organisations, render
from heliograph.web.portal.page import Asked, Fields, Page
from heliograph.web.portal.reply import Reply
from heliograph.web.portal.state import Shown
from heliograph.web.portal.words import errors_of, words_of

PER_PAGE: Final = 25
STATES: Final[Mapping[str, Shown]] = {
    "active": Shown("circle-check", "Active", "ok"),
    "paused": Shown("pause", "Paused", "warn"),
    "degraded": Shown("triangle-alert", "Degraded", "bad"),
    "failing": Shown("triangle-alert", "Failing", "warn"),
    "disabled": Shown("ban", "Disabled", "bad"),
}
FILTERS: Final = {
    "": DeliveryFilter(),
    "failed": DeliveryFilter(state=NotificationState.GIVEN_UP, is_failed=True),
    "retrying": DeliveryFilter(state=NotificationState.WAITING, is_failed=True),
    "waiting": DeliveryFilter(state=NotificationState.WAITING),
    "delivered": DeliveryFilter(state=NotificationState.DELIVERED),
}
FILTER_WORDS: Final = {"": "All", "failed": "Failed", "retrying": "Retrying", "waiting": "Waiting", "delivered": "Delivered"}
NATIVE_USUAL: Final = ("sms.received", "sms.delivered", "sms.failed", "sms.expired")


async def show_list(asked: Asked) -> Reply:
    """All, with how they fare."""
    views = await webhook.views(asked.core, asked.actor)
    return asked.render(
        "webhooks.html",
        views=views,
        organisations=await organisations.names(asked),
        glances=await glances(asked.core, [each.webhook.id for each in views]),
        state_of=state_of,
        host_of=host_of,
    )


async def show_new(asked: Asked) -> Reply:
    """An empty form."""
    return _new(asked, {"url": "", "name": "", "format": "native", "scope": "organisation", "tags": "", "events": list(NATIVE_USUAL)})


async def create(asked: Asked) -> Reply:
    """Make one; its secret is shown once."""
    typed = _typed(asked.form)
    try:
        if problem := asked.context.check_url(typed["url"]):
            raise problem
        made = await webhook.create(
            asked.core, asked.actor, NewWebhook(url=typed["url"], name=typed["name"] or "Webhook", settings=_settings(typed))
        )
    except Problem as problem:
        return _new(asked, typed, problem)
    return await _page(asked, made.webhook.id, secret=made.secret_once)


async def show(asked: Asked) -> Reply:
    """One, with its log."""
    return await _page(asked, asked.id("webhook_id"))


async def save(asked: Asked) -> Reply:
    """Change name, address, events and how receipts come."""
    webhook_id, form = asked.id("webhook_id"), asked.form
    before = (await webhook.view(asked.core, asked.actor, webhook_id)).webhook
    settings: dict[str, object] = {"events": tuple(form.texts("events"))}
    if before.how.format is Format.EMNIFY:
        settings["receipt_method"] = form.text("receipt_method") or "PATCH"
    url = form.text("url")
    try:
        if url != before.url and (problem := asked.context.check_url(url)):
            raise problem
        change = WebhookChange(url=url if url != before.url else UNSET, name=form.text("name") or before.purpose, settings=settings)
        await webhook.update(asked.core, asked.actor, webhook_id, change)
        await asked.core.notifier.refresh()
    except Problem as problem:
        return await _page(asked, webhook_id, status=422, problem=problem)
    return asked.see(f"/webhooks/{webhook_id}", "Saved.")


async def send_test(asked: Asked) -> Reply:
    """Send a test and show what was answered."""
    webhook_id = asked.id("webhook_id")
    sent = await delivery.send_test(asked.core, asked.actor, webhook_id, asked.core.notifier)
    return await _page(asked, webhook_id, tested=sent)


async def switch(asked: Asked) -> Reply:
    """Pause or resume."""
    webhook_id = asked.id("webhook_id")
    if asked.form.text("to") == "pause":
        await webhook.pause(asked.core, asked.actor, webhook_id)
        await asked.core.notifier.refresh()
        return asked.see(f"/webhooks/{webhook_id}", "Paused: what happens meanwhile waits.")
    view = await webhook.resume(asked.core, asked.actor, webhook_id)
    await asked.core.notifier.refresh()
    missed = f" {view.missed} deliveries were given up meanwhile: replay them below." if view.missed else ""
    return asked.see(f"/webhooks/{webhook_id}", f"Resumed.{missed}")


async def rotate(asked: Asked) -> Reply:
    """Another secret, shown once; the one before is good for 24 hours more."""
    view = await webhook.rotate(asked.core, asked.actor, asked.id("webhook_id"), None)
    await asked.core.notifier.refresh()
    return await _page(asked, view.webhook.id, secret=view.secret_once)


async def replay(asked: Asked) -> Reply:
    """Have delivered again what was given up since a time."""
    webhook_id = asked.id("webhook_id")
    try:
        since_ms = render.form_time_ms(asked.zone, asked.form.text("since"), "since") or 0
        count = await delivery.replay(asked.core, asked.actor, webhook_id, since_ms, asked.core.notifier)
    except Problem as problem:
        return await _page(asked, webhook_id, status=422, problem=problem)
    return asked.see(f"/webhooks/{webhook_id}", f"{count} deliver{'y goes' if count == 1 else 'ies go'} out again.")


async def delete(asked: Asked) -> Reply:
    """Delete one that no policy names."""
    webhook_id = asked.id("webhook_id")
    try:
        await webhook.delete(asked.core, asked.actor, webhook_id)
    except Problem as problem:
        return await _page(asked, webhook_id, status=409, problem=problem)
    return asked.see("/webhooks", "Deleted the webhook.")


async def inspect(asked: Asked) -> Reply:
    """One delivery: what was sent, each try, what was answered."""
    view = await delivery.view(asked.core, asked.actor, asked.id("delivery_id"))
    return asked.render(
        "delivery.html",
        view=view,
        delivery=view.delivery,
        shown=delivery_state(view.delivery),
        headers=delivery.request_headers(view),
        body=_pretty(view.delivery.body),
        tries=TRIES,
    )


async def resend(asked: Asked) -> Reply:
    """Have it delivered once more."""
    delivery_id = asked.id("delivery_id")
    try:
        await delivery.resend(asked.core, asked.actor, delivery_id, asked.core.notifier)
    except Problem as problem:
        return asked.see(f"/deliveries/{delivery_id}", words_of(problem))
    return asked.see(f"/deliveries/{delivery_id}", "It goes out once more.")


def state_of(found: Webhook) -> Shown:
    """How it is: the worst first."""
    if found.disabled_at_ms is not None:
        return STATES["disabled"]
    if found.paused_at_ms is not None:
        return STATES["paused"]
    if found.degraded_at_ms is not None:
        return STATES["degraded"]
    return STATES["failing" if found.failures else "active"]


def delivery_state(found: Delivered) -> Shown:
    """What became of a delivery."""
    if found.state == NotificationState.DELIVERED:
        return Shown("check", "Delivered", "ok")
    if found.state == NotificationState.GIVEN_UP:
        return Shown("x", "Failed", "bad")
    if found.failed_at_ms is not None:
        return Shown("rotate-ccw", "Retrying", "warn")
    return Shown("clock", "Waiting")


def host_of(url: str) -> str:
    """Whom it calls."""
    return urlsplit(url).netloc or url


async def _page(asked: Asked, webhook_id: int, *, status: int = 200, problem: Problem | None = None, **more: Any) -> Reply:
    view = await webhook.view(asked.core, asked.actor, webhook_id)
    name = asked.query.text("show")
    wanted = FILTERS.get(name, FILTERS[""])
    before = asked.query.number("before") or NEWEST
    deliveries = await delivery.page(asked.core, asked.actor, webhook_id, wanted, before, PER_PAGE)
    values: dict[str, Any] = {"secret": None, "tested": None} | more
    found = await glances(asked.core, [webhook_id])
    return asked.render(
        "webhook.html",
        status,
        view=view,
        hook=view.webhook,
        how=view.webhook.how,
        shown=state_of(view.webhook),
        glance=found[webhook_id],
        deliveries=deliveries,
        chosen=name if name in FILTERS else "",
        filters=FILTER_WORDS,
        following=deliveries[-1].id if len(deliveries) == PER_PAGE else None,
        delivery_state=delivery_state,
        event_types=EMNIFY_KNOWS if view.webhook.how.format is Format.EMNIFY else TYPES,
        methods=RECEIPT_METHODS,
        tries=TRIES,
        refusal=words_of(problem) if problem is not None else "",
        **values,
    )


def _new(asked: Asked, typed: Mapping[str, Any], problem: Problem | None = None) -> Reply:
    return asked.render(
        "webhook_new.html",
        200 if problem is None else 422,
        typed=typed,
        event_types=TYPES,
        errors=errors_of(problem),
        refusal="" if problem is None else words_of(problem),
    )


def _typed(form: Fields) -> dict[str, Any]:
    texts = {name: form.text(name) for name in ("url", "name", "format", "scope", "tags")}
    return texts | {"events": form.texts("events")}


def _settings(typed: Mapping[str, Any]) -> WebhookSettings:
    """What was typed. Raises Problem by the service."""
    is_emnify = typed["format"] == Format.EMNIFY
    tags = tuple(each.strip() for each in typed["tags"].split(",") if each.strip())
    scope = Scope(ScopeType.TAGS, tags=tags) if typed["scope"] == ScopeType.TAGS else Scope(ScopeType.ORGANISATION)
    events = EMNIFY_EVENTS if is_emnify else tuple(typed["events"])
    return WebhookSettings(format=Format.EMNIFY if is_emnify else Format.NATIVE, events=events, scope=scope)


def _pretty(body: str) -> str:
    try:
        return msgspec.json.format(body, indent=2)
    except msgspec.DecodeError:
        return body


PAGES: Final[dict[str, Page]] = {
    "/webhooks": Page(get=show_list, post=create),
    "/webhooks/new": Page(get=show_new, read=Right.CHANGE),
    "/webhooks/{webhook_id}": Page(get=show, post=save),
    "/webhooks/{webhook_id}/test": Page(post=send_test),
    "/webhooks/{webhook_id}/switch": Page(post=switch),
    "/webhooks/{webhook_id}/rotate": Page(post=rotate),
    "/webhooks/{webhook_id}/replay": Page(post=replay),
    "/webhooks/{webhook_id}/delete": Page(post=delete),
    "/deliveries/{delivery_id}": Page(get=inspect),
    "/deliveries/{delivery_id}/resend": Page(post=resend),
}
