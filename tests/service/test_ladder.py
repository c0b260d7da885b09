"""When a message is tried again (rules: Links, the ladder; On unknown)."""

import pytest

from heliograph.model.link import Accepted, Delivery, ErrorClass, OnUnknown, Refused, Unknown
from heliograph.model.message import State
from tests.core_world import DAY, HOUR, MINUTE, Setting, World, msisdn
from tests.scripted import TAKEN

ABSENT = Refused(ErrorClass.DEVICE_ABSENT, "absent subscriber")
BUSY = Refused(ErrorClass.DEVICE_BUSY, "memory full")
TEMPORARY = Refused(ErrorClass.UNKNOWN, "system error")
WAITS = Setting(delivery=Delivery.STORED, on_unknown=OnUnknown.WAIT)
FAILS = Setting(on_unknown=OnUnknown.FAIL)


async def tries_s(world: World, message_id: int, most: int = 60) -> list[float]:
    """Let the message be tried until it is final; when each try was made, in seconds since it was accepted."""
    for _ in range(most):
        message = world.message(message_id)
        if State(message.state).is_final:
            break
        before = len(world.link.sent)
        await world.jump_to(max(world.now_ms, message.retry_at_ms - 1000))
        assert len(world.link.sent) == before, "tried too early"
        await world.jump_to(message.retry_at_ms)
    return [(sent.at_ms - message.submitted_at_ms) / 1000 for sent in world.link.sent if sent.outgoing.message_id == message_id]


async def test_an_absent_device_is_tried_by_the_ladder_and_a_last_time_1_min_before_expiry(world: World) -> None:
    world.link.otherwise = ABSENT
    message_id = await world.submit()
    tries = await tries_s(world, message_id)
    ladder = [0, 20]
    for pause in (5, 10, 20, 40, 80, 160, 240, 240, 240, 240):
        ladder.append(ladder[-1] + pause * MINUTE)
    assert tries == [*ladder, DAY - MINUTE]
    message = world.message(message_id)
    assert (message.state, message.reason_code) == (State.EXPIRED, "expired")
    assert message.final_at_ms == message.expiry_at_ms
    assert f"{len(tries)} tries" in message.reason


async def test_other_temporary_errors_are_tried_after_30_s_2_min_10_min_and_the_same_again(world: World) -> None:
    world.link.otherwise = TEMPORARY
    message_id = await world.submit(validity_s=HOUR)
    assert await tries_s(world, message_id) == [0, 30, 150, 750, 1350, 1950, 2550, 3150, 3540]


async def test_a_temporary_error_after_absences_begins_a_ladder_of_its_own(world: World) -> None:
    world.link.says(ABSENT, ABSENT, TEMPORARY, ABSENT, TEMPORARY)
    message_id = await world.submit()
    assert await tries_s(world, message_id, most=5) == [0, 20, 320, 350, 950, 1070]
    assert world.message(message_id).state == State.DELIVERED


async def test_an_unknown_after_absences_is_tried_again_at_once_and_then_as_temporary(world: World) -> None:
    world.link.says(ABSENT, Unknown("no answer"), Unknown("no answer"), TEMPORARY)
    message_id = await world.submit()
    assert await tries_s(world, message_id, most=4) == [0, 20, 20, 50, 650]


async def test_a_full_memory_is_tried_from_5_min(world: World) -> None:
    world.link.otherwise = BUSY
    message_id = await world.submit(validity_s=HOUR)
    assert await tries_s(world, message_id) == [0, 300, 900, 2100, 3540]


async def test_the_ladder_is_the_devices_and_goes_on_with_its_next_message(world: World) -> None:
    world.link.otherwise = ABSENT
    first = await world.submit(validity_s=10 * MINUTE)
    second = await world.submit()
    await tries_s(world, first)
    assert world.link.sent[-1].outgoing.message_id == second, "the head that expired makes room at once"
    assert world.message(second).retry_at_ms - world.now_ms >= 20 * MINUTE * 1000


