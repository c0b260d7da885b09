"""Webhooks: made, changed, paused, their secret rotated. What is delivered to them: `delivery.py`. Faces judge the address first."""

import base64
import hashlib
import secrets as random_secrets
import ssl
from collections.abc import Iterable
from urllib.parse import urlsplit

import msgspec
from msgspec import UNSET, UnsetType

from heliograph.model import webhook as model
from heliograph.model.account import Actor
from heliograph.model.problem import Code, Problem
from heliograph.model.webhook import Format, Scope, ScopeType, WebhookSettings
from heliograph.model.webhook_health import Health
from heliograph.service import audit
from heliograph.service.manage.callback import MOST_SECRET, check_url
from heliograph.service.manage.scope import Office, changed_by, home_of, not_found, seen_by
from heliograph.service.webhooks import is_told_by_feed
from heliograph.store import delivery as delivery_store
from heliograph.store import policy as policy_store
from heliograph.store import webhook as store
from heliograph.store.transaction import Transaction
from heliograph.store.webhook import PolicyOf, Webhook

SECRET_OCTETS = 32
OVERLAP_MS = 24 * 3_600_000
COUNTED_MOST = 10_000
KEPT = "***"
"""The value of a header that stays as it is."""
PORTS = {"http": 80, "https": 443}
MOST_OF_ONE = 1000


class WebhookView(msgspec.Struct, frozen=True):
    """A webhook with the policies that name it. `secret_once`: a secret that was made just now. `waiting`: counted up to COUNTED_MOST,
    None where nobody asked."""

    webhook: Webhook
    policies: tuple[PolicyOf, ...] = ()
    secret_once: str | None = None
    is_new: bool = False
    waiting: int | None = None
    missed: int | None = None


class NewWebhook(msgspec.Struct, frozen=True, kw_only=True):
    """`kind`: of a no-code tool's hook, which brings the same again. `secret` UNSET: one is made; None: nothing is signed."""

    url: str
    name: str
    settings: WebhookSettings
    kind: str | None = None
    secret: str | UnsetType | None = UNSET
    policy_ids: tuple[int, ...] = ()


class WebhookChange(msgspec.Struct, frozen=True, kw_only=True):
    """UNSET: as it was. `settings`: by name; of `headers`, a value KEPT is the one of that name. `secret` None: nothing is signed."""

    url: str | UnsetType = UNSET
    name: str | UnsetType = UNSET
    format: Format | UnsetType = UNSET
    settings: dict[str, object] = {}
    secret: str | UnsetType | None = UNSET


def new_secret() -> str:
    """As Standard Webhooks has them."""
    return "whsec_" + base64.b64encode(random_secrets.token_bytes(SECRET_OCTETS)).decode()


async def views(office: Office, actor: Actor) -> list[WebhookView]:
    """The webhooks the actor sees."""
    return await office.database.read(_views, seen_by(actor))


async def view(office: Office, actor: Actor, webhook_id: int) -> WebhookView:
    """One, with how much waits for it. Raises Problem."""
    return await office.database.read(_view, seen_by(actor), webhook_id, counted=True)


async def create(office: Office, actor: Actor, new: NewWebhook) -> WebhookView:
    """A new webhook, or for a hook that is there already that one. Raises Problem."""
    home = home_of(actor, None)
    check_url(new.url)
    check(new.settings)
    if isinstance(new.secret, str):
        check_secret(new.secret)
    return await office.database.write(_create, actor, home, new, office.clock.now_ms())


async def update(office: Office, actor: Actor, webhook_id: int, change: WebhookChange) -> WebhookView:
    """Change what is given. Raises Problem."""
    if isinstance(change.url, str):
        check_url(change.url)
    if isinstance(change.secret, str):
        check_secret(change.secret)
    return await office.database.write(_update, actor, changed_by(actor), webhook_id, change, office.clock.now_ms())


