"""What a process leaves when it dies, and what the next one makes of it (architecture: taken or not, one owner per link)."""

import pytest

from heliograph.model.link import Accepted, Delivery, ErrorClass, OnUnknown, ReceiptState, Refused
from heliograph.model.message import State
from heliograph.model.notification import NotificationState
from heliograph.service import lease
from heliograph.service.settle import RECOVER_BATCH, recover
from tests.core_world import MINUTE, Setting, World, msisdn, statement

ABSENT = Refused(ErrorClass.DEVICE_ABSENT, "absent subscriber")
WAITS = Setting(delivery=Delivery.STORED, on_unknown=OnUnknown.WAIT)


async def test_what_was_on_its_way_is_unknown_and_on_a_live_link_sent_again(world: World) -> None:
    world.link.otherwise = None
    head, behind = await world.submit(), await world.submit()
    before = world.link.sent[0].outgoing
    await world.restart()
    assert [world.message(each).state for each in (head, behind)] == [State.DELIVERED, State.DELIVERED]
    assert world.link.sent[0].outgoing == before
    assert [attempt.outcome for attempt in world.attempts(head)] == ["unknown", "accepted"]
    assert world.attempts(head)[1].reason == "possible duplicate"
    assert [attempt.outcome for attempt in world.attempts(behind)] == ["accepted"]
    assert world.events(head) == ["sms.accepted", "sms.waiting", "sms.delivered"]


@pytest.mark.parametrize("setting", [Setting(on_unknown=OnUnknown.FAIL)], indirect=True)
async def test_what_was_on_its_way_fails_where_the_link_says_so(world: World) -> None:
    world.link.otherwise = None
    message_id = await world.submit()
    await world.restart()
    assert world.message(message_id).state == State.FAILED
    assert world.link.sent == []


@pytest.mark.parametrize("setting", [WAITS], indirect=True)
async def test_what_was_on_its_way_on_a_stored_link_waits_for_its_receipt(world: World) -> None:
    world.link.otherwise = None
    message_id = await world.submit(source="4711")
    reference = world.link.sent[0].outgoing.reference
    await world.restart()
    await world.jump(MINUTE)
    assert world.link.sent == []
    assert await world.receipt(f"umr:{reference}") == message_id
    assert world.message(message_id).state == State.DELIVERED


async def test_what_waited_was_certainly_never_sent(world: World) -> None:
    world.link.says(ABSENT)
    message_id = await world.submit()
    await world.restart()
    await world.jump(20)
    assert [attempt.outcome for attempt in world.attempts(message_id)] == ["refused", "accepted"]


@pytest.mark.parametrize("setting", [WAITS], indirect=True)
async def test_a_head_that_ended_while_it_was_on_its_way_leaves_the_next_one_untried(world: World) -> None:
    world.link.says(Accepted("a"), Refused(ErrorClass.UNKNOWN, "system error"), None)
    first, second = await world.submit(text="0123456789" * 20), await world.submit(text="next")
    await world.jump(30)
    assert world.link.open != []
    await world.receipt("id:a", state=ReceiptState.FAILED)
    await world.restart()
    await world.settle()
    assert world.message(first).state == State.FAILED
    assert [attempt.outcome for attempt in world.attempts(second)] == ["accepted"]


@pytest.mark.parametrize("setting", [Setting(devices=RECOVER_BATCH + 20)], indirect=True)
async def test_however_many_were_on_their_way_all_are_settled(world: World) -> None:
    world.link.otherwise = None
    world.link.most = 10_000
    sent = [await world.submit(device) for device in range(1, RECOVER_BATCH + 21)]
    await world.restart()
    assert {world.message(each).state for each in sent} == {State.DELIVERED}


@pytest.mark.parametrize("setting", [Setting(devices=RECOVER_BATCH)], indirect=True)
async def test_an_owner_that_lost_the_link_meanwhile_recovers_nothing_and_ends(world: World) -> None:
    world.link.otherwise = None
    world.link.most = 10_000
    for device in range(1, RECOVER_BATCH + 1):
        await world.submit(device)
    await world.restart(own=False)
    stale_epoch = 2  # acquired by nobody: the lease is free
    found = await world.database.write(recover, world.core, world.profile, stale_epoch, world.now_ms)
    assert found < RECOVER_BATCH, "the loop that calls it would never end"
    assert len(world.rows("SELECT id FROM lane WHERE taken_epoch = 1")) == RECOVER_BATCH


async def test_the_old_owners_answer_changes_nothing_after_a_takeover(world: World) -> None:
    world.link.otherwise = None
    message_id = await world.submit()
    old_queue, old_answer = world.queue, world.link.sent[0]
    await world.own()
    await world.settle()
    assert [attempt.outcome for attempt in world.attempts(message_id)] == ["unknown"]
    old_answer.answer(Refused(ErrorClass.PERMANENT, "says the old owner"))
    await world.settle()
    assert old_queue.is_lost
    assert world.message(message_id).state == State.BUFFERED
    world.link.sent[-1].answer(Accepted())
    await world.settle()
    assert world.message(message_id).state == State.DELIVERED
    assert world.events(message_id) == ["sms.accepted", "sms.waiting", "sms.delivered"]


