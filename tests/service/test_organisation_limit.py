"""The limits of an organisation (rules: Counting)."""

import pytest

from heliograph.model.account import Role
from heliograph.model.problem import Code, Problem
from heliograph.service.manage import limit
from heliograph.service.manage.limit import Limits
from tests.core_world import World


async def test_a_limit_counts_what_the_devices_used_in_the_month_before_it_was_set(world: World) -> None:
    operator = world.actor(role=Role.SUPER_ADMIN)
    await world.submit(1)
    await world.submit(2)
    await limit.put(world.core, operator, 1, Limits(mt_limit=3))
    assert await limit.view(world.core, world.actor(), 1) == Limits(3, None)
    await world.submit(3)
    with pytest.raises(Problem) as refused:
        await world.submit(1)
    assert refused.value.code is Code.ORGANISATION_LIMIT
    await limit.put(world.core, operator, 1, Limits())
    await world.submit(1)


async def test_only_the_operator_sets_it(world: World) -> None:
    with pytest.raises(Problem) as refused:
        await limit.put(world.core, world.actor(role=Role.ADMINISTRATOR), 1, Limits(5))
    assert refused.value.code is Code.FORBIDDEN
    with pytest.raises(Problem) as bad:
        await limit.put(world.core, world.actor(role=Role.SUPER_ADMIN), 1, Limits(-1))
    assert bad.value.field == "mt_limit"
