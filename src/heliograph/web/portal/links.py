"""Links, for the operator: how each is and what it said last, what came in for nobody; checked, watched, started, stopped, deleted.

What a link is to be is another page (`link_settings`).
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from heliograph.model.permission import Right
from heliograph.model.problem import Code, Problem
from heliograph.service import link_watch
from heliograph.service.manage import account, link
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
    "starting": Shown("loader", "Starting"),
    "stopped": Shown("loader", "Starting"),
    "disabled": Shown("square", "Stopped"),
}
"""By the state that its owner noted. `stopped`: nobody has taken it yet, though it is to run."""
UNMATCHED_MOST: Final = 20
NEWEST: Final = 2**53
CHECKED: Final = "smpp"
"""The kind whose other side can be tried and watched."""
FINDINGS: Final = {"ok": Shown("circle-check", "", "ok"), "wrong": Shown("circle-x", "", "bad"), "hint": Shown("info", "", "")}


async def show_list(asked: Asked) -> Reply:
    """All, and the latest SMS that came in for nobody."""
    views = await link.views(asked.core, asked.actor)
    strays, _ = await unmatched(asked.core, asked.actor, NEWEST, UNMATCHED_MOST)
    doing = await link_watch.doing(asked.core, asked.actor, [each.id for each in views])
    return asked.render(
        "links.html",
        links=views,
        doing=doing,
        strays=strays,
        state_of=state_of,
        per_second=_per_second(asked.now_ms),
        names={each.id: each.name for each in views},
    )


async def show(asked: Asked) -> Reply:
    """One."""
    return await _page(asked)


async def switch(asked: Asked) -> Reply:
    """Start or stop it."""
    is_on = asked.form.text("to") == "start"
    await link.switch(asked.core, asked.actor, asked.id("link_id"), on=is_on)
    said = (
        "Started: a process takes it within a second." if is_on else "Stopped: what is to go by it waits, or goes by another of its route."
    )
    return asked.see(f"/links/{asked.id('link_id')}", said)


async def check(asked: Asked) -> Reply:
    """Try it beside the one that runs, and say what was found."""
    send_to, try_all = asked.form.text("send_to"), asked.form.is_on("try_all")
    try:
        found = await link.check(asked.core, asked.actor, asked.id("link_id"), send_to or None, try_all=try_all)
        findings = [each async for each in found]
    except Problem as problem:
        return await _page(asked, problem=problem, send_to=send_to, try_all=try_all)
    return await _page(asked, findings=findings, send_to=send_to, try_all=try_all)


async def show_trace(asked: Asked) -> Reply:
    """Its latest PDUs, which its owner writes down while somebody looks here."""
    detail = await link.view(asked.core, asked.actor, asked.id("link_id"))
    pdus = await link.latest_trace(asked.core, asked.actor, asked.id("link_id"))
    return asked.render("link_trace.html", view=detail.link, pdus=pdus, shown=state_of(detail.link), can_watch=detail.link.kind == CHECKED)


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


def _per_second(now_ms: int) -> Callable[[int, int], str]:
    """How many a second so many since then are."""

    def per_second(count: int, since_ms: int) -> str:
        rate = count * 1000 / max(now_ms - since_ms, 1000)
        return f"{rate:.1f}" if 0 < rate < 100 else f"{rate:.0f}"

    return per_second


async def _page(asked: Asked, *, problem: Problem | None = None, **more: Any) -> Reply:
    link_id = asked.id("link_id")
    detail = await link.view(asked.core, asked.actor, link_id)
    organisations = await account.every_organisation(asked.core) if detail.organisations else []
    names = {int(each.id): each.name for each in organisations}
    values: dict[str, Any] = {"findings": None, "send_to": "", "try_all": False} | more
    status = 200 if problem is None else 409 if problem.code in (Code.IN_USE, Code.NOT_ALLOWED) else 422
    return asked.render(
        "link.html",
        status,
        detail=detail,
        view=detail.link,
        shown=state_of(detail.link),
        kept_for=[names.get(each, str(each)) for each in detail.organisations],
        doing=(await link_watch.doing(asked.core, asked.actor, [link_id]))[link_id],
        troubles=await link_watch.troubles(asked.core, asked.actor, link_id),
        can_check=detail.link.kind == CHECKED,
        refusal="" if problem is None else words_of(problem),
        per_second=_per_second(asked.now_ms),
        finding_of=FINDINGS.__getitem__,
        written=lambda settings: msgspec.json.encode(settings).decode(),
        keys_of=lambda keys: ", ".join(msgspec.json.decode(keys, type=list[str])),
        **values,
    )


PAGES: Final[dict[str, Page]] = {
    "/links/{link_id}": Page(get=show, read=Right.OPERATE),
    "/links/{link_id}/switch": Page(post=switch, write=Right.OPERATE),
    "/links/{link_id}/check": Page(post=check, write=Right.OPERATE),
    "/links/{link_id}/trace": Page(get=show_trace, read=Right.OPERATE),
    "/links/{link_id}/delete": Page(post=delete, write=Right.OPERATE),
}