async def test_an_answer_between_takeover_and_recovery_changes_nothing(world: World) -> None:
    world.link.otherwise = None
    message_id = await world.submit()
    (seen,) = await lease.links(world.core)
    await lease.acquire(world.core, seen)
    world.link.sent[0].answer(Accepted())
    await world.settle()
    assert world.queue.is_lost
    assert world.message(message_id).state == State.PENDING
    assert world.attempts(message_id) == []
    assert world.lane().taken_epoch == seen.epoch


async def test_a_beat_after_a_takeover_says_so(world: World) -> None:
    old = lease.Lease(world.profile.link_id, world.queue.epoch)
    assert await lease.beat(world.core, old)
    await world.own()
    assert not await lease.beat(world.core, old)
    assert world.queue.epoch == old.epoch + 1


async def test_of_two_that_saw_the_same_lease_one_acquires_it(world: World) -> None:
    (seen,) = await lease.links(world.core)
    assert await lease.acquire(world.core, seen) is not None
    assert await lease.acquire(world.core, seen) is None


async def test_a_released_link_is_nobodys_until_it_is_acquired(world: World) -> None:
    await lease.release(world.core, lease.Lease(world.profile.link_id, world.queue.epoch))
    (row,) = await lease.links(world.core)
    assert (row.node_id, row.state) == (None, "stopped")
    message_id = await world.submit()
    assert world.link.sent == []
    await world.own()
    await world.settle()
    assert world.message(message_id).state == State.DELIVERED


async def test_a_queue_that_stops_gives_back_what_it_has_not_sent(world: World) -> None:
    world.link.most = 1
    world.link.otherwise = None
    on_its_way, unsent = await world.submit(1), await world.submit(2)
    stopping = world.spawn(world.queue.stop(5))
    await world.advance(1)
    assert not stopping.done()
    assert world.lane(2).taken_epoch is None
    world.link.sent[0].answer(Accepted())
    await world.advance(1)
    assert stopping.done()
    assert world.message(on_its_way).state == State.DELIVERED
    await world.restart()
    assert [attempt.outcome for attempt in world.attempts(unsent)] == ["accepted"]


async def test_deliveries_under_way_in_a_dead_process_are_delivered_by_the_next(world: World) -> None:
    world.courier.otherwise = None
    message_id = await world.submit()
    assert len(world.courier.delivered) == 1
    await world.restart()
    await world.advance(1)
    (notification,) = world.notifications(message_id)
    assert (notification.state, notification.tries) == (NotificationState.DELIVERED, 1)
    assert world.courier.delivered[0][1].notification_id == notification.id


async def test_what_was_heard_is_there_after_a_crash(world: World) -> None:
    world.courier.otherwise = None
    answer = await world.hear(msisdn(1), "4711", "half past")
    await world.restart()
    assert answer.message_id is not None
    assert world.message(answer.message_id).payload == "half past"


async def test_a_process_that_was_taken_for_dead_ends(world: World) -> None:
    await world.database.write(lambda tx: tx.run(statement("UPDATE node SET stopped_at_ms = 1")))
    await world.advance(3)
    with pytest.raises(RuntimeError, match="took this one for dead"):
        await world.crash()
    await world.start()


@pytest.mark.parametrize(("text", "dcs"), [("half past", 0), ("h\u00e4lb \u20ac", 0), ("\u042f", 8)])
async def test_what_was_kept_and_perhaps_not_answered_before_a_crash_is_the_same_when_it_comes_again(
    world: World, text: str, dcs: int
) -> None:
    await world.advance(5)
    kept = await world.hear(msisdn(1), "4711", text, dcs=dcs)
    await world.restart()
    assert (await world.hear(msisdn(1), "4711", text, dcs=dcs)).message_id == kept.message_id
    assert (await world.hear(msisdn(1), "4711", text, dcs=dcs)).message_id != kept.message_id, "meters repeat themselves on purpose"


async def test_what_was_answered_for_sure_before_a_crash_is_another_when_it_comes_again(world: World) -> None:
    kept = await world.hear(msisdn(1), "4711", "half past")
    await world.advance(5)
    await world.restart()
    assert (await world.hear(msisdn(1), "4711", "half past")).message_id != kept.message_id


@pytest.mark.parametrize("setting", [Setting(alone=False)], indirect=True)
async def test_a_takeover_asks_what_the_silent_owner_had_not_answered_too(world: World) -> None:
    kept = await world.hear(msisdn(1), "4711", "half past")
    await world.restart(own=False)
    await world.own()
    await world.settle()
    assert (await world.hear(msisdn(1), "4711", "half past")).message_id == kept.message_id
