"""What was delivered to webhooks (ours): each with all its tries; one sent again, all that failed replayed, a test."""

from typing import Any

import msgspec

from heliograph.model.event import TYPES
from heliograph.model.problem import Code, Problem
from heliograph.service.manage import delivery as deliveries
from heliograph.service.manage.delivery import DeliveryView
from heliograph.store.delivery import NEWEST, OF_WORD, Attempt, Delivered, DeliveryFilter
from heliograph.web.answer import Answer, json
from heliograph.web.api import wire
from heliograph.web.api.criteria import page_size, whole
from heliograph.web.operation import Parameter, operation
from heliograph.web.resource import Call, Resource

PER_PAGE, MOST_PER_PAGE = 100, 1000


class DeliveryShown(msgspec.Struct, kw_only=True):
    """`status`: waiting (not tried yet), retrying, delivered or failed (given up; it can be replayed). `attempts`: how many tries;
    `http_status`, `milliseconds` and `error` are of
    the last. `sms`: the SMS it is about, if it is about one. `event`: the number of the event in the
    organisation's feed, where the feed brought it."""

    id: int
    webhook: wire.Ref
    type: str
    status: str
    method: str
    sms: wire.Ref | None
    endpoint: wire.Ref | None
    event: int | None
    attempts: int
    http_status: int | None
    milliseconds: int | None
    error: str | None
    created: str
    last_attempt: str | None
    next_attempt: str | None
    final: str | None


class AttemptShown(msgspec.Struct, kw_only=True):
    """`address`: which was called. `error`: why it failed, in plain words. `answer`: its start, at most 16 kB."""

    number: int
    time: str
    http_status: int | None
    milliseconds: int
    address: str | None
    error: str | None
    answer: str | None


class DeliveryWhole(DeliveryShown, kw_only=True):
    """`url` and `request_headers`: by the settings of the webhook as they are today, where an earlier try had others too; what is secret
    is not shown. `body`: as it was sent, empty once it was deleted for its age."""

    url: str
    request_headers: dict[str, str]
    body: str
    tries: list[AttemptShown]


class Replayed(msgspec.Struct, kw_only=True):
    """How many deliveries are due again."""

    replayed: int


@operation(
    "List the deliveries to a webhook",
    answer=list[DeliveryShown],
    query={
        "status": Parameter(f"Only such: {', '.join(OF_WORD)}"),
        "endpoint_id": Parameter("Only what is about this device", int),
        "type": Parameter("Only events of this type"),
        "since": Parameter("Only what was made from this time on"),
        "until": Parameter("Only what was made before this time"),
        "cursor": Parameter("Where the page begins: `X-Next-Cursor` of the one before", int),
        "per_page": Parameter(f"At most so many, {PER_PAGE} by default, {MOST_PER_PAGE} at most", int),
    },
    tells={"X-Next-Cursor": "Where the next page begins; without it this was the last"},
    refuses=(Code.INVALID_QUERY,),
)
async def list_deliveries(call: Call) -> Answer:
    """From new to old."""
    asked = call.query()
    per_page = page_size(whole(asked, "per_page", PER_PAGE), PER_PAGE, MOST_PER_PAGE)
    before = _number(asked, "cursor") or NEWEST
    page = await deliveries.page(call.context.core, call.actor, call.id("webhook_id"), _filter(asked), before, per_page)
    headers = ((b"x-next-cursor", b"%d" % page[-1].id),) if len(page) == per_page else ()
    return json([_shown(each) for each in page], *headers)


@operation("Retrieve a delivery with all its tries", answer=DeliveryWhole)
async def retrieve(call: Call) -> Answer:
    """What was sent, when, and what was answered."""
    return json(_whole(await deliveries.view(call.context.core, call.actor, call.id("delivery_id"))))


@operation("Send a delivery once more", answer=DeliveryWhole, refuses=(Code.NOT_ALLOWED, Code.ON_ITS_WAY))
async def resend(call: Call) -> Answer:
    """At once, with the same `webhook-id`, whatever the state of the webhook and of the delivery; if it fails, it is retried anew."""
    core = call.context.core
    return json(_whole(await deliveries.resend(core, call.actor, call.id("delivery_id"), core.notifier)))


