"""A stop is a phase: nothing is lost by it, nothing is sent twice because of it, and it takes no longer than it must."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from heliograph.daemon.composition import OVERDUE_S
from heliograph.model.message import State
from tests.flows.world import World

NUMBER = "423663920000001"


async def test_what_is_under_way_is_answered_before_the_end(tmp_path: Path) -> None:
    async with World(tmp_path, delay_ms=3000) as world:
        device = await world.add_device(NUMBER)
        sent = await world.send(device, "Hello")
        await world.clock.advance(0.1)
    assert world.clock.monotonic() < 5
    async with World(tmp_path) as world:
        assert await world.state(device, sent) is State.DELIVERED
        assert world.simulator.record.total == 0


async def test_what_the_network_does_not_answer_is_tried_again_after_the_next_start(tmp_path: Path) -> None:
    async with World(tmp_path, delay_ms=3_600_000) as world:
        device = await world.add_device(NUMBER)
        sent = await world.send(device, "Hello")
        await world.clock.advance(0.1)
    assert world.clock.monotonic() <= world.config.stop_grace_s + 1
    async with World(tmp_path) as world:
        await world.set_simulator()
        await world.clock.advance(60)
        assert await world.state(device, sent) is State.DELIVERED


async def test_what_was_not_sent_is_given_back_and_sent_once_by_the_next(tmp_path: Path) -> None:
    async with World(tmp_path, delay_ms=1000, window=2) as world:
        devices = [await world.add_device(f"4236639200000{number:02}") for number in range(20)]
        sent = [await world.send(device, "Hello") for device in devices]
        await world.clock.advance(0.1)
    assert world.clock.monotonic() < 5
    async with World(tmp_path) as world:
        await world.clock.advance(60)
        assert {await world.state(device, each) for device, each in zip(devices, sent, strict=True)} == {State.DELIVERED}
        assert world.simulator.record.total == 20 - 2
        assert world.simulator.record.duplicates == 0


async def test_a_killed_process_leaves_nothing_behind_that_waits_for_it(tmp_path: Path) -> None:
    async with World(tmp_path, delay_ms=1000) as world:
        device = await world.add_device(NUMBER)
        sent = [await world.send(device, f"Text {number}") for number in range(5)]
        await world.clock.advance(1.5)
        await world.die()
    async with World(tmp_path) as world:
        await world.clock.advance(10)
        assert {await world.state(device, each) for each in sent} == {State.DELIVERED}


async def test_a_device_that_was_absent_when_the_process_died_gets_its_message(tmp_path: Path) -> None:
    behaviours = {NUMBER: "absent-then-delivers"}
    async with World(tmp_path, behaviours=behaviours) as world:
        device = await world.add_device(NUMBER)
        sent = await world.send(device, "Hello")
        await world.clock.advance(1)
        assert await world.state(device, sent) is State.BUFFERED
        await world.die()
    async with World(tmp_path) as world:
        await world.clock.advance(60)
        assert await world.state(device, sent) is State.DELIVERED


async def test_a_long_message_half_given_to_the_link_does_not_hold_the_stop(tmp_path: Path) -> None:
    async with World(tmp_path, delay_ms=500, window=1) as world:
        device = await world.add_device("423663920000001")
        await world.send(device, "x" * 600)
        await world.clock.advance(0.1)
    assert world.clock.monotonic() < 5


async def test_a_stop_has_its_grace_and_the_close_after_it_so_many_seconds(tmp_path: Path) -> None:
    async with World(tmp_path) as world:
        assert world.ends_within == []
    assert world.ends_within == [world.config.stop_grace_s + OVERDUE_S, OVERDUE_S]


async def test_a_process_that_fails_has_them_too(tmp_path: Path) -> None:
    async with World(tmp_path) as world:
        world.daemon.crash(ZeroDivisionError("a bug"))
        with pytest.raises(ExceptionGroup):
            await asyncio.wait_for(world._running, 60)
    assert world.ends_within == [OVERDUE_S]


def test_a_process_that_waits_for_ever_ends_and_says_where_it_waited() -> None:
    stuck = (
        "import threading\nfrom heliograph.daemon.process import end_within\nend_within(0.5)\n"
        "def never(): threading.Event().wait()\n"
        "threading.Thread(target=never).start()\n"
    )
    ran = subprocess.run([sys.executable, "-c", stuck], capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 1
    assert "in never" in ran.stderr
