"""What was done in an organisation and to a device, in emnify's words. SMS have no event types there: see the SMS of a device."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from heliograph.model.device import SimStatus
from heliograph.model.event import event_id
from heliograph.model.policy import Traffic
from heliograph.model.problem import Code, Problem
from heliograph.service.event_body import OtherEvent as AnyEvent
from heliograph.service.manage import account
from heliograph.service.manage import device as devices
from heliograph.store.event import COLUMNS, EVER, EventFilter, EventView
from heliograph.store.listing import containing
from heliograph.web.answer import Answer, json
from heliograph.web.api import as_event, criteria, wire
from heliograph.web.api.endpoint import device_id_of
from heliograph.web.api.event_type import TYPES, type_of
from heliograph.web.api.sim import LUHN_LENGTH
from heliograph.web.operation import Listed, operation
from heliograph.web.resource import Call, Resource

PER_PAGE, MOST_PER_PAGE = 100, 1000
MOST_VALUES = 6
IN_DETAIL = {"iccid": '"iccid":"', "iccid_with_luhn": '"iccid":"', "imsi": '"imsi":"', "user": '"username":"'}
"""Before what stands in an event's detail."""


def _types(_field: str, value: str) -> criteria.Filters:
    """Event types by emnify's numbers or our words, several joined by `|`; one that there is not finds nothing."""
    wanted = set(value.split("|"))
    return _only({kind for kind, row in TYPES.items() if kind in wanted or str(row.number) in wanted})


def _sources(_field: str, value: str) -> criteria.Filters:
    return _only({kind for kind, row in TYPES.items() if str(row.source.id) == value})


def _severities(_field: str, value: str) -> criteria.Filters:
    return _only({kind for kind, row in TYPES.items() if str(row.severity.id) == value})


def _alert(_field: str, value: str) -> criteria.Filters:
    return _only({kind for kind, row in TYPES.items() if row.is_alert == (value.lower() in ("true", "1"))})


def _description(_field: str, value: str) -> criteria.Filters:
    """By the words of the type, which a description begins with or says."""
    return _only({kind for kind, row in TYPES.items() if value.lower() in row.words.lower()})


def _only(kinds: set[str]) -> criteria.Filters:
    """A criterion on types; several are met together. `kinds:` and a serial number of the criterion, since each has its own set."""
    return {f"kinds:{','.join(sorted(kinds)) or 'none'}": 1}


def _day(_field: str, value: str) -> criteria.Filters:
    found = criteria.date("timestamp", value)
    return {"from_from": found["timestamp_from"], "until_until": found["timestamp_until"]}


def _values(field: str, value: str) -> criteria.Filters:
    """Containing one of up to six values, joined by `|`."""
    values = value.split("|")
    if len(values) > MOST_VALUES:
        raise Problem(Code.INVALID_QUERY, f"Criterion {field} takes at most {MOST_VALUES} values", field="q")
    return {field: value}


def _nothing(_field: str, _value: str) -> criteria.Filters:
    """What only the network core knows: no event here has it."""
    return _only(set())


CRITERIA = {
    "from": criteria.date,
    "until": criteria.date,
    "timestamp": _day,
    "type": _types,
    "source": _sources,
    "severity": _severities,
    "alert": _alert,
    "description": _description,
    **dict.fromkeys(("endpoint", "tags", "ip_address", "imei", "organisation", *IN_DETAIL), _values),
    **dict.fromkeys(("network", "rat", "country"), _nothing),
}
LISTED = Listed(CRITERIA, COLUMNS, PER_PAGE, MOST_PER_PAGE)


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
    """Something that happened. `endpoint`, `imsi`, `sim`, `user` and `detail` are absent where it has nothing to do with one.
    `organisation` is null of what befell the installation itself, a link for example, which the operator alone sees."""

    id: int
    timestamp: str
    alert: bool
    description: str
    event_type: TypeOfEvent
    event_source: wire.Described
    event_severity: wire.Described
    organisation: wire.Named | None
    endpoint: EndpointOfEvent | UnsetType = UNSET
    imsi: dict[str, Any] | UnsetType = UNSET
    sim: dict[str, Any] | UnsetType = UNSET
    user: dict[str, Any] | UnsetType = UNSET
    detail: dict[str, Any] | UnsetType = UNSET


@operation("List the events of a device", answer=list[Event], listing=LISTED, refuses=(Code.BAD_REQUEST,))
async def of_device(call: Call) -> Answer:
    """Oldest first, as recorded; an unknown device has none, as emnify answers."""
    asked = _asked(call)
    page = await devices.events(call.context.core, call.actor, device_id_of(call), _filter(asked), asked.page, asked.per_page)
    return criteria.paged(call, page, [event_of(view) for view in page.items], asked.order)


@operation(
    "List the events of the organisation",
    answer=list[Event],
    instead=list[AnyEvent],
    listing=LISTED,
    query=as_event.QUERY,
    refuses=(Code.BAD_REQUEST,),
)
async def of_organisation(call: Call) -> Answer:
    """Oldest first; with `as_event` the latest of a type, newest first."""
    if kind := call.query().get("as_event"):
        return await as_event.listed(call, kind)
    asked = _asked(call)
    page = await account.events(call.context.core, call.actor, _filter(asked), asked.page, asked.per_page)
    return criteria.paged(call, page, [event_of(view) for view in page.items], asked.order)


