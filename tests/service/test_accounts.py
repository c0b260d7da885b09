"""Deliveries to applications that bind by SMPP: claimed where a session is, kept 7 days while none is (rules: Events; issue 6)."""

from collections.abc import AsyncIterator

import pytest

from heliograph.model.notification import ACCOUNT_SCHEDULE_MS, Answered, NotificationState
from heliograph.service.core import Core
from heliograph.service.ledger import Ledger
from heliograph.service.report import Report
from heliograph.store.transaction import Transaction
from tests.core_world import DAY, Setting, World
from tests.scripted import BUSY, ScriptedAccounts

WAITING, DELIVERED, GIVEN_UP = NotificationState.WAITING, NotificationState.DELIVERED, NotificationState.GIVEN_UP


def tell(tx: Transaction, core: Core, account: str, texts: list[str], now_ms: int) -> None:
    """As a use case does that has something for an application."""
    ledger = Ledger(tx, core, now_ms)
    for text in texts:
        ledger.report(Report(organisation_id=1, account=account, message_id=1, type="sms.received", method="deliver_sm", body=text))
    ledger.write()


async def told(world: World, *texts: str, account: str = "pol_1") -> None:
    await world.database.write(tell, world.core, account, list(texts), world.now_ms)
    await world.settle()


def rows(world: World) -> list[tuple[object, ...]]:
    found = world.rows("SELECT body, state, tries, claimed_by, due_at_ms FROM notification WHERE account IS NOT NULL ORDER BY id")
    return [(row.body, row.state, row.tries, row.claimed_by is not None, row.due_at_ms is not None) for row in found]


def heard(courier: ScriptedAccounts) -> list[str]:
    return [delivery.body for _, delivery in courier.delivered]


def attached(world: World, **windows: int) -> ScriptedAccounts:
    """A courier for which these accounts are bound."""
    courier = ScriptedAccounts(world.clock, **windows)
    world.core.notifier.attach(courier)
    return courier


@pytest.fixture
async def other(world: World) -> AsyncIterator[World]:
    """A second process over the same database."""
    async with World(world.url, Setting(link=False, alone=False), world.clock) as second:
        world.clock.busy = [lambda: world.database.waiting > 0 or second.database.waiting > 0]
        yield second
        await world.settle()


async def test_what_is_for_a_bound_account_is_claimed_by_the_transaction_that_makes_it(world: World) -> None:
    courier = attached(world, pol_1=10)
    world.core.notifier.bound("pol_1")
    await world.settle()
    courier.otherwise = None
    await told(world, "one")
    assert heard(courier) == ["one"]
    assert rows(world) == [("one", WAITING, 0, True, False)]
    delivery = courier.delivered[0][1]
    assert (delivery.account, delivery.number, delivery.type) == ("pol_1", 1, "sms.received")


async def test_while_nobody_is_bound_it_waits_without_a_try_and_is_delivered_in_order_once_one_binds(world: World) -> None:
    courier = attached(world)
    await told(world, "one", "two")
    await told(world, "three", account="org_1")
    await world.jump(DAY)
    assert rows(world) == [(text, WAITING, 0, False, True) for text in ("one", "two", "three")]
    courier.windows["pol_1"] = 10
    world.core.notifier.bound("pol_1")
    await world.settle()
    assert heard(courier) == ["one", "two"]
    assert [row[1] for row in rows(world)] == [DELIVERED, DELIVERED, WAITING]


async def test_a_process_without_a_session_leaves_it_to_one_that_has_one(world: World, other: World) -> None:
    courier = attached(other, pol_1=10)
    await told(world, "one")
    assert heard(courier) == []
    await world.advance(1)
    assert heard(courier) == ["one"]
    assert rows(world) == [("one", DELIVERED, 1, True, False)]
    assert world.courier.delivered == [], "no webhook is called for it"


async def test_no_more_is_claimed_than_an_account_has_room_for_and_new_ones_wait_behind(world: World) -> None:
    courier = attached(world, pol_1=2)
    courier.otherwise = None
    world.core.notifier.bound("pol_1")
    await world.settle()
    await told(world, *"abcde")
    await told(world, "f")
    assert heard(courier) == ["a", "b"]
    while courier.open:
        for waiting in list(courier.open):
            courier.answer(waiting, Answered(0, 1, is_taken=True))
        await world.settle()
        assert len(courier.open) <= 2
    assert heard(courier) == list("abcdef")


async def test_one_account_that_stands_still_holds_no_other_up(world: World) -> None:
    courier = attached(world, pol_1=1, pol_2=1)
    courier.says(None)
    await told(world, *"ab")
    await told(world, *"cd", account="pol_2")
    await world.advance(2)
    assert set(heard(courier)) == {"a", "c", "d"}


async def test_what_was_under_way_when_the_session_went_is_given_back_untried(world: World, other: World) -> None:
    courier = attached(world, pol_1=10)
    courier.otherwise = None
    await told(world, "one")
    await world.advance(1)
    courier.unbind("pol_1")
    await world.settle()
    assert rows(world) == [("one", WAITING, 0, False, True)]
    elsewhere = attached(other, pol_1=10)
    await world.advance(1)
    assert heard(elsewhere) == ["one"]


async def test_what_a_dead_process_had_is_delivered_by_one_that_is_bound(world: World) -> None:
    courier = attached(world, pol_1=10)
    courier.otherwise = None
    await told(world, "one")
    await world.advance(1)
    assert heard(courier) == ["one"]
    await world.restart()
    courier = attached(world, pol_1=10)
    await world.advance(1)
    assert heard(courier) == ["one"]


async def test_a_refusal_for_now_is_tried_again_on_its_ladder_and_one_for_good_is_not(world: World) -> None:
    courier = attached(world, pol_1=10)
    courier.says(BUSY, BUSY, Answered(0x45, 1, error="refused", is_taken=False, is_refused=True))
    await told(world, "one")
    await world.advance(1)
    first_ms = courier.delivered[0][0]
    await world.jump(ACCOUNT_SCHEDULE_MS[0] / 1000 * 1.1 + 1)
    await world.jump(ACCOUNT_SCHEDULE_MS[1] / 1000 * 1.1 + 1)
    assert [delivery.number for _, delivery in courier.delivered] == [1, 2, 3]
    assert courier.delivered[2][0] - first_ms >= 0.9 * (ACCOUNT_SCHEDULE_MS[0] + ACCOUNT_SCHEDULE_MS[1])
    assert rows(world) == [("one", GIVEN_UP, 3, True, False)]
    assert [row.error for row in world.rows("SELECT error FROM delivery_attempt ORDER BY number")] == [BUSY.error, BUSY.error, "refused"]


async def test_what_waited_seven_days_is_given_up(world: World) -> None:
    attached(world)
    await told(world, "old")
    await world.jump(4 * DAY)
    await told(world, "young")
    await world.jump(3 * DAY + 1)
    await world.sweep()
    assert [(row[0], row[1]) for row in rows(world)] == [("old", GIVEN_UP), ("young", WAITING)]


async def test_a_refusal_for_now_does_not_outlive_seven_days(world: World) -> None:
    courier = attached(world, pol_1=10)
    courier.otherwise = BUSY
    await told(world, "one")
    for _ in range(250):
        if rows(world)[0][1] != WAITING:
            break
        await world.jump(3600 * 1.1 + 1)
    assert rows(world)[0][1] == GIVEN_UP
    assert courier.delivered[-1][0] - courier.delivered[0][0] < 7 * DAY * 1000
