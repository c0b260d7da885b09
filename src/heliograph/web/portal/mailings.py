"""Bulk SMS: each sending to many devices, with what became of each, live while it is under way and readable afterwards."""

import secrets
from collections.abc import Iterable, Sequence
from typing import Any, Final

from heliograph.model.problem import Problem
from heliograph.service import mailing
from heliograph.service.mailing import Progress
from heliograph.store.feed import FeedEvent
from heliograph.store.mailing import REFUSED, Item
from heliograph.web.portal import live, render
from heliograph.web.portal.console import kind_of
from heliograph.web.portal.live import Frame
from heliograph.web.portal.page import Asked, Page
from heliograph.web.portal.reply import Reply
from heliograph.web.portal.state import REFUSED as SHOWN_REFUSED
from heliograph.web.portal.state import Shown, shown_mt
from heliograph.web.portal.words import portal_words, words_of

PER_PAGE: Final = 100
LATEST: Final = 50
PACE_S: Final = 0.4
"""A page is drawn anew no more often."""


async def show_all(asked: Asked) -> Reply:
    """The latest of them."""
    return asked.render("mailings.html", found=await mailing.latest(asked.core, asked.actor, LATEST))


async def show(asked: Asked) -> Reply:
    """One, and its devices, those that were not reached first."""
    number = await asked.core.tail.number(asked.actor.organisation_id)
    seen = await _seen(asked)
    return asked.render("mailing.html", number=number, kind=kind_of(seen["progress"].mailing.dcs), **seen)


async def send_again(asked: Asked) -> Reply:
    """Send it to those that it did not reach."""
    mailing_id = asked.id("mailing_id")
    try:
        again = await mailing.send_again(asked.core, asked.actor, mailing_id, asked.form.text("key") or secrets.token_urlsafe(12))
    except Problem as problem:
        return asked.see(f"/mailings/{mailing_id}", words_of(problem))
    return asked.see(f"/mailings/{again}")


async def stream(asked: Asked) -> Reply:
    """Draw its progress anew while something happens to its messages."""
    seen = await mailing.progress(asked.core, asked.actor, asked.id("mailing_id"))
    last_s = 0.0

    async def told(events: Sequence[FeedEvent]) -> Iterable[Frame]:
        nonlocal last_s
        if not any(each.message_id is not None for each in events):
            return ()
        await asked.core.clock.sleep_until(last_s + PACE_S)
        last_s = asked.core.clock.monotonic()
        return [Frame("swap", render.page("mailing_progress_alone.html", asked.shared() | await _seen(asked)))]

    return await live.follow(asked, seen.mailing.organisation_id, told)


async def _seen(asked: Asked) -> dict[str, Any]:
    mailing_id = asked.id("mailing_id")
    progress: Progress = await mailing.progress(asked.core, asked.actor, mailing_id)
    items = await mailing.items(asked.core, asked.actor, mailing_id, asked.query.number("page", 1) or 1, PER_PAGE)
    return {"progress": progress, "items": items, "shown": _shown, "worded": portal_words, "key": secrets.token_urlsafe(12)}


def _shown(item: Item) -> Shown:
    return SHOWN_REFUSED if item.state == REFUSED else shown_mt(item)


PAGES: Final[dict[str, Page]] = {
    "/mailings": Page(get=show_all),
    "/mailings/{mailing_id}": Page(get=show),
    "/mailings/{mailing_id}/stream": Page(get=stream),
    "/mailings/{mailing_id}/again": Page(post=send_again),
}