async def test_the_ladder_starts_anew_after_a_delivery(world: World) -> None:
    world.link.says(ABSENT, ABSENT, Accepted(), ABSENT)
    first = await world.submit()
    await tries_s(world, first)
    second = world.message(await world.submit())
    assert second.retry_at_ms == world.now_ms + 20_000


async def test_a_device_that_is_heard_of_is_tried_at_once(world: World) -> None:
    world.link.says(ABSENT, ABSENT)
    message_id = await world.submit()
    await world.jump(20)
    await world.jump(30)
    await world.reachable()
    assert world.message(message_id).state == State.DELIVERED
    assert world.link.sent[-1].at_ms == world.now_ms


async def test_a_device_that_sends_is_tried_at_once(world: World) -> None:
    world.link.says(ABSENT)
    message_id = await world.submit()
    await world.hear(msisdn(1), "4711")
    assert world.message(message_id).state == State.DELIVERED


@pytest.mark.parametrize("news", ["attach", "mo"])
@pytest.mark.parametrize("waiting", [True, False])
async def test_a_device_that_was_heard_of_and_is_absent_again_is_tried_after_20_s(world: World, news: str, waiting: bool) -> None:
    world.link.otherwise = ABSENT
    first = await world.submit(validity_s=2 * HOUR)
    while world.lane().ladder_step < 5:
        await world.jump_to(world.message(first).retry_at_ms)
    if not waiting:
        await world.jump_to(world.message(first).expiry_at_ms + 1000)
        await world.jump(10)
        assert world.message(first).state == State.EXPIRED
    if news == "attach":
        await world.reachable()
    else:
        await world.hear(msisdn(1), "12345")
    message_id = first if waiting else await world.submit()
    await world.settle()
    assert world.message(message_id).retry_at_ms - world.now_ms == 20_000


async def test_a_device_that_is_heard_of_while_its_message_is_on_its_way_is_tried_after_20_s(world: World) -> None:
    world.link.otherwise = ABSENT
    message_id = await world.submit()
    while world.lane().ladder_step < 5:
        await world.jump_to(world.message(message_id).retry_at_ms)
    world.link.otherwise = None
    await world.jump_to(world.message(message_id).retry_at_ms)
    await world.reachable()
    world.link.lose_connection(ABSENT)
    await world.settle()
    assert world.message(message_id).retry_at_ms - world.now_ms == 20_000


async def test_a_device_is_tried_at_most_once_in_20_s_however_often_it_is_heard_of(world: World) -> None:
    world.link.otherwise = ABSENT
    await world.submit()
    await world.jump(MINUTE)
    before = len(world.link.sent)
    heard_ms = world.now_ms
    for _ in range(20):
        await world.reachable()
        await world.jump(1)
    assert [sent.at_ms - heard_ms for sent in world.link.sent[before:]] == [0, 20_000]


async def test_hearing_of_a_device_never_puts_a_try_off(world: World) -> None:
    world.link.says(ABSENT, Refused(ErrorClass.LINK, "reconnecting"))
    message_id = await world.submit()
    await world.reachable()
    assert world.message(message_id).attempts == 2
    await world.reachable()
    await world.jump(6)
    assert world.message(message_id).state == State.DELIVERED


async def test_hearing_of_one_device_tries_no_other(world: World) -> None:
    world.link.otherwise = ABSENT
    await world.submit(1)
    await world.submit(2)
    await world.reachable(2)
    assert [sent.outgoing.destination for sent in world.link.sent] == [msisdn(1), msisdn(2), msisdn(2)]


async def test_nobodys_number_is_nobodys_news(world: World) -> None:
    world.link.otherwise = ABSENT
    await world.submit(1)
    await world.reachable(77)
    assert len(world.link.sent) == 1


