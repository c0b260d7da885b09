"""Several processes of one installation on one PostgreSQL, and what ends a process that is not healthy."""

import asyncio
import signal
import sqlite3
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from heliograph.daemon import demo
from heliograph.model.message import State
from heliograph.store.database import Database, engine_of
from heliograph.store.migrate import SchemaTooNew
from tests.core_world import statement
from tests.flows.program import Api, Program, try_arguments, wait_until
from tests.flows.world import World

LATER = statement("INSERT INTO schema_version (version, name, applied_at_ms) VALUES (9999, 'of a later release', 0)")
CREDENTIALS = demo.Credentials("hgt_for-this-test-only", "not used")


async def seed(url: str) -> list[demo.DemoDevice]:
    database = Database(engine_of(url))
    await database.open()
    try:
        return (await database.write(demo.ensure, CREDENTIALS, demo.Hashes("no hash", "no hash"), 1))[0]
    finally:
        await database.close()


def owner_of_the_link(url: str) -> int:
    """The process id in the name of the node that owns the link, once one does."""
    with psycopg.connect(url, autocommit=True) as connection:

        def found() -> list[tuple[str]]:
            return connection.execute("SELECT node.name FROM link_lease JOIN node ON node.id = link_lease.node_id").fetchall()

        wait_until(lambda: len(found()) == 1, "an owner of the link")
        ((name,),) = found()
    return int(name.rpartition("/")[2])


def test_another_process_delivers_when_the_owner_of_the_link_is_killed(tmp_path: Path, new_postgres_database: Callable[..., str]) -> None:
    url = new_postgres_database()
    devices = [each.id for each in asyncio.run(seed(url)) if each.behaviour == "delivers"]
    file = tmp_path / "heliograph.toml"
    file.write_text(f'database = "{url}"\ndata_dir = "{tmp_path}"\nstop_grace_s = 2\n[http]\nlisten = "127.0.0.1:0"\n')
    serve = ("serve", "--config", str(file))
    with Program(*serve, wait_for_line=False) as first, Program(*serve, wait_for_line=False) as second:
        bases = {program.process.pid: program.wait_until_ready() for program in (first, second)}
        owner = owner_of_the_link(url)
        (other,) = bases.keys() - {owner}
        with Api(f"{bases[other]}/api", CREDENTIALS.application_token) as api:
            for number in range(10):
                device = devices[number % len(devices)]
                api.wait_for(device, api.send(device, f"by the other process, {number}"), "DELIVERED", within_s=8)
            (first if first.process.pid == owner else second).kill()
            sent = [(devices[number % len(devices)], api.send(devices[number % len(devices)], f"orphan {number}")) for number in range(10)]
            for device, message in sent:
                api.wait_for(device, message, "DELIVERED", within_s=45)
        assert owner_of_the_link(url) == other
        code, _ = (second if first.process.pid == owner else first).end(signal.SIGTERM)
        assert code == 0


def test_a_process_that_was_declared_dead_ends_loudly(tmp_path: Path) -> None:
    with Program(*try_arguments(tmp_path)) as program:
        with sqlite3.connect(tmp_path / "heliograph.sqlite") as database:
            database.execute("UPDATE node SET stopped_at_ms = 1")
        database.close()
        assert program.wait() == 1
        assert "took this one for dead" in program.said
        assert "Traceback" in program.said


async def test_a_daemon_whose_database_a_later_release_has_changed_sends_what_is_on_its_way_and_ends(tmp_path: Path) -> None:
    world = World(tmp_path, delay_ms=1000)
    async with world:
        device_id = await world.add_device("423663920000001")
        message_id = await world.send(device_id, "on its way")
        await world.clock.advance(0.1)
        await world.database.write(lambda tx: tx.run(LATER))
        await world.clock.advance_until(world._running.done, "the end of the daemon")
        with pytest.raises(SchemaTooNew, match=r"has schema 9999, this release knows \d+: use the release that wrote it, or a later one"):
            await world._running
    with sqlite3.connect(tmp_path / "heliograph.sqlite") as database:
        assert database.execute("SELECT state FROM message WHERE id = ?", [message_id]).fetchall() == [(State.DELIVERED,)]
        assert database.execute("SELECT count(*) FROM node WHERE stopped_at_ms IS NULL").fetchall() == [(0,)]
    database.close()


async def test_an_error_that_no_task_awaits_ends_the_daemon(tmp_path: Path) -> None:
    world = World(tmp_path)
    async with world:
        world.daemon.crash(ValueError("in a callback"))
        with pytest.raises(ExceptionGroup) as raised:
            await world._running
    assert raised.group_contains(ValueError, match="in a callback")


def test_without_a_directory_the_demo_world_leaves_nothing_behind(tmp_path: Path) -> None:
    with Program(*try_arguments(), environ={"TMPDIR": str(tmp_path)}) as program:
        assert list(tmp_path.glob("heliograph-*/heliograph.sqlite"))
        program.end()
    assert list(tmp_path.iterdir()) == []
