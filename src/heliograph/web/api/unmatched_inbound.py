"""Inbound SMS that belong to nobody here (ours): for the operator, newest first."""

from typing import Final
from urllib.parse import quote, urlencode

import msgspec

from heliograph.model.problem import Code, Problem
from heliograph.service.unmatched import unmatched
from heliograph.store.part import Unmatched
from heliograph.web.answer import Answer, json
from heliograph.web.api import criteria, wire
from heliograph.web.operation import Parameter, operation
from heliograph.web.resource import Call, Resource

PER_PAGE, MOST_PER_PAGE = 100, 1000
NEWEST: Final = 2**63 - 1


class UnmatchedSms(msgspec.Struct, kw_only=True):
    """`rule`: unmatched, an unknown sender wrote to a number of an application; no_relay, and it was refused, to any other number.
    `dest_address` is null where it names none. `payload`: the text, hex where it is 8-bit."""

    id: int
    timestamp: str
    link: wire.Ref
    source_address: str
    dest_address: str | None
    payload: str
    dcs: int
    udh: str
    rule: str


@operation(
    "List inbound SMS that belong to nobody",
    answer=list[UnmatchedSms],
    query={
        "after": Parameter("Where the list goes on, as the header Link says.", int),
        "per_page": Parameter(f"How many stand on a page: {PER_PAGE} where it is left out, {MOST_PER_PAGE} at most.", int),
    },
    tells={"Link": "The next page (RFC 8288), empty on the last."},
    refuses=(Code.FORBIDDEN,),
)
async def list_unmatched(call: Call) -> Answer:
    """For the operator: what links heard from no device and for no device, newest first. Enter the SIM that it came from, or a number as
    one of an application, and the next is taken; what is here is not handed on."""
    asked = call.query()
    most = criteria.page_size(criteria.whole(asked, "per_page", PER_PAGE), PER_PAGE, MOST_PER_PAGE)
    found, following = await unmatched(call.context.core, call.actor, _after(asked), most)
    base = call.context.origin(call.scope) + quote(call.scope["path"])
    link = f'<{base}?{urlencode({**asked, "after": following})}>; rel="next"' if following else ""
    return json([_shown(each) for each in found], (b"x-count-per-page", b"%d" % most), (b"link", link.encode("ascii")))


def _after(asked: dict[str, str]) -> int:
    given = asked.get("after") or str(NEWEST)
    if not given.isascii() or not given.isdigit() or len(given) > len(str(NEWEST)) or int(given) > NEWEST:
        raise Problem(Code.BAD_REQUEST, "after is no place in this list: take it from the header Link of the page before")
    return int(given)


def _shown(found: Unmatched) -> UnmatchedSms:
    return UnmatchedSms(
        id=found.message_id,
        timestamp=wire.stamp(found.received_at_ms),
        link=wire.Ref(found.link_id),
        source_address=found.source,
        dest_address=found.dest,
        payload=found.payload,
        dcs=found.dcs,
        udh=found.udh,
        rule=found.reason,
    )


ROUTES = {"/api/v1/unmatched_inbound": Resource(GET=list_unmatched)}
