"""SMPP accounts of organisations and of their service policies: make, change, reset, delete, list; and the sessions that are bound."""

import asyncio
from collections.abc import Mapping, Sequence

import msgspec
from argon2 import PasswordHasher

from heliograph.model import esme
from heliograph.model.account import Actor
from heliograph.model.esme import EsmeSettings
from heliograph.model.problem import Code, Problem
from heliograph.service import audit, smpp_password
from heliograph.service.manage.scope import Office, administered_by, home_of, not_found, seen_by
from heliograph.store import account as account_store
from heliograph.store import policy as policy_store
from heliograph.store import smpp_account as store
from heliograph.store import smpp_refusal as smpp_refusal_store
from heliograph.store.smpp_account import SmppAccount, SmppSession
from heliograph.store.transaction import Transaction

KIND = "SMPP account"
COUNTED_MOST = 1000


class Made(msgspec.Struct, frozen=True):
    """An account with its password, which is shown this once."""

    account: SmppAccount
    password: str


async def create(
    office: Office,
    actor: Actor,
    policy_id: int | None,
    settings: Mapping[str, object],
    hasher: PasswordHasher | None = None,
    *,
    organisation_id: int | None = None,
) -> Made:
    """The account of a policy, or of an organisation: the actor's, or where an operator says. Raises Problem, also where there is one."""
    administered_by(actor)
    home = home_of(actor, organisation_id)
    wanted = esme.changed(EsmeSettings(), settings)
    password, password_hash = await _new_password(hasher)
    account = await office.database.write(_create, actor, home, policy_id, wanted, password_hash, office.clock.now_ms())
    return Made(account, password)


async def reset(office: Office, actor: Actor, system_id: str, hasher: PasswordHasher | None = None) -> Made:
    """A new password; the one before is no more, and sessions that were bound with it end. Raises Problem."""
    scope = administered_by(actor)
    password, password_hash = await _new_password(hasher)
    account = await office.database.write(_reset, actor, scope, system_id, password_hash, office.clock.now_ms())
    return Made(account, password)


async def update(
    office: Office, actor: Actor, system_id: str, changes: Mapping[str, object], *, enabled: bool | None = None
) -> SmppAccount:
    """Change settings (name to value; None: back to the default), or switch it on or off. Raises Problem."""
    return await office.database.write(_update, actor, administered_by(actor), system_id, changes, enabled, office.clock.now_ms())


async def delete(office: Office, actor: Actor, system_id: str) -> None:
    """Delete an account; its sessions end. Raises Problem."""
    await office.database.write(_delete, actor, administered_by(actor), system_id, office.clock.now_ms())


async def view(office: Office, actor: Actor, system_id: str) -> SmppAccount:
    """One account. Raises Problem."""
    return await office.database.read(_view, seen_by(actor), system_id)


async def views(office: Office, actor: Actor) -> list[SmppAccount]:
    """The accounts the actor sees."""
    return await office.database.read(store.accounts, seen_by(actor))


async def sessions(office: Office, actor: Actor) -> list[SmppSession]:
    """The sessions, bound to any process, of the accounts the actor sees."""
    return await office.database.read(store.sessions, seen_by(actor))


async def waiting(office: Office, system_ids: Sequence[str]) -> dict[str, int]:
    """How many receipts and SMS wait for each account, counted up to COUNTED_MOST. Who asks has seen the accounts."""
    return await office.database.read(_waiting, system_ids)


def _waiting(tx: Transaction, system_ids: Sequence[str]) -> dict[str, int]:
    return {each: store.waiting(tx, each, COUNTED_MOST) for each in system_ids}


async def _new_password(hasher: PasswordHasher | None) -> tuple[str, str]:
    """It and its hash, which takes 20 ms."""
    password = smpp_password.new_password()
    return password, await asyncio.to_thread((hasher or smpp_password.hasher()).hash, password)


def _create(
    tx: Transaction, actor: Actor, home: int, policy_id: int | None, settings: EsmeSettings, password_hash: str, now_ms: int
) -> SmppAccount:
    if policy_id is not None and policy_store.lock(tx, home, policy_id) is None:
        raise not_found("Service profile", policy_id)
    if account_store.organisation(tx, home) is None:
        raise not_found("Organisation", home)
    system_id = esme.system_id_of(home, policy_id)
    assert len(system_id) <= esme.LONGEST_SYSTEM_ID
    if not store.insert(tx, system_id, home, policy_id, password_hash, esme.written(settings), now_ms):
        raise Problem(Code.DUPLICATED, f"there is an {KIND} '{system_id}' already: reset its password to have a new one")
    made = _view(tx, home, system_id)
    audit.record(tx, actor, "smpp_account.created", home, now_ms, object_id=_object(made), after=_told(made))
    return made


def _reset(tx: Transaction, actor: Actor, scope: int, system_id: str, password_hash: str, now_ms: int) -> SmppAccount:
    before = _locked(tx, scope, system_id)
    store.set_password(tx, system_id, password_hash, now_ms)
    after = _view(tx, scope, system_id)
    shown = {"password": password_hash, "system_id": system_id}
    audit.record(
        tx, actor, "smpp_account.password_reset", before.organisation_id, now_ms, object_id=_object(before),
        before={"password": before.password_hash, "system_id": system_id}, after=shown,
    )  # fmt: skip
    return after


def _update(
    tx: Transaction, actor: Actor, scope: int, system_id: str, changes: Mapping[str, object], enabled: bool | None, now_ms: int
) -> SmppAccount:
    before = _locked(tx, scope, system_id)
    settings = esme.changed(esme.read(before.settings), changes)
    disabled_at_ms = before.disabled_at_ms if enabled is None else None if enabled else before.disabled_at_ms or now_ms
    store.update(tx, system_id, esme.written(settings), disabled_at_ms)
    after = _view(tx, scope, system_id)
    audit.record(
        tx,
        actor,
        "smpp_account.changed",
        before.organisation_id,
        now_ms,
        object_id=_object(before),
        before=_told(before),
        after=_told(after),
    )
    return after


def _delete(tx: Transaction, actor: Actor, scope: int, system_id: str, now_ms: int) -> None:
    before = _locked(tx, scope, system_id)
    store.delete(tx, system_id)
    smpp_refusal_store.forget(tx, system_id)
    audit.record(tx, actor, "smpp_account.deleted", before.organisation_id, now_ms, object_id=_object(before), before=_told(before))


def _locked(tx: Transaction, scope: int, system_id: str) -> SmppAccount:
    store.lock(tx, system_id)
    return _view(tx, scope, system_id)


def _view(tx: Transaction, scope: int, system_id: str) -> SmppAccount:
    found = store.account(tx, scope, system_id)
    if found is None:
        raise not_found(KIND, system_id)
    return found


def _object(account: SmppAccount) -> int:
    """What the audit names it by: its policy, or its organisation."""
    return account.policy_id or account.organisation_id


def _told(account: SmppAccount) -> dict[str, object]:
    """An account for the audit, with each setting under its name."""
    settings = msgspec.structs.asdict(esme.read(account.settings))
    return {"system_id": account.system_id, "disabled_at_ms": account.disabled_at_ms} | settings
