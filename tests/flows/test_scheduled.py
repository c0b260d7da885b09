"""A scheduled SMS in a whole daemon: not before its time, once, whatever happens to the process meanwhile."""

from pathlib import Path

from heliograph.model.message import State
from tests.flows.world import World

HOUR = 3600


async def test_it_goes_when_its_time_has_come_and_holds_up_nothing(tmp_path: Path) -> None:
    async with World(tmp_path) as world:
        device = await world.add_device("423663920000001")
        later = await world.send(device, "later", scheduled_at_ms=world.clock.now_ms() + 20_000)
        at_once = await world.send(device, "now")
        await world.clock.advance(10)
        assert await world.state(device, at_once) is State.DELIVERED
        assert await world.state(device, later) is State.PENDING
        await world.clock.advance(15)
        assert await world.state(device, later) is State.DELIVERED


async def test_it_survives_a_kill_and_a_stop_and_goes_once(tmp_path: Path) -> None:
    async with World(tmp_path) as first:
        device = await first.add_device("423663920000001")
        message_id = await first.send(device, "later", scheduled_at_ms=first.clock.now_ms() + 60_000)
        await first.clock.advance(5)
        await first.die()
    clock = first.clock
    async with World(tmp_path, clock=clock) as second:
        await clock.advance(20)
        assert await second.state(device, message_id) is State.PENDING
    async with World(tmp_path, clock=clock) as third:
        await clock.advance(60)
        found = await third.view(device, message_id)
        assert (State(found.state), found.attempts) == (State.DELIVERED, 1)
