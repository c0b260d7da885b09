"""A copy of an installation: all rows of all tables, in one snapshot and one transaction, on either engine."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest

from heliograph.store.copy import CopyRefused, copy, copy_file, tables_of
from heliograph.store.database import engine_of
from heliograph.store.migrate import SchemaTooNew, migrate, migrations, schema_version
from heliograph.store.sqlite import SqliteEngine

LATEST = migrations()[-1].version
ROWS = 3


def filled(path: Path, version: int = LATEST) -> SqliteEngine:
    """A database with some rows in every table, each with something in every column; row n refers to rows n."""
    engine = SqliteEngine(path)
    migrate(engine, up_to=version)
    with closing(sqlite3.connect(path)) as connection:
        for table in tables_of(version):
            kinds = {name: kind for _, name, kind, *_ in connection.execute(f"PRAGMA table_info({table.name})")}
            connection.execute(f"DELETE FROM {table.name}")
            for number in range(1, ROWS + 1):
                row = [number if "INT" in kinds[column].upper() else f"Zähler\t\\{number}\n'\"" for column in table.columns]
                connection.execute(f"INSERT INTO {table.name} VALUES ({', '.join('?' * len(row))})", row)
        connection.commit()
    return engine


def content(engine: Any) -> dict[str, list[tuple[Any, ...]]]:
    """All rows, as the engine's own driver reads them."""
    found: dict[str, list[tuple[Any, ...]]] = {}
    url = getattr(engine, "url", None)
    with closing(psycopg.connect(url) if url else sqlite3.connect(engine.path)) as connection:
        for table in tables_of(LATEST):
            rows = connection.execute(f"SELECT {', '.join(table.columns)} FROM {table.name}").fetchall()
            found[table.name] = sorted(map(tuple, rows), key=repr)
    return found


def test_tables_that_others_refer_to_come_first() -> None:
    names = [table.name for table in tables_of(LATEST)]
    assert names.index("organisation") < names.index("device") < names.index("sim") < names.index("sim_number")
    assert "schema_version" not in names


def test_sqlite_to_postgresql_and_back_is_the_same(tmp_path: Path, new_postgres_database: Callable[..., str]) -> None:
    first, middle, last = filled(tmp_path / "first"), engine_of(new_postgres_database()), SqliteEngine(tmp_path / "last")
    done = copy(first, middle)
    assert set(done.rows.values()) == {ROWS}
    assert content(middle) == content(first)
    copy(middle, last)
    assert content(last) == content(first)
    assert schema_version(last) == LATEST


def test_a_file_copied_under_a_writer_is_whole_and_stands_alone(tmp_path: Path) -> None:
    source = filled(tmp_path / "first")
    session = source.connect()
    session.begin()  # a writer at work
    session.script("UPDATE organisation SET name = 'not yet';")
    try:
        done = copy_file(source, tmp_path / "copy")
    finally:
        session.rollback()
        session.close()
    assert set(done.rows.values()) == {ROWS}
    assert content(SqliteEngine(tmp_path / "copy")) == content(source)
    assert not (tmp_path / "copy-wal").exists()


def test_a_target_that_is_not_empty_is_refused_and_stays_as_it_was(tmp_path: Path) -> None:
    source, target = filled(tmp_path / "source"), filled(tmp_path / "target")
    with closing(sqlite3.connect(target.path)) as connection:
        connection.execute("UPDATE organisation SET name = 'kept'")
        connection.commit()
    before = content(target)
    with pytest.raises(CopyRefused, match="not empty"):
        copy(source, target)
    assert content(target) == before
    copy(source, target, replace=True)
    assert content(target) == content(source)


def test_what_else_stands_in_a_postgresql_is_neither_read_nor_touched(tmp_path: Path, new_postgres_database: Callable[..., str]) -> None:
    url = new_postgres_database()
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE theirs (id INT)")
        connection.execute("INSERT INTO theirs VALUES (1)")
    copy(filled(tmp_path / "first"), engine_of(url))
    copy(engine_of(url), SqliteEngine(tmp_path / "last"))
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT id FROM theirs").fetchall() == [(1,)]


def test_a_copy_of_an_earlier_release_comes_up_to_this_one(tmp_path: Path) -> None:
    target = SqliteEngine(tmp_path / "target")
    done = copy(filled(tmp_path / "source", version=1), target)
    assert done.version == 1
    assert schema_version(target) == LATEST
    assert len(content(target)["message"]) == ROWS


def test_a_copy_of_a_later_release_is_refused(tmp_path: Path) -> None:
    source = filled(tmp_path / "source")
    with closing(sqlite3.connect(source.path)) as connection:
        connection.execute("INSERT INTO schema_version VALUES (9999, 'later', 0)")
        connection.commit()
    with pytest.raises(SchemaTooNew, match="9999"):
        copy(source, SqliteEngine(tmp_path / "target"))


def test_a_source_that_is_damaged_leaves_the_target_as_it_was(tmp_path: Path) -> None:
    source, target = filled(tmp_path / "source"), SqliteEngine(tmp_path / "target")
    with closing(sqlite3.connect(source.path)) as connection:
        connection.execute("UPDATE sim_number SET sim_id = 99")
        connection.commit()
    with pytest.raises(CopyRefused, match="damaged"):
        copy(source, target)
    assert not any(content(target).values())


@pytest.mark.parametrize("content_of_file", [b"", b"SQLite format 3\0 but not really"])
def test_a_file_that_is_no_database_of_ours_is_refused(tmp_path: Path, content_of_file: bytes) -> None:
    (tmp_path / "source").write_bytes(content_of_file)
    with pytest.raises((CopyRefused, sqlite3.DatabaseError)):
        copy(SqliteEngine(tmp_path / "source"), SqliteEngine(tmp_path / "target"))
