"""The event feed as it grows: nothing lost, nothing twice, whoever starts where (rules: Events)."""

import pytest

from heliograph.model.account import Role
from heliograph.model.problem import Code, Problem
from heliograph.service import tail
from heliograph.service.tail import Follower, Reload
from heliograph.store.feed import Emitted, FeedEvent
from heliograph.store.transaction import Transaction
from tests.core_world import Setting, World, statement


def emit(tx: Transaction, organisation_id: int, count: int) -> None:
    for _ in range(count):
        tx.emit(Emitted(organisation_id, "device.enabled", 0))


async def happen(world: World, count: int = 1, organisation_id: int = 1) -> None:
    await world.database.write(emit, organisation_id, count)


async def heard(world: World, follower: Follower, wait_s: float = 1) -> list[FeedEvent] | Reload | None:
    """What the follower is told next, once a second has passed."""
    task = world.spawn(follower.next(wait_s))
    await world.advance(wait_s)
    told = await task
    return told if told is None or isinstance(told, Reload) else list(told)


async def numbers(world: World, follower: Follower) -> list[int]:
    """The numbers of all that the follower is told before a second passes in silence."""
    found: list[int] = []
    while told := await heard(world, follower):
        assert isinstance(told, list)
        found += [event.number for event in told]
    return found


async def test_who_follows_from_now_on_is_told_what_comes(world: World) -> None:
    await happen(world, 3)
    follower = await world.core.tail.follow(world.actor())
    assert follower.position == {1: 3}
    assert await numbers(world, follower) == []
    await happen(world, 2)
    assert await numbers(world, follower) == [4, 5]
    assert follower.position == {1: 5}


async def test_an_event_of_a_message_comes_with_the_message(world: World) -> None:
    follower = await world.core.tail.follow(world.actor())
    message_id = await world.submit(text="ping")
    told = await heard(world, follower)
    assert isinstance(told, list)
    assert [event.type for event in told] == ["sms.accepted", "sms.delivered"]
    assert {(event.message_id, event.payload, event.organisation_id, event.device_id) for event in told} == {(message_id, "ping", 1, 1)}


async def test_what_this_process_commits_is_told_without_waiting_for_the_next_look(world: World) -> None:
    follower = await world.core.tail.follow(world.actor())
    await world.advance(5)
    before = world.clock.monotonic()
    task = world.spawn(follower.next(60))
    await happen(world)
    await world.advance(tail.GAP_S)
    assert task.done()
    assert world.clock.monotonic() - before < tail.POLL_S / 2


async def test_what_another_process_commits_is_found_within_half_a_second(world: World) -> None:
    follower = await world.core.tail.follow(world.actor())
    world.database._on_events.clear()  # as if this process did not commit it
    task = world.spawn(follower.next(60))
    await world.settle()
    await happen(world)
    await world.advance(tail.POLL_S + tail.GAP_S)
    assert task.done()


async def test_who_resumes_is_told_first_what_they_missed(world: World) -> None:
    await happen(world, 5)
    follower = await world.core.tail.follow(world.actor(), after={1: 2})
    await happen(world, 2)
    assert await numbers(world, follower) == [3, 4, 5, 6, 7]


async def test_resuming_over_a_restart_loses_nothing_and_skips_nothing(world: World) -> None:
    follower = await world.core.tail.follow(world.actor())
    await happen(world, 3)
    told = await heard(world, follower)
    assert isinstance(told, list)
    seen = follower.position
    await happen(world, 2)
    await world.restart()
    await happen(world, 1)
    follower = await world.core.tail.follow(world.actor(), after=seen)
    assert [event.number for event in told] + await numbers(world, follower) == [1, 2, 3, 4, 5, 6]


