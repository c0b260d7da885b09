"""Links run, fail, change and change hands: one process or two on one database, time moved by hand."""

import asyncio
import json
from pathlib import Path

import pytest

from heliograph.links.owned import OwnedLink
from heliograph.model.message import State
from heliograph.service import dispatch, lease
from heliograph.store import link as link_store
from heliograph.store.link import LinkRow
from heliograph.store.query import Query
from tests.flows.world import World
from tests.manual_clock import TestClock

NUMBER = "423663920000001"
DISABLE = Query("test.disable", "UPDATE link SET disabled_at_ms = :now")


async def lease_of(world: World) -> LinkRow:
    (row,) = await lease.links(world.core)
    return row


def failures(world: World) -> float:
    return world.metrics.counter("link_failures", "Crashes of links; each was started again.", link="Simulator").value


async def test_a_link_without_an_owner_is_up_at_once(tmp_path: Path) -> None:
    async with World(tmp_path) as world:
        row = await lease_of(world)
        assert (row.state, row.node_id, row.epoch) == ("up", world.core.node_id, 1)
        assert 'heliograph_link_up{link="Simulator"} 1.0' in world.metrics.exposition().decode()


async def test_a_message_reaches_its_device(tmp_path: Path) -> None:
    async with World(tmp_path) as world:
        device = await world.add_device(NUMBER)
        message = await world.send(device, "Hello")
        await world.clock.advance(1)
        assert await world.state(device, message) is State.DELIVERED
        assert world.simulator.record.total == 1


async def test_the_owner_beats_every_two_seconds(tmp_path: Path) -> None:
    async with World(tmp_path) as world:
        first = (await lease_of(world)).beat
        await world.clock.advance(10)
        assert (await lease_of(world)).beat - first == 5


async def test_a_stop_releases_the_lease_and_the_next_start_owns_it_at_once(tmp_path: Path) -> None:
    async with World(tmp_path) as world:
        await world.clock.advance(1)
    assert world.clock.monotonic() < 3
    async with World(tmp_path) as world:
        row = await lease_of(world)
        assert (row.state, row.epoch) == ("up", 2)


async def test_a_lost_connection_is_shown_and_comes_back(tmp_path: Path) -> None:
    async with World(tmp_path) as world:
        world.simulator.lose_connection("the cable is cut", for_s=5)
        await world.clock.advance(1)
        row = await lease_of(world)
        assert (row.state, row.reason) == ("down", "the cable is cut")
        await world.clock.advance(5)
        assert (await lease_of(world)).state == "up"


def told(world: World) -> list[tuple[str, str | None]]:
    """The events of the operator's feed, with the reason of each."""
    session = world.database.engine.connect(read_only=True)
    rows = session.run(Query("test.told", "SELECT type, detail FROM event WHERE organisation_id = 0 ORDER BY number"), {})
    session.close()
    details = [json.loads(detail) for _, detail in rows]
    assert {detail["link"]["name"] for detail in details} == {"Simulator"}
    return [(kind, detail["reason"]) for (kind, _), detail in zip(rows, details, strict=True)]


async def test_the_operator_is_told_what_becomes_of_a_link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with World(tmp_path) as world:
        assert told(world) == [("link.up", None)]
        world.simulator.lose_connection("the cable is cut", for_s=5)
        await world.clock.advance(7)
        assert told(world)[1:] == [("link.down", "the cable is cut"), ("link.up", None)]
        with monkeypatch.context() as broken:
            broken.setattr(OwnedLink, "reachable", _fail)
            world.simulator.attach(NUMBER)
            await world.clock.settle()
        await world.clock.advance(5)
        fault, up = told(world)[3:]
        assert (fault[0], up) == ("link.fault", ("link.up", None))
        assert "no disk" in str(fault[1])
    async with World(tmp_path) as world:
        assert told(world)[5:] == [("link.up", None)], "a stop is what somebody asked for"
        await world.die()
    async with World(tmp_path) as world:
        assert told(world)[6:] == [("link.down", "its process ended"), ("link.up", None)]


async def test_a_link_that_fails_starts_again_after_a_growing_pause_and_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with World(tmp_path, delay_ms=500) as world:
        device = await world.add_device(NUMBER)
        message = await world.send(device, "Hello")
        await world.clock.advance(0.1)
        monkeypatch.setattr(OwnedLink, "reachable", _fail)
        world.simulator.attach(NUMBER)
        await world.clock.settle()
        row = await lease_of(world)
        assert (row.state, row.node_id) == ("fault", None)
        assert row.reason is not None
        assert "no disk" in row.reason
        assert world.core.simulators == {}
        await world.clock.advance(5)
        row = await lease_of(world)
        assert (row.state, row.epoch) == ("up", 2)
        assert await world.state(device, message) is State.DELIVERED
        assert failures(world) == 1
        began = world.clock.monotonic()
        world.simulator.attach(NUMBER)
        await world.clock.advance(1.5)
        assert (await lease_of(world)).state == "fault"
        await world.clock.advance(2.5)
        assert (await lease_of(world)).state == "up"
        assert world.clock.monotonic() - began == 4


