"""Links toward the mobile networks (ours): the operator makes, watches and reserves them; others see name and state of those they use."""

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from heliograph.model.account import ANY
from heliograph.model.problem import Code, Problem
from heliograph.service.manage import link as links
from heliograph.store.link import LinkView as LinkRow
from heliograph.web.answer import NO_CONTENT, Answer, created, json
from heliograph.web.api import wire
from heliograph.web.operation import Parameter, operation
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


class LinkWanted(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """`kind`: smpp or simulator; it stays. `settings`: those of its kind, docs/links.md has them; `enabled`: whether it is to run."""

    name: str
    kind: str
    settings: dict[str, Any] = {}
    enabled: bool = True


class LinkChanged(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What is not there stays. `settings` are put over those there are: null takes one away, `***` leaves a secret."""

    name: str | UnsetType = UNSET
    settings: dict[str, Any] | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET


class LinkView(LinkSeen, kw_only=True):
    """`settings`: without what is secret. `waiting`: destinations that have messages for it. `process`: which runs it."""

    enabled: bool
    settings: dict[str, Any]
    waiting: int
    process: str | None


class CheckWanted(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """`send_to`: a number to send one test SMS to. `try_all`: other versions and binds too, where the bind is refused."""

    send_to: wire.Written | None = None
    try_all: bool = False


class Found(msgspec.Struct, kw_only=True):
    """`level`: ok, hint or wrong. `settings`: what to set so that it is right."""

    level: str
    text: str
    settings: dict[str, Any]


class TracedPdu(msgspec.Struct, kw_only=True):
    id: int
    at: str
    bind: str
    sent: bool
    pdu: str


class TraceView(msgspec.Struct, kw_only=True):
    """`after`: what to ask with next."""

    after: int
    pdus: list[TracedPdu]


class PresetView(msgspec.Struct, kw_only=True):
    """`settings`: what it sets; `sources`: where each is known from, or that it is unverified."""

    name: str
    kind: str
    settings: dict[str, Any]
    sources: dict[str, str]


_WANTED = wire.decoder(LinkWanted)
_CHANGED = wire.decoder(LinkChanged)
_CHECK = wire.decoder(CheckWanted)


@operation("List links", answer=list[LinkSeen])
async def list_links(call: Call) -> Answer:
    """Those the caller sees."""
    whole = call.actor.scope == ANY
    return json([_shown(view, reserved, whole=whole) for view, reserved in await links.seen(call.context.core, call.actor)])


@operation(
    "Create a link",
    body=LinkWanted,
    example={"name": "SMSC", "kind": "smpp", "settings": {"host": "smsc.example.net", "system_id": "meters", "password": "secret"}},
    answer=LinkView,
    status=201,
    location=True,
    refuses=(Code.FORBIDDEN, Code.DUPLICATED, Code.INVALID_FORMAT),
)
async def create(call: Call) -> Answer:
    """201, where it is, and the link. A process runs it within a second."""
    wanted = call.decode(_WANTED)
    core = call.context.core
    made = await links.add(core, call.actor, wanted.name, wanted.kind, wanted.settings, enabled=wanted.enabled)
    found = await links.view(core, call.actor, made)
    return created(f"{call.context.origin(call.scope)}/api/v1/link/{made}", _detail(found))


@operation("Retrieve a link", answer=LinkView, refuses=(Code.FORBIDDEN,))
async def retrieve(call: Call) -> Answer:
    """One, with its settings but for what is secret."""
    return json(_detail(await links.view(call.context.core, call.actor, call.id("link_id"))))


@operation(
    "Update a link",
    body=LinkChanged,
    example={"settings": {"window": 50, "rate": 100}},
    refuses=(Code.FORBIDDEN, Code.DUPLICATED, Code.INVALID_FORMAT),
)
async def update(call: Call) -> Answer:
    """One that runs drains and starts again so, within a second."""
    wanted = call.decode(_CHANGED)
    change = links.LinkChange(name=wanted.name, settings=wanted.settings, enabled=wanted.enabled)
    await links.update(call.context.core, call.actor, call.id("link_id"), change)
    return NO_CONTENT


@operation("Delete a link", refuses=(Code.FORBIDDEN, Code.IN_USE))
async def delete(call: Call) -> Answer:
    """One that is switched off and in no route. What waits for it goes by another link that may, or waits for one."""
    await links.delete(call.context.core, call.actor, call.id("link_id"))
    return NO_CONTENT


@operation("Start a link", refuses=(Code.FORBIDDEN,))
async def start(call: Call) -> Answer:
    """Within a second."""
    await links.switch(call.context.core, call.actor, call.id("link_id"), on=True)
    return NO_CONTENT


@operation("Stop a link", refuses=(Code.FORBIDDEN,))
async def stop(call: Call) -> Answer:
    """It drains; messages wait for it, or go by another link of their route."""
    await links.switch(call.context.core, call.actor, call.id("link_id"), on=False)
    return NO_CONTENT


@operation(
    "Check a link's peer", body=CheckWanted, example={"try_all": True}, answer=list[Found], refuses=(Code.FORBIDDEN, Code.NOT_SUPPORTED)
)
async def check(call: Call) -> Answer:
    """What is wrong with the peer, in words; it is tried from the process that answers, beside the link that may run. With `send_to` it may
    take a minute."""
    wanted = call.decode(_CHECK)
    findings = await links.check(call.context.core, call.actor, call.id("link_id"), wire.written(wanted.send_to), try_all=wanted.try_all)
    return json([Found(level=each.level, text=each.text, settings=dict(each.settings)) async for each in findings])


@operation(
    "Watch a link's PDUs", answer=TraceView, refuses=(Code.FORBIDDEN, Code.INVALID_QUERY),
    query={"after": Parameter("The PDUs behind this one: `after` of the call before", int)},
)  # fmt: skip
async def trace(call: Call) -> Answer:
    """The PDUs after `?after=`, decoded, without secrets; without it none, and what to ask with next. They are written down for half a
    minute after each call."""
    after = call.query().get("after")
    if after is not None and not (after.isascii() and after.isdigit() and len(after) < 19):
        raise Problem(Code.INVALID_QUERY, "after: give the number that the call before answered", field="after")
    found, following = await links.trace(call.context.core, call.actor, call.id("link_id"), None if after is None else int(after))
    pdus = [TracedPdu(id=each.id, at=wire.stamp(each.at_ms), bind=each.bind, sent=bool(each.is_sent), pdu=each.pdu) for each in found]
    return json(TraceView(after=following, pdus=pdus))


@operation("List presets of links", answer=list[PresetView], refuses=(Code.FORBIDDEN,))
async def presets(call: Call) -> Answer:
    """What the usual message centres want."""
    found = call.context.core.link_kinds.presets()
    return json([PresetView(name=each.name, kind=each.kind, settings=each.values, sources=each.sources) for each in found])


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


def _shown(view: LinkRow, reserved: list[int], *, whole: bool) -> LinkSeen:
    return LinkSeen(
        id=view.id,
        name=view.name,
        state=view.state if view.disabled_at_ms is None else OFF,
        changed=wire.stamp(view.changed_at_ms),
        kind=view.kind if whole else UNSET,
        reason=view.reason if whole else UNSET,
        organisations=[wire.Ref(each) for each in reserved] if whole else UNSET,
    )


def _detail(found: links.LinkDetail) -> LinkView:
    link = found.link
    return LinkView(
        id=link.id,
        name=link.name,
        state=link.state if link.disabled_at_ms is None else OFF,
        changed=wire.stamp(link.changed_at_ms),
        kind=link.kind,
        reason=link.reason,
        organisations=[wire.Ref(each) for each in found.organisations],
        enabled=link.disabled_at_ms is None,
        settings=found.settings,
        waiting=found.waiting,
        process=link.node_name,
    )


ROUTES = {
    "/api/v1/link": Resource(GET=list_links, POST=create),
    "/api/v1/link/{link_id}": Resource(GET=retrieve, PATCH=update, DELETE=delete),
    "/api/v1/link/{link_id}/start": Resource(POST=start),
    "/api/v1/link/{link_id}/stop": Resource(POST=stop),
    "/api/v1/link/{link_id}/check": Resource(POST=check),
    "/api/v1/link/{link_id}/trace": Resource(POST=trace),
    "/api/v1/link_preset": Resource(GET=presets),
    "/api/v1/link/{link_id}/organisation/{organisation_id}": Resource(PUT=reserve, DELETE=unreserve),
}
