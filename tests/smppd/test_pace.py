"""How a session does is written down every ten seconds, and only where it changed."""

from collections.abc import AsyncIterator

import pytest

from heliograph.smpp.pdu import SubmitSm
from heliograph.smppd import pace
from heliograph.smppd.pace import EVERY_S
from heliograph.store import smpp_account as store
from heliograph.store.database import DatabaseLost
from heliograph.store.smpp_account import SessionNow, SmppSession
from heliograph.store.transaction import Transaction
from tests.core_world import msisdn
from tests.smppd.house import House, until


@pytest.fixture
async def house(smpp_url: str) -> AsyncIterator[House]:
    async with House(smpp_url) as house:
        yield house


async def only(house: House) -> SmppSession:
    (found,) = await house.world.database.read(store.sessions, 0)
    return found


async def test_what_it_asked_for_is_noted_with_its_pace_and_back_to_none(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    writes: list[int] = []

    def counted(tx: Transaction, now: list[SessionNow]) -> None:
        writes.append(len(now))
        store.note_sessions(tx, now)

    monkeypatch.setattr(pace, "note_sessions", counted)
    app = await house.bind()
    for _ in range(5):
        await app.ask(SubmitSm(source_addr="1000", destination_addr=msisdn(1), short_message=b"x"))
    await house.world.advance(EVERY_S)
    found = await only(house)
    assert (found.submits, found.submits_a_minute, found.unanswered, found.owed) == (5, 30, 0, 0)
    await house.world.advance(EVERY_S)
    found = await only(house)
    assert (found.submits, found.submits_a_minute) == (5, 0)
    await house.world.advance(3 * EVERY_S)
    assert writes == [1, 1], "nothing is written where nothing changed"


async def test_what_a_lost_database_did_not_take_is_noted_the_next_time(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    app = await house.bind()
    await app.ask(SubmitSm(source_addr="1000", destination_addr=msisdn(1), short_message=b"x"))
    await house.world.advance(EVERY_S)
    assert (await only(house)).submits_a_minute == 6
    lost: list[int] = []

    def lose(tx: Transaction, now: list[SessionNow]) -> None:
        lost.append(len(now))
        raise DatabaseLost("the connection is gone")

    with monkeypatch.context() as gone:
        gone.setattr(pace, "note_sessions", lose)
        await house.world.advance(EVERY_S)
    assert lost == [1]
    await house.world.advance(EVERY_S)
    assert (await only(house)).submits_a_minute == 0, "it has long been idle"


async def test_what_it_leaves_unanswered_is_noted(house: House) -> None:
    app = await house.bind(answers=lambda pdu: None)
    await house.policy(1, esme_interface_type_id=2)
    await house.world.hear(msisdn(1), "1000", "hello")
    await until(lambda: len(app.delivered) == 1, "the delivery")
    await house.world.advance(EVERY_S)
    assert (await only(house)).owed == 1


async def test_what_waits_for_an_account_is_counted_up_to_a_bound(house: House) -> None:
    await house.policy(1, esme_interface_type_id=2)
    for number in range(3):
        await house.world.hear(msisdn(1), "1000", f"hello {number}")
    assert await house.world.database.read(store.waiting, "org_1", 10) == 3
    assert await house.world.database.read(store.waiting, "org_1", 2) == 2
    assert await house.world.database.read(store.waiting, "pol_1", 10) == 0