@pytest.mark.parametrize("step", ["cut", "Flight"])
async def test_a_bug_in_a_queue_ends_its_link_which_starts_again_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    escaped: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: escaped.append(context))
    async with World(tmp_path) as world:
        await world.database.write(link_store.insert, "Other", "simulator", "{}", world.clock.now_ms())
        await world.clock.advance(2)
        device = await world.add_device(NUMBER)
        with monkeypatch.context() as broken:
            broken.setattr(dispatch, step, lambda *_: int("bug"))
            message = await world.send(device, "Hello")
            await world.clock.settle()
            states = {row.name: (row.state, row.epoch) for row in await lease.links(world.core)}
            assert states == {"Simulator": ("fault", 1), "Other": ("up", 1)}
            assert failures(world) == 1
        await world.clock.advance(5)
        assert await world.state(device, message) is State.DELIVERED
        assert escaped == []


async def _fail(self: OwnedLink, number: str) -> None:
    raise OSError("no disk")


async def test_a_link_of_an_unknown_kind_is_at_fault_and_the_others_run(tmp_path: Path) -> None:
    async with World(tmp_path) as world:
        await world.database.write(link_store.insert, "Pigeon", "carrier-pigeon", "{}", world.clock.now_ms())
        await world.database.write(link_store.insert, "Wrong", "simulator", '{"window":0}', world.clock.now_ms())
        await world.clock.advance(3)
        states = {row.name: (row.state, row.reason) for row in await lease.links(world.core)}
        assert states["Simulator"] == ("up", None)
        assert states["Pigeon"][0] == states["Wrong"][0] == "fault"
        assert "carrier-pigeon" in str(states["Pigeon"][1])
        assert "window" in str(states["Wrong"][1])


async def test_changed_settings_are_taken_over_without_losing_what_is_under_way(tmp_path: Path) -> None:
    async with World(tmp_path, delay_ms=3000) as world:
        device = await world.add_device(NUMBER)
        message = await world.send(device, "Hello")
        await world.clock.advance(0.1)
        await world.set_simulator(window=3)
        await world.clock.advance(2)
        assert await world.state(device, message) is State.PENDING
        await world.clock.advance(5)
        assert await world.state(device, message) is State.DELIVERED
        assert world.simulator.room() == 3
        assert failures(world) == 0


async def test_a_link_that_is_switched_off_ends(tmp_path: Path) -> None:
    async with World(tmp_path) as world:
        await world.database.write(lambda tx: tx.run(DISABLE, now=1))
        await world.clock.advance(2)
        assert world.daemon.supervisor.owned == []


async def test_nothing_is_sent_once_beats_stop_and_sending_goes_on_when_they_come_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with World(tmp_path) as world:
        device = await world.add_device(NUMBER)
        hanging = world.clock.sleep_until
        beat = lease.beat

        async def hang(*_: object) -> bool:
            await hanging(world.clock.monotonic() + 60)
            return True

        monkeypatch.setattr(lease, "beat", hang)
        await world.clock.advance(7.5)
        message = await world.send(device, "Hello")
        await world.clock.advance(5)
        assert await world.state(device, message) is State.PENDING
        assert world.simulator.record.total == 0
        monkeypatch.setattr(lease, "beat", beat)
        await world.clock.advance(60)
        assert await world.state(device, message) is State.DELIVERED


async def test_a_silent_owner_loses_its_link_after_ten_seconds_and_notices(tmp_path: Path, new_postgres_database, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    url = new_postgres_database()
    clock = TestClock()
    async with World(tmp_path / "a", url, clock) as first, World(tmp_path / "b", url, clock) as second:
        device = await first.add_device(NUMBER)
        assert len(first.daemon.supervisor.owned) == 1
        assert second.daemon.supervisor.owned == []
        hang = _Hang(clock, first.core.node_id)
        monkeypatch.setattr(lease, "beat", hang)
        await clock.advance(9)
        assert second.daemon.supervisor.owned == []
        await clock.advance(6)
        assert len(second.daemon.supervisor.owned) == 1
        hang.over.set()
        await clock.advance(3)
        assert first.daemon.supervisor.owned == []
        assert failures(first) == 0
        message = await first.send(device, "Hello")
        await clock.advance(2)
        assert await first.state(device, message) is State.DELIVERED
        assert second.simulator.record.total == 1


class _Hang:
    """Beats of one node that hang until `over`."""

    def __init__(self, clock: TestClock, node_id: int) -> None:
        self.over = asyncio.Event()
        self._beat = lease.beat
        self._clock = clock
        self._node_id = node_id

    async def __call__(self, core, owned) -> bool:  # type: ignore[no-untyped-def]
        if core.node_id == self._node_id:
            await self.over.wait()
        return await self._beat(core, owned)
