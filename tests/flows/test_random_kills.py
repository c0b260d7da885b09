"""500 messages under way while the process, or its database, is killed at moments that chance picks; and while it is asked to stop.

All of it runs at the same time, as in `test_fault_points`; each test waits for its own.
"""

import random
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.flows.crash_traffic import Traffic, assert_promises_were_kept
from tests.flows.crash_world import CrashWorld, Hook, prepare
from tests.flows.program import END_S, wait_until
from tests.postgres_server import PostgresServer, postgres_binaries

MESSAGES = 500
TAKEOVER_S = 11.5
"""How long a PostgreSQL installation may leave alone what a dead process had, and half a second of work."""
SEED = 2

Run = Callable[[Path, Hook, PostgresServer], None]
Runs = dict[Run, Future[None]]


class Onslaught:
    """Traffic of 500 messages in a thread, over whatever happens to the process."""

    def __init__(self, world: CrashWorld) -> None:
        self.traffic = Traffic(world, MESSAGES)
        self._thread = threading.Thread(target=self.traffic.go_on, args=(lambda: True,), daemon=True)
        self._thread.start()

    def wait_for(self, messages: int) -> None:
        wait_until(lambda: len(self.traffic.accepted) >= messages, f"{messages} accepted", 60)

    def end(self) -> Traffic:
        self._thread.join(60)
        assert not self._thread.is_alive()
        assert len(self.traffic.accepted) >= MESSAGES
        return self.traffic


def kill_again_and_again(world: CrashWorld, pauses_s: list[float]) -> None:
    """Kill the process under traffic after each pause, let the next one end what was acknowledged, and judge."""
    taken: set[int] = set()
    onslaught: Onslaught | None = None
    for pause_s in pauses_s:
        with world.start() as program:
            onslaught = onslaught or Onslaught(world)
            time.sleep(pause_s)
            program.kill()
        taken |= world.heads_taken()
    with world.start():
        assert onslaught is not None
        traffic = onslaught.end()
        traffic.after_restart()
        world.wait_until_all_is_over()
    assert_promises_were_kept(traffic, taken, len(pauses_s))


def kill_on_sqlite(folder: Path, hook: Hook, _: PostgresServer, times: int = 3) -> None:
    chance = random.Random(SEED)
    with sqlite_world(folder, hook) as world:
        kill_again_and_again(world, [chance.uniform(0.05, 0.6) for _ in range(times)])


def kill_often_on_sqlite(folder: Path, hook: Hook, server: PostgresServer) -> None:
    kill_on_sqlite(folder, hook, server, times=12)


def kill_on_postgres(folder: Path, hook: Hook, server: PostgresServer) -> None:
    chance = random.Random(SEED)
    with CrashWorld(folder, server.new_database(prepare), hook) as world:
        kill_again_and_again(world, [chance.uniform(0.2, 0.6) for _ in range(3)])


def kill_the_successor_on_postgres(folder: Path, hook: Hook, server: PostgresServer) -> None:
    with CrashWorld(folder, server.new_database(prepare), hook) as world:
        kill_again_and_again(world, [0.3, TAKEOVER_S, TAKEOVER_S])


def kill_the_database(folder: Path, hook: Hook, _: PostgresServer) -> None:
    """Three times under one process; what it sends meanwhile it does not send twice."""
    binaries = postgres_binaries()
    assert binaries is not None
    server = PostgresServer(binaries)
    try:
        with CrashWorld(folder, server.new_database(prepare), hook) as world, world.start() as program:
            onslaught = Onslaught(world)
            for messages in (100, 200, 300):
                onslaught.wait_for(messages)
                world.disconnect()
                server.kill()
                time.sleep(0.3)
                server.restart()
                assert program.process.poll() is None
            traffic = onslaught.end()
            traffic.after_restart()
            world.wait_until_all_is_over()
            assert_promises_were_kept(traffic, set(), kills=0)
            code, _ = program.end()
            assert code == 0, program.said
    finally:
        server.stop()


def stop_try(folder: Path, hook: Hook, _: PostgresServer) -> None:
    with sqlite_world(folder, hook, delay_ms=3000, window=1000) as world:
        with world.start_as_try() as program:
            onslaught = Onslaught(world)
            onslaught.wait_for(MESSAGES)
            code, took_s = program.end()
        assert code == 0, program.said
        assert took_s < END_S
        assert len(world.received()) < MESSAGES / 2, "most had not been sent when it stopped"
        assert world.heads_taken() == set()
        world.set_simulator()
        with world.start_as_try():
            traffic = onslaught.end()
            traffic.after_restart()
            world.wait_until_all_is_over()
        assert_promises_were_kept(traffic, set(), kills=0)


def sqlite_world(folder: Path, hook: Hook, **simulator: object) -> CrashWorld:
    url = str(folder / "heliograph.sqlite")
    prepare(url)
    return CrashWorld(folder, url, hook, simulator)


@pytest.fixture(scope="module")
def runs(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, postgres_server: PostgresServer) -> Iterator[Runs]:
    """What all tests that were collected do, under way."""
    wanted = [each.callspec.params["run"] for each in request.session.items if each.path == request.path]  # type: ignore[attr-defined]
    with Hook() as hook, ThreadPoolExecutor(len(wanted)) as pool:
        yield {run: pool.submit(run, tmp_path_factory.mktemp("kills"), hook, postgres_server) for run in wanted}


@pytest.mark.parametrize(
    "run",
    [
        kill_on_sqlite,
        kill_on_postgres,
        kill_the_database,
        stop_try,
        pytest.param(kill_often_on_sqlite, marks=pytest.mark.long),
        pytest.param(kill_the_successor_on_postgres, marks=pytest.mark.long),
    ],
)
def test_nothing_acknowledged_is_lost_untold_or_needlessly_sent_twice(runs: Runs, run: Run) -> None:
    runs[run].result()
