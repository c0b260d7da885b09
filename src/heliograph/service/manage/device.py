"""Devices: make, change, delete, list; assign and release their SIM.

The order in which clients change device and SIM differs, so nothing here demands that the SIM is assigned or active before the device is
enabled: that is asked when something is sent.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address

import msgspec
from msgspec import UNSET, UnsetType

from heliograph.model.account import Actor
from heliograph.model.device import DeviceStatus, SimStatus
from heliograph.model.ids import DeviceId, OrganisationId
from heliograph.model.mobile_network import NETWORKS, MobileNetwork
from heliograph.model.page import Page
from heliograph.model.problem import Code, Problem
from heliograph.service import audit
from heliograph.service.manage import sim as sims
from heliograph.service.manage.note import note
from heliograph.service.manage.scope import Office, changed_by, home_of, not_found, seen_by
from heliograph.store import account as account_store
from heliograph.store import device as store
from heliograph.store import event as event_store
from heliograph.store import policy as policy_store
from heliograph.store import route as route_store
from heliograph.store import sim as sim_store
from heliograph.store.device import Device, DeviceView
from heliograph.store.engine import Scalar
from heliograph.store.event import EventFilter, EventView
from heliograph.store.listing import Order
from heliograph.store.transaction import Transaction

HEARD_LATELY_MS = 48 * 3_600_000
_IMEI = re.compile(r"[0-9]{14,16}")


class SimChange(msgspec.Struct, frozen=True):
    """Which SIM a device is to have, None: none. An issued one is activated with it unless `activate` is False or `status` says else."""

    sim_id: int | None
    activate: bool = True
    status: SimStatus | None = None


class DeviceChange(msgspec.Struct, frozen=True, kw_only=True):
    """What of a device is to change; UNSET leaves what is."""

    name: str | UnsetType = UNSET
    tags: str | UnsetType | None = UNSET
    imei: str | UnsetType | None = UNSET
    imei_lock: bool | UnsetType = UNSET
    status: DeviceStatus | UnsetType = UNSET
    service_profile_id: int | UnsetType = UNSET
    tariff_profile_id: int | UnsetType = UNSET
    ip_address: str | UnsetType | None = UNSET
    ip_address_space_id: int | UnsetType | None = UNSET
    sim: SimChange | UnsetType = UNSET


@dataclass(frozen=True, slots=True)
class _Task:
    """A change under way, with what all its steps need."""

    tx: Transaction
    actor: Actor
    now_ms: int


async def create(office: Office, actor: Actor, wanted: DeviceChange, organisation_id: int | None = None) -> DeviceView:
    """A new device. `wanted` names at least both policies. Raises Problem."""
    home = home_of(actor, organisation_id)
    return await office.database.write(create_one, actor, home, wanted, office.clock.now_ms())


async def update(office: Office, actor: Actor, device_id: DeviceId, change: DeviceChange) -> None:
    """Change a device. Raises Problem."""
    await office.database.write(update_one, actor, changed_by(actor), device_id, change, office.clock.now_ms())


async def delete(office: Office, actor: Actor, device_id: DeviceId) -> None:
    """Delete a device that has no SIM; its messages stay. Raises Problem."""
    await office.database.write(delete_one, actor, changed_by(actor), device_id, office.clock.now_ms())


async def view(office: Office, actor: Actor, device_id: DeviceId) -> DeviceView:
    """One device. Raises Problem."""
    return await office.database.read(_view, seen_by(actor), device_id)


async def page(
    office: Office, actor: Actor, filters: Mapping[str, Scalar], order: Sequence[Order], page: int, per_page: int
) -> Page[DeviceView]:
    """One page of the devices the actor sees. Raises Problem for an order that is not offered."""
    return await office.database.read(store.page, seen_by(actor), filters, order, page, per_page)


async def events(office: Office, actor: Actor, device_id: DeviceId, wanted: EventFilter, page: int, per_page: int) -> Page[EventView]:
    """What was done to a device; nothing for one that is not the actor's (emnify answers so too)."""
    return await office.database.read(event_store.of_device, seen_by(actor), device_id, wanted, page, per_page)


async def is_attached(office: Office, actor: Actor, device_id: DeviceId) -> bool:
    """Whether the device sent or took an SMS in the last 48 hours: all that can be known outside the network core. Raises Problem."""
    await view(office, actor, device_id)
    heard_at_ms = await office.database.read(store.last_heard_ms, device_id)
    return heard_at_ms is not None and heard_at_ms > office.clock.now_ms() - HEARD_LATELY_MS


