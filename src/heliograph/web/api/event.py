"""What was done in an organisation and to a device, in emnify's words. SMS have no event types there: see the SMS of a device."""

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from heliograph.model.device import SimStatus
from heliograph.service.manage import account
from heliograph.service.manage import device as devices
from heliograph.store.event import EVER, EventFilter, EventView
from heliograph.web.answer import Answer, json
from heliograph.web.api import criteria, wire
from heliograph.web.api.endpoint import device_id_of
from heliograph.web.operation import Listed, operation
from heliograph.web.resource import Call, Resource

PER_PAGE, MOST_PER_PAGE = 100, 1000
API, POLICY_CONTROL = {"id": 2, "description": "API"}, {"id": 1, "description": "Policy Control"}
INFO, WARN = {"id": 0, "description": "Info"}, {"id": 1, "description": "Warn"}

# Ours: emnify's number and words, who says it, how grave it is.
TYPES: dict[str, tuple[int, str, dict[str, Any], dict[str, Any]]] = {
    "sim.activated": (8, "SIM activation", API, INFO),
    "sim.suspended": (9, "SIM suspension", API, INFO),
    "sim.deleted": (10, "SIM deletion", API, INFO),
    "device.blocked": (11, "Endpoint blocked", POLICY_CONTROL, WARN),
    "quota.threshold": (20, "SMS quota threshold reached", POLICY_CONTROL, INFO),
    "quota.exhausted": (21, "SMS quota used up", POLICY_CONTROL, WARN),
    "device.enabled": (42, "Endpoint enabled", API, INFO),
    "device.disabled": (43, "Endpoint disabled", API, INFO),
    "sim.factory_test": (45, "SIM factory test", API, INFO),
    "sim.released": (50, "SIM Released", API, INFO),
    "sim.assigned": (51, "SIM Assigned", API, INFO),
    "quota.enabled": (54, "SMS quota enabled", API, INFO),
    "quota.disabled": (55, "SMS quota disabled", API, INFO),
}
IDS = 10**10
"""An id of ours is the organisation's, and behind it the event's number in it, so that it says where the event is."""


def _types(_field: str, value: str) -> criteria.Filters:
    """Event types by emnify's numbers, several joined by `|`; one that none of ours has finds nothing."""
    numbers = set(value.split("|"))
    return {"types": ",".join(kind for kind, row in TYPES.items() if str(row[0]) in numbers) or "none"}


CRITERIA = {"from": criteria.date, "until": criteria.date, "type": _types}
SORTS = {"id": "", "timestamp": ""}
LISTED = Listed(CRITERIA, SORTS, PER_PAGE, MOST_PER_PAGE)


class TypeOfEvent(msgspec.Struct, kw_only=True):
    """emnify's number, null where emnify has none, and its words."""

    id: int | None
    description: str


class EndpointOfEvent(msgspec.Struct, kw_only=True):
    id: int
    name: str | None
    imei: str | None
    ip_address: str | None
    tags: str | None


class Event(msgspec.Struct, kw_only=True):
    """Something that happened. `endpoint`, `imsi`, `sim` and `user` are absent where it has nothing to do with one."""

    id: int
    timestamp: str
    alert: bool
    description: str
    event_type: TypeOfEvent
    event_source: wire.Described
    event_severity: wire.Described
    organisation: wire.Named
    endpoint: EndpointOfEvent | UnsetType = UNSET
    imsi: dict[str, Any] | UnsetType = UNSET
    sim: dict[str, Any] | UnsetType = UNSET
    user: dict[str, Any] | UnsetType = UNSET


@operation("List the events of a device", answer=list[Event], listing=LISTED)
async def of_device(call: Call) -> Answer:
    """Oldest first, as recorded; an unknown device has none, as emnify answers."""
    asked = criteria.criteria_of(call, CRITERIA, SORTS, PER_PAGE, MOST_PER_PAGE)
    page = await devices.events(call.context.core, call.actor, device_id_of(call), _filter(asked), asked.page, asked.per_page)
    return criteria.paged(call, page, [event_of(view) for view in page.items], asked.order)


@operation("List the events of the organisation", answer=list[Event], listing=LISTED)
async def of_organisation(call: Call) -> Answer:
    """Oldest first."""
    asked = criteria.criteria_of(call, CRITERIA, SORTS, PER_PAGE, MOST_PER_PAGE)
    page = await account.events(call.context.core, call.actor, _filter(asked), asked.page, asked.per_page)
    return criteria.paged(call, page, [event_of(view) for view in page.items], asked.order)


@operation("List the types of events", answer=list[wire.Described])
async def types(_call: Call) -> Answer:
    """The types of events that there can be."""
    return json([{"id": number, "description": words} for number, words, _, _ in TYPES.values()])


def event_of(view: EventView) -> dict[str, Any]:
    """An event as the API shows it; one that emnify has no type for carries our word and no number."""
    number, words, source, severity = TYPES.get(view.type, (None, view.type, API, INFO))
    detail: dict[str, Any] = msgspec.json.decode(view.detail) if view.detail else {}
    event: dict[str, Any] = {
        "id": view.organisation_id * IDS + view.number,
        "timestamp": wire.stamp(view.at_ms),
        "alert": severity is WARN,
        "description": _sentence(view, words, detail),
        "event_type": {"id": number, "description": words},
        "event_source": source,
        "event_severity": severity,
        "organisation": {"id": view.organisation_id, "name": view.organisation_name},
    }
    if view.device_id is not None:
        event["endpoint"] = {
            "id": view.device_id,
            "name": view.device_name,
            "imei": view.imei,
            "ip_address": view.ip_address,
            "tags": view.tags,
        }
    if detail.get("imsi"):
        event["imsi"] = {"imsi": detail["imsi"]}
    return event | {name: detail[name] for name in ("sim", "user") if name in detail}


def _filter(asked: criteria.Criteria) -> EventFilter:
    filters = asked.filters
    return EventFilter(
        from_ms=int(filters.get("from_from") or 0),
        until_ms=int(filters.get("until_until") or EVER),
        types=tuple(str(filters["types"]).split(",")) if "types" in filters else (),
        newest_first=bool(asked.order) and asked.order[0].descending,
    )


def _sentence(view: EventView, words: str, detail: dict[str, Any]) -> str:
    sim_id = detail.get("sim", {}).get("id")
    if "before" in detail:
        before, after = (wire.described(SimStatus(detail[name])).description for name in ("before", "after"))
        return f"Status of SIM changed from '{before}' to '{after}'"
    if view.type == "sim.assigned":
        return f"SIM {sim_id} assigned to endpoint {view.device_id}"
    if view.type == "sim.released":
        return f"SIM {sim_id} released from endpoint {view.device_id}"
    return f"{words}: endpoint {view.device_id}" if view.device_id else words


ROUTES = {
    "/api/v1/endpoint/{endpoint_id}/event": Resource(GET=of_device),
    "/api/v1/event": Resource(GET=of_organisation),
    "/api/v1/event/type": Resource(GET=types),
}
