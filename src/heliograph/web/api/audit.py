"""Who changed and sent what (ours): one list of both, newest first, for Administrators."""

from typing import Annotated, Any

import msgspec

from heliograph.model.problem import Code, Problem
from heliograph.service import audit
from heliograph.service.audit import Entry
from heliograph.store.audit import LAST, AuditFilter
from heliograph.web.answer import Answer
from heliograph.web.api import criteria, wire
from heliograph.web.operation import Parameter, operation
from heliograph.web.resource import Call, Resource

PER_PAGE, MOST_PER_PAGE = 100, 1000


class AuditEntry(msgspec.Struct, kw_only=True):
    """`object`: what was changed, by its kind (the word before the point of `action`) and id; of a send, the SMS. `changes`: name of a
    field to its value before and after. `who` is `operator` where one of the operator's people did it in another organisation."""

    id: int
    timestamp: str
    organisation: wire.Ref
    action: str
    object: dict[str, Any]
    endpoint: wire.Ref | None
    user: wire.Ref | None
    application_token: wire.Ref | None
    who: str | None
    role: str | None
    door: str
    address: str | None
    changes: dict[str, Any]


AnId = Annotated[int, msgspec.Meta(ge=1, le=LAST)]


@operation(
    "List who changed and sent what",
    answer=list[AuditEntry],
    query={
        "from": Parameter("Not before this date or moment."),
        "until": Parameter("Before this date or moment."),
        "action": Parameter("A kind of action (`device`), or one action (`device.changed`)."),
        "object": Parameter("The id of what was changed.", AnId),
        "user": Parameter("The id of the user who did it.", AnId),
        "application_token": Parameter("The id of the application token that did it.", AnId),
        "door": Parameter("By which interface: rest, portal, zapier, smpp, cli, technician."),
        "after": Parameter("Where the list goes on, as the header Link says."),
        "per_page": Parameter(f"How many stand on a page: {PER_PAGE} where it is left out, {MOST_PER_PAGE} at most.", int),
    },
    refuses=(Code.INVALID_FORMAT, Code.FORBIDDEN),
)
async def list_entries(call: Call) -> Answer:
    """One page: `from`, `until`, `action` (`device`, or `device.changed`), `object`, `user`, `application_token`, `door`, `per_page`.

    The header Link says where the list goes on."""
    asked = call.query()
    wanted = AuditFilter(
        from_ms=wire.moment(asked["from"], "from") if asked.get("from") else 0,
        until_ms=wire.moment(asked["until"], "until") if asked.get("until") else LAST,
        action=asked.get("action"),
        object_id=_id(asked, "object"),
        user_id=_id(asked, "user"),
        token_id=_id(asked, "application_token"),
        door=asked.get("door"),
    )
    most = criteria.page_size(criteria.whole(asked, "per_page", PER_PAGE), PER_PAGE, MOST_PER_PAGE)
    entries, following = await audit.entries(call.context.core, call.actor, wanted, asked.get("after"), most)
    return criteria.continued(call, [_shown(entry) for entry in entries], most, following)


def _shown(entry: Entry) -> AuditEntry:
    return AuditEntry(
        id=entry.id,
        timestamp=wire.stamp(entry.at_ms),
        organisation=wire.Ref(entry.organisation_id),
        action=entry.action,
        object={"kind": entry.action.partition(".")[0], "id": entry.object_id},
        endpoint=None if entry.device_id is None else wire.Ref(entry.device_id),
        user=None if entry.user_id is None else wire.Ref(entry.user_id),
        application_token=None if entry.token_id is None else wire.Ref(entry.token_id),
        who=entry.who,
        role=entry.role,
        door=entry.door,
        address=entry.address,
        changes=entry.changes,
    )


def _id(asked: dict[str, str], name: str) -> int | None:
    given = asked.get(name)
    if not given:
        return None
    if not given.isascii() or not given.isdigit() or not 0 < (found := int(given[:20])) <= LAST:
        raise Problem(Code.BAD_REQUEST, f"{name} '{given[:40]}' is no id: give a positive number")
    return found


ROUTES = {"/api/v1/audit": Resource(GET=list_entries)}
