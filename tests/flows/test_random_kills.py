"""500 messages under way while the process, or its database, is killed at moments that chance picks; and while it is asked to stop."""

import random
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.flows.crash_traffic import Traffic, assert_promises_were_kept
from tests.flows.crash_world import CrashWorld, Hook, prepare
from tests.flows.program import wait_until
from tests.postgres_server import PostgresServer, postgres_binaries

MESSAGES = 500
TAKEOVER_S = 11.5
"""How long a PostgreSQL installation may leave alone what a dead process had."""


@pytest.fixture(scope="module")
def hook() -> Iterator[Hook]:
    with Hook() as running:
        yield running


class Onslaught:
    """Traffic of 500 messages in a thread, over whatever happens to the process."""

    def __init__(self, world: CrashWorld) -> None:
        self.traffic = Traffic(world, MESSAGES)
        self._thread = threading.Thread(target=self.traffic.go_on, args=(lambda: True,))
        self._thread.start()

    def accepted(self) -> int:
        return len(self.traffic.accepted)

    def end(self) -> Traffic:
        self._thread.join(60)
        assert not self._thread.is_alive()
        return self.traffic


def kill_again_and_again(world: CrashWorld, kills: int, pause_s: Callable[[], float]) -> None:
    """Kill the process under traffic at chance moments, then let it end what was acknowledged, and judge."""
    taken: set[int] = set()
    onslaught: Onslaught | None = None
    for _ in range(kills):
        with world.start() as program:
            onslaught = onslaught or Onslaught(world)
            time.sleep(pause_s())
            program.kill()
        taken |= world.heads_taken()
    with world.start():
        assert onslaught is not None
        traffic = onslaught.end()
        traffic.cancel_the_rest()
        world.wait_until_all_is_over()
    assert len(traffic.accepted) >= MESSAGES
    assert_promises_were_kept(traffic, taken, kills)


def test_random_kills_lose_nothing_on_sqlite(tmp_path: Path, hook: Hook) -> None:
    url = str(tmp_path / "heliograph.sqlite")
    prepare(url)
    chance = random.Random(2)
    kill_again_and_again(CrashWorld(tmp_path, url, hook), 5, lambda: chance.uniform(0.05, 0.6))


def test_random_kills_lose_nothing_on_postgres(tmp_path: Path, hook: Hook, new_postgres_database: Callable[..., str]) -> None:
    pauses = iter([0.3, 0.4, TAKEOVER_S])
    kill_again_and_again(CrashWorld(tmp_path, new_postgres_database(prepare), hook), 3, lambda: next(pauses))


def test_the_process_outlives_its_database(tmp_path: Path, hook: Hook) -> None:
    binaries = postgres_binaries()
    if binaries is None:
        pytest.skip("PostgreSQL is not installed")
    server = PostgresServer(binaries)
    try:
        world = CrashWorld(tmp_path, server.new_database(prepare), hook)
        with world.start() as program:
            onslaught = Onslaught(world)
            for wanted in (100, 200, 300):
                wait_until(lambda wanted=wanted: onslaught.accepted() >= wanted, "traffic")  # type: ignore[misc]
                server.kill()
                time.sleep(0.3)
                server.restart()
            traffic = onslaught.end()
            traffic.cancel_the_rest()
            world.wait_until_all_is_over()
            assert program.process.poll() is None
            assert_promises_were_kept(traffic, set(), kills=0)
            code, _ = program.end()
            assert code == 0, program.said
    finally:
        server.stop()
