"""Who may bind: passwords are checked slowly, remembered when right, and whatever is wrong is answered alike."""

import asyncio
import os
import sys
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from argon2 import PasswordHasher

from heliograph.model import esme
from heliograph.model.esme import EsmeSettings
from heliograph.model.problem import Code, Problem
from heliograph.service import bind
from heliograph.service.bind import (
    REMEMBERED_MS,
    SLOWEST_S,
    WAITING_AT_ONE_ADDRESS,
    Credentials,
    NotTaken,
    begin_session,
    end_sessions,
)
from heliograph.service.smpp_password import ALPHABET, AT_A_TIME, NICER, Checker, hasher, new_password
from heliograph.store import smpp_account as store
from heliograph.store.smpp_account import SmppSession
from tests.core_world import Setting, World
from tests.smpp.wires import until

CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
PASSWORD = "secret08"
WHERE = "192.0.2.7"
SESSION = SmppSession(0, "org_1", 1, "transceiver", 0x34, "192.0.2.7:5000", 0, 0)


class CountingHasher:
    """Argon2 that counts how often, and how often at once, it is asked."""

    def __init__(self) -> None:
        self.checks = 0
        self.at_once = self.most_at_once = 0
        self._lock = threading.Lock()
        self.may_end = threading.Event()
        self.may_end.set()

    def hash(self, password: str) -> str:
        return CHEAP.hash(password)

    def verify(self, password_hash: str, password: str) -> bool:
        with self._lock:
            self.checks += 1
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            threading.Event().wait(0.005)
            self.may_end.wait(20)
            return CHEAP.verify(password_hash, password)
        finally:
            with self._lock:
                self.at_once -= 1


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with World(f"sqlite:{tmp_path / 'db'}", Setting(link=False)) as made:
        await make(made)
        yield made


async def make(world: World, password: str = PASSWORD, **settings: Any) -> None:
    kept = esme.written(esme.changed(EsmeSettings(), settings))
    await world.database.write(store.delete, "org_1")
    await world.database.write(store.insert, "org_1", 1, None, CHEAP.hash(password), kept, world.clock.now_ms())


def credentials(world: World) -> tuple[Credentials, CountingHasher]:
    counting = CountingHasher()
    return Credentials(world.database, world.clock, counting), counting  # type: ignore[arg-type]


async def refused(
    world: World, checks: Credentials, *, system_id: str = "org_1", password: str = PASSWORD, address: str = WHERE
) -> Problem:
    """What a bind is told that must fail, with time passing as it asks for."""
    task = asyncio.ensure_future(checks.account(system_id, password, address))
    await world.clock.advance_until(task.done, "its answer")
    with pytest.raises(Problem) as caught:
        await task
    return caught.value


def test_passwords_have_eight_characters_that_nobody_takes_for_others() -> None:
    made = {new_password() for _ in range(200)}
    assert len(made) == 200
    assert {len(each) for each in made} == {8}
    assert set("".join(made)) <= set(ALPHABET)
    assert not set("lI1O0o") & set(ALPHABET) - {"o"}


async def test_a_right_password_is_checked_once_and_remembered_for_ten_minutes(world: World) -> None:
    checks, counting = credentials(world)
    for _ in range(3):
        assert (await checks.account("org_1", PASSWORD, WHERE)).system_id == "org_1"
    assert counting.checks == 1
    await world.jump(REMEMBERED_MS / 1000 + 1)
    await checks.account("org_1", PASSWORD, WHERE)
    assert counting.checks == 2


async def test_many_that_bind_at_once_with_one_password_cost_one_check(world: World) -> None:
    checks, counting = credentials(world)
    found = await asyncio.gather(*(checks.account("org_1", PASSWORD, WHERE) for _ in range(200)))
    assert len(found) == 200
    assert counting.checks == 1


async def test_passwords_are_checked_two_at_a_time(world: World) -> None:
    checks, counting = credentials(world)
    asked = [asyncio.ensure_future(checks.account(f"org_{number}", f"wrong{number:03}", f"192.0.2.{number}")) for number in range(12)]
    await asyncio.gather(*asked, return_exceptions=True)
    assert {type(each.exception()) for each in asked} == {NotTaken}
    assert counting.most_at_once == AT_A_TIME


