"""Devices ("endpoints")."""

import msgspec
from msgspec import UNSET, UnsetType

from heliograph.model.device import DeviceStatus, SimStatus
from heliograph.model.iccid import luhn_digit
from heliograph.model.ids import DeviceId
from heliograph.model.problem import Code, Problem
from heliograph.service.manage import device as devices
from heliograph.service.manage.device import DeviceChange, SimChange
from heliograph.store.device import LISTING, DeviceView
from heliograph.web.answer import NO_CONTENT, Answer, created, json
from heliograph.web.api import criteria, wire
from heliograph.web.operation import Listed, operation
from heliograph.web.resource import Call, Resource

PER_PAGE, MOST_PER_PAGE = 1000, 1000
TAC_AND_SERIAL = 14
CRITERIA = {
    **dict.fromkeys(("id", "status", "service_profile", "tariff_profile", "sim_status"), criteria.number),
    **dict.fromkeys(("last_updated", "created"), criteria.date),
    **dict.fromkeys(("name", "tags", "ip_address"), criteria.text),
    **dict.fromkeys(("imei", "iccid", "imsi", "msisdn"), criteria.part_of_number),
    "sim": criteria.number_or_null,
}


class SimOfEndpoint(msgspec.Struct, kw_only=True):
    id: int
    iccid: str
    iccid_with_luhn: str
    imsi: str | None
    msisdn: str | None
    status: wire.Described


class Endpoint(msgspec.Struct, kw_only=True):
    """As on the wire. `sim` and `ip_address_space` are absent where there is none."""

    id: int
    name: str
    tags: str | None
    created: str
    last_updated: str
    status: wire.Described
    service_profile: wire.Named
    tariff_profile: wire.Named
    sim: SimOfEndpoint | UnsetType = UNSET
    imei: str | None
    imei_with_luhn: str | None
    imei_lock: bool
    ip_address: str | None
    ip_address_space: wire.Ref | UnsetType = UNSET
    tag_assignments: tuple[()] = ()


class SimOfEndpointWanted(msgspec.Struct, kw_only=True):
    id: wire.Id | UnsetType | None = UNSET
    activate: bool = True
    status: wire.Ref | None = None


class EndpointWanted(msgspec.Struct, kw_only=True):
    """The body of POST and PATCH; what is left out stays. POST needs `status`, 0 Enabled or 1 Disabled, `service_profile` and
    `tariff_profile`. `tags`: words with commas between them. `sim`: a SIM that is in no device, which is activated unless `activate` is
    false; null takes it out."""

    name: wire.Name | UnsetType | None = UNSET
    tags: wire.Text | UnsetType | None = UNSET
    imei: str | int | UnsetType | None = UNSET
    imei_lock: bool | UnsetType | None = UNSET
    status: wire.Ref | UnsetType | None = UNSET
    service_profile: wire.Ref | UnsetType | None = UNSET
    tariff_profile: wire.Ref | UnsetType | None = UNSET
    ip_address: str | UnsetType | None = UNSET
    ip_address_space: wire.Ref | UnsetType | None = UNSET
    sim: SimOfEndpointWanted | UnsetType | None = UNSET
    organisation: wire.Ref | UnsetType | None = UNSET


_WANTED = wire.decoder(EndpointWanted)
REQUIRED = ("status", "service_profile", "tariff_profile")


@operation("List devices", answer=list[Endpoint], listing=Listed(CRITERIA, LISTING.columns, PER_PAGE, MOST_PER_PAGE))
async def list_endpoints(call: Call) -> Answer:
    """One page."""
    asked = criteria.criteria_of(call, CRITERIA, LISTING.columns, PER_PAGE, MOST_PER_PAGE)
    page = await devices.page(call.context.core, call.actor, asked.filters, asked.order, asked.page, asked.per_page)
    return criteria.paged(call, page, [endpoint_of(view) for view in page.items], asked.order)


@operation(
    "Create a device",
    body=EndpointWanted,
    example={"name": "Meter 17", "status": {"id": 0}, "service_profile": {"id": 1}, "tariff_profile": {"id": 1}, "tags": "meter,north"},
    answer=Endpoint,
    status=201,
    location=True,
    refuses=(Code.INVALID_REFERENCE, Code.DUPLICATED, Code.IN_USE, Code.NOT_ALLOWED, Code.INVALID_FORMAT),
)
async def create(call: Call) -> Answer:
    """201 with where it is and, as the later specification says, the thing itself."""
    wanted = call.decode(_WANTED)
    missing = [name for name in REQUIRED if not isinstance(wire.id_of(getattr(wanted, name)), int)]
    if missing:
        parts = tuple(Problem(Code.REQUIRED, f"{name}.id is required", field=name) for name in missing)
        raise Problem(Code.INVALID, "Create endpoint validation error", parts=parts)
    organisation_id = wire.id_of(wanted.organisation)
    view = await devices.create(
        call.context.core, call.actor, change_of(wanted), organisation_id if isinstance(organisation_id, int) else None
    )
    return created(f"{call.context.origin(call.scope)}/api/v1/endpoint/{view.id}", endpoint_of(view))


