"""How webhooks that fail are called, and what that leaves to the others (design: webhooks, numbers and rules)."""

import json
from itertools import pairwise

import pytest

from heliograph.config import Config
from heliograph.model.notification import Answered, Delivery, NotificationState
from heliograph.model.webhook import Format, Scope, ScopeType, WebhookSettings, written
from heliograph.model.webhook_health import DISABLED_AFTER_MS
from heliograph.service.retention import Retention
from heliograph.service.share import Limits, Shares
from heliograph.store import notification as store_of_notifications
from heliograph.store import webhook as store
from heliograph.store.feed import Emitted
from heliograph.store.query import Query
from heliograph.store.transaction import Transaction
from tests.core_world import HOUR, MINUTE, Setting, World, insert, msisdn

FAILED = Answered(None, 5, error="connection refused")
GOOD = Answered(200, 5)
TWO = Setting(devices=4, organisations=2)


async def hear(world: World, count: int, device: int = 1) -> None:
    for number in range(count):
        await world.hear(msisdn(device), "12345", f"{number}")


def pile_up(tx: Transaction, webhook_id: int, count: int, now_ms: int) -> None:
    """Deliveries that wait."""
    for new_id in tx.ids("notification", count):
        insert(
            tx, "notification", id=new_id, organisation_id=webhook_id, callback_id=webhook_id, message_id=0, type="sms.received",
            method="POST", body="{}", created_at_ms=now_ms, state=1, due_at_ms=now_ms,
        )  # fmt: skip


async def waiting(world: World, webhook_id: int, count: int) -> None:
    await world.database.write(pile_up, webhook_id, count, world.now_ms)
    world.core.notifier.wake()
    await world.settle()


def delivered(world: World, webhook_id: int = 1) -> list[Delivery]:
    return [each for _, each in world.courier.delivered if each.url == f"http://hook{webhook_id}.example/sms"]


async def degraded(world: World) -> None:
    """Let the webhook fail until it is degraded."""
    world.courier.otherwise = FAILED
    await hear(world, 9)
    await world.jump(31)
    await hear(world, 1)
    assert world.webhook().degraded_at_ms is not None


async def test_ten_failures_in_a_row_within_30_seconds_are_a_bad_moment_and_no_more(world: World) -> None:
    world.courier.otherwise = FAILED
    await hear(world, 12)
    assert (world.webhook().failures, world.webhook().degraded_at_ms) == (12, None)


async def test_a_success_between_failures_begins_the_count_anew(world: World) -> None:
    world.courier.otherwise = FAILED
    await hear(world, 8)
    world.courier.says(GOOD)
    await hear(world, 1)
    assert (world.webhook().failures, world.webhook().failing_since_ms) == (0, None)
    await hear(world, 2)
    assert world.webhook().failures == 2


async def test_a_degraded_webhook_is_called_once_a_minute_and_what_waits_burns_no_tries(world: World) -> None:
    await degraded(world)
    await hear(world, 20)
    await world.jump(2)
    before, tries = len(world.courier.delivered), world.rows("SELECT sum(tries) AS n FROM notification")[0].n
    for minute in range(1, 6):
        await world.jump(MINUTE)
        assert len(world.courier.delivered) - before <= minute + 1
    probes = len(world.courier.delivered) - before
    assert probes >= 4
    assert world.rows("SELECT sum(tries) AS n FROM notification")[0].n - tries == probes


async def test_one_success_ends_it_and_all_that_waits_is_delivered(world: World) -> None:
    await degraded(world)
    await hear(world, 20)
    world.courier.otherwise = GOOD
    await world.jump(MINUTE)
    await world.jump(6 * MINUTE)
    webhook = world.webhook()
    assert (webhook.failures, webhook.degraded_at_ms, webhook.probe_at_ms) == (0, None, None)
    assert {row.state for row in world.rows("SELECT state FROM notification")} == {NotificationState.DELIVERED}
    assert len(world.rows("SELECT began_at_ms FROM webhook_outage")) == 1