async def test_whatever_is_wrong_is_answered_alike(world: World) -> None:
    checks, counting = credentials(world)
    wrong_password = await refused(world, checks, password="nonsense")
    unknown = await refused(world, checks, system_id="org_2")
    malformed = await refused(world, checks, system_id="'; DROP")
    assert counting.checks == 3, "an unknown system_id costs what a known one does"
    await make(world, allowed_addresses=["198.51.100.0/24"])
    elsewhere = await refused(world, checks)
    await world.database.write(store.update, "org_1", "{}", 1)
    disabled = await refused(world, checks)
    assert {(each.code, each.text) for each in (wrong_password, unknown, malformed, elsewhere, disabled)} == {
        (Code.INVALID_CREDENTIALS, wrong_password.text)
    }


async def test_each_failure_makes_the_next_try_wait_longer_by_address_and_by_system_id(world: World) -> None:
    checks, _ = credentials(world)
    delays = []
    for _ in range(7):
        delays.append(checks._failures.delay_s("sorg_1", "a192.0.2.99"))
        await refused(world, checks, password="nonsense")
    assert delays == sorted(delays)
    assert delays[0] == 0
    assert delays[-1] == SLOWEST_S
    assert checks._failures.delay_s("sorg_9", f"a{WHERE}") == SLOWEST_S, "other system ids from that address wait too"
    assert checks._failures.delay_s("sorg_9", "a198.51.100.1") == 0


async def test_a_password_that_was_reset_is_forgotten_at_once(world: World) -> None:
    checks, _ = credentials(world)
    await checks.account("org_1", PASSWORD, WHERE)
    await world.database.write(store.set_password, "org_1", CHEAP.hash("another8"), world.clock.now_ms())
    assert (await refused(world, checks)).code is Code.INVALID_CREDENTIALS


async def test_a_wrong_password_that_comes_again_is_held_back_as_any_and_costs_no_second_check(world: World) -> None:
    checks, counting = credentials(world)
    began = world.clock.monotonic()
    problems = [await refused(world, checks, password="nonsense") for _ in range(6)]
    assert counting.checks == 1
    assert len({each.text for each in problems}) == 1
    assert world.clock.monotonic() - began > 0.25 + 0.5 + 1 + 2 + 4
    await refused(world, checks, system_id="org_2", password="nonsense")
    await refused(world, checks, system_id="org_2", password="nonsense")
    assert counting.checks == 2, "one who does not exist is remembered like one who does"
    await world.jump(REMEMBERED_MS / 1000 + 1)
    await refused(world, checks, password="nonsense")
    assert counting.checks == 3


async def test_a_password_that_was_wrong_and_is_given_out_by_a_reset_is_taken(world: World) -> None:
    checks, _ = credentials(world)
    await refused(world, checks, password="another8")
    await world.database.write(store.set_password, "org_1", CHEAP.hash("another8"), world.clock.now_ms())
    bound = asyncio.ensure_future(checks.account("org_1", "another8", WHERE))
    await world.clock.advance_until(bound.done, "its answer")
    assert (await bound).system_id == "org_1"


async def test_guesses_fill_no_memory_and_push_out_nothing_that_was_right(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bind, "REMEMBERED_MOST", 5)
    checks, counting = credentials(world)
    await checks.account("org_1", PASSWORD, WHERE)
    for number in range(8):
        await refused(world, checks, password=f"wrong{number:03}", address=f"198.51.100.{number}")
    assert len(checks._wrong._found) == 5
    await checks.account("org_1", PASSWORD, WHERE)
    assert counting.checks == 9


@pytest.mark.skipif(sys.platform != "linux", reason="a thread has a priority of its own on Linux alone")
async def test_a_check_gives_way_to_the_event_loop() -> None:
    nice: list[int] = []

    class Noting:
        """Argon2 that notes the priority it runs at."""

        def hash(self, password: str) -> str:
            return CHEAP.hash(password)

        def verify(self, password_hash: str, password: str) -> bool:
            nice.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
            return CHEAP.verify(password_hash, password)

    assert await Checker(Noting()).fits(CHEAP.hash(PASSWORD), PASSWORD)  # type: ignore[arg-type]
    ours = os.getpriority(os.PRIO_PROCESS, 0)
    assert nice == [min(19, ours + NICER)]


async def test_a_hash_takes_one_thread_and_one_that_was_made_otherwise_is_checked_as_it_was_made() -> None:
    assert "m=19456,t=2,p=1$" in hasher().hash(PASSWORD)
    before = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=4).hash(PASSWORD)
    assert await Checker(hasher()).fits(before, PASSWORD)
    assert not await Checker(hasher()).fits(before, "another8")
    assert not await Checker(hasher()).fits("no hash at all", PASSWORD)


