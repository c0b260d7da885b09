"""Webhooks with all that is ours (`api_callback` shows the same with what emnify has): what they are told, how they fare, their secret.

No-code tools make theirs here as REST hooks: with a `kind`, the same URL, events and scope is the same hook, however often it is brought.
"""

from typing import Annotated, Any, Final

import msgspec
from msgspec import UNSET, Meta, UnsetType

from heliograph.model.event import TYPES
from heliograph.model.problem import Code, Problem
from heliograph.model.webhook import EMNIFY_EVENTS, Format, Parts, Scope, ScopeType, WebhookSettings, receipt_method_for
from heliograph.service.manage import webhook as webhooks
from heliograph.service.manage.callback import weakness_of
from heliograph.service.manage.webhook import NewWebhook, WebhookChange, WebhookView
from heliograph.web.answer import NO_CONTENT, Answer, created, json
from heliograph.web.api import wire
from heliograph.web.operation import Reply, operation
from heliograph.web.resource import Call, Resource

NAME: Final = "SmsCallback"
Kind = Annotated[str, Meta(min_length=1, max_length=50)]


class ScopeWanted(msgspec.Struct, kw_only=True):
    """`type`: organisation, policy (the devices whose service profile has it as its `api_callback`), devices or tags."""

    type: ScopeType | UnsetType = UNSET
    service_profiles: list[wire.Ref] = []
    endpoints: list[wire.Ref] = []
    tags: list[str] = []


class WebhookWanted(msgspec.Struct, kw_only=True):
    """`events`: types, `sms.*` or `*`; `event` is the same for one. `format`: native (default) or emnify. `receipt_method`, of the format
    emnify: PATCH (default), POST or PUT; left out for a Catch Hook at hooks.zapier.com, it is POST. `secret`: left out, one is made; null,
    nothing is signed. `kind`: names the no-code tool whose hook it is."""

    url: str
    name: wire.Name | None = None
    event: str | None = None
    events: list[str] | None = None
    scope: ScopeWanted | None = None
    format: Format | None = None
    parts: Parts | None = None
    receipt_method: str | None = None
    headers: dict[str, str] | None = None
    ca: str | None = None
    secret: str | UnsetType | None = UNSET
    kind: Kind | None = None


class WebhookPatch(msgspec.Struct, kw_only=True):
    """What is left out stays as it is. `headers`: replaces all; a value `***` keeps the one of that name. With a `url` of another scheme,
    host or port none is kept: give all anew."""

    url: str | UnsetType = UNSET
    name: wire.Name | UnsetType = UNSET
    events: list[str] | UnsetType = UNSET
    scope: ScopeWanted | UnsetType = UNSET
    format: Format | UnsetType = UNSET
    parts: Parts | UnsetType = UNSET
    receipt_method: str | UnsetType = UNSET
    headers: dict[str, str] | UnsetType = UNSET
    ca: str | UnsetType | None = UNSET
    secret: str | UnsetType | None = UNSET


class RotationWanted(msgspec.Struct, kw_only=True):
    """Left out, one is made."""

    secret: str | None = None


class ScopeShown(msgspec.Struct, kw_only=True):
    type: str
    service_profiles: list[wire.Named]
    endpoints: list[wire.Ref]
    tags: list[str]


class WebhookShown(msgspec.Struct, kw_only=True):
    """`status`: active, paused, degraded (it fails: one probe a minute until it answers well) or disabled (nothing is delivered until it is
    resumed; `reason` says why). `headers`: names; the values are not shown. `secret`: told once, when it is made. `warning`: what is weak
    about it, where something is. `waiting`, `missed`: how many deliveries wait, and were given up and can be replayed, counted up to
    10,000; of one webhook only."""

    id: int
    url: str
    name: str
    organisation: wire.Ref
    events: list[str]
    scope: ScopeShown
    format: str
    parts: str
    receipt_method: str
    headers: dict[str, str]
    ca: str | None
    has_secret: bool
    previous_secret_until: str | None
    kind: str | None
    status: str
    reason: str | None
    failures: int
    failing_since: str | None
    created: str
    secret: str | UnsetType = UNSET
    warning: str | UnsetType = UNSET
    waiting: int | UnsetType = UNSET
    missed: int | UnsetType = UNSET


_WANTED = wire.decoder(WebhookWanted)
_PATCH = wire.decoder(WebhookPatch)
_SECRET = wire.decoder(RotationWanted)


@operation("List webhooks with their settings and how they fare", answer=list[WebhookShown])
async def list_webhooks(call: Call) -> Answer:
    """All, those that were made as `api_callback` too."""
    return json([shown(each) for each in await webhooks.views(call.context.core, call.actor)])


