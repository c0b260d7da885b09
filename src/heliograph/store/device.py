"""Devices, the list of them, and the mobile networks they are not to use. SIMs: `store/sim.py`; waiting messages: `store/lane.py`."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from heliograph.model.ids import DeviceId, OrganisationId
from heliograph.model.page import Page
from heliograph.store import lane
from heliograph.store.engine import Scalar
from heliograph.store.listing import Listing, Order
from heliograph.store.query import parts, queries
from heliograph.store.transaction import Transaction

Q = queries("device")


class Device(msgspec.Struct, array_like=True):
    """What of a device can be changed, locked by the transaction that read it. `imei_lock`: 0 or 1."""

    id: int
    organisation_id: int
    name: str
    tags: str | None
    imei: str | None
    imei_lock: int
    status_id: int
    service_profile_id: int
    tariff_profile_id: int
    ip_address: str | None = None
    ip_address_space_id: int | None = None


class DeviceView(msgspec.Struct, array_like=True, frozen=True):
    """A device with the names of its policies and the SIM it has now."""

    id: int
    organisation_id: int
    name: str
    tags: str | None
    imei: str | None
    imei_lock: int
    status_id: int
    service_profile_id: int
    service_profile_name: str
    tariff_profile_id: int
    tariff_profile_name: str
    ip_address: str | None
    ip_address_space_id: int | None
    created_at_ms: int
    last_updated_at_ms: int
    sim_id: int | None
    iccid: str | None
    imsi: str | None
    msisdn: str | None
    sim_status_id: int | None
    number_space: str | None


class LastMessage(msgspec.Struct, array_like=True, frozen=True):
    """The newest message of a device."""

    device_id: int
    id: int
    direction: int
    state: int
    submitted_at_ms: int
    payload: str
    dcs: int
    terms: str | None


LISTING = Listing(
    Q["list"],
    parts("device"),
    DeviceView,
    "device.organisation_id",
    {
        "id": "device.id",
        "status": "device.status_id",
        "service_profile": "lower(service_profile.name)",
        "tariff_profile": "lower(tariff_profile.name)",
        "last_updated": "device.last_updated_at_ms",
        "created": "device.created_at_ms",
        "name": "lower(device.name)",
        "tags": "lower(device.tags)",
        "ip_address": "device.ip_address",
        "imei": "device.imei",
        "iccid": "sim.iccid",
        "msisdn": "sim.msisdn",
        "sim_status": "sim.status_id",
    },
)


def insert(tx: Transaction, device: Device, now_ms: int) -> DeviceId:
    """A new device with its lane. Its `id` is given here."""
    device.id = tx.ids("device")[0]
    tx.run(Q["insert"], now=now_ms, **msgspec.structs.asdict(device))
    lane.create_for_device(tx, OrganisationId(device.organisation_id), DeviceId(device.id))
    return DeviceId(device.id)


def lock(tx: Transaction, organisation_id: int, device_id: int) -> Device | None:
    """A device of an organisation (0: of any) to be changed, or None."""
    row = tx.one(Q["lock"], id=device_id, organisation_id=organisation_id)
    return Device(*row) if row else None


def of_ids(tx: Transaction, organisation_id: int, device_ids: Iterable[int]) -> dict[int, Device]:
    """Those of these devices that an organisation (0: any) has, as they are; not locked."""
    found = tx.many(Q["of_ids"], [(each,) for each in sorted(set(device_ids))], Device, organisation_id=organisation_id)
    return {device.id: device for device in found}


def update(tx: Transaction, device: Device, now_ms: int) -> None:
    """Write a changed device back."""
    values = msgspec.structs.asdict(device)
    del values["organisation_id"]
    tx.run(Q["update"], now=now_ms, **values)


def delete(tx: Transaction, device_id: int, now_ms: int) -> None:
    """Hide a device. Its messages stay."""
    tx.run(Q["delete"], id=device_id, now=now_ms)


def view(tx: Transaction, organisation_id: int, device_id: int) -> DeviceView | None:
    """A device of an organisation (0: of any), or None."""
    row = tx.one(Q["view"], id=device_id, organisation_id=organisation_id)
    return DeviceView(*row) if row else None


def page(
    tx: Transaction, organisation_id: int, filters: Mapping[str, Scalar], order: Sequence[Order], page: int, per_page: int
) -> Page[DeviceView]:
    """One page of an organisation's devices (0: of all)."""
    return LISTING.page(tx, organisation_id, filters, order, page, per_page)


def first(tx: Transaction, organisation_id: int, filters: Mapping[str, Scalar], order: Sequence[Order], most: int) -> list[DeviceView]:
    """At most so many of them, without their total."""
    return LISTING.first(tx, organisation_id, filters, order, most)


def last_messages(tx: Transaction, device_ids: Iterable[int]) -> dict[int, LastMessage]:
    """The newest message of each of these devices that has one."""
    found = tx.many(Q["last_messages"], [(each,) for each in device_ids], LastMessage)
    return {each.device_id: each for each in found}


def last_heard_ms(tx: Transaction, device_id: int) -> int | None:
    """When the device last sent or took an SMS, among its latest hundred messages."""
    row = tx.one(Q["last_heard"], device_id=device_id)
    return None if row is None or row[0] is None else int(row[0])


def blacklist(tx: Transaction, device_id: int) -> list[int]:
    """The mobile networks that the device is not to use."""
    return [row[0] for row in tx.run(Q["blacklist"], device_id=device_id)]


def blacklist_add(tx: Transaction, device_id: int, operator_id: int, now_ms: int) -> bool:
    """Add a network; False where it was there."""
    return bool(tx.run(Q["blacklist_add"], device_id=device_id, operator_id=operator_id, now=now_ms))


def blacklist_remove(tx: Transaction, device_id: int, operator_id: int) -> bool:
    """Remove a network; False where it was not there."""
    return bool(tx.run(Q["blacklist_remove"], device_id=device_id, operator_id=operator_id))
