"""Links toward the mobile networks (ours): the operator sees and reserves all; others see name and state of those their devices use."""

import msgspec
from msgspec import UNSET, UnsetType

from heliograph.model.account import ANY
from heliograph.model.problem import Code
from heliograph.service.manage import link as links
from heliograph.store.link import LinkView
from heliograph.web.answer import NO_CONTENT, Answer, json
from heliograph.web.api import wire
from heliograph.web.operation import operation
from heliograph.web.resource import Call, Resource

OFF = "disabled"


class LinkSeen(msgspec.Struct, kw_only=True):
    """`kind`, `reason` and `organisations` are the operator's to see. `organisations`: those it is reserved for; none: it is for all."""

    id: int
    name: str
    state: str
    changed: str
    kind: str | UnsetType = UNSET
    reason: str | UnsetType | None = UNSET
    organisations: list[wire.Ref] | UnsetType = UNSET


@operation("List links", answer=list[LinkSeen])
async def list_links(call: Call) -> Answer:
    """Those the caller sees."""
    whole = call.actor.scope == ANY
    return json([_shown(view, reserved, whole=whole) for view, reserved in await links.seen(call.context.core, call.actor)])


@operation("Reserve a link for an organisation", refuses=(Code.FORBIDDEN, Code.DUPLICATED))
async def reserve(call: Call) -> Answer:
    """From then on it is for this organisation, and others it is reserved for, alone."""
    await links.reserve(call.context.core, call.actor, call.id("link_id"), call.id("organisation_id"))
    return NO_CONTENT


@operation("Free a link of an organisation", refuses=(Code.FORBIDDEN,))
async def unreserve(call: Call) -> Answer:
    """A link that is reserved for nobody is for all."""
    await links.unreserve(call.context.core, call.actor, call.id("link_id"), call.id("organisation_id"))
    return NO_CONTENT


def _shown(view: LinkView, reserved: list[int], *, whole: bool) -> LinkSeen:
    return LinkSeen(
        id=view.id,
        name=view.name,
        state=view.state if view.disabled_at_ms is None else OFF,
        changed=wire.stamp(view.changed_at_ms),
        kind=view.kind if whole else UNSET,
        reason=view.reason if whole else UNSET,
        organisations=[wire.Ref(each) for each in reserved] if whole else UNSET,
    )


ROUTES = {
    "/api/v1/link": Resource(GET=list_links),
    "/api/v1/link/{link_id}/organisation/{organisation_id}": Resource(PUT=reserve, DELETE=unreserve),
}
