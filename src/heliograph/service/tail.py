"""The event feed as it grows, for everybody in this process who follows it: the event stream of the API, the portal's live pages, webhooks.

Theory of operation. An organisation's events are numbered without a gap in the order of their commits, so whoever knows the last number
they saw misses nothing, whichever process wrote the rest. One loop reads for all: it looks when a transaction of this process brought
events, and each half second for those of others, only while somebody follows. What it reads goes into the buffer of each follower. A
follower that starts at an older number, or is too slow for its buffer, reads the database by itself until it has come to where the loop
is. One that is further behind than it makes sense to read, or whose next events were deleted for their age, is told once to begin anew
(`Reload`) and goes on with what is new.

    follower = await core.tail.follow(actor)              # from now on; after={organisation_id: number} resumes behind that number
    while (told := await follower.next(15)) is not None:  # None: the process stops, or somebody closed the follower
        ...                                               # a Reload: read anew what you show. Else events, none where 15 s passed
    follower.close()
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, Final

import msgspec

from heliograph import log
from heliograph.clock import Clock
from heliograph.model.account import ANY, Actor
from heliograph.model.problem import Code, Problem
from heliograph.service.manage.scope import not_found
from heliograph.store import feed
from heliograph.store.database import Database, DatabaseLost
from heliograph.store.feed import FeedEvent
from heliograph.store.transaction import Transaction

POLL_S: Final = 0.5
GAP_S: Final = 0.02
"""Between two looks: what is committed meanwhile is read at once."""
PAGE: Final = 500
BUFFER_MOST: Final = 2000
FAR: Final = 10_000
MOST_OF_ONE: Final = 20

_log = log.get("tail")


class Reload(msgspec.Struct, frozen=True):
    """The follower missed events that it will not be told: it reads anew what it shows, and goes on from its `position`."""


class Tail:
    """Reads the feed for all followers of a process. Used on the event loop."""

    def __init__(self, database: Database, clock: Clock, spawn: Callable[[Coroutine[Any, Any, None]], object]) -> None:
        self._database = database
        self._spawn = spawn
        self._followers: set[Follower] = set()
        self._of_one: Counter[object] = Counter()
        self._wake = asyncio.Event()
        self._is_running = False
        self.clock = clock
        self.is_over = False
        self.position: dict[int, int] = {}
        """The number of the last event that was handed to the followers, of each organisation that somebody follows."""
        database.watch_events(self._wake.set)

    async def follow(self, actor: Actor, organisation_id: int | None = None, after: Mapping[int, int] | None = None) -> "Follower":
        """Follow what the actor sees, or one organisation of it: from now on, or behind a number of each. Raises Problem for an
        organisation that is not the actor's, and where they follow too much already."""
        scope = actor.scope if organisation_id is None else organisation_id
        if actor.scope not in (ANY, scope):
            raise not_found("Organisation", scope)
        key = f"t{actor.token_id}" if actor.token_id else f"u{actor.user_id or actor.email}"
        if self._of_one[key] >= MOST_OF_ONE:
            raise Problem(Code.TOO_MANY_REQUESTS, f"you follow {MOST_OF_ONE} event streams already: close one first")
        self._of_one[key] += 1
        follower = Follower(self, None if organisation_id is None and scope == ANY else scope, key)
        try:
            await self._join(follower, after or {})
        except BaseException:
            self.leave(follower)
            raise
        return follower

    async def number(self, organisation_id: int) -> int:
        """The number of the last event of an organisation: what a page shows that was read after this is at least as new."""
        heads = dict(await self._database.read(_heads, [organisation_id]))
        return heads.get(organisation_id, 0)

    def stop(self) -> None:
        """End all followers: the process stops."""
        self.is_over = True
        self._wake.set()
        for follower in list(self._followers):
            follower.close()

    def leave(self, follower: "Follower") -> None:
        """Forget a follower, and the organisations that nobody follows any more."""
        self._followers.discard(follower)
        self._of_one[follower.key] -= 1
        if not self._of_one[follower.key]:
            del self._of_one[follower.key]
        for organisation_id in [each for each in self.position if not any(one.sees(each) for one in self._followers)]:
            del self.position[organisation_id]

    async def page(self, organisation_id: int, after: int) -> list[FeedEvent]:
        return await self._database.read(feed.page, organisation_id, after, PAGE)

    async def _join(self, follower: "Follower", after: Mapping[int, int]) -> None:
        heads = await self._database.read(_heads, None if follower.scope is None else [follower.scope])
        if follower.scope is not None and not heads:
            heads = [(follower.scope, 0)]
        for organisation_id, number in heads:
            self.position.setdefault(organisation_id, number)
        follower.begin(self.position, after, dict(heads))
        self._followers.add(follower)
        if not self._is_running:
            self._is_running = True
            self._spawn(self._run())

    async def _run(self) -> None:
        while self._followers and not self.is_over:
            self._wake.clear()
            try:
                await self._look()
            except DatabaseLost as lost:
                _log.warning("the database does not answer, followers of events wait", error=str(lost))
            looked_at = self.clock.monotonic()
            if await self.clock.wait(self._wake, POLL_S):
                await self.clock.sleep_until(looked_at + GAP_S)
        self._is_running = False

    async def _look(self) -> None:
        sees_all = any(follower.scope is None for follower in self._followers)
        for organisation_id, head in await self._database.read(_heads, None if sees_all else list(self.position)):
            if any(follower.scope is None for follower in self._followers):
                self.position.setdefault(organisation_id, 0)  # an organisation whose first events these are
            while self.position.get(organisation_id, head) < head:
                await self._hand_out(organisation_id, head)

    async def _hand_out(self, organisation_id: int, head: int) -> None:
        events = await self.page(organisation_id, self.position[organisation_id])
        if organisation_id not in self.position:
            return  # who followed it has left
        self.position[organisation_id] = events[-1].number if events else head
        for follower in self._followers:
            follower.offer(organisation_id, events)


