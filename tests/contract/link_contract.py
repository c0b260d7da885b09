"""The link contract as tests: the nine numbered rules of `heliograph.model.link`, for any kind of link.

A test module of a link kind makes a subclass of `LinkContract` whose `rig` fixture yields a `Rig`: the link, running, with a peer whose
mood the tests set.
"""

import abc
import ast
import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

import heliograph
from heliograph.model.link import Accepted, Answer, Inbound, Link, LinkOutcome, Outgoing, Receipt, Refused, Unknown
from tests.manual_clock import EPOCH_MS, TestClock

LONG_S = 3600.0


def outgoing(message_id: int = 1, number: int = 1, destination: str = "423663920000001", **changes: object) -> Outgoing:
    """A segment `Hello` from 1000."""
    fields: dict[str, object] = {
        "message_id": message_id, "number": number, "total": 1, "source": "1000", "source_type": 145, "destination": destination,
        "udh": b"", "user_data": b"Hello", "dcs": 0, "pid": 0, "reference": message_id & 0xFFFF,
        "expiry_at_ms": EPOCH_MS + 86_400_000, "want_receipt": True,
    }  # fmt: skip
    return Outgoing(**(fields | changes))  # type: ignore[arg-type]


class Listener:
    """Hears all that a link tells. While `gate` is not set, awaited calls do not return; `answer` is what they return."""

    def __init__(self) -> None:
        self.heard: list[Inbound] = []
        self.receipts_heard: list[Receipt] = []
        self.lost: list[tuple[Inbound, Answer]] = []
        self.reached: list[str] = []
        self.room_changes = 0
        self.states: list[str] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.answer = Answer()
        self.on_room: Callable[[], None] = lambda: None

    async def inbound(self, inbound: Inbound) -> Answer:
        self.heard.append(inbound)
        await self.gate.wait()
        return self.answer

    async def receipts(self, receipts: Sequence[Receipt]) -> list[Answer]:
        self.receipts_heard.extend(receipts)
        await self.gate.wait()
        return [self.answer] * len(receipts)

    async def answer_lost(self, inbound: Inbound, answer: Answer) -> None:
        self.lost.append((inbound, answer))

    async def reachable(self, number: str) -> None:
        self.reached.append(number)

    def room_changed(self) -> None:
        self.room_changes += 1
        self.on_room()

    def up(self) -> None:
        self.states.append("up")

    def down(self, reason: str) -> None:
        self.states.append(f"down: {reason}")

    def fault(self, reason: str) -> None:
        self.states.append(f"fault: {reason}")


class Rig(abc.ABC):
    """A running link with its peer. `package`: the folder or module of the link's code."""

    link: Link
    listener: Listener
    clock: TestClock
    running: asyncio.Task[None]
    window: int
    package: Path

    @abc.abstractmethod
    def hold(self) -> None:
        """From now on the peer does not answer to submits."""

    @abc.abstractmethod
    async def release(self) -> None:
        """Have the peer answer to what it held, with yes."""

    @abc.abstractmethod
    def refuse(self) -> None:
        """From now on the peer refuses each submit for a moment's reason."""

    @abc.abstractmethod
    def submits(self) -> int:
        """How many submits the peer got."""

    @abc.abstractmethod
    def lose(self) -> None:
        """Break the connection."""

    @abc.abstractmethod
    async def speak(self) -> Answer:
        """Have the peer bring an SMS; the answer as it reached the peer."""

    async def until(self, condition: Callable[[], bool], why: str) -> None:
        """Let things happen, without time passing, until `condition` holds."""
        for _ in range(100):
            await self.clock.settle()
            if condition():
                return
        raise AssertionError(f"never came: {why}")


class Sent:
    """A `done` that notes its outcomes, the thread it was called on, and whether it was called from inside `send`."""

    def __init__(self) -> None:
        self.outcomes: list[LinkOutcome] = []
        self.threads: set[int] = set()
        self.inside_send = False
        self._sending = False

    def __call__(self, outcome: LinkOutcome) -> None:
        self.outcomes.append(outcome)
        self.threads.add(threading.get_ident())
        self.inside_send = self.inside_send or self._sending

    def send(self, link: Link, segment: Outgoing) -> "Sent":
        self._sending = True
        link.send(segment, self)
        self._sending = False
        return self


