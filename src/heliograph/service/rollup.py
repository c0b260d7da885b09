"""Adds up for the overview what happened to messages, some seconds behind the event feed, so that no message pays for it.

The feed is numbered in the order of commits, so a cursor misses nothing; it moves in the transaction that adds up, so nothing counts
twice, whoever does it. A reader's database counts; the writer gets only the sums, a few rows for thousands of events. Which devices are
busiest is looked up in the daily counters, for at most a hundredth of the time, and the first of each day are kept.
"""

from collections import Counter
from collections.abc import Iterable
from functools import partial
from heapq import nlargest
from typing import Final

from heliograph import log
from heliograph.metrics import Metrics
from heliograph.model.overview import EVENTS, HOUR_MS, HOURS_A_DAY, bucket_of
from heliograph.service.core import Core
from heliograph.store import node as node_store
from heliograph.store import overview as store
from heliograph.store import usage
from heliograph.store.database import DatabaseLost
from heliograph.store.overview import Happened, Sums
from heliograph.store.transaction import Transaction

EVERY_S: Final = 10.0
STEP: Final = 5_000
"""Numbers of a feed that are added up together: the database counts them in a fortieth of a second, and answers some hundred rows."""
HOURS_KEPT: Final = 400 * HOURS_A_DAY
DAYS_KEPT: Final = 62
SLICE: Final = 200
DAY_MS: Final = HOURS_A_DAY * HOUR_MS
TIDY_EVERY_S: Final = 3600.0
BUSIEST_EVERY_S: Final = 15.0
BUSIEST_PAUSE: Final = 100
BUSIEST_KEPT: Final = 200
DEVICES_AT_ONCE: Final = 10_000
"""Whose counters are looked up in one read: some 20 ms."""

_log = log.get("rollup")


class Rollup:
    """The duty of one process of the installation: of all that live, the one that came first."""

    def __init__(self, core: Core, metrics: Metrics) -> None:
        self.core = core
        self._happened = {
            figure: metrics.counter(
                "messages",
                "Messages by what happened to them, told by the process that adds up, 10 s late. sent: accepted for devices, whether or "
                "not a network took them yet; received: from devices; refused: by a rule, and kept with it.",
                event=figure,
            )
            for figure in EVENTS.values()
        }
        self._tidied = core.clock.monotonic()
        self._look_at = self._tidied

    async def run(self) -> None:
        """Catch up with the feed every 10 s, until cancelled."""
        clock = self.core.clock
        while True:
            due = clock.monotonic() + EVERY_S
            try:
                await self.round()
            except DatabaseLost as lost:
                _log.warning("the database does not answer, adding up waits", error=str(lost))
            await clock.sleep_until(due)

    async def round(self) -> None:
        """Add up all there is, where this is the process that does it."""
        core = self.core
        if any(node.id < core.node_id for node in await core.database.read(node_store.others, core.node_id)):
            return
        for figure, messages in (await catch_up(core)).items():
            self._happened[figure].add(messages)
        await self._look(core.clock.monotonic())
        if core.clock.monotonic() - self._tidied >= TIDY_EVERY_S:
            self._tidied = core.clock.monotonic()
            await forget_old(core)

    async def _look(self, now: float) -> None:
        """Look for the busiest devices, less often where that takes long."""
        if now >= self._look_at:
            await look_for_busiest(self.core)
            took = self.core.clock.monotonic() - now
            self._look_at = now + max(BUSIEST_EVERY_S, BUSIEST_PAUSE * took)


async def catch_up(core: Core) -> Counter[str]:
    """Add up what had happened by now, organisation by organisation; how often each figure was. What happens meanwhile waits for the next
    time: a busy feed always has more."""
    added: Counter[str] = Counter()
    for behind in await core.database.read(store.behind):
        for after in range(behind.number, behind.last_number, STEP):
            up_to = min(after + STEP, behind.last_number)
            sums = await core.database.read(_sums, behind.organisation_id, after, up_to)
            if not await core.database.write(store.add, behind.organisation_id, after, up_to, sums):
                break  # another process was there
            for (_, figure, _), messages in sums.hours.items():
                added[figure] += messages
    return added


async def look_for_busiest(core: Core) -> None:
    """Keep the busiest devices of today, and of yesterday until it is over for an hour."""
    now_ms = core.clock.now_ms()
    for organisation_id in await core.database.read(store.organisations):
        for at_ms in {now_ms // DAY_MS * DAY_MS, (now_ms - HOUR_MS) // DAY_MS * DAY_MS}:
            found = await _busiest_on(core, organisation_id, usage.day_of(at_ms))
            await core.database.write(store.put_busiest, organisation_id, at_ms // DAY_MS, found)


async def _busiest_on(core: Core, organisation_id: int, period: str) -> list[tuple[int, int, int]]:
    found: list[tuple[int, int, int]] = []
    after: int | None = 0
    while after is not None:
        some, after = await core.database.read(store.busiest_on, organisation_id, period, after, DEVICES_AT_ONCE, BUSIEST_KEPT)
        found = nlargest(BUSIEST_KEPT, found + some, key=lambda each: (each[1] + each[2], -each[0]))
    return found


async def forget_old(core: Core) -> None:
    """Delete what no range shows any more: devices after 62 days, hours after 400."""
    hour = core.clock.now_ms() // HOUR_MS
    old = partial(store.delete_old, before_hour=hour - HOURS_KEPT, before_day=hour // HOURS_A_DAY - DAYS_KEPT, most=SLICE)
    for organisation_id in await core.database.read(store.organisations):
        while await core.database.write(old, organisation_id):
            continue


def _sums(tx: Transaction, organisation_id: int, after: int, up_to: int) -> Sums:
    return sums_of(store.happened(tx, organisation_id, after, up_to))


def sums_of(events: Iterable[Happened]) -> Sums:
    """What events add up to."""
    hours: Counter[tuple[int, str, str]] = Counter()
    delays: Counter[tuple[int, int]] = Counter()
    for event in events:
        figure = EVENTS[event.type]
        hours[event.hour, figure, event.reason] += event.messages
        if figure == "delivered":
            delays[event.hour, bucket_of(event.delay_ms)] += event.messages
    return Sums(hours, delays)
