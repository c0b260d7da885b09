"""The contract of a courier as tests: what `heliograph.model.notification.Courier` promises, for any kind of courier.

1. `deliver` never blocks and never raises for what the outside world does.
2. Each delivery is answered exactly once, on the event loop, never from inside `deliver`.
3. A failure is an answer with an error in plain words; the courier makes no retries of its own.
4. `stop` lets what is under way be answered within the grace, answers the rest with an error, and nothing is answered later.
5. What is given after `stop` is answered with an error.
6. A courier knows no use case, no table and no message state.

A test module of a courier makes a subclass of `CourierContract` whose `rig` fixture yields a `Rig`.
"""

import abc
import asyncio
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from heliograph.model.notification import Answered, Courier, Delivery
from tests.contract.link_contract import imports

MANY = 40


class Rig(abc.ABC):
    """A courier with its receiver. `package`: the folder of the courier's code."""

    courier: Courier
    package: Path

    @abc.abstractmethod
    def delivery(self, number: int) -> Delivery:
        """A delivery that the receiver takes."""

    @abc.abstractmethod
    def hold(self) -> None:
        """From now on the receiver does not answer."""

    @abc.abstractmethod
    def release(self) -> None:
        """Have the receiver answer to what it held and to what comes."""

    @abc.abstractmethod
    def fail(self) -> None:
        """From now on every try fails without an answer."""

    @abc.abstractmethod
    def tries(self) -> int:
        """How many tries the receiver saw."""


class Given:
    """A `done` that notes its answers, the thread it was called on, and whether it was called from inside `deliver`."""

    def __init__(self) -> None:
        self.answers: list[Answered] = []
        self.threads: set[int] = set()
        self.inside_deliver = False
        self._delivering = False

    def __call__(self, answered: Answered) -> None:
        self.answers.append(answered)
        self.threads.add(threading.get_ident())
        self.inside_deliver = self.inside_deliver or self._delivering

    def give(self, courier: Courier, delivery: Delivery) -> "Given":
        self._delivering = True
        courier.deliver(delivery, self)
        self._delivering = False
        return self


def give_many(rig: Rig, count: int) -> list[Given]:
    return [Given().give(rig.courier, rig.delivery(number)) for number in range(1, count + 1)]


async def until(condition: Callable[[], bool], why: str) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"never came: {why}")
        await asyncio.sleep(0.005)


async def all_answered(given: list[Given]) -> None:
    await until(lambda: all(one.answers for one in given), "all answers")


class CourierContract:
    """Subclass it, and give it a fixture `rig`."""

    @pytest.fixture
    async def rig(self) -> Rig:
        raise AssertionError("a subclass makes the rig")

    async def test_1_deliver_returns_at_once_while_the_receiver_is_silent(self, rig: Rig) -> None:
        rig.hold()
        began = time.perf_counter()
        given = give_many(rig, MANY)
        assert time.perf_counter() - began < 0.5
        await until(lambda: rig.tries() > 0, "a try")
        assert not any(one.answers for one in given)

    async def test_2_each_delivery_is_answered_once_on_the_event_loop_after_deliver_returned(self, rig: Rig) -> None:
        given = give_many(rig, MANY)
        await all_answered(given)
        await rig.courier.stop(1)
        assert [len(one.answers) for one in given] == [1] * MANY
        assert all(one.answers[0].is_success for one in given)
        assert {thread for one in given for thread in one.threads} == {threading.get_ident()}
        assert not any(one.inside_deliver for one in given)
        assert rig.tries() == MANY

    async def test_2_a_delivery_given_from_inside_done_is_answered_too(self, rig: Rig) -> None:
        second = Given()
        rig.courier.deliver(rig.delivery(1), lambda _answered: second.give(rig.courier, rig.delivery(2)) and None)
        await all_answered([second])
        assert not second.inside_deliver

    async def test_3_a_failure_is_told_in_words_and_not_tried_again(self, rig: Rig) -> None:
        rig.fail()
        (given,) = give_many(rig, 1)
        await all_answered([given])
        answered = given.answers[0]
        assert answered.status is None
        assert answered.error
        before = rig.tries()
        await asyncio.sleep(0.1)
        assert rig.tries() == before <= 1
        assert not given.inside_deliver

    async def test_4_stop_lets_what_is_under_way_be_answered(self, rig: Rig) -> None:
        rig.hold()
        given = give_many(rig, 3)
        await until(lambda: rig.tries() == 3, "the tries")
        stopping = asyncio.create_task(rig.courier.stop(10))
        await asyncio.sleep(0.02)
        assert not stopping.done()
        rig.release()
        await stopping
        assert [[answered.is_success for answered in one.answers] for one in given] == [[True]] * 3

    async def test_4_stop_answers_the_rest_after_the_grace_and_nothing_later(self, rig: Rig) -> None:
        rig.hold()
        given = give_many(rig, MANY)
        await until(lambda: rig.tries() > 0, "a try")
        await rig.courier.stop(0.05)
        assert [len(one.answers) for one in given] == [1] * MANY
        assert all(one.answers[0].status is None and one.answers[0].error for one in given)
        rig.release()
        await asyncio.sleep(0.1)
        assert [len(one.answers) for one in given] == [1] * MANY

    async def test_4_stop_of_a_quiet_courier_takes_no_time(self, rig: Rig) -> None:
        await asyncio.wait_for(rig.courier.stop(30), 1)
        await asyncio.wait_for(rig.courier.stop(30), 1)

    async def test_5_what_is_given_after_stop_is_answered_with_an_error(self, rig: Rig) -> None:
        await rig.courier.stop(1)
        given = give_many(rig, 1)
        await all_answered(given)
        assert given[0].answers[0].error
        assert not given[0].inside_deliver
        assert rig.tries() == 0

    async def test_6_its_code_knows_no_use_case_no_table_and_no_message_state(self, rig: Rig) -> None:
        below = ("heliograph.service", "heliograph.store", "heliograph.web.", "heliograph.model.policy", "heliograph.model.message")
        for file in sorted(rig.package.rglob("*.py")):
            assert not [name for name in imports(file) if name.startswith(below)], file
