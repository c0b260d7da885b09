"""Users of an organisation: invited, changed, disabled; and how a password is set, by who knows the old one or by a link.

We send no e-mail: whoever invites a user, or gives them a new link, is shown a key once and hands it on. Disabling a user, and setting a
password, end all that they were logged in with.
"""

import re

import msgspec
from msgspec import UNSET, UnsetType

from heliograph.model.account import Actor, Door, Role
from heliograph.model.permission import Right, require
from heliograph.model.problem import Code, Problem
from heliograph.service import audit
from heliograph.service.access import actor_by_user
from heliograph.service.login import Login
from heliograph.service.manage.account import enter_user
from heliograph.service.manage.scope import Office, administered_by, home_of, not_found, seen_by
from heliograph.service.password import Passwords
from heliograph.service.secret import hash_of, new_secret
from heliograph.store import account as store
from heliograph.store import credential as credential_store
from heliograph.store import session as session_store
from heliograph.store.account import User
from heliograph.store.transaction import Transaction

LINK_PREFIX = "hgl_"
LINK_MS = 24 * 3_600_000
_SHA1_HEX = re.compile(r"[0-9a-fA-F]{40}")


class Invitation(msgspec.Struct, frozen=True):
    """A user who may set a password by `key`, which is shown this once, until `until_ms`."""

    user: User
    key: str
    until_ms: int


class UserChange(msgspec.Struct, frozen=True, kw_only=True):
    """What of a user is to change; UNSET leaves what is."""

    name: str | UnsetType = UNSET
    role: Role | UnsetType = UNSET
    disabled: bool | UnsetType = UNSET


async def list_users(office: Office, actor: Actor) -> list[User]:
    """The users the actor sees."""
    return await office.database.read(store.users, seen_by(actor))


async def view(office: Office, actor: Actor, user_id: int) -> User:
    """One user the actor sees. Raises Problem."""
    return _seen(await office.database.read(store.user, user_id), actor, user_id)


async def view_by_email(office: Office, actor: Actor, email: str) -> User:
    """The same, by their address. Raises Problem."""
    return _seen(await office.database.read(store.user_by_email, email.strip().lower()), actor, email)


async def invite(
    office: Office, actor: Actor, email: str, name: str, role: Role = Role.ADMINISTRATOR, organisation_id: int | None = None
) -> Invitation:
    """A new user, who sets a password by the key. Raises Problem where the address is taken."""
    administered_by(actor)
    home = home_of(actor, organisation_id)
    key, key_hash = new_secret(LINK_PREFIX)
    now_ms = office.clock.now_ms()
    user = await office.database.write(_invite, actor, home, email, name, role, key_hash, now_ms)
    return Invitation(user, key, now_ms + LINK_MS)


async def enter(
    office: Office, passwords: Passwords, actor: Actor, email: str, name: str, password_sha1: str, role: Role | None = None
) -> User:
    """A new user with a password, made by the operator at the machine. `role` None: the first user of the installation runs it, others are
    Administrator. Raises Problem."""
    require(actor, Right.OPERATE)
    _check_sha1(password_sha1, "password")
    password_hash = await passwords.hashed(password_sha1)
    return await office.database.write(_enter, actor, email, name, password_hash, role, office.clock.now_ms())


async def set_password(office: Office, passwords: Passwords, actor: Actor, user_id: int, password_sha1: str) -> None:
    """Give a user another password, as the operator; all that they are logged in with ends. Raises Problem."""
    require(actor, Right.OPERATE)
    _check_sha1(password_sha1, "password")
    password_hash = await passwords.hashed(password_sha1)
    await office.database.write(_reset_password, actor, user_id, password_hash, office.clock.now_ms())


async def new_link(office: Office, actor: Actor, user_id: int) -> Invitation:
    """Another key for a user who lost the password, or the key before it. Raises Problem."""
    key, key_hash = new_secret(LINK_PREFIX)
    now_ms = office.clock.now_ms()
    user = await office.database.write(_new_link, actor, administered_by(actor), user_id, key_hash, now_ms)
    return Invitation(user, key, now_ms + LINK_MS)


async def update(office: Office, actor: Actor, user_id: int, change: UserChange) -> None:
    """Rename a user, give them another role, disable or enable them. Raises Problem."""
    await office.database.write(_update, actor, administered_by(actor), user_id, change, office.clock.now_ms())


async def change_password(office: Office, login: Login, passwords: Passwords, actor: Actor, old_sha1: str, new_sha1: str) -> None:
    """Set the actor's own password, given the old one. They have to log in again. Raises Problem."""
    _check_sha1(new_sha1, "new_password")
    user = await login.confirm(actor, old_sha1, "old_password")
    await office.database.write(_set_password, user, await passwords.hashed(new_sha1), office.clock.now_ms())


async def set_password_by_link(office: Office, passwords: Passwords, key: str, new_sha1: str, name: str | None = None) -> None:
    """Use a key up. Raises Problem where it is none, was used or is over; nothing tells which."""
    _check_sha1(new_sha1, "password")
    key_hash = hash_of(key)
    if await office.database.read(credential_store.password_link, key_hash, office.clock.now_ms()) is None:
        raise _no_link()
    password_hash = await passwords.hashed(new_sha1)
    await office.database.write(_set_by_link, key_hash, password_hash, name, office.clock.now_ms())


