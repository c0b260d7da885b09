"""`heliograph webhook`: who is told of what happens, how that goes, and having it told again. In the words of the API."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import msgspec
from cyclopts import App, Parameter

from heliograph.cli.answer import Answer, Item, Refusal, Said, Table, time_of
from heliograph.cli.desk import ANY, Desk, OrganisationOptions, at_desk
from heliograph.cli.moment import ago_ms
from heliograph.model.notification import NotificationState
from heliograph.model.webhook import EMNIFY_EVENTS, Format, Scope, ScopeType, WebhookSettings
from heliograph.service.manage import delivery as delivering
from heliograph.service.manage import webhook as webhooks
from heliograph.service.manage.delivery import DeliveryView
from heliograph.service.manage.webhook import NewWebhook, WebhookView
from heliograph.store.delivery import OF_WORD, Attempt, Delivered, DeliveryFilter
from heliograph.webhooks.egress import check_url

app = App(name="webhook")

Which = Annotated[int, Parameter(name="WEBHOOK")]


@app.command(name="list")
def list_(*, options: OrganisationOptions = ANY) -> int:
    """List the webhooks, those of service policies too, and how they fare."""

    async def work(desk: Desk) -> Answer:
        rows = [_row(each) for each in await webhooks.views(desk, await desk.viewer())]
        columns = ("id", "organisation", "url", "format", "events", "scope", "status", "reason", "failures")
        return Table(rows, columns, "no webhook: `heliograph webhook add URL` makes one")

    return at_desk(options, work)


@app.command
def add(
    url: Annotated[str, Parameter(name="URL")],
    /,
    *,
    event: Annotated[Sequence[str], Parameter(negative="")] = (),
    device: Annotated[Sequence[int], Parameter(negative="")] = (),
    tag: Annotated[Sequence[str], Parameter(negative="")] = (),
    format: Literal["native", "emnify"] = "native",  # noqa: A002 (the option is called so)
    name: str = "SmsCallback",
    secret: str | None = None,
    options: OrganisationOptions = ANY,
) -> int:
    """Add a webhook that is told of all the organisation, of some devices, or of those with a tag; its secret is shown once.

    A policy's webhook is set with `heliograph policy set POLICY --webhook URL`.

    Parameters
    ----------
    url
        What is called.
    event
        A type of event, sms.* or *, as often as needed; by default what devices send and what became of SMS to them.
    device
        The id of a device that it is told of, as often as needed.
    tag
        A tag of the devices that it is told of, as often as needed.
    format
        native: every event by POST; emnify: SMS and receipts in the bodies of emnify's API.
    name
        What people call it.
    secret
        What signs the calls; left out, one is made.
    """

    async def work(desk: Desk) -> Answer:
        if problem := check_url(url, desk.egress):
            raise problem
        if device and tag:
            raise Refusal("--device and --tag are two scopes: add a webhook for each")
        kind = ScopeType.DEVICES if device else ScopeType.TAGS if tag else ScopeType.ORGANISATION
        scope = Scope(kind, tuple(device), tuple(tag))
        settings = WebhookSettings(format=Format(format), events=tuple(event) or EMNIFY_EVENTS, scope=scope)
        new = NewWebhook(url=url, name=name, settings=settings, secret=secret or webhooks.new_secret())
        made = await webhooks.create(desk, await desk.viewer(), new)
        fields = {"id": made.webhook.id, "secret": made.secret_once}
        return Said(f"added the webhook {made.webhook.id}; its secret, which is not shown again:", fields, made.secret_once)

    return at_desk(options, work)


@app.command(name="test")
def send_test(which: Which, /, *, options: OrganisationOptions = ANY) -> int:
    """Send a test by the running daemon, and show what the receiver said. 1 where it failed.

    Parameters
    ----------
    which
        Its id.
    """

    async def work(desk: Desk) -> Answer:
        sent = await delivering.send_test(desk, await desk.viewer(), which)
        if sent.delivery.state == NotificationState.WAITING:
            raise Refusal("the test waits: no daemon runs that would send it")
        if sent.delivery.state != NotificationState.DELIVERED:
            last = sent.attempts[-1]
            raise Refusal(f"the test failed: {_said(last)}")
        return _item(sent)

    return at_desk(options, work)


@app.command
def deliveries(
    which: Which,
    /,
    *,
    status: Literal["waiting", "retrying", "delivered", "failed"] | None = None,
    device: int = 0,
    last: int = 50,
    options: OrganisationOptions = ANY,
) -> int:
    """List the deliveries to a webhook, newest first.

    Parameters
    ----------
    which
        Its id.
    status
        Only such.
    device
        Only what is about the device with this id.
    last
        How many.
    """

    async def work(desk: Desk) -> Answer:
        wanted = msgspec.structs.replace(OF_WORD[status] if status else DeliveryFilter(), device_id=device)
        found = await delivering.page(desk, await desk.viewer(), which, wanted, most=max(1, last))
        columns = ("id", "type", "status", "attempts", "http_status", "error", "created", "last_attempt", "next_attempt")
        return Table([_delivery(each) for each in found], columns, "no such delivery")

    return at_desk(options, work)


@app.command
def delivery(delivery_id: Annotated[int, Parameter(name="DELIVERY")], /, *, options: OrganisationOptions = ANY) -> int:
    """Show a delivery with its body and all its tries.

    Parameters
    ----------
    delivery_id
        Its id.
    """

    async def work(desk: Desk) -> Answer:
        return _item(await delivering.view(desk, await desk.viewer(), delivery_id))

    return at_desk(options, work)


@app.command
def resend(delivery_id: Annotated[int, Parameter(name="DELIVERY")], /, *, options: OrganisationOptions = ANY) -> int:
    """Have a delivery sent once more, with the same webhook-id; the running daemon does it within a second.

    Parameters
    ----------
    delivery_id
        Its id.
    """

    async def work(desk: Desk) -> Answer:
        await delivering.resend(desk, await desk.viewer(), delivery_id)
        return Said(f"delivery {delivery_id} is due", {"id": delivery_id})

    return at_desk(options, work)


@app.command
def replay(which: Which, /, *, since: str | None = None, options: OrganisationOptions = ANY) -> int:
    """Have all that failed delivered again; what was delivered is not.

    Parameters
    ----------
    which
        Its id.
    since
        Only what was made since then: 2h or 7d ago, or a date such as 2027-01-31T08:00.
    """

    async def work(desk: Desk) -> Answer:
        since_ms = ago_ms("--since", since, desk.clock.now_ms()) if since else 0
        replayed = await delivering.replay(desk, await desk.viewer(), which, since_ms)
        return Said(f"{replayed} deliveries are due", {"replayed": replayed})

    return at_desk(options, work)


@app.command
def rotate(which: Which, /, *, secret: str | None = None, options: OrganisationOptions = ANY) -> int:
    """Give a webhook another secret, which is shown once; the one before is good for 24 hours more.

    Parameters
    ----------
    which
        Its id.
    secret
        The secret; left out, one is made.
    """

    async def work(desk: Desk) -> Answer:
        rotated = await webhooks.rotate(desk, await desk.viewer(), which, secret)
        text = f"webhook {which} is signed with a new secret, and for 24 hours with the one before too; it is not shown again:"
        return Said(text, {"id": which, "secret": rotated.secret_once}, rotated.secret_once)

    return at_desk(options, work)


@app.command
def pause(which: Which, /, *, options: OrganisationOptions = ANY) -> int:
    """Deliver nothing to a webhook until it is resumed; what happens meanwhile waits.

    Parameters
    ----------
    which
        Its id.
    """

    async def work(desk: Desk) -> Answer:
        paused = await webhooks.pause(desk, await desk.viewer(), which)
        return Said(f"webhook {which} is paused", {"id": which, "status": "paused", "waiting": paused.waiting})

    return at_desk(options, work)


@app.command
def resume(which: Which, /, *, options: OrganisationOptions = ANY) -> int:
    """Deliver to a webhook again that is paused, degraded or disabled.

    Parameters
    ----------
    which
        Its id.
    """

    async def work(desk: Desk) -> Answer:
        resumed = await webhooks.resume(desk, await desk.viewer(), which)
        offer = f"; {resumed.missed} deliveries failed meanwhile: `heliograph webhook replay {which}` sends them" if resumed.missed else ""
        return Said(f"webhook {which} is called again{offer}", {"id": which, "status": "active", "missed": resumed.missed})

    return at_desk(options, work)


@app.command
def delete(which: Which, /, *, options: OrganisationOptions = ANY) -> int:
    """Delete a webhook that no service policy has.

    Parameters
    ----------
    which
        Its id.
    """

    async def work(desk: Desk) -> Answer:
        await webhooks.delete(desk, await desk.viewer(), which)
        return Said(f"deleted the webhook {which}", {"id": which})

    return at_desk(options, work)


def _row(view: WebhookView) -> dict[str, Any]:
    webhook, how = view.webhook, view.webhook.how
    of_type: dict[ScopeType, list[Any]] = {
        ScopeType.POLICY: [each.name for each in view.policies],
        ScopeType.DEVICES: list(how.scope.device_ids),
        ScopeType.TAGS: list(how.scope.tags),
        ScopeType.ORGANISATION: [],
    }
    named = of_type[how.scope.type]
    return {
        "id": webhook.id,
        "organisation": webhook.organisation_id,
        "url": webhook.url,
        "format": how.format.value,
        "events": list(how.events),
        "scope": " ".join([how.scope.type.value, *map(str, named)]),
        "status": webhook.status,
        "reason": webhook.disabled_reason,
        "failures": webhook.failures,
    }


def _delivery(delivered: Delivered) -> dict[str, Any]:
    return {
        "id": delivered.id,
        "type": delivered.type,
        "status": delivered.word,
        "attempts": delivered.tries,
        "http_status": delivered.status,
        "error": delivered.error,
        "created": time_of(delivered.created_at_ms),
        "last_attempt": time_of(delivered.at_ms),
        "next_attempt": time_of(delivered.due_at_ms or None),
    }


def _said(attempt: Attempt) -> str:
    """The status, and why it is no success."""
    return ", ".join(str(each) for each in (attempt.status, attempt.error) if each is not None)


def _item(view: DeliveryView) -> Item:
    fields = _delivery(view.delivery) | {"url": view.webhook.url, "method": view.delivery.method, "body": view.delivery.body}
    tries = [f"{each.number}. {time_of(each.at_ms)}  {_said(each)}  {each.duration_ms} ms  {each.address or ''}" for each in view.attempts]
    return Item(fields, tries)
