"""Links, for the operator: how each is and what it said last, what came in for nobody; checked, watched, started, stopped, deleted.

What a link is to be is another page (`link_settings`).
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from heliograph.model.permission import Right
from heliograph.model.problem import Code, Problem
from heliograph.service import link_watch
from heliograph.service.manage import account, link
from heliograph.service.unmatched import Sought, inbound
from heliograph.store.feed import FeedEvent
from heliograph.store.link import LinkView
from heliograph.web.portal import live, render
from heliograph.web.portal.live import Frame
from heliograph.web.portal.page import Asked, Page
from heliograph.web.portal.reply import Reply
from heliograph.web.portal.state import Shown
from heliograph.web.portal.unmatched import keys_of
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
UNMATCHED_MOST: Final = 10
INSTALLATION: Final = 0
"""The organisation in whose feed stands what befalls links."""
LEAST: Final = 0.1
"""The smallest rate that is written as a number."""
PACE_S: Final = 2.0
"""Numbers are looked at no more often; that a link went up or down is told at once."""
PARTS: Final = ("link_now.html", "link_told.html", "link_errors.html", "link_strays.html", "link_about.html")
CHECKED: Final = "smpp"
"""The kind whose other side can be tried and watched."""
FINDINGS: Final = {"ok": Shown("circle-check", "", "ok"), "wrong": Shown("circle-x", "", "bad"), "hint": Shown("info", "", "")}


async def show_list(asked: Asked) -> Reply:
    """All, and the latest SMS that came in for nobody."""
    number = await asked.core.tail.number(INSTALLATION)
    strays, _ = await inbound(asked.core, asked.actor, Sought(most=UNMATCHED_MOST))
    seen = await _all_seen(asked)
    names = {each.id: each.name for each in seen["links"]}
    return asked.render("links.html", number=number, strays=strays, names=names, keys_of=keys_of, **seen)


async def stream_list(asked: Asked) -> Reply:
    """Draw the list anew as it changes."""
    return await _stream(asked, ("links_now.html",), _all_seen)


async def show(asked: Asked) -> Reply:
    """One."""
    return await _page(asked)


async def stream(asked: Asked) -> Reply:
    """Draw anew what changes of one."""
    return await _stream(asked, PARTS, _seen)


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
    number = await asked.core.tail.number(INSTALLATION)
    return asked.render("link_trace.html", number=number, **await _trace_seen(asked))


async def stream_trace(asked: Asked) -> Reply:
    """Draw them anew as they come."""
    return await _stream(asked, ("link_trace_now.html",), _trace_seen)


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
        if 0 < rate < LEAST:
            return f"< {LEAST}"
        return f"{rate:.1f}" if 0 < rate < 100 else f"{rate:.0f}"

    return per_second


async def _page(asked: Asked, *, problem: Problem | None = None, **more: Any) -> Reply:
    number = await asked.core.tail.number(INSTALLATION)
    values: dict[str, Any] = {"findings": None, "send_to": "", "try_all": False} | more
    status = 200 if problem is None else 409 if problem.code in (Code.IN_USE, Code.NOT_ALLOWED) else 422
    return asked.render(
        "link.html",
        status,
        number=number,
        refusal="" if problem is None else words_of(problem),
        finding_of=FINDINGS.__getitem__,
        written=lambda settings: msgspec.json.encode(settings).decode(),
        **(await _seen(asked) | values),
    )


async def _all_seen(asked: Asked) -> dict[str, Any]:
    """What the list shows."""
    views = await link.views(asked.core, asked.actor)
    doing = await link_watch.doing(asked.core, asked.actor, [each.id for each in views])
    return {"links": views, "doing": doing, "state_of": state_of, "per_second": _per_second(asked.now_ms)}


async def _seen(asked: Asked) -> dict[str, Any]:
    """What the page of one shows, but for what it was asked."""
    link_id = asked.id("link_id")
    detail = await link.view(asked.core, asked.actor, link_id)
    organisations = await account.every_organisation(asked.core) if detail.organisations else []
    names = {int(each.id): each.name for each in organisations}
    return {
        "detail": detail,
        "view": detail.link,
        "shown": state_of(detail.link),
        "kept_for": [names.get(each, str(each)) for each in detail.organisations],
        "doing": (await link_watch.doing(asked.core, asked.actor, [link_id]))[link_id],
        "told": [(STATES[each.kind], each) for each in await link.told(asked.core, asked.actor, link_id)],
        "troubles": await link_watch.troubles(asked.core, asked.actor, link_id),
        "most_strays": link_watch.MOST_STRAYS,
        "can_check": detail.link.kind == CHECKED,
        "per_second": _per_second(asked.now_ms),
        "keys_of": keys_of,
    }


async def _trace_seen(asked: Asked) -> dict[str, Any]:
    """What the page of its PDUs shows."""
    view = (await link.view(asked.core, asked.actor, asked.id("link_id"))).link
    pdus = await link.latest_trace(asked.core, asked.actor, view.id)
    return {"view": view, "pdus": pdus, "shown": state_of(view), "can_watch": view.kind == CHECKED}


async def _stream(asked: Asked, templates: Sequence[str], seen: Callable[[Asked], Awaitable[dict[str, Any]]]) -> Reply:
    """Draw parts of a page anew: at once when something is told of links, else every few seconds, and each only where it changed."""
    drawn: dict[str, str] = {}

    async def told(_: Sequence[FeedEvent]) -> Iterable[Frame]:
        values = asked.shared() | await seen(asked)
        now = {name: render.page(name, values) for name in templates}
        changed = [Frame("swap", text) for name, text in now.items() if drawn.get(name) != text]
        drawn.update(now)
        return changed

    return await live.follow(asked, INSTALLATION, told, lambda: PACE_S)


PAGES: Final[dict[str, Page]] = {
    "/links/stream": Page(get=stream_list, read=Right.OPERATE),
    "/links/{link_id}/stream": Page(get=stream, read=Right.OPERATE),
    "/links/{link_id}": Page(get=show, read=Right.OPERATE),
    "/links/{link_id}/switch": Page(post=switch, write=Right.OPERATE),
    "/links/{link_id}/check": Page(post=check, write=Right.OPERATE),
    "/links/{link_id}/trace": Page(get=show_trace, read=Right.OPERATE),
    "/links/{link_id}/trace/stream": Page(get=stream_trace, read=Right.OPERATE),
    "/links/{link_id}/delete": Page(post=delete, write=Right.OPERATE),
}
