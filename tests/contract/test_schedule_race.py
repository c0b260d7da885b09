"""A scheduled SMS that is released and cancelled at one moment, by two writers: one of them gets it, never both."""

import asyncio
from collections.abc import Callable

from heliograph.model.ids import DeviceId
from heliograph.model.message import State
from heliograph.model.problem import Problem
from heliograph.service.cancel import Answer, ask
from heliograph.service.schedule import release
from heliograph.store.database import Database, engine_of
from tests.core_world import HOUR, Setting, World
from tests.store.engines import migrated

ROUNDS = 30


async def test_a_release_and_a_cancel_agree_on_who_was_first(new_postgres_database: Callable[..., str]) -> None:
    url = new_postgres_database(migrated)
    async with World(url, Setting(devices=ROUNDS)) as world:
        world.link.otherwise = None
        other = Database(engine_of(url))
        await other.open()
        later = world.now_ms + 2 * HOUR * 1000
        for device in range(1, ROUNDS + 1):
            message_id = await world.submit(device, scheduled_at_ms=world.now_ms + HOUR * 1000)
            released, answer = await asyncio.gather(
                other.write(release, world.core, later),
                world.database.write(ask, world.core, world.actor(), DeviceId(device), message_id, later),
                return_exceptions=True,
            )
            (row,) = world.rows("SELECT state, lane_seq, cancel_requested_at_ms FROM message WHERE id = :id", id=message_id)
            assert isinstance(released, int), released
            if answer is Answer.CANCELED and row.lane_seq is None:
                assert (released, row.state) == (0, State.CANCELED)
            else:
                assert released == 1
                assert not isinstance(answer, BaseException) or isinstance(answer, Problem), answer
                assert row.lane_seq is not None
        await world.settle()
        await other.close()
