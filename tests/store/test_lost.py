"""A connection to PostgreSQL that is lost: callers are told that nobody knows, and what comes after is served."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator

import psycopg
import pytest

from heliograph.store.database import Database, DatabaseLost, engine_of
from heliograph.store.query import Query
from heliograph.store.transaction import Transaction
from tests.postgres_server import PostgresServer
from tests.store.engines import OnPostgres

ADD = Query("test.add", "INSERT INTO id_counter (kind, next_id) VALUES (:kind, 1)", writes=True, returns_rows=False)
KINDS = Query("test.kinds", "SELECT kind FROM id_counter ORDER BY kind")
PID = Query("test.pid", "SELECT pg_backend_pid()")


def add(tx: Transaction, kind: str) -> None:
    tx.run(ADD, kind=kind)


def pid(tx: Transaction) -> int:
    return int(tx.run(PID)[0][0])


def terminate(url: str, *pids: int) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for each in pids:
            connection.execute("SELECT pg_terminate_backend(%s, 5000)", [each])


async def kinds(database: Database) -> list[str]:
    return [row[0] for row in await database.read(lambda tx: tx.run(KINDS))]


class TestALostConnection(OnPostgres):
    @pytest.fixture
    async def database(self, url: str) -> AsyncIterator[Database]:
        database = Database(engine_of(url))
        await database.open()
        yield database
        await database.close()

    async def test_while_nothing_runs_is_told_to_the_next_writer_and_the_one_after_is_served(self, database: Database, url: str) -> None:
        terminate(url, await database.write(pid))
        with pytest.raises(DatabaseLost):
            await database.write(add, "lost")
        await database.write(add, "served")
        assert await kinds(database) == ["served"]

    async def test_in_the_midst_of_a_group_is_told_to_each_of_its_callers(self, database: Database, url: str) -> None:
        entered, go_on = threading.Event(), threading.Event()

        def hang(tx: Transaction, pids: list[int]) -> None:
            pids.append(pid(tx))
            entered.set()
            go_on.wait(10)

        pids: list[int] = []
        waiting = [asyncio.ensure_future(database.write(add, "before")), asyncio.ensure_future(database.write(hang, pids))]
        await asyncio.to_thread(entered.wait, 10)
        waiting.append(asyncio.ensure_future(database.write(add, "after")))
        await asyncio.sleep(0)
        terminate(url, *pids)
        go_on.set()
        first, hanging, after = await asyncio.gather(*waiting, return_exceptions=True)
        assert isinstance(hanging, DatabaseLost)
        assert after is None
        assert await kinds(database) == sorted(["after"] + (["before"] if first is None else []))

    async def test_at_a_rollback_does_not_end_the_writer(self, database: Database, url: str) -> None:
        session = engine_of(url).connect()
        session.begin()
        (backend,) = session.run(PID, {})[0]
        send = session._send  # type: ignore[attr-defined]

        def terminated(text: str) -> None:
            terminate(url, backend)
            send(text)

        session._send = terminated  # type: ignore[attr-defined]
        session.rollback()
        with pytest.raises(psycopg.OperationalError) as lost:
            session.begin()
        assert database.engine.is_lost(lost.value)

    async def test_of_a_reader_is_told_to_nobody_since_a_read_may_be_repeated(self, database: Database, url: str) -> None:
        terminate(url, await database.read(pid))
        await database.write(add, "written")
        assert [await kinds(database) for _ in range(8)] == [["written"]] * 8

    async def test_counts_as_a_doubt(self, database: Database, url: str) -> None:
        before = database.doubts
        terminate(url, await database.write(pid))
        with pytest.raises(DatabaseLost):
            await database.write(add, "lost")
        assert database.doubts > before


class TestAServerThatDies(OnPostgres):
    async def test_keeps_what_it_confirmed_and_is_used_again_when_it_is_back(self, postgres_server: PostgresServer, url: str) -> None:
        database = Database(engine_of(url))
        await database.open()
        await database.write(add, "confirmed")
        postgres_server.kill()
        with pytest.raises(DatabaseLost):
            await database.write(add, "lost")
        with pytest.raises(DatabaseLost):
            await database.write(add, "refused")
        postgres_server.restart()
        until = time.monotonic() + 10
        while time.monotonic() < until:
            try:
                await database.write(add, "again")
                break
            except DatabaseLost:
                await asyncio.sleep(0.05)
        found = await kinds(database)
        await database.close()
        assert {"confirmed", "again"} <= set(found)
        assert "refused" not in found
