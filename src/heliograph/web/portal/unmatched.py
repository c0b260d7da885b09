"""What links brought and belongs to nobody, for the operator: SMS, and receipts, all that is kept, by link and number."""

from typing import Any, Final

import msgspec

from heliograph.model.number import normalise
from heliograph.model.permission import Right
from heliograph.model.problem import Problem
from heliograph.service.manage import link
from heliograph.service.unmatched import NEWEST, Sought, inbound, receipts
from heliograph.web.portal.page import Asked, Page
from heliograph.web.portal.reply import Reply
from heliograph.web.portal.words import words_of

PER_PAGE: Final = 50
SMS, RECEIPTS = "/links/unmatched", "/links/unmatched_receipts"
LISTS: Final = {SMS: "SMS", RECEIPTS: "Receipts"}


async def show_sms(asked: Asked) -> Reply:
    """SMS from no device for no device."""
    sought, refusal = _sought(asked)
    return await _page(asked, sought, refusal, await inbound(asked.core, asked.actor, sought))


async def show_receipts(asked: Asked) -> Reply:
    """Receipts that fit no SMS."""
    sought, refusal = _sought(asked)
    return await _page(asked, sought, refusal, await receipts(asked.core, asked.actor, sought))


def keys_of(written: str) -> str:
    """By what a receipt names an SMS."""
    return ", ".join(msgspec.json.decode(written, type=list[str]))


def _sought(asked: Asked) -> tuple[Sought, str]:
    """What is looked for, and why something that was typed is passed over."""
    query, number, refusal = asked.query, "", ""
    try:
        number = normalise(query.text("number"), "number") if query.text("number") else ""
    except Problem as problem:
        refusal = words_of(problem)
    before = query.number("before") or NEWEST
    return Sought(link_id=query.number("link") or 0, number=number, before=before, most=PER_PAGE), refusal


async def _page(asked: Asked, sought: Sought, refusal: str, found: tuple[list[Any], int | None]) -> Reply:
    query = asked.query
    return asked.render(
        "unmatched.html",
        422 if refusal else 200,
        found=found[0],
        following=found[1],
        sought=sought,
        refusal=refusal,
        here=asked.path.rstrip("/"),
        lists=LISTS,
        is_receipts=asked.path.rstrip("/") == RECEIPTS,
        is_behind=sought.before != NEWEST,
        names={each.id: each.name for each in await link.views(asked.core, asked.actor)},
        pairs={name: query.text(name) for name in ("link", "number") if query.text(name)},
        keys_of=keys_of,
    )


PAGES: Final[dict[str, Page]] = {
    SMS: Page(get=show_sms, read=Right.OPERATE),
    RECEIPTS: Page(get=show_receipts, read=Right.OPERATE),
}
