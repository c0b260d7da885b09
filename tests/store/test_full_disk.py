"""A disk that is full: callers are told that nothing is certain, as when a server is lost, and what comes after is served."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from heliograph.store.database import Database, DatabaseLost
from heliograph.store.query import Query
from heliograph.store.sqlite import SqliteEngine, SqliteSession
from heliograph.store.transaction import Transaction

ADD = Query("test.add", "INSERT INTO id_counter (kind, next_id) VALUES (:kind, 1)", writes=True, returns_rows=False)
KINDS = Query("test.kinds", "SELECT kind FROM id_counter WHERE kind LIKE 'x%' ORDER BY kind")


class Disk(SqliteEngine):
    """SQLite on a disk that has no page more, while it `is_full`."""

    is_full = False

    def connect(self, *, read_only: bool = False) -> SqliteSession:
        session = super().connect(read_only=read_only)
        if self.is_full:
            session._connection.execute("PRAGMA max_page_count=1")  # no fewer than there are
        return session


def add(tx: Transaction, kind: str) -> None:
    tx.run(ADD, kind=kind)


def add_much(tx: Transaction) -> None:
    for number in range(20):
        add(tx, f"x{number}{'x' * 3000}")


def kinds(tx: Transaction) -> list[str]:
    return [row[0] for row in tx.run(KINDS)]


async def test_what_finds_no_room_is_lost_and_what_comes_after_room_was_made_is_served(tmp_path: Path) -> None:
    disk = Disk(tmp_path / "heliograph.sqlite")
    async with opened(disk) as database:
        await database.write(add, "x1")
    disk.is_full = True
    async with opened(disk) as database:
        with pytest.raises(DatabaseLost, match="full"):
            await database.write(add_much)
        assert database.is_failing
        assert await database.read(kinds) == ["x1"], "nothing of it is there"
        disk.is_full = False
        await database.write(add, "x2")
        assert not database.is_failing
        assert await database.read(kinds) == ["x1", "x2"]


@asynccontextmanager
async def opened(disk: Disk) -> AsyncIterator[Database]:
    database = Database(disk)
    await database.open()
    try:
        yield database
    finally:
        await database.close()
