"""Lists of what waits are gathered from where it stands, on both engines: the same messages as a walk past all of them finds."""

import itertools
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.model.link import Accepted, Delivery, ErrorClass, Refused
from heliograph.model.message import State
from heliograph.service import search, waiting
from heliograph.service.search import Wanted
from heliograph.service.waiting import pieces
from heliograph.store.search import Place, Range
from heliograph.store.waiting import Stretch
from tests.core_world import HOUR, Setting, World
from tests.store.engines import OnPostgres, OnSqlite

STATES = waiting.STATES


class Suite:
    @pytest.fixture
    async def world(self, url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
        """Messages of two organisations: delivered, at the network, on their way, behind them, waiting for a retry, and scheduled."""
        for name in ("PIECE", "LANES_AT_ONCE"):
            monkeypatch.setattr(waiting, name, 2)
        async with World(url, Setting(devices=6, organisations=2, delivery=Delivery.STORED)) as world:
            world.link.otherwise = Accepted()
            await world.submit(1, "over at once")
            for number in range(6):
                world.link.otherwise = Accepted(f"ref{number}", receipt_owed=True)
                await world.submit(1 + number, "at the network")
            world.link.otherwise = Refused(ErrorClass.DEVICE_ABSENT, "absent")
            for text in ("tried", "behind it", "and behind that"):
                await world.submit(1, text)
            world.link.otherwise = None
            for device, text in itertools.product((2, 3, 3, 5), ("on its way", "behind it")):
                await world.submit(device, text)
            for hours in (1, 2, 3):
                await world.submit(3, "scheduled", scheduled_at_ms=world.now_ms + hours * HOUR * 1000)
            yield world

    async def test_they_are_those_that_a_walk_finds(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        found = 0
        for chosen in itertools.chain(*(itertools.combinations(STATES, count) for count in (1, 2, 3))):
            for wanted in (Wanted(states=chosen), Wanted(states=chosen, text="behind", from_ms=world.now_ms - HOUR * 1000)):
                monkeypatch.setattr(search, "WALKED_FIRST", -1)
                expected = await ids(world, wanted, 1000)
                monkeypatch.setattr(search, "WALKED_FIRST", 0)
                assert await ids(world, wanted, 1000) == expected, chosen
                assert await ids(world, wanted, 2) == expected, chosen
                found += len(expected)
        assert found > 30

    async def test_so_much_that_a_walk_meets_enough_is_not_gathered(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        wanted = Wanted(states=(State.PENDING,))
        expected = await ids(world, wanted, 1000)
        monkeypatch.setattr(waiting, "IN_LANES_MOST", 1)
        monkeypatch.setattr(search, "WALKED_FIRST", 0)
        assert await waiting.gather(world.core, Range(1), STATES, Place(), world.clock.monotonic() + 1) is None
        assert await ids(world, wanted, 1000) == expected

    async def test_it_ends_when_its_time_is_up(self, world: World) -> None:
        assert await waiting.gather(world.core, Range(1), STATES, Place(), world.clock.monotonic()) is None


class TestOnSqlite(OnSqlite, Suite):
    pass


class TestOnPostgres(OnPostgres, Suite):
    pass


async def ids(world: World, wanted: Wanted, most: int) -> list[int]:
    """All messages of a list, in pages of `most`."""
    found: list[int] = []
    place: Place | None = Place()
    while place is not None:
        page = await search.search(world.core, world.actor(1), wanted, place, most)
        assert page.is_complete
        found += [each.id for each in page.items]
        place = page.following
    return found


@given(st.lists(st.tuples(st.integers(1, 50), st.integers(0, 12))), st.integers(1, 10))
def test_pieces_hold_each_place_once_and_as_many_as_they_may(lanes: list[tuple[int, int]], size: int) -> None:
    stretches = [Stretch(lane_id, begin, begin + length) for lane_id, (begin, length) in enumerate(lanes)]
    found = list(pieces(stretches, size))
    assert [place for piece in found for place in places(piece)] == places(stretches)
    assert all(len(places(piece)) == size for piece in found[:-1])
    assert all(1 <= len(places(piece)) <= size for piece in found)


def places(stretches: list[Stretch]) -> list[tuple[int, int]]:
    return [(each.lane_id, number) for each in stretches for number in range(each.from_seq, each.before_seq)]