async def test_a_follower_too_slow_for_its_buffer_reads_by_itself_and_misses_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tail, "BUFFER_MOST", 10)
    monkeypatch.setattr(tail, "PAGE", 7)
    slow = await world.core.tail.follow(world.actor())
    quick = await world.core.tail.follow(world.actor())
    assert await numbers(world, slow) == []
    for _ in range(5):
        await happen(world, 9)
        assert len(await numbers(world, quick)) == 9
    assert len(slow._buffer) <= 10
    assert await numbers(world, slow) == list(range(1, 46))
    await happen(world)
    assert await numbers(world, slow) == [46]


async def test_one_too_far_behind_is_told_once_to_reload_and_goes_on(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tail, "FAR", 20)
    await happen(world, 22)
    follower = await world.core.tail.follow(world.actor(), after={1: 1})
    assert await heard(world, follower) == Reload()
    assert follower.position == {1: 22}
    await happen(world)
    assert await numbers(world, follower) == [23]


async def test_one_whose_next_events_were_deleted_for_their_age_is_told_to_reload(world: World) -> None:
    await happen(world, 9)
    await world.database.write(lambda tx: tx.run(statement("DELETE FROM event WHERE number IN (1, 2, 3, 6)")))
    follower = await world.core.tail.follow(world.actor(), after={1: 2})
    assert await heard(world, follower) == Reload()
    assert await numbers(world, follower) == []
    follower = await world.core.tail.follow(world.actor(), after={1: 6})
    assert await numbers(world, follower) == [7, 8, 9]


async def test_a_number_that_was_never_reached_is_answered_by_reload(world: World) -> None:
    await happen(world, 2)
    follower = await world.core.tail.follow(world.actor(), after={1: 50})
    assert await heard(world, follower) == Reload()
    await happen(world)
    assert await numbers(world, follower) == [3]


@pytest.mark.parametrize("setting", [Setting(organisations=2)], indirect=True)
async def test_an_organisation_is_told_its_own_and_the_operator_everything(world: World) -> None:
    one = await world.core.tail.follow(world.actor(1))
    operator = await world.core.tail.follow(world.actor(1, role=Role.SUPER_ADMIN))
    of_two = await world.core.tail.follow(world.actor(1, role=Role.SUPER_ADMIN), 2)
    for organisation_id in (1, 2, 0, 2):
        await happen(world, organisation_id=organisation_id)
    assert await numbers(world, one) == [1]
    assert await numbers(world, of_two) == [1, 2]
    assert sorted(await numbers(world, operator)) == [1, 1, 1, 2]
    assert operator.position == {0: 1 + _events_of_the_installation(world), 1: 1, 2: 2}
    with pytest.raises(Problem) as refused:
        await world.core.tail.follow(world.actor(1), 2)
    assert refused.value.code is Code.INVALID_REFERENCE


def _events_of_the_installation(world: World) -> int:
    return len(world.rows("SELECT number FROM event WHERE organisation_id = 0")) - 1


async def test_one_user_follows_at_most_ten_times(world: World) -> None:
    followers = [await world.core.tail.follow(world.actor()) for _ in range(tail.MOST_OF_ONE)]
    with pytest.raises(Problem) as refused:
        await world.core.tail.follow(world.actor())
    assert refused.value.code is Code.TOO_MANY_REQUESTS
    followers.pop().close()
    await world.core.tail.follow(world.actor())


async def test_nobody_reads_while_nobody_follows(world: World) -> None:
    follower = await world.core.tail.follow(world.actor())
    follower.close()
    assert await follower.next(60) is None
    await world.advance(1)
    assert world.core.tail.position == {}
    assert not world.core.tail._is_running
    await happen(world, 2)
    follower = await world.core.tail.follow(world.actor(), after={1: 0})
    assert await numbers(world, follower) == [1, 2]


async def test_the_stop_of_the_process_ends_all_who_wait(world: World) -> None:
    follower = await world.core.tail.follow(world.actor())
    task = world.spawn(follower.next(3600))
    await world.settle()
    world.core.tail.stop()
    await world.settle()
    assert await task is None
    assert await (await world.core.tail.follow(world.actor())).next(1) is None
