"""Each behaviour, error and delay of the simulator, as an application or a queue sees it."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from heliograph.gsm import segment
from heliograph.gsm.dcs import Alphabet
from heliograph.gsm.segment import Segment
from heliograph.links import simulator
from heliograph.links.simulator import SimulatorLink
from heliograph.metrics import Metrics
from heliograph.model.ids import LinkId
from heliograph.model.link import Accepted, Answer, ErrorClass, Inbound, LinkOutcome, OnUnknown, Outgoing, ReceiptState, Refused, Unknown
from heliograph.model.problem import Code, Problem
from tests.contract.link_contract import Listener, outgoing
from tests.manual_clock import EPOCH_MS, TestClock

NUMBER = "423663920000001"


class World:
    """A running simulator and what it told."""

    def __init__(self, clock: TestClock, **settings: Any) -> None:
        text = msgspec.json.encode(settings).decode()
        self.clock = clock
        self.listener = Listener()
        self.metrics = Metrics()
        self.profile = simulator.profile_of(LinkId(1), "Simulator", text)
        self.link: SimulatorLink = simulator.make(self.profile, text, self.listener, clock, self.metrics)
        self.running = asyncio.create_task(self.link.run())

    async def send(self, *segments: Outgoing) -> list[LinkOutcome]:
        """Send and let everything happen that needs no time."""
        outcomes: list[LinkOutcome] = []
        for each in segments:
            self.link.send(each, outcomes.append)
        await self.clock.settle()
        return outcomes

    def heard_texts(self) -> list[str]:
        return [inbound.user_data.decode("ascii") for inbound in self.listener.heard]


Start = Callable[..., Awaitable[World]]


@pytest.fixture
async def start(clock: TestClock) -> AsyncIterator[Start]:
    worlds: list[World] = []

    async def start_one(behaviour: str = "delivers", **settings: Any) -> World:
        worlds.append(World(clock, behaviours={NUMBER: behaviour}, **settings))
        await clock.settle()
        return worlds[-1]

    yield start_one
    for world in worlds:
        await world.link.stop(0)
        await world.running


async def test_a_number_without_a_behaviour_delivers(start: Start) -> None:
    world = await start()
    assert await world.send(outgoing(7, destination="423663920000099")) == [Accepted()]
    assert world.link.record.total == 1


async def test_a_device_that_returns_is_absent_first_and_says_when_it_is_back(start: Start, clock: TestClock) -> None:
    world = await start("absent-then-delivers", returns_after_s=4)
    (refused,) = await world.send(outgoing())
    assert isinstance(refused, Refused)
    assert refused.error_class is ErrorClass.DEVICE_ABSENT
    await clock.advance(3.9)
    assert world.listener.reached == []
    await clock.advance(0.2)
    assert world.listener.reached == [NUMBER]
    assert await world.send(outgoing(number=1), outgoing(number=2)) == [Accepted(), Accepted()]


async def test_a_device_that_returns_leaves_again_ten_seconds_after_it_received(start: Start, clock: TestClock) -> None:
    world = await start("absent-then-delivers", returns_after_s=4)
    await world.send(outgoing())
    await clock.advance(60)
    assert await world.send(outgoing()) == [Accepted()]
    await clock.advance(9)
    assert await world.send(outgoing(2)) == [Accepted()]
    await clock.advance(10)
    assert isinstance((await world.send(outgoing(3)))[0], Refused)
    assert isinstance((await world.send(outgoing(3)))[0], Refused)
    await clock.advance(5)
    assert world.listener.reached == [NUMBER, NUMBER]


async def test_a_device_that_returns_is_there_when_it_sends_something_itself(start: Start) -> None:
    world = await start("absent-then-delivers")
    await world.link.originate(NUMBER, "1000", b"Here", b"", 0)
    assert await world.send(outgoing()) == [Accepted()]


async def test_an_absent_device_never_comes_back(start: Start, clock: TestClock) -> None:
    world = await start("absent")
    for _ in range(3):
        (refused,) = await world.send(outgoing())
        assert isinstance(refused, Refused)
        assert refused.error_class is ErrorClass.DEVICE_ABSENT
        await clock.advance(86_400)
    assert world.listener.reached == []


async def test_an_undeliverable_number_is_refused_for_good_in_plain_words(start: Start) -> None:
    (refused,) = await (await start("undeliverable")).send(outgoing())
    assert refused == Refused(ErrorClass.PERMANENT, "the network knows no subscriber with this number", 1)


async def test_a_silent_network_accepts_with_a_receipt_owed_and_never_sends_it(start: Start, clock: TestClock) -> None:
    world = await start("silent")
    first, second = await world.send(outgoing(1), outgoing(2))
    assert isinstance(first, Accepted)
    assert isinstance(second, Accepted)
    assert first.receipt_owed
    assert first.ref
    assert first.ref != second.ref
    await clock.advance(2 * 86_400)
    assert world.listener.receipts_heard == []


async def test_a_throttled_number_takes_each_message_at_the_third_try(start: Start) -> None:
    world = await start("throttled")
    for message in (1, 2):
        tries = [(await world.send(outgoing(message)))[0] for _ in range(3)]
        assert [getattr(each, "error_class", None) for each in tries] == [ErrorClass.THROTTLE, ErrorClass.THROTTLE, None]


@pytest.mark.parametrize(("source", "to"), [("423661", "423661"), ("1000", "1000"), ("", "1000"), ("Meter", "1000"), ("*100#", "*100#")])
async def test_echo_answers_to_the_number_it_came_from_or_to_1000(start: Start, source: str, to: str) -> None:
    world = await start("echo")
    assert await world.send(outgoing(source=source, user_data=b"Ping")) == [Accepted()]
    (heard,) = world.listener.heard
    assert (heard.source, heard.destination, heard.user_data, heard.dcs, heard.udh) == (NUMBER, to, b"Ping", 0, b"")
    assert (heard.link_id, heard.received_at_ms, heard.pid) == (1, EPOCH_MS, 0)


@pytest.mark.parametrize("text", ["x" * 400, "д" * 200, "emoji 😀 " * 30])
async def test_echo_joins_a_long_text_whatever_the_order_and_answers_in_parts(start: Start, text: str) -> None:
    world = await start("echo")
    alphabet, dcs = (Alphabet.GSM7, 0) if text.isascii() else (Alphabet.UCS2, 8)
    parts = segment.split(text, alphabet, reference=77)
    await world.send(*(outgoing(1, part.number, udh=part.udh, user_data=part.user_data, dcs=dcs) for part in reversed(parts)))
    assert joined(world.listener.heard, alphabet) == text
    assert {inbound.dcs for inbound in world.listener.heard} == {dcs}


async def test_echo_returns_octets_and_the_port_header_as_they_came(start: Start) -> None:
    world = await start("echo")
    ports = bytes.fromhex("0605040b8423f0")
    await world.send(outgoing(udh=ports, user_data=bytes(range(100)), dcs=4))
    (heard,) = world.listener.heard
    assert (heard.udh, heard.user_data, heard.dcs) == (ports, bytes(range(100)), 4)


async def test_echo_waits_for_the_missing_part(start: Start) -> None:
    world = await start("echo")
    part = segment.split("x" * 400, Alphabet.GSM7, reference=1)[0]
    await world.send(outgoing(udh=part.udh, user_data=part.user_data))
    assert world.listener.heard == []


async def test_an_apn_text_is_confirmed_and_remembered(start: Start) -> None:
    world = await start("apn")
    await world.send(outgoing(1, user_data=b"APN=internet.provider"), outgoing(2, user_data=b"APN?"))
    assert world.heard_texts() == ["APN set to internet.provider", "APN is internet.provider"]


async def test_a_stored_network_accepts_and_reports_what_its_devices_answered(start: Start, clock: TestClock) -> None:
    world = await start("undeliverable", delivery="stored", receipt_delay_ms=2000)
    accepted, other = await world.send(outgoing(1), outgoing(2, destination="423663920000002", source="1111"))
    assert isinstance(accepted, Accepted)
    assert isinstance(other, Accepted)
    assert accepted.receipt_owed
    assert world.link.record.total == 0
    await clock.advance(1.9)
    assert world.listener.receipts_heard == []
    await clock.advance(0.2)
    failed, delivered = world.listener.receipts_heard
    assert failed.keys == (f"id:{accepted.ref}", f"umr:{outgoing(1).reference}")
    assert (failed.state, failed.word, failed.error) == (ReceiptState.FAILED, "UNDELIV", "001")
    assert delivered.keys == (f"id:{other.ref}", f"umr:{outgoing(2).reference}")
    assert (delivered.state, delivered.word, delivered.error) == (ReceiptState.DELIVERED, "DELIVRD", None)
    assert (delivered.source, delivered.destination) == ("423663920000002", "1111")
    assert (delivered.correlation_group, delivered.received_at_ms) == (world.profile.correlation_group, EPOCH_MS + 2000)


async def test_a_stored_network_tries_an_absent_device_until_it_is_back(start: Start, clock: TestClock) -> None:
    world = await start("absent-then-delivers", delivery="stored")
    await world.send(outgoing())
    await clock.advance(30)
    assert [receipt.state for receipt in world.listener.receipts_heard] == [ReceiptState.DELIVERED]


async def test_a_stored_network_reports_the_expiry_of_what_it_could_not_deliver(start: Start, clock: TestClock) -> None:
    world = await start("absent", delivery="stored")
    await world.send(outgoing(expiry_at_ms=EPOCH_MS + 60_000))
    await clock.advance(59)
    assert world.listener.receipts_heard == []
    await clock.advance(2)
    assert [receipt.state for receipt in world.listener.receipts_heard] == [ReceiptState.EXPIRED]


async def test_a_stored_network_owes_no_receipt_that_nobody_wants(start: Start, clock: TestClock) -> None:
    world = await start(delivery="stored")
    (accepted,) = await world.send(outgoing(want_receipt=False))
    assert isinstance(accepted, Accepted)
    assert not accepted.receipt_owed
    await clock.advance(60)
    assert world.link.record.total == 1
    assert world.listener.receipts_heard == []


async def test_a_delay_is_kept_within_its_jitter_and_answers_come_each_at_its_time(start: Start, clock: TestClock) -> None:
    world = await start(delay_ms=100, jitter_ms=50, seed=3)
    answered: list[float] = []
    for message in range(200):
        world.link.send(outgoing(message), lambda _: answered.append(clock.monotonic()))
    await clock.advance(1)
    assert len(answered) == 200
    assert min(answered) >= 0.1
    assert max(answered) <= 0.151
    assert len(set(answered)) > 20


async def test_errors_come_at_their_rate_and_the_same_with_the_same_seed(start: Start) -> None:
    rates = {"device_busy": 0.2, "unknown": 0.1}
    runs = []
    for _ in range(2):
        world = await start(error_rates=rates, seed=5)
        outcomes = await world.send(*(outgoing(message) for message in range(1000)))
        runs.append([getattr(outcome, "error_class", type(outcome)) for outcome in outcomes])
        assert 150 < runs[-1].count(ErrorClass.DEVICE_BUSY) < 250
        assert 60 < runs[-1].count(Unknown) < 140
        assert runs[-1].count(Accepted) < world.link.record.total < 1000 - runs[-1].count(ErrorClass.DEVICE_BUSY)
    assert runs[0] == runs[1]


@pytest.mark.parametrize("error", [each for each in ErrorClass if each is not ErrorClass.UNKNOWN])
async def test_each_error_class_is_refused_with_a_reason(start: Start, error: ErrorClass) -> None:
    (refused,) = await (await start(error_rates={error: 1})).send(outgoing())
    assert isinstance(refused, Refused)
    assert refused.error_class is error
    assert refused.reason


async def test_a_device_sends_a_long_sms_in_parts(start: Start) -> None:
    world = await start()
    world.listener.answer = Answer()
    assert await world.link.originate(NUMBER, None, b"y" * 200, b"", 0) == world.listener.answer
    assert [inbound.destination for inbound in world.listener.heard] == [None, None]
    assert joined(world.listener.heard, Alphabet.GSM7) == "y" * 200


async def test_a_refused_part_ends_the_sms(start: Start) -> None:
    world = await start()
    world.listener.answer = Answer(refused="policy")
    answer = await world.link.originate(NUMBER, "1000", b"y" * 200, b"", 0)
    assert answer.refused == "policy"
    assert len(world.listener.heard) == 1


async def test_a_part_that_is_itself_too_long_is_refused(start: Start) -> None:
    world = await start()
    with pytest.raises(Problem) as raised:
        await world.link.originate(NUMBER, "1000", b"y" * 160, bytes.fromhex("0500032a0201"), 0)
    assert raised.value.code is Code.INVALID


@pytest.mark.parametrize(("text", "dcs"), [("Hallo", 0), ("дом", 8)])
async def test_a_phone_texts_a_device(start: Start, text: str, dcs: int) -> None:
    world = await start()
    await world.link.call_in("41791234567", NUMBER, text)
    (heard,) = world.listener.heard
    assert (heard.source, heard.destination, heard.dcs) == ("41791234567", NUMBER, dcs)


async def test_nobody_speaks_over_a_lost_connection(start: Start) -> None:
    world = await start()
    world.link.lose_connection("cut")
    with pytest.raises(Problem) as raised:
        await world.link.call_in("41791234567", NUMBER, "Hi")
    assert raised.value.code is Code.UNAVAILABLE


async def test_an_sms_whose_answer_was_lost_comes_again(start: Start, clock: TestClock) -> None:
    world = await start()
    world.listener.gate.clear()
    spoken = asyncio.create_task(world.link.originate(NUMBER, "1000", b"Hi", b"", 0))
    await clock.settle()
    world.link.lose_connection("cut")
    world.listener.gate.set()
    await clock.advance(5)
    assert spoken.result() == Answer()
    first, second = world.listener.heard
    assert (first.source, first.destination, first.user_data) == (second.source, second.destination, second.user_data)


async def test_a_failing_listener_ends_the_link_and_settles_what_is_under_way(clock: TestClock) -> None:
    world = World(clock, behaviours={NUMBER: "echo"}, delay_ms=100)

    async def fail(inbound: Inbound) -> Answer:
        raise OSError("disk full")

    world.listener.inbound = fail  # type: ignore[method-assign]
    await clock.settle()
    outcomes: list[LinkOutcome] = []
    world.link.send(outgoing(1), outcomes.append)
    await clock.advance(0.05)
    world.link.send(outgoing(2), outcomes.append)
    await clock.advance(0.07)
    with pytest.raises(ExceptionGroup):
        await world.running
    assert [type(outcome) for outcome in outcomes] == [Accepted, Unknown]
    assert world.link.room() == 0
    await world.link.stop(1)


async def test_a_second_try_of_a_segment_counts_as_a_duplicate_and_is_seen_in_the_metrics(start: Start) -> None:
    world = await start()
    await world.send(outgoing(1), outgoing(1, 2), outgoing(1), outgoing(2))
    assert (world.link.record.total, world.link.record.duplicates) == (4, 1)
    text = world.metrics.exposition().decode()
    assert 'heliograph_simulator_received_total{link="Simulator"} 4.0' in text
    assert 'heliograph_simulator_duplicates_total{link="Simulator"} 1.0' in text


async def test_what_is_kept_of_received_segments_is_bounded(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("heliograph.links.simulator.record.REMEMBERED_SEGMENTS", 10)
    world = await start()
    await world.send(*(outgoing(message, destination=f"42366392000{message % 5:04}") for message in range(200)))
    assert len(world.link.record._seen) + len(world.link.record._seen_before) <= 20
    assert world.link.record.duplicates == 0


async def test_the_received_log_has_a_segment_before_its_send_is_answered(start: Start, tmp_path: Path) -> None:
    log = tmp_path / "received"
    world = await start(received_log=str(log))
    lines: list[str] = []
    world.link.send(outgoing(11, 2), lambda _: lines.append(log.read_text()))
    await world.clock.settle()
    assert lines == ["11 2\n"]
    again = await start(received_log=str(log))
    await again.send(outgoing(12))
    assert log.read_text() == "11 2\n12 1\n"


@pytest.mark.parametrize(
    "wrong",
    [{"window": 0}, {"delay_ms": -1}, {"error_rates": {"link": 1.5}}, {"error_rates": {"link": -0.1}}, {"behaviours": {"1": "sleeps"}}],
)
def test_a_wrong_setting_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        simulator.profile_of(LinkId(1), "Simulator", msgspec.json.encode(wrong).decode())


@pytest.mark.parametrize(("delivery", "expected"), [("live", OnUnknown.RETRY), ("stored", OnUnknown.WAIT)])
def test_the_profile_says_what_the_queue_needs(delivery: str, expected: OnUnknown) -> None:
    profile = simulator.profile_of(LinkId(4), "Sim", msgspec.json.encode({"delivery": delivery, "window": 7}).decode())
    assert (profile.link_id, profile.window, profile.on_unknown, profile.receipt_grace_s) == (4, 7, expected, 10)


async def test_a_delivery_without_delay_costs_few_microseconds(start: Start) -> None:
    world = await start(window=1000)
    segments = [outgoing(message, destination=f"42366392000{message % 1000:04}") for message in range(20_000)]
    best = 1.0
    for at in range(0, 20_000, 1000):
        began = time.perf_counter()
        await world.send(*segments[at : at + 1000])
        best = min(best, (time.perf_counter() - began) / 1000)
    assert best < 40e-6  # 3 on an idle machine, without coverage


def joined(heard: list[Inbound], alphabet: Alphabet) -> str | bytes:
    return segment.join([Segment(number, len(heard), each.udh, each.user_data) for number, each in enumerate(heard, 1)], alphabet)
