"""Send to many devices at once, and send again (ours, beside emnify's)."""

import msgspec

from heliograph.model.ids import DeviceId, MessageId
from heliograph.model.problem import Code, Problem
from heliograph.service import bulk
from heliograph.service import resend as resending
from heliograph.service.bulk import Sent
from heliograph.service.idempotency import earlier
from heliograph.service.submit import Submission
from heliograph.web import idempotency
from heliograph.web.answer import Answer, Header, json
from heliograph.web.api import wire
from heliograph.web.api.sms import SmsWanted, created, draft_of
from heliograph.web.operation import SENDING, Parameter, Reply, operation
from heliograph.web.problem import error
from heliograph.web.resource import Call

KEY = {"Idempotency-Key": Parameter("Sends once, however often the request comes with this key within 24 h: a UUID, for example.")}


class DeviceFilter(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Devices with this tag, of this service policy, or both."""

    tag: str | None = None
    service_profile: wire.Ref | None = None


class BulkWanted(SmsWanted, kw_only=True, forbid_unknown_fields=True):
    """The body of a send, and to whom: `endpoints`, a list of at most 2,000 ids, or a `filter`. What is misspelt is refused."""

    endpoints: list[wire.Id] | None = None
    filter: DeviceFilter | None = None


class SentToOne(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The `id` of the SMS to this device, or the `error` that a send to it alone would have answered."""

    endpoint: wire.Ref
    id: int | None = None
    error: dict[str, str | int] | None = None


class SentToMany(msgspec.Struct, kw_only=True):
    """`results` stand in the order of the devices asked for; a device that was named twice gets one SMS."""

    accepted: int
    refused: int
    results: list[SentToOne]


class AgainWanted(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The body of a resend, which may be left out."""

    expiry_date: str | None = None
    scheduled_at: str | None = None


_WANTED = wire.decoder(BulkWanted)
_AGAIN = wire.decoder(AgainWanted)


@operation(
    "Send an SMS to many devices",
    body=BulkWanted,
    example={"payload": "report now", "filter": {"tag": "north"}},
    answer=SentToMany,
    status=201,
    headers=KEY,
    refuses=(Code.INVALID_FORMAT, Code.REQUIRED, Code.KEY_REUSED),
    also={200: Reply("Some devices, or all, were refused: see the `error` of each.", SentToMany)},
)
async def send_to_many(call: Call) -> Answer:
    """One SMS to at most 2,000 devices, with a result for each: 201 where all were accepted, 200 where some were refused. All that was
    accepted is kept together, so that an answer that is lost never hides a half: ask again with the same Idempotency-Key. What is wrong
    with the SMS itself is answered as for one device, and nothing is sent."""
    once = idempotency.once(call, "bulk", lambda sent: _answer(submissions[0], sent))
    wanted = call.decode(_WANTED)
    try:
        submissions = bulk.prepare_all(call.context.core, call.actor, await _devices(call, wanted), draft_of(wanted))
    except Problem:
        if once is not None and (found := await earlier(call.context.core, once)):  # its scheduled_at may be in the past by now, say
            return idempotency.told(found)
        raise
    if once is None:
        return _answer(submissions[0], await bulk.send_all(submissions))
    return idempotency.told(await bulk.send_all_once(submissions, once))


@operation(
    "Send an SMS again",
    needs_body=False,
    body=AgainWanted,
    example={"expiry_date": "2030-01-16T08:00:00Z", "scheduled_at": "2030-01-15T08:00:00Z"},
    status=201,
    location=True,
    headers=KEY,
    refuses=(Code.INVALID_REFERENCE, Code.NOT_ALLOWED, Code.INVALID_FORMAT, Code.KEY_REUSED, *SENDING),
)
async def resend(call: Call) -> Answer:
    """A new SMS with the same text to the same device, linked to the old one: 201 without a body, as for a send. It is valid for 24 h
    unless `expiry_date` says else. One that is still under way is not sent again: 409."""
    core = call.context.core
    wanted = call.decode(_AGAIN) if call.body else AgainWanted()
    expiry_at_ms = None if wanted.expiry_date is None else wire.moment(wanted.expiry_date, "expiry_date")
    scheduled_at_ms = None if wanted.scheduled_at is None else wire.moment(wanted.scheduled_at, "scheduled_at")
    found = await resending.original(core, call.actor, MessageId(call.id("sms_id")))
    return await idempotency.sent(
        call,
        "resend",
        lambda: resending.prepare_again(core, call.actor, found, expiry_at_ms=expiry_at_ms, scheduled_at_ms=scheduled_at_ms),
        lambda submission, message_id: created(call, submission, message_id),
    )


async def _devices(call: Call, wanted: BulkWanted) -> list[DeviceId]:
    if (wanted.endpoints is None) == (wanted.filter is None):
        raise Problem(Code.REQUIRED, "endpoints or filter: give one of them", field="endpoints")
    if wanted.endpoints is not None:
        return [DeviceId(each) for each in wanted.endpoints]
    profile_id = wire.id_of(wanted.filter.service_profile) if wanted.filter else None
    tag = wanted.filter.tag if wanted.filter else None
    if not tag and not isinstance(profile_id, int):
        raise Problem(Code.REQUIRED, "filter.tag or filter.service_profile: give one of them", field="filter")
    return await bulk.devices_of(call.context.core, call.actor, tag or None, profile_id if isinstance(profile_id, int) else None)


def _answer(submission: Submission, sent: list[Sent]) -> Answer:
    results = [
        SentToOne(endpoint=wire.Ref(each.device_id), error=error(each.result))
        if isinstance(each.result, Problem)
        else SentToOne(endpoint=wire.Ref(each.device_id), id=each.result)
        for each in sent
    ]
    refused = sum(each.error is not None for each in results)
    note: tuple[Header, ...] = () if submission.note is None else ((b"x-note", submission.note.encode()),)
    many = SentToMany(accepted=len(results) - refused, refused=refused, results=results)
    return json(many, *note, status=200 if refused else 201)