async def test_an_unknown_on_a_live_link_is_tried_again_at_once_and_then_as_temporary(world: World) -> None:
    world.link.otherwise = Unknown("connection lost")
    message_id = await world.submit(validity_s=HOUR)
    assert [sent.at_ms for sent in world.link.sent] == [world.now_ms] * 2
    assert (await tries_s(world, message_id))[:5] == [0, 0, 30, 150, 750]


async def test_every_try_has_the_same_reference_and_the_same_octets(world: World) -> None:
    world.link.says(Unknown("lost"), ABSENT, TEMPORARY)
    message_id = await world.submit(text="0123456789" * 40)
    await tries_s(world, message_id)
    for number in (1, 2, 3):
        tries = [sent.outgoing for sent in world.link.sent if sent.outgoing.number == number]
        assert all(each == tries[0] for each in tries)
    assert len({sent.outgoing.reference for sent in world.link.sent}) == 3


async def test_a_try_after_an_unknown_is_marked_as_possible_duplicate(world: World) -> None:
    world.link.says(Unknown("connection lost"), ABSENT)
    message_id = await world.submit()
    await world.jump(20)
    reasons = [attempt.reason for attempt in world.attempts(message_id)]
    assert reasons[0] == "connection lost"
    assert reasons[1] == "absent subscriber (possible duplicate)"
    assert reasons[2] == "possible duplicate"


@pytest.mark.parametrize("setting", [FAILS], indirect=True)
async def test_an_unknown_fails_at_once_where_the_link_says_so(world: World) -> None:
    world.link.says(Unknown("connection lost"))
    message = world.message(await world.submit())
    assert (message.state, message.reason, message.reason_code) == (State.FAILED, "connection lost", "unknown")
    assert len(world.link.sent) == 1


@pytest.mark.parametrize("setting", [WAITS], indirect=True)
async def test_an_unknown_on_a_stored_link_waits_120_s_and_is_sent_once_more(world: World) -> None:
    world.link.says(Unknown("no answer"), Accepted("abc"))
    message_id = await world.submit()
    assert await tries_s(world, message_id, most=1) == [0, 120]
    assert world.message(message_id).segment_states == "a"
    assert world.attempts(message_id)[-1].reason == "possible duplicate"
    await world.receipt("id:abc")
    assert world.message(message_id).state == State.DELIVERED


@pytest.mark.parametrize("setting", [WAITS], indirect=True)
async def test_a_second_unknown_on_a_stored_link_is_not_sent_a_third_time(world: World) -> None:
    world.link.otherwise = Unknown("no answer")
    message_id = await world.submit()
    await world.jump(120)
    for _ in range(5):
        await world.jump(HOUR)
    assert len(world.link.sent) == 2
    assert world.message(message_id).state == State.FAILED


@pytest.mark.parametrize("setting", [WAITS], indirect=True)
async def test_a_receipt_that_fits_within_the_120_s_spares_the_second_try(world: World) -> None:
    world.link.says(Unknown("no answer"))
    message_id = await world.submit()
    reference = world.link.sent[0].outgoing.reference
    await world.jump(60)
    assert await world.receipt(f"umr:{reference}") == message_id
    assert world.message(message_id).state == State.DELIVERED
    await world.jump(5 * MINUTE)
    assert len(world.link.sent) == 1
    assert world.lane().due_at_ms is None


@pytest.mark.parametrize("setting", [WAITS], indirect=True)
async def test_a_receipt_during_the_second_try_is_not_undone_by_its_answer(world: World) -> None:
    world.link.says(Unknown("no answer"), Unknown("no answer"), None, None)
    message_id = await world.submit(text="0123456789" * 20)
    await world.jump(120)
    assert len(world.link.open) == 2
    await world.receipt(f"umr:{world.link.sent[0].outgoing.reference}")
    world.link.lose_connection(Accepted("later"))
    await world.settle()
    assert world.message(message_id).segment_states == "da"


