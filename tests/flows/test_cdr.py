"""Files of usage: each counted segment of a final message is in the file of its day, once, whatever happens to the process meanwhile."""

import asyncio
import csv
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from heliograph.model.message import State
from heliograph.service import cdr
from heliograph.service.cancel import cancel
from heliograph.store import node as node_store
from heliograph.store.node import NodeRow
from tests.flows.world import World
from tests.manual_clock import EPOCH_MS, TestClock

NUMBER, OTHER = "423663920000001", "423663920000002"
FIRST_DAY = datetime.fromtimestamp(EPOCH_MS / 1000, UTC).date()
DEADLINE_S = 30


async def to_midnight(world: World, days: int = 1) -> None:
    """Go to ten minutes after the midnight that is `days` ahead, and let everybody look."""
    following = datetime.fromtimestamp(world.clock.now_ms() / 1000, UTC).date() + timedelta(days=days)
    await go_to(world, following)


async def go_to(world: World, day: date, minutes: int = 10) -> None:
    moment = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(minutes=minutes)
    world.clock.set_wall_clock(round(moment.timestamp() * 1000))
    await world.clock.advance(cdr.ROUND_S)


async def written(folder: Path, day: date) -> list[dict[str, str]]:
    """The lines of a file, once it is there."""
    path = folder / "cdr" / f"cdr-{day.isoformat()}.csv"
    async with asyncio.timeout(DEADLINE_S):
        while not path.exists():
            await asyncio.sleep(0.01)
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


async def done(world: World, day: date) -> None:
    """Wait until a day's file is noted as written."""
    async with asyncio.timeout(DEADLINE_S):
        while str(await world.database.read(cdr.store.next_day)) <= day.isoformat():
            await asyncio.sleep(0.01)


async def test_each_segment_that_was_counted_has_a_line(tmp_path: Path) -> None:
    async with World(tmp_path) as world:
        device, other = await world.add_device(NUMBER), await world.add_device(OTHER)
        long = await world.send(device, "x" * 200)
        await world.simulator.originate(NUMBER, "1000", b"hello", b"", 4)
        await world.simulator.originate(NUMBER, OTHER, b"hello", b"", 4)
        await world.clock.advance(1)
        assert await world.state(device, long) is State.DELIVERED
        await to_midnight(world)
        lines = await written(tmp_path, FIRST_DAY)
        told = sorted((int(line["device_id"]), line["direction"], line["class"], line["segment"], line["segments"]) for line in lines)
        assert told == [
            (device, "MO", "a2p_mo", "1", "1"),
            (device, "MO", "p2p_internal", "1", "1"),
            (device, "MT", "a2p_mt", "1", "2"),
            (device, "MT", "a2p_mt", "2", "2"),
            (other, "MT", "p2p_internal", "1", "1"),
        ]
        first = next(line for line in lines if line["class"] == "a2p_mt")
        assert first["time"].startswith(f"{FIRST_DAY.isoformat()}T08:00:")
        assert first["time"].endswith("Z")
        assert (first["organisation_id"], first["iccid"], first["link"], first["state"], first["message_id"]) == (
            str(world.actor.organisation_id), f"89{NUMBER:0>17}", "Simulator", "DELIVERED", str(long),
        )  # fmt: skip
        assert tuple(first) == cdr.COLUMNS
        assert [path.name for path in (tmp_path / "cdr").iterdir()] == [f"cdr-{FIRST_DAY.isoformat()}.csv"], "no unfinished file is left"


async def test_what_was_not_sent_has_no_line_and_an_empty_day_has_a_header(tmp_path: Path) -> None:
    async with World(tmp_path, behaviours={NUMBER: "absent"}) as world:
        device = await world.add_device(NUMBER)
        await world.send(device, "waits for the device")
        second = await world.send(device, "waits behind it")
        await world.clock.advance(1)
        await cancel(world.core, world.actor, device, second)
        await to_midnight(world)
        assert await written(tmp_path, FIRST_DAY) == []
        assert (tmp_path / "cdr" / f"cdr-{FIRST_DAY.isoformat()}.csv").read_text().strip() == ",".join(cdr.COLUMNS)


async def test_a_message_is_in_the_file_of_the_day_on_which_it_became_final(tmp_path: Path) -> None:
    async with World(tmp_path, behaviours={NUMBER: "absent"}) as world:
        device = await world.add_device(NUMBER)
        sent = await world.send(device, "expires tomorrow", expiry_at_ms=world.clock.now_ms() + 86_400_000)
        await world.clock.advance(1)
        await to_midnight(world)
        assert await written(tmp_path, FIRST_DAY) == []
        await go_to(world, FIRST_DAY + timedelta(days=1), minutes=12 * 60)
        assert await world.state(device, sent) is State.EXPIRED
        await to_midnight(world)
        (line,) = await written(tmp_path, FIRST_DAY + timedelta(days=1))
        assert (line["state"], line["message_id"]) == ("EXPIRED", str(sent))
        assert line["time"].startswith(FIRST_DAY.isoformat())
        assert line["final_time"].startswith((FIRST_DAY + timedelta(days=1)).isoformat())