def send_many(link: Link, count: int) -> list[Sent]:
    return [Sent().send(link, outgoing(message_id)) for message_id in range(1, count + 1)]


def all_settled(sents: list[Sent]) -> Callable[[], bool]:
    return lambda: all(sent.outcomes for sent in sents)


class LinkContract:
    """Subclass it, and give it a fixture `rig`."""

    @pytest.fixture
    async def rig(self) -> Rig:
        raise AssertionError("a subclass makes the rig")

    async def test_1_send_returns_at_once_while_the_peer_is_silent(self, rig: Rig) -> None:
        rig.hold()
        began = time.perf_counter()
        sents = send_many(rig.link, rig.window)
        assert time.perf_counter() - began < 0.5
        await rig.clock.settle()
        assert not any(sent.outcomes for sent in sents)

    async def test_1_send_does_not_raise_what_the_peer_refuses(self, rig: Rig) -> None:
        rig.refuse()
        (sent,) = send_many(rig.link, 1)
        await rig.until(all_settled([sent]), "the refusal")
        assert isinstance(sent.outcomes[0], Refused)
        assert sent.outcomes[0].reason

    async def test_2_each_send_settles_once_on_the_event_loop_after_send_returned(self, rig: Rig) -> None:
        sents = send_many(rig.link, rig.window)
        await rig.until(all_settled(sents), "all answers")
        await rig.clock.advance(LONG_S)
        assert [len(sent.outcomes) for sent in sents] == [1] * rig.window
        assert all(isinstance(sent.outcomes[0], Accepted) for sent in sents)
        assert {thread for sent in sents for thread in sent.threads} == {threading.get_ident()}
        assert not any(sent.inside_send for sent in sents)

    async def test_2_a_send_from_inside_done_settles_too(self, rig: Rig) -> None:
        second = Sent()
        rig.link.send(outgoing(1), lambda _: second.send(rig.link, outgoing(2)) and None)
        await rig.until(all_settled([second]), "the answer to the second")
        assert len(second.outcomes) == 1
        assert not second.inside_send

    async def test_3_room_shrinks_with_each_send_and_comes_back_with_each_answer(self, rig: Rig) -> None:
        rig.hold()
        rooms = [rig.link.room()]
        sents = []
        while rig.link.room():
            sents += send_many(rig.link, 1)
            rooms.append(rig.link.room())
        assert rooms == list(range(rig.window, -1, -1))
        await rig.release()
        await rig.until(all_settled(sents), "all answers")
        assert rig.link.room() == rig.window

    async def test_3_a_send_without_room_is_an_error_of_the_caller(self, rig: Rig) -> None:
        rig.hold()
        send_many(rig.link, rig.window)
        with pytest.raises(RuntimeError):
            send_many(rig.link, 1)

    async def test_4_all_that_is_under_way_settles_as_unknown_when_the_connection_is_lost(self, rig: Rig) -> None:
        rig.hold()
        sents = send_many(rig.link, rig.window)
        await rig.clock.settle()
        rig.lose()
        await rig.until(all_settled(sents), "the unknown outcomes")
        assert all(isinstance(sent.outcomes[0], Unknown) for sent in sents)
        assert rig.link.room() == 0
        assert rig.listener.states[-1].startswith("down: ")
        await rig.clock.advance(LONG_S)
        assert [len(sent.outcomes) for sent in sents] == [1] * rig.window

    async def test_4_a_lost_connection_comes_back_by_itself(self, rig: Rig) -> None:
        rig.lose()
        await rig.clock.advance(LONG_S)
        await rig.until(lambda: rig.listener.states[-1] == "up", "the connection")
        sents = send_many(rig.link, 1)
        await rig.until(all_settled(sents), "an answer over the new connection")
        assert isinstance(sents[0].outcomes[0], Accepted)

    async def test_5_stop_lets_what_is_under_way_settle(self, rig: Rig) -> None:
        rig.hold()
        sents = send_many(rig.link, rig.window)
        await rig.clock.settle()
        stopping = asyncio.create_task(rig.link.stop(10))
        await rig.clock.settle()
        assert not stopping.done()
        assert rig.link.room() == 0
        await rig.release()
        await rig.until(stopping.done, "the end of stop")
        assert all(isinstance(sent.outcomes[0], Accepted) for sent in sents)
        await rig.until(rig.running.done, "the end of run")

    async def test_5_stop_settles_the_rest_as_unknown_at_the_end_of_the_grace_and_nothing_later(self, rig: Rig) -> None:
        rig.hold()
        sents = send_many(rig.link, rig.window)
        await rig.clock.settle()
        stopping = asyncio.create_task(rig.link.stop(10))
        await rig.clock.advance(9.9)
        assert not stopping.done()
        await rig.clock.advance(0.2)
        await rig.until(stopping.done, "the end of stop")
        assert all(isinstance(sent.outcomes[0], Unknown) for sent in sents)
        await rig.until(rig.running.done, "the end of run")
        await rig.release()
        await rig.clock.advance(LONG_S)
        assert [len(sent.outcomes) for sent in sents] == [1] * rig.window

    async def test_5_stop_of_a_quiet_link_takes_no_time_and_leaves_no_room(self, rig: Rig) -> None:
        await rig.link.stop(10)
        await rig.until(rig.running.done, "the end of run")
        assert rig.link.room() == 0
        assert rig.clock.monotonic() == 0

    async def test_6_a_refused_segment_is_not_tried_again_by_the_link(self, rig: Rig) -> None:
        rig.refuse()
        (sent,) = send_many(rig.link, 1)
        await rig.until(all_settled([sent]), "the refusal")
        before = rig.submits()
        await rig.clock.advance(LONG_S)
        assert rig.submits() == before == 1

    async def test_7_its_code_knows_no_use_case_no_table_and_no_message_state(self, rig: Rig) -> None:
        below = ("heliograph.service", "heliograph.store", "heliograph.web", "heliograph.model.policy", "heliograph.model.message")
        files = sorted(rig.package.rglob("*.py")) if rig.package.is_dir() else [rig.package]
        assert files
        for file in files:
            assert not [name for name in imports(file) if name.startswith(below)], file

    async def test_8_what_it_hears_it_answers_only_after_the_listener_has_kept_it(self, rig: Rig) -> None:
        rig.listener.gate.clear()
        rig.listener.answer = Answer(refused="policy")
        spoken = asyncio.create_task(rig.speak())
        await rig.until(lambda: len(rig.listener.heard) == 1, "the SMS")
        await rig.clock.settle()
        assert not spoken.done()
        rig.listener.gate.set()
        await rig.until(spoken.done, "the answer")
        assert spoken.result().refused

    async def test_8_an_answer_that_did_not_reach_the_network_is_told(self, rig: Rig) -> None:
        rig.listener.gate.clear()
        spoken = asyncio.create_task(rig.speak())
        await rig.until(lambda: len(rig.listener.heard) == 1, "the SMS")
        rig.lose()
        rig.listener.gate.set()
        await rig.until(lambda: len(rig.listener.lost) == 1, "the lost answer")
        assert rig.listener.lost[0][0] is rig.listener.heard[0]
        await rig.clock.advance(LONG_S)
        spoken.cancel()

    async def test_9_room_changed_is_called_when_room_grows_from_nothing(self, rig: Rig) -> None:
        rig.hold()
        sents = send_many(rig.link, rig.window)
        before = rig.listener.room_changes
        rooms: list[int] = []
        rig.listener.on_room = lambda: rooms.append(rig.link.room())
        await rig.release()
        await rig.until(all_settled(sents), "all answers")
        assert rig.listener.room_changes > before
        assert rooms[0] > 0

    async def test_9_room_changed_is_called_when_the_connection_is_there(self, rig: Rig) -> None:
        rig.lose()
        before = rig.listener.room_changes
        await rig.clock.advance(LONG_S)
        await rig.until(lambda: rig.listener.room_changes > before, "room_changed")
        assert rig.link.room() == rig.window


def imports(file: Path) -> set[str]:
    """The modules of this project that a file imports."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {name for name in found if name.startswith(heliograph.__name__)}