class Follower:
    """One who follows. Used by one task at a time. `position`: the number of the last event it was told, by organisation.
    `scope` None: all organisations."""

    def __init__(self, tail: Tail, scope: int | None, key: str) -> None:
        self.scope = scope
        self.key = key
        self.position: dict[int, int] = {}
        self._tail = tail
        self._buffer: list[FeedEvent] = []
        self._is_behind = False
        self._is_lost = False
        self._is_over = False
        self._wake = asyncio.Event()

    def sees(self, organisation_id: int) -> bool:
        return self.scope is None or self.scope == organisation_id

    def begin(self, now: Mapping[int, int], after: Mapping[int, int], heads: Mapping[int, int]) -> None:
        """Start behind `after`, else behind `now`. A number that was not reached yet is not of this feed: a database was restored."""
        self.position = {each: after.get(each, number) for each, number in now.items() if self.sees(each)}
        self._is_behind = True
        self._is_lost = any(number > heads.get(each, 0) for each, number in after.items())

    async def next(self, wait_s: float) -> Sequence[FeedEvent] | Reload | None:
        """What happened since, in order; nothing where `wait_s` passed without any. None: it is over. Raises DatabaseLost."""
        deadline = self._tail.clock.monotonic() + wait_s
        while not self._is_over and not self._tail.is_over:
            if self._is_behind and (found := await self._catch_up()) is not None:
                return found
            if self._buffer:
                return self._take()
            self._wake.clear()
            if not await self._tail.clock.wait(self._wake, deadline - self._tail.clock.monotonic()):
                return ()
        return None

    def offer(self, organisation_id: int, events: Sequence[FeedEvent]) -> None:
        """What the loop read; one that is behind comes to it by itself."""
        if self._is_behind or not self.sees(organisation_id):
            return
        seen = self.position.get(organisation_id, 0)
        self._buffer.extend(event for event in events if event.number > seen)
        if len(self._buffer) > BUFFER_MOST:
            self._buffer.clear()
            self._is_behind = True
        self._wake.set()

    def close(self) -> None:
        """Follow no more; whoever waits in `next` gets None."""
        if not self._is_over:
            self._is_over = True
            self._wake.set()
            self._tail.leave(self)

    def _take(self) -> list[FeedEvent]:
        taken, self._buffer = self._buffer, []
        for event in taken:
            self.position[event.organisation_id] = event.number
        return taken

    async def _catch_up(self) -> Sequence[FeedEvent] | Reload | None:
        """The next page of an organisation in which it is behind; None where it has come to where the loop is, whose next it will get."""
        if self._is_lost:
            return self._begin_anew()
        for organisation_id, head in self._tail.position.items():
            seen = self.position.get(organisation_id, 0)
            if not self.sees(organisation_id) or seen >= head:
                continue
            events = await self._tail.page(organisation_id, seen) if head - seen <= FAR else []
            if not events or events[-1].number != seen + len(events):
                return self._begin_anew()
            self.position[organisation_id] = events[-1].number
            return events
        self._is_behind = False
        return None

    def _begin_anew(self) -> Reload:
        self.position = {each: number for each, number in self._tail.position.items() if self.sees(each)}
        self._is_behind = self._is_lost = False
        return Reload()


def _heads(tx: Transaction, organisation_ids: Sequence[int] | None) -> list[tuple[int, int]]:
    if organisation_ids is None:
        return list(feed.positions(tx, ANY).items())
    return [(head.organisation_id, head.number) for head in feed.heads(tx, organisation_ids)]
