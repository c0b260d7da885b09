"""Devices as CSV: brought in, looked at first so that every bad row is seen before anything is made, and taken out."""

from collections.abc import Mapping
from typing import Any, Final

from heliograph.model.permission import Right
from heliograph.model.problem import Code, Problem
from heliograph.service import glance
from heliograph.service.manage import policy, sheet, sim
from heliograph.service.manage.enrol import MOST_AT_ONCE, enrol
from heliograph.service.manage.sheet import COLUMNS, Sheet
from heliograph.web.portal import render
from heliograph.web.portal.csv_file import csv_file
from heliograph.web.portal.devices import sought
from heliograph.web.portal.page import Asked, Page
from heliograph.web.portal.reply import Reply
from heliograph.web.portal.words import portal_words, words_of

EXPORT_PAGE: Final = 1000
SHOWN_BAD: Final = 200
EXAMPLE: Final = "name,iccid,msisdn,tags,policy\nPump 7,8988228000000000017,882285000000017,pump,Default\n"


async def form(asked: Asked) -> Reply:
    """Where to bring a file."""
    return await _page(asked)


async def bring(asked: Asked) -> Reply:
    """Look at a file, and make its devices once that is asked for: all, or the good ones."""
    upload = asked.form.files.get("file")
    content = upload.content if upload is not None and upload.content else asked.form.raw("text").encode()
    named = asked.form.text("policy") or None
    try:
        if not content.strip():
            raise Problem(Code.REQUIRED, "choose a file, or paste its lines", field="file")
        found = sheet.read(content, named)
        makes = asked.form.is_on("make")
        skip_bad = asked.form.is_on("skip_bad")
        if makes and found.bad and not skip_bad:
            makes = False
        done = await enrol(asked.core, asked.actor, list(found.rows.values()), dry_run=not makes, skip_refused=skip_bad)
    except Problem as problem:
        return await _page(asked, 422, refusal=words_of(problem), text=content.decode("utf-8", "replace"))
    bad = _bad(found, done.refused)
    if makes and (skip_bad or not bad):
        skipped = f", {render.counted(len(bad), 'bad row')} left out" if bad else ""
        return asked.see("/devices", f"{render.counted(len(done.made), 'device')} made{skipped}.")
    tried: dict[str, Any] = {
        "good": len(done.made),
        "bad": bad,
        "shown_bad": list(bad.items())[:SHOWN_BAD],
        "text": content.decode("utf-8-sig", "replace"),
    }
    return await _page(asked, tried=tried)


async def export(asked: Asked) -> Reply:
    """The devices of a list, in the form that the import takes."""
    wanted = sought(asked.query)
    pages = glance.pages(asked.core, asked.actor, wanted, EXPORT_PAGE)
    return csv_file("devices.csv", COLUMNS, pages, lambda each: sheet.row_of(*each))


def _bad(found: Sheet, refused: Mapping[int, Problem]) -> dict[int, str]:
    lines = list(found.rows)
    bad = {line: portal_words(why) for line, why in found.bad.items()}
    bad |= {lines[place]: words_of(problem) for place, problem in refused.items()}
    return dict(sorted(bad.items()))


async def _page(asked: Asked, status: int = 200, refusal: str = "", tried: Mapping[str, Any] | None = None, text: str = "") -> Reply:
    home = asked.actor.organisation_id
    names = [each.name for each in await policy.views(asked.core, asked.actor) if each.organisation_id == home]
    return asked.render(
        "device_import.html",
        status,
        refusal=refusal,
        tried=tried,
        text=text,
        policies=names,
        named=asked.form.text("policy"),
        columns=COLUMNS,
        most=MOST_AT_ONCE,
        can_enter=await sim.can_enter(asked.core, asked.actor),
        example=EXAMPLE,
    )


PAGES: Final[dict[str, Page]] = {
    "/devices/import": Page(get=form, post=bring, read=Right.CHANGE),
    "/devices.csv": Page(get=export),
}