@operation(
    "Deliver again what failed",
    answer=Replayed,
    query={"since": Parameter("Only what was made from this time on: a date, or a date and time")},
    refuses=(Code.NOT_ALLOWED, Code.INVALID_FORMAT),
)
async def replay(call: Call) -> Answer:
    """All that was given up; what was delivered is not sent again. Each keeps its `webhook-id`."""
    core, since = call.context.core, call.query().get("since")
    since_ms = wire.moment(since.replace(" ", "+") if "T" in since else since, "since") if since else 0
    return json(Replayed(replayed=await deliveries.replay(core, call.actor, call.id("webhook_id"), since_ms, core.notifier)))


@operation("Send a test to a webhook", answer=DeliveryWhole)
async def test(call: Call) -> Answer:
    """One `webhook.test`, or in emnify's format an SMS with the id 0, sent once and at once, whatever the state of the webhook; answered
    when it ended, with what the receiver said. Where it succeeds, a webhook that was degraded is called again."""
    core = call.context.core
    return json(_whole(await deliveries.send_test(core, call.actor, call.id("webhook_id"), core.notifier)))


def _filter(asked: dict[str, str]) -> DeliveryFilter:
    status = asked.get("status", "")
    if status and status not in OF_WORD:
        raise Problem(Code.INVALID_QUERY, f"status '{status}' is none of {', '.join(OF_WORD)}", field="status")
    kind = asked.get("type", "")
    if kind and kind not in TYPES:
        raise Problem(Code.INVALID_QUERY, f"there is no event type '{kind}'", field="type")
    times: dict[str, int] = {}
    for name, field in (("since", "from_ms"), ("until", "until_ms")):
        if asked.get(name):
            times[field] = wire.moment(asked[name], name)
    base = OF_WORD[status] if status else DeliveryFilter()
    return msgspec.structs.replace(base, type=kind, device_id=_number(asked, "endpoint_id"), **times)


def _number(asked: dict[str, str], name: str) -> int:
    text = asked.get(name, "")
    if not text:
        return 0
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise Problem(Code.INVALID_QUERY, f"{name} '{text}' is no number", field=name)
    return int(text)


def _shown(delivery: Delivered) -> DeliveryShown:
    return DeliveryShown(**_fields(delivery))


def _whole(view: DeliveryView) -> DeliveryWhole:
    delivery, webhook = view.delivery, view.webhook
    return DeliveryWhole(
        **_fields(delivery),
        url=webhook.url,
        request_headers=deliveries.request_headers(view),
        body=delivery.body,
        tries=[_attempt(each) for each in view.attempts],
    )


def _fields(delivery: Delivered) -> dict[str, Any]:
    return {
        "id": delivery.id,
        "webhook": wire.Ref(delivery.webhook_id),
        "type": delivery.type,
        "status": delivery.word,
        "method": delivery.method,
        "sms": wire.Ref(delivery.message_id) if delivery.message_id else None,
        "endpoint": None if delivery.device_id is None else wire.Ref(delivery.device_id),
        "event": delivery.number,
        "attempts": delivery.tries,
        "http_status": delivery.status,
        "milliseconds": delivery.duration_ms,
        "error": delivery.error,
        "created": wire.stamp(delivery.created_at_ms),
        "last_attempt": wire.stamp_or_none(delivery.at_ms),
        "next_attempt": wire.stamp_or_none(delivery.due_at_ms or None),
        "final": wire.stamp_or_none(delivery.final_at_ms),
    }


def _attempt(attempt: Attempt) -> AttemptShown:
    return AttemptShown(
        number=attempt.number,
        time=wire.stamp(attempt.at_ms),
        http_status=attempt.status,
        milliseconds=attempt.duration_ms,
        address=attempt.address,
        error=attempt.error,
        answer=attempt.answer,
    )


ROUTES = {
    "/api/v1/webhook/{webhook_id}/test": Resource(POST=test),
    "/api/v1/webhook/{webhook_id}/delivery": Resource(GET=list_deliveries),
    "/api/v1/webhook/{webhook_id}/replay": Resource(POST=replay),
    "/api/v1/delivery/{delivery_id}": Resource(GET=retrieve),
    "/api/v1/delivery/{delivery_id}/resend": Resource(POST=resend),
}
