"""A message ends with its validity, whatever its link, its device or its neighbours do (rules: States)."""

import pytest

from heliograph.model.account import Door
from heliograph.model.ids import DeviceId
from heliograph.model.link import Accepted, ErrorClass, Refused
from heliograph.model.message import State
from heliograph.model.problem import Code, Problem
from heliograph.service.cancel import cancel
from heliograph.service.draft import Draft
from heliograph.service.replace import replace
from heliograph.service.submit import accept, prepare
from heliograph.service.validity import validity
from heliograph.store import asked as asked_store
from heliograph.store import lane as lane_store
from tests.core_world import DAY, HOUR, MINUTE, Setting, World

ABSENT = Refused(ErrorClass.DEVICE_ABSENT, "absent subscriber")
LONG = "0123456789" * 40  # three segments


async def expires_in_time(world: World, *message_ids: int) -> None:
    """Each is expired a minute after its validity at the latest, and not before."""
    for message_id in sorted(message_ids, key=lambda each: world.message(each).expiry_at_ms):
        expiry_ms = world.message(message_id).expiry_at_ms
        if world.now_ms < expiry_ms - 1000:
            await world.jump_to(expiry_ms - 1000)
            assert not State(world.message(message_id).state).is_final, "too early"
        while world.now_ms < expiry_ms + 60_000 and not State(world.message(message_id).state).is_final:
            await world.advance(5)
        message = world.message(message_id)
        assert (message.state, message.reason_code) == (State.EXPIRED, "expired")
        assert expiry_ms <= message.final_at_ms <= expiry_ms + 60_000
        assert world.events(message_id)[-1] == "sms.expired"


async def test_a_message_of_an_absent_device_ends_with_its_validity(world: World) -> None:
    world.link.otherwise = ABSENT
    message_id = await world.submit(validity_s=HOUR)
    await expires_in_time(world, message_id)
    assert world.lane().due_at_ms is None
    assert world.lane().head_seq == world.lane().next_seq


async def test_a_shorter_validity_behind_an_absent_devices_head_is_kept(world: World) -> None:
    world.link.otherwise = ABSENT
    head = await world.submit(validity_s=DAY)
    await world.jump(HOUR)
    behind = await world.submit(validity_s=5 * MINUTE)
    await expires_in_time(world, behind)
    assert world.message(behind).attempts == 0
    assert world.message(head).state == State.BUFFERED


async def test_a_shorter_validity_behind_a_head_on_its_way_is_kept(world: World) -> None:
    world.link.otherwise = None
    head = await world.submit(validity_s=DAY)
    behind, last = await world.submit(validity_s=5 * MINUTE), await world.submit(validity_s=DAY)
    await expires_in_time(world, behind)
    world.link.otherwise = Accepted()
    world.link.sent[0].answer(Accepted())
    await world.settle()
    assert [world.message(each).state for each in (head, behind, last)] == [State.DELIVERED, State.EXPIRED, State.DELIVERED]
    assert [sent.outgoing.message_id for sent in world.link.sent] == [head, last]


async def test_all_validities_are_kept_while_the_link_is_down(world: World) -> None:
    world.link.most = 0
    waiting = [
        await world.submit(1, validity_s=5 * MINUTE),
        await world.submit(1, validity_s=3 * MINUTE),
        await world.submit(2, validity_s=HOUR),
    ]
    await expires_in_time(world, *waiting)
    assert world.link.sent == []
    assert "no try was made" in world.message(waiting[0]).reason


@pytest.mark.parametrize("setting", [Setting(devices=12, window=4)], indirect=True)
async def test_all_validities_are_kept_of_lanes_that_find_no_room(world: World) -> None:
    world.link.most = 0
    waiting = [await world.submit(device, validity_s=HOUR - 60 * device) for device in range(1, 13)]
    assert sum(world.lane(device).taken_epoch is not None for device in range(1, 13)) < 12
    await expires_in_time(world, *waiting)


@pytest.mark.parametrize("setting", [Setting(devices=600)], indirect=True)
async def test_all_validities_are_kept_while_nobody_owns_the_link_however_many_wait(world: World) -> None:
    await world.restart(own=False)
    long = [await world.submit(device) for device in range(1, 560)]
    short = [await world.submit(device, validity_s=5 * MINUTE) for device in (1, 2, 580, 600)]
    await expires_in_time(world, *short)
    await world.own()
    await world.settle()
    assert {world.message(each).state for each in long} == {State.DELIVERED}


async def test_heads_that_a_dead_owner_had_taken_end_in_time_while_nobody_owns_the_link(world: World) -> None:
    world.link.otherwise = None
    head, behind, last = [await world.submit(validity_s=validity) for validity in (HOUR, 5 * MINUTE, DAY)]
    await world.restart(own=False)
    await expires_in_time(world, behind, head)
    await world.own()
    await world.settle()
    assert world.message(last).state == State.DELIVERED
    assert [attempt.outcome for attempt in world.attempts(last)] == ["accepted"]


async def test_lanes_are_searched_when_something_may_be_over_and_then_no_more(world: World) -> None:
    await world.restart(own=False)
    for device, validity_s in ((1, DAY), (1, HOUR), (2, DAY)):
        await world.submit(device, validity_s=validity_s)

    async def searched() -> list[int]:
        return await world.core.database.read(lane_store.expiring, world.now_ms, 10)

    assert await searched() == []
    await world.jump(HOUR + 1)
    assert await searched() in ([], [world.lane(1).id])  # a sweep may have come already
    await world.sweep()
    assert await searched() == []
    await world.jump(DAY)
    await world.sweep()
    assert await searched() == []
    (left,) = world.rows("SELECT count(*) AS waiting FROM message WHERE state < 4")
    assert left.waiting == 0
    (noted,) = world.rows("SELECT count(*) AS lanes FROM lane WHERE expire_at_ms IS NOT NULL")
    assert noted.lanes == 0


