"""What was kept for its time is deleted, with all that is its own, in slices; what is not over stays (rules: Ids, retention)."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import pytest

from heliograph.model.account import Role
from heliograph.model.ids import DeviceId
from heliograph.model.link import ErrorClass, Refused
from heliograph.model.message import State
from heliograph.model.problem import Code, Problem
from heliograph.service import audit, mailing
from heliograph.service.draft import Draft
from heliograph.service.retention import SLICE, Retention
from heliograph.service.submit import accepted, prepare
from heliograph.store.feed import Emitted
from heliograph.store.query import Query
from heliograph.store.transaction import Transaction
from tests.core_world import DAY, Setting, World
from tests.store.engines import OnPostgres, OnSqlite


@dataclass(frozen=True)
class Days:
    messages_days: int = 180
    bodies_days: int = 180
    events_days: int = 30
    feed_days: int = 7
    delivery_attempts_days: int = 30
    delivery_payloads_days: int = 14
    audit_days: int = 400


class Suite:
    @pytest.fixture
    async def world(self, url: str) -> AsyncIterator[World]:
        async with World(url, Setting(devices=2)) as world:
            yield world

    async def test_a_message_goes_after_180_days_with_all_that_is_its_own_and_what_was_counted_stays(self, world: World) -> None:
        first = await world.submit()
        again = prepare(world.core, world.actor(), DeviceId(1), Draft("x", scheduled_at_ms=world.now_ms + 5000), first)
        await accepted(again)
        await world.jump(5)
        await world.advance(3)
        counted = await rows(world, "usage_counter")
        assert counted
        assert await count(world, "attempt")
        assert await count(world, "notification")
        await world.jump(180 * DAY - 60)
        await sweep(world)
        assert await count(world, "message") == 2
        await world.jump(120)
        await sweep(world)
        for table in ("message", "attempt", "receipt", "notification", "delivery_attempt", "scheduled", "resent"):
            assert await count(world, table) == 0, table
        assert await rows(world, "usage_counter") == counted

    async def test_what_ended_undelivered_is_no_longer_kept_apart_once_it_goes(self, world: World) -> None:
        world.link.otherwise = Refused(ErrorClass.PERMANENT, "no")
        message_id = await world.submit()
        assert await rows(world, "undelivered", "state, message_id") == [(State.FAILED, message_id)]
        await world.jump(181 * DAY)
        await sweep(world)
        assert await count(world, "undelivered") == 0

    async def test_what_is_younger_stays(self, world: World) -> None:
        await world.submit(text="old")
        await world.jump(181 * DAY)
        young = await world.submit(text="young")
        await sweep(world)
        assert await rows(world, "message", "id, payload") == [(young, "young")]
        assert await count(world, "attempt") == 1

    async def test_a_bulk_sms_loses_its_text_with_the_texts_and_goes_with_the_messages(self, world: World) -> None:
        mailing_id = await mailing.send(world.core, world.actor(), [DeviceId(1), DeviceId(2)], Draft("secret"), "key")
        await world.jump(11 * DAY)
        await sweep(world, Days(bodies_days=10))
        found = await mailing.progress(world.core, world.actor(), mailing_id)
        assert (found.mailing.payload, found.mailing.total) == ("", 2)
        await run(world, "UPDATE mailing_item SET message_id = NULL")
        with pytest.raises(Problem, match="its text was deleted") as refused:
            await mailing.send_again(world.core, world.actor(), mailing_id, "again")
        assert refused.value.code is Code.NOT_ALLOWED
        await world.jump(170 * DAY)
        await sweep(world)
        assert await count(world, "mailing") == 0
        assert await count(world, "mailing_item") == 0

    async def test_a_message_that_is_not_final_stays_and_goes_at_a_later_sweep(self, world: World) -> None:
        open_id = await world.submit()
        await world.submit(text="final")
        await run(world, "UPDATE message SET state = 1, final_at_ms = NULL WHERE id = :id", id=open_id)
        await world.jump(181 * DAY)
        retention = Retention(world.core, Days(), pause_s=0)
        await retention.sweep()
        assert await rows(world, "message", "id") == [(open_id,)]
        await run(world, "UPDATE message SET state = 4 WHERE id = :id", id=open_id)
        await retention.sweep()
        assert await count(world, "message") == 0

    async def test_a_message_with_an_open_delivery_stays(self, world: World) -> None:
        await world.submit()
        await run(world, "UPDATE notification SET final_at_ms = NULL, state = 1")
        await world.jump(181 * DAY)
        await sweep(world)
        assert await count(world, "message") == 1
        await run(world, "UPDATE notification SET final_at_ms = 1, state = 2")
        await sweep(world)
        assert await count(world, "message") == 0

    async def test_texts_go_earlier_where_that_is_configured_and_the_message_says_so(self, world: World) -> None:
        await world.submit(text="secret words")
        await world.jump(3 * DAY)
        await sweep(world, Days(bodies_days=3))
        assert await rows(world, "message", "payload") == [("secret words",)]
        await world.jump(60)
        await sweep(world, Days(bodies_days=3))
        assert await rows(world, "message", "payload, note") == [("", "its text was deleted after 3 days")]
        assert "secret" not in str(await rows(world, "notification"))
        assert await count(world, "attempt") == 1, "the timeline stays"
        await sweep(world, Days(bodies_days=3))
        assert await rows(world, "message", "note") == [("its text was deleted after 3 days",)], "once"

    async def test_octets_that_went_on_as_they_came_go_with_their_text(self, world: World) -> None:
        await world.submit(text="part", udh="050003070201", dcs=0, user_data=b"part".hex())
        await world.jump(4 * DAY)
        await sweep(world, Days(bodies_days=3))
        assert await rows(world, "message", "payload, user_data") == [("", None)]

    async def test_events_of_messages_go_after_7_days_others_after_30(self, world: World) -> None:
        await world.submit()
        await world.database.write(emit, Emitted(1, "device.disabled", world.now_ms, 1))
        await world.jump(8 * DAY)
        await world.database.write(emit, Emitted(1, "device.enabled", world.now_ms, 1))
        await sweep(world)
        assert await rows(world, "event", "type") == [("device.disabled",), ("device.enabled",)]
        await world.jump(23 * DAY)
        await sweep(world)
        assert await rows(world, "event", "type") == [("device.enabled",)]

    async def test_the_audit_is_kept_400_days(self, world: World) -> None:
        await world.database.write(
            audit.record, world.actor(role=Role.ADMINISTRATOR), "device.changed", 1, world.now_ms, after={"name": "x"}
        )
        await world.jump(399 * DAY)
        await sweep(world)
        assert await count(world, "audit") == 1
        await world.jump(2 * DAY)
        await sweep(world)
        assert await count(world, "audit") == 0

    async def test_no_slice_is_larger_than_its_bound_and_all_goes(self, world: World) -> None:
        many = 2 * SLICE + 7
        message_id = await world.submit()
        await run(world, copies(), first=message_id, many=many)
        await world.jump(181 * DAY)
        sizes: list[int] = []
        write = world.database.write

        async def watched(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
            before = await count(world, "message")
            result = await write(function, *args, **kwargs)
            sizes.append(before - await count(world, "message"))
            return result

        world.database.write = watched  # type: ignore[method-assign]
        await sweep(world)
        assert await count(world, "message") == 0
        assert max(sizes) <= SLICE
        assert sum(sizes) == many + 1

    async def test_it_pauses_between_slices(self, world: World) -> None:
        await world.submit()
        await world.jump(181 * DAY)
        task = world.spawn(Retention(world.core, Days(), pause_s=30).sweep())
        await world.settle()
        assert (await count(world, "message"), task.done()) == (0, False), "the slice is done, the pause is not"
        await world.advance(120)
        assert task.done()

    async def test_of_several_processes_the_first_alone_deletes(self, world: World) -> None:
        await world.submit()
        await world.jump(181 * DAY)
        await run(world, "INSERT INTO node (id, name, started_at_ms, beat, open_from) VALUES (0, 'first', 1, 1, 1)")
        await sweep(world)
        assert await count(world, "message") == 1


class TestOnSqlite(OnSqlite, Suite):
    pass


class TestOnPostgres(OnPostgres, Suite):
    pass


async def sweep(world: World, days: Days | None = None) -> None:
    await Retention(world.core, days or Days(), pause_s=0).sweep()


def emit(tx: Transaction, event: Emitted) -> None:
    tx.emit(event)


async def rows(world: World, table: str, columns: str = "*") -> list[tuple[Any, ...]]:
    found = await world.database.read(lambda tx: tx.run(Query(f"{table}:{columns}", f"SELECT {columns} FROM {table} ORDER BY 1")))
    return [tuple(row) for row in found]


async def count(world: World, table: str) -> int:
    return len(await rows(world, table))


async def run(world: World, text: str, **values: Any) -> None:
    await world.database.write(lambda tx: tx.run(Query(text, text, writes=True, returns_rows=False), **values))


def copies() -> str:
    """Messages like one, without attempts."""
    columns = (
        "organisation_id, device_id, direction, traffic_class, door, source, source_type, dest, payload, dcs, pid, udh, segments, "
        "segment_states, state, submitted_at_ms, expiry_at_ms"
    )
    return f"""WITH RECURSIVE numbers (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM numbers WHERE number < :many)
INSERT INTO message (id, {columns}) SELECT id + number, {columns} FROM numbers, message WHERE id = :first"""
