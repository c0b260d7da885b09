"""The events of an organisation as they happen (ours), as server-sent events: for those who have no URL that a webhook could call.

https://html.spec.whatwg.org/multipage/server-sent-events.html: `id` is what a client sends as `Last-Event-ID` when it comes again.
"""

from collections.abc import Iterator, Sequence
from typing import Final, Self

import msgspec

from heliograph.model.event import is_pattern, wants
from heliograph.model.problem import Code, Problem
from heliograph.service import event_body
from heliograph.service.tail import Follower, Reload
from heliograph.store.database import DatabaseLost
from heliograph.store.feed import FeedEvent
from heliograph.web.answer import Answer
from heliograph.web.operation import EVENT_STREAM, Parameter, operation
from heliograph.web.resource import Call, Resource

PING_S: Final = 15.0
RETRY: Final = b"retry: 2000\n"
PING: Final = b": ping\n\n"
MOST_DIGITS: Final = 18
HEADERS: Final = ((b"content-type", b"text/event-stream; charset=UTF-8"), (b"x-accel-buffering", b"no"))


class StreamEvent(msgspec.Struct):
    """An event of the stream, field by field. `data`: the event as JSON text. `id`: its number; of a `reload`, the one to go on behind."""

    event: str
    id: str
    data: str


@operation(
    "Follow the events of the organisation",
    status=200,
    media=(EVENT_STREAM,),
    answer=StreamEvent,
    query={
        "after": Parameter("Resume behind this number, as with `Last-Event-ID`", int),
        "types": Parameter("Only these types, separated by commas; `sms.*` are all of a kind"),
        "organisation": Parameter("For the operator: of this organisation; 0 for what befalls the installation itself", int),
    },
    headers={"Last-Event-ID": Parameter("The number of the last event that was seen: what came behind it is told first", int)},
    refuses=(Code.INVALID_REFERENCE, Code.TOO_MANY_REQUESTS, Code.INVALID_QUERY),
)
async def follow(call: Call) -> Answer:
    """Server-sent events, without end: `event` is the type, `id` the number in the organisation's feed, `data` the event as a webhook of
    the native format gets it. Begins with an `id` alone, where the stream starts; `: ping` comes each 15 s of silence. Nothing is lost
    while a client that sends `Last-Event-ID` is away. Where it was away for too long, one `reload` is told in place of what it missed:
    read the lists anew. At most 10 streams of one user or token."""
    asked = call.query()
    patterns = _patterns(asked.get("types"))
    after = _number("after", asked.get("after") or _last_event_id(call))
    organisation_id = _number("organisation", asked.get("organisation"))
    if organisation_id is None:
        organisation_id = call.actor.organisation_id
    behind = None if after is None else {organisation_id: after}
    follower = await call.context.core.tail.follow(call.actor, organisation_id, behind)
    return Answer(200, HEADERS, stream=_Frames(call, follower, organisation_id, patterns))


class _Frames:
    """The octets of a stream, made as its client takes them."""

    def __init__(self, call: Call, follower: Follower, organisation_id: int, patterns: Sequence[str]) -> None:
        self._call = call
        self._follower = follower
        self._organisation_id = organisation_id
        self._patterns = patterns
        self._clock = call.context.core.clock
        self._is_begun = False
        self._checked_at = self._clock.monotonic()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        if not self._is_begun:
            self._is_begun = True
            return RETRY + self._id_alone()
        try:
            await self._check_token()
            heard = await self._follower.next(PING_S)
        except (Problem, DatabaseLost):  # the client comes again and is told why
            heard = None
        match heard:
            case None:
                raise StopAsyncIteration
            case Reload():
                number = self._follower.position[self._organisation_id]
                return b'event: reload\nid: %d\ndata: {"type":"reload","number":%d}\n\n' % (number, number)
            case events:
                return b"".join(self._events(events)) or PING

    async def aclose(self) -> None:
        self._follower.close()

    async def _check_token(self) -> None:
        """A token that was revoked, or whose time is over, ends its stream."""
        if self._clock.monotonic() - self._checked_at >= PING_S:
            self._checked_at = self._clock.monotonic()
            await self._call.context.actor_of(self._call.scope)

    def _events(self, events: Sequence[FeedEvent]) -> Iterator[bytes]:
        """What is wanted of them; and where the last is not, how far the stream has come."""
        for event in events:
            if wants(self._patterns, event.type):
                yield b"event: %b\nid: %d\ndata: %b\n\n" % (event.type.encode(), event.number, event_body.json_of(event))
        if events and not wants(self._patterns, events[-1].type):
            yield self._id_alone()

    def _id_alone(self) -> bytes:
        return b"id: %d\n\n" % self._follower.position[self._organisation_id]


def _patterns(text: str | None) -> tuple[str, ...]:
    patterns = tuple(each.strip() for each in (text or "*").split(","))
    for each in patterns:
        if not is_pattern(each):
            raise Problem(
                Code.INVALID_QUERY, f"types: there is no event type '{each}': write for example sms.received, sms.* or *", field="types"
            )
    return patterns


def _number(name: str, text: str | None) -> int | None:
    if text is None or not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS):
        raise Problem(Code.INVALID_QUERY, f"{name} '{text}' is no number: give the id of an event that the stream told", field=name)
    return int(text)


def _last_event_id(call: Call) -> str | None:
    found = [value.decode("latin-1") for name, value in call.scope["headers"] if name == b"last-event-id"]
    return found[-1] if found else None


ROUTES = {"/api/v1/event-stream": Resource(GET=follow)}