async def blacklist(office: Office, actor: Actor, device_id: DeviceId) -> list[MobileNetwork]:
    """The mobile networks a device is not to use. Raises Problem."""
    await view(office, actor, device_id)
    ids = await office.database.read(store.blacklist, device_id)
    return [NETWORKS[operator_id] for operator_id in ids if operator_id in NETWORKS]


async def blacklist_add(office: Office, actor: Actor, device_id: DeviceId, operator_id: int) -> None:
    """Note that a device is not to use a mobile network. Raises Problem, also where that was noted before."""
    await office.database.write(_blacklist_add, actor, changed_by(actor), device_id, operator_id, office.clock.now_ms())


async def blacklist_remove(office: Office, actor: Actor, device_id: DeviceId, operator_id: int) -> None:
    """Take that back. Raises Problem where it was not noted."""
    await office.database.write(_blacklist_remove, actor, changed_by(actor), device_id, operator_id, office.clock.now_ms())


def _view(tx: Transaction, scope: int, device_id: int) -> DeviceView:
    found = store.view(tx, scope, device_id)
    if found is None:
        raise not_found("Endpoint", device_id)
    return found


def create_one(tx: Transaction, actor: Actor, home: OrganisationId, wanted: DeviceChange, now_ms: int) -> DeviceView:
    """A new device. Part of a transaction. Raises Problem; where its SIM is refused, the device has been written."""
    task = _Task(tx, actor, now_ms)
    if account_store.organisation(tx, home) is None:
        raise _refused("Create", not_found("Organisation", home))
    device = Device(0, home, "", None, None, 0, int(DeviceStatus.ENABLED), 0, 0)
    _apply(task, "Create", device, wanted)
    store.insert(tx, device, now_ms)
    audit.record(tx, actor, "device.created", home, now_ms, object_id=device.id, after=device)
    if isinstance(wanted.sim, SimChange) and wanted.sim.sim_id is not None:
        _assign(task, "Create", device, wanted.sim)
    route_store.reassign(tx, device.id)
    return _view(tx, home, device.id)


def update_one(tx: Transaction, actor: Actor, scope: int, device_id: int, change: DeviceChange, now_ms: int) -> None:
    """Change a device. Part of a transaction. Raises Problem; where its SIM is refused, the device has been changed."""
    task = _Task(tx, actor, now_ms)
    device = store.lock(tx, scope, device_id)
    if device is None:
        raise not_found("Endpoint", device_id)
    before = msgspec.structs.replace(device)
    _apply(task, "Update", device, change)
    store.update(tx, device, now_ms)
    audit.record(tx, actor, "device.changed", device.organisation_id, now_ms, object_id=device_id, before=before, after=device)
    if device.status_id != before.status_id:
        kind = "device.enabled" if device.status_id == DeviceStatus.ENABLED else "device.disabled"
        note(tx, actor, kind, device.organisation_id, now_ms, device_id=device_id)
    if isinstance(change.sim, SimChange):
        _release(task, device, unless=change.sim.sim_id)
        if change.sim.sim_id is not None:
            _assign(task, "Update", device, change.sim)
    route_store.reassign(tx, device_id)
    if isinstance(change.sim, SimChange):
        sims.refuse_if_held(tx, device_id)


def _apply(task: _Task, verb: str, device: Device, change: DeviceChange) -> None:
    if problems := [*malformed(change), *unknown_policies(task.tx, device.organisation_id, change)]:
        raise _refused(verb, *problems)
    for name in change.__struct_fields__:
        value = getattr(change, name)
        if value is not UNSET and name != "sim":
            setattr(device, "status_id" if name == "status" else name, int(value) if isinstance(value, bool | DeviceStatus) else value)


def malformed(change: DeviceChange) -> list[Problem]:
    """What no device can be."""
    problems: list[Problem] = []
    if change.status is DeviceStatus.DELETED:
        problems.append(Problem(Code.NOT_ALLOWED, "delete the endpoint instead of giving it the status Deleted", field="status"))
    if change.imei and _IMEI.fullmatch(change.imei) is None:
        problems.append(
            Problem(
                Code.INVALID_FORMAT, f"imei '{change.imei}' is not 14 to 16 digits: write it as the modem tells it (AT+CGSN)", field="imei"
            )
        )
    if change.ip_address and not _is_address(change.ip_address):
        text = f"ip_address '{change.ip_address}' is no IP address: write one such as 10.0.0.12"
        problems.append(Problem(Code.INVALID_FORMAT, text, field="ip_address"))
    return problems