async def test_a_probe_is_made_by_one_process_only(world: World) -> None:
    async with World(world.url, Setting(link=False, alone=False), world.clock) as other:
        world.clock.busy = [lambda: world.database.waiting > 0 or other.database.waiting > 0]
        other.courier.otherwise = FAILED
        await degraded(world)
        await hear(world, 20)
        await world.jump(2)
        before = len(world.courier.delivered) + len(other.courier.delivered)
        await world.jump(3 * MINUTE)
        assert len(world.courier.delivered) + len(other.courier.delivered) - before <= 4
        await world.settle()


async def test_410_disables_at_once_tells_the_owners_and_ends_what_waits_in_the_log(world: World) -> None:
    world.courier.otherwise = None
    await hear(world, 10)
    gone, *_ = world.courier.open
    gone(Answered(410, 1))
    await world.settle()
    await world.advance(2)
    webhook = world.webhook()
    assert webhook.disabled_reason == "the receiver answered 410: it wants nothing more"
    (event,) = world.rows("SELECT organisation_id, detail FROM event WHERE type = 'webhook.disabled'")
    assert json.loads(event.detail)["webhook"]["id"] == 1
    await hear(world, 3)
    await world.advance(2)
    given_up = world.rows("SELECT id FROM notification WHERE state = 3 AND failed_at_ms IS NOT NULL")
    assert len(given_up) >= 7
    assert len(world.courier.delivered) == 4, "nothing was called after it"


async def test_five_days_without_a_success_disable(world: World) -> None:
    await degraded(world)
    await hear(world, 30)
    for _ in range(25):
        await world.jump(MINUTE)
    assert world.webhook().failed >= 20
    assert world.webhook().disabled_at_ms is None
    await world.jump(DISABLED_AFTER_MS / 1000)
    await world.jump(MINUTE)
    assert world.webhook().disabled_reason == "no delivery succeeded for 5 days"
    assert world.rows("SELECT count(*) AS n FROM notification WHERE state = 1")[0].n == 0


async def test_time_in_which_a_webhook_could_not_be_reached_does_not_count_for_what_waits(world: World) -> None:
    await degraded(world)
    await hear(world, 1)
    (last,) = world.rows("SELECT max(id) AS id FROM notification")
    await world.jump(100 * HOUR)
    await world.database.write(store.note_outages, [store.Outage(1, world.now_ms - 100 * HOUR * 1000, world.now_ms)])
    await world.change_webhook(degraded_at_ms=None, probe_at_ms=None, failures=0, failed=0, failing_since_ms=None)
    await world.jump(2)
    (row,) = world.rows("SELECT state, tries FROM notification WHERE id = :id", id=last.id)
    assert row.state == NotificationState.WAITING
    assert row.tries >= 1, "it was tried, failed, and is tried again"
    await world.change_webhook(degraded_at_ms=None, probe_at_ms=None, failures=0, failed=0, failing_since_ms=None)
    await world.jump(80 * HOUR)
    (row,) = world.rows("SELECT state, tries FROM notification WHERE id = :id", id=last.id)
    assert row.state == NotificationState.GIVEN_UP, "80 hours in which it could be reached are over"


async def test_a_webhook_is_called_four_times_at_once_and_more_while_it_answers_well_and_much_waits(world: World) -> None:
    world.courier.otherwise = None
    await waiting(world, 1, 300)
    seen = [len(world.courier.open)]
    while world.courier.open:
        batch, world.courier.open = world.courier.open, []
        for done in batch:
            done(GOOD)
        await world.settle()
        seen.append(len(world.courier.open))
    assert seen[0] == 4
    assert max(seen) == 64
    assert [after <= 2 * before for before, after in pairwise(seen)].count(False) == 0
    assert len(delivered(world)) == 300


async def test_a_failure_halves_it(world: World) -> None:
    world.courier.otherwise = None
    await waiting(world, 1, 300)
    for _ in range(3):
        batch, world.courier.open = world.courier.open, []
        for done in batch:
            done(GOOD)
        await world.settle()
    assert len(world.courier.open) == 32
    batch, world.courier.open = world.courier.open, []
    for done in batch:
        done(FAILED)
    await world.settle()
    assert len(world.courier.open) == 4


