"""`heliograph route`: which link the messages of which devices go by."""

from typing import Annotated

from cyclopts import App, Parameter

from heliograph.cli.answer import Answer, Refusal, Said, Table
from heliograph.cli.desk import PLAIN, Desk, Options, at_desk
from heliograph.service.manage import account, link, route
from heliograph.service.manage import policy as policies
from heliograph.service.manage.route import NewRoute, RouteKind

app = App(name="route")


@app.command
def add(
    kind: RouteKind,
    value: Annotated[str, Parameter(allow_leading_hyphen=True)],
    links: Annotated[tuple[str, ...], Parameter(name="LINK")],
    /,
    *,
    position: int | None = None,
    options: Options = PLAIN,
) -> int:
    """Add a route; messages that wait follow it, but for what is on its way. Devices that no route fits stay where they are.

    Parameters
    ----------
    kind
        What it compares: prefix (of the MSISDN), imsi (its beginning), device, tag, policy, organisation; or all. Or phone: what devices
        send to numbers that begin so goes by it.
    value
        With what: digits, the id of a device, the id or name of a policy or an organisation, the name of a tag; - for all, and for all
        phones.
    links
        Ids or names of links. The first is taken; while it is down for half a minute, the next.
    position
        Routes of a lower one are asked first; without it, behind all there are.
    """

    async def work(desk: Desk) -> Answer:
        known = {name: each.id for each in await link.views(desk, desk.caretaker()) for name in (each.name, str(each.id))}
        if missing := [each for each in links if each not in known]:
            raise Refusal(f"there is no link {missing[0]}: `heliograph link list` shows which there are")
        new = NewRoute(kind=kind, value=await _value(desk, kind, value), links=tuple(known[each] for each in links), position=position)
        made = await route.add(desk, desk.caretaker(), new)
        return Said("added the route; its id:", {"id": made.id}, str(made.id))

    return at_desk(options, work)


@app.command(name="list")
def list_(*, options: Options = PLAIN) -> int:
    """List the routes in the order in which they are asked."""

    async def work(desk: Desk) -> Answer:
        names = {each.id: each.name for each in await link.views(desk, desk.caretaker())}
        rows = [
            {
                "id": each.id,
                "position": each.position,
                "kind": each.kind,
                "value": each.value,
                "links": ", ".join(names.get(link_id, str(link_id)) for link_id in each.links),
                "taken": names.get(each.link_id, str(each.link_id)),
            }
            for each in await route.views(desk, desk.caretaker())
        ]
        nothing = "no route: each device sends by the first link that was there"
        return Table(rows, ("id", "position", "kind", "value", "links", "taken"), nothing)

    return at_desk(options, work)


@app.command
def delete(route_id: int, /, *, options: Options = PLAIN) -> int:
    """Delete a route; devices that no other fits stay on the link they have.

    Parameters
    ----------
    route_id
        Its id.
    """

    async def work(desk: Desk) -> Answer:
        await route.delete(desk, desk.caretaker(), route_id)
        return Said(f"deleted the route {route_id}", {"id": route_id})

    return at_desk(options, work)


async def _value(desk: Desk, kind: RouteKind, value: str) -> str:
    """What the service takes: an id where the name of a policy or an organisation was given."""
    if value == "-":
        return ""
    if kind is RouteKind.POLICY:
        fitting = [each.id for each in await policies.views(desk, await desk.viewer()) if each.name == value]
    elif kind is RouteKind.ORGANISATION:
        fitting = [int(each.id) for each in await account.every_organisation(desk) if each.name == value]
    else:
        return value
    if len(fitting) > 1:
        raise Refusal(f"several are called {value}: give the id, one of {', '.join(map(str, fitting))}")
    return str(fitting[0]) if fitting else value
