"""What a technician's link opens: one device's thread and a box to send from, or chosen commands only. No session, no actor: each request
asks the link anew. The link itself only shows a button, so that a program that looks at links in chats does not open it."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from heliograph.model import command as model
from heliograph.model.ids import MessageId
from heliograph.model.problem import Code, Problem
from heliograph.service import technician
from heliograph.service.draft import Draft, with_text
from heliograph.service.technician import Visit
from heliograph.service.thread import Line
from heliograph.store.feed import FeedEvent
from heliograph.web.portal import live, render
from heliograph.web.portal.console import DRAWN
from heliograph.web.portal.live import Frame
from heliograph.web.portal.page import Asked, OpenPage, Page
from heliograph.web.portal.reply import Reply
from heliograph.web.portal.watch import Watch
from heliograph.web.portal.words import words_of

COOKIE: Final = "technician"
DAYS_S: Final = 7 * 86_400
OVER: Final = "This link was revoked, or its time is over. Ask whoever gave it to you for another one."


async def knock(asked: Asked) -> Reply:
    """What the link opens, with a button that opens it."""
    at = await technician.visit(asked.core, asked.ids["token"], asked.address)
    return _over(asked) if at is None else asked.render("technician_door.html", at=at)


async def come_in(asked: Asked) -> Reply:
    """Open it: the browser keeps the link's secret as a cookie, so that it stands in no address any more."""
    token = asked.ids["token"]
    at = await technician.visit(asked.core, token, asked.address)
    if at is None:
        return _over(asked)
    try:
        await technician.opened(asked.core, at)
    except Problem:
        return _over(asked)
    return asked.see("/technician", "", asked.cookie(COOKIE, token, max_age_s=DAYS_S))


async def show(asked: Asked) -> Reply:
    """The device."""
    at = await _visit(asked)
    return _over(asked) if at is None else await _page(asked, at)


async def send(asked: Asked) -> Reply:
    """Send what was written, or a command."""
    at = await _visit(asked)
    if at is None:
        return _over(asked)
    form = asked.form
    try:
        command_id = form.number("command")
        if command_id is None:
            await technician.send(asked.core, at, with_text(Draft(form.raw("text"))))
        else:
            values = {name.removeprefix("at_"): value for name, value in form.pairs if name.startswith("at_")}
            await technician.send_command(asked.core, at, command_id, values)
    except Problem as problem:
        return await _page(asked, at, problem)
    return asked.see("/technician", "Sent.")


async def take_back(asked: Asked) -> Reply:
    """Cancel what came by this link."""
    at = await _visit(asked)
    if at is None:
        return _over(asked)
    try:
        await technician.take_back(asked.core, at, MessageId(asked.form.number("message") or 0))
    except Problem as problem:
        return await _page(asked, at, problem)
    return asked.see("/technician", "Canceled.")


async def stream(asked: Asked) -> Reply:
    """Tell of each message that comes or changes, drawn anew, for as long as the link is good."""
    at = await _visit(asked)
    if at is None:
        return _over(asked)
    seen = await technician.thread(asked.core, at)
    own, watch = set(seen.own), Watch((Line(each, None) for each in seen.messages), asked.now_ms)

    async def told(events: Sequence[FeedEvent]) -> Iterable[Frame]:
        looked_at = watch.looked_at(events, at.link.device_id, asked.now_ms)
        if looked_at and not await may():
            raise Problem(Code.FORBIDDEN, OVER)
        if not own.issuperset(looked_at):
            own.update((await technician.thread(asked.core, at)).own)
        frames = []
        for message_id, is_told in looked_at.items():
            found = await technician.message(asked.core, at, message_id)
            looks_different = watch.sees(message_id, None if found is None else Line(found, None), asked.now_ms)
            if found is not None and (is_told or looks_different):
                values = asked.shared() | DRAWN | {"own": own, "message": found}
                frames.append(Frame("sms", render.page("technician_message_alone.html", values)))
        return frames

    async def may() -> bool:
        return await _visit(asked) is not None

    follower = await technician.follow(asked.core, at, live.seen_by(asked))
    return live.stream(asked, follower, at.link.organisation_id, told, may, lambda: watch.wait_s(asked.now_ms))


async def _visit(asked: Asked) -> Visit | None:
    token = asked.cookies.get(COOKIE, "")
    return await technician.visit(asked.core, token, asked.address) if token else None


def _over(asked: Asked) -> Reply:
    return asked.render("technician_over.html", 403, text=OVER)


async def _page(asked: Asked, at: Visit, problem: Problem | None = None) -> Reply:
    parts = () if problem is None else problem.parts or (problem,)
    seen = await technician.thread(asked.core, at)
    values: dict[str, Any] = {
        "at": at,
        "thread": seen.messages,
        "own": seen.own,
        "number": seen.number,
        "commands": await technician.commands(asked.core, at),
        "places": model.places,
        "Kind": model.Kind,
        "refusal": " ".join(words_of(each) for each in parts),
        "written": asked.form.raw("text") if problem is not None else "",
    }
    return asked.render("technician.html", 422 if problem is not None else 200, **(values | DRAWN))


PAGES: Final[dict[str, Page]] = {
    "/technician": OpenPage(get=show, post=send),
    "/technician/stream": OpenPage(get=stream),
    "/technician/cancel": OpenPage(post=take_back),
    "/technician/{token}": OpenPage(get=knock, post=come_in),
}
