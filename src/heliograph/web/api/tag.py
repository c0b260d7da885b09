"""Tags of devices, as the second version of the API has them. The comma list `tags` of a device is the same tags, as text."""

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from heliograph.model.page import last_page, page_within
from heliograph.model.problem import Code, Problem
from heliograph.service.manage import tag as tags
from heliograph.service.manage.tag import COLORS, TagView
from heliograph.web.answer import NO_CONTENT, Answer, json
from heliograph.web.api import criteria, wire
from heliograph.web.api.endpoint import device_id_of
from heliograph.web.operation import Parameter, operation
from heliograph.web.resource import Call, Resource

PAGE_SIZE, MOST_PAGE_SIZE = 100, 1000


class TagSeen(msgspec.Struct, kw_only=True):
    """`resource_count`: how many devices have it."""

    id: int
    name: str
    resource_count: int | UnsetType = UNSET
    tag_color: wire.Ref


class TagPage(msgspec.Struct, kw_only=True):
    total: int
    page: int
    page_size: int
    last_page: int
    data: list[TagSeen]


class TagColor(msgspec.Struct, kw_only=True):
    id: int
    hex_color: str
    description: str


class TagWanted(msgspec.Struct, kw_only=True):
    """The body of POST and PATCH; what is left out stays."""

    name: str | UnsetType = UNSET
    color: wire.Ref | UnsetType | None = UNSET


class TagAssigned(msgspec.Struct, kw_only=True):
    """The body of an assignment."""

    id: wire.Id


_WANTED = wire.decoder(TagWanted)
_ASSIGNED = wire.decoder(TagAssigned)
_EMPTY: dict[str, Any] = {}


@operation(
    "List tags",
    answer=TagPage,
    query={
        "name": Parameter("What the name contains."),
        "page": Parameter("Which page, from 1.", int),
        "page_size": Parameter(f"How many stand on a page: {PAGE_SIZE} where it is left out, {MOST_PAGE_SIZE} at most.", int),
    },
)
async def list_tags(call: Call) -> Answer:
    """Those of your organisation, by name."""
    asked = call.query()
    found = await tags.views(call.context.core, call.actor, asked.get("name", ""))
    size = criteria.whole(asked, "page_size", PAGE_SIZE)
    size = min(size if size >= 1 else PAGE_SIZE, MOST_PAGE_SIZE)
    page = page_within(criteria.whole(asked, "page", 1), size, len(found))
    shown = [_seen(view) for view in found[(page - 1) * size : page * size]]
    return json(TagPage(total=len(found), page=page, page_size=size, last_page=last_page(len(found), size), data=shown))


@operation(
    "Create a tag",
    body=TagWanted,
    example={"name": "north", "color": {"id": 2}},
    answer=TagSeen,
    status=201,
    refuses=(Code.REQUIRED, Code.INVALID_FORMAT, Code.DUPLICATED, Code.INVALID_REFERENCE),
)
async def create(call: Call) -> Answer:
    """A new one; where no colour is named it gets one."""
    wanted = call.decode(_WANTED)
    if wanted.name is UNSET:
        raise Problem(Code.REQUIRED, "name is required", field="name")
    color_id = wire.id_of(wanted.color)
    made = await tags.create(call.context.core, call.actor, wanted.name, color_id if isinstance(color_id, int) else None)
    return json(TagSeen(id=made.id, name=made.name, tag_color=wire.Ref(made.color_id)), status=201)


@operation(
    "Change a tag",
    body=TagWanted,
    example={"name": "south"},
    refuses=(Code.INVALID_FORMAT, Code.DUPLICATED, Code.INVALID_REFERENCE),
)
async def update(call: Call) -> Answer:
    """Another name, on every device that has it, or another colour."""
    wanted = call.decode(_WANTED)
    color_id = wire.id_of(wanted.color)
    tag_id = call.id("tag_id")
    await tags.update(call.context.core, call.actor, tag_id, name=wanted.name, color_id=color_id if isinstance(color_id, int) else UNSET)
    return NO_CONTENT


@operation("Delete a tag")
async def delete(call: Call) -> Answer:
    """Delete it, and take it off every device."""
    await tags.delete(call.context.core, call.actor, call.id("tag_id"))
    return NO_CONTENT


@operation("List the tags of a device", answer=list[TagSeen])
async def of_device(call: Call) -> Answer:
    """In the order in which they were given."""
    return json([_seen(view) for view in await tags.views_of_device(call.context.core, call.actor, device_id_of(call))])


@operation(
    "Give a device a tag",
    body=TagAssigned,
    example={"id": 1},
    answer=dict[str, Any],
    status=201,
    refuses=(Code.DUPLICATED, Code.INVALID_REFERENCE),
)
async def assign(call: Call) -> Answer:
    """201; 409 where the device has it."""
    await tags.assign(call.context.core, call.actor, device_id_of(call), call.decode(_ASSIGNED).id)
    return json(_EMPTY, status=201)


@operation("Take a tag off a device", answer=dict[str, Any])
async def unassign(call: Call) -> Answer:
    """404 where the device has not got it."""
    await tags.unassign(call.context.core, call.actor, device_id_of(call), call.id("tag_id"))
    return json(_EMPTY)


@operation("List the colours of tags", answer=list[TagColor])
async def colors(_call: Call) -> Answer:
    """The colours there are."""
    return json([TagColor(id=number, hex_color=value, description=name) for number, (value, name) in COLORS.items()])


def _seen(view: TagView) -> TagSeen:
    return TagSeen(id=view.tag.id, name=view.tag.name, resource_count=view.devices, tag_color=wire.Ref(view.tag.color_id))


ROUTES = {
    "/api/v2/tags": Resource(GET=list_tags, POST=create),
    "/api/v2/tags/{tag_id}": Resource(PATCH=update, DELETE=delete),
    "/api/v2/tag-colors": Resource(GET=colors),
    "/api/v2/endpoint/{endpoint_id}/tags": Resource(GET=of_device, POST=assign),
    "/api/v2/endpoint/{endpoint_id}/tags/{tag_id}": Resource(DELETE=unassign),
}
