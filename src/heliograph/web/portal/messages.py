"""Messages of all devices: searched and filtered by the address, followed as they come, taken out as CSV.

What an index serves is found at once; a search for a text is given some time, and goes on from where it was when asked (`service/search`).
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from heliograph.model.ids import MessageId
from heliograph.model.message import STATE_NAMES, Direction, State, TrafficClass
from heliograph.model.problem import Code, Problem
from heliograph.service import search
from heliograph.service.manage.sheet import harmless
from heliograph.service.search import MOST_DAYS, Wanted
from heliograph.store.feed import FeedEvent
from heliograph.store.search import FoundMessage, Place
from heliograph.web.portal import live, render
from heliograph.web.portal.console import encoding_of, said
from heliograph.web.portal.csv_file import csv_file
from heliograph.web.portal.live import Frame
from heliograph.web.portal.page import Asked, Fields, Page
from heliograph.web.portal.reply import Reply
from heliograph.web.portal.state import shown
from heliograph.web.portal.words import words_of

PER_PAGE: Final = 50
DAY_MS: Final = 86_400_000
TEXT_DAYS: Final = 7
"""So far back a text is looked for where no days are given."""
STATES: Final = {
    "waiting": (State.PENDING, State.IN_PROGRESS, State.BUFFERED),
    "delivered": (State.DELIVERED,),
    "failed": (State.FAILED,),
    "expired": (State.EXPIRED,),
    "canceled": (State.CANCELED,),
}
DIRECTIONS: Final = {"to": Direction.MT, "from": Direction.MO}
CLASSES: Final = {each.value: each for each in TrafficClass}
FILTERS: Final = ("q", "direction", "state", "class", "tag", "from", "until")
COLUMNS: Final = (
    "id", "time", "direction", "class", "device", "source", "destination", "text", "encoding", "parts", "state", "reason", "ended",
)  # fmt: skip


async def show(asked: Asked) -> Reply:
    """One page of the list, from the newest or behind a place."""
    chosen = {name: asked.query.text(name) for name in FILTERS}
    number = await asked.core.tail.number(asked.actor.organisation_id)
    found, refusal = search.Found([], None, is_complete=True), ""
    try:
        found = await search.search(asked.core, asked.actor, wanted_of(asked), _place(asked.query), PER_PAGE)
    except Problem as problem:
        refusal = words_of(problem)
    behind = asked.query.text("behind")
    values: dict[str, Any] = {
        "found": found,
        "refusal": refusal,
        "chosen": chosen,
        "pairs": {name: value for name, value in chosen.items() if value},
        "behind": behind,
        "is_live": not behind and not any(value for name, value in chosen.items() if name not in ("direction", "state")),
        "number": number,
        "states": STATES,
        "classes": CLASSES,
    }
    return asked.render("messages.html", 422 if refusal else 200, **(values | DRAWN))


async def stream(asked: Asked) -> Reply:
    """Draw each message anew that comes or changes, where it is of the kind that the page shows."""
    wanted = wanted_of(asked)

    async def told(events: Sequence[FeedEvent]) -> Iterable[Frame]:
        changed = list(dict.fromkeys(each.message_id for each in events if each.message_id is not None))[-PER_PAGE:]
        frames = []
        for each in changed:
            found = await search.message(asked.core, asked.actor, MessageId(each))
            if (wanted.direction in (None, found.direction)) and (not wanted.states or State(found.state) in wanted.states):
                frames.append(Frame("row", render.page("message_row_alone.html", asked.shared() | DRAWN | {"message": found})))
        return frames

    return await live.follow(asked, asked.actor.organisation_id, told)


async def export(asked: Asked) -> Reply:
    """All of the list, however long it is."""
    pages = search.export(asked.core, asked.actor, wanted_of(asked))
    return csv_file("messages.csv", COLUMNS, pages, _row)


def wanted_of(asked: Asked) -> Wanted:
    """What an address asks for. Raises Problem for a time that is none."""
    query = asked.query
    text = query.text("q") or None
    from_ms = render.form_time_ms(asked.zone, query.text("from"), "from")
    until_ms = render.form_time_ms(asked.zone, query.text("until"), "until")
    if until_ms is not None and len(query.text("until")) <= len("2026-02-28"):
        until_ms += DAY_MS  # a day that is named is meant whole
    if text and from_ms is None:
        from_ms = (until_ms or asked.now_ms) - TEXT_DAYS * DAY_MS
    return Wanted(
        text=text,
        direction=DIRECTIONS.get(query.text("direction")),
        states=STATES.get(query.text("state"), ()),
        traffic_class=CLASSES.get(query.text("class")),
        tag=query.text("tag") or None,
        from_ms=from_ms,
        until_ms=until_ms,
    )


def _place(query: Fields) -> Place:
    """Where the page before ended. Raises Problem."""
    typed = query.text("behind")
    if not typed:
        return Place()
    at_ms, _, message_id = typed.partition("-")
    if not (at_ms.isascii() and at_ms.isdigit() and message_id.isascii() and message_id.isdigit() and len(typed) <= 36):
        raise Problem(Code.INVALID_QUERY, "that page is not there: begin at the newest")
    return Place(int(at_ms), int(message_id))


def _row(message: FoundMessage) -> list[str]:
    cells = (
        str(message.id), _time(message.submitted_at_ms), Direction(message.direction).name, message.traffic_class,
        message.device_name or "", message.source, message.dest, said(message), encoding_of(message), str(message.segments),
        STATE_NAMES[State(message.state)], message.reason or "", _time(message.final_at_ms),
    )  # fmt: skip
    return [harmless(each) for each in cells]


def _time(at_ms: int | None) -> str:
    return "" if at_ms is None else datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds")


DRAWN: Final[dict[str, Any]] = {
    "said": said, "shown": shown, "encoding_of": encoding_of, "MO": Direction.MO, "most_days": MOST_DAYS, "text_days": TEXT_DAYS
}  # fmt: skip
"""What the drawing of a row needs."""
PAGES: Final[dict[str, Page]] = {
    "/messages": Page(get=show),
    "/messages/stream": Page(get=stream),
    "/messages.csv": Page(get=export),
}