@pytest.mark.parametrize("setting", [Setting(devices=10, organisations=10)], indirect=True)
async def test_those_that_fail_share_a_quarter_and_leave_the_rest_to_the_others(world: World) -> None:
    world.core.notifier._shares = Shares(Limits(most=16))
    for webhook_id in range(1, 10):
        await world.change_webhook(webhook_id, failures=1, failing_since_ms=world.now_ms)
    world.courier.otherwise = None
    for webhook_id in range(1, 10):
        await waiting(world, webhook_id, 1)
    held, world.courier.open = world.courier.open, []
    for done in held:
        done(FAILED)
    await world.settle()
    for webhook_id in range(1, 10):
        await waiting(world, webhook_id, 8)
    assert len(world.courier.open) <= 4, "a quarter of 16"
    before = len(delivered(world, 10))
    await waiting(world, 10, 4)
    assert len(delivered(world, 10)) - before == 4, "there is room for one that does not fail"


@pytest.mark.parametrize("setting", [TWO], indirect=True)
async def test_what_waits_for_a_dead_one_is_not_looked_at_when_another_is_served(world: World) -> None:
    await world.change_webhook(1, degraded_at_ms=world.now_ms, probe_at_ms=world.now_ms + 3_600_000, failures=10)
    await waiting(world, 1, 2000)
    await hear(world, 5, device=2)
    await world.advance(1)
    assert (len(delivered(world, 1)), len(delivered(world, 2))) == (0, 5)
    if world.database.engine.name == "postgres":
        return  # whose planner goes by statistics
    session = world.database.engine.connect(read_only=True)
    query = store_of_notifications.Q["due_of"].text.replace(" FOR UPDATE SKIP LOCKED", "")
    plan = session.run(Query("test.plan", f"EXPLAIN QUERY PLAN {query}"), {"callback_id": 2, "until": 9, "most": 5})
    session.close()
    assert "notification_due" in str([tuple(row) for row in plan])


async def test_a_webhook_that_wants_parts_is_told_each_as_it_comes(world: World) -> None:
    await world.change_webhook(settings=written(WebhookSettings(parts="separate")))  # type: ignore[arg-type]
    for number, text in ((2, "two"), (1, "one")):
        await world.hear(msisdn(1), "12345", text, udh=bytes((5, 0, 3, 7, 2, number)))
        (body,) = [json.loads(each.body) for each in delivered(world)[-1:]]
        assert body["payload"] == text
        assert (body["multi_part_info"]["partno"], body["multi_part_info"]["total"]) == (number, 2)
    first, second = (json.loads(each.body) for each in delivered(world))
    assert first["multi_part_info"]["identifier"] == second["multi_part_info"]["identifier"]
    assert first["id"] != second["id"]


def subscribe(tx: Transaction, now_ms: int) -> int:
    tx.ids("callback", 10)  # the seeded ones have ids of their own
    settings = WebhookSettings(format=Format.NATIVE, events=("*",), scope=Scope(ScopeType.ORGANISATION))
    made = store.insert(tx, 1, "http://feed.example/", "feed", written(settings), now_ms)
    store.begin_cursor(tx, 1)
    assert made is not None
    return made


async def test_every_event_becomes_one_delivery_over_restarts_and_crashes(world: World) -> None:
    await world.database.write(subscribe, world.now_ms)
    numbers: list[int] = []
    for _ in range(3):
        await world.database.write(lambda tx: [tx.emit(Emitted(1, "device.enabled", 0)) for _ in range(7)])
        await world.restart()
        await world.advance(1)
        numbers += [json.loads(each.body)["number"] for _, each in world.courier.delivered if each.url == "http://feed.example/"]
    assert sorted(numbers) == list(range(1, 22))
    assert world.rows("SELECT last_number FROM webhook_cursor")[0].last_number == 21


async def test_tries_are_kept_30_days_and_what_was_sent_14(world: World) -> None:
    await hear(world, 1)
    retention = Retention(world.core, Config().retention, pause_s=0)

    async def kept() -> tuple[int, int]:
        task = world.spawn(retention.sweep())
        await world.advance(5)
        await task
        bodies = world.rows("SELECT count(*) AS n FROM notification WHERE body <> ''")[0].n
        return bodies, world.rows("SELECT count(*) AS n FROM delivery_attempt")[0].n

    assert await kept() == (1, 1)
    await world.jump(15 * 24 * HOUR)
    assert await kept() == (0, 1)
    await world.jump(16 * 24 * HOUR)
    assert await kept() == (0, 0)
    assert len(world.rows("SELECT id FROM notification")) == 1, "the log still says that it was delivered"
