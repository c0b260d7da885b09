"""SMS quotas of devices: set, used up, refilled, taken away, and what is told of them (contract 5.8 and 5.9)."""

import asyncio
import json
from typing import Any

import pytest

from heliograph.model.account import Role
from heliograph.model.ids import DeviceId, PolicyId
from heliograph.model.problem import Code, Problem
from heliograph.model.quota import QuotaStatus
from heliograph.service.draft import Draft
from heliograph.service.manage import quota
from heliograph.service.manage.quota import QuotaView, QuotaWanted
from heliograph.service.submit import submit
from tests.core_world import DAY, HOUR, World, msisdn, statement

DEVICE = DeviceId(1)


@pytest.fixture(autouse=True)
async def applied(world: World) -> None:
    await world.database.write(lambda tx: tx.run(statement("UPDATE service_profile SET apply_sms_quota = 1")))


async def give(world: World, volume: int = 10, *, days: float = 3, **more: Any) -> QuotaView:
    wanted = QuotaWanted(volume=volume, expiry_at_ms=world.now_ms + round(days * DAY * 1000), **more)
    return await quota.put(world.core, world.actor(), DEVICE, wanted)


async def left(world: World) -> tuple[int, QuotaStatus]:
    seen = await quota.view(world.core, world.actor(), DEVICE)
    return seen.quota.volume, seen.status


async def code_of_sending(world: World, text: str = "hi") -> Code | None:
    try:
        await world.submit(1, text)
    except Problem as problem:
        return problem.code
    return None


def told(world: World) -> list[tuple[str, Any]]:
    rows = world.rows("SELECT type, detail FROM event WHERE device_id = 1 ORDER BY number")
    return [(row.type, json.loads(row.detail)) for row in rows if not row.type.startswith("sms.") and row.type != "device.reachable"]


async def test_switched_on_and_none_set_nothing_passes(world: World) -> None:
    assert await code_of_sending(world) is Code.QUOTA_NOT_SET
    assert (await world.hear(msisdn(1), "1000")).refused == "quota_not_set"
    with pytest.raises(Problem) as refused:
        await quota.view(world.core, world.actor(), DEVICE)
    assert refused.value.code is Code.NOT_FOUND


async def test_one_quota_is_used_up_by_what_is_sent_and_what_is_received(world: World) -> None:
    await give(world, 4)
    assert await code_of_sending(world, "a" * 200) is None
    assert (await world.hear(msisdn(1), "1000")).refused is None
    assert await left(world) == (1, QuotaStatus.ACTIVE)
    assert await code_of_sending(world, "a" * 200) is Code.QUOTA
    assert await code_of_sending(world) is None
    assert await left(world) == (0, QuotaStatus.EXHAUSTED)
    assert (await world.hear(msisdn(1), "1000")).refused == "quota"


async def test_its_threshold_and_its_end_are_told_once_in_emnifys_shape(world: World) -> None:
    await give(world, 5, threshold_percentage=40)
    for _ in range(5):
        await world.submit()
    assert await code_of_sending(world) is Code.QUOTA
    assigned, threshold, exhausted, blocked = told(world)
    assert (assigned[0], assigned[1]["quota"]["lastVolumeAdded"]) == ("quota.assigned", 5)
    shape = {"threshold_percentage": 40, "threshold_volume": 2, "traffic_type": {"id": 6, "description": "SMS"}}
    assert threshold == ("quota.threshold", {"quota": {"volume": 2} | shape})
    assert exhausted == ("quota.exhausted", {"quota": {"volume": 0} | shape})
    assert blocked == ("device.blocked", {"rule": "quota"})


async def test_it_is_filled_up_at_midnight_until_it_expires(world: World) -> None:
    await give(world, 1, days=2, auto_refill=True)
    assert [await code_of_sending(world) for _ in range(2)] == [None, Code.QUOTA]
    await world.jump(16 * HOUR)
    assert await left(world) == (1, QuotaStatus.ACTIVE)
    assert [await code_of_sending(world) for _ in range(2)] == [None, Code.QUOTA]
    await world.jump(2 * DAY)
    assert (await left(world))[1] is QuotaStatus.EXPIRED
    assert await code_of_sending(world) is Code.QUOTA


async def test_what_was_never_sent_is_given_back_to_the_volume_it_was_taken_from(world: World) -> None:
    await give(world, 2)
    await world.submit(scheduled_at_ms=world.now_ms + 60_000)
    await world.submit(scheduled_at_ms=world.now_ms + 120_000)
    assert (await left(world))[0] == 0
    await world.database.write(lambda tx: tx.run(statement("UPDATE device SET status_id = 1 WHERE id = 1")))
    await world.jump(60)
    await world.advance(7)
    assert (await left(world))[0] == 1
    await give(world, 5)
    await world.jump(60)
    await world.advance(7)
    assert (await left(world))[0] == 5, "the new volume was not what it was taken from"


async def test_a_batch_uses_up_no_more_than_there_is(world: World) -> None:
    await give(world, 7)
    calls = [submit(world.core, world.actor(), DEVICE, Draft("a" * 200)) for _ in range(20)]
    answers = await asyncio.gather(*calls, return_exceptions=True)
    await world.settle()
    assert sum(not isinstance(answer, Problem) for answer in answers) == 3
    assert (await left(world))[0] == 1


async def test_it_is_taken_away_one_by_one_or_of_a_whole_policy_that_applies_none(world: World) -> None:
    await give(world)
    await quota.delete(world.core, world.actor(), DEVICE)
    with pytest.raises(Problem) as refused:
        await quota.delete(world.core, world.actor(), DEVICE)
    assert refused.value.code is Code.NOT_FOUND
    await give(world)
    with pytest.raises(Problem) as in_use:
        await quota.delete_of_policy(world.core, world.actor(), PolicyId(1))
    assert in_use.value.code is Code.IN_USE
    await world.database.write(lambda tx: tx.run(statement("UPDATE service_profile SET apply_sms_quota = 0")))
    assert await quota.delete_of_policy(world.core, world.actor(), PolicyId(1)) == 1
    assert [kind for kind, _ in told(world)] == ["quota.assigned", "quota.deleted"] * 2


@pytest.mark.parametrize(
    ("field", "wanted"),
    [
        ("volume", {"volume": 0}),
        ("expiry_date", {"expiry_at_ms": 5}),
        ("threshold_percentage", {"threshold_percentage": 101}),
    ],
)
async def test_a_bad_value_is_named(world: World, field: str, wanted: dict[str, int]) -> None:
    given = {"volume": 5, "expiry_at_ms": world.now_ms + 1000} | wanted
    with pytest.raises(Problem) as refused:
        await quota.put(world.core, world.actor(), DEVICE, QuotaWanted(**given))
    assert [part.field for part in refused.value.parts] == [field]


async def test_it_is_changed_by_those_who_may(world: World) -> None:
    wanted = QuotaWanted(volume=5, expiry_at_ms=world.now_ms + 1000)
    for actor in (world.actor(role=Role.OBSERVER), world.actor(2)):
        with pytest.raises(Problem):
            await quota.put(world.core, actor, DEVICE, wanted)
