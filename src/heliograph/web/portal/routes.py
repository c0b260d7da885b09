"""Routes, for the operator: by which link the messages of which devices go; added, changed, put into order, deleted, and asked."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from heliograph.model.permission import Right
from heliograph.model.problem import Code, Problem
from heliograph.service.manage import account, link, policy, route
from heliograph.service.manage.route import NewRoute, RouteKind, Way
from heliograph.service.routing import works
from heliograph.store.link import LinkView
from heliograph.store.route import LinkState, Route
from heliograph.web.portal import organisations
from heliograph.web.portal.links import state_of
from heliograph.web.portal.page import Asked, Page
from heliograph.web.portal.reply import Reply
from heliograph.web.portal.words import errors_of, words_of

KINDS: Final[Mapping[RouteKind, str]] = {
    RouteKind.PREFIX: "MSISDN begins with",
    RouteKind.IMSI: "IMSI begins with",
    RouteKind.TAG: "Devices with the tag",
    RouteKind.POLICY: "Devices with the policy",
    RouteKind.DEVICE: "One device",
    RouteKind.ORGANISATION: "Devices of the organisation",
    RouteKind.ALL: "Every device",
    RouteKind.PHONE: "To phones that begin with",
}
"""What a route compares, as its form says it."""
CHOSEN: Final = (RouteKind.POLICY, RouteKind.ORGANISATION)
"""Kinds whose value is chosen from a list."""
USUAL_LINKS: Final = 3
"""So many places for links stand in a form at least."""


async def show_list(asked: Asked) -> Reply:
    """All, in the order in which they are asked, and, where somebody asked, by which link an SMS to a number goes."""
    return await _list(asked)


async def show_new(asked: Asked) -> Reply:
    """An empty form."""
    return await _form(asked, None, {"kind": RouteKind.PREFIX.value, "value": "", "links": [], "position": ""})


async def add(asked: Asked) -> Reply:
    """Make one."""
    try:
        await route.add(asked.core, asked.actor, _wanted(asked))
    except Problem as problem:
        return await _form(asked, None, _typed(asked), problem)
    return asked.see("/routes", "Added the route: what waits follows it.")


async def show(asked: Asked) -> Reply:
    """One, to be changed."""
    found = await _route(asked)
    return await _form(asked, found, {"kind": found.kind, "value": found.value, "links": found.links, "position": str(found.position)})


async def save(asked: Asked) -> Reply:
    """Change one."""
    found = await _route(asked)
    try:
        await route.update(asked.core, asked.actor, found.id, _wanted(asked))
    except Problem as problem:
        return await _form(asked, found, _typed(asked), problem)
    return asked.see("/routes", "Saved the route: what waits follows it.")


async def move(asked: Asked) -> Reply:
    """Have one asked earlier or later."""
    await route.move(asked.core, asked.actor, asked.id("route_id"), -1 if asked.form.text("to") == "up" else 1)
    return asked.see("/routes")


async def delete(asked: Asked) -> Reply:
    """Take one away."""
    await route.delete(asked.core, asked.actor, asked.id("route_id"))
    return asked.see("/routes", "Deleted the route: devices that no other fits stay on the link they have.")


async def _list(asked: Asked) -> Reply:
    number = asked.query.text("number")
    found, refusal = [], ""
    try:
        found = await route.ways_to(asked.core, asked.actor, number) if number else []
    except Problem as problem:
        refusal = words_of(problem)
    links = {each.id: each for each in await link.views(asked.core, asked.actor)}
    names = await _names(asked)
    return asked.render(
        "routes.html",
        routes=await route.views(asked.core, asked.actor),
        links=links,
        names=names,
        kinds=KINDS,
        state_of=state_of,
        is_working=lambda view: _is_working(view, asked.now_ms),
        takes_over=lambda each: any(_is_working(links[link_id], asked.now_ms) for link_id in each.links if link_id in links),
        number=number,
        answers=[_answer(each, found, links, names[RouteKind.ORGANISATION]) for each in found],
        refusal=refusal,
    )


def _is_working(view: LinkView, now_ms: int) -> bool:
    return works(LinkState(view.id, view.disabled_at_ms, view.state, view.changed_at_ms), now_ms)


def _answer(way: Way, ways: Sequence[Way], links: Mapping[int, LinkView], organisations: Mapping[str, str]) -> dict[str, Any]:
    """What is said of a way, and what stands behind it."""
    by = links.get(way.link_id or 0)
    if by is not None:
        text = f"goes by {by.name}"
    elif way.device_id is None:
        text = "goes back over the link that brought it, where that takes SMS to phones (may_return)"
    else:
        text = "goes by no link: none is there for its organisation and its SIM's number space"
    whose = ", ".join(organisations.get(str(each), str(each)) for each in way.organisations)
    whose = whose or ("all other organisations" if any(each.organisations for each in ways) else "")
    return {"device_id": way.device_id, "text": text, "route_id": way.route_id, "link": by, "whose": whose}


async def _names(asked: Asked) -> dict[str, dict[str, str]]:
    """The names behind values that are ids, by the kind of route."""
    policies = await policy.views(asked.core, asked.actor)
    several = await organisations.names(asked)
    named = {
        str(each.id): each.name + (f" ({several[each.organisation_id]})" if each.organisation_id in several else "") for each in policies
    }
    every = await account.every_organisation(asked.core)
    return {RouteKind.POLICY: named, RouteKind.ORGANISATION: {str(int(each.id)): each.name for each in every}}


async def _route(asked: Asked) -> Route:
    route_id = asked.id("route_id")
    for each in await route.views(asked.core, asked.actor):
        if each.id == route_id:
            return each
    raise Problem(Code.NOT_FOUND, f"There is no route {route_id}: it may have been deleted")


def _typed(asked: Asked) -> dict[str, Any]:
    form = asked.form
    kind = form.text("kind")
    value = form.text(kind) if kind in CHOSEN else form.text("value")
    return {"kind": kind, "value": value, "links": form.numbers("links"), "position": form.text("position")}


def _wanted(asked: Asked) -> NewRoute:
    """What was typed. Raises Problem."""
    typed = _typed(asked)
    if typed["kind"] not in set(RouteKind):
        raise Problem(Code.INVALID_FORMAT, "choose what the route is for", field="kind")
    position = asked.form.number("position")
    return NewRoute(kind=RouteKind(typed["kind"]), value=typed["value"], links=tuple(typed["links"]), position=position)


async def _form(asked: Asked, found: Route | None, typed: Mapping[str, Any], problem: Problem | None = None) -> Reply:
    links = await link.views(asked.core, asked.actor)
    return asked.render(
        "route.html",
        200 if problem is None else 422,
        route=found,
        typed=typed,
        links=links,
        places=min(max(USUAL_LINKS, len(typed["links"]) + 1), route.MOST_LINKS, len(links)),
        kinds=KINDS,
        chosen=CHOSEN,
        names=await _names(asked),
        errors=errors_of(problem),
        refusal=words_of(problem) if problem is not None and problem.field not in ("kind", "value", "links", "position") else "",
    )


PAGES: Final[dict[str, Page]] = {
    "/routes": Page(get=show_list, post=add, read=Right.OPERATE, write=Right.OPERATE),
    "/routes/new": Page(get=show_new, read=Right.OPERATE),
    "/routes/{route_id}": Page(get=show, post=save, read=Right.OPERATE, write=Right.OPERATE),
    "/routes/{route_id}/move": Page(post=move, write=Right.OPERATE),
    "/routes/{route_id}/delete": Page(post=delete, write=Right.OPERATE),
}
