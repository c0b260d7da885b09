"""Lists of messages, from new to old, and searches, which end in time whatever they are asked for.

What an index serves is found at once. What none serves is decided message by message, a few thousand a step, until the page is full or
time is up; then the answer says that it is not complete, and from where to go on.
"""

from collections.abc import AsyncIterator, Sequence

import msgspec

from heliograph.model.account import Actor, Role
from heliograph.model.command import masked
from heliograph.model.ids import MessageId, OrganisationId
from heliograph.model.message import Direction, State, TrafficClass, secrets_of
from heliograph.model.problem import Code, Problem
from heliograph.service import waiting
from heliograph.service.cancel import unknown
from heliograph.service.core import Core
from heliograph.service.history import shown
from heliograph.store import search as store
from heliograph.store import undelivered
from heliograph.store.engine import Scalar
from heliograph.store.listing import containing
from heliograph.store.search import END_OF_TIME_MS, FoundMessage, Place, Range

SEARCH_S = 2.0
STEP = 5000
"""Messages a step looks at: some 10 ms, so that searches and others take turns on a reader."""
WALKED_FIRST = 2
"""Steps of a list of what waits: mostly that is among the newest. Then it is looked for where it stands."""
GATHER_S = 1.5
CHOSEN_STEP = 1000
EXPORT_PAGE = 1000
MOST_DAYS = 31
DAY_MS = 86_400_000


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What a list is to hold; None: whatever it is. `until_ms`: before it. `organisation_id` None: the actor's own."""

    organisation_id: OrganisationId | None = None
    device_id: int | None = None
    tag: str | None = None
    direction: Direction | None = None
    traffic_class: TrafficClass | None = None
    states: tuple[State, ...] = ()
    from_ms: int | None = None
    until_ms: int | None = None
    text: str | None = None


class Found(msgspec.Struct, frozen=True):
    """A page of a list. `following`: where the next page begins, None at the end. `is_complete` False: time was up before the page was
    full, and there may be more behind `following`."""

    items: list[FoundMessage]
    following: Place | None
    is_complete: bool


async def search(core: Core, actor: Actor, wanted: Wanted, place: Place, most: int) -> Found:
    """At most `most` messages behind `place`. Raises Problem."""
    where, filters = _question(actor, wanted, core.clock.now_ms())
    until = core.clock.monotonic() + SEARCH_S
    items: list[FoundMessage] = []
    following: Place | None = place
    steps = 0
    gathers = _is_of_waiting(wanted)
    while following is not None and len(items) < most:
        chosen = await _waiting(core, where, frozenset(wanted.states), following) if gathers and steps == WALKED_FIRST else None
        if chosen is not None:
            found, following = await _of_chosen(core, chosen, filters, most - len(items), until)
        else:
            found, following = await core.database.read(store.step, where, filters, following, most - len(items), STEP)
            steps += 1
        items.extend(shown(each) for each in found if _shows(each, wanted.text))
        if core.clock.monotonic() >= until:
            break
    return Found(items, following, following is None or len(items) >= most)


async def _waiting(core: Core, where: Range, states: frozenset[State], behind: Place) -> list[Place] | None:
    return await waiting.gather(core, where, states, behind, core.clock.monotonic() + GATHER_S)


async def _of_chosen(
    core: Core, chosen: Sequence[Place], filters: dict[str, Scalar], most: int, until: float
) -> tuple[list[FoundMessage], Place | None]:
    """At most `most` of these messages, and the place to go on from."""
    found: list[FoundMessage] = []
    for begin in range(0, len(chosen), CHOSEN_STEP):
        part = chosen[begin : begin + CHOSEN_STEP]
        found += await core.database.read(store.chosen, part, filters, most - len(found))
        if len(found) == most:
            return found, Place(found[-1].submitted_at_ms, found[-1].id)
        if core.clock.monotonic() >= until:
            return found, part[-1]
    return found, None


