"""Mobile networks ("operators"), and which of them a device is not to use."""

from typing import Any

from heliograph.model.mobile_network import NETWORKS, MobileNetwork
from heliograph.service.manage import device as devices
from heliograph.web.answer import NO_CONTENT, Answer, json
from heliograph.web.api.endpoint import device_id_of
from heliograph.web.resource import Call, Resource


async def list_operators(_call: Call) -> Answer:
    """All that are known here. No paging, as recorded."""
    return _LIST


async def blacklist(call: Call) -> Answer:
    """Those a device is not to use."""
    return json([_entry(network) for network in await devices.blacklist(call.context.core, call.actor, device_id_of(call))])


async def add(call: Call) -> Answer:
    """Put one on the list; 409 where it is there."""
    await devices.blacklist_add(call.context.core, call.actor, device_id_of(call), call.id("operator_id"))
    return NO_CONTENT


async def remove(call: Call) -> Answer:
    """Take one off the list; 404 where it is not there."""
    await devices.blacklist_remove(call.context.core, call.actor, device_id_of(call), call.id("operator_id"))
    return NO_CONTENT


def _country(network: MobileNetwork) -> dict[str, Any]:
    country = network.country
    return {"id": country.id, "name": country.name, "country_code": country.calling_code, "mcc": country.mcc, "iso_code": country.iso}


def _entry(network: MobileNetwork) -> dict[str, Any]:
    return {
        "id": network.id,
        "name": network.name,
        "country": _country(network),
        "tapcode": [],
        "mnc": [{"id": network.id, "mnc": network.mnc}],
    }


def _operator(network: MobileNetwork) -> dict[str, Any]:
    name = network.country.name
    return {**_entry(network), "country_name": name, "name_and_country": f"{name} / {network.name}", "inbound_roamers_allowed": "1"}


_LIST = json([_operator(network) for network in NETWORKS.values()])

ROUTES = {
    "/api/v1/operator": Resource(GET=list_operators),
    "/api/v1/endpoint/{endpoint_id}/operator_blacklist": Resource(GET=blacklist),
    "/api/v1/endpoint/{endpoint_id}/operator_blacklist/{operator_id}": Resource(PUT=add, DELETE=remove),
}
