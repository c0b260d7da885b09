"""Deliveries to applications (design: webhooks, numbers and rules)."""

from itertools import pairwise

import msgspec
import pytest

from heliograph.model.ids import NodeId
from heliograph.model.notification import SCHEDULE_MS, Answered, NotificationState
from heliograph.service.settlement import Settlement, settle
from heliograph.service.share import Limits, Shares
from tests.core_world import HOUR, Setting, World, msisdn, statement
from tests.scripted import DELIVERED, ScriptedAccounts

FAILED = Answered(500, 12, answer="oops")


async def tries_s(world: World, message_id: int, most: int = 20) -> list[float]:
    """Let a delivery be tried until it is final; when each try was made, in seconds since it was created."""
    for _ in range(most):
        (notification,) = world.notifications(message_id)
        if notification.final_at_ms is not None:
            break
        before = len(world.courier.delivered)
        await world.jump_to(max(world.now_ms, notification.due_at_ms - 1000))
        assert len(world.courier.delivered) == before, "tried too early"
        await world.jump_to(notification.due_at_ms + 1000)
    submitted_at_ms = world.message(message_id).submitted_at_ms
    return [(at_ms - submitted_at_ms) / 1000 for at_ms, _ in world.courier.delivered]


async def test_a_delivery_that_is_answered_2xx_is_done(world: World) -> None:
    message_id = await world.submit()
    (notification,) = world.notifications(message_id)
    assert (notification.state, notification.tries, notification.due_at_ms) == (NotificationState.DELIVERED, 1, None)
    (attempt,) = world.rows("SELECT number, status, duration_ms FROM delivery_attempt")
    assert tuple(attempt) == (1, 204, 3)


async def test_a_delivery_is_tried_11_times_by_the_table_and_given_up(world: World) -> None:
    world.courier.otherwise = FAILED
    message_id = await world.submit()
    tries = await tries_s(world, message_id)
    assert len(tries) == 11
    pauses = [after - before for before, after in pairwise(tries)]
    for pause, planned_ms in zip(pauses, SCHEDULE_MS[1:], strict=True):
        assert 0.9 * planned_ms / 1000 - 1 <= pause <= 1.1 * planned_ms / 1000 + 2
    (notification,) = world.notifications(message_id)
    assert (notification.state, notification.tries) == (NotificationState.GIVEN_UP, 11)
    assert len(world.rows("SELECT number FROM delivery_attempt")) == 11


async def test_every_try_has_the_same_id_and_body_and_counts_up(world: World) -> None:
    world.courier.says(FAILED, FAILED)
    await tries_s(world, await world.submit())
    deliveries = [delivery for _, delivery in world.courier.delivered]
    assert [delivery.number for delivery in deliveries] == [1, 2, 3]
    assert len({(delivery.notification_id, delivery.body, delivery.method, delivery.url) for delivery in deliveries}) == 1


async def test_a_receiver_that_is_gone_gets_no_second_try(world: World) -> None:
    world.courier.otherwise = Answered(410, 1)
    message_id = await world.submit()
    (notification,) = world.notifications(message_id)
    assert (notification.state, notification.tries) == (NotificationState.GIVEN_UP, 1)
    await world.jump(HOUR)
    assert len(world.courier.delivered) == 1


async def test_retry_after_is_kept(world: World) -> None:
    world.courier.says(Answered(503, 1, retry_after_ms=600_000))
    message_id = await world.submit()
    (notification,) = world.notifications(message_id)
    assert notification.due_at_ms == world.now_ms + 600_000
    assert (await tries_s(world, message_id))[1] in (600, 601)


@pytest.mark.parametrize("setting", [Setting(secret="whsec_1")], indirect=True)
async def test_each_try_is_signed_with_the_secret_of_the_policy(world: World) -> None:
    world.courier.says(FAILED)
    await tries_s(world, await world.submit())
    await world.hear(msisdn(1), "12345")
    assert [delivery.secret for _, delivery in world.courier.delivered] == ["whsec_1"] * 3


async def test_the_webhook_of_the_time_of_sending_gets_the_receipt(world: World) -> None:
    world.link.otherwise = None
    await world.submit()
    await world.database.write(lambda tx: tx.run(statement("UPDATE service_profile SET api_callback_id = NULL")))
    world.link.sent[0].answer(DELIVERED)
    await world.settle()
    assert [delivery.url for _, delivery in world.courier.delivered] == ["http://hook1.example/sms"]


async def test_a_delivery_to_a_webhook_that_was_deleted_is_given_up(world: World) -> None:
    world.courier.says(FAILED)
    message_id = await world.submit()
    await world.change_webhook(deleted_at_ms=1)
    await world.jump(6)
    (notification,) = world.notifications(message_id)
    assert notification.state == NotificationState.GIVEN_UP
    assert len(world.courier.delivered) == 1


async def test_a_slow_receiver_does_not_hold_others_up(world: World) -> None:
    world.courier.says(None)
    slow, other = await world.submit(1), await world.submit(2)
    assert [world.notifications(each)[0].state for each in (slow, other)] == [NotificationState.WAITING, NotificationState.DELIVERED]