@operation(
    "Create a webhook with its events, scope and format",
    body=WebhookWanted,
    example={"url": "https://app.example.com/events", "events": ["sms.received", "sms.delivered"], "scope": {"type": "organisation"}},
    answer=WebhookShown,
    status=201,
    location=True,
    also={200: Reply("The hook is there already.", WebhookShown)},
    refuses=(Code.NOT_ALLOWED, Code.INVALID_REFERENCE),
)
async def create(call: Call) -> Answer:
    """201, where it is, and the webhook with its secret, which is not told again. With `kind`, a hook that is there already is 200."""
    wanted = call.decode(_WANTED)
    if problem := call.context.check_url(wanted.url):
        raise problem
    made = await webhooks.create(call.context.core, call.actor, _new(wanted))
    if not made.is_new:
        return json(shown(made))
    return created(f"{call.context.origin(call.scope)}/api/v1/webhook/{made.webhook.id}", shown(made))


@operation("Retrieve a webhook with its settings and how it fares", answer=WebhookShown)
async def retrieve(call: Call) -> Answer:
    """One, with how much waits for it."""
    return json(shown(await webhooks.view(call.context.core, call.actor, call.id("webhook_id"))))


@operation(
    "Change a webhook",
    body=WebhookPatch,
    example={"events": ["sms.*", "webhook.disabled"]},
    answer=WebhookShown,
    refuses=(Code.NOT_ALLOWED,),
)
async def update(call: Call) -> Answer:
    """What is given. Another `secret` leaves the one before good for 24 hours; null signs nothing any more, at once."""
    wanted = call.decode(_PATCH)
    if isinstance(wanted.url, str) and (problem := call.context.check_url(wanted.url)):
        raise problem
    core, webhook_id = call.context.core, call.id("webhook_id")
    changed = await webhooks.update(core, call.actor, webhook_id, _change(wanted))
    await core.notifier.refresh()
    return json(shown(changed))


@operation("Delete a webhook that no service profile has", refuses=(Code.IN_USE,))
async def delete(call: Call) -> Answer:
    """What waits for it is given up."""
    await webhooks.delete(call.context.core, call.actor, call.id("webhook_id"))
    return NO_CONTENT


@operation("Give a webhook another secret", body=RotationWanted, needs_body=False, example={}, answer=WebhookShown)
async def rotate(call: Call) -> Answer:
    """The given one, or a new one, which is told once. For 24 hours deliveries are signed with the one before too, or until the next
    rotation. Other processes of the installation sign with the new one from a second later on."""
    wanted = call.decode(_SECRET) if call.body else RotationWanted()
    core = call.context.core
    rotated = await webhooks.rotate(core, call.actor, call.id("webhook_id"), wanted.secret)
    await core.notifier.refresh()
    return json(shown(rotated))


@operation("Pause a webhook", answer=WebhookShown)
async def pause(call: Call) -> Answer:
    """Nothing is delivered to it, from a second later on; what happens meanwhile waits."""
    core = call.context.core
    paused = await webhooks.pause(core, call.actor, call.id("webhook_id"))
    await core.notifier.refresh()
    return json(shown(paused))


@operation("Resume a webhook that is paused, degraded or disabled", answer=WebhookShown)
async def resume(call: Call) -> Answer:
    """`missed` says how many deliveries were given up since it began to fail: `/replay` has them delivered."""
    core = call.context.core
    resumed = await webhooks.resume(core, call.actor, call.id("webhook_id"))
    await core.notifier.refresh()
    return json(shown(resumed))


@operation("List the types of events that a webhook may be told", answer=list[str])
async def event_types(_call: Call) -> Answer:
    """As they are written in `events`; `sms.*` are all of a kind, `*` everything."""
    return json(list(TYPES))


