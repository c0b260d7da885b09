"""Routes (ours): which link the messages of which devices go by."""

import msgspec

from heliograph.model.problem import Code
from heliograph.service.manage import route as routes
from heliograph.service.manage.route import NewRoute, RouteKind
from heliograph.store.route import Route
from heliograph.web.answer import NO_CONTENT, Answer, created, json
from heliograph.web.api import wire
from heliograph.web.operation import operation
from heliograph.web.resource import Call, Resource


class RouteWanted(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """`value`: what `kind` compares with: the beginning of an MSISDN (`prefix`) or an IMSI, the id of a device, policy or organisation,
    the name of a tag; nothing for `all`. `phone`: what devices send to numbers that begin so, to all where it is empty. `links`: in the
    order in which they are wanted. `position`: routes of a lower one are asked first."""

    kind: RouteKind
    value: wire.Written = ""
    links: list[wire.Ref]
    position: int | None = None


class RouteView(msgspec.Struct, kw_only=True):
    """`link`: the one of `links` that is taken now."""

    id: int
    position: int
    kind: str
    value: str
    links: list[wire.Ref]
    link: wire.Ref


_WANTED = wire.decoder(RouteWanted)


@operation("List routes", answer=list[RouteView])
async def list_routes(call: Call) -> Answer:
    """All, in the order in which they are asked; the first that fits counts."""
    return json([_shown(each) for each in await routes.views(call.context.core, call.actor)])


@operation(
    "Create a route",
    body=RouteWanted,
    example={"kind": "prefix", "value": "88228", "links": [{"id": 1}, {"id": 2}]},
    answer=RouteView,
    status=201,
    location=True,
    refuses=(Code.FORBIDDEN, Code.INVALID_FORMAT, Code.INVALID_REFERENCE),
)
async def create(call: Call) -> Answer:
    """201, where it is, and the route. What waits follows it; what is on its way ends where it is. While the first link is down for half a
    minute the next one is taken."""
    made = await routes.add(call.context.core, call.actor, _wanted(call))
    return created(f"{call.context.origin(call.scope)}/api/v1/route/{made.id}", _shown(made))


@operation(
    "Change a route",
    body=RouteWanted,
    example={"kind": "prefix", "value": "88228", "links": [{"id": 2}, {"id": 1}]},
    answer=RouteView,
    refuses=(Code.FORBIDDEN, Code.INVALID_FORMAT, Code.INVALID_REFERENCE),
)
async def change(call: Call) -> Answer:
    """All of it but for `position`, which stays where it is left out. What waits follows it; what is on its way ends where it is."""
    return json(_shown(await routes.update(call.context.core, call.actor, call.id("route_id"), _wanted(call))))


@operation("Delete a route", refuses=(Code.FORBIDDEN,))
async def delete(call: Call) -> Answer:
    """Devices that no other route fits stay on the link they have."""
    await routes.delete(call.context.core, call.actor, call.id("route_id"))
    return NO_CONTENT


def _wanted(call: Call) -> NewRoute:
    wanted = call.decode(_WANTED)
    links = tuple(link_id for each in wanted.links if isinstance(link_id := wire.id_of(each), int))
    return NewRoute(kind=wanted.kind, value=str(wire.written(wanted.value)), links=links, position=wanted.position)


def _shown(route: Route) -> RouteView:
    return RouteView(
        id=route.id,
        position=route.position,
        kind=route.kind,
        value=route.value,
        links=[wire.Ref(each) for each in route.links],
        link=wire.Ref(route.link_id),
    )


ROUTES = {
    "/api/v1/route": Resource(GET=list_routes, POST=create),
    "/api/v1/route/{route_id}": Resource(PUT=change, DELETE=delete),
}
