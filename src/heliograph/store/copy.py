"""Copy a whole installation from one database to another, SQLite or PostgreSQL, whichever way; a backup is such a copy, an SQLite file.

What is read is one snapshot, so daemons may go on working. What is written is one transaction: a target has all of it or is as it was. The
tables and their columns are those that the migrations make, never what else stands in a PostgreSQL. A source of an earlier release is
copied as it is, and brought up to this release in the target. Every table's rows are counted on both sides.
"""

import sqlite3
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any, Final, Protocol

import psycopg
from psycopg import sql

from heliograph.store.engine import Engine
from heliograph.store.migrate import SchemaTooNew, migrate, migrations, schema_version
from heliograph.store.postgres import NETWORK, PostgresEngine
from heliograph.store.sqlite import BUSY_TIMEOUT_S, SqliteEngine

ROWS_AT_ONCE: Final = 5000
OF_A_START: Final = frozenset({"cdr", "cdr_cursor", "id_counter", "node", "signing_key", "webhook_change"})
"""Tables in which a daemon that was started once on an empty database leaves a row."""


class CopyRefused(Exception):
    """The copy was not made, and the target is as it was; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Table:
    name: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Copied:
    """What was copied: rows by table, and the schema that the source had."""

    rows: Mapping[str, int]
    version: int


def copy(source: Engine, target: Engine, *, replace: bool = False) -> Copied:
    """Copy all that is in `source`; `target` is then at this release's schema. `replace`: whatever is in it goes first.

    Raises CopyRefused, SchemaTooNew."""
    version = _source_version(source)
    there = schema_version(target)
    if there > version:
        raise CopyRefused(f"the target has schema {there} and what is to be copied {version}: give an empty database")
    migrate(target, up_to=version)
    tables = tables_of(version)
    with _reading(source) as reader, _writing(target) as writer:
        if not replace and (found := [table.name for table in tables if table.name not in OF_A_START and writer.count(table)]):
            raise CopyRefused(f"the target is not empty (there is something in {', '.join(found[:5])}): give an empty database")
        for table in reversed(tables):
            writer.clear(table)
        rows = {table.name: writer.write(table, reader.rows(table)) for table in tables}
        wrong = [table.name for table in tables if not rows[table.name] == reader.count(table) == writer.count(table)]
        if wrong:
            raise CopyRefused(f"the rows of {', '.join(wrong)} were not all copied: nothing was kept; try again")
    migrate(target)
    return Copied(rows, version)


def copy_file(source: SqliteEngine, path: Path) -> Copied:
    """Copy an SQLite database into a new file, page by page, while others write to it; the file is whole by itself. Raises CopyRefused."""
    version = _source_version(source)
    with closing(_open_to_read(source)) as reader, closing(sqlite3.connect(path)) as writer:
        reader.backup(writer)  # all pages in one step: one snapshot, for which no writer waits
        writer.execute("PRAGMA journal_mode=DELETE")
        (found,) = writer.execute("PRAGMA quick_check").fetchone()
        if found != "ok":
            raise CopyRefused(f"the database {source.path} is damaged ({found}): restore the latest good backup")
        rows = {table.name: _SqliteSide(writer).count(table) for table in tables_of(version)}
    return Copied(rows, version)


def tables_of(version: int) -> list[Table]:
    """The tables that the migrations up to `version` make, but the one of versions; those first to which others refer."""
    with tempfile.TemporaryDirectory(prefix="heliograph-") as folder:
        engine = SqliteEngine(Path(folder) / "shape")
        migrate(engine, up_to=version)
        with closing(sqlite3.connect(engine.path)) as connection:
            names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            columns = {name: tuple(row[1] for row in connection.execute(f"PRAGMA table_info({name})")) for name in names}
            refers = {name: {row[2] for row in connection.execute(f"PRAGMA foreign_key_list({name})")} - {name} for name in names}
    ordered = TopologicalSorter(refers).static_order()
    return [Table(name, columns[name]) for name in ordered if name != "schema_version" and not name.startswith("sqlite_")]


class Side(Protocol):
    """One end of a copy, in one transaction."""

    def count(self, table: Table) -> int: ...

    def rows(self, table: Table) -> Iterator[Sequence[Any]]: ...

    def clear(self, table: Table) -> None: ...

    def write(self, table: Table, rows: Iterable[Sequence[Any]]) -> int:
        """Insert the rows; how many."""


class _SqliteSide:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def count(self, table: Table) -> int:
        return int(self._connection.execute(f"SELECT count(*) FROM {table.name}").fetchone()[0])

    def rows(self, table: Table) -> Iterator[Sequence[Any]]:
        return iter(self._connection.execute(f"SELECT {', '.join(table.columns)} FROM {table.name}"))

    def clear(self, table: Table) -> None:
        self._connection.execute(f"DELETE FROM {table.name}")

    def write(self, table: Table, rows: Iterable[Sequence[Any]]) -> int:
        places = ", ".join("?" * len(table.columns))
        text = f"INSERT INTO {table.name} ({', '.join(table.columns)}) VALUES ({places})"
        return max(0, self._connection.executemany(text, rows).rowcount)


class _PostgresSide:
    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection

    def count(self, table: Table) -> int:
        row = self._connection.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table.name))).fetchone()
        return 0 if row is None else int(row[0])

    def rows(self, table: Table) -> Iterator[Sequence[Any]]:
        text = sql.SQL("SELECT {} FROM {}").format(_names(table), sql.Identifier(table.name))
        with self._connection.cursor(name="heliograph_copy") as cursor:
            cursor.itersize = ROWS_AT_ONCE
            cursor.execute(text)
            yield from cursor

    def clear(self, table: Table) -> None:
        self._connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table.name)))

    def write(self, table: Table, rows: Iterable[Sequence[Any]]) -> int:
        count = 0
        text = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table.name), _names(table))
        with self._connection.cursor() as cursor, cursor.copy(text) as stream:
            for row in rows:
                stream.write_row(row)
                count += 1
        return count


def _names(table: Table) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, table.columns))


def _reading(engine: Engine) -> AbstractContextManager[Side]:
    return _reading_postgres(engine) if isinstance(engine, PostgresEngine) else _reading_sqlite(_sqlite(engine))


def _writing(engine: Engine) -> AbstractContextManager[Side]:
    return _writing_postgres(engine) if isinstance(engine, PostgresEngine) else _writing_sqlite(_sqlite(engine))


@contextmanager
def _reading_sqlite(engine: SqliteEngine) -> Iterator[Side]:
    with closing(_open_to_read(engine)) as connection:
        connection.execute("BEGIN")
        yield _SqliteSide(connection)


@contextmanager
def _writing_sqlite(engine: SqliteEngine) -> Iterator[Side]:
    with closing(sqlite3.connect(engine.path, timeout=BUSY_TIMEOUT_S, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("BEGIN IMMEDIATE")
        yield _SqliteSide(connection)
        if connection.execute("PRAGMA foreign_key_check").fetchone():
            raise CopyRefused("what was copied refers to rows that are not there: the source is damaged, nothing was kept")
        connection.execute("COMMIT")


@contextmanager
def _reading_postgres(engine: PostgresEngine) -> Iterator[Side]:
    with psycopg.connect(engine.url, **_network(engine)) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        yield _PostgresSide(connection)


@contextmanager
def _writing_postgres(engine: PostgresEngine) -> Iterator[Side]:
    with psycopg.connect(engine.url, **_network(engine)) as connection:
        connection.execute("SET synchronous_commit = on")
        yield _PostgresSide(connection)


def _network(engine: PostgresEngine) -> dict[str, Any]:
    asked = psycopg.conninfo.conninfo_to_dict(engine.url)
    return {name: value for name, value in NETWORK.items() if name not in asked}


def _sqlite(engine: Engine) -> SqliteEngine:
    assert isinstance(engine, SqliteEngine)
    return engine


def _source_version(source: Engine) -> int:
    version, known = _sqlite_version(source) if isinstance(source, SqliteEngine) else schema_version(source), migrations()[-1].version
    if version == 0:
        raise CopyRefused("what is to be copied is no database of Heliograph: it has no schema")
    if version > known:
        raise SchemaTooNew(
            f"what is to be copied has schema {version}, this release knows {known}: use the release that wrote it, or later"
        )
    return version


def _sqlite_version(source: SqliteEngine) -> int:
    if not source.path.exists():
        raise CopyRefused(f"there is no database at {source.path}")
    with closing(_open_to_read(source)) as connection:
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'schema_version'").fetchone():
            return 0
        return int(connection.execute("SELECT coalesce(max(version), 0) FROM schema_version").fetchone()[0])


def _open_to_read(engine: SqliteEngine) -> sqlite3.Connection:
    """As it is: unlike the engine's own connections, this one does not make a backup's file enter WAL."""
    return sqlite3.connect(f"{engine.path.absolute().as_uri()}?mode=ro", uri=True, timeout=BUSY_TIMEOUT_S, isolation_level=None)
