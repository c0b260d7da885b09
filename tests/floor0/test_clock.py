"""The system clock and the clock that tests move by hand keep the same promises."""

import asyncio
import time

import pytest

from heliograph.clock import Clock, SystemClock
from tests.manual_clock import EPOCH_MS, TestClock


def test_the_system_clock_says_utc_in_milliseconds() -> None:
    assert abs(SystemClock().now_ms() - time.time() * 1000) < 1000


async def test_the_system_clock_never_wakes_early() -> None:
    clock = SystemClock()
    deadline = clock.monotonic() + 0.02
    await clock.sleep_until(deadline)
    assert clock.monotonic() >= deadline


async def test_a_wait_on_the_system_clock_ends_with_its_event_or_its_time() -> None:
    clock, event = SystemClock(), asyncio.Event()
    assert not await clock.wait(event, 0.01)
    asyncio.get_running_loop().call_later(0.01, event.set)
    assert await clock.wait(event, 20)
    assert await clock.wait(event, 0)


@pytest.mark.parametrize("clock", [SystemClock(), TestClock()], ids=["system", "test"])
async def test_a_deadline_in_the_past_lets_others_run_and_returns(clock: Clock) -> None:
    ran: list[str] = []

    async def other() -> None:
        ran.append("other")

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(other())
        await clock.sleep_until(clock.monotonic() - 1)
        ran.append("returned")
    assert ran == ["other", "returned"]


async def test_time_moves_only_when_told() -> None:
    clock = TestClock()
    await asyncio.sleep(0.01)
    assert (clock.now_ms(), clock.monotonic()) == (EPOCH_MS, 0.0)
    await clock.advance(1.5)
    assert (clock.now_ms(), clock.monotonic()) == (EPOCH_MS + 1500, 1.5)


async def test_sleepers_wake_in_the_order_of_their_deadlines_each_at_its_moment() -> None:
    clock = TestClock()
    woke: list[tuple[str, float]] = []

    async def sleeper(name: str, deadline: float) -> None:
        await clock.sleep_until(deadline)
        woke.append((name, clock.monotonic()))

    async with asyncio.TaskGroup() as tasks:
        for name, deadline in (("late", 3), ("early", 1), ("also early", 1), ("beyond", 11)):
            tasks.create_task(sleeper(name, deadline))
        await clock.advance(10)
        assert woke == [("early", 1), ("also early", 1), ("late", 3)]
        assert (clock.monotonic(), clock.sleepers) == (10, 1)
        await clock.advance(1)
    assert woke[-1] == ("beyond", 11)


async def test_a_task_that_sleeps_again_is_woken_again_by_the_same_advance() -> None:
    clock = TestClock()
    ticks: list[float] = []

    async def ticker() -> None:
        for tick in (2, 4, 6):
            await clock.sleep_until(tick)
            ticks.append(clock.monotonic())

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(ticker())
        await clock.advance(60)
    assert ticks == [2, 4, 6]


async def test_an_event_wakes_a_wait_without_time_passing_and_time_ends_it() -> None:
    clock, event = TestClock(), asyncio.Event()
    answers: list[tuple[bool, float]] = []

    async def waiter(timeout_s: float) -> None:
        answers.append((await clock.wait(event, timeout_s), clock.monotonic()))

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(waiter(5))
        tasks.create_task(waiter(50))
        await clock.advance(10)
        assert answers == [(False, 5)]
        event.set()
        await clock.settle()
        assert answers == [(False, 5), (True, 10)]
        assert clock.sleepers == 0
    assert await clock.wait(event, 0)


async def test_a_cancelled_sleeper_is_not_woken() -> None:
    clock = TestClock()
    task = asyncio.ensure_future(clock.sleep_until(5))
    await clock.settle()
    task.cancel()
    await clock.settle()
    assert clock.sleepers == 0
    await clock.advance(10)
    assert task.cancelled()


async def test_work_in_threads_is_waited_for_when_named_busy() -> None:
    clock = TestClock()
    work = asyncio.get_running_loop().run_in_executor(None, time.sleep, 0.05)
    clock.busy.append(lambda: not work.done())
    await clock.advance(1)
    assert work.done()


async def test_setting_the_wall_clock_leaves_deadlines_alone() -> None:
    clock = TestClock()
    task = asyncio.ensure_future(clock.sleep_until(5))
    await clock.advance(1)
    clock.set_wall_clock(EPOCH_MS - 3_600_000)
    assert (clock.now_ms(), clock.monotonic()) == (EPOCH_MS - 3_600_000, 1.0)
    await clock.advance(3)
    assert not task.done()
    await clock.advance(1)
    assert task.done()
    assert clock.now_ms() == EPOCH_MS - 3_600_000 + 4000
