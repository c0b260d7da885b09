"""Services, which a policy switches on one by one, and the limits on how many SMS a device may send or receive in a month."""

import msgspec

from heliograph.model.ids import PolicyId
from heliograph.model.problem import Code
from heliograph.service.manage import policy as policies
from heliograph.service.manage import traffic_limit as limits
from heliograph.service.manage.policy import SERVICES, SMS_MO, SMS_MT
from heliograph.service.manage.traffic_limit import TrafficLimit
from heliograph.store.policy import PolicyView
from heliograph.web.answer import NO_CONTENT, Answer, json
from heliograph.web.api import wire
from heliograph.web.api.stats import DATA, SMS, TypeOfTraffic
from heliograph.web.operation import operation
from heliograph.web.resource import Call, Resource

# 3GPP TS 29.002 17.7.9: teleservices shortMessageMT-PP, shortMessageMO-PP, telephony
TELESERVICES = {SMS_MT: 0x21, SMS_MO: 0x22, 3: 0x11}


class Period(msgspec.Struct, frozen=True):
    """A calendar month, in UTC."""

    id: int = 2
    time_units: int = 1
    unit: str = "Month"


class Limit(msgspec.Struct, kw_only=True):
    """`id` is 100 times `volume` and the service, so that a limit of any size can be put by its id."""

    id: int
    volume: int
    service: wire.Described
    period: Period = Period()


class LimitOfService(msgspec.Struct, kw_only=True):
    """The same, where it is clear which service it is of."""

    id: int
    volume: int
    period: Period = Period()


class Service(msgspec.Struct, kw_only=True):
    """`traffic_limits`: those that are offered for it."""

    id: int
    description: str
    teleservice_code: int | None
    used_with_vlr: bool
    used_with_sgsn: bool
    traffic_type: TypeOfTraffic | None
    traffic_limits: list[LimitOfService]


class ServiceOfProfile(msgspec.Struct, kw_only=True):
    """`traffic_limits`: the one that holds, or none."""

    id: int
    description: str
    traffic_limits: list[LimitOfService]


TRAFFIC_TYPES = {SMS_MT: SMS, SMS_MO: SMS, 38: DATA}
PACKETS = (38,)


@operation("List services", answer=list[Service])
async def list_services(_call: Call) -> Answer:
    """What a policy can switch on. Of these only SMS MT and SMS MO mean something here."""
    return json([_service(number) for number in SERVICES])


@operation("List the limits that are offered", answer=list[Limit])
async def list_limits(_call: Call) -> Answer:
    """Of all services. Any other number of SMS can be put too."""
    return json([_limit(each) for each in limits.offered()])


@operation("List the limits that are offered for a service", answer=list[LimitOfService])
async def limits_of_service(call: Call) -> Answer:
    """Five sizes; any other can be put by an id of 100 times the number of SMS and the service: 3306 for 33 SMS MT."""
    return json([_limit_of_service(each) for each in limits.offered(call.id("service_id"))])


@operation("Switch a service of a policy on", refuses=(Code.DUPLICATED, Code.NOT_ALLOWED))
async def add_service(call: Call) -> Answer:
    """Switch a service on: 6 lets devices receive SMS, 32 lets them send."""
    await policies.add_service(call.context.core, call.actor, _policy_id(call), call.id("service_id"))
    return NO_CONTENT


@operation("Switch a service of a policy off", refuses=(Code.IN_USE, Code.NOT_ALLOWED))
async def remove_service(call: Call) -> Answer:
    """Switch a service off."""
    await policies.remove_service(call.context.core, call.actor, _policy_id(call), call.id("service_id"))
    return NO_CONTENT


@operation("Limit a service of a policy", answer=wire.Nothing, refuses=(Code.INVALID, Code.INVALID_REFERENCE))
async def add_limit(call: Call) -> Answer:
    """Let each device use so many segments of a service in a calendar month, this one's usage included; another limit gives way."""
    await limits.add_limit(call.context.core, call.actor, _policy_id(call), call.id("service_id"), call.id("limit_id"))
    return json(wire.Nothing())


@operation("Take the limit off a service of a policy", answer=wire.Nothing, refuses=(Code.INVALID_REFERENCE,))
async def remove_limit(call: Call) -> Answer:
    """404 where the service has no such limit."""
    await limits.remove_limit(call.context.core, call.actor, _policy_id(call), call.id("service_id"), call.id("limit_id"))
    return json(wire.Nothing())


def service_of(view: PolicyView, service_id: int) -> ServiceOfProfile:
    """A service of a policy, with its limit."""
    limit = limits.limit_of(view, service_id)
    limited = [] if limit is None else [_limit_of_service(limit)]
    return ServiceOfProfile(id=service_id, description=SERVICES[service_id], traffic_limits=limited)


def _policy_id(call: Call) -> PolicyId:
    return PolicyId(call.id("profile_id"))


def _service(number: int) -> Service:
    return Service(
        id=number,
        description=SERVICES[number],
        teleservice_code=TELESERVICES.get(number),
        used_with_vlr=number not in PACKETS,
        used_with_sgsn=number in TRAFFIC_TYPES,
        traffic_type=TRAFFIC_TYPES.get(number),
        traffic_limits=[_limit_of_service(each) for each in limits.offered(number)],
    )


def _limit(limit: TrafficLimit) -> Limit:
    return Limit(id=limit.id, volume=limit.volume, service=wire.Described(limit.service_id, SERVICES[limit.service_id]))


def _limit_of_service(limit: TrafficLimit) -> LimitOfService:
    return LimitOfService(id=limit.id, volume=limit.volume)


ROUTES = {
    "/api/v1/service": Resource(GET=list_services),
    "/api/v1/traffic_limit": Resource(GET=list_limits),
    "/api/v1/service/{service_id}/traffic_limit": Resource(GET=limits_of_service),
    "/api/v1/service_profile/{profile_id}/service/{service_id}": Resource(PUT=add_service, DELETE=remove_service),
    "/api/v1/service_profile/{profile_id}/service/{service_id}/traffic_limit/{limit_id}": Resource(PUT=add_limit, DELETE=remove_limit),
}
