"""Passwords are checked one at a time, off the event loop, and only so many wait."""

import asyncio
import threading

import pytest
from argon2 import PasswordHasher

from heliograph.model.problem import Code, Problem
from heliograph.service import password
from heliograph.service.password import Passwords, sha1_hex

CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


def test_the_sha1_is_what_clients_send() -> None:
    assert sha1_hex("pw") == "1a91d62f7ca67399625a4368a6ab5d4a3baa6073"


async def test_a_password_fits_its_own_hash_and_nothing_fits_none() -> None:
    passwords = Passwords(CHEAP)
    kept = passwords.hash(sha1_hex("pw"))
    assert kept.startswith("$argon2id$")
    assert await passwords.verify(kept, sha1_hex("pw").upper())
    assert not await passwords.verify(kept, sha1_hex("other"))
    assert not await passwords.verify(None, sha1_hex("pw"))
    assert not await passwords.verify("no hash at all", sha1_hex("pw"))


async def test_one_is_checked_at_a_time_and_not_on_the_event_loop() -> None:
    passwords = Passwords(CHEAP)
    running, most, threads = 0, 0, set()

    def watched(_kept: str | None, _given: str) -> bool:
        nonlocal running, most
        running, most = running + 1, max(most, running + 1)
        threads.add(threading.get_ident())
        running -= 1
        return True

    passwords._fits = watched  # type: ignore[method-assign]

    async def log_in() -> None:
        async with passwords.turn():
            await passwords.verify(None, "x")

    await asyncio.gather(*(log_in() for _ in range(10)))
    assert most == 1
    assert threading.get_ident() not in threads


async def test_only_so_many_wait_and_the_next_is_told_to_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(password, "MOST_WAITING", 2)
    passwords = Passwords(CHEAP)
    async with passwords.turn():
        waiting = asyncio.ensure_future(anext_turn(passwords))
        await asyncio.sleep(0)
        with pytest.raises(Problem) as refused:
            await anext_turn(passwords)
        assert refused.value.code is Code.TOO_MANY_REQUESTS
    await waiting
    await anext_turn(passwords)


async def anext_turn(passwords: Passwords) -> None:
    async with passwords.turn():
        pass
