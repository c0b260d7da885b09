"""What came in and belongs to nobody (ours): inbound SMS, and receipts; for the operator, newest first."""

from typing import Final

import msgspec

from heliograph.model.number import normalise
from heliograph.model.problem import Code, Problem
from heliograph.service.unmatched import NEWEST, Sought, inbound, receipts
from heliograph.store.link_watch import StrayReceipt
from heliograph.store.part import Unmatched
from heliograph.web.answer import Answer
from heliograph.web.api import criteria, wire
from heliograph.web.operation import Parameter, operation
from heliograph.web.resource import Call, Resource

PER_PAGE, MOST_PER_PAGE = 100, 1000
QUERY: Final = {
    "link": Parameter("Only what this link brought: its id.", int),
    "number": Parameter("Only what is from this number or to it."),
    "after": Parameter("Where the list goes on, as the header Link says.", int),
    "per_page": Parameter(f"How many stand on a page: {PER_PAGE} where it is left out, {MOST_PER_PAGE} at most.", int),
}
REFUSES: Final = (Code.FORBIDDEN, Code.INVALID_FORMAT)
TELLS: Final = {"Link": "The next page (RFC 8288), empty on the last."}


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


class UnmatchedReceipt(msgspec.Struct, kw_only=True):
    """`status`: the word of the receipt, such as DELIVRD; `error`: its error code, where it has one. `keys`: by what it names an SMS.
    `reason`: early, no SMS of ours has such a key (yet); ambiguous, several have, or the addresses are not those of the SMS."""

    id: int
    timestamp: str
    link: wire.Ref
    source_address: str
    dest_address: str
    status: str
    error: str | None
    keys: list[str]
    reason: str


@operation("List inbound SMS that belong to nobody", answer=list[UnmatchedSms], query=QUERY, tells=TELLS, refuses=REFUSES)
async def list_inbound(call: Call) -> Answer:
    """For the operator: what links heard from no device and for no device, newest first. Enter the SIM that it came from, or a number as
    one of an application, and the next is taken; what is here is not handed on."""
    sought = _sought(call)
    found, following = await inbound(call.context.core, call.actor, sought)
    return criteria.continued(call, [_sms(each) for each in found], sought.most, following)


@operation("List receipts that fit no SMS", answer=list[UnmatchedReceipt], query=QUERY, tells=TELLS, refuses=REFUSES)
async def list_receipts(call: Call) -> Answer:
    """For the operator: delivery receipts that links brought and that name no SMS of ours, newest first. Where all that a link brings stand
    here, its response and its receipt write ids differently: `POST /api/v1/link/{link_id}/check` with a test SMS finds how."""
    sought = _sought(call)
    found, following = await receipts(call.context.core, call.actor, sought)
    return criteria.continued(call, [_receipt(each) for each in found], sought.most, following)


def _sought(call: Call) -> Sought:
    asked = call.query()
    most = criteria.page_size(criteria.whole(asked, "per_page", PER_PAGE), PER_PAGE, MOST_PER_PAGE)
    number = asked.get("number")
    return Sought(
        link_id=criteria.whole(asked, "link", 0) or 0,
        number=normalise(number, "number") if number else "",
        before=_after(asked),
        most=most,
    )


def _after(asked: dict[str, str]) -> int:
    given = asked.get("after") or str(NEWEST)
    if not given.isascii() or not given.isdigit() or len(given) > len(str(NEWEST)) or int(given) > NEWEST:
        raise Problem(Code.BAD_REQUEST, "after is no place in this list: take it from the header Link of the page before")
    return int(given)


def _sms(found: Unmatched) -> UnmatchedSms:
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


def _receipt(found: StrayReceipt) -> UnmatchedReceipt:
    return UnmatchedReceipt(
        id=found.id,
        timestamp=wire.stamp(found.received_at_ms),
        link=wire.Ref(found.link_id),
        source_address=found.source,
        dest_address=found.dest,
        status=found.word,
        error=found.error,
        keys=msgspec.json.decode(found.keys, type=list[str]),
        reason=found.disposition,
    )


ROUTES = {
    "/api/v1/unmatched_inbound": Resource(GET=list_inbound),
    "/api/v1/unmatched_receipt": Resource(GET=list_receipts),
}