def unknown_policies(tx: Transaction, organisation_id: int, change: DeviceChange) -> list[Problem]:
    """The policies that a device of the organisation is to have and the organisation does not."""
    problems: list[Problem] = []
    if isinstance(change.service_profile_id, int) and not policy_store.exists(tx, organisation_id, change.service_profile_id):
        problems.append(not_found("Service profile", change.service_profile_id))
    if isinstance(change.tariff_profile_id, int) and not policy_store.tariff_exists(tx, organisation_id, change.tariff_profile_id):
        problems.append(not_found("Tariff profile", change.tariff_profile_id))
    return problems


def _assign(task: _Task, verb: str, device: Device, change: SimChange) -> None:
    sim = sim_store.lock(task.tx, device.organisation_id, change.sim_id or 0)
    if sim is None:
        raise _refused(verb, not_found("SIM", change.sim_id))
    if sim.device_id not in (None, device.id):
        raise _refused(
            verb, Problem(Code.IN_USE, f"SIM with Id '{sim.id}' is assigned to another endpoint: release it there first", field="sim")
        )
    before = msgspec.structs.replace(sim)
    sim.device_id = device.id
    status = change.status
    if status is None and change.activate and sim.status_id == SimStatus.ISSUED:
        status = SimStatus.ACTIVATED
    if status is not None:
        sims.change_status(task.tx, task.actor, sim, status, task.now_ms)
    sims.write_back(task.tx, task.actor, before, sim, task.now_ms)
    if before.device_id is None:
        sims.note_sim(task.tx, task.actor, "sim.assigned", sim, task.now_ms, device.id)


def _release(task: _Task, device: Device, unless: int | None) -> None:
    sim = sim_store.lock_of_device(task.tx, device.id)
    if sim is None or sim.id == unless:
        return
    before = msgspec.structs.replace(sim)
    sim.device_id = None
    sims.write_back(task.tx, task.actor, before, sim, task.now_ms)
    sims.note_sim(task.tx, task.actor, "sim.released", sim, task.now_ms, device.id)


def delete_one(tx: Transaction, actor: Actor, scope: int, device_id: int, now_ms: int) -> None:
    """Delete a device that has no SIM. Part of a transaction. Raises Problem."""
    device = store.lock(tx, scope, device_id)
    if device is None:
        raise not_found("Endpoint", device_id)
    if sim_store.lock_of_device(tx, device_id) is not None:
        raise Problem(Code.IN_USE, f"Endpoint with Id '{device_id}' still has a SIM: release it, then delete the endpoint")
    store.delete(tx, device_id, now_ms)
    audit.record(tx, actor, "device.deleted", device.organisation_id, now_ms, object_id=device_id, before=device)


def _blacklist_add(tx: Transaction, actor: Actor, scope: int, device_id: int, operator_id: int, now_ms: int) -> None:
    home = _view(tx, scope, device_id).organisation_id
    if operator_id not in NETWORKS:
        raise not_found("Operator", operator_id)
    if not store.blacklist_add(tx, device_id, operator_id, now_ms):
        text = f"Operator with Id '{operator_id}' is already blacklisted on Endpoint with Id '{device_id}'."
        raise Problem(Code.DUPLICATED, text)
    audit.record(tx, actor, "device.blacklist_added", home, now_ms, object_id=device_id, after={"operator_id": operator_id})


def _blacklist_remove(tx: Transaction, actor: Actor, scope: int, device_id: int, operator_id: int, now_ms: int) -> None:
    home = _view(tx, scope, device_id).organisation_id
    if not store.blacklist_remove(tx, device_id, operator_id):
        raise Problem(Code.INVALID_REFERENCE, f"Operator with Id '{operator_id}' is not blacklisted on Endpoint with Id '{device_id}'.")
    audit.record(tx, actor, "device.blacklist_removed", home, now_ms, object_id=device_id, before={"operator_id": operator_id})


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _refused(verb: str, *parts: Problem) -> Problem:
    return Problem(Code.INVALID, f"{verb} endpoint validation error", parts=parts)
