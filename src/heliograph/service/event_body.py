"""An event as applications get it: by a webhook of the native format, by the event stream, by lists that ask for it with `as_event`.

Keys, their order, types and nesting are the same for all events of a type and on each of the three ways, so that whoever learned to read
one has learned them all. `status` of an SMS is the one that the message entered by the event; the rest of it is as it is now.
"""

from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from heliograph.model.event import OF_MESSAGES, event_id
from heliograph.model.message import STATE_NAMES, Direction
from heliograph.store.feed import FeedEvent

_encode: Final = msgspec.json.Encoder().encode


class EventEndpoint(msgspec.Struct, frozen=True):
    id: int
    name: str | None


class EventOrganisation(msgspec.Struct, frozen=True):
    id: int


class EventSmsType(msgspec.Struct, frozen=True):
    id: int
    description: str


class EventStatus(msgspec.Struct, frozen=True):
    id: int
    status: str


class SmsData(msgspec.Struct, frozen=True, kw_only=True):
    """Of an event of an SMS. Times are UTC. `endpoint` is null for what goes to a phone; `reason` says why an SMS was not delivered, in
    words, `reason_code` for programs; `segments` is how many SMS the network counts; `traffic_class` is a2p_mt, a2p_mo, p2p_internal,
    p2p_external_in or p2p_external_out."""

    id: int
    sms_type: EventSmsType
    source_address: str
    dest_address: str
    payload: str
    dcs: int
    pid: int
    segments: int
    traffic_class: str
    endpoint: EventEndpoint | None
    status: EventStatus
    reason: str | None
    reason_code: str | None
    submit_date: str
    final_date: str | None


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """`id` is unique and the same however often and on whichever way the event is told; `number` counts in the organisation without a
    gap."""

    id: int
    type: str
    timestamp: str
    number: int
    organisation: EventOrganisation


class SmsEvent(Event, frozen=True, kw_only=True):
    """Of an SMS."""

    data: SmsData


class OtherEvent(Event, frozen=True, kw_only=True):
    """`data`: `endpoint`, or null, and what belongs to the type."""

    data: dict[str, Any]


def body_of(event: FeedEvent) -> SmsEvent | OtherEvent:
    """What applications are told of it."""
    head: dict[str, Any] = {
        "id": event_id(event.organisation_id, event.number),
        "type": event.type,
        "timestamp": stamp(event.at_ms),
        "number": event.number,
        "organisation": EventOrganisation(event.organisation_id),
    }
    if event.type in OF_MESSAGES and event.direction is not None:
        return SmsEvent(**head, data=_sms(event))
    return OtherEvent(**head, data=_other(event))


def json_of(event: FeedEvent) -> bytes:
    """The same as JSON."""
    return _encode(body_of(event))


def stamp(at_ms: int) -> str:
    """2026-11-28T08:45:00.123Z"""
    seconds, milliseconds = divmod(at_ms, 1000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{milliseconds:03}Z"


def _sms(event: FeedEvent) -> SmsData:
    direction = Direction(event.direction or Direction.MT)
    state = OF_MESSAGES[event.type]
    return SmsData(
        id=event.message_id or 0,
        sms_type=EventSmsType(int(direction), direction.name),
        source_address=event.source or "",
        dest_address=event.dest or "",
        payload=event.payload or "",
        dcs=event.dcs or 0,
        pid=event.pid or 0,
        segments=event.segments or 1,
        traffic_class=event.traffic_class or "",
        endpoint=_endpoint(event),
        status=EventStatus(int(state), STATE_NAMES[state]),
        reason=event.reason,
        reason_code=event.reason_code,
        submit_date=stamp(event.submitted_at_ms or event.at_ms),
        final_date=None if event.final_at_ms is None else stamp(event.final_at_ms),
    )


def _other(event: FeedEvent) -> dict[str, Any]:
    detail = msgspec.json.decode(event.detail, type=dict[str, Any]) if event.detail else {}
    return {"endpoint": _endpoint(event)} | detail


def _endpoint(event: FeedEvent) -> EventEndpoint | None:
    return None if event.device_id is None else EventEndpoint(event.device_id, event.device_name)
