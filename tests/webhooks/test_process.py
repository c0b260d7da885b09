"""Webhooks are called by a process of their own, whose death costs a second try and no delivery."""

import asyncio
import ipaddress
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from heliograph.clock import Clock, SystemClock
from heliograph.model.notification import Answered, Delivery
from heliograph.webhooks.courier import CUT_OFF
from heliograph.webhooks.egress import LOOPBACK, EgressPolicy
from heliograph.webhooks.line import Line, plain, settings_of
from heliograph.webhooks.process import SILENT_S, START_AGAIN_S, CourierProcess
from heliograph.webhooks.settings import CourierSettings
from tests.manual_clock import TestClock
from tests.webhooks.receiver import Receiver, answer, delivery, hold


@asynccontextmanager
async def running(clock: Clock | None = None) -> AsyncIterator[CourierProcess]:
    async with asyncio.TaskGroup() as tasks:
        courier = CourierProcess(CourierSettings(egress=LOOPBACK), clock or SystemClock(), tasks.create_task)
        yield courier
        await courier.stop(1)


def give(courier: CourierProcess, given: Delivery) -> asyncio.Future[Answered]:
    future: asyncio.Future[Answered] = asyncio.get_running_loop().create_future()
    courier.deliver(given, future.set_result)
    return future


async def until(condition: Callable[[], bool], why: str) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, f"never came: {why}"
        await asyncio.sleep(0.01)


async def until_tried(receiver: Receiver, times: int) -> None:
    await until(lambda: len(receiver.received) == times, f"the try number {times}")


def children_of(pid: int) -> list[int]:
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


async def test_it_is_started_by_the_first_delivery_and_ends_with_its_courier() -> None:
    before = set(children_of(os.getpid()))
    async with Receiver(answer(202, b"Gr\xc3\xbc\xc3\x9fe")) as receiver:
        async with running() as courier:
            assert set(children_of(os.getpid())) == before
            answered = await give(courier, delivery(receiver.url, secret="s" * 32, headers=("X-Site: north",)))
            assert (answered.status, answered.answer, answered.address) == (202, "Grüße", "127.0.0.1")
            assert len(set(children_of(os.getpid())) - before) == 1
        assert set(children_of(os.getpid())) == before
        (received,) = receiver.received
        assert (received.headers["x-site"], received.body.decode()) == ("north", '{"payload":"Grüße"}')


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
async def test_what_it_had_when_it_died_is_given_back_untried_and_another_calls_the_next(number: int) -> None:
    before = set(children_of(os.getpid()))
    async with Receiver(hold) as receiver, running() as courier:
        lost = [give(courier, delivery(receiver.url, each)) for each in range(1, 4)]
        await until(lambda: len(receiver.received) == 3, "the tries")
        (child,) = set(children_of(os.getpid())) - before
        os.kill(child, number)
        assert [(each.status, each.is_tried) for each in await asyncio.gather(*lost)] == [(None, False)] * 3
        receiver.mood = answer()
        assert (await give(courier, delivery(receiver.url, 4))).is_success


async def test_what_is_under_way_in_a_second_process_is_answered_within_the_grace_too() -> None:
    before = set(children_of(os.getpid()))
    async with Receiver() as receiver, running() as courier:
        assert (await give(courier, delivery(receiver.url))).is_success
        (child,) = set(children_of(os.getpid())) - before
        os.kill(child, signal.SIGKILL)
        answered = await give(courier, delivery(receiver.url, 2))
        while not answered.is_success:  # given to the first before its end was seen
            answered = await give(courier, delivery(receiver.url, 2))
        tried = len(receiver.received)
        receiver.mood = hold
        held = give(courier, delivery(receiver.url, 3))
        await until(lambda: len(receiver.received) > tried, "the try")
        late = give(courier, delivery(receiver.url, 4))
        stopping = asyncio.create_task(courier.stop(30))
        receiver.mood = answer()
        assert (await late).is_success
        assert not stopping.done()
        await asyncio.sleep(0)
        assert not held.done()
        child = next(iter(set(children_of(os.getpid())) - before))
        os.kill(child, signal.SIGKILL)
        await stopping
        assert not (await held).is_tried


