"""Templates into text: the environment, and how times, numbers and states are written for people."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode, urlsplit
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape

from heliograph.model.problem import Code, Problem
from heliograph.web.portal import nav, static_files

TEMPLATES: Final = Path(__file__).parent / "templates"
MINUTE_S: Final = 60
HOUR_S: Final = 3600
DAY_S: Final = 86_400
WEEK_S: Final = 7 * DAY_S
FORM_TIME: Final = "%Y-%m-%dT%H:%M"


class Zone(NamedTuple):
    """Where a reader is, by the clock."""

    name: str
    info: tzinfo


@lru_cache(maxsize=200)
def zone_of(name: str) -> Zone:
    """The time zone of a browser, which told its name; UTC for one that this machine does not know."""
    if 0 < len(name) <= 64 and not name.startswith((".", "/")):
        try:
            return Zone(name, ZoneInfo(name))
        except (KeyError, ValueError, OSError):
            pass
    return Zone("UTC", UTC)


@cache
def environment() -> Environment:
    """Made at the first page."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.globals |= {"static": static_files.url, "nav_groups": nav.groups, "is_here": nav.is_here}
    made.filters |= {
        "clock": clock,
        "day": day,
        "moment": moment,
        "brief": brief,
        "age": age,
        "iso": iso,
        "grouped": grouped,
        "spaced": spaced,
        "thousands": thousands,
        "counted": counted,
        "query": query,
        "marked": marked,
        "source_link": source_link,
        "clock_ms": clock_ms,
        "capitalize_first": lambda text: text[:1].upper() + text[1:],
        "form_time": form_time,
    }
    return made


def page(template: str, values: Mapping[str, Any]) -> str:
    """The text of a template."""
    return environment().get_template(template).render(values)


def error_of(problem: Problem, field: str) -> str | None:
    """What a problem says of one field of a form."""
    for each in problem.parts or (problem,):
        if each.field == field:
            return each.text
    return None


@pass_context
def clock(context: Context, at_ms: int) -> str:
    """The time of the day: 14:05."""
    return _local(context, at_ms).strftime("%H:%M")


@pass_context
def clock_ms(context: Context, at_ms: int) -> str:
    """To the millisecond: 14:05:07.123."""
    return f"{_local(context, at_ms):%H:%M:%S}.{at_ms % 1000:03}"


@pass_context
def day(context: Context, at_ms: int) -> str:
    """Today, Yesterday, or the date: Mon 3 Nov 2025."""
    then, now = _local(context, at_ms).date(), _local(context, context["now_ms"]).date()
    if then == now:
        return "Today"
    if then == now - timedelta(days=1):
        return "Yesterday"
    return f"{then:%a} {then.day} {then:%b %Y}"


@pass_context
def moment(context: Context, at_ms: int, seconds: bool = False) -> str:
    """Date and time: 3 Nov 2025, 14:05."""
    then = _local(context, at_ms)
    return f"{then.day} {then:%b %Y, %H:%M:%S}" if seconds else f"{then.day} {then:%b %Y, %H:%M}"


@pass_context
def brief(context: Context, at_ms: int) -> str:
    """For a column: the time of today, or the day and the time."""
    then, now = _local(context, at_ms), _local(context, context["now_ms"])
    if then.date() == now.date():
        return f"{then:%H:%M:%S}"
    return f"{then.day} {then:%b %H:%M}" if then.year == now.year else f"{then:%Y-%m-%d %H:%M}"


@pass_context
def age(context: Context, at_ms: int) -> str:
    """How long ago, or how long from now: 5 min ago, in 3 h."""
    passed_s = (context["now_ms"] - at_ms) // 1000
    words = _span(abs(passed_s))
    if words == "now":
        return "now"
    return f"{words} ago" if passed_s >= 0 else f"in {words}"


def iso(at_ms: int) -> str:
    """For machines."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@pass_context
def form_time(context: Context, at_ms: int | None) -> str:
    """As the value of a field for date and time."""
    return "" if at_ms is None else _local(context, at_ms).strftime(FORM_TIME)


def form_time_ms(zone: Zone, typed: str, field: str) -> int | None:
    """What was typed in such a field, in the reader's zone; None for nothing. Raises Problem."""
    if not typed:
        return None
    try:
        local = datetime.fromisoformat(typed)
        if local.tzinfo is None:
            local = local.replace(tzinfo=zone.info)
        return int(local.timestamp() * 1000)
    except (ValueError, OverflowError):
        raise Problem(Code.INVALID_FORMAT, f"'{typed[:40]}' is no date and time: write it like 2026-02-28T14:30", field=field) from None


def grouped(number: str | None, size: int = 3) -> str:
    """A long number in groups from its end, by thin spaces: 882 285 000 000 101."""
    if not number or not number.isdigit():
        return number or ""
    head = len(number) % size
    groups = [number[:head]] if head else []
    groups += [number[at : at + size] for at in range(head, len(number), size)]
    return "\u2009".join(groups)


def spaced(text: str, size: int) -> str:
    """A secret in groups, as people type it."""
    return " ".join(text[at : at + size] for at in range(0, len(text), size))


def thousands(count: int) -> str:
    """12 345."""
    return f"{count:,}".replace(",", "\u202f")


def counted(count: int, one: str) -> str:
    """1 device, 12 devices."""
    return f"{thousands(count)} {one}{'' if count == 1 else 's'}"


def marked(text: str) -> Markup:
    """A sentence with `code` in backticks."""
    parts = text.split("`")
    return Markup("").join(Markup("<code>{}</code>").format(part) if number % 2 else escape(part) for number, part in enumerate(parts))


def source_link(source: str) -> Markup:
    """Where something is taken from, `https://example.com/page (its name)`: a link that says the host, and the rest when pointed at."""
    address, _, _ = source.partition(" ")
    host = urlsplit(address).hostname if address.startswith("https://") else None
    if host is None:
        return escape(source)
    return Markup('<a href="{}" rel="noreferrer" title="{}">{}</a>').format(address, source, host)


def query(pairs: Mapping[str, Any]) -> str:
    """A query string of what is set: `?page=2&q=pump`, or nothing."""
    text = urlencode([(name, value) for name, value in pairs.items() if value not in (None, "", [])], doseq=True)
    return f"?{text}" if text else ""


def _local(context: Context, at_ms: int) -> datetime:
    zone: Zone = context["zone"]
    return datetime.fromtimestamp(at_ms / 1000, zone.info)


def _span(seconds: int) -> str:
    if seconds < 45:
        return "now"
    if seconds < HOUR_S:
        return f"{max(1, round(seconds / MINUTE_S))} min"
    if seconds < DAY_S:
        return f"{round(seconds / HOUR_S)} h"
    days = round(seconds / DAY_S)
    return f"{days} day{'' if days == 1 else 's'}"