async def test_a_head_on_its_way_for_long_is_left_to_its_owner_and_its_lane_is_searched_again(world: World) -> None:
    world.link.otherwise = None
    head = await world.submit(validity_s=MINUTE)
    await world.jump(HOUR)
    await world.sweep()
    assert not State(world.message(head).state).is_final
    await world.restart(own=False)
    while not State(world.message(head).state).is_final and world.now_ms < world.message(head).expiry_at_ms + 2 * HOUR * 1000:
        await world.advance(5)
    assert world.message(head).state == State.EXPIRED


async def test_a_shorter_validity_given_later_is_kept_while_nobody_owns_the_link(world: World) -> None:
    await world.restart(own=False)
    message_id = await world.submit(validity_s=DAY, door=Door.SMPP)
    sent = await world.core.database.read(asked_store.one, 1, message_id)
    assert sent is not None
    draft = Draft("another text", expiry_at_ms=world.now_ms + 5 * MINUTE * 1000)
    await replace(world.core, world.actor(door=Door.SMPP), sent, draft, 0)
    await expires_in_time(world, message_id)


async def test_an_answer_that_comes_after_the_validity_is_still_true(world: World) -> None:
    world.link.otherwise = None
    taken, absent = await world.submit(1, validity_s=MINUTE), await world.submit(2, validity_s=MINUTE)
    await world.jump(2 * MINUTE)
    world.link.sent[0].answer(Accepted())
    world.link.sent[1].answer(ABSENT)
    await world.settle()
    assert world.message(taken).state == State.DELIVERED
    assert world.message(absent).state == State.EXPIRED


async def test_nothing_is_sent_after_its_validity(world: World) -> None:
    world.link.most = 0
    await world.submit(validity_s=MINUTE)
    world.clock.set_wall_clock(world.now_ms + 61_000)
    world.link.most = 10
    world.queue.room_changed()
    await world.advance(5)
    assert world.link.sent == []


async def test_what_was_never_sent_is_not_counted_in_the_end(world: World) -> None:
    world.link.most = 0
    message_id = await world.submit(text=LONG, validity_s=MINUTE)
    assert world.used(1) == 3
    await expires_in_time(world, message_id)
    assert world.used(1) == 0


async def test_what_is_given_back_is_given_back_in_the_month_it_was_counted_in(world: World) -> None:
    midnight_ms = 1_801_440_000_000  # 2027-02-01T00:00:00Z
    world.link.most = 0
    batch = []
    for at_ms in (midnight_ms - 1, midnight_ms):
        world.clock.set_wall_clock(at_ms)
        batch.append(prepare(world.core, world.actor(), DeviceId(1), Draft("hi")))
    first, second = await world.database.write(lambda tx: accept(tx, batch))
    used = "SELECT period, used FROM usage_counter WHERE scope = 'device' AND traffic = 'mt' AND length(period) = 7 ORDER BY period"
    assert [tuple(row) for row in world.rows(used)] == [("2027-01", 1), ("2027-02", 1)]
    for message_id in (first, second):
        world.spawn(cancel(world.core, world.actor(), DeviceId(1), message_id))
        await world.advance(1)
    assert [tuple(row) for row in world.rows(used)] == [("2027-01", 0), ("2027-02", 0)]


async def test_what_was_sent_once_stays_counted(world: World) -> None:
    world.link.otherwise = ABSENT
    message_id = await world.submit(text=LONG, validity_s=MINUTE)
    await expires_in_time(world, message_id)
    assert world.used(1) == 3


async def test_the_validity_is_a_day_if_none_is_asked_for(world: World) -> None:
    message = world.message(await world.submit())
    assert message.expiry_at_ms - message.submitted_at_ms == DAY * 1000
    assert message.note is None


@pytest.mark.parametrize(("asked_s", "kept_s"), [(8 * DAY, 7 * DAY), (7 * DAY, 7 * DAY), (61, 61), (60, 60), (1, 60)])
async def test_a_validity_is_held_between_a_minute_and_7_days_and_the_message_says_so(world: World, asked_s: int, kept_s: int) -> None:
    message = world.message(await world.submit(validity_s=asked_s))
    assert message.expiry_at_ms - message.submitted_at_ms == kept_s * 1000
    assert (message.note is not None) == (asked_s != kept_s)


@pytest.mark.parametrize("asked_ms", [0, 999, 1000])
def test_a_validity_in_the_past_is_refused(asked_ms: int) -> None:
    with pytest.raises(Problem) as refused:
        validity(asked_ms, 1000)
    assert (refused.value.code, refused.value.field) == (Code.INVALID, "expiry_date")


async def test_a_device_that_is_not_there_is_refused_and_nothing_is_kept(world: World) -> None:
    with pytest.raises(Problem) as refused:
        await world.submit(99)
    assert refused.value.code is Code.INVALID_REFERENCE
    assert world.rows("SELECT id FROM message") == []
    assert world.used(99) == 0
    assert DeviceId(99) not in {row.device_id for row in world.rows("SELECT device_id FROM lane")}


@pytest.mark.parametrize("setting", [Setting(link=False)], indirect=True)
async def test_a_message_accepted_before_there_is_a_link_ends_in_time_too(world: World) -> None:
    await expires_in_time(world, await world.submit(validity_s=5 * MINUTE))