def shown(view: WebhookView) -> WebhookShown:
    """A webhook as the API shows it."""
    webhook, how = view.webhook, view.webhook.how
    scope = ScopeShown(
        type=how.scope.type.value,
        service_profiles=[wire.Named(each.id, each.name) for each in view.policies],
        endpoints=[wire.Ref(each) for each in how.scope.device_ids],
        tags=list(how.scope.tags),
    )
    return WebhookShown(
        id=webhook.id,
        url=webhook.url,
        name=webhook.purpose,
        organisation=wire.Ref(webhook.organisation_id),
        events=list(how.events),
        scope=scope,
        format=how.format.value,
        parts=how.parts.value,
        receipt_method=how.receipt_method,
        headers=dict.fromkeys(how.headers, webhooks.KEPT),
        ca=how.ca,
        has_secret=webhook.secret is not None,
        previous_secret_until=wire.stamp_or_none(webhook.previous_until_ms),
        kind=webhook.kind,
        status=webhook.status,
        reason=webhook.disabled_reason,
        failures=webhook.failures,
        failing_since=wire.stamp_or_none(webhook.failing_since_ms),
        created=wire.stamp(webhook.created_at_ms),
        secret=view.secret_once or UNSET,
        warning=(weakness_of(webhook.secret) if webhook.secret else None) or UNSET,
        waiting=UNSET if view.waiting is None else view.waiting,
        missed=UNSET if view.missed is None else view.missed,
    )


def _new(wanted: WebhookWanted) -> NewWebhook:
    if wanted.event is not None and wanted.events is not None:
        raise Problem(Code.INVALID, "event and events say the same: give one of them", field="event")
    given = wanted.scope or ScopeWanted()
    policy_ids = _ids(given.service_profiles, "scope.service_profiles")
    how = Format.NATIVE if wanted.format is None else wanted.format
    events = wanted.events if wanted.events is not None else [wanted.event] if wanted.event is not None else list(EMNIFY_EVENTS)
    settings = WebhookSettings(
        format=how,
        events=tuple(dict.fromkeys(events)),
        scope=_scope(given),
        parts=wanted.parts or Parts.JOINED,
        receipt_method=wanted.receipt_method or receipt_method_for(wanted.url),
        headers=wanted.headers or {},
        ca=wanted.ca,
    )
    return NewWebhook(
        url=wanted.url, name=wanted.name or NAME, settings=settings, kind=wanted.kind, secret=wanted.secret, policy_ids=policy_ids
    )


def _scope(given: ScopeWanted) -> Scope:
    """Where no type is said, by what is named."""
    device_ids, tags = _ids(given.endpoints, "scope.endpoints"), tuple(dict.fromkeys(each.strip() for each in given.tags))
    kind = given.type
    if kind is UNSET:
        named = {ScopeType.POLICY: given.service_profiles, ScopeType.DEVICES: device_ids, ScopeType.TAGS: tags}
        kinds = [each for each, which in named.items() if which]
        if len(kinds) > 1:
            raise Problem(
                Code.INVALID, "scope names several of service_profiles, endpoints and tags: make a webhook for each", field="scope"
            )
        kind = kinds[0] if kinds else ScopeType.ORGANISATION
    if given.service_profiles and kind is not ScopeType.POLICY:
        raise Problem(Code.INVALID, "scope.service_profiles is for scope.type policy", field="scope.service_profiles")
    return Scope(kind, device_ids if kind is ScopeType.DEVICES else (), tags if kind is ScopeType.TAGS else ())


def _ids(refs: list[wire.Ref], field: str) -> tuple[int, ...]:
    ids = [wire.id_of(each) for each in refs]
    if not all(isinstance(each, int) for each in ids):
        raise Problem(Code.INVALID, f'{field} has an entry without id: write {{"id": 1}}', field=field)
    return tuple(dict.fromkeys(each for each in ids if isinstance(each, int)))


def _change(wanted: WebhookPatch) -> WebhookChange:
    settings: dict[str, Any] = {}
    if wanted.events is not UNSET:
        settings["events"] = tuple(dict.fromkeys(wanted.events))
    if wanted.scope is not UNSET:
        if wanted.scope.service_profiles:
            text = "a service profile is given its webhook by PATCH /api/v1/service_profile/{id}: leave scope.service_profiles out"
            raise Problem(Code.INVALID, text, field="scope.service_profiles")
        settings["scope"] = _scope(wanted.scope)
    for name in ("headers", "parts", "receipt_method", "ca"):
        if (value := getattr(wanted, name)) is not UNSET:
            settings[name] = value
    return WebhookChange(
        url=wanted.url, name=wanted.name, format=wanted.format, settings=settings, secret=wanted.secret
    )  # fmt: skip


ROUTES = {
    "/api/v1/webhook": Resource(GET=list_webhooks, POST=create),
    "/api/v1/webhook/event_type": Resource(GET=event_types),
    "/api/v1/webhook/{webhook_id}": Resource(GET=retrieve, PATCH=update, DELETE=delete),
    "/api/v1/webhook/{webhook_id}/secret/rotate": Resource(POST=rotate),
    "/api/v1/webhook/{webhook_id}/pause": Resource(POST=pause),
    "/api/v1/webhook/{webhook_id}/resume": Resource(POST=resume),
}
