"""Many devices, or many SIMs, in one call: up to 2,000; where one cannot be, nothing is done and every fault is named."""

import msgspec
from msgspec import UNSET

from heliograph.model.ids import DeviceId
from heliograph.model.problem import Code, Problem
from heliograph.service.manage import fleet
from heliograph.web.answer import NO_CONTENT, Answer, json
from heliograph.web.api import wire
from heliograph.web.api.endpoint import REQUIRED, Endpoint, EndpointWanted, SimOfEndpointWanted, change_of, endpoint_of
from heliograph.web.operation import Parameter, operation
from heliograph.web.resource import Call, Resource


class SimOfNewEndpoint(SimOfEndpointWanted, kw_only=True):
    """`activate` is false where it is left out, other than for a single device."""

    activate: bool = False


class NewEndpoint(msgspec.Struct, kw_only=True):
    """One of several devices to make."""

    name: wire.Name | None = None
    tags: wire.Text | None = None
    imei: str | int | None = None
    imei_lock: bool | None = None
    ip_address: str | None = None
    sim: SimOfNewEndpoint | None = None


class NewEndpoints(msgspec.Struct, kw_only=True):
    """Devices to make; what stands beside `endpoints` is for all of them."""

    endpoints: list[NewEndpoint]
    status: wire.Ref | None = None
    service_profile: wire.Ref | None = None
    tariff_profile: wire.Ref | None = None
    organisation: wire.Ref | None = None
    ip_address_space: wire.Ref | None = None


class EndpointChange(EndpointWanted, kw_only=True):
    """One of several devices to change; what is left out stays."""

    id: wire.Id


class Numbered(msgspec.Struct):
    """One of several things."""

    id: wire.Id


_NEW = wire.decoder(NewEndpoints)
_CHANGES = wire.decoder(list[EndpointChange])
_NUMBERED = wire.decoder(list[Numbered])


@operation(
    "Create devices",
    body=NewEndpoints,
    example={
        "service_profile": {"id": 1},
        "tariff_profile": {"id": 1},
        "status": {"id": 0},
        "endpoints": [{"name": "Meter 17", "tags": "meter", "sim": {"id": 7, "activate": True}}, {"name": "Meter 18"}],
    },
    answer=list[Endpoint],
    status=201,
    refuses=(Code.INVALID_REFERENCE, Code.IN_USE, Code.NOT_ALLOWED, Code.INVALID_FORMAT),
)
async def create(call: Call) -> Answer:
    """201 and the devices, in their order."""
    wanted = call.decode(_NEW)
    if missing := [name for name in REQUIRED if not isinstance(wire.id_of(getattr(wanted, name)), int)]:
        parts = tuple(Problem(Code.REQUIRED, f"{name}.id is required", field=name) for name in missing)
        raise Problem(Code.INVALID, "Bulk create endpoint validation error", parts=parts)
    organisation_id = wire.id_of(wanted.organisation)
    changes = [change_of(_whole(wanted, each)) for each in wanted.endpoints]
    views = await fleet.create(call.context.core, call.actor, changes, organisation_id if isinstance(organisation_id, int) else None)
    return json([endpoint_of(view) for view in views], status=201)


@operation(
    "Change devices",
    body=list[EndpointChange],
    example=[{"id": 1, "status": {"id": 1}}, {"id": 2, "tags": "meter,north"}],
    refuses=(Code.INVALID_REFERENCE, Code.IN_USE, Code.NOT_ALLOWED, Code.INVALID_FORMAT),
)
async def update(call: Call) -> Answer:
    """Change some of each."""
    changes = [(DeviceId(each.id), change_of(each)) for each in call.decode(_CHANGES)]
    await fleet.update(call.context.core, call.actor, changes)
    return NO_CONTENT


@operation(
    "Delete devices",
    body=list[Numbered],
    example=[{"id": 1}, {"id": 2}],
    query={"delete_sims": Parameter("Whether their SIMs are deleted too; else they are released and suspended.", bool)},
    refuses=(Code.INVALID_REFERENCE,),
)
async def delete(call: Call) -> Answer:
    """Delete them; their SIMs are released and suspended, or deleted too."""
    device_ids = [DeviceId(each.id) for each in call.decode(_NUMBERED)]
    with_sims = call.query().get("delete_sims", "").lower() in ("true", "1")
    await fleet.delete(call.context.core, call.actor, device_ids, with_sims=with_sims)
    return NO_CONTENT


@operation("Delete SIMs", body=list[Numbered], example=[{"id": 1}, {"id": 2}], refuses=(Code.INVALID_REFERENCE, Code.FORBIDDEN))
async def delete_sims(call: Call) -> Answer:
    """Delete SIMs that are in no device."""
    await fleet.delete_sims(call.context.core, call.actor, [each.id for each in call.decode(_NUMBERED)])
    return NO_CONTENT


def _whole(shared: NewEndpoints, own: NewEndpoint) -> EndpointWanted:
    return EndpointWanted(
        name="" if own.name is None else own.name,
        tags=own.tags,
        imei=own.imei,
        imei_lock=UNSET if own.imei_lock is None else own.imei_lock,
        status=shared.status,
        service_profile=shared.service_profile,
        tariff_profile=shared.tariff_profile,
        ip_address=own.ip_address,
        ip_address_space=shared.ip_address_space if own.ip_address else UNSET,
        sim=UNSET if own.sim is None else own.sim,
    )


ROUTES = {
    "/api/v2/endpoint/multi": Resource(POST=create, PATCH=update, DELETE=delete),
    "/api/v1/sim/multi": Resource(DELETE=delete_sims),
}
