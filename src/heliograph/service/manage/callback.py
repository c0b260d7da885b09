"""Webhooks (API callbacks) and the secrets that sign what is sent to them. Which addresses may be called is judged when calling."""

from urllib.parse import urlsplit

from heliograph.model.account import Actor
from heliograph.model.ids import CallbackId
from heliograph.model.problem import Code, Problem
from heliograph.service.manage.scope import Office, changed_by, home_of, not_found, seen_by
from heliograph.store import policy as store
from heliograph.store.policy import Callback, Secret
from heliograph.store.transaction import Transaction

MOST_URL = 2000
MOST_SECRET = 1000


async def create(office: Office, actor: Actor, url: str, purpose: str) -> Callback:
    """A new webhook. Raises Problem for what is no http or https URL."""
    home = home_of(actor, None)
    _check_url(url)
    callback_id = await office.database.write(store.insert_callback, home, url, purpose, office.clock.now_ms())
    return await view(office, actor, callback_id)


async def view(office: Office, actor: Actor, callback_id: CallbackId) -> Callback:
    """One webhook. Raises Problem."""
    found = await office.database.read(store.callback, seen_by(actor), callback_id)
    if found is None:
        raise not_found("API callback", callback_id)
    return found


async def views(office: Office, actor: Actor) -> list[Callback]:
    """The webhooks the actor sees."""
    return await office.database.read(store.callbacks, seen_by(actor))


async def delete(office: Office, actor: Actor, callback_id: CallbackId) -> None:
    """Delete a webhook that no policy has. Raises Problem."""
    await office.database.write(_delete, changed_by(actor), callback_id, office.clock.now_ms())


async def create_secret(office: Office, actor: Actor, secret: str, purpose: str) -> Secret:
    """A new secret; nobody reads it back. Raises Problem."""
    home = home_of(actor, None)
    if not 1 <= len(secret) <= MOST_SECRET:
        raise Problem(Code.INVALID, f"secret must have 1 to {MOST_SECRET} characters", field="secret")
    secret_id = await office.database.write(store.insert_secret, home, secret, purpose, office.clock.now_ms())
    return await view_secret(office, actor, secret_id)


async def view_secret(office: Office, actor: Actor, secret_id: int) -> Secret:
    """One secret, without what is secret. Raises Problem."""
    found = await office.database.read(store.secret, seen_by(actor), secret_id)
    if found is None:
        raise not_found("API secret", secret_id)
    return found


async def secrets(office: Office, actor: Actor) -> list[Secret]:
    """The secrets the actor may use."""
    return await office.database.read(store.secrets, seen_by(actor))


async def delete_secret(office: Office, actor: Actor, secret_id: int) -> None:
    """Delete a secret that no policy has. Raises Problem."""
    await office.database.write(_delete_secret, changed_by(actor), secret_id, office.clock.now_ms())


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.username is None and (parts.port or 1) > 0
    except ValueError:
        good = False
    if not good or len(url) > MOST_URL or any(character.isspace() or not character.isprintable() for character in url):
        raise Problem(Code.INVALID_FORMAT, "url must be an http or https address without user name and password", field="url")


def _delete(tx: Transaction, scope: int, callback_id: int, now_ms: int) -> None:
    if store.callback(tx, scope, callback_id) is None:
        raise not_found("API callback", callback_id)
    if not store.delete_callback(tx, scope, callback_id, now_ms):
        raise Problem(Code.IN_USE, f"API callback with Id '{callback_id}' is used by a service profile: give that another one first")


def _delete_secret(tx: Transaction, scope: int, secret_id: int, now_ms: int) -> None:
    if store.secret(tx, scope, secret_id) is None:
        raise not_found("API secret", secret_id)
    if not store.delete_secret(tx, scope, secret_id, now_ms):
        raise Problem(Code.IN_USE, f"API secret with Id '{secret_id}' is used by a service profile: take it out there first")
