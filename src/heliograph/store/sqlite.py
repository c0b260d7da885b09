"""SQLite: WAL, synchronous=FULL, one statement for a table of rows.

Each step of a statement gives up the interpreter's lock and has to win it back from the event loop, so a statement per row, or a
fetched row, costs up to a switch interval. Rows therefore go in as the values of one statement, made for so many rows, and come back as
one JSON text: one step a statement (docs/decisions, "One step a statement" and "Rows as values on SQLite").
"""

import re
import sqlite3
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from heliograph.store.checkpoint import LOG_PAGES, Checkpointer
from heliograph.store.engine import EngineTooOld, Request, Row, Scalar
from heliograph.store.input import cells, rows_json, scalars
from heliograph.store.query import Query, Statement, numbered, with_input

T = TypeVar("T")
OLDEST = (3, 38, 0)
ROWS_MOST, CELLS_MOST = 512, 32_000
"""Of one statement's values; SQLite takes no more than 32,766. What is more goes in as JSON."""
BUSY_TIMEOUT_S = 30.0
NO_DISK = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR})
WRITER_CACHE_KB, READER_CACHE_KB = 10_240, 1_024
"""Pages that the writer changes again and again stay with it; what a reader misses, the system has."""
_LOCKS = re.compile(r"\bFOR (NO KEY UPDATE|UPDATE|KEY SHARE|SHARE)( OF [\w, ]+)?( SKIP LOCKED)?")
_LOCK_ORDER = re.compile(r"\bORDER BY [\w.]+(?:, [\w.]+)*\s(?=FOR |ON CONFLICT\b)")
"""Of a statement over a table of rows: SQLite, which locks the file, would sort them for nothing (35 columns of a device: 0.9 us a row)."""
_CHANGE = re.compile(r"^(INSERT|UPDATE)\b", re.MULTILINE)
"""Of a statement over a table of rows. What may fail at one of them keeps a copy of each page that it changes, 4 KB a message and more, to
undo itself alone (SQLite's statement journal, above 64 KB a file); OR ROLLBACK undoes the transaction, as the writer would anyway."""
_ANY_CASE = re.compile(r"\blower\(([\w.]+)\) LIKE lower\((:\w+)\)")
"""SQLite's LIKE is blind to the case of A to Z by itself, as its `lower` is, and twice as fast without it (200,000 texts: 58 against
124 ms)."""


class SqliteEngine:
    """One file. Made with the path of the database."""

    name = "sqlite"

    def __init__(self, path: Path) -> None:
        self.path = path
        if sqlite3.sqlite_version_info < OLDEST:
            raise EngineTooOld(f"SQLite {sqlite3.sqlite_version} is too old: 3.38 or later is needed. Use a newer Python or PostgreSQL.")

    def connect(self, *, read_only: bool = False) -> "SqliteSession":
        return SqliteSession(self._connect(read_only=read_only), read_only=read_only)

    def checkpointer(self) -> Checkpointer:
        return Checkpointer(self._connect)

    def _connect(self, *, read_only: bool = False) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False, cached_statements=512
        )
        _enter_wal(connection)
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute(f"PRAGMA cache_size=-{READER_CACHE_KB if read_only else WRITER_CACHE_KB}")
        connection.execute("PRAGMA journal_size_limit=67108864")
        connection.execute(f"PRAGMA wal_autocheckpoint={LOG_PAGES}")
        if read_only:
            connection.execute("PRAGMA query_only=ON")
        return connection

    def is_conflict(self, error: BaseException) -> bool:
        return isinstance(error, sqlite3.OperationalError) and "locked" in str(error)

    def is_lost(self, error: BaseException) -> bool:
        """A disk that is full or fails is as a server that is gone: a new connection rolls back, and is served once there is room."""
        return isinstance(error, sqlite3.OperationalError) and getattr(error, "sqlite_errorcode", 0) & 0xFF in NO_DISK

    def adapt_schema(self, text: str) -> str:
        kept = (line for line in text.splitlines() if not line.startswith("-- postgres:"))
        return "\n".join(kept).replace("-- sqlite:", "").replace("BIGINT PRIMARY KEY", "INTEGER PRIMARY KEY")


