"""An installation of an early release that was killed under traffic, brought forward by this one and carried to its end.

`installation_of_schema_12.json` is what the daemon of 22 November 2026 left, the last of schema 12, killed 3 s after 40 SMS and 8 answers
of eight devices were acknowledged: its tables, but for accounts. Device 2 comes back in a while, 3 is undeliverable, 4 never confirms."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from heliograph.model.message import Direction, State
from heliograph.store.database import engine_of
from heliograph.store.ids import IdBlocks
from heliograph.store.migrate import migrate
from heliograph.store.query import Query
from heliograph.store.transaction import Transaction
from tests.core_world import insert
from tests.flows.world import World
from tests.manual_clock import TestClock

SCHEMA = 12
DAY_MS = 86_400_000
LEFT: dict[str, Any] = json.loads((Path(__file__).parent.parent / "vectors/installation_of_schema_12.json").read_text())
ENDS = {3: State.FAILED, 4: State.EXPIRED}
"""Of a device's SMS; of all others: DELIVERED."""


def restore(url: str) -> None:
    engine = engine_of(url)
    migrate(engine, up_to=SCHEMA)
    session = engine.connect()
    session.begin()
    tx = Transaction(session, IdBlocks())
    for table, kept in LEFT.items():
        for row in kept["rows"]:
            insert(tx, table, **dict(zip(kept["columns"], row, strict=True)))
    session.commit()
    session.close()


def left(table: str, *columns: str) -> list[list[Any]]:
    kept = LEFT[table]
    places = [kept["columns"].index(column) for column in columns]
    return [[row[place] for place in places] for row in kept["rows"]]


async def rows(world: World, text: str) -> list[Any]:
    return await world.database.read(lambda tx: tx.run(Query(f"test.{text}", text)))


@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
async def test_what_an_early_release_acknowledged_before_it_was_killed_comes_to_its_end(engine: str, tmp_path: Path, request: Any) -> None:
    new_database: Callable[[], str] | None = request.getfixturevalue("new_postgres_database") if engine == "postgres" else None
    url = new_database() if new_database else str(tmp_path / "heliograph.sqlite")
    restore(url)
    sent = left("message", "id", "device_id", "direction", "submitted_at_ms")
    assert len(sent) == 48
    clock = TestClock(max(at_ms for *_, at_ms in sent) + 10_000)
    async with World(tmp_path, url if new_database else None, clock) as world:
        await clock.advance(60)
        open_ids = {row[0] for row in await rows(world, "SELECT device_id FROM message WHERE state < 4")}
        assert open_ids == {4}, "the network took those of this device, and never says what became of them"
        clock.set_wall_clock(clock.now_ms() + DAY_MS + 10 * 60_000)
        await clock.advance(30)
        ends = {row[0]: row[1] for row in await rows(world, "SELECT id, state FROM message")}
        assert {id_: ends[id_] for id_, *_ in sent} == ends, "none is lost, none was made"
        for id_, device_id, direction, _ in sent:
            assert ends[id_] == (ENDS.get(device_id, State.DELIVERED) if direction == Direction.MT else State.DELIVERED), (id_, device_id)
        told = await rows(world, "SELECT message_id, count(*) FROM notification GROUP BY message_id")
        assert {(row[0], row[1]) for row in told} == {(id_, 1) for id_, *_ in sent}, "each is told to the webhook, once"
        used = await rows(world, "SELECT scope_id, traffic, used FROM usage_counter WHERE scope = 'device' AND length(period) = 7")
        assert sorted(map(list, used)) == sorted(left_counters())
        kept_apart = await rows(world, "SELECT message_id FROM undelivered")
        assert {row[0] for row in kept_apart} == {id_ for id_, state in ends.items() if state != State.DELIVERED}


def left_counters() -> list[list[Any]]:
    """What was counted before: nothing is given back, since each was sent at least once."""
    counted = left("usage_counter", "scope", "scope_id", "period", "traffic", "used")
    return [[scope_id, traffic, used] for scope, scope_id, period, traffic, used in counted if scope == "device" and len(period) == 7]
