"""Taking a message back (rules: Links, cancel)."""

import asyncio

import pytest

from heliograph.model.account import Actor, Role
from heliograph.model.ids import DeviceId, MessageId
from heliograph.model.link import Accepted, Delivery, ErrorClass, LinkOutcome, Refused
from heliograph.model.message import State
from heliograph.model.problem import Code, Problem
from heliograph.service import cancel
from heliograph.store import link as link_store
from tests.core_world import Setting, World

ABSENT = Refused(ErrorClass.DEVICE_ABSENT, "absent subscriber")


def canceling(world: World, message_id: int, device: int = 1, actor: Actor | None = None) -> asyncio.Task[Code | None]:
    """What refuses the cancel, None where it is done."""

    async def call() -> Code | None:
        try:
            await cancel.cancel(world.core, actor or world.actor(world.organisation_of(device)), DeviceId(device), MessageId(message_id))
        except Problem as problem:
            return problem.code
        return None

    return world.spawn(call())


async def test_a_message_that_waits_is_cancelled_at_once(world: World) -> None:
    world.link.otherwise = None
    head, behind = await world.submit(), await world.submit()
    asked = canceling(world, behind)
    await world.settle()
    assert asked.result() is None
    assert (world.message(behind).state, world.message(behind).final_at_ms) == (State.CANCELED, world.now_ms)
    assert world.message(behind).reason == "cancelled before it was sent"
    assert world.events(behind) == ["sms.accepted", "sms.canceled"]
    assert world.used(1) == 1, "what was never sent is given back"
    world.link.sent[0].answer(Accepted())
    await world.settle()
    assert [sent.outgoing.message_id for sent in world.link.sent] == [head]
    assert world.lane().taken_epoch is None


async def test_a_cancelled_message_is_not_reported_to_its_webhook(world: World) -> None:
    world.link.otherwise = ABSENT
    message_id = await world.submit()
    canceling(world, message_id)
    await world.settle()
    assert world.message(message_id).state == State.CANCELED
    assert world.message(message_id).reason == "cancelled while it waited for another try"
    assert world.notifications(message_id) == []


async def test_what_is_behind_a_cancelled_message_goes_at_once_not_when_that_one_would_have_been_tried_again(world: World) -> None:
    world.link.says(ABSENT)
    first, second = await world.submit(text="one"), await world.submit(text="two")
    asked = canceling(world, first)
    await world.settle()
    assert asked.result() is None
    assert [sent.text for sent in world.link.sent] == ["one", "two"]
    assert [world.message(each).state for each in (first, second)] == [State.CANCELED, State.DELIVERED]


async def test_a_message_that_comes_after_a_cancelled_one_is_tried_at_once(world: World) -> None:
    world.link.says(ABSENT)
    first = await world.submit(text="one")
    canceling(world, first)
    await world.settle()
    assert world.lane().due_at_ms is None
    second = await world.submit(text="two")
    assert [sent.text for sent in world.link.sent] == ["one", "two"]
    assert world.message(second).state == State.DELIVERED


async def test_cancelling_does_not_begin_the_ladder_of_an_absent_device_anew(world: World) -> None:
    world.link.otherwise = ABSENT
    canceling(world, await world.submit())
    await world.settle()
    second = await world.submit()
    retry_at_ms = world.message(second).retry_at_ms
    assert retry_at_ms is not None
    assert retry_at_ms - world.now_ms >= 5 * 60_000, "the device was absent twice"


async def test_cancelling_what_is_behind_a_waiting_message_leaves_that_one_waiting(world: World) -> None:
    world.link.says(ABSENT)
    head, behind = await world.submit(text="one"), await world.submit(text="two")
    canceling(world, behind)
    await world.settle()
    assert [sent.text for sent in world.link.sent] == ["one"]
    await world.jump(20)
    assert world.message(head).state == State.DELIVERED


async def test_a_message_that_its_owner_has_not_sent_yet_is_taken_back(world: World) -> None:
    world.link.most = 0
    message_id = await world.submit()
    asked = canceling(world, message_id)
    await world.advance(0.1)
    assert asked.result() is None
    assert world.message(message_id).state == State.CANCELED
    assert world.message(message_id).attempts == 0
    assert world.lane().taken_epoch is None
    assert world.used(1) == 0


@pytest.mark.parametrize(
    ("outcome", "refused", "state"),
    [
        (ABSENT, None, State.CANCELED),
        (Accepted(), Code.ALREADY_FINAL, State.DELIVERED),
        (Refused(ErrorClass.PERMANENT, "no"), Code.ALREADY_FINAL, State.FAILED),
    ],
)
async def test_the_answer_to_a_message_on_its_way_decides_within_2_s(
    world: World, outcome: LinkOutcome, refused: Code | None, state: State
) -> None:
    world.link.otherwise = None
    message_id = await world.submit()
    asked = canceling(world, message_id)
    await world.advance(1)
    assert not asked.done()
    world.link.sent[0].answer(outcome)
    await world.advance(0.2)
    assert asked.result() is refused
    assert world.message(message_id).state == state


