"""SQLite: WAL, synchronous=FULL, one statement for a table of rows.

Each step of a statement gives up the interpreter's lock and has to win it back from the event loop, so a statement per row, or a
fetched row, costs up to a switch interval. Rows therefore go in as one JSON text and come back as one JSON text: one step a
statement (docs/decisions, "One step a statement").
"""

import json
import re
import sqlite3
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from heliograph.store.engine import EngineTooOld, Request, Row, Scalar
from heliograph.store.input import rows_json, scalars
from heliograph.store.query import Query, with_input

T = TypeVar("T")
OLDEST = (3, 38, 0)
BUSY_TIMEOUT_S = 30.0
_LOCKS = re.compile(r"\bFOR (NO KEY UPDATE|UPDATE|KEY SHARE|SHARE)( OF [\w, ]+)?( SKIP LOCKED)?")
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
        connection = sqlite3.connect(
            self.path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False, cached_statements=512
        )
        _enter_wal(connection)
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA cache_size=-16384")
        connection.execute("PRAGMA journal_size_limit=67108864")
        if read_only:
            connection.execute("PRAGMA query_only=ON")
        return SqliteSession(connection, read_only=read_only)

    def is_conflict(self, error: BaseException) -> bool:
        return isinstance(error, sqlite3.OperationalError) and "locked" in str(error)

    def is_lost(self, error: BaseException) -> bool:
        return False

    def adapt_schema(self, text: str) -> str:
        kept = (line for line in text.splitlines() if not line.startswith("-- postgres:"))
        return "\n".join(kept).replace("BIGINT PRIMARY KEY", "INTEGER PRIMARY KEY")


class SqliteSession:
    def __init__(self, connection: sqlite3.Connection, *, read_only: bool) -> None:
        self._connection = connection
        self._begin = "BEGIN" if read_only else "BEGIN IMMEDIATE"
        self._texts: dict[tuple[str, bool], str] = {}

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
        return self._connection.execute(self._text(query, wrapped=False), scalars(values)).fetchall()

    def many(self, query: Query, rows: Sequence[object], values: Mapping[str, Scalar], shape: type[T]) -> list[T]:
        wrapped = not query.writes
        found = self._connection.execute(self._text(query, wrapped=wrapped), {**scalars(values), "rows": rows_json(rows)})
        if wrapped:
            text = found.fetchone()[0]
            return msgspec.json.decode(text, type=list[shape])  # type: ignore[valid-type]
        return msgspec.convert(found.fetchall(), list[shape]) if query.returns_rows else []  # type: ignore[valid-type]

    def together(self, requests: Sequence[Request[Any]]) -> list[list[Any]]:
        return [self.many(each.query, each.rows, {}, each.shape) for each in requests]

    def script(self, text: str) -> None:
        for statement in split_statements(text):
            self._connection.execute(statement)

    def close(self) -> None:
        self._connection.close()

    def _text(self, query: Query, *, wrapped: bool) -> str:
        key = (query.name, wrapped)
        text = self._texts.get(key)
        if text is None:
            text = self._texts[key] = self._translate(query, wrapped=wrapped)
        return text

    def _translate(self, query: Query, *, wrapped: bool) -> str:
        text = query.text
        if query.columns:
            cells = ", ".join(f"value->>{position}" for position in range(len(query.columns)))
            text = with_input(query, f"SELECT {cells} FROM json_each(:rows)")
        text = _ANY_CASE.sub(r"\1 LIKE \2", _LOCKS.sub("", text))
        if not wrapped:
            return text
        columns = ", ".join(f'"{name}"' for name in self._columns(text))
        return f"SELECT json_group_array(json_array({columns})) FROM ({text})"

    def _columns(self, text: str) -> list[str]:
        names: dict[str, Any] = dict.fromkeys(re.findall(r":(\w+)", text), 0)  # a number may stand wherever a scalar does, after LIMIT too
        names["rows"] = json.dumps([])
        cursor = self._connection.execute(text, names)  # as it is: in a subquery SQLite gives columns of one name different ones
        columns = [column[0] for column in cursor.description]
        cursor.close()
        if len(set(columns)) != len(columns):
            raise ValueError(f"two result columns of one name: {columns}")
        return columns


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