async def delete(office: Office, actor: Actor, webhook_id: int) -> None:
    """Delete one that no policy names; what waits for it is given up. Raises Problem."""
    await office.database.write(_delete, actor, changed_by(actor), webhook_id, office.clock.now_ms())


async def rotate(office: Office, actor: Actor, webhook_id: int, secret: str | None) -> WebhookView:
    """Give it another secret, the given one or a new one; the one before is good for 24 h more. Raises Problem."""
    if secret is not None:
        check_secret(secret)
    made = secret or new_secret()
    return await office.database.write(_rotate, actor, changed_by(actor), webhook_id, made, office.clock.now_ms())


async def pause(office: Office, actor: Actor, webhook_id: int) -> WebhookView:
    """Deliver nothing to it until somebody resumes; what happens meanwhile waits. Raises Problem."""
    return await office.database.write(_pause, actor, changed_by(actor), webhook_id, office.clock.now_ms())


async def resume(office: Office, actor: Actor, webhook_id: int) -> WebhookView:
    """Deliver to it again, whether it was paused, degraded or disabled; `missed` says what was given up since it failed. Raises Problem."""
    return await office.database.write(_resume, actor, changed_by(actor), webhook_id, office.clock.now_ms())


def take_policys_secret(tx: Transaction, webhook_id: int, before_id: int | None, now_ms: int) -> None:
    """A policy was given another secret for its webhook: from now on that signs, and for 24 h more what signed before, the webhook's own or
    the one that the policy had."""
    webhook = store.lock(tx, [webhook_id]).get(webhook_id)
    if webhook is None:
        return
    before = webhook.secret or (None if before_id is None else store.secret_of(tx, before_id))
    if before is not None:
        webhook.previous_secret, webhook.previous_until_ms, webhook.secret = before, now_ms + OVERLAP_MS, None
        store.update(tx, [webhook])


def check(settings: WebhookSettings) -> None:
    """Raises Problem for settings that are not taken."""
    model.check(settings)
    if settings.ca is not None:
        try:
            ssl.create_default_context().load_verify_locations(cadata=settings.ca)
        except (ssl.SSLError, TypeError, ValueError) as error:
            raise Problem(Code.INVALID, f"ca holds no certificates in PEM ({error}): paste those of the authority", field="ca") from None


def check_secret(secret: str) -> None:
    """Raises Problem for a secret that is not taken."""
    if not 1 <= len(secret) <= MOST_SECRET or "\0" in secret:
        raise Problem(Code.INVALID, f"secret has {len(secret)} characters: give 1 to {MOST_SECRET}, better 32 or more", field="secret")


def found(tx: Transaction, scope: int, webhook_id: int, *, locked: bool = False) -> Webhook:
    """A webhook the actor sees. Raises Problem."""
    webhook = store.lock(tx, [webhook_id]).get(webhook_id) if locked else store.by_id(tx, webhook_id)
    if webhook is None or webhook.deleted_at_ms is not None or scope not in (0, webhook.organisation_id):
        raise not_found("Webhook", webhook_id)
    return webhook


def _views(tx: Transaction, scope: int) -> list[WebhookView]:
    policies: dict[int, list[PolicyOf]] = {}
    for each in store.policies(tx, scope):
        policies.setdefault(each.webhook_id, []).append(each)
    return [WebhookView(each, tuple(policies.get(each.id, ()))) for each in store.of_organisation(tx, scope)]


def _view(tx: Transaction, scope: int, webhook_id: int, *, counted: bool = False) -> WebhookView:
    webhook = found(tx, scope, webhook_id)
    policies = tuple(each for each in store.policies(tx, webhook.organisation_id) if each.webhook_id == webhook_id)
    if not counted:
        return WebhookView(webhook, policies)
    waiting = delivery_store.waiting(tx, webhook_id, COUNTED_MOST)
    return WebhookView(webhook, policies, waiting=waiting, missed=delivery_store.missed(tx, webhook_id, 0, COUNTED_MOST))


