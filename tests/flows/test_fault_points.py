"""Killed between any two steps and started again: what was acknowledged ends, is told, and comes twice only if it was on its way.

All crashes of the module run at the same time, each with an installation of its own, since a PostgreSQL installation waits 10 s for the
lease of the dead; each test waits for its own.
"""

import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from heliograph.service import fault
from tests.flows.crash_traffic import ExpiringTraffic, Traffic, assert_promises_were_kept
from tests.flows.crash_world import CrashWorld, Hook, prepare
from tests.postgres_server import PostgresServer


@dataclass(frozen=True)
class Case:
    """At which passage of its point the process dies: late enough that much is under way. `engines`: those of every run; a
    long one takes both."""

    passage: int
    engines: tuple[str, ...] = ("sqlite", "postgres")
    traffic: type[Traffic] = Traffic
    simulator: MappingProxyType[str, Any] = field(default_factory=lambda: MappingProxyType({}))


SQLITE, POSTGRES = ("sqlite",), ("postgres",)
STORED = MappingProxyType({"delivery": "stored"})
CASES = {
    "submit.before_commit": Case(20, SQLITE),
    "submit.after_commit": Case(50, SQLITE),
    "dispatch.before_send": Case(50, SQLITE),
    "dispatch.after_send": Case(50),
    "settle.before_commit": Case(20, POSTGRES),
    "settle.after_commit": Case(50, SQLITE),
    "receive.before_commit": Case(5, POSTGRES),
    "receive.after_commit": Case(10, SQLITE),
    "receipt.before_commit": Case(10, POSTGRES, simulator=STORED),
    "receipt.after_commit": Case(30, SQLITE, simulator=STORED),
    "notify.before_deliver": Case(50, SQLITE),
    "notify.after_deliver": Case(50, POSTGRES),
    "notify.before_commit": Case(15, POSTGRES),
    "notify.after_commit": Case(50, SQLITE),
    "take.before_commit": Case(5, POSTGRES),
    "take.after_commit": Case(12, SQLITE),
    "cancel.before_commit": Case(1, SQLITE),
    "expire.before_commit": Case(1, POSTGRES, ExpiringTraffic),
}
AT_ONCE = {"sqlite": 3, "postgres": len(CASES)}


@dataclass
class Crash:
    """A crash that was survived, to be judged. `taken`: the messages that were on their way."""

    traffic: Traffic
    taken: set[int]
    recovered_in_s: float


def crash(world: CrashWorld, point: str, case: Case) -> Crash:
    """Kill the installation under traffic, start it again, and wait until nothing is open."""
    traffic = case.traffic(world)
    with world.start(fault=f"{point}:{case.passage}") as program:
        traffic.until_dead(program)
    taken = world.heads_taken()
    began = time.monotonic()
    with world.start() as program:
        traffic.after_restart()
        world.wait_until_all_is_over()
        took_s = time.monotonic() - began
        code, _ = program.end()
        assert code == 0, program.said
        assert "Traceback" not in program.said
    return Crash(traffic, taken, took_s)


Crashes = dict[tuple[str, str], Future[Crash]]


@pytest.fixture(scope="module")
def crashes(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, postgres_server: PostgresServer) -> Iterator[Crashes]:
    """The crashes of all tests that were collected, under way."""
    items = [each for each in request.session.items if each.path == request.path]
    wanted = [each.callspec.params for each in items if "crashes" in each.fixturenames]  # type: ignore[attr-defined]
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
            case = CASES[point]
            with CrashWorld(folder, url, hook, dict(case.simulator)) as world:
                survived = crash(world, point, case)
                assert_promises_were_kept(survived.traffic, survived.taken)
                return survived

        yield {(each["engine"], each["point"]): pools[each["engine"]].submit(run, **each) for each in wanted}
        for pool in pools.values():
            pool.shutdown(cancel_futures=True)


@pytest.mark.parametrize(
    ("engine", "point"),
    [
        pytest.param(engine, point, marks=() if engine in case.engines else pytest.mark.long)
        for point, case in CASES.items()
        for engine in AT_ONCE
    ],
)
def test_what_was_acknowledged_ends_is_told_and_comes_twice_only_if_it_was_on_its_way(crashes: Crashes, engine: str, point: str) -> None:
    survived = crashes[engine, point].result()
    assert survived.traffic.accepted


def test_every_point_has_a_case() -> None:
    assert CASES.keys() == fault.POINTS
