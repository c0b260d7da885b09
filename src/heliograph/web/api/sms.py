"""SMS of a device: send, list, look at, cancel. POST is the hot path of the platform.

Most values of a message are strings on the wire, numbers too, as recorded in 2024; emnify's documentation says otherwise, and clients
take both. `dest_address`, `reason` and `reason_code` are ours.
"""

import msgspec
from msgspec import UNSET, UnsetType

from heliograph.model.ids import MessageId
from heliograph.model.message import SOURCE_TYPE_NAMES, STATE_NAMES, Direction, SourceType, State, TrafficClass
from heliograph.model.problem import Code
from heliograph.service import cancel as cancelling
from heliograph.service import history
from heliograph.service.draft import Draft, with_text
from heliograph.service.manage.policy import INTERFACE_TYPES
from heliograph.service.submit import Submission, prepare
from heliograph.store.message import MessageView
from heliograph.web import idempotency
from heliograph.web.answer import HTML, Answer, json
from heliograph.web.api import criteria, wire
from heliograph.web.api.endpoint import device_id_of
from heliograph.web.operation import SENDING, Parameter, operation
from heliograph.web.resource import Call, Resource

PER_PAGE, MOST_PER_PAGE = 1000, 1000
# Seen: EXPIRED "4", CANCELED "1". So "4" where the network had the last word, "1" where there is no report.
REPORTED, NOT_REPORTED = "4", "1"
STATES = {state: wire.Described(int(state), name) for state, name in STATE_NAMES.items()}
DIRECTIONS = {direction: wire.Described(int(direction), direction.name) for direction in Direction}
SOURCE_TYPES = {kind: wire.Described(int(kind), name) for kind, name in SOURCE_TYPE_NAMES.items()}
INTERFACES = {kind: wire.Described(kind, name) for kind, name in INTERFACE_TYPES.items()}
PAGES = {
    "page": Parameter("The page, from 1; with it the answer has the headers that number the pages.", int),
    "per_page": Parameter(f"How many stand on a page: {PER_PAGE} where it is left out, and at most.", int),
}
EXTERNAL = (TrafficClass.P2P_EXTERNAL_IN, TrafficClass.P2P_EXTERNAL_OUT)


class SmsWanted(msgspec.Struct, kw_only=True):
    """The body of POST. `payload`: a text of any length, sent in as many parts as it needs; hex with an 8-bit `dcs` (ours).
    `source_address`: a number of at most 17 digits, or at most 11 letters and digits; left out, the service policy or the organisation says
    it. `source_address_type`: 145 International, 161 National, 208 Alphanumeric; left out, by how the sender is written. `expiry_date`:
    from 1 minute to 7 days from now, 24 hours if left out. `scheduled_at` (ours): not before that time, from which its validity counts.
    `dcs`: left out, GSM 7-bit where the text fits, else UCS-2. `udh`: hex; the SMS is then sent as it is, in one part. `dest_address` is
    emnify's and means nothing yet; fields that nobody knows are not read, as emnify does not."""

    payload: str
    source_address: wire.Written | None = None
    source_address_type: wire.Ref | None = None
    udh: str | None = None
    dcs: int | None = None
    pid: int | None = None
    expiry_date: str | None = None
    scheduled_at: str | None = None


class Sms(msgspec.Struct, kw_only=True):
    """As on the wire."""

    dlr_status_id: str
    organisation_id: str
    submit_date: str
    delivery_date: str
    expiry_date: str
    final_date: str | None
    retry_date: str | None
    last_delivery_attempt: str | None
    retry_count: str
    gsm_map_error: None = None
    dcs: str
    pid: str
    source_address: str
    dest_address: str
    endpoint_id: str | None
    endpoint: dict[str, int | str | None] | None
    sim_id: str | None
    iccid: str | None
    called_party_prefix: None = None
    msisdn: str | None
    imsi: str
    msc: None = None
    udh: str
    payload: str
    registered_delivery: str = "0"
    smpp_bind_id: None = None
    p2p_ext: int
    smpp_dlr_bind_id: None = None
    id: int
    status: wire.Described
    sms_type: wire.Described
    source_address_type: wire.Described
    esme_interface_type: wire.Described
    reason: str | UnsetType = UNSET
    reason_code: str | UnsetType = UNSET


_WANTED = wire.decoder(SmsWanted)


@operation(
    "Send an SMS to a device",
    body=SmsWanted,
    example={"payload": "valve open", "source_address": "1000"},
    status=201,
    location=True,
    headers=idempotency.DECLARED,
    tells={
        "X-Note": "What of the message was changed, where something was.",
        "Idempotency-Replayed": "`true` where an earlier request with this Idempotency-Key was answered so.",
    },
    refuses=(Code.INVALID_FORMAT, Code.KEY_REUSED, *SENDING),
)
async def send(call: Call) -> Answer:
    """201 without a body; Location is absolute and nothing stands before /api in it, so that its ninth part is the id. X-Note (ours) says
    what of it was changed."""
    return await idempotency.sent(
        call,
        "sms",
        lambda: prepare(call.context.core, call.actor, device_id_of(call), draft_of(call.decode(_WANTED))),
        lambda submission, message_id: created(call, submission, message_id),
    )