async def test_what_is_more_than_may_be_under_way_waits_and_is_delivered_in_the_end(world: World) -> None:
    world.core.notifier._shares = Shares(Limits(3))
    world.courier.otherwise = None
    sent = [await world.submit() for _ in range(10)]
    assert len(world.courier.delivered) == 3
    while world.courier.open:
        waiting, world.courier.open = world.courier.open, []
        for done in waiting:
            done(Answered(200, 1))
        assert len(waiting) <= 3
        await world.advance(1)
    assert [world.notifications(each)[0].state for each in sent] == [NotificationState.DELIVERED] * 10
    assert len(world.courier.delivered) == 10


async def test_a_try_whose_claim_was_lost_changes_nothing(world: World) -> None:
    world.courier.otherwise = None
    message_id = await world.submit()
    (claimed,) = world.core.notifier._under_way.values()
    stranger = Settlement(NodeId(99), world.core.notifier.webhooks, claimed, world.now_ms, Answered(200, 1), world.now_ms, 0.0)
    assert await world.database.write_item(settle, stranger) is None
    (notification,) = world.notifications(message_id)
    assert (notification.state, notification.tries) == (NotificationState.WAITING, 0)


async def test_a_try_is_settled_once_though_it_is_reported_twice(world: World) -> None:
    world.courier.otherwise = None
    message_id = await world.submit()
    (claimed,) = world.core.notifier._under_way.values()
    world.courier.open[0](FAILED)
    await world.settle()
    again = Settlement(world.core.node_id, world.core.notifier.webhooks, claimed, world.now_ms, Answered(200, 1), world.now_ms, 0.0)
    assert await world.database.write_item(settle, again) is None
    assert world.notifications(message_id)[0].tries == 1


async def test_an_answer_is_kept_up_to_16_kb_and_without_nul(world: World) -> None:
    world.courier.says(Answered(500, 1, answer="a\0" + "b" * 20_000))
    await world.submit()
    (attempt,) = world.rows("SELECT answer FROM delivery_attempt")
    assert attempt.answer.startswith("a\ufffdb")
    assert len(attempt.answer) == 16_384


async def test_a_notifier_that_stops_claims_nothing_more_and_waits_for_what_is_under_way(world: World) -> None:
    world.courier.otherwise = None
    first = await world.submit()
    stopping = world.spawn(world.core.notifier.stop(5))
    await world.settle()
    second = await world.submit()
    await world.advance(6)
    assert stopping.done()
    assert world.notifications(first)[0].tries == 1
    waiting = world.notifications(second)[0]
    assert (waiting.claimed_by, waiting.tries) == (None, 0)
    assert waiting.due_at_ms is not None


async def test_what_is_claimed_while_a_notifier_stops_is_given_back_untried(world: World) -> None:
    accounts = ScriptedAccounts(world.clock, org_1=10)
    world.core.notifier.attach(accounts)
    world.courier.otherwise = None
    await world.submit()
    (to_webhook,) = world.core.notifier._under_way.values()
    to_account = msgspec.structs.replace(to_webhook, id=to_webhook.id + 1, callback_id=0, account="org_1")
    stopping = world.spawn(world.core.notifier.stop(5))
    await world.settle()
    message_id = await world.submit()
    await world.core.notifier._claim()  # as one that the writer had when the stop began
    world.core.notifier.take([to_account])
    await world.advance(6)
    assert stopping.done()
    assert [delivery.message_id for _, delivery in world.courier.delivered] == [to_webhook.message_id]
    assert accounts.delivered == []
    (waiting,) = world.notifications(message_id)
    assert (waiting.state, waiting.claimed_by, waiting.tries) == (NotificationState.WAITING, None, 0)
    assert waiting.due_at_ms is not None
    assert world.core.notifier.under_way == 0


async def test_an_answer_that_comes_when_the_database_closes_leaves_the_claim_to_be_freed(world: World) -> None:
    world.courier.otherwise = None
    message_id = await world.submit()
    await world.database.close()
    world.courier.open[0](Answered(200, 1))
    await world.restart()
    assert len(world.courier.delivered) == 1, "the process that comes after frees the claim and delivers"
    assert world.notifications(message_id)[0].state == NotificationState.DELIVERED


async def test_a_process_that_was_taken_for_dead_frees_what_it_claimed_since(world: World) -> None:
    world.courier.otherwise = None
    await world.database.write(lambda tx: tx.run(statement("UPDATE node SET stopped_at_ms = 1")))
    answer = await world.hear(msisdn(1), "12345")
    assert answer.message_id is not None
    assert world.notifications(answer.message_id)[0].claimed_by == world.core.node_id
    await world.advance(3)
    (notification,) = world.notifications(answer.message_id)
    assert (notification.claimed_by, notification.due_at_ms is not None) == (None, True)
    with pytest.raises(RuntimeError, match="took this one for dead"):
        await world.crash()


async def test_a_process_that_was_taken_for_dead_claims_and_delivers_nothing_after_its_last_beat(world: World) -> None:
    await world.database.write(lambda tx: tx.run(statement("UPDATE node SET stopped_at_ms = 1")))
    with pytest.raises(RuntimeError, match="took this one for dead"):
        await world.housekeeping._beat()
    answer = await world.hear(msisdn(1), "12345")
    await world.advance(1)
    (notification,) = world.notifications(answer.message_id or 0)
    assert (notification.claimed_by, notification.due_at_ms is not None) == (None, True)
    assert world.courier.delivered == []
    await world.advance(2)
    with pytest.raises(RuntimeError, match="took this one for dead"):
        await world.crash()