async def test_too_many_that_wait_are_told_to_come_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bind, "WAITING_MOST", 1)
    checks, _ = credentials(world)
    first = asyncio.ensure_future(checks.account("org_1", PASSWORD, WHERE))
    await until(lambda: checks._waiting, "that it waits")
    assert (await refused(world, checks, password="another8")).code is Code.TOO_MANY_REQUESTS
    assert (await first).system_id == "org_1"
    assert not checks._waiting


async def test_one_address_that_guesses_leaves_room_for_others(world: World) -> None:
    checks, counting = credentials(world)
    counting.may_end.clear()
    guesses = [asyncio.ensure_future(checks.account(f"org_{number}", "nonsense", WHERE)) for number in range(2, 202)]
    other = asyncio.ensure_future(checks.account("org_1", PASSWORD, "198.51.100.1"))
    await until(lambda: sum(each.done() for each in guesses) == 200 - WAITING_AT_ONE_ADDRESS, "those beyond are refused")
    counting.may_end.set()
    assert (await other).system_id == "org_1"
    await world.clock.advance_until(lambda: all(each.done() for each in guesses), "an answer to each")
    problems = [each.exception() for each in guesses]
    codes = [each.code for each in problems if isinstance(each, Problem)]
    assert codes.count(Code.INVALID_CREDENTIALS) == WAITING_AT_ONE_ADDRESS
    assert codes.count(Code.TOO_MANY_REQUESTS) == 200 - WAITING_AT_ONE_ADDRESS
    assert counting.checks == WAITING_AT_ONE_ADDRESS + 1


async def test_failures_while_one_waits_for_its_turn_slow_it_down(world: World) -> None:
    checks, counting = credentials(world)
    guesses = [asyncio.ensure_future(checks.account(f"org_{number}", "nonsense", WHERE)) for number in range(2, 8)]
    await until(lambda: sum(each.done() for each in guesses) == AT_A_TIME, "the first")
    await asyncio.sleep(0.1)
    assert counting.checks == AT_A_TIME, "no other is checked before its time"
    await world.clock.advance_until(lambda: all(each.done() for each in guesses), "an answer to each")
    assert {type(each.exception()) for each in guesses} == {NotTaken}


async def test_an_account_has_as_many_sessions_as_it_may_in_the_whole_installation(world: World) -> None:
    await make(world, max_binds=2)
    checks, _ = credentials(world)
    account = await checks.account("org_1", PASSWORD, WHERE)
    asked = [
        asyncio.ensure_future(world.database.write(begin_session, account, msgspec.structs.replace(SESSION, node_id=node)))
        for node in range(1, 9)
    ]
    await asyncio.gather(*asked, return_exceptions=True)
    bound = [each.result() for each in asked if each.exception() is None]
    assert len(bound) == 2
    assert {each.exception().code for each in asked if each.exception() is not None} == {Code.NOT_ALLOWED}  # type: ignore[union-attr]
    await world.database.write(end_sessions, [bound[0].session_id])
    await world.database.write(begin_session, account, SESSION)


async def test_no_session_begins_with_an_account_that_was_changed_meanwhile(world: World) -> None:
    checks, _ = credentials(world)
    account = await checks.account("org_1", PASSWORD, WHERE)
    await world.database.write(store.set_password, "org_1", CHEAP.hash("another8"), world.clock.now_ms())
    with pytest.raises(Problem):
        await world.database.write(begin_session, account, SESSION)


@pytest.mark.parametrize(
    ("allowed", "address", "may"),
    [
        ((), "203.0.113.9", True),
        (("203.0.113.0/24",), "203.0.113.9", True),
        (("203.0.113.0/24",), "203.0.114.9", False),
        (("203.0.113.0/24",), "::ffff:203.0.113.9", True),
        (("2001:db8::/32",), "2001:db8::9", True),
        (("2001:db8::/32",), "203.0.113.9", False),
        (("203.0.113.0/24",), "unix", False),
    ],
)
def test_an_account_may_be_used_from_the_networks_it_names(allowed: tuple[str, ...], address: str, may: bool) -> None:
    assert esme.may_bind_from(EsmeSettings(allowed_addresses=allowed), address) is may