async def test_days_on_which_nothing_ran_get_their_files_at_the_next_start(tmp_path: Path) -> None:
    async with World(tmp_path) as world:
        device = await world.add_device(NUMBER)
        sent = await world.send(device, "before the pause")
        await world.clock.advance(1)
    clock = TestClock(EPOCH_MS + 3 * 86_400_000)
    async with World(tmp_path, clock=clock) as world:
        assert [line["message_id"] for line in await written(tmp_path, FIRST_DAY)] == [str(sent)]
        assert await written(tmp_path, FIRST_DAY + timedelta(days=1)) == []
        assert await written(tmp_path, FIRST_DAY + timedelta(days=2)) == []
        await done(world, FIRST_DAY + timedelta(days=2))
        assert len(list((tmp_path / "cdr").iterdir())) == 3


async def test_a_restart_does_not_write_a_day_again(tmp_path: Path) -> None:
    async with World(tmp_path) as world:
        await to_midnight(world)
        await written(tmp_path, FIRST_DAY)
        await done(world, FIRST_DAY)
        clock = world.clock
    (file,) = (tmp_path / "cdr").iterdir()
    file.unlink()
    async with World(tmp_path, clock=clock) as world:
        await world.clock.advance(2 * cdr.ROUND_S)
        assert list((tmp_path / "cdr").iterdir()) == []


@pytest.mark.parametrize(("step", "is_done"), [("_append", False), ("_publish", False), ("_publish", True)])
async def test_a_process_that_dies_while_it_writes_leaves_no_half_file_and_the_next_writes_it_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, is_done: bool
) -> None:
    original = getattr(cdr, step)
    stands = asyncio.Event()
    loop = asyncio.get_running_loop()
    async with World(tmp_path) as world:
        device = await world.add_device(NUMBER)
        sent = await world.send(device, "counted")
        await world.clock.advance(1)

        def dies(*arguments: Any) -> None:
            if is_done:
                original(*arguments)
            loop.call_soon_threadsafe(stands.set)
            raise asyncio.CancelledError

        with monkeypatch.context() as patched:
            patched.setattr(cdr, step, dies)
            await to_midnight(world)
            async with asyncio.timeout(DEADLINE_S):
                await stands.wait()
            await world.die()
        seen = [path for path in (tmp_path / "cdr").iterdir() if not path.name.startswith(".")]
        assert len(seen) == int(is_done)
        clock = world.clock
    async with World(tmp_path, clock=clock) as world:
        await done(world, FIRST_DAY)
        assert [line["message_id"] for line in await written(tmp_path, FIRST_DAY)] == [str(sent)]


async def test_a_folder_that_cannot_be_written_is_tried_again(tmp_path: Path) -> None:
    (tmp_path / "cdr").write_text("in the way")
    async with World(tmp_path) as world:
        await to_midnight(world)
        await world.clock.advance(cdr.ROUND_S)
        assert str(await world.database.read(cdr.store.next_day)) == FIRST_DAY.isoformat()
        (tmp_path / "cdr").unlink()
        async with asyncio.timeout(DEADLINE_S):
            while not (tmp_path / "cdr").is_dir():
                await world.clock.advance(cdr.ROUND_S)
        assert await written(tmp_path, FIRST_DAY) == []


async def test_of_two_processes_one_writes_and_the_other_when_it_has_died(
    tmp_path: Path, new_postgres_database: Callable[..., str]
) -> None:
    url = new_postgres_database()
    async with World(tmp_path / "one", url) as one:
        device = await one.add_device(NUMBER)
        sent = await one.send(device, "counted")
        await one.clock.advance(1)
        async with World(tmp_path / "two", url, clock=one.clock) as two:
            await to_midnight(one)
            await done(one, FIRST_DAY)
            files = [path for name in ("one", "two") for path in (tmp_path / name).glob("cdr/*")]
            assert len(files) == 1
            assert str(sent) in files[0].read_text()
            tomorrow = FIRST_DAY + timedelta(days=1)
            assert await two.database.write(cdr.store.claim, one.core.node_id, tomorrow)
            assert not await two.database.write(cdr.store.claim, two.core.node_id, tomorrow), "another that is alive has it"
            await two.database.write(cdr.store.begin, FIRST_DAY)
            await two.database.write(_declare_dead, one.core.node_id)
            assert await two.database.write(cdr.store.claim, two.core.node_id, tomorrow)


def _declare_dead(tx: Any, node_id: int) -> None:
    node_store.stop(tx, NodeRow(node_id, -1, 0), 1, forced=True)
