"""An SMS that is not to be sent before a time: it waits outside its lane, and goes when its time has come."""

import pytest

from heliograph.model.ids import DeviceId
from heliograph.model.link import ErrorClass, Refused
from heliograph.model.message import State
from heliograph.model.problem import Code, Problem
from heliograph.service.cancel import cancel
from tests.core_world import DAY, HOUR, MINUTE, World, statement


async def scheduled(world: World, in_s: float, **draft: object) -> int:
    return await world.submit(scheduled_at_ms=world.now_ms + round(in_s * 1000), **draft)


async def pass_time(world: World, seconds: float) -> None:
    """Move the clock, and let housekeeping have its turn."""
    await world.jump(seconds)
    await world.advance(3)


async def test_it_is_not_sent_before_its_time_and_soon_after_it(world: World) -> None:
    message_id = await scheduled(world, HOUR)
    await pass_time(world, HOUR - MINUTE)
    assert world.link.sent == []
    assert world.message(message_id).state == State.PENDING
    await pass_time(world, MINUTE)
    assert [sent.outgoing.message_id for sent in world.link.sent] == [message_id]
    assert world.message(message_id).state == State.DELIVERED
    assert world.events(message_id) == ["sms.accepted", "sms.delivered"]


async def test_its_validity_counts_from_its_time(world: World) -> None:
    message = world.message(await scheduled(world, 10 * DAY))
    assert message.expiry_at_ms - message.submitted_at_ms == 11 * DAY * 1000
    longest = world.message(await scheduled(world, DAY, expiry_at_ms=world.now_ms + 30 * DAY * 1000))
    assert longest.expiry_at_ms - longest.submitted_at_ms == 8 * DAY * 1000
    assert "shortened" in longest.note


@pytest.mark.parametrize("in_s", [-1, 0, 367 * DAY])
async def test_a_time_in_the_past_or_out_of_reach_is_refused(world: World, in_s: float) -> None:
    with pytest.raises(Problem) as refused:
        await scheduled(world, in_s)
    assert (refused.value.code, refused.value.field) == (Code.INVALID, "scheduled_at")
    assert world.rows("SELECT id FROM message") == []


async def test_an_expiry_before_its_time_is_refused(world: World) -> None:
    with pytest.raises(Problem) as refused:
        await scheduled(world, 2 * HOUR, expiry_at_ms=world.now_ms + HOUR * 1000)
    assert refused.value.field == "expiry_date"


async def test_others_of_its_device_do_not_wait_for_it(world: World) -> None:
    waiting = await scheduled(world, HOUR)
    at_once = await world.submit()
    assert world.message(at_once).state == State.DELIVERED
    assert world.message(waiting).state == State.PENDING


async def test_when_its_time_has_come_it_waits_for_its_turn(world: World) -> None:
    second = await scheduled(world, HOUR)
    world.link.says(None)
    first = await world.submit()
    await pass_time(world, HOUR)
    assert [sent.outgoing.message_id for sent in world.link.sent] == [first]
    world.link.sent[0].answer(Refused(ErrorClass.PERMANENT, "no"))
    await world.settle()
    assert [sent.outgoing.message_id for sent in world.link.sent] == [first, second]


async def test_it_survives_a_restart_and_goes_when_it_is_due_then(world: World) -> None:
    message_id = await scheduled(world, HOUR)
    await world.restart()
    await pass_time(world, HOUR)
    assert world.message(message_id).state == State.DELIVERED
    assert len(world.link.sent) == 1


async def test_one_that_came_due_while_nothing_ran_is_sent_if_it_is_still_valid_and_expires_otherwise(world: World) -> None:
    valid = await scheduled(world, HOUR, device=1)
    over = await scheduled(world, HOUR, device=2, expiry_at_ms=world.now_ms + 2 * HOUR * 1000)
    await world.crash()
    world.clock.set_wall_clock(world.now_ms + 3 * HOUR * 1000)
    await world.start()
    await pass_time(world, 5)
    assert world.message(valid).state == State.DELIVERED
    assert world.message(over).state == State.EXPIRED


async def test_it_can_be_cancelled_until_then_and_is_not_counted(world: World) -> None:
    message_id = await scheduled(world, HOUR)
    assert world.used(1) == 1
    await cancel(world.core, world.actor(), DeviceId(1), message_id)
    await pass_time(world, 2 * HOUR)
    assert world.message(message_id).state == State.CANCELED
    assert world.link.sent == []
    assert world.used(1) == 0
    with pytest.raises(Problem) as refused:
        await cancel(world.core, world.actor(), DeviceId(1), message_id)
    assert refused.value.code is Code.ALREADY_FINAL


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ("UPDATE device SET deleted_at_ms = 1, status_id = 2 WHERE id = 1", "invalid_reference"),
        ("UPDATE device SET status_id = 1 WHERE id = 1", "device_disabled"),
        ("UPDATE sim SET status_id = 2 WHERE id = 1", "sim_not_active"),
        ("UPDATE service_profile SET mt = 0", "mt_off"),
        ("UPDATE service_profile SET sms_a2p = 0", "a2p_off"),
    ],
)
async def test_it_fails_at_its_time_where_its_device_may_not_get_it_any_more(world: World, change: str, code: str) -> None:
    message_id = await scheduled(world, HOUR)
    await world.database.write(lambda tx: tx.run(statement(change)))
    await pass_time(world, HOUR)
    message = world.message(message_id)
    assert (message.state, message.reason_code) == (State.FAILED, code)
    assert world.used(1) == 0


async def test_limits_that_came_after_it_was_counted_do_not_stop_it(world: World) -> None:
    message_id = await scheduled(world, HOUR)
    await world.database.write(lambda tx: tx.run(statement("""UPDATE service_profile SET settings = '{"mt_limit":1}'""")))
    await pass_time(world, HOUR)
    assert world.message(message_id).state == State.DELIVERED
    assert world.used(1) == 1


async def test_many_that_are_due_at_once_all_go_in_the_order_they_were_accepted(world: World) -> None:
    ids = [await scheduled(world, HOUR, device=device) for device in (1, 1, 2, 2, 3)]
    await pass_time(world, HOUR)
    assert {world.message(each).state for each in ids} == {State.DELIVERED}
    sent = [sent.outgoing.message_id for sent in world.link.sent]
    assert sorted(sent) == ids
    assert sent.index(ids[0]) < sent.index(ids[1])
