"""Links, for the operator: how each is and what it said last; added, changed, checked, started, stopped; what came in for nobody."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from heliograph.model.permission import Right
from heliograph.model.problem import Code, Problem
from heliograph.service.manage import link
from heliograph.service.manage.link import LinkChange
from heliograph.service.unmatched import unmatched
from heliograph.store.link import LinkView
from heliograph.web.portal.page import Asked, Page
from heliograph.web.portal.reply import Reply
from heliograph.web.portal.state import Shown
from heliograph.web.portal.words import words_of

STATES: Final[Mapping[str, Shown]] = {
    "up": Shown("circle-check", "Up", "ok"),
    "down": Shown("unplug", "Down", "warn"),
    "fault": Shown("circle-alert", "Fault", "bad"),
    "disabled": Shown("square", "Stopped"),
}
UNMATCHED_MOST: Final = 20
NEWEST: Final = 2**53


async def show_list(asked: Asked) -> Reply:
    """All, and the latest SMS that came in for nobody."""
    views = await link.views(asked.core, asked.actor)
    strays, _ = await unmatched(asked.core, asked.actor, NEWEST, UNMATCHED_MOST)
    return asked.render("links.html", links=views, strays=strays, state_of=state_of, names={each.id: each.name for each in views})


async def show_new(asked: Asked) -> Reply:
    """An empty form."""
    return _new(asked, {"name": "", "kind": asked.query.text("kind") or "smpp", "settings": "{}"})


async def add(asked: Asked) -> Reply:
    """Make one; a daemon runs it within a second."""
    typed = {"name": asked.form.text("name"), "kind": asked.form.text("kind"), "settings": asked.form.raw("settings")}
    try:
        link_id = await link.add(asked.core, asked.actor, typed["name"], typed["kind"], _settings(typed["settings"]))
    except Problem as problem:
        return _new(asked, typed, problem)
    return asked.see(f"/links/{link_id}", f"Added the link {typed['name']}: it is started within a second.")


async def show(asked: Asked) -> Reply:
    """One."""
    return await _page(asked)


async def save(asked: Asked) -> Reply:
    """Change its name and settings."""
    typed = {"name": asked.form.text("name"), "settings": asked.form.raw("settings")}
    try:
        before = (await link.view(asked.core, asked.actor, asked.id("link_id"))).settings
        wanted = _settings(typed["settings"])
        settings = dict.fromkeys(before.keys() - wanted.keys()) | wanted
        await link.update(asked.core, asked.actor, asked.id("link_id"), LinkChange(name=typed["name"], settings=settings))
    except Problem as problem:
        return await _page(asked, problem=problem, typed=typed)
    return asked.see(f"/links/{asked.id('link_id')}", "Saved: the link goes on with it within a second.")


async def switch(asked: Asked) -> Reply:
    """Start or stop it."""
    is_on = asked.form.text("to") == "start"
    await link.switch(asked.core, asked.actor, asked.id("link_id"), on=is_on)
    return asked.see(f"/links/{asked.id('link_id')}", "Started." if is_on else "Stopped: what is to go by it waits.")


async def check(asked: Asked) -> Reply:
    """Try it beside the one that runs, and say what was found."""
    send_to = asked.form.text("send_to") or None
    try:
        findings = [each async for each in await _findings(asked, send_to)]
    except Problem as problem:
        return await _page(asked, problem=problem)
    return await _page(asked, findings=findings)


async def delete(asked: Asked) -> Reply:
    """Delete one by which nothing goes any more."""
    try:
        await link.delete(asked.core, asked.actor, asked.id("link_id"))
    except Problem as problem:
        return await _page(asked, problem=problem)
    return asked.see("/links", "Deleted the link.")


def state_of(view: LinkView) -> Shown:
    """How a link is."""
    return STATES.get("disabled" if view.disabled_at_ms is not None else view.state, Shown("circle-question-mark", view.state, "warn"))


async def _findings(asked: Asked, send_to: str | None) -> Any:
    return await link.check(asked.core, asked.actor, asked.id("link_id"), send_to, try_all=False)


async def _page(asked: Asked, *, problem: Problem | None = None, **more: Any) -> Reply:
    detail = await link.view(asked.core, asked.actor, asked.id("link_id"))
    written = msgspec.json.format(msgspec.json.encode(detail.settings), indent=2).decode()
    values: dict[str, Any] = {"findings": None, "typed": {"name": detail.link.name, "settings": written}} | more
    refusal = "" if problem is None else " ".join(words_of(each) for each in problem.parts or (problem,))
    status = 200 if problem is None else 409 if problem.code in (Code.IN_USE, Code.NOT_ALLOWED) else 422
    return asked.render("link.html", status, detail=detail, view=detail.link, shown=state_of(detail.link), refusal=refusal, **values)


def _new(asked: Asked, typed: Mapping[str, str], problem: Problem | None = None) -> Reply:
    kinds = asked.core.link_kinds
    refusal = "" if problem is None else " ".join(words_of(each) for each in problem.parts or (problem,))
    status = 200 if problem is None else 422
    return asked.render("link_new.html", status, typed=typed, kinds=kinds.names(), presets=kinds.presets(), refusal=refusal)


def _settings(typed: str) -> dict[str, Any]:
    """Raises Problem for what is no JSON object."""
    try:
        return msgspec.json.decode(typed or "{}", type=dict[str, Any])
    except msgspec.MsgspecError as error:
        raise Problem(Code.INVALID_FORMAT, f"the settings are no JSON object ({error})", field="settings") from None


PAGES: Final[dict[str, Page]] = {
    "/links": Page(get=show_list, post=add, read=Right.OPERATE, write=Right.OPERATE),
    "/links/new": Page(get=show_new, read=Right.OPERATE),
    "/links/{link_id}": Page(get=show, post=save, read=Right.OPERATE, write=Right.OPERATE),
    "/links/{link_id}/switch": Page(post=switch, write=Right.OPERATE),
    "/links/{link_id}/check": Page(post=check, write=Right.OPERATE),
    "/links/{link_id}/delete": Page(post=delete, write=Right.OPERATE),
}