async def test_after_2_s_without_an_answer_the_caller_knows_and_no_other_try_is_made(world: World) -> None:
    world.link.otherwise = None
    message_id = await world.submit()
    asked = canceling(world, message_id)
    await world.advance(1.9)
    assert not asked.done()
    await world.advance(0.2)
    assert asked.result() is Code.ON_ITS_WAY
    world.link.sent[0].answer(ABSENT)
    await world.settle()
    assert world.message(message_id).state == State.CANCELED
    await world.jump(3600)
    assert len(world.link.sent) == 1


async def test_another_process_asks_the_owner_who_takes_it_back_within_a_second(world: World) -> None:
    world.link.most = 0
    message_id = await world.submit()
    answer = await world.database.write(cancel.ask, world.core, world.actor(), DeviceId(1), message_id, world.now_ms)
    assert answer is cancel.Answer.ON_ITS_WAY
    await world.advance(1)
    assert world.message(message_id).state == State.CANCELED


@pytest.mark.parametrize("setting", [Setting(delivery=Delivery.STORED)], indirect=True)
@pytest.mark.parametrize("answers", [[Accepted("a"), Accepted("b")], [Accepted("a"), Refused(ErrorClass.UNKNOWN, "system error")]])
async def test_a_message_of_which_the_network_has_a_segment_is_not_taken_back(world: World, answers: list[LinkOutcome]) -> None:
    world.link.says(*answers)
    message_id = await world.submit(text="0123456789" * 20)
    asked = canceling(world, message_id)
    await world.settle()
    assert asked.result() is Code.HANDED_OVER
    assert world.message(message_id).state == State.BUFFERED


async def test_a_message_that_has_ended_is_not_cancelled(world: World) -> None:
    message_id = await world.submit()
    asked = canceling(world, message_id)
    await world.settle()
    assert asked.result() is Code.ALREADY_FINAL
    assert world.events(message_id) == ["sms.accepted", "sms.delivered"]


async def test_a_second_cancel_finds_it_ended(world: World) -> None:
    world.link.otherwise = ABSENT
    message_id = await world.submit()
    first, second = canceling(world, message_id), canceling(world, message_id)
    await world.settle()
    assert sorted([first.result() is None, second.result() is Code.ALREADY_FINAL]) == [True, True]
    assert world.events(message_id) == ["sms.accepted", "sms.waiting", "sms.canceled"]


@pytest.mark.parametrize("setting", [Setting(devices=2, organisations=2)], indirect=True)
async def test_another_organisations_message_another_devices_and_none_look_alike(world: World) -> None:
    world.link.otherwise = ABSENT
    message_id = await world.submit(1)
    asked = [
        canceling(world, message_id, device=1, actor=world.actor(2)),
        canceling(world, message_id, device=2, actor=world.actor(2)),
        canceling(world, 4711),
    ]
    await world.settle()
    assert {each.result() for each in asked} == {Code.INVALID_REFERENCE}
    assert world.message(message_id).state == State.BUFFERED


@pytest.mark.parametrize("setting", [Setting(devices=2, organisations=2)], indirect=True)
async def test_the_operator_cancels_in_any_organisation(world: World) -> None:
    world.link.otherwise = ABSENT
    message_id = await world.submit(2)
    asked = canceling(world, message_id, device=2, actor=world.actor(1, role=Role.SUPER_ADMIN))
    await world.settle()
    assert asked.result() is None


async def test_requests_that_no_owner_took_are_forgotten(world: World) -> None:
    world.link.otherwise = None
    message_id = await world.submit()
    await world.restart(own=False)
    asked = canceling(world, message_id)
    await world.advance(3)
    assert asked.result() is Code.ON_ITS_WAY
    await world.jump(61)
    await world.sweep()
    assert world.rows("SELECT message_id FROM cancel_request") == []


@pytest.mark.parametrize("setting", [Setting(link=False)], indirect=True)
async def test_the_owner_is_asked_for_a_message_that_is_older_than_its_link_too(world: World) -> None:
    message_id = await world.submit()
    world.link_id = await world.database.write(link_store.insert, "Late", "scripted", "{}", world.now_ms)
    world.link.most = 0
    await world.own()
    await world.advance(2)
    assert world.queue.taken == 1
    answer = await world.database.write(cancel.ask, world.core, world.actor(), DeviceId(1), message_id, world.now_ms)
    assert answer is cancel.Answer.ON_ITS_WAY
    await world.advance(1)
    assert world.message(message_id).state == State.CANCELED
