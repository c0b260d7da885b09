"""Killed between any two steps and started again: what was acknowledged ends, is told, and comes twice only if it was on its way.

All crashes of the module run at the same time, each with an installation of its own, since a PostgreSQL installation waits 10 s for the
lease of the dead; each test waits for its own.
"""

import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.flows.crash_traffic import Traffic, assert_promises_were_kept
from tests.flows.crash_world import CrashWorld, Hook, prepare
from tests.postgres_server import PostgresServer

PASSAGE = {
    "submit.before_commit": 20,
    "submit.after_commit": 50,
    "dispatch.before_send": 50,
    "dispatch.after_send": 50,
    "settle.before_commit": 20,
    "settle.after_commit": 50,
    "receive.before_commit": 5,
    "receive.after_commit": 10,
    "notify.before_deliver": 50,
    "notify.after_deliver": 50,
    "notify.before_commit": 15,
    "notify.after_commit": 50,
    "take.before_commit": 10,
    "take.after_commit": 12,
    "cancel.before_commit": 1,
    "expire.before_commit": 8,
}
"""At which passage of a point the process dies: late enough that much is under way."""
AT_ONCE = {"sqlite": 2, "postgres": 8}


@dataclass
class Crash:
    """A crash that was survived, to be judged."""

    traffic: Traffic
    taken: set[int]
    recovered_in_s: float


def crash(world: CrashWorld, point: str) -> Crash:
    """Kill the installation under traffic, start it again, and wait until nothing is open."""
    traffic = Traffic(world)
    with world.start(fault=f"{point}:{PASSAGE[point]}") as program:
        traffic.until_dead(program)
    taken = world.heads_taken()
    began = time.monotonic()
    with world.start() as program:
        traffic.cancel_the_rest()
        world.wait_until_all_is_over()
        took_s = time.monotonic() - began
        code, _ = program.end()
        assert code == 0, program.said
        assert "Traceback" not in program.said
    return Crash(traffic, taken, took_s)


@pytest.fixture(scope="module")
def crashes(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, postgres_server: PostgresServer
) -> Iterator[dict[tuple[str, str], Future[Crash]]]:
    """The crashes of all tests that were collected, under way."""
    wanted = [each.callspec.params for each in request.session.items if "crashes" in getattr(each, "fixturenames", ())]  # type: ignore[attr-defined]
    template = tmp_path_factory.mktemp("template") / "heliograph.sqlite"
    prepare(str(template))
    pools = {engine: ThreadPoolExecutor(most) for engine, most in AT_ONCE.items()}
    with Hook() as hook:

        def run(engine: str, point: str) -> Crash:
            folder = tmp_path_factory.mktemp("crash")
            url = str(folder / "heliograph.sqlite")
            if engine == "sqlite":
                Path(url).write_bytes(template.read_bytes())
            else:
                url = postgres_server.new_database(prepare)
            return crash(CrashWorld(folder, url, hook), point)

        yield {(each["engine"], each["point"]): pools[each["engine"]].submit(run, **each) for each in wanted}
        for pool in pools.values():
            pool.shutdown(cancel_futures=True)


@pytest.mark.parametrize("point", sorted(PASSAGE))
@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
def test_what_was_acknowledged_comes_to_its_end(crashes: dict[tuple[str, str], Future[Crash]], engine: str, point: str) -> None:
    survived = crashes[engine, point].result()
    assert_promises_were_kept(survived.traffic, survived.taken)