@operation("Retrieve a device", answer=Endpoint)
async def retrieve(call: Call) -> Answer:
    """One."""
    return json(endpoint_of(await devices.view(call.context.core, call.actor, device_id_of(call))))


@operation(
    "Change a device",
    body=EndpointWanted,
    example={"name": "Meter 17b", "sim": {"id": 7}},
    refuses=(Code.DUPLICATED, Code.IN_USE, Code.NOT_ALLOWED, Code.INVALID_FORMAT),
)
async def update(call: Call) -> Answer:
    """Change some of it."""
    device_id = device_id_of(call)
    await devices.update(call.context.core, call.actor, device_id, change_of(call.decode(_WANTED)))
    return NO_CONTENT


@operation("Delete a device", refuses=(Code.IN_USE, Code.NOT_ALLOWED))
async def delete(call: Call) -> Answer:
    """Delete one that has no SIM."""
    await devices.delete(call.context.core, call.actor, device_id_of(call))
    return NO_CONTENT


@operation("List the statuses of devices", answer=list[wire.Described])
async def statuses(_call: Call) -> Answer:
    """The statuses there are."""
    return json(wire.listed(DeviceStatus))


def device_id_of(call: Call) -> DeviceId:
    """The device that the path names. Raises Problem for what is no number."""
    return DeviceId(call.id("endpoint_id"))


def change_of(wanted: EndpointWanted) -> DeviceChange:
    """What the body asks for, in the words of the use case. Raises Problem."""
    imei = wanted.imei
    return DeviceChange(
        name="" if wanted.name is None else wanted.name,
        tags=wanted.tags,
        imei=str(imei) if isinstance(imei, int) else imei or None if isinstance(imei, str) else imei,
        imei_lock=UNSET if wanted.imei_lock is None else wanted.imei_lock,
        status=wire.one_of(DeviceStatus, wanted.status, "status"),
        service_profile_id=_required(wanted.service_profile),
        tariff_profile_id=_required(wanted.tariff_profile),
        ip_address=wanted.ip_address,
        ip_address_space_id=wire.id_of(wanted.ip_address_space),
        sim=_sim(wanted.sim),
    )


def endpoint_of(view: DeviceView) -> Endpoint:
    """A device as the API shows it."""
    return Endpoint(
        id=view.id,
        name=view.name,
        tags=view.tags,
        created=wire.stamp(view.created_at_ms),
        last_updated=wire.stamp(view.last_updated_at_ms),
        status=wire.described(DeviceStatus(view.status_id)),
        service_profile=wire.Named(view.service_profile_id, view.service_profile_name),
        tariff_profile=wire.Named(view.tariff_profile_id, view.tariff_profile_name),
        sim=_sim_of(view),
        imei=view.imei,
        imei_with_luhn=_imei_with_luhn(view.imei),
        imei_lock=bool(view.imei_lock),
        ip_address=view.ip_address,
        ip_address_space=UNSET if view.ip_address_space_id is None else wire.Ref(view.ip_address_space_id),
    )


def _required(ref: wire.Ref | UnsetType | None) -> int | UnsetType:
    found = wire.id_of(ref)
    return UNSET if found is None else found


def _sim(wanted: SimOfEndpointWanted | UnsetType | None) -> SimChange | UnsetType:
    """`{"sim": {"id": null}}` releases the SIM, and so does `{"sim": null}`."""
    if wanted is None:
        return SimChange(None)
    if wanted is UNSET or wanted.id is UNSET:
        return UNSET
    status = wire.one_of(SimStatus, wanted.status, "sim.status")
    return SimChange(wanted.id, wanted.activate, None if status is UNSET else status)


def _sim_of(view: DeviceView) -> SimOfEndpoint | UnsetType:
    if view.sim_id is None or view.iccid is None or view.sim_status_id is None:
        return UNSET
    return SimOfEndpoint(
        id=view.sim_id,
        iccid=view.iccid,
        iccid_with_luhn=view.iccid + luhn_digit(view.iccid),
        imsi=view.imsi,
        msisdn=view.msisdn,
        status=wire.described(SimStatus(view.sim_status_id)),
    )


def _imei_with_luhn(imei: str | None) -> str | None:
    return None if imei is None else imei[:TAC_AND_SERIAL] + luhn_digit(imei[:TAC_AND_SERIAL])


ROUTES = {
    "/api/v1/endpoint": Resource(GET=list_endpoints, POST=create),
    "/api/v1/endpoint/status": Resource(GET=statuses),
    "/api/v1/endpoint/{endpoint_id}": Resource(GET=retrieve, PATCH=update, DELETE=delete),
}