async def test_what_each_of_three_had_when_it_died_counts_as_tried_so_that_others_have_their_turn() -> None:
    before = set(children_of(os.getpid()))
    async with Receiver(hold) as receiver, running() as courier:
        tried: list[tuple[bool, bool]] = []
        for death in range(1, 5):
            suspect, other = give(courier, delivery(receiver.url)), give(courier, delivery(receiver.url, 10 + death))
            await until_tried(receiver, 2 * death)
            (child,) = set(children_of(os.getpid())) - before
            os.kill(child, signal.SIGKILL)
            tried.append(((await suspect).is_tried, (await other).is_tried))
        assert tried == [(False, False), (False, False), (True, False), (True, False)]


async def test_what_is_given_while_the_rest_is_given_back_has_the_whole_grace() -> None:
    """As a webhook's queue moves up: its next delivery is given by the answer to the one before."""
    before = set(children_of(os.getpid()))
    async with Receiver(hold) as receiver, running() as courier:
        following: list[asyncio.Future[Answered]] = []
        courier.deliver(delivery(receiver.url), lambda _: following.append(give(courier, delivery(receiver.url, 2))))
        await until(lambda: len(receiver.received) == 1, "the try")
        (child,) = set(children_of(os.getpid())) - before
        os.kill(child, signal.SIGKILL)
        await until(lambda: len(receiver.received) == 2, "the try of the second process")
        await courier.stop(2)
        assert [(each.error, each.is_tried) for each in await asyncio.gather(*following)] == [(CUT_OFF, True)]


async def test_one_that_answers_nothing_any_more_is_killed_and_another_calls_the_next() -> None:
    before = set(children_of(os.getpid()))
    clock = TestClock()
    async with Receiver() as receiver, running(clock) as courier:
        assert (await give(courier, delivery(receiver.url))).is_success
        (child,) = set(children_of(os.getpid())) - before
        await clock.advance(3600)
        assert set(children_of(os.getpid())) - before == {child}  # it owes nothing
        os.kill(child, signal.SIGSTOP)
        lost = give(courier, delivery(receiver.url, 2))
        await clock.advance(3600)
        assert not (await lost).is_tried
        await until(lambda: child not in children_of(os.getpid()), "its end")
        following = give(courier, delivery(receiver.url, 3))
        await clock.advance(START_AGAIN_S)
        assert (await following).is_success


async def test_one_that_waits_for_a_slow_receiver_beats_and_is_let_live() -> None:
    before = set(children_of(os.getpid()))
    clock = TestClock()
    async with Receiver(mood=hold) as receiver, running(clock) as courier:
        answered = give(courier, delivery(receiver.url))
        await until_tried(receiver, 1)
        children = set(children_of(os.getpid())) - before
        for _ in range(3):
            told = courier._told_frames
            await until(lambda told=told: courier._told_frames > told, "a beat")  # type: ignore[misc]
            await clock.advance(SILENT_S)
        assert set(children_of(os.getpid())) - before == children
        assert not answered.done()
        await courier.stop(0)


async def test_one_that_hangs_does_not_outlive_a_daemon_that_stops() -> None:
    before = set(children_of(os.getpid()))
    tasks: list[asyncio.Task[None]] = []
    async with Receiver() as receiver:
        courier = CourierProcess(CourierSettings(egress=LOOPBACK), SystemClock(), lambda call: tasks.append(asyncio.create_task(call)))
        assert (await give(courier, delivery(receiver.url))).is_success
        (child,) = set(children_of(os.getpid())) - before
        os.kill(child, signal.SIGSTOP)
        lost = [give(courier, delivery(receiver.url, each, body="x" * 60_000)) for each in range(2, 50)]  # more than the socket holds
        await courier.stop(0.1)
        assert not any(each.is_tried for each in await asyncio.gather(*lost))
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks, timeout=30)
        await until(lambda: child not in children_of(os.getpid()), "its end")