def _create(tx: Transaction, actor: Actor, home: int, new: NewWebhook, now_ms: int) -> WebhookView:
    key = None if new.kind is None else _hook_key(new)
    if key is not None and (known := store.by_hook(tx, home, key)) is not None:
        return _view(tx, home, known.id)
    if len(store.of_organisation(tx, home)) >= MOST_OF_ONE:
        raise Problem(Code.NOT_ALLOWED, f"the organisation has {MOST_OF_ONE} webhooks already: delete some first")
    secret = new_secret() if new.secret is UNSET else new.secret
    settings = model.written(new.settings)
    made = store.insert(tx, home, new.url, new.name, settings, now_ms, kind=new.kind, hook_key=key, secret=secret or None)
    if made is None:  # another process made the same hook at this moment
        known = store.by_hook(tx, home, key or "")
        assert known is not None
        return _view(tx, home, known.id)
    _attach(tx, actor, home, new.policy_ids, made, now_ms)
    shown = _view(tx, home, made)
    if is_told_by_feed(shown.webhook):
        store.begin_cursor(tx, home)
    audit.record(tx, actor, "webhook.created", home, now_ms, object_id=made, after=_told(shown.webhook))
    return msgspec.structs.replace(shown, secret_once=secret or None, is_new=True)


def _attach(tx: Transaction, actor: Actor, home: int, policy_ids: tuple[int, ...], webhook_id: int, now_ms: int) -> None:
    """Have policies name it."""
    for policy_id in policy_ids:
        policy = policy_store.lock(tx, home, policy_id)
        if policy is None:
            raise not_found("Service profile", policy_id)
        before = {"api_callback_id": policy.api_callback_id}
        policy.api_callback_id = webhook_id
        policy_store.update(tx, policy)
        after = {"api_callback_id": webhook_id}
        audit.record(tx, actor, "policy.changed", home, now_ms, object_id=policy_id, before=before, after=after)


def _update(tx: Transaction, actor: Actor, scope: int, webhook_id: int, change: WebhookChange, now_ms: int) -> WebhookView:
    webhook = found(tx, scope, webhook_id, locked=True)
    before = _told(webhook)
    if change.format is not UNSET and change.format is not webhook.how.format:
        text = "the format of a webhook is chosen when it is made: make another, and give that to the policy"
        raise Problem(Code.NOT_ALLOWED, text, field="format")
    settings = msgspec.structs.replace(webhook.how, **change.settings)
    kept = webhook.how.headers
    if "headers" in change.settings:
        kept = {name: value for name, value in kept.items() if settings.headers.get(name) == KEPT}
        settings = msgspec.structs.replace(settings, headers=settings.headers | kept)
    if kept and isinstance(change.url, str) and _origin(change.url) != _origin(webhook.url):
        raise _headers_stay(kept)
    check(settings)
    webhook.settings = model.written(settings)
    webhook.url = webhook.url if change.url is UNSET else change.url
    webhook.purpose = webhook.purpose if change.name is UNSET else change.name
    if isinstance(change.secret, str):
        _replace_secret(tx, webhook, change.secret, now_ms)
    elif change.secret is None:
        webhook.secret = webhook.previous_secret = webhook.previous_until_ms = None
    store.update(tx, [webhook])
    if is_told_by_feed(webhook):
        store.begin_cursor(tx, webhook.organisation_id)
    audit.record(tx, actor, "webhook.changed", webhook.organisation_id, now_ms, object_id=webhook_id, before=before, after=_told(webhook))
    return _view(tx, scope, webhook_id)


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or PORTS.get(parts.scheme)


def _headers_stay(kept: Iterable[str]) -> Problem:
    """Nobody is shown the values of headers: who may change the URL would be, by a receiver of their own."""
    text = (
        f"Its headers ({', '.join(sorted(kept))}) do not go along to another scheme, host or port: give them anew with the url, as headers "
        "of PATCH /api/v1/webhook/{id}, or {} for none"
    )
    return Problem(Code.INVALID, text, field="headers")


