"""How much waits for each link, as metrics: counted from lanes, of which a destination has one however much waits for it, by a reader.

Of several processes the one that came first tells it, as in `rollup`, since a link that runs nowhere has a number too. A look at 200,000
lanes takes a reader some 70 ms; the next one waits a hundred times as long as the last took, so it costs at most a hundredth of one.
"""

from typing import Final

from heliograph import log
from heliograph.metrics import Metrics
from heliograph.service.core import Core
from heliograph.store import link_watch as store
from heliograph.store import node as node_store
from heliograph.store.database import DatabaseLost
from heliograph.store.link_watch import Waiting

EVERY_S: Final = 15.0
PAUSE: Final = 100
NAMES: Final = {
    "link_waiting_messages": "SMS that wait for the link or are on their way to it, 15 s late.",
    "link_waiting_destinations": "Devices, and phones, for which SMS wait for the link, 15 s late.",
}

_log = log.get("link_waiting")


class LinkWaiting:
    """The duty of one process of the installation: of all that live, the one that came first."""

    def __init__(self, core: Core, metrics: Metrics) -> None:
        self._core = core
        self._metrics = metrics
        self._told: set[str] = set()

    async def run(self) -> None:
        """Look every 15 s, or less often where that takes long, until cancelled."""
        clock = self._core.clock
        while True:
            began = clock.monotonic()
            try:
                await self.round()
            except DatabaseLost as lost:
                _log.warning("the database does not answer, what waits for links is told later", error=str(lost))
            took_s = clock.monotonic() - began
            await clock.sleep_until(began + max(EVERY_S, PAUSE * took_s))

    async def round(self) -> None:
        """Tell what waits now, where this is the process that does it; 0 where nothing does, nothing of links that are gone."""
        core = self._core
        is_first = not any(node.id < core.node_id for node in await core.database.read(node_store.others, core.node_id))
        found: dict[str, Waiting] = await core.database.read(store.waiting_for_links) if is_first else {}
        for gone in self._told - found.keys():
            for name in NAMES:
                self._metrics.forget(name, link=gone)
        for link, waiting in found.items():
            for (name, words), value in zip(NAMES.items(), (waiting.messages, waiting.destinations), strict=True):
                self._metrics.gauge(name, words, link=link).set(value)
        self._told = set(found)
