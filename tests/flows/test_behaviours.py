"""Each behaviour of a simulated device ends as the operator contract says, through the whole daemon but HTTP."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from heliograph.links.simulator import Behaviour
from heliograph.model.ids import DeviceId
from heliograph.model.message import Direction, State
from heliograph.store import message
from heliograph.store.message import MessageView
from tests.flows.world import World

NUMBERS = {behaviour: f"4236639200000{number:02}" for number, behaviour in enumerate(Behaviour, 1)}
VALIDITY_S = 180
SETTINGS = {"behaviours": {number: behaviour.value for behaviour, number in NUMBERS.items()}}


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with World(tmp_path, **SETTINGS) as started:
        yield started


async def device_of(world: World, behaviour: Behaviour) -> DeviceId:
    return await world.add_device(NUMBERS[behaviour], behaviour.value)


async def heard_from(world: World, device_id: DeviceId) -> list[MessageView]:
    """The MO of a device, oldest first."""
    views = await world.database.read(message.views_of_device, world.actor.organisation_id, device_id, 0, 100)
    return [view for view in reversed(views) if view.direction == Direction.MO]


async def test_delivers(world: World) -> None:
    device = await device_of(world, Behaviour.DELIVERS)
    sent = await world.send(device, "Hello")
    await world.clock.advance(0.1)
    assert await world.state(device, sent) is State.DELIVERED


async def test_absent_then_delivers_within_seconds(world: World) -> None:
    device = await device_of(world, Behaviour.ABSENT_THEN_DELIVERS)
    sent = await world.send(device, "Hello")
    await world.clock.advance(1)
    assert await world.state(device, sent) is State.BUFFERED
    await world.clock.advance(5)
    assert await world.state(device, sent) is State.DELIVERED
    assert world.clock.monotonic() < 10


async def test_absent_expires_at_its_end(world: World) -> None:
    device = await device_of(world, Behaviour.ABSENT)
    sent = await world.send(device, "Hello", expiry_at_ms=world.clock.now_ms() + VALIDITY_S * 1000)
    await world.clock.advance(VALIDITY_S - 1)
    assert await world.state(device, sent) is State.BUFFERED
    await world.clock.advance(60)
    assert await world.state(device, sent) is State.EXPIRED


async def test_undeliverable_fails_with_its_reason(world: World) -> None:
    device = await device_of(world, Behaviour.UNDELIVERABLE)
    sent = await world.send(device, "Hello")
    await world.clock.advance(0.1)
    view = await world.view(device, sent)
    assert State(view.state) is State.FAILED
    assert view.reason is not None
    assert "knows no subscriber" in view.reason


async def test_silent_is_buffered_and_expires_without_a_receipt(world: World) -> None:
    device = await device_of(world, Behaviour.SILENT)
    sent = await world.send(device, "Hello", expiry_at_ms=world.clock.now_ms() + 60_000)
    await world.clock.advance(30)
    assert await world.state(device, sent) is State.BUFFERED
    await world.clock.advance(30 + 10 + 60)
    view = await world.view(device, sent)
    assert State(view.state) is State.EXPIRED
    assert view.reason_code == "no_receipt"
    assert view.attempts == 1


async def test_throttled_is_delivered_and_no_attempt_is_burnt(world: World) -> None:
    device = await device_of(world, Behaviour.THROTTLED)
    sent = await world.send(device, "Hello")
    await world.clock.advance(10)
    view = await world.view(device, sent)
    assert State(view.state) is State.DELIVERED
    assert view.retries == 0


@pytest.mark.parametrize(("source", "to"), [("423661", "423661"), ("Acme", "1000")])
async def test_echo_answers_with_the_same_text(world: World, source: str, to: str) -> None:
    device = await device_of(world, Behaviour.ECHO)
    sent = await world.send(device, "Hello", source=source)
    await world.clock.advance(1)
    assert await world.state(device, sent) is State.DELIVERED
    (heard,) = await heard_from(world, device)
    assert (heard.payload, heard.source, heard.dest, State(heard.state)) == ("Hello", NUMBERS[Behaviour.ECHO], to, State.DELIVERED)


@pytest.mark.parametrize("text", ["x" * 400, "Живу в горах " * 20])
async def test_echo_of_a_long_text_is_one_message(world: World, text: str) -> None:
    device = await device_of(world, Behaviour.ECHO)
    await world.send(device, text)
    await world.clock.advance(1)
    assert [heard.payload for heard in await heard_from(world, device)] == [text]


async def test_apn_confirms(world: World) -> None:
    device = await device_of(world, Behaviour.APN)
    await world.send(device, "APN=internet.provider")
    await world.clock.advance(1)
    assert [heard.payload for heard in await heard_from(world, device)] == ["APN set to internet.provider"]


async def test_messages_of_one_device_arrive_in_the_order_of_acceptance(tmp_path: Path) -> None:
    log = tmp_path / "received"
    async with World(tmp_path, **SETTINGS, received_log=str(log)) as world:
        device = await device_of(world, Behaviour.ABSENT_THEN_DELIVERS)
        sent = [await world.send(device, f"Text {number}") for number in range(20)]
        await world.clock.advance(10)
        assert [int(line.split()[0]) for line in log.read_text().splitlines()] == sent


async def test_a_stored_network_delivers_by_receipts(tmp_path: Path) -> None:
    async with World(tmp_path, **SETTINGS, delivery="stored", receipt_delay_ms=3000) as world:
        ends = {
            Behaviour.DELIVERS: State.DELIVERED,
            Behaviour.ABSENT_THEN_DELIVERS: State.DELIVERED,
            Behaviour.UNDELIVERABLE: State.FAILED,
            Behaviour.ABSENT: State.EXPIRED,
            Behaviour.SILENT: State.EXPIRED,
        }
        expiry_at_ms = world.clock.now_ms() + 60_000
        sent = {}
        for behaviour in ends:
            device = await device_of(world, behaviour)
            sent[behaviour] = device, await world.send(device, "Hello", expiry_at_ms=expiry_at_ms)
        await world.clock.advance(2)
        assert {await world.state(*each) for each in sent.values()} == {State.BUFFERED}
        await world.clock.advance(120)
        assert {behaviour: await world.state(*each) for behaviour, each in sent.items()} == ends


async def test_a_receipt_that_is_faster_than_the_settle_counts(tmp_path: Path) -> None:
    async with World(tmp_path, delivery="stored", receipt_delay_ms=0) as world:
        device = await world.add_device(NUMBERS[Behaviour.DELIVERS])
        sent = [await world.send(device, f"Text {number}") for number in range(10)]
        await world.clock.advance(5)
        assert {await world.state(device, each) for each in sent} == {State.DELIVERED}