def end_logins(tx: Transaction, user_id: int, now_ms: int) -> None:
    """End all that a user is logged in with."""
    store.touch_credentials(tx, user_id, now_ms)
    credential_store.delete_logins(tx, user_id)
    session_store.delete_of_user(tx, user_id)


def _invite(tx: Transaction, actor: Actor, home: int, email: str, name: str, role: Role, key_hash: str, now_ms: int) -> User:
    _check_role(actor, role)
    if store.organisation(tx, home) is None:
        raise not_found("Organisation", home)
    user_id = enter_user(tx, home, email, name.strip() or email, None, role, now_ms)
    user = store.user(tx, user_id)
    assert user is not None
    credential_store.insert_password_link(tx, key_hash, user_id, now_ms, now_ms + LINK_MS)
    audit.record(tx, actor, "user.invited", home, now_ms, object_id=user_id, after=user)
    return user


def _enter(tx: Transaction, actor: Actor, email: str, name: str, password_hash: str, role: Role | None, now_ms: int) -> User:
    if role is None:
        role = Role.ADMINISTRATOR if store.users(tx, 0) else Role.SUPER_ADMIN
    user_id = enter_user(tx, actor.organisation_id, email, name.strip() or email, password_hash, role, now_ms)
    user = store.user(tx, user_id)
    assert user is not None
    audit.record(tx, actor, "user.entered", user.organisation_id, now_ms, object_id=user_id, after=user)
    return user


def _reset_password(tx: Transaction, actor: Actor, user_id: int, password_hash: str, now_ms: int) -> None:
    user = _lock(tx, actor, actor.scope, user_id)
    store.set_password(tx, user_id, password_hash, now_ms)
    end_logins(tx, user_id, now_ms)
    audit.record(tx, actor, "user.password_set", user.organisation_id, now_ms, object_id=user_id)


def _new_link(tx: Transaction, actor: Actor, scope: int, user_id: int, key_hash: str, now_ms: int) -> User:
    user = _lock(tx, actor, scope, user_id)
    if user.disabled_at_ms is not None:
        raise Problem(Code.NOT_ALLOWED, f"'{user.email}' is disabled: enable them first")
    credential_store.insert_password_link(tx, key_hash, user.id, now_ms, now_ms + LINK_MS)
    audit.record(tx, actor, "user.link_made", user.organisation_id, now_ms, object_id=user.id)
    return user


def _update(tx: Transaction, actor: Actor, scope: int, user_id: int, change: UserChange, now_ms: int) -> None:
    operators = store.lock_operators(tx)
    before = _lock(tx, actor, scope, user_id)
    after = before
    if change.name is not UNSET:
        if not change.name.strip():
            raise Problem(Code.INVALID, "name is empty: give one", field="name")
        after = msgspec.structs.replace(after, name=change.name.strip())
    if change.role is not UNSET:
        _check_role(actor, change.role)
        after = msgspec.structs.replace(after, role=change.role.value)
    if change.disabled is not UNSET:
        after = msgspec.structs.replace(after, disabled_at_ms=(before.disabled_at_ms or now_ms) if change.disabled else None)
    loses = after.role != before.role or after.disabled_at_ms != before.disabled_at_ms
    if loses and before.id == actor.user_id:
        raise Problem(Code.NOT_ALLOWED, "nobody changes their own role or disables themselves: ask another Administrator")
    if loses and operators == [before.id]:
        raise Problem(Code.NOT_ALLOWED, "this is the only SuperAdmin who is left: make another one first")
    store.update_user(tx, after)
    if loses:
        end_logins(tx, before.id, now_ms)
    audit.record(tx, actor, "user.changed", before.organisation_id, now_ms, object_id=before.id, before=before, after=after)


def _set_by_link(tx: Transaction, key_hash: str, password_hash: str, name: str | None, now_ms: int) -> None:
    user_id = credential_store.take_password_link(tx, key_hash, now_ms)
    user = None if user_id is None else store.lock_user(tx, 0, user_id)
    if user is None or user.disabled_at_ms is not None:
        raise _no_link()
    if name and name.strip():
        store.update_user(tx, msgspec.structs.replace(user, name=name.strip()))
    _set_password(tx, user, password_hash, now_ms)


def _set_password(tx: Transaction, user: User, password_hash: str, now_ms: int) -> None:
    store.set_password(tx, user.id, password_hash, now_ms)
    end_logins(tx, user.id, now_ms)
    audit.record(tx, actor_by_user(user, Door.REST), "user.password_set", user.organisation_id, now_ms, object_id=user.id)


def _lock(tx: Transaction, actor: Actor, scope: int, user_id: int) -> User:
    user = store.lock_user(tx, scope, user_id)
    if user is None:
        raise not_found("User", user_id)
    _check_role(actor, Role(user.role))
    return user


def _check_role(actor: Actor, role: Role) -> None:
    """Only the operator makes and changes a SuperAdmin."""
    if role is Role.SUPER_ADMIN:
        require(actor, Right.OPERATE)


def _seen(user: User | None, actor: Actor, asked: object) -> User:
    if user is None or seen_by(actor) not in (0, user.organisation_id):
        raise not_found("User", asked)
    return user


def _check_sha1(password_sha1: str, field: str) -> None:
    if not _SHA1_HEX.fullmatch(password_sha1):
        raise Problem(Code.INVALID_FORMAT, f"{field} must be the SHA-1 of the password: 40 hex digits", field=field)


def _no_link() -> Problem:
    return Problem(Code.BAD_REQUEST, "the key is wrong, was used or is older than 24 h: ask an Administrator for another")
