"""Organisations: made, changed and deleted by the operator; each sees itself (rules: Who owns what)."""

import msgspec
from msgspec import UNSET, UnsetType

from heliograph.model.account import Actor
from heliograph.model.permission import Right, require
from heliograph.model.problem import Code, Problem
from heliograph.model.source import checked_source
from heliograph.service import audit
from heliograph.service.manage.account import found_organisation
from heliograph.service.manage.scope import Office, administered_by, not_found
from heliograph.store import account as store
from heliograph.store.account import Organisation
from heliograph.store.transaction import Transaction

MOST_NAME = 100


class OrganisationChange(msgspec.Struct, frozen=True, kw_only=True):
    """What of an organisation is to change; UNSET leaves what is. `default_source`: the sender of messages that name none, or None."""

    name: str | UnsetType = UNSET
    default_source: str | UnsetType | None = UNSET


async def create(office: Office, actor: Actor, wanted: OrganisationChange) -> Organisation:
    """A new organisation, with a service policy and a tariff to begin with. Raises Problem."""
    require(actor, Right.OPERATE)
    return await office.database.write(_create, actor, wanted, office.clock.now_ms())


async def view(office: Office, actor: Actor, organisation_id: int) -> Organisation:
    """One organisation that the actor sees. Raises Problem."""
    found = await office.database.read(store.organisation, organisation_id)
    if found is None or actor.scope not in (0, found.id):
        raise not_found("Organisation", organisation_id)
    return found


async def update(office: Office, actor: Actor, organisation_id: int, change: OrganisationChange) -> None:
    """Change an organisation: the operator any, an Administrator their own. Raises Problem."""
    await office.database.write(_update, actor, administered_by(actor), organisation_id, change, office.clock.now_ms())


async def delete(office: Office, actor: Actor, organisation_id: int) -> None:
    """Delete an organisation that has neither devices nor SIMs; its users and tokens are disabled. Raises Problem."""
    require(actor, Right.OPERATE)
    await office.database.write(_delete, actor, organisation_id, office.clock.now_ms())


def _create(tx: Transaction, actor: Actor, wanted: OrganisationChange, now_ms: int) -> Organisation:
    if wanted.name is UNSET:
        raise Problem(Code.REQUIRED, "name is required", field="name")
    _check(wanted)
    _refuse_taken(tx, wanted.name, 0)
    organisation_id = found_organisation(tx, wanted.name, now_ms)
    made = _changed(_lock(tx, 0, organisation_id), wanted)
    store.update_organisation(tx, made)
    audit.record(tx, actor, "organisation.created", organisation_id, now_ms, object_id=organisation_id, after=made)
    return made


def _update(tx: Transaction, actor: Actor, scope: int, organisation_id: int, change: OrganisationChange, now_ms: int) -> None:
    before = _lock(tx, scope, organisation_id)
    _check(change)
    if scope == 0 and change.name is not UNSET:  # an organisation is not told which others there are
        _refuse_taken(tx, change.name, before.id)
    after = _changed(before, change)
    store.update_organisation(tx, after)
    audit.record(tx, actor, "organisation.changed", before.id, now_ms, object_id=before.id, before=before, after=after)


def _delete(tx: Transaction, actor: Actor, organisation_id: int, now_ms: int) -> None:
    found = _lock(tx, 0, organisation_id)
    if organisation_id == actor.organisation_id:
        raise Problem(Code.NOT_ALLOWED, "this is your own organisation: nobody deletes what they stand in")
    devices, sims = store.holdings(tx, organisation_id)
    if devices or sims:
        raise Problem(
            Code.IN_USE, f"Organisation with Id '{organisation_id}' has {devices} devices and {sims} SIMs: delete or move them first"
        )
    store.delete_organisation(tx, organisation_id, now_ms)
    audit.record(tx, actor, "organisation.deleted", organisation_id, now_ms, object_id=organisation_id, before=found)


def _lock(tx: Transaction, scope: int, organisation_id: int) -> Organisation:
    found = store.lock_organisation(tx, organisation_id) if scope in (0, organisation_id) else None
    if found is None:
        raise not_found("Organisation", organisation_id)
    return found


def _refuse_taken(tx: Transaction, name: str, own_id: int) -> None:
    """The operator chooses by name. Two transactions at once may still give one name twice: then the ids tell them apart."""
    if any(each.name.strip() == name.strip() and each.id != own_id for each in store.organisations(tx)):
        raise Problem(Code.DUPLICATED, f"there is an organisation '{name.strip()}' already: choose another name", field="name")


def _changed(organisation: Organisation, change: OrganisationChange) -> Organisation:
    wanted = {name: getattr(change, name) for name in change.__struct_fields__ if getattr(change, name) is not UNSET}
    return msgspec.structs.replace(organisation, **wanted)


def _check(change: OrganisationChange) -> None:
    if isinstance(change.name, str) and not (1 <= len(change.name.strip()) <= MOST_NAME and change.name.isprintable()):
        raise Problem(Code.INVALID_FORMAT, f"the name of an organisation has 1 to {MOST_NAME} printable characters", field="name")
    if change.default_source:
        checked_source(change.default_source, None, "default_source")
