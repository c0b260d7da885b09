"""Which link a route takes while links come and go (service/routing)."""

import pytest

from heliograph.service.routing import FAILOVER_AFTER_MS, Choice, choices
from heliograph.store.route import LinkState, Route

NOW = 1_000_000_000
LONG_AGO = NOW - FAILOVER_AFTER_MS
JUST_NOW = LONG_AGO + 1


def link(link_id: int, state: str, changed_at_ms: int = LONG_AGO, *, is_on: bool = True) -> LinkState:
    return LinkState(link_id, None if is_on else LONG_AGO, state, changed_at_ms)


def route(*links: int, takes: int) -> Route:
    return Route(7, 10, "all", "", str(list(links)), takes)


@pytest.mark.parametrize(
    ("states", "takes", "wanted"),
    [
        ([link(1, "up"), link(2, "up")], 1, None),
        ([link(1, "down", JUST_NOW), link(2, "up")], 1, None),
        ([link(1, "down"), link(2, "up")], 1, 2),
        ([link(1, "fault"), link(2, "up")], 1, 2),
        ([link(1, "stopped", is_on=False), link(2, "up")], 1, 2),
        ([link(1, "up", JUST_NOW), link(2, "up")], 2, 1),
        ([link(1, "down"), link(2, "down")], 2, None),
        ([link(1, "down"), link(2, "down", JUST_NOW)], 1, 2),
        ([link(2, "up")], 1, 2),
    ],
)
def test_the_first_link_that_works_is_taken(states: list[LinkState], takes: int, wanted: int | None) -> None:
    found = choices([route(1, 2, takes=takes)], states, NOW)
    assert found == ([] if wanted is None else [Choice(7, wanted)])