class SqliteSession:
    def __init__(self, connection: sqlite3.Connection, *, read_only: bool) -> None:
        self._connection = connection
        self._begin = "BEGIN" if read_only else "BEGIN IMMEDIATE"
        self._texts: dict[str, str] = {}
        self._statements: dict[tuple[str, int], Statement] = {}

    def begin(self) -> None:
        self._connection.execute(self._begin)

    def commit(self) -> None:
        self._connection.execute("COMMIT")

    def rollback(self) -> None:
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    def savepoint(self) -> None:
        self._connection.execute("SAVEPOINT f")

    def release(self) -> None:
        self._connection.execute("RELEASE f")

    def rollback_to_savepoint(self) -> None:
        self._connection.execute("ROLLBACK TO f")
        self._connection.execute("RELEASE f")

    def run(self, query: Query, values: Mapping[str, Scalar]) -> list[Row]:
        text = self._texts.get(query.name)
        if text is None:
            text = self._texts[query.name] = _adapted(query.text)
        return self._connection.execute(text, scalars(values)).fetchall()

    def many(self, query: Query, rows: Sequence[object], values: Mapping[str, Scalar], shape: type[T]) -> list[T]:
        found = self._execute(query, rows, scalars(values) if values else values)
        if not query.writes:
            return msgspec.json.decode(found.fetchone()[0], type=list[shape])  # type: ignore[valid-type]
        return msgspec.convert(found.fetchall(), list[shape]) if query.returns_rows else []  # type: ignore[valid-type]

    def together(self, requests: Sequence[Request[Any]]) -> list[list[Any]]:
        return [self.many(each.query, each.rows, {}, each.shape) for each in requests]

    def script(self, text: str) -> None:
        for statement in split_statements(text):
            self._connection.execute(statement)

    def close(self) -> None:
        self._connection.close()

    def _execute(self, query: Query, rows: Sequence[object], values: Mapping[str, Scalar]) -> sqlite3.Cursor:
        """With the rows as values of a statement that is kept for each power of two of them; zeros stand in for those it has too many."""
        count, width = len(rows), len(query.columns)
        capacity = 1 << (count - 1).bit_length()
        if capacity > ROWS_MOST or capacity * width > CELLS_MOST:
            capacity = 0
            found: list[Any] = [rows_json(rows)]
        else:
            found = [*cells(rows), *[0] * ((capacity - count) * width), count]
        statement = self._statements.get((query.name, capacity))
        if statement is None:
            statement = self._statements[query.name, capacity] = self._statement(query, capacity)
        found += [values[name] for name in statement.names]
        return self._connection.execute(statement.text, found)

    def _statement(self, query: Query, capacity: int) -> Statement:
        """A query for at most so many rows, of which a last value says how many there are; 0: for any number of them, as JSON."""
        width = len(query.columns)
        if capacity:
            row = f"({', '.join('?' * width)})"
            source = f"SELECT * FROM (VALUES {', '.join([row] * capacity)}) LIMIT ?"
            placed = capacity * width + 1
        else:
            source = f"SELECT {', '.join(f'value->>{position}' for position in range(width))} FROM json_each(?)"
            placed = 1
        changing = _CHANGE.sub(r"\1 OR ROLLBACK", _LOCK_ORDER.sub("", query.text))
        body = numbered(_adapted(changing), "?", placed)
        text = with_input(replace(query, text=body.text), source)
        if not query.writes:
            columns = ", ".join(f'"{name}"' for name in self._columns(text, placed + len(body.names)))
            text = f"SELECT json_group_array(json_array({columns})) FROM ({text})"
        return Statement(text, body.names)

    def _columns(self, text: str, placeholders: int) -> list[str]:
        nothing: list[Scalar] = [0] * placeholders  # a number may stand wherever a scalar does, after LIMIT too
        if "json_each(?)" in text:
            nothing[0] = "[]"
        cursor = self._connection.execute(text, nothing)  # as it is: in a subquery SQLite gives columns of one name different ones
        columns = [column[0] for column in cursor.description]
        cursor.close()
        if len(set(columns)) != len(columns):
            raise ValueError(f"two result columns of one name: {columns}")
        return columns


def _adapted(text: str) -> str:
    """A query's text as SQLite takes it."""
    return _ANY_CASE.sub(r"\1 LIKE \2", _LOCKS.sub("", text))


def _enter_wal(connection: sqlite3.Connection) -> None:
    """Of two connections that enter WAL on one new file SQLite refuses one at once, without the wait of `timeout`: each would wait for
    the other. The refused one therefore waits here."""
    until = time.monotonic() + BUSY_TIMEOUT_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > until:
                raise
            time.sleep(0.01)
        else:
            return


def split_statements(text: str) -> list[str]:
    """The statements of a migration; a semicolon at the end of a line ends one."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("--")]
    return [statement.strip() for statement in re.split(r";\s*(?:\n|$)", "\n".join(lines)) if statement.strip()]
