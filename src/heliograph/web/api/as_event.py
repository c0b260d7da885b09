"""`as_event` on the lists of SMS and of events (ours): their latest, with exactly the keys, order, types and nesting of the event."""

from typing import Final

from heliograph.service import event_body
from heliograph.service.recent import recent
from heliograph.web.answer import Answer, json
from heliograph.web.api.criteria import page_size, whole
from heliograph.web.operation import Parameter
from heliograph.web.resource import Call

PER_PAGE, MOST_PER_PAGE = 25, 100
QUERY: Final = {
    "as_event": Parameter(
        "A type of event: the latest of this type are listed, newest first, exactly as a webhook of the native format is told them. With "
        "it only `endpoint_id`, `service_profile_id`, `tag` and `per_page` (25, at most 100) are read"
    )
}


async def listed(call: Call, kind: str) -> Answer:
    """The latest events of a type, newest first."""
    asked = call.query()
    most = page_size(whole(asked, "per_page", PER_PAGE), PER_PAGE, MOST_PER_PAGE)
    device_id, policy_id = whole(asked, "endpoint_id", 0), whole(asked, "service_profile_id", 0)
    found = await recent(
        call.context.core, call.actor, kind, most=most, device_id=device_id, policy_id=policy_id, tag=asked.get("tag", "")
    )  # fmt: skip
    return json([event_body.body_of(event) for event in found])
