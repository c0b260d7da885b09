"""The queue of a link: its window, its turns, its pace (service/dispatch)."""

import asyncio
from collections.abc import Callable

import pytest

from heliograph.model.ids import DeviceId
from heliograph.model.link import Accepted, ErrorClass, Refused
from heliograph.model.message import State
from heliograph.service.draft import Draft
from heliograph.service.submit import submit
from heliograph.store.database import DatabaseLost
from tests.core_world import Setting, World
from tests.waits import PATIENCE_S

ABSENT = Refused(ErrorClass.DEVICE_ABSENT, "absent subscriber")


async def polls(world: World, seconds: float) -> int:
    """How often the queue asks the database in so much time."""
    asked = 0
    take = world.queue._queues.use_cases.cancel_requests

    async def counted(*arguments: object) -> list[int]:
        nonlocal asked
        asked += 1
        if asked > 50:
            raise AssertionError("the queue does not rest")
        return await take(*arguments)  # type: ignore[arg-type]

    world.queue._queues.use_cases.cancel_requests = counted  # type: ignore[assignment,method-assign]
    await world.advance(seconds)
    return asked


@pytest.mark.parametrize("setting", [Setting(window=2)], indirect=True)
async def test_a_full_window_is_at_rest_though_a_lane_is_due(world: World) -> None:
    world.link.otherwise = None
    await world.submit(1)
    await world.submit(2)
    world.link.sent[1].answer(ABSENT)
    async with asyncio.timeout(PATIENCE_S):
        while world.queue.taken == 2:
            await asyncio.sleep(0)
    await submit(world.core, world.actor(), DeviceId(3), Draft("takes the place"))
    assert world.queue.taken == 2
    await world.jump(25)
    assert await polls(world, 5) <= 7
    world.link.otherwise = Accepted()
    world.link.lose_connection(Accepted())
    await world.advance(2)
    assert world.queue.taken == 0
    assert world.lane(2).taken_epoch is None


async def test_an_idle_queue_asks_once_a_second(world: World) -> None:
    assert await polls(world, 10) in (10, 11)


@pytest.mark.parametrize("setting", [Setting(devices=30, window=5)], indirect=True)
async def test_more_lanes_than_the_window_are_served_without_waiting_for_a_poll(world: World) -> None:
    world.link.most = 0
    sent = [await world.submit(device) for device in range(1, 31)]
    assert world.queue.taken <= 5
    world.link.most = 1000
    world.queue.room_changed()
    await world.settle()
    assert {world.message(each).state for each in sent} == {State.DELIVERED}


@pytest.mark.parametrize("setting", [Setting(devices=60, organisations=2, window=1)], indirect=True)
async def test_an_organisation_with_many_lanes_due_does_not_keep_another_waiting(world: World) -> None:
    world.link.otherwise = None
    busy = [await world.submit(device) for device in range(1, 61, 2)]
    quiet = await world.submit(2)
    while world.link.open:
        world.link.open[0].answer(Accepted())
        await world.settle()
    order = [sent.outgoing.message_id for sent in world.link.sent]
    assert sorted(order) == sorted([*busy, quiet])
    assert order.index(quiet) < len(busy), "it came last"


@pytest.mark.parametrize("error_class", [ErrorClass.THROTTLE, ErrorClass.LINK])
async def test_a_throttled_link_is_slowed_down_to_one_try_a_second_at_most_and_speeds_up_again(
    world: World, error_class: ErrorClass
) -> None:
    world.link.otherwise = Refused(error_class, "slow down")
    await world.submit(1)
    await world.advance(10)
    slow = len(world.link.sent)
    await world.advance(60)
    assert 10 <= len(world.link.sent) - slow <= 60
    world.link.otherwise = Accepted()
    await world.advance(6)
    before = len(world.link.sent)
    for _ in range(10):
        await world.submit(1)
    assert len(world.link.sent) == before + 10


async def test_a_fault_holds_the_whole_queue_for_30_s(world: World) -> None:
    world.link.says(Refused(ErrorClass.FAULT, "invalid system id"))
    await world.submit(1)
    await world.submit(2)
    await world.advance(29)
    assert len(world.link.sent) == 1
    await world.advance(3)
    assert len(world.link.sent) == 3


async def test_a_paused_queue_sends_nothing_until_it_goes_on(world: World) -> None:
    world.queue.pause(paused=True)
    message_id = await world.submit()
    await world.advance(10)
    assert world.link.sent == []
    world.queue.pause(paused=False)
    await world.settle()
    assert world.message(message_id).state == State.DELIVERED


@pytest.mark.parametrize("setting", [Setting(devices=6, window=2)], indirect=True)
async def test_a_database_that_does_not_answer_is_asked_again_after_a_second(world: World) -> None:
    world.link.otherwise = None
    for device in range(1, 7):
        await world.submit(device)
    asked: list[str] = []

    async def lost(function: Callable[..., object], *_: object, **__: object) -> None:
        asked.append(function.__name__)
        if len(asked) > 200:
            raise AssertionError("nobody rests")
        raise DatabaseLost("gone")

    write, read = world.database.write, world.database.read
    world.database.write = world.database.read = lost  # type: ignore[method-assign,assignment]
    await world.advance(20)
    world.database.write, world.database.read = write, read  # type: ignore[method-assign]
    assert set(asked) >= {"take_cancel_requests", "claim", "_beat"}
    assert len(asked) <= 80
    world.link.otherwise = Accepted()
    world.link.lose_connection(Accepted())
    await world.advance(3)
    assert len(world.rows("SELECT id FROM message WHERE state = 4")) == 6


async def test_a_bug_in_a_use_case_ends_the_queue_with_it(world: World) -> None:
    world.link.otherwise = None
    await world.submit()
    world.queue._queues.use_cases.settle = lambda *_: _failed()  # type: ignore[method-assign]
    world.link.sent[0].answer(Accepted())
    await world.settle()
    with pytest.raises(ZeroDivisionError):
        await world.crash()
    await world.start()


def _failed() -> asyncio.Future[bool]:
    future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
    future.set_exception(ZeroDivisionError())
    return future