@pytest.mark.parametrize("setting", [WAITS], indirect=True)
async def test_hearing_of_a_device_does_not_shorten_the_wait_for_a_receipt(world: World) -> None:
    world.link.says(Unknown("no answer"))
    await world.submit()
    await world.jump(10)
    await world.reachable()
    await world.hear(msisdn(1), "4711")
    await world.jump(100)
    assert len(world.link.sent) == 1
    await world.jump(10)
    assert len(world.link.sent) == 2


@pytest.mark.parametrize("setting", [WAITS], indirect=True)
async def test_a_receipt_within_the_120_s_lets_the_next_message_go_at_once(world: World) -> None:
    world.link.says(Unknown("no answer"))
    await world.submit()
    second = await world.submit(text="next")
    await world.receipt(f"umr:{world.link.sent[0].outgoing.reference}")
    assert [sent.text for sent in world.link.sent[1:]] == ["next"]
    assert world.message(second).segment_states == "a"


@pytest.mark.parametrize("setting", [WAITS], indirect=True)
async def test_a_receipt_that_came_before_the_unknown_lets_the_next_message_go_at_once(world: World) -> None:
    world.link.says(None)
    first = await world.submit()
    await world.submit(text="next")
    await world.receipt(f"umr:{world.link.sent[0].outgoing.reference}")
    world.link.sent[0].answer(Unknown("no answer"))
    await world.settle()
    assert world.message(first).state == State.DELIVERED
    assert [sent.text for sent in world.link.sent[1:]] == ["next"]


@pytest.mark.parametrize("setting", [WAITS], indirect=True)
async def test_what_waits_behind_a_head_that_goes_on_waiting_waits_too(world: World) -> None:
    world.link.says(Unknown("no answer"), Unknown("no answer"))
    await world.submit(text="0123456789" * 20)
    await world.submit(text="next")
    await world.receipt(f"umr:{world.link.sent[0].outgoing.reference}")
    assert len(world.link.sent) == 2


async def test_of_a_long_message_only_the_missing_segments_go_again(world: World) -> None:
    world.link.says(Accepted(), TEMPORARY, Accepted())
    message_id = await world.submit(text="0123456789" * 40)
    assert [sent.outgoing.number for sent in world.link.sent] == [1, 2, 3]
    assert world.message(message_id).segment_states == "dwd"
    await world.jump(30)
    assert [sent.outgoing.number for sent in world.link.sent] == [1, 2, 3, 2]
    assert world.link.sent[3].outgoing == world.link.sent[1].outgoing
    assert world.message(message_id).state == State.DELIVERED
    assert world.message(message_id).attempts == 2


async def test_segments_go_in_order_as_far_as_the_link_has_room(world: World) -> None:
    world.link.most = 2
    world.link.otherwise = None
    await world.submit(text="0123456789" * 40)
    assert [sent.outgoing.number for sent in world.link.sent] == [1, 2]
    world.link.sent[0].answer(TAKEN)
    await world.settle()
    assert [sent.outgoing.number for sent in world.link.sent] == [1, 2, 3]


@pytest.mark.parametrize("setting", [WAITS], indirect=True)
async def test_a_message_whose_unknown_segment_was_confirmed_makes_room_for_the_next(world: World) -> None:
    world.link.says(Accepted("a"), Unknown("no answer"))
    first = await world.submit(text="0123456789" * 20)
    second = await world.submit(text="next")
    await world.receipt(f"umr:{world.link.sent[1].outgoing.reference}")
    assert world.message(first).segment_states == "ad"
    assert [sent.text for sent in world.link.sent[2:]] == ["next"], "at once: nothing is ahead of it any more"
    assert world.lane().due_at_ms is None
    assert world.lane().taken_epoch is None
    await world.receipt("id:a")
    assert world.message(first).state == State.DELIVERED
    assert world.message(second).segment_states == "a"
