"""Tariffs: names without prices, which every device of the compatible API refers to."""

import msgspec
from msgspec import UNSET, UnsetType

from heliograph.model.account import Actor
from heliograph.model.problem import Code, Problem
from heliograph.service import audit
from heliograph.service.manage.scope import Office, changed_by, home_of, not_found, seen_by
from heliograph.store import policy as store
from heliograph.store.policy import Tariff
from heliograph.store.transaction import Transaction


class TariffChange(msgspec.Struct, frozen=True, kw_only=True):
    """What of a tariff is to change; UNSET leaves what is."""

    name: str | UnsetType = UNSET
    description: str | UnsetType | None = UNSET


async def create(office: Office, actor: Actor, wanted: TariffChange) -> Tariff:
    """A new tariff. Raises Problem."""
    return await office.database.write(_create, actor, home_of(actor, None), wanted, office.clock.now_ms())


async def view(office: Office, actor: Actor, tariff_id: int) -> Tariff:
    """One tariff. Raises Problem."""
    return await office.database.read(_view, seen_by(actor), tariff_id)


async def views(office: Office, actor: Actor) -> list[Tariff]:
    """The tariffs the actor sees."""
    return await office.database.read(store.tariffs, seen_by(actor))


async def update(office: Office, actor: Actor, tariff_id: int, change: TariffChange) -> Tariff:
    """Change a tariff. Raises Problem."""
    return await office.database.write(_update, actor, changed_by(actor), tariff_id, change, office.clock.now_ms())


async def delete(office: Office, actor: Actor, tariff_id: int) -> None:
    """Delete a tariff that no device has. Raises Problem."""
    await office.database.write(_delete, actor, changed_by(actor), tariff_id, office.clock.now_ms())


def _create(tx: Transaction, actor: Actor, home: int, wanted: TariffChange, now_ms: int) -> Tariff:
    name, description = _checked(wanted, "", None)
    made = _view(tx, home, store.insert_tariff(tx, home, name, description))
    audit.record(tx, actor, "tariff.created", home, now_ms, object_id=made.id, after=_told(made))
    return made


def _update(tx: Transaction, actor: Actor, scope: int, tariff_id: int, change: TariffChange, now_ms: int) -> Tariff:
    before = _view(tx, scope, tariff_id)
    store.update_tariff(tx, tariff_id, *_checked(change, before.name, before.description))
    after = _view(tx, scope, tariff_id)
    audit.record(tx, actor, "tariff.changed", after.organisation_id, now_ms, object_id=tariff_id, before=_told(before), after=_told(after))
    return after


def _delete(tx: Transaction, actor: Actor, scope: int, tariff_id: int, now_ms: int) -> None:
    before = _view(tx, scope, tariff_id)
    if not store.delete_tariff(tx, tariff_id, now_ms):
        raise Problem(Code.IN_USE, f"Tariff profile with Id '{tariff_id}' is used by endpoints: give them another one first")
    audit.record(tx, actor, "tariff.deleted", before.organisation_id, now_ms, object_id=tariff_id, before=_told(before))


def _checked(change: TariffChange, name: str, description: str | None) -> tuple[str, str | None]:
    name = name if change.name is UNSET else change.name.strip()
    if not name:
        part = Problem(Code.REQUIRED, "name is required: give the tariff one", field="name")
        raise Problem(Code.INVALID, "Tariff profile validation error", parts=(part,))
    return name, description if change.description is UNSET else change.description


def _view(tx: Transaction, scope: int, tariff_id: int) -> Tariff:
    found = store.tariff(tx, scope, tariff_id)
    if found is None:
        raise not_found("Tariff profile", tariff_id)
    return found


def _told(tariff: Tariff) -> dict[str, str | None]:
    return {"name": tariff.name, "description": tariff.description}
