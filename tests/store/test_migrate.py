"""The schema: made afresh, found again, refused when it is newer, made once by processes that start together."""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import psycopg
import pytest

from heliograph.store import migrate as migrate_module
from heliograph.store.database import Database, engine_of
from heliograph.store.engine import Session
from heliograph.store.migrate import Migration, SchemaTooNew, migrate, migrations, schema_version
from heliograph.store.query import Query
from tests.flows.program import wait_until
from tests.store.engines import OnPostgres, OnSqlite

KNOWN = [each.version for each in migrations()]
LATEST = KNOWN[-1]


@contextmanager
def connected(url: str) -> Iterator[Session]:
    session = engine_of(url).connect()
    yield session
    session.close()


def set_version(url: str, version: int) -> None:
    with connected(url) as session:
        text = "INSERT INTO schema_version (version, name, applied_at_ms) VALUES (:version, 'of a later release', 0)"
        session.run(Query("test.version", text, writes=True, returns_rows=False), {"version": version})


def migrate_in_process(url: str) -> list[int]:
    return [each.version for each in migrate(engine_of(url))]


CALLER = """
import sys
from heliograph.store.database import engine_of
from heliograph.store.migrate import migrate

for url in sys.stdin:
    engine = engine_of(url.strip())
    if sys.argv[1] == "migrate":
        answer = len(migrate(engine))
    else:
        answer = engine.connect().close()
    print(answer, flush=True)
"""


class Processes:
    """Several at once, that do the same with a database at the same moment: `connect` to it, or `migrate` it."""

    def __init__(self, count: int, what: str) -> None:
        command = [sys.executable, "-c", CALLER, what]
        self._running = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(count)]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._running:
            process.kill()
            process.communicate()

    def answers(self, url: str) -> Sequence[str]:
        """What each says when it has done it; nothing where it failed."""
        for process in self._running:
            print(url, file=process.stdin, flush=True)
        return [process.stdout.readline().strip() for process in self._running if process.stdout]


def test_processes_that_open_one_new_sqlite_file_together_all_get_in(tmp_path: Path) -> None:
    with Processes(3, "connect") as processes:
        for number in range(60):
            assert processes.answers(str(tmp_path / f"{number}.sqlite")) == ["None"] * 3


def test_migrations_begin_with_1_and_each_has_a_number_of_its_own() -> None:
    assert KNOWN[0] == 1
    assert len(set(KNOWN)) == len(KNOWN)


class Schema:
    def test_an_empty_database_gets_all_migrations_once(self, empty_url: str) -> None:
        assert schema_version(engine_of(empty_url)) == 0
        assert [each.version for each in migrate(engine_of(empty_url))] == KNOWN
        assert schema_version(engine_of(empty_url)) == LATEST
        assert migrate(engine_of(empty_url)) == []

    def test_each_migration_is_noted_with_its_name(self, url: str) -> None:
        with connected(url) as session:
            rows = session.run(Query("test.noted", "SELECT version, name, applied_at_ms FROM schema_version ORDER BY version"), {})
        assert [(row[0], row[1]) for row in rows] == [(each.version, each.name) for each in migrations()]
        assert all(row[2] > 1_600_000_000_000 for row in rows)

    async def test_a_newer_schema_is_refused_and_left_alone(self, url: str) -> None:
        set_version(url, LATEST + 1)
        with pytest.raises(SchemaTooNew, match=f"has schema {LATEST + 1}, this release knows {LATEST}.*use the release that wrote it"):
            await Database(engine_of(url)).open()
        assert schema_version(engine_of(url)) == LATEST + 1

    def test_a_migration_that_fails_leaves_nothing_behind(self, empty_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
        broken = [Migration(1, "made", "CREATE TABLE made (id BIGINT);"), Migration(2, "broken", "CREATE TABLE broken (id BIGINT")]
        monkeypatch.setattr(migrate_module, "migrations", lambda: broken)
        with pytest.raises(Exception, match=r"syntax|incomplete"):
            migrate(engine_of(empty_url))
        assert schema_version(engine_of(empty_url)) == 0
        monkeypatch.undo()
        assert migrate(engine_of(empty_url))[-1].version == LATEST

    def test_a_later_migration_is_applied_to_what_is_there(self, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
        later = [*migrations(), Migration(LATEST + 1, "later", "CREATE TABLE later (id BIGINT PRIMARY KEY);")]
        monkeypatch.setattr(migrate_module, "migrations", lambda: later)
        assert [each.name for each in migrate(engine_of(url))] == ["later"]
        with connected(url) as session:
            assert session.run(Query("test.later", "SELECT count(*) FROM later"), {})[0][0] == 0

    def test_threads_that_start_together_wait_for_each_other(self, empty_url: str) -> None:
        with ThreadPoolExecutor(4) as pool:
            applied = list(pool.map(lambda _: migrate_in_process(empty_url), range(4)))
        assert sorted(map(len, applied)) == [0, 0, 0, len(KNOWN)]

    def test_processes_that_start_together_apply_each_migration_once(self, empty_url: str) -> None:
        with Processes(2, "migrate") as processes:
            assert sorted(processes.answers(empty_url), key=int) == ["0", str(len(KNOWN))]


class TestSchemaOnSqlite(Schema, OnSqlite):
    pass


class TestSchemaOnPostgres(Schema, OnPostgres):
    def test_a_migration_that_a_working_daemon_meets_crosswise_is_tried_again(self, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
        text = "ALTER TABLE lane ADD COLUMN later BIGINT;\nALTER TABLE message ADD COLUMN later BIGINT;"
        later = [*migrations(), Migration(LATEST + 1, "later", text)]
        monkeypatch.setattr(migrate_module, "migrations", lambda: later)
        with ThreadPoolExecutor(1) as pool, psycopg.connect(url) as daemon:
            daemon.execute("SET deadlock_timeout = '1min'")  # so that of the two the migration is ended
            daemon.execute("SELECT 1 FROM message")
            applied = pool.submit(migrate_in_process, url)
            wait_until(
                lambda: daemon.execute("SELECT 1 FROM pg_locks WHERE NOT granted").fetchone() is not None, "the migration waits for message"
            )
            daemon.execute("SELECT 1 FROM lane")
            daemon.commit()
            assert applied.result(60) == [LATEST + 1]
