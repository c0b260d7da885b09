"""A page that stays true: what happens is told to its browser as server-sent events, made of the event feed.

https://html.spec.whatwg.org/multipage/server-sent-events.html. Frames are followed by the number of the last event they came of; a browser
that comes again sends it as `Last-Event-ID` and misses nothing. The stream begins with a number alone, and says something each 15 s.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Final, NamedTuple, Self

from heliograph.clock import Clock
from heliograph.model.problem import Problem
from heliograph.service import session
from heliograph.service.tail import Follower, Reload
from heliograph.store.database import DatabaseLost
from heliograph.store.feed import FeedEvent
from heliograph.web.portal import guard
from heliograph.web.portal.page import MOST_DIGITS, Asked
from heliograph.web.portal.reply import PRIVATE, Reply

PING_S: Final = 15.0
PING: Final = b": ping\n\n"
RETRY: Final = b"retry: 2000\n"
HEADERS: Final = ((b"content-type", b"text/event-stream; charset=utf-8"), (b"x-accel-buffering", b"no"), PRIVATE)


class Frame(NamedTuple):
    """What a browser is told: the name of a DOM event, and the text that comes with it, HTML mostly."""

    event: str
    text: str


Told = Callable[[Sequence[FeedEvent]], Awaitable[Iterable[Frame]]]
"""What a page tells of some events; nothing of those that do not concern it."""
May = Callable[[], Awaitable[bool]]
"""Whether the browser may still follow."""
Wait = Callable[[], float | None]
"""In how many seconds `told` is to be asked without an event too; None: not at all."""


def _for_events() -> None:
    return None


async def follow(asked: Asked, organisation_id: int, told: Told, wait: Wait = _for_events) -> Reply:
    """Stream to a page that was rendered at the event with the number `after` of its query. Raises Problem for one stream too many."""
    follower = await asked.core.tail.follow(asked.actor, organisation_id, {organisation_id: seen_by(asked)})

    async def is_signed_in() -> bool:
        """A session that was ended, say by a new password, ends its streams."""
        return await session.visit(asked.core, asked.session_cookie, asked.address) is not None

    return stream(asked, follower, organisation_id, told, is_signed_in, wait)


def stream(asked: Asked, follower: Follower, organisation_id: int, told: Told, may: May, wait: Wait = _for_events) -> Reply:
    """The same for who is not signed in: what `may` decides is asked each 15 s."""
    return Reply(200, HEADERS, stream=_Frames(asked.core.clock, follower, organisation_id, told, may, wait))


def seen_by(asked: Asked) -> int:
    """The number of the last event that a browser knows: of its page, or of the stream that it lost."""
    seen = guard.header(asked.scope, b"last-event-id")
    if seen.isascii() and seen.isdigit() and len(seen) <= MOST_DIGITS:
        return int(seen)
    return asked.query.number("after") or 0


class _Frames:
    """The octets, made as the browser takes them."""

    def __init__(self, clock: Clock, follower: Follower, organisation_id: int, told: Told, may: May, wait: Wait) -> None:
        self._clock = clock
        self._follower = follower
        self._organisation_id = organisation_id
        self._told = told
        self._may = may
        self._wait = wait
        self._is_begun = False
        self._checked_at = clock.monotonic()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        if not self._is_begun:
            self._is_begun = True
            return RETRY + self._number()
        try:
            if not await self._is_allowed():
                raise StopAsyncIteration
            wait_s = self._wait()
            heard = await self._follower.next(PING_S if wait_s is None else min(wait_s, PING_S))
            match heard:
                case None:
                    raise StopAsyncIteration
                case Reload():
                    return b"event: reload\ndata: \n" + self._number()
                case events:
                    frames = [_written(each) for each in await self._told(events)] if events or wait_s is not None else []
                    return b"".join(frames) + self._number() if events or frames else PING
        except (Problem, DatabaseLost):  # the browser comes again, and sees why
            raise StopAsyncIteration from None

    async def aclose(self) -> None:
        self._follower.close()

    async def _is_allowed(self) -> bool:
        now_s = self._clock.monotonic()
        if now_s - self._checked_at < PING_S:
            return True
        self._checked_at = now_s
        return await self._may()

    def _number(self) -> bytes:
        return b"id: %d\n\n" % self._follower.position.get(self._organisation_id, 0)


def _written(frame: Frame) -> bytes:
    lines = "".join(f"data: {line}\n" for line in frame.text.splitlines() or [""])
    return f"event: {frame.event}\n{lines}\n".encode()
