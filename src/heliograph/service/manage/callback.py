"""Webhooks (API callbacks) and the secrets that sign what is sent to them. Which addresses may be called is judged when calling."""

from urllib.parse import urlsplit

from heliograph.model import webhook as model
from heliograph.model.account import Actor
from heliograph.model.ids import CallbackId
from heliograph.model.problem import Code, Problem
from heliograph.service import audit
from heliograph.service.manage.scope import Office, changed_by, home_of, not_found, seen_by
from heliograph.store import policy as store
from heliograph.store import webhook as webhook_store
from heliograph.store.policy import Callback, Secret
from heliograph.store.transaction import Transaction

MOST_URL = 2000
MOST_SECRET = 1000
SHORT_SECRET = 32


async def create(office: Office, actor: Actor, url: str, purpose: str) -> Callback:
    """A new webhook. Raises Problem for what is no http or https URL."""
    home = home_of(actor, None)
    check_url(url)
    return await office.database.write(_create, actor, home, url, purpose, office.clock.now_ms())


async def view(office: Office, actor: Actor, callback_id: CallbackId) -> Callback:
    """One webhook. Raises Problem."""
    return await office.database.read(_view, seen_by(actor), callback_id)


async def views(office: Office, actor: Actor) -> list[Callback]:
    """The webhooks the actor sees."""
    return await office.database.read(store.callbacks, seen_by(actor))


async def delete(office: Office, actor: Actor, callback_id: CallbackId) -> None:
    """Delete a webhook that no policy has. Raises Problem."""
    await office.database.write(_delete, actor, changed_by(actor), callback_id, office.clock.now_ms())


async def create_secret(office: Office, actor: Actor, secret: str, purpose: str) -> Secret:
    """A new secret; nobody reads it back. Raises Problem."""
    home = home_of(actor, None)
    if not 1 <= len(secret) <= MOST_SECRET:
        raise Problem(Code.INVALID, f"secret has {len(secret)} characters: give 1 to {MOST_SECRET}, better 32 or more", field="secret")
    return await office.database.write(_create_secret, actor, home, secret, purpose, office.clock.now_ms())


async def view_secret(office: Office, actor: Actor, secret_id: int) -> Secret:
    """One secret, without what is secret. Raises Problem."""
    return await office.database.read(_view_secret, seen_by(actor), secret_id)


async def secrets(office: Office, actor: Actor) -> list[Secret]:
    """The secrets the actor may use."""
    return await office.database.read(store.secrets, seen_by(actor))


async def delete_secret(office: Office, actor: Actor, secret_id: int) -> None:
    """Delete a secret that no policy has. Raises Problem."""
    await office.database.write(_delete_secret, actor, changed_by(actor), secret_id, office.clock.now_ms())


def weakness_of(secret: str) -> str | None:
    """What is weak about a secret that is taken nevertheless, where something is."""
    return None if len(secret.encode()) >= SHORT_SECRET else f"the secret is shorter than {SHORT_SECRET} octets: it is easier to guess"


def check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.username is None and (parts.port or 1) > 0
    except ValueError:
        good = False
    if not good or len(url) > MOST_URL or any(character.isspace() or not character.isprintable() for character in url):
        raise Problem(
            Code.INVALID_FORMAT,
            "url is no http or https address without user name and password: write one such as https://app.example.com/sms",
            field="url",
        )


def _create(tx: Transaction, actor: Actor, home: int, url: str, purpose: str, now_ms: int) -> Callback:
    callback_id = webhook_store.insert(tx, home, url, purpose, model.written(model.of_a_policy(url)), now_ms)
    assert callback_id is not None, "only the hook of a tool can be there already"
    made = _view(tx, home, callback_id)
    audit.record(tx, actor, "webhook.created", home, now_ms, object_id=made.id, after=_told(made))
    return made


def _view(tx: Transaction, scope: int, callback_id: int) -> Callback:
    found = store.callback(tx, scope, callback_id)
    if found is None:
        raise not_found("API callback", callback_id)
    return found


def _delete(tx: Transaction, actor: Actor, scope: int, callback_id: int, now_ms: int) -> None:
    before = _view(tx, scope, callback_id)
    if not store.delete_callback(tx, scope, callback_id, now_ms):
        raise Problem(Code.IN_USE, f"API callback with Id '{callback_id}' is used by a service profile: give that another one first")
    webhook_store.touch(tx, callback_id)
    audit.record(tx, actor, "webhook.deleted", before.organisation_id, now_ms, object_id=callback_id, before=_told(before))


def _create_secret(tx: Transaction, actor: Actor, home: int, secret: str, purpose: str, now_ms: int) -> Secret:
    made = _view_secret(tx, home, store.insert_secret(tx, home, secret, purpose, now_ms))
    audit.record(tx, actor, "secret.created", home, now_ms, object_id=made.id, after={"purpose": made.purpose})
    return made


def _view_secret(tx: Transaction, scope: int, secret_id: int) -> Secret:
    found = store.secret(tx, scope, secret_id)
    if found is None:
        raise not_found("API secret", secret_id)
    return found


def _delete_secret(tx: Transaction, actor: Actor, scope: int, secret_id: int, now_ms: int) -> None:
    before = _view_secret(tx, scope, secret_id)
    if not store.delete_secret(tx, scope, secret_id, now_ms):
        raise Problem(Code.IN_USE, f"API secret with Id '{secret_id}' is used by a service profile: take it out there first")
    audit.record(tx, actor, "secret.deleted", before.organisation_id, now_ms, object_id=secret_id, before={"purpose": before.purpose})


def _told(callback: Callback) -> dict[str, str]:
    return {"url": callback.url, "purpose": callback.purpose}