def _asked(call: Call) -> criteria.Criteria:
    """Other than elsewhere, an order that there is not is 400, as emnify has it for events."""
    try:
        return criteria.criteria_of(call, CRITERIA, COLUMNS, PER_PAGE, MOST_PER_PAGE)
    except Problem as problem:
        if problem.code is not Code.INVALID_SORT:
            raise
        raise Problem(Code.BAD_REQUEST, problem.text, field="sort") from problem


@operation("List the types of events", answer=list[TypeOfEvent])
async def types(_call: Call) -> Answer:
    """The types of events that there can be; those that emnify has no number for are ours."""
    return json([TypeOfEvent(id=row.number, description=row.words) for row in TYPES.values()])


def event_of(view: EventView) -> Event:
    """An event as the API shows it; one that emnify has no type for carries our word and no number."""
    row = type_of(view.type)
    detail: dict[str, Any] = msgspec.json.decode(view.detail) if view.detail else {}
    name, words = view.organisation_name, P2P_RECEIVED if _is_of_receiving(view, detail) else row.words
    sim = detail.get("sim", {})
    return Event(
        id=event_id(view.organisation_id, view.number),
        timestamp=wire.stamp(view.at_ms),
        alert=row.is_alert,
        description=_sentence(view, words, detail),
        event_type=TypeOfEvent(id=row.number, description=words),
        event_source=row.source,
        event_severity=row.severity,
        organisation=None if name is None else wire.Named(view.organisation_id, name),
        endpoint=_endpoint(view),
        imsi={"id": sim.get("id"), "imsi": detail["imsi"], "import_date": sim.get("production_date")} if detail.get("imsi") else UNSET,
        sim=sim or UNSET,
        user=detail.get("user", UNSET),
        detail={field: value for field, value in detail.items() if field not in BESIDE} or UNSET,
    )


P2P_RECEIVED = "SMS MT P2P limit reached"
"""Ours: emnify has an event for what a device sends to others, none for what it receives."""
BESIDE = frozenset({"sim", "user", "imsi", "before", "after"})
"""What of an event's detail is told elsewhere in it."""


def _is_of_receiving(view: EventView, detail: Mapping[str, Any]) -> bool:
    return view.type == "p2p_limit.reached" and detail.get("traffic") == Traffic.MT


def _endpoint(view: EventView) -> EndpointOfEvent | UnsetType:
    if view.device_id is None:
        return UNSET
    return EndpointOfEvent(id=view.device_id, name=view.device_name, imei=view.imei, ip_address=view.ip_address, tags=view.tags)


def _filter(asked: criteria.Criteria) -> EventFilter:
    filters = asked.filters
    chosen = [set(name.removeprefix("kinds:").split(",")) for name in filters if name.startswith("kinds:")]
    types = set.intersection(*chosen) if chosen else set()
    return EventFilter(
        from_ms=int(filters.get("from_from") or 0),
        until_ms=int(filters.get("until_until") or EVER),
        types=tuple(sorted(types)) or (("none",) if chosen else ()),
        patterns=tuple(_patterns(filters)),
        order=asked.order,
    )


def _patterns(filters: criteria.Filters) -> Iterator[tuple[str, str]]:
    for field in ("endpoint", "tags", "ip_address", "imei", "organisation"):
        for value in filter(None, str(filters.get(field) or "").split("|")):
            yield field, containing(value)
    for field, before in IN_DETAIL.items():
        for value in filter(None, str(filters.get(field) or "").split("|")):
            found = value[: LUHN_LENGTH - 1] if field == "iccid_with_luhn" else value
            yield field.removesuffix("_with_luhn"), containing(before + found)


def _sentence(view: EventView, words: str, detail: dict[str, Any]) -> str:
    sim_id, link = detail.get("sim", {}).get("id"), detail.get("link", {})
    if "before" in detail:
        before, after = (wire.described(SimStatus(detail[name])).description for name in ("before", "after"))
        return f"Status of SIM changed from '{before}' to '{after}'"
    if view.type == "sim.assigned":
        return f"SIM {sim_id} assigned to endpoint {view.device_id}"
    if view.type == "sim.released":
        return f"SIM {sim_id} released from endpoint {view.device_id}"
    if view.type == "token.refused":
        return f"{words}: application token {detail['application_token']['id']} {detail['reason']}, from {detail['address']}"
    if link:
        return f"{words}: {link.get('name')}" + (f", {detail['reason']}" if detail.get("reason") else "")
    if view.type == "limit.reached":
        whose = f"endpoint {view.device_id}" if view.device_id else "organisation"
        return f"Limit of {detail.get('limit')} {str(detail.get('traffic')).upper()}-SMS per month reached: {whose}"
    return f"{words}: endpoint {view.device_id}" if view.device_id else words


ROUTES = {
    "/api/v1/endpoint/{endpoint_id}/event": Resource(GET=of_device),
    "/api/v1/event": Resource(GET=of_organisation),
    "/api/v1/event/type": Resource(GET=types),
}
