"""The overview: four figures and how they changed, messages and delays over time, why some did not arrive, the busiest devices.

Each chart is drawn by a script from the table that stands below it; each table is a file too.
"""

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, NamedTuple

from heliograph.model.explain import ENDS
from heliograph.model.overview import RANGES, change
from heliograph.model.permission import Right
from heliograph.model.problem import Code, Problem
from heliograph.service.manage import link, webhook
from heliograph.service.overview import Overview, overview
from heliograph.web.portal.page import Asked, Page
from heliograph.web.portal.render import iso
from heliograph.web.portal.reply import Reply, download

USUAL: Final = "24h"
WORDS: Final = {"24h": "24 hours", "7d": "7 days", "30d": "30 days"}
STEPS: Final = {"24h": "an hour", "7d": "six hours", "30d": "a day"}
ILL: Final = {"down": "down", "fault": "out of order"}
"""States of a link by which nothing goes though it is switched on."""
Rows = Iterable[Sequence[object]]


async def show(asked: Asked) -> Reply:
    """The page."""
    found = await _found(asked)
    now, before = found.now, found.before
    return asked.render(
        "overview.html",
        found=found,
        is_empty=not any((now.sent, now.received, now.refused, before.sent, before.received)),
        ranges=WORDS,
        step=STEPS[found.range],
        advice=ENDS,
        change=change,
        span=span,
        most=max((each.messages for each in found.reasons), default=0),
        troubles=[*await _links_in_trouble(asked), *await _webhooks_in_trouble(asked)],
    )


class Trouble(NamedTuple):
    """Something that needs a look, and where."""

    href: str
    text: str


async def _links_in_trouble(asked: Asked) -> list[Trouble]:
    """Those by which nothing goes, for who can mend them."""
    if not asked.can(Right.OPERATE):
        return []
    views = [each for each in await link.views(asked.core, asked.actor) if each.disabled_at_ms is None and each.state in ILL]
    return [
        Trouble(f"/links/{each.id}", f"The link {each.name} is {ILL[each.state]}: {each.reason or 'it is not connected'}.")
        for each in views
    ]


async def _webhooks_in_trouble(asked: Asked) -> list[Trouble]:
    """Those that are held since they fail."""
    hooks = [each.webhook for each in await webhook.views(asked.core, asked.actor)]
    held = [each for each in hooks if each.disabled_at_ms is not None or each.degraded_at_ms is not None]
    words = {True: "is disabled", False: "fails: one try a minute goes out, the rest waits"}
    return [Trouble(f"/webhooks/{each.id}", f"The webhook {each.purpose} {words[each.disabled_at_ms is not None]}.") for each in held]


async def save(asked: Asked) -> Reply:
    """One of the tables as CSV."""
    found = await _found(asked)
    name, dot, kind = asked.ids["table"].partition(".")
    table = TABLES.get(name)
    if table is None or dot + kind != ".csv":
        raise Problem(Code.NOT_FOUND, "There is no such table")
    text = io.StringIO()
    csv.writer(text).writerows(table(found))
    return download(text.getvalue().encode(), f"heliograph-{name}-{found.range}.csv")


def span(milliseconds: int | None) -> str:
    """How long something took, in two digits: 850 ms, 2.4 s, 12 min, 3.1 h."""
    if milliseconds is None:
        return "–"
    if milliseconds < 1000:
        return f"{milliseconds} ms"
    for unit, size, most in (("s", 1000, 90_000), ("min", 60_000, 5_400_000), ("h", 3_600_000, 2**63)):
        if milliseconds < most:
            value = milliseconds / size
            return f"{value:.1f} {unit}" if value < 10 else f"{value:.0f} {unit}"
    return "–"


async def _found(asked: Asked) -> Overview:
    name = asked.query.text("range")
    return await overview(asked.core, asked.actor, name if name in RANGES else USUAL)


def _points(found: Overview) -> Rows:
    yield ("from", "until", "sent", "received", "delivered", "failed", "expired", "canceled", "refused", "median_ms", "p95_ms")
    for each in found.points:
        now = each.figures
        counted = (now.sent, now.received, now.delivered, now.failed, now.expired, now.canceled, now.refused)
        yield (iso(each.from_ms), iso(each.until_ms), *counted, now.median_ms, now.p95_ms)


def _reasons(found: Overview) -> Rows:
    yield ("ended", "reason", "messages")
    yield from ((each.figure, each.reason, each.messages) for each in found.reasons)


def _busiest(found: Overview) -> Rows:
    yield ("device_id", "name", "segments_to_it", "segments_from_it")
    yield from ((each.device_id, each.name, each.sent, each.received) for each in found.busiest)


TABLES: Final[dict[str, Callable[[Any], Rows]]] = {"points": _points, "reasons": _reasons, "busiest": _busiest}

PAGES: Final[dict[str, Page]] = {
    "/overview": Page(get=show),
    "/overview/{table}": Page(get=save),
}
