"""Mobile networks ("operators"), and which of them a device is not to use."""

import msgspec

from heliograph.model.mobile_network import NETWORKS, MobileNetwork
from heliograph.model.problem import Code
from heliograph.service.manage import device as devices
from heliograph.web.answer import NO_CONTENT, Answer, json
from heliograph.web.api.endpoint import device_id_of
from heliograph.web.operation import operation
from heliograph.web.resource import Call, Resource


class Country(msgspec.Struct, kw_only=True):
    id: int
    name: str
    country_code: str
    mcc: str
    iso_code: str


class NetworkCode(msgspec.Struct, kw_only=True):
    id: int
    mnc: str


class Network(msgspec.Struct, kw_only=True):
    id: int
    name: str
    country: Country
    tapcode: tuple[()] = ()
    mnc: list[NetworkCode]


class Operator(Network, kw_only=True):
    """As in the list of all."""

    country_name: str
    name_and_country: str
    inbound_roamers_allowed: str = "1"


@operation("List mobile networks", answer=list[Operator])
async def list_operators(_call: Call) -> Answer:
    """All that are known here. No paging, as recorded."""
    return _LIST


@operation("List the networks a device is not to use", answer=list[Network])
async def blacklist(call: Call) -> Answer:
    """Those a device is not to use."""
    return json([_entry(network) for network in await devices.blacklist(call.context.core, call.actor, device_id_of(call))])


@operation("Forbid a device a network", refuses=(Code.DUPLICATED, Code.NOT_FOUND))
async def add(call: Call) -> Answer:
    """Put one on the list; 409 where it is there."""
    await devices.blacklist_add(call.context.core, call.actor, device_id_of(call), call.id("operator_id"))
    return NO_CONTENT


@operation("Allow a device a network again", refuses=(Code.NOT_FOUND,))
async def remove(call: Call) -> Answer:
    """Take one off the list; 404 where it is not there."""
    await devices.blacklist_remove(call.context.core, call.actor, device_id_of(call), call.id("operator_id"))
    return NO_CONTENT


def _country(network: MobileNetwork) -> Country:
    country = network.country
    return Country(id=country.id, name=country.name, country_code=country.calling_code, mcc=country.mcc, iso_code=country.iso)


def _entry(network: MobileNetwork) -> Network:
    codes = [NetworkCode(id=network.id, mnc=network.mnc)]
    return Network(id=network.id, name=network.name, country=_country(network), mnc=codes)


def _operator(network: MobileNetwork) -> Operator:
    name = network.country.name
    codes = [NetworkCode(id=network.id, mnc=network.mnc)]
    return Operator(
        id=network.id,
        name=network.name,
        country=_country(network),
        mnc=codes,
        country_name=name,
        name_and_country=f"{name} / {network.name}",
    )


_LIST = json([_operator(network) for network in NETWORKS.values()])

ROUTES = {
    "/api/v1/operator": Resource(GET=list_operators),
    "/api/v1/endpoint/{endpoint_id}/operator_blacklist": Resource(GET=blacklist),
    "/api/v1/endpoint/{endpoint_id}/operator_blacklist/{operator_id}": Resource(PUT=add, DELETE=remove),
}
