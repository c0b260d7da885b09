"""Second factors of users: made by themselves, given up by themselves or, where they are lost, taken off by an Administrator."""

import secrets
from dataclasses import dataclass

from heliograph.model import totp
from heliograph.model.account import Actor, Role
from heliograph.model.ids import UserId
from heliograph.model.permission import Right, require
from heliograph.model.problem import Code, Problem
from heliograph.service import audit
from heliograph.service.access import user_of
from heliograph.service.login import Login, recovery_hash
from heliograph.service.manage.scope import Office, not_found, seen_by
from heliograph.service.manage.user import end_logins
from heliograph.store import account as account_store
from heliograph.store import credential as store
from heliograph.store.account import User
from heliograph.store.credential import MfaKey, TrustedDevice
from heliograph.store.transaction import Transaction

ISSUER = "Heliograph"
RECOVERY_CODES = 10
RECOVERY_OCTETS = 5


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that waits to be activated. Its secret, `uri` (for a QR code) and the codes for its loss are shown this once."""

    key: MfaKey
    uri: str
    recovery_codes: list[str]


async def create(office: Office, login: Login, actor: Actor, password_sha1: str) -> NewKey:
    """A key for the actor, who says their password once more. Raises Problem, also where one is in use."""
    user = await login.confirm(actor, password_sha1, "password")
    secret = totp.secret_text(secrets.token_bytes(totp.SECRET_OCTETS))
    codes = [_recovery_code() for _ in range(RECOVERY_CODES)]
    key = await office.database.write(_create, user.id, secret, codes, office.clock.now_ms())
    return NewKey(key, totp.uri(secret, user.email, ISSUER), codes)


def uri(key: MfaKey, actor: Actor) -> str:
    """What an app reads of the actor's own key."""
    return totp.uri(key.secret, actor.email or "", ISSUER)


async def activate(office: Office, actor: Actor, key_id: int, code: str) -> None:
    """Put the key into use, given its first code. Raises Problem."""
    await office.database.write(_activate, actor, key_id, code, office.clock.now_ms())


async def delete(office: Office, actor: Actor, user_id: int, key_id: int) -> None:
    """Do without a key: one's own, or, for an Administrator, that of a user. Raises Problem."""
    await office.database.write(_delete, actor, user_id, key_id, office.clock.now_ms())


async def keys(office: Office, user_id: UserId) -> list[MfaKey]:
    """Those of a user."""
    return await office.database.read(store.mfa_keys, user_id)


async def trusted_devices(office: Office, actor: Actor, user_id: int) -> list[TrustedDevice]:
    """What a user logs in from without a code. Raises Problem."""
    return await office.database.read(_trusted_devices, actor, user_id, office.clock.now_ms())


async def forget_device(office: Office, actor: Actor, user_id: int, device_id: int) -> None:
    """Trust a device no more. Raises Problem."""
    await office.database.write(_forget_device, actor, user_id, device_id, office.clock.now_ms())


def _create(tx: Transaction, user_id: UserId, secret: str, codes: list[str], now_ms: int) -> MfaKey:
    account_store.lock_user(tx, 0, user_id)
    if store.active_mfa_keys(tx, user_id):
        raise Problem(Code.DUPLICATED, "a second factor is on already: delete it before you make another")
    key_id = store.insert_mfa_key(tx, user_id, secret, now_ms)
    store.replace_recovery_codes(tx, user_id, [recovery_hash(user_id, each) for each in codes], now_ms)
    return next(key for key in store.mfa_keys(tx, user_id) if key.id == key_id)


def _activate(tx: Transaction, actor: Actor, key_id: int, code: str, now_ms: int) -> None:
    user_id = user_of(actor)
    account_store.lock_user(tx, 0, user_id)
    key = next((each for each in store.mfa_keys(tx, user_id) if each.id == key_id), None)
    if key is None:
        raise not_found("MFA key", key_id)
    if key.activated_at_ms is not None:
        raise Problem(Code.DUPLICATED, "the key is activated already")
    step = totp.step_of(key.secret, code, now_ms)
    if step is None:
        raise Problem(
            Code.INVALID, "the code is wrong: type the one that the app shows now, and look whether its clock is right", field="code"
        )
    store.activate_mfa_key(tx, key_id, step, now_ms)
    audit.record(tx, actor, "user.mfa_on", actor.organisation_id, now_ms, object_id=user_id)


def _delete(tx: Transaction, actor: Actor, user_id: int, key_id: int, now_ms: int) -> None:
    user = _user(tx, actor, user_id)
    if not store.delete_mfa_key(tx, user_id, key_id):
        raise not_found("MFA key", key_id)
    if not store.active_mfa_keys(tx, user_id):
        store.replace_recovery_codes(tx, user_id, [], now_ms)
    end_logins(tx, user_id, now_ms)
    audit.record(tx, actor, "user.mfa_off", user.organisation_id, now_ms, object_id=user_id)


def _trusted_devices(tx: Transaction, actor: Actor, user_id: int, now_ms: int) -> list[TrustedDevice]:
    return store.trusted_devices(tx, _user(tx, actor, user_id).id, now_ms)


def _forget_device(tx: Transaction, actor: Actor, user_id: int, device_id: int, now_ms: int) -> None:
    user = _user(tx, actor, user_id)
    if not store.delete_trusted_device(tx, user_id, device_id):
        raise not_found("Trusted device", device_id)
    audit.record(tx, actor, "user.device_forgotten", user.organisation_id, now_ms, object_id=user_id)


def _user(tx: Transaction, actor: Actor, user_id: int) -> User:
    """One's own account, or one that the actor administers."""
    user = account_store.user(tx, user_id)
    if user is None or (user_id != actor.user_id and seen_by(actor) not in (0, user.organisation_id)):
        raise not_found("User", user_id)
    if user_id != actor.user_id:
        require(actor, Right.ADMINISTER)
        if user.role == Role.SUPER_ADMIN:
            require(actor, Right.OPERATE)
    return user


def _recovery_code() -> str:
    text = secrets.token_hex(RECOVERY_OCTETS)
    return f"{text[:5]}-{text[5:]}"