def _delete(tx: Transaction, actor: Actor, scope: int, webhook_id: int, now_ms: int) -> None:
    webhook = found(tx, scope, webhook_id, locked=True)
    if any(each.webhook_id == webhook_id for each in store.policies(tx, webhook.organisation_id)):
        raise Problem(Code.IN_USE, f"Webhook with Id '{webhook_id}' is used by a service profile: give that another one first")
    webhook.deleted_at_ms = now_ms
    store.update(tx, [webhook])
    audit.record(tx, actor, "webhook.deleted", webhook.organisation_id, now_ms, object_id=webhook_id, before=_told(webhook))


def _rotate(tx: Transaction, actor: Actor, scope: int, webhook_id: int, secret: str, now_ms: int) -> WebhookView:
    webhook = found(tx, scope, webhook_id, locked=True)
    _replace_secret(tx, webhook, secret, now_ms)
    store.update(tx, [webhook])
    audit.record(tx, actor, "webhook.secret_rotated", webhook.organisation_id, now_ms, object_id=webhook_id, after={"secret": secret})
    return msgspec.structs.replace(_view(tx, scope, webhook_id), secret_once=secret)


def _replace_secret(tx: Transaction, webhook: Webhook, secret: str, now_ms: int) -> None:
    webhook.previous_secret = webhook.secret or store.policy_secret(tx, webhook.id)
    webhook.previous_until_ms = None if webhook.previous_secret is None else now_ms + OVERLAP_MS
    webhook.secret = secret


def _pause(tx: Transaction, actor: Actor, scope: int, webhook_id: int, now_ms: int) -> WebhookView:
    webhook = found(tx, scope, webhook_id, locked=True)
    if webhook.paused_at_ms is None:
        webhook.paused_at_ms = now_ms
        store.update(tx, [webhook])
        audit.record(tx, actor, "webhook.paused", webhook.organisation_id, now_ms, object_id=webhook_id)
    return _view(tx, scope, webhook_id, counted=True)


def _resume(tx: Transaction, actor: Actor, scope: int, webhook_id: int, now_ms: int) -> WebhookView:
    webhook = found(tx, scope, webhook_id, locked=True)
    since_ms = webhook.failing_since_ms or 0
    webhook.paused_at_ms = None
    if webhook.degraded_at_ms is not None:
        store.note_outages(tx, [store.Outage(webhook_id, webhook.degraded_at_ms, now_ms)])
    for name, value in msgspec.structs.asdict(Health()).items():
        setattr(webhook, name, value)
    store.update(tx, [webhook])
    audit.record(tx, actor, "webhook.resumed", webhook.organisation_id, now_ms, object_id=webhook_id)
    missed = delivery_store.missed(tx, webhook_id, since_ms, COUNTED_MOST)
    return msgspec.structs.replace(_view(tx, scope, webhook_id, counted=True), missed=missed)


def _hook_key(new: NewWebhook) -> str:
    """The same for the same URL, events and filters."""
    scope = new.settings.scope
    wanted = [new.url, sorted(new.settings.events), scope.type.value, sorted(scope.device_ids), sorted(scope.tags), sorted(new.policy_ids)]
    return hashlib.sha256(msgspec.json.encode([new.kind, wanted])).hexdigest()


def _told(webhook: Webhook) -> dict[str, object]:
    """For the audit. Headers may hold secrets, so their names are told."""
    how = webhook.how
    told: dict[str, object] = {"url": webhook.url, "name": webhook.purpose, "events": list(how.events), "scope": _scope_told(how.scope)}
    told |= {"format": how.format.value, "parts": how.parts.value, "receipt_method": how.receipt_method, "headers": sorted(how.headers)}
    return told | {"has_ca": how.ca is not None, "secret": webhook.secret}


def _scope_told(scope: Scope) -> str:
    named = scope.device_ids if scope.type is ScopeType.DEVICES else scope.tags
    return scope.type.value + (f": {', '.join(map(str, named))}" if named else "")
