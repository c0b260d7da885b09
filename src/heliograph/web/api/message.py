"""SMS of all devices (ours, beside emnify's): list and search them, export them, look at one by its id alone, send one again.

A list goes from new to old, page by page: `X-Next-Cursor` and `Link` say where the next page begins, which stays true while new messages
come. There is no total: counting a million messages would cost more than showing a page of them.
"""

import csv
import io
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from enum import IntEnum
from typing import Any, Final, Literal, TypeVar

import msgspec
from msgspec import UNSET, UnsetType

from heliograph.model.ids import MessageId, OrganisationId
from heliograph.model.message import STATE_NAMES, Direction, State, TrafficClass
from heliograph.model.problem import Code, Problem
from heliograph.service import search as searching
from heliograph.service import timeline as timelines
from heliograph.service.event_body import SmsEvent
from heliograph.service.search import Found, Wanted
from heliograph.service.step import Step
from heliograph.store.search import FoundMessage, Place
from heliograph.web.answer import Answer, Header, json
from heliograph.web.api import as_event, criteria, sending, wire
from heliograph.web.api.sms import Sms, sms_of
from heliograph.web.operation import JSON, Parameter, operation
from heliograph.web.resource import Call, Resource

T = TypeVar("T")
PER_PAGE, MOST_PER_PAGE = 100, 1000
FORMATS: Final = ("json", "csv")
CSV: Final[tuple[Header, ...]] = (
    (b"content-type", b"text/csv; charset=UTF-8"),
    (b"content-disposition", b'attachment; filename="sms.csv"'),
)
COLUMNS: Final = (
    "id", "submitted_at", "direction", "class", "status", "endpoint_id", "endpoint_name", "source_address", "dest_address", "payload",
    "parts", "attempts", "final_at", "expiry_at", "scheduled_at", "reason_code", "reason", "note",
)  # fmt: skip
FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What a spreadsheet takes for a formula, or may, at the start of a cell (OWASP, CSV Injection)."""


class Message(Sms, kw_only=True):
    """An SMS of the contract, and what is ours. `rule`: which one refused or ended it; `attempts`: tries of the network;
    `scheduled_at`: it is not sent before; `resend_of`: the id of the SMS of which it is another sending."""

    traffic_class: str = msgspec.field(name="class")
    parts: int
    attempts: int
    door: str
    rule: str | None
    note: str | None
    link: wire.Named | None
    scheduled_at: str | UnsetType = UNSET
    cancel_requested: bool | UnsetType = UNSET
    resend_of: int | UnsetType = UNSET


class TimelineStep(msgspec.Struct, frozen=True):
    """One step: its type, when, what happened in plain words, and the same for programs."""

    type: str
    at: str
    text: str
    fields: dict[str, Any]


QUERY: Final = {
    "device": Parameter("The id of a device.", int),
    "tag": Parameter("Devices with this tag."),
    "direction": Parameter("MT, to a device, or MO, from one.", Literal["MT", "MO"]),
    "class": Parameter("The traffic class.", Literal["a2p_mt", "a2p_mo", "p2p_internal", "p2p_external_in", "p2p_external_out"]),
    "status": Parameter("One status or several, such as FAILED|EXPIRED, or their numbers."),
    "from": Parameter("Submitted at this time or later, as 2027-01-15 or 2027-01-15T08:00:00Z."),
    "until": Parameter("Submitted before this time."),
    "text": Parameter(
        "Contains this, in any case of A to Z; the secrets of saved commands are not searched. "
        "Needs a device, or `from` at most 31 days before `until`."
    ),
    "organisation": Parameter("For the operator: the organisation to look into.", int),
    "per_page": Parameter(f"How many: {PER_PAGE} if left out, {MOST_PER_PAGE} at most.", int),
    "cursor": Parameter("The X-Next-Cursor of the page before."),
    "format": Parameter("csv: a table of all pages in one, for a spreadsheet; with a text, of this page.", Literal["json", "csv"]),
}


@operation(
    "List the SMS of all devices",
    answer=list[Message],
    instead=list[SmsEvent],
    query=QUERY | as_event.QUERY,
    tells={
        "X-Next-Cursor": "Where the next page begins; absent on the last.",
        "X-Search-Complete": "`false` where the search ended before it had seen everything.",
        "Link": "The next page (RFC 8288).",
    },
    refuses=(Code.INVALID_QUERY,),
    media=(JSON, "text/csv"),
)
async def list_messages(call: Call) -> Answer:
    """From new to old, page by page. `X-Next-Cursor` and `Link` say where the next page begins; without them this was the last. What takes
    more than 2 s to find ends there with what was found: `X-Search-Complete` is then false, and the next page goes on from that place."""
    if kind := call.query().get("as_event"):
        return await as_event.listed(call, kind)
    asked = _asked(call)
    wanted = _wanted(asked)
    core = call.context.core
    if asked.get("format") == "csv" and wanted.text is None:
        pages = searching.export(core, call.actor, wanted)
        return Answer(200, CSV, stream=_table(pages))
    per_page = criteria.page_size(_number(asked, "per_page", PER_PAGE), PER_PAGE, MOST_PER_PAGE)
    found = await searching.search(core, call.actor, wanted, _place(asked), per_page)
    headers = _headers(call, asked, found, per_page)
    if asked.get("format") == "csv":
        return Answer(200, (*CSV, *headers), _rows([COLUMNS, *map(_row, found.items)]))
    return json([message_of(each) for each in found.items], *headers)


@operation("Retrieve an SMS by its id alone", answer=Message)
async def retrieve(call: Call) -> Answer:
    """One, whatever its device, with what is ours."""
    return json(message_of(await searching.message(call.context.core, call.actor, MessageId(call.id("sms_id")))))


@operation("List the steps of an SMS", answer=list[TimelineStep])
async def timeline(call: Call) -> Answer:
    """Every step of one, oldest first: its type, its time, what happened in plain words, and the same as fields."""
    steps = await timelines.timeline(call.context.core, call.actor, MessageId(call.id("sms_id")))
    return json([_step(each) for each in steps])


def message_of(found: FoundMessage) -> Message:
    """A message as the API shows it beside the contract."""
    known = msgspec.structs.asdict(sms_of(found))
    return Message(
        **known,
        traffic_class=found.traffic_class,
        parts=found.segments,
        attempts=found.attempts,
        door=found.door,
        rule=found.reason_code,
        note=found.note,
        link=None if found.link_id is None else wire.Named(found.link_id, found.link_name or ""),
        scheduled_at=UNSET if found.scheduled_at_ms is None else wire.stamp(found.scheduled_at_ms),
        cancel_requested=True if found.cancel_requested_at_ms is not None else UNSET,
        resend_of=UNSET if found.resend_of is None else found.resend_of,
    )


def _step(each: Step) -> TimelineStep:
    fields: dict[str, Any] = {}
    for name, value in each.fields.items():
        moment = name.endswith("_at_ms") and isinstance(value, int)
        fields[name.removesuffix("_ms") if moment else name] = wire.stamp(value) if isinstance(value, int) and moment else value
    return TimelineStep(each.type, wire.stamp(each.at_ms), each.text, fields)


# what is asked for


def _asked(call: Call) -> dict[str, str]:
    asked = call.query()
    if unknown := sorted(asked.keys() - set(NAMES)):
        raise _bad(unknown[0], f"there is no such filter: use {', '.join(NAMES)}")
    if asked.get("format", "json") not in FORMATS:
        raise _bad("format", f"'{asked['format']}' is none of {', '.join(FORMATS)}")
    return {name: value for name, value in asked.items() if value != ""}


def _wanted(asked: Mapping[str, str]) -> Wanted:
    """The filters. Raises Problem that names the one at fault, and what it takes."""
    read = {field: reader(name, asked[name]) for name, (field, reader) in READERS.items() if name in asked}
    return Wanted(**read)


def _id(name: str, value: str) -> int:
    if not value.isascii() or not value.isdigit() or int(value) >= 2**63:
        raise _bad(name, f"'{value}' is no id: give a number, such as 17")
    return int(value)


def _moment(name: str, value: str) -> int:
    try:
        return wire.moment(value, name)
    except Problem as problem:
        raise Problem(Code.INVALID_QUERY, problem.text, field=name) from None


def _direction(name: str, value: str) -> Direction:
    return _named(name, value, {each.name: each for each in Direction})


def _class(name: str, value: str) -> TrafficClass:
    return _named(name, value, {each.value: each for each in TrafficClass})


def _states(name: str, value: str) -> tuple[State, ...]:
    return tuple(_named(name, each.strip(), {text: state for state, text in STATE_NAMES.items()}) for each in value.split("|"))


def _text(_name: str, value: str) -> str:
    return value


def _named(name: str, value: str, known: Mapping[str, T]) -> T:
    """One of a closed set: by its name in any case, with _ for a space, or by its number."""
    by_name = {text.lower(): each for text, each in known.items()}
    by_number = {str(int(each)): each for each in known.values() if isinstance(each, IntEnum)}
    found = by_name.get(value.lower()) or by_name.get(value.lower().replace("_", " ")) or by_number.get(value)
    if found is None:
        listed = ", ".join(f"{text} ({int(each)})" if isinstance(each, IntEnum) else text for text, each in known.items())
        raise _bad(name, f"'{value}' is none of {listed}")
    return found


Read = Callable[[str, str], Any]
READERS: Final[dict[str, tuple[str, Read]]] = {
    "device": ("device_id", _id),
    "tag": ("tag", _text),
    "direction": ("direction", _direction),
    "class": ("traffic_class", _class),
    "status": ("states", _states),
    "from": ("from_ms", _moment),
    "until": ("until_ms", _moment),
    "text": ("text", _text),
    "organisation": ("organisation_id", lambda name, value: OrganisationId(_id(name, value))),
}
NAMES: Final = (*READERS, "per_page", "cursor", "format")


def _number(asked: Mapping[str, str], name: str, default: int) -> int:
    value = asked.get(name, str(default))
    if not value.isascii() or not value.isdigit():
        raise _bad(name, f"'{value}' is no number of rows: give one such as {default}")
    return int(value[:18])  # more than fits on any page, however long it is


def _place(asked: Mapping[str, str]) -> Place:
    if "cursor" not in asked:
        return Place()
    at_ms, dot, message_id = asked["cursor"].partition(".")
    if not dot or not (at_ms + message_id).isascii() or not at_ms.isdigit() or not message_id.isdigit():
        raise _bad("cursor", "is none of ours: give the X-Next-Cursor of the page before, or leave it out")
    place = Place(int(at_ms), int(message_id))
    if place.at_ms >= 2**63 or place.id >= 2**63:
        raise _bad("cursor", "is none of ours: give the X-Next-Cursor of the page before, or leave it out")
    return place


def _bad(name: str, text: str) -> Problem:
    return Problem(Code.INVALID_QUERY, f"{name}: {text}", field=name)


# how it is answered


def _headers(call: Call, asked: Mapping[str, str], found: Found, per_page: int) -> list[Header]:
    values = {
        "x-count-per-page": str(per_page),
        "x-per-page": str(per_page),
        "x-sort": "-id" if "device" in asked else "-submit_date",
        "x-search-complete": "true" if found.is_complete else "false",
    }
    if found.following is not None:
        cursor = f"{found.following.at_ms}.{found.following.id}"
        values["x-next-cursor"] = cursor
        values["link"] = f'<{criteria.address(call, {**asked, "per_page": per_page, "cursor": cursor})}>; rel="next"'
    return [(name.encode(), value.encode("ascii")) for name, value in values.items()]


async def _table(pages: AsyncIterator[Sequence[FoundMessage]]) -> AsyncGenerator[bytes, None]:
    yield _rows([COLUMNS])
    async for page in pages:
        if page:
            yield _rows([_row(each) for each in page])


def _rows(rows: Sequence[Sequence[object]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue().encode()


def _row(found: FoundMessage) -> tuple[object, ...]:
    return (
        found.id, wire.stamp(found.submitted_at_ms), Direction(found.direction).name, found.traffic_class, STATE_NAMES[State(found.state)],
        found.device_id, found.device_name, found.source, found.dest, found.payload, found.segments, found.attempts,
        wire.stamp_or_none(found.final_at_ms), wire.stamp(found.expiry_at_ms), wire.stamp_or_none(found.scheduled_at_ms),
        found.reason_code, found.reason, found.note,
    )  # fmt: skip


def _cell(value: object) -> object:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


ROUTES = {
    "/api/v1/sms": Resource(GET=list_messages, POST=sending.send_to_many),
    "/api/v1/sms/{sms_id}": Resource(GET=retrieve),
    "/api/v1/sms/{sms_id}/timeline": Resource(GET=timeline),
    "/api/v1/sms/{sms_id}/resend": Resource(POST=sending.resend),
}
