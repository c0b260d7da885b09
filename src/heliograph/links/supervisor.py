"""Runs the links that this process owns, and takes over those whose owner is silent.

Every second it reads all links with their leases. A link without an owner is acquired at once; one whose beat stood still for 10 s of
our own clock is taken over. A link that was switched off, or whose settings changed, is drained and ends; with its new settings it
starts again. A link that fails is given up and tried again after 1 s, 2 s and so on to a minute, here or by whoever is faster.
Does not know what links do: `owned` runs one.
"""

import asyncio
import contextlib
from dataclasses import dataclass

from heliograph import log
from heliograph.links.owned import OwnedLink
from heliograph.metrics import Metrics
from heliograph.service import lease as leases
from heliograph.service.core import Core
from heliograph.service.lease import TAKEOVER_AFTER_S, Lease
from heliograph.store.database import DatabaseLost
from heliograph.store.link import LinkRow

WATCH_S = 1.0
RESTART_GRACE_S = 10.0
BACKOFF_FIRST_S = 1.0
BACKOFF_MOST_S = 60.0

_log = log.get("links")


@dataclass(slots=True)
class _Watched:
    """What was seen of a link. Times on our own monotonic clock; `since` is when its lease was first seen as it is."""

    lease_seen: tuple[int, int] = (-1, -1)
    since: float = 0.0
    not_before: float = 0.0
    failures: int = 0
    running: bool = False
    owned: OwnedLink | None = None


class Supervisor:
    """The links of one process."""

    def __init__(self, core: Core, metrics: Metrics) -> None:
        self._core = core
        self._clock = core.clock
        self._metrics = metrics
        self._watched: dict[int, _Watched] = {}
        self._stopping = asyncio.Event()
        self._ended = asyncio.Event()
        self._running = False
        self._grace_s = 0.0

    async def run(self) -> None:
        """Watch and serve until `stop`; returns when all links have ended."""
        self._running = True
        try:
            async with asyncio.TaskGroup() as tasks:
                while not self._stopping.is_set():
                    try:
                        await self._watch(tasks)
                    except DatabaseLost as error:
                        _log.warning("links cannot be watched", error=str(error))
                    await self._clock.wait(self._stopping, WATCH_S)
        finally:
            self._ended.set()

    async def stop(self, grace_s: float) -> None:
        """Have every link drain within the grace; return when all have ended, and `run` too."""
        self._grace_s = grace_s
        self._stopping.set()
        for owned in self.owned:
            owned.end(grace_s)
        if self._running:
            await self._ended.wait()

    @property
    def owned(self) -> list[OwnedLink]:
        """The links that run here now."""
        return [watched.owned for watched in self._watched.values() if watched.owned is not None]

    async def _watch(self, tasks: asyncio.TaskGroup) -> None:
        rows = {row.id: row for row in await leases.links(self._core)}
        for owned in self.owned:
            row = rows.get(owned.row.id)
            if row is None or (row.name, row.kind, row.settings) != (owned.row.name, owned.row.kind, owned.row.settings):
                owned.end(RESTART_GRACE_S)
            owned.rest_if_down()
            if row is not None:  # one that is ending is watched to its end
                await owned.trace(row.trace_until_ms)
        for row in rows.values():
            watched = self._watched.setdefault(row.id, _Watched())
            if not watched.running and not self._stopping.is_set() and self._is_free(row, watched):
                watched.running = True
                tasks.create_task(self._own(row, watched))

    def _is_free(self, row: LinkRow, watched: _Watched) -> bool:
        now = self._clock.monotonic()
        if watched.lease_seen != (row.epoch, row.beat):
            watched.lease_seen, watched.since = (row.epoch, row.beat), now
        ownerless = row.node_id is None or row.node_id == self._core.node_id
        return now >= watched.not_before and (ownerless or now - watched.since >= TAKEOVER_AFTER_S)

    async def _own(self, row: LinkRow, watched: _Watched) -> None:
        began, lease = self._clock.monotonic(), None
        try:
            lease = await leases.acquire(self._core, row)
            if lease is not None:
                await self._serve(row, watched, lease)
                await leases.release(self._core, lease)
        except Exception as error:  # bulkhead: one link; the others go on, and this one starts again
            if self._clock.monotonic() - began > BACKOFF_MOST_S:
                watched.failures = 0
            await self._give_up(row, watched, lease, error)
        finally:
            watched.owned = None
            watched.running = False

    async def _serve(self, row: LinkRow, watched: _Watched, lease: Lease) -> None:
        watched.owned = owned = OwnedLink(self._core, self._metrics, row, lease)
        await owned.trace(row.trace_until_ms)  # who watches a link that is started sees its bind, and of one that is stopped its unbind
        if self._stopping.is_set():
            owned.end(self._grace_s)
        await owned.run()
        await owned.keep_trace()

    async def _give_up(self, row: LinkRow, watched: _Watched, lease: Lease | None, error: Exception) -> None:
        backoff_s = min(BACKOFF_FIRST_S * 2**watched.failures, BACKOFF_MOST_S)
        watched.failures += 1
        watched.not_before = self._clock.monotonic() + backoff_s
        self._metrics.counter("link_failures", "Crashes of links; each was started again.", link=row.name).add()
        _log.error("the link failed", link=row.name, starts_again_in_s=backoff_s, exc_info=error)
        if lease is None:
            return
        with contextlib.suppress(DatabaseLost):
            await leases.release(self._core, lease)
            await leases.set_state(self._core, lease, "fault", f"it failed ({_why(error)}) and starts again in {backoff_s:g} s")


def _why(error: BaseException) -> str:
    """The first cause, in one line."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return f"{type(error).__name__}: {error}"[:200]
