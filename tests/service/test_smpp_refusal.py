"""What was refused over SMPP is written seldom and stays small, however much is refused."""

import pytest

from heliograph.service import smpp_refusal
from heliograph.service.smpp_refusal import AT_ONCE_MOST, EVERY_S, FIRST_S, KEPT_MS, RefusalBook
from heliograph.store import smpp_refusal as store
from heliograph.store.smpp_refusal import KEPT_MOST, SmppRefusal
from tests.core_world import World


async def kept(world: World) -> list[SmppRefusal]:
    return await world.database.read(store.refusals, 0, 10_000)


def guess(book: RefusalBook, address: str, system_id: str = "", detail: str = "org_9") -> None:
    book.note(system_id, "bind", "no_account", address, 0x0D, detail)


async def test_the_first_is_written_within_a_second_and_a_flood_once_in_ten(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    writes = 0
    note = store.note

    def counted(*args: object) -> None:
        nonlocal writes
        writes += 1
        note(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(store, "note", counted)
    book = RefusalBook(world.core)
    world.spawn(book.run())
    guess(book, "192.0.2.1")
    await world.advance(FIRST_S)
    (found,) = await kept(world)
    assert found.count == 1
    for _ in range(100):
        guess(book, "192.0.2.1")
    await world.advance(EVERY_S / 2)
    guess(book, "192.0.2.1")
    await world.advance(EVERY_S + FIRST_S)
    (found,) = await kept(world)
    assert (found.count, found.detail) == (102, "org_9")
    assert writes == 2


async def test_an_account_has_its_latest_few_and_a_flood_over_many_addresses_is_cut(world: World) -> None:
    book = RefusalBook(world.core)
    for third in range(4):
        for last in range(250):
            guess(book, f"198.51.{third}.{last}")
    await book.write()
    assert len(await kept(world)) == KEPT_MOST
    await world.advance(1)
    guess(book, "192.0.2.1")
    await book.write()
    found = await kept(world)
    assert (len(found), found[0].address) == (KEPT_MOST, "192.0.2.1"), "the latest pushes out the oldest"


async def test_no_more_is_written_at_once_than_is_cheap(world: World) -> None:
    book = RefusalBook(world.core)
    for number in range(2 * AT_ONCE_MOST):
        guess(book, "192.0.2.1", system_id=f"pol_{number}")
    await book.write()
    assert len(await kept(world)) == AT_ONCE_MOST


async def test_what_does_not_come_again_is_forgotten(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smpp_refusal, "TIDY_S", 60.0)
    book = RefusalBook(world.core)
    world.spawn(book.run())
    guess(book, "192.0.2.1")
    await world.advance(FIRST_S + EVERY_S)
    assert len(await kept(world)) == 1
    await world.jump(KEPT_MS / 1000)
    await world.advance(2 * smpp_refusal.TIDY_S)
    assert await kept(world) == []