@operation("List the SMS of a device", answer=list[Sms], query=PAGES, refuses=(Code.INVALID_QUERY, Code.INVALID_SORT))
async def list_sms(call: Call) -> Answer:
    """Newest first: the latest 1000, without paging headers, as recorded. `page` and `per_page` (ours) give any other part, with them."""
    asked = criteria.criteria_of(call, {}, {}, PER_PAGE, MOST_PER_PAGE)
    page = await history.list_of_device(call.context.core, call.actor, device_id_of(call), asked.page, asked.per_page)
    items = [sms_of(view) for view in page.items]
    return criteria.paged(call, page, items) if {"page", "per_page"} & call.query().keys() else json(items)


@operation("Retrieve an SMS", answer=Sms)
async def retrieve(call: Call) -> Answer:
    """One."""
    return json(sms_of(await history.message(call.context.core, call.actor, device_id_of(call), MessageId(call.id("sms_id")))))


@operation("Cancel an SMS", answer=wire.Nothing, refuses=(Code.ALREADY_FINAL, Code.ON_ITS_WAY, Code.HANDED_OVER))
async def cancel(call: Call) -> Answer:
    """Take one back that is not yet delivered: 200 and an empty object."""
    await cancelling.cancel(call.context.core, call.actor, device_id_of(call), MessageId(call.id("sms_id")))
    return json(wire.Nothing())


@operation("List the states of SMS", answer=list[wire.Described])
async def statuses(_call: Call) -> Answer:
    """The states there are."""
    return json(list(STATES.values()))


def sms_of(view: MessageView) -> Sms:
    """A message as the API shows it."""
    state = State(view.state)
    submitted = wire.stamp(view.submitted_at_ms)
    return Sms(
        dlr_status_id=REPORTED if state in (State.DELIVERED, State.FAILED, State.EXPIRED) else NOT_REPORTED,
        organisation_id=str(view.organisation_id),
        submit_date=submitted,
        delivery_date=submitted,
        expiry_date=wire.stamp(view.expiry_at_ms),
        final_date=wire.stamp_or_none(view.final_at_ms),
        retry_date=wire.stamp_or_none(view.retry_at_ms),
        last_delivery_attempt=wire.stamp_or_none(view.last_attempt_at_ms),
        retry_count=str(view.retries),
        dcs=str(view.dcs),
        pid=str(view.pid),
        source_address=view.source,
        dest_address=view.dest,
        endpoint_id=None if view.device_id is None else str(view.device_id),
        endpoint=None if view.device_id is None else {"id": view.device_id, "name": view.device_name},
        sim_id=None if view.sim_id is None else str(view.sim_id),
        iccid=view.iccid,
        msisdn=view.msisdn,
        imsi=view.imsi or "",
        udh=view.udh,
        payload=view.payload,
        p2p_ext=int(view.traffic_class in EXTERNAL),
        id=view.id,
        status=STATES[state],
        sms_type=DIRECTIONS[Direction(view.direction)],
        source_address_type=SOURCE_TYPES[SourceType(view.source_type)],
        esme_interface_type=INTERFACES[view.interface_type_id],
        reason=view.reason or UNSET,
        reason_code=view.reason_code or UNSET,
    )


def created(call: Call, submission: Submission, message_id: MessageId) -> Answer:
    """The answer to a send that was accepted."""
    location = f"{call.context.origin(call.scope)}/api/v1/endpoint/{submission.device_id}/sms/{message_id}"
    note = () if submission.note is None else ((b"x-note", submission.note.encode()),)
    return Answer(201, (HTML, (b"location", location.encode()), *note))


def draft_of(wanted: SmsWanted) -> Draft:
    """What a body asks for. Raises Problem."""
    kind = wire.one_of(SourceType, wanted.source_address_type, "source_address_type")
    return with_text(
        Draft(
            wanted.payload,
            wire.written(wanted.source_address),
            None if kind is UNSET else int(kind),
            wanted.udh,
            wanted.dcs,
            wanted.pid or 0,
            None if wanted.expiry_date is None else wire.moment(wanted.expiry_date, "expiry_date"),
            None if wanted.scheduled_at is None else wire.moment(wanted.scheduled_at, "scheduled_at"),
        )
    )


ROUTES = {
    "/api/v1/endpoint/{endpoint_id}/sms": Resource(GET=list_sms, POST=send),
    "/api/v1/endpoint/{endpoint_id}/sms/{sms_id}": Resource(GET=retrieve, DELETE=cancel),
    "/api/v1/sms/status": Resource(GET=statuses),
}
