"""The overview counts what happened once, whoever adds it up, and says why what did not arrive did not."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from heliograph.metrics import Metrics
from heliograph.model.account import Door, Role
from heliograph.model.link import ErrorClass, Refused
from heliograph.model.problem import Code, Problem
from heliograph.service import rollup
from heliograph.service.overview import Overview, overview
from heliograph.store import overview as store
from tests.core_world import DAY, HOUR, Setting, World, msisdn, statement

OFF = "UPDATE service_profile SET mt = 0"


async def seen(world: World, name: str = "24h", organisation: int = 1, role: Role = Role.OBSERVER) -> Overview:
    await rollup.catch_up(world.core)
    await rollup.look_for_busiest(world.core)
    return await overview(world.core, world.actor(organisation, Door.PORTAL, role), name)


async def test_what_was_sent_received_and_delivered_is_counted_when_it_happened(world: World) -> None:
    await world.submit(1)
    await world.submit(1)
    await world.submit(2)
    await world.hear(msisdn(3), "1000")
    world.link.says(Refused(ErrorClass.PERMANENT, "no such number"))
    await world.submit(2)
    found = await seen(world)
    assert (found.now.sent, found.now.received, found.now.delivered, found.now.failed) == (4, 1, 3, 1)
    assert found.now.delivery_rate == 0.75
    assert found.now.median_ms == 0
    assert [(each.figure, each.reason, each.messages) for each in found.reasons] == [("failed", "permanent", 1)]
    assert [(each.device_id, each.sent, each.received) for each in found.busiest] == [(1, 2, 0), (2, 2, 0), (3, 0, 1)]
    assert found.points[-1].figures == found.now
    assert len(found.points) == 24


async def test_what_the_policy_refuses_is_told_by_its_rule(world: World) -> None:
    await world.database.write(lambda tx: tx.run(statement(OFF)))
    for _ in range(2):
        with pytest.raises(Problem):
            await world.submit(1)
    found = await seen(world)
    assert (found.now.refused, found.now.sent, found.now.failed, found.now.delivery_rate) == (2, 0, 0, None)
    assert [(each.figure, each.reason, each.messages) for each in found.reasons] == [("refused", "mt_off", 2)]


async def test_a_delivery_after_hours_counts_in_its_own_hour_with_its_delay(world: World) -> None:
    world.link.says(Refused(ErrorClass.DEVICE_ABSENT, "absent"))
    await world.submit(1)
    await world.jump(3 * HOUR)
    await world.reachable(1)
    found = await seen(world)
    sent = [index for index, point in enumerate(found.points) if point.figures.sent]
    delivered = [index for index, point in enumerate(found.points) if point.figures.delivered]
    assert delivered[0] - sent[0] == 3
    assert found.now.median_ms == pytest.approx(3 * HOUR * 1000, rel=0.1)


async def test_a_range_is_compared_with_as_long_before_it(world: World) -> None:
    await world.submit(1)
    await world.jump(DAY)
    await world.submit(1)
    await world.submit(2)
    found = await seen(world)
    assert (found.now.sent, found.before.sent) == (2, 1)
    assert (await seen(world, "7d")).now.sent == 3


async def test_a_feed_that_never_rests_is_added_up_as_far_as_it_had_come(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await world.submit(1)
    read = world.database.read

    async def read_while_more_is_sent(function: Callable[..., Any], *args: Any) -> Any:
        found = await read(function, *args)
        await world.submit(2)
        return found

    with monkeypatch.context() as patched:
        patched.setattr(world.database, "read", read_while_more_is_sent)
        await asyncio.wait_for(rollup.catch_up(world.core), 30)
    first = await overview(world.core, world.actor(1, Door.PORTAL, Role.OBSERVER), "24h")
    assert first.now.sent == 1
    assert (await seen(world)).now.sent == 3


async def test_what_was_added_up_is_counted_in_the_metrics_once(world: World) -> None:
    metrics = Metrics()
    duty = rollup.Rollup(world.core, metrics)
    await world.submit(1)
    await world.submit(2)
    await duty.round()
    world.link.says(Refused(ErrorClass.PERMANENT, "no such number"))
    await world.submit(3)
    await duty.round()
    text = metrics.exposition().decode()
    for event, messages in (("sent", 3), ("delivered", 2), ("failed", 1), ("refused", 0)):
        assert f'heliograph_messages_total{{event="{event}"}} {messages}.0' in text


async def test_a_long_feed_is_added_up_in_steps(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rollup, "STEP", 2)
    for device in (1, 2, 3):
        await world.submit(device)
    assert (await seen(world)).now.sent == 3


async def test_events_are_added_up_once_however_many_add_them_up_at_once(world: World) -> None:
    for device in (1, 2, 3):
        await world.submit(device)
    await asyncio.gather(*(rollup.catch_up(world.core) for _ in range(5)))
    await world.restart()
    await asyncio.gather(*(rollup.catch_up(world.core) for _ in range(3)))
    assert (await seen(world)).now.sent == 3


@pytest.mark.parametrize("setting", [Setting(devices=4, organisations=2)], indirect=True)
async def test_an_organisation_sees_its_own_and_the_operator_all(world: World) -> None:
    for device in (1, 2, 3):
        await world.submit(device)
    assert (await seen(world, organisation=1)).now.sent == 2
    assert (await seen(world, organisation=2)).now.sent == 1
    assert (await seen(world, role=Role.SUPER_ADMIN)).now.sent == 3


async def test_what_no_range_shows_is_deleted_and_the_rest_stays(world: World) -> None:
    await world.submit(1)
    await seen(world)
    await world.jump(401 * DAY)
    await world.submit(2)
    await seen(world)
    await rollup.forget_old(world.core)
    assert await world.database.read(store.organisations) == [1]
    assert len({row.hour for row in world.rows("SELECT hour FROM overview_hour")}) == 1
    assert [row.device_id for row in world.rows("SELECT device_id FROM overview_device")] == [2]


async def test_a_range_there_is_not_is_refused_with_those_there_are(world: World) -> None:
    with pytest.raises(Problem) as refused:
        await seen(world, "1y")
    assert refused.value.code is Code.INVALID_QUERY
    assert "24h, 7d, 30d" in refused.value.text