def export(core: Core, actor: Actor, wanted: Wanted) -> AsyncIterator[list[FoundMessage]]:
    """All messages of a list, page by page, for as long as that takes. Raises Problem, before the first page is asked for."""
    where, filters = _question(actor, wanted, core.clock.now_ms())
    return _pages(core, where, filters, wanted.text)


async def _pages(core: Core, where: Range, filters: dict[str, Scalar], text: str | None) -> AsyncIterator[list[FoundMessage]]:
    following: Place | None = Place()
    while following is not None:
        found, following = await core.database.read(store.step, where, filters, following, EXPORT_PAGE, STEP)
        yield [shown(each) for each in found if _shows(each, text)]


async def message(core: Core, actor: Actor, message_id: MessageId) -> FoundMessage:
    """One message, whatever its device. Raises Problem where it is not there, or not the actor's."""
    found = await core.database.read(store.one, actor.scope, message_id)
    if found is None:
        raise unknown(message_id)
    return shown(found)


def _shows(found: FoundMessage, text: str | None) -> bool:
    """Whether what was looked for stands in what people are shown: whoever searched for the secret of a saved command, letter by letter,
    would read it. The query looks at the whole text, since few messages have secrets."""
    secrets = () if text is None else secrets_of(found.terms)
    return not secrets or (text or "").casefold() in masked(found.payload, secrets).casefold()


def _question(actor: Actor, wanted: Wanted, now_ms: int) -> tuple[Range, dict[str, Scalar]]:
    organisation_id = _organisation(actor, wanted)
    if wanted.text is not None and wanted.device_id is None:
        _require_days(wanted, now_ms)
    where = Range(
        organisation_id,
        wanted.device_id,
        wanted.from_ms or 0,
        END_OF_TIME_MS if wanted.until_ms is None else wanted.until_ms,
        _of_undelivered(wanted),
    )
    filters: dict[str, Scalar] = {}
    if wanted.direction is not None:
        filters["direction"] = int(wanted.direction)
    if wanted.traffic_class is not None:
        filters["traffic_class"] = wanted.traffic_class
    if wanted.states:
        filters["states"] = f"|{'|'.join(str(int(state)) for state in wanted.states)}|"
    if wanted.tag is not None:
        filters["tag"] = containing(f",{wanted.tag},")
    if wanted.text is not None:
        filters["text"] = containing(wanted.text)
    return where, filters


def _is_of_waiting(wanted: Wanted) -> bool:
    """Whether it is asked for what is not over alone, whosever it is."""
    return wanted.device_id is None and bool(wanted.states) and waiting.STATES.issuperset(wanted.states)


def _of_undelivered(wanted: Wanted) -> tuple[State, ...]:
    """The states that are asked for, where all are among those whose messages are kept apart."""
    return tuple(set(wanted.states)) if wanted.device_id is None and undelivered.STATES.issuperset(wanted.states) else ()


def _organisation(actor: Actor, wanted: Wanted) -> OrganisationId:
    """The organisation to look into; ANY for an operator who names a device, whosever it is."""
    if actor.role is Role.SUPER_ADMIN:
        return wanted.organisation_id or (actor.organisation_id if wanted.device_id is None else actor.scope)
    if wanted.organisation_id not in (None, actor.organisation_id):
        raise Problem(Code.INVALID_QUERY, "organisation: only the operator looks into another organisation", field="organisation")
    return actor.organisation_id


def _require_days(wanted: Wanted, now_ms: int) -> None:
    until_ms = now_ms if wanted.until_ms is None else wanted.until_ms
    if wanted.from_ms is None or until_ms - wanted.from_ms > MOST_DAYS * DAY_MS:
        text = f"text: a search for a text needs a device, or from and until at most {MOST_DAYS} days apart (until: now, if left out)"
        raise Problem(Code.INVALID_QUERY, text, field="text")