async def test_a_bug_in_who_is_told_is_an_error_of_the_loop_which_ends_the_daemon_and_not_of_the_line() -> None:
    before = set(children_of(os.getpid()))
    met: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: met.append(context))

    def fail(_answered: Answered) -> None:
        raise RuntimeError("a bug")

    async with Receiver() as receiver, running() as courier:
        courier.deliver(delivery(receiver.url), fail)
        await until(lambda: bool(met), "the error")
        (child,) = set(children_of(os.getpid())) - before
        assert (await give(courier, delivery(receiver.url, 2))).is_success
        assert set(children_of(os.getpid())) - before == {child}
    assert [(str(each["exception"]), "handle" in each) for each in met] == [("a bug", True)]


async def test_signals_are_for_its_daemon() -> None:
    before = set(children_of(os.getpid()))
    async with Receiver() as receiver, running() as courier:
        assert (await give(courier, delivery(receiver.url))).is_success
        (child,) = set(children_of(os.getpid())) - before
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            os.kill(child, number)
        assert (await give(courier, delivery(receiver.url, 2))).is_success
        assert set(children_of(os.getpid())) - before == {child}


OWNER = """
import asyncio, sys
from heliograph.clock import SystemClock
from heliograph.webhooks.egress import LOOPBACK
from heliograph.webhooks.process import CourierProcess
from heliograph.webhooks.settings import CourierSettings
from tests.webhooks.receiver import delivery

async def main():
    async with asyncio.TaskGroup() as tasks:
        courier = CourierProcess(CourierSettings(egress=LOOPBACK), SystemClock(), tasks.create_task)
        courier.deliver(delivery(sys.argv[1]), lambda answered: print(answered.status, flush=True))
        await asyncio.Event().wait()

asyncio.run(main())
"""


async def test_it_does_not_outlive_a_daemon_that_is_killed() -> None:
    async with Receiver() as receiver:
        owner = await asyncio.create_subprocess_exec(sys.executable, "-c", OWNER, receiver.url, stdout=subprocess.PIPE)
        assert owner.stdout is not None
        assert await owner.stdout.readline() == b"200\n"
        (child,) = children_of(owner.pid)
        owner.kill()
        await owner.wait()
        await until(lambda: not Path(f"/proc/{child}/cmdline").exists() or not Path(f"/proc/{child}/cmdline").read_bytes(), "its end")


def test_frames_are_whole_however_they_are_cut() -> None:
    values = [[1, "x" * 300], [], {"a": 1}]
    octets = b"".join(len(each).to_bytes(4) + each for each in map(msgspec.msgpack.encode, values))
    for size in (1, 2, 3, 5, 7, 64, len(octets)):
        heard: list[bytes] = []
        line = Line(heard.append)
        for at in range(0, len(octets), size):
            line.data_received(octets[at : at + size])
        assert [msgspec.msgpack.decode(each) for each in heard] == values


async def test_what_hears_a_frame_may_fail_as_a_connection_does_and_is_known_to_have() -> None:
    def heard(_frame: bytes) -> None:
        raise OSError(28, "No space left on device")

    loop = asyncio.get_running_loop()
    ours, theirs = socket.socketpair()
    _, line = await loop.create_connection(lambda: Line(heard), sock=ours)
    with theirs:
        theirs.sendall((1).to_bytes(4) + b"\xc0")
        await asyncio.wait_for(line.is_over.wait(), 30)
    assert isinstance(line.failure, OSError)


@pytest.mark.parametrize(
    "egress",
    [
        EgressPolicy(),
        LOOPBACK,
        EgressPolicy((ipaddress.ip_network("10.20.0.0/16"), ipaddress.ip_network("fd00::/8")), frozenset({443, 9000})),
    ],
)
def test_settings_come_over_as_they_are(egress: EgressPolicy) -> None:
    settings = CourierSettings(egress, 10, 5, 1.5, 2.5, 100, "/etc/ca.pem", "http://127.0.0.1:3128")
    assert settings_of(msgspec.msgpack.encode(plain(settings))) == settings
