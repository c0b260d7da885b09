"""Sessions of the portal: opened, seen, listed, ended; what ends them by itself."""

import pytest

from heliograph.model.account import Door, Role
from heliograph.model.problem import Problem
from heliograph.service import session
from heliograph.service.manage.user import end_logins
from heliograph.service.session import Visit
from heliograph.store import account as account_store
from heliograph.store.account import User
from heliograph.store.transaction import Transaction
from tests.core_world import HOUR, Setting, World

pytestmark = pytest.mark.parametrize("setting", [Setting(devices=1, organisations=2)], indirect=True)
ADDRESS = "192.0.2.7"


async def user_of(world: World, role: Role = Role.ADMINISTRATOR, organisation: int = 1) -> User:
    def make(tx: Transaction) -> User:
        user_id = account_store.insert_user(tx, organisation, f"{role}@example.org", "U", None, role, world.now_ms)
        assert user_id is not None
        user = account_store.user(tx, user_id)
        assert user is not None
        return user

    return await world.database.write(make)


async def seen(world: World, cookie: str, address: str = ADDRESS) -> Visit:
    visit = await session.visit(world.core, cookie, address)
    assert visit is not None
    return visit


async def test_a_cookie_stands_for_its_user_by_the_portal_and_is_kept_as_a_hash(world: World) -> None:
    user = await user_of(world)
    cookie = await session.begin(world.core, user, ADDRESS, "Firefox")
    actor = (await seen(world, cookie)).actor
    assert (actor.user_id, actor.organisation_id, actor.role, actor.door) == (user.id, 1, Role.ADMINISTRATOR, Door.PORTAL)
    assert cookie not in str(world.rows("SELECT token_hash FROM portal_session"))
    assert await session.visit(world.core, cookie + "x", ADDRESS) is None


async def test_a_session_ends_12_hours_after_it_was_last_seen_and_30_days_after_it_began(world: World) -> None:
    cookie = await session.begin(world.core, await user_of(world), ADDRESS, "")
    for _ in range(65):
        await world.jump(11 * HOUR)
        await seen(world, cookie)
    await world.jump(6 * HOUR)
    assert await session.visit(world.core, cookie, ADDRESS) is None
    other = await session.begin(world.core, await user_of(world, Role.USER), ADDRESS, "")
    await world.jump(12 * HOUR)
    assert await session.visit(world.core, other, ADDRESS) is None


async def test_being_seen_is_written_once_a_minute(world: World) -> None:
    cookie = await session.begin(world.core, await user_of(world), ADDRESS, "")
    began = world.now_ms
    for seconds, written in ((30, began), (60, began + 90_000), (30, began + 90_000)):
        await world.jump(seconds)
        await seen(world, cookie, "198.51.100.9")
        (row,) = world.rows("SELECT seen_at_ms, address FROM portal_session")
        assert row.seen_at_ms == written
    assert row.address == "198.51.100.9"


async def test_a_user_lists_and_ends_their_sessions_and_nobody_elses(world: World) -> None:
    user, other = await user_of(world), await user_of(world, Role.USER)
    cookies = [await session.begin(world.core, user, ADDRESS, f"browser {number}") for number in range(3)]
    others = await session.begin(world.core, other, ADDRESS, "")
    visits = [await seen(world, cookie) for cookie in cookies]
    assert {each.id for each in await session.list_of(world.core, visits[0].actor)} == {visit.session_id for visit in visits}
    await session.end(world.core, visits[0].actor, visits[1].session_id)
    assert await session.visit(world.core, cookies[1], ADDRESS) is None
    with pytest.raises(Problem):
        await session.end(world.core, visits[0].actor, (await seen(world, others)).session_id)
    await session.end_others(world.core, visits[0])
    assert await session.visit(world.core, cookies[2], ADDRESS) is None
    await seen(world, cookies[0])
    await seen(world, others)


async def test_what_changes_a_users_credentials_ends_their_sessions(world: World) -> None:
    user = await user_of(world)
    cookie = await session.begin(world.core, user, ADDRESS, "")
    await world.database.write(end_logins, user.id, world.now_ms)
    assert await session.visit(world.core, cookie, ADDRESS) is None


async def test_the_operator_works_in_another_organisation_and_others_do_not(world: World) -> None:
    operator = await session.begin(world.core, await user_of(world, Role.SUPER_ADMIN), ADDRESS, "")
    visit = await seen(world, operator)
    await session.work_in(world.core, visit, 2)
    actor = (await seen(world, operator)).actor
    assert (actor.organisation_id, actor.role, actor.scope) == (2, Role.ADMINISTRATOR, 2)
    await session.work_in(world.core, await seen(world, operator), 1)
    assert (await seen(world, operator)).actor.role is Role.SUPER_ADMIN
    user = await seen(world, await session.begin(world.core, await user_of(world), ADDRESS, ""))
    for organisation in (2, 99):
        with pytest.raises(Problem, match="not found"):
            await session.work_in(world.core, user, organisation)


async def test_sessions_that_are_over_are_deleted(world: World) -> None:
    await session.begin(world.core, await user_of(world), ADDRESS, "")
    await world.jump(30 * 24 * HOUR + 1)
    await world.sweep()
    assert world.rows("SELECT id FROM portal_session") == []
