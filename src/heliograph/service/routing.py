"""Routes while links come and go: of a route's links the first that works is taken, and what waits follows it.

A link works while it is switched on and up, and for a while after it went down: most come back by themselves, and messages that moved
may overtake those that stayed. What is on its way ends where it is.
"""

from typing import Final

import msgspec

from heliograph.service.core import Core
from heliograph.store import route as store
from heliograph.store.route import LinkState, Route
from heliograph.store.transaction import Transaction

FAILOVER_AFTER_MS: Final = 30_000


class Choice(msgspec.Struct, frozen=True):
    """A route, and the link that it is to take."""

    route_id: int
    link_id: int


async def fail_over(core: Core) -> None:
    """Have every route take the first of its links that works."""
    changes = await core.database.read(_changes, core.clock.now_ms())
    if changes:
        await core.database.write(take_working, core.clock.now_ms())


def take_working(tx: Transaction, now_ms: int) -> None:
    """The same within a transaction that changes routes; what waits goes where they lead now."""
    for choice in choices(store.every(tx), store.states(tx), now_ms):
        store.choose(tx, choice.route_id, choice.link_id)
    store.reassign(tx)


def choices(routes: list[Route], states: list[LinkState], now_ms: int) -> list[Choice]:
    """The routes that are to take another link than they do. One whose links are all down stays where it is."""
    working = {each.id for each in states if works(each, now_ms)}
    wanted = [(route, next((link_id for link_id in route.links if link_id in working), route.link_id)) for route in routes]
    return [Choice(route.id, link_id) for route, link_id in wanted if link_id != route.link_id]


def works(link: LinkState, now_ms: int) -> bool:
    """Whether messages are to go by it."""
    return link.disabled_at_ms is None and (link.state == "up" or now_ms - link.changed_at_ms < FAILOVER_AFTER_MS)


def _changes(tx: Transaction, now_ms: int) -> list[Choice]:
    routes = store.every(tx)
    return choices(routes, store.states(tx), now_ms) if any(len(route.links) > 1 for route in routes) else []
