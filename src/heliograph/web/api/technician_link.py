"""Technician links (ours): one device's console for somebody without an account, for some hours. The link is shown once."""

import msgspec

from heliograph.model.problem import Code
from heliograph.service.manage import technician as links
from heliograph.service.manage.technician import NewLink
from heliograph.store.technician import TechnicianLink
from heliograph.web.answer import NO_CONTENT, Answer, created, json
from heliograph.web.api import criteria, wire
from heliograph.web.operation import Listed, operation
from heliograph.web.resource import Call, Resource

PER_PAGE, MOST_PER_PAGE = 100, 1000
CRITERIA = {"endpoint": criteria.number}


class TechnicianLinkWanted(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """`description`: for whom, as the audit names whoever comes by it. `expiry_date`: within 7 days; 8 hours from now where it is left
    out. `commands`: names of saved commands that are all it may send, or their ids; left out: whatever is written."""

    endpoint: wire.Ref
    description: str
    expiry_date: str | None = None
    commands: list[int | str] | None = None


class TechnicianLinkSeen(msgspec.Struct, kw_only=True):
    """`status`: active, expired or revoked. `uses`: how often it was opened or something was done by it, at last at `last_used`.
    `commands`: ids of the saved commands that are all it may send, null: whatever is written."""

    id: int
    endpoint: wire.Named
    description: str
    status: str
    created: str
    created_by: str | None
    expiry_date: str
    revoked: str | None
    last_used: str | None
    uses: int
    commands: list[int] | None


class TechnicianLinkMade(TechnicianLinkSeen, kw_only=True):
    """`url`: the link, which is shown this once."""

    url: str


class UseSeen(msgspec.Struct, kw_only=True):
    """`action`: technician_link.opened, technician_link.canceled or sms.sent, with the SMS. `address`: where it came from."""

    timestamp: str
    action: str
    address: str | None
    sms: wire.Ref | None


_WANTED = wire.decoder(TechnicianLinkWanted)


@operation(
    "List technician links",
    answer=list[TechnicianLinkSeen],
    listing=Listed(CRITERIA, (), PER_PAGE, MOST_PER_PAGE),
)
async def list_links(call: Call) -> Answer:
    """The latest first, those that are over too."""
    asked = criteria.criteria_of(call, CRITERIA, {}, PER_PAGE, MOST_PER_PAGE)
    found = await links.views(call.context.core, call.actor, int(asked.filters.get("endpoint") or 0), asked.page, asked.per_page)
    return criteria.paged(call, found, [_seen(each, call) for each in found.items])


@operation(
    "Create a technician link",
    body=TechnicianLinkWanted,
    example={"endpoint": {"id": 1}, "description": "Anna, pump house 3"},
    answer=TechnicianLinkMade,
    status=201,
    location=True,
    refuses=(Code.INVALID, Code.INVALID_REFERENCE, Code.INVALID_FORMAT),
)
async def create(call: Call) -> Answer:
    """Whoever has the link sees the device's SMS and sends to it, until it expires or is revoked; the audit says what they did."""
    wanted = call.decode(_WANTED)
    new = NewLink(
        device_id=wire.id_of(wanted.endpoint) or 0,
        description=wanted.description,
        commands=None if wanted.commands is None else tuple(wanted.commands),
        expires_at_ms=None if wanted.expiry_date is None else wire.moment(wanted.expiry_date, "expiry_date"),
    )
    made, token = await links.create(call.context.core, call.actor, new)
    origin = call.context.origin(call.scope)
    answer = TechnicianLinkMade(**msgspec.structs.asdict(_seen(made, call)), url=f"{origin}/technician/{token}")
    return created(f"{origin}/api/v1/technician_link/{made.id}", answer)


@operation("Retrieve a technician link", answer=TechnicianLinkSeen)
async def retrieve(call: Call) -> Answer:
    """One, without the link itself."""
    return json(_seen(await links.view(call.context.core, call.actor, _link_id(call)), call))


@operation("Revoke a technician link", refuses=(Code.NOT_ALLOWED,))
async def revoke(call: Call) -> Answer:
    """Whoever has it open is refused from now on."""
    await links.revoke(call.context.core, call.actor, _link_id(call))
    return NO_CONTENT


@operation("List the uses of a technician link", answer=list[UseSeen])
async def list_uses(call: Call) -> Answer:
    """The latest 200, newest first: when it was opened and what was sent by it, from where."""
    found = await links.uses(call.context.core, call.actor, _link_id(call))
    return json([
        UseSeen(
            timestamp=wire.stamp(each.at_ms),
            action=each.action,
            address=each.address,
            sms=None if each.message_id is None else wire.Ref(each.message_id),
        )
        for each in found
    ])  # fmt: skip


def _link_id(call: Call) -> int:
    return call.id("technician_link_id")


def _seen(link: TechnicianLink, call: Call) -> TechnicianLinkSeen:
    return TechnicianLinkSeen(
        id=link.id,
        endpoint=wire.Named(link.device_id, link.device_name),
        description=link.description,
        status=link.status(call.context.core.clock.now_ms()),
        created=wire.stamp(link.created_at_ms),
        created_by=link.made_by,
        expiry_date=wire.stamp(link.expires_at_ms),
        revoked=wire.stamp_or_none(link.revoked_at_ms),
        last_used=wire.stamp_or_none(link.used_at_ms),
        uses=link.uses,
        commands=None if link.command_ids is None else list(link.command_ids),
    )


ROUTES = {
    "/api/v1/technician_link": Resource(GET=list_links, POST=create),
    "/api/v1/technician_link/{technician_link_id}": Resource(GET=retrieve, DELETE=revoke),
    "/api/v1/technician_link/{technician_link_id}/use": Resource(GET=list_uses),
}
