"""SQLite's log, moved to its place beside the writer."""

import asyncio
import sqlite3
import threading
import time
from pathlib import Path

from structlog.testing import capture_logs

from heliograph.store.checkpoint import ENOUGH, LOG_PAGES, Checkpointer
from heliograph.store.database import Database, engine_of
from heliograph.store.query import Query
from heliograph.store.transaction import Transaction

INSERT = Query("test.insert", "INSERT INTO scribble (text) VALUES (:text)", writes=True, returns_rows=False)
COUNT = Query("test.count", "SELECT count(*) FROM scribble", writes=False, returns_rows=True)
OCTETS = 5_000


def make(tx: Transaction) -> None:
    tx.run(Query("test.make", "CREATE TABLE scribble (text TEXT)", writes=True, returns_rows=False))


def add(tx: Transaction) -> None:
    tx.run(INSERT, text="x" * OCTETS)


def count(tx: Transaction) -> int:
    return int(tx.run(COUNT)[0][0])


async def opened(path: Path) -> Database:
    database = Database(engine_of(str(path)))
    await database.open()
    return database


async def test_what_many_commits_wrote_is_moved_though_none_of_them_did_it(tmp_path: Path) -> None:
    path = tmp_path / "heliograph.db"
    database = await opened(path)
    await database.write(make)
    assert ENOUGH * OCTETS < LOG_PAGES * 4096, "fewer than a commit would move"
    deadline = time.monotonic() + 60
    while path.stat().st_size < ENOUGH * OCTETS and time.monotonic() < deadline:
        await database.write(add)
    assert path.stat().st_size >= ENOUGH * OCTETS
    await database.close()


async def test_the_log_begins_anew_while_messages_keep_coming(tmp_path: Path) -> None:
    path = tmp_path / "heliograph.db"
    database = await opened(path)
    await database.write(make)
    rounds = 2 * LOG_PAGES * 4096 // (ENOUGH * OCTETS)
    for _ in range(rounds):
        await asyncio.gather(*(database.write(add) for _ in range(ENOUGH)))
    assert await database.read(count) == rounds * ENOUGH
    assert path.with_name("heliograph.db-wal").stat().st_size < rounds * ENOUGH * OCTETS, "it was used again"
    await database.close()
    assert not path.with_name("heliograph.db-wal").exists(), "the last connection took the log with it"


async def test_nothing_is_missing_after_a_close_in_the_middle_of_it(tmp_path: Path) -> None:
    path = tmp_path / "heliograph.db"
    for rounds in range(1, 4):
        database = await opened(path)
        if rounds == 1:
            await database.write(make)
        await asyncio.gather(*(database.write(add) for _ in range(ENOUGH)))
        await database.close()
        database = await opened(path)
        assert await database.read(count) == rounds * ENOUGH
        await database.close()


class Broken(sqlite3.Connection):
    """A connection of which some passes fail."""

    fails = 3

    def execute(self, sql: str, parameters: object = (), /) -> sqlite3.Cursor:
        if sql.startswith("PRAGMA wal_checkpoint") and Broken.fails:
            Broken.fails -= 1
            raise sqlite3.OperationalError("disk I/O error")
        return super().execute(sql)


async def test_a_pass_that_fails_is_told_once_and_tried_again(tmp_path: Path) -> None:
    path = tmp_path / "heliograph.db"
    sqlite3.connect(path).execute("PRAGMA journal_mode=WAL")
    checkpointer = Checkpointer(lambda: sqlite3.connect(path, check_same_thread=False, factory=Broken))
    with capture_logs() as told:
        checkpointer.start()
        deadline = time.monotonic() + 60
        while Broken.fails and time.monotonic() < deadline:
            checkpointer.committed(ENOUGH)
            await asyncio.sleep(0.001)
        checkpointer.close()
    assert Broken.fails == 0
    assert [each["error"] for each in told] == ["disk I/O error"]


class Late(threading.Event):
    """Comes just after somebody waited for it in vain, and before they went on; `then` follows it."""

    def __init__(self, then: threading.Event) -> None:
        super().__init__()
        self._then = then

    def wait(self, timeout: float | None = None) -> bool:
        came = super().wait(timeout)
        self.set()
        self._then.set()
        return came


def test_a_close_that_comes_as_a_pause_ends_is_heard(tmp_path: Path) -> None:
    path = tmp_path / "heliograph.db"
    checkpointer = Checkpointer(lambda: sqlite3.connect(path))
    checkpointer._closing = Late(checkpointer._due)
    checkpointer.start()
    checkpointer.committed(ENOUGH)
    checkpointer._thread.join(30)
    assert not checkpointer._thread.is_alive()
