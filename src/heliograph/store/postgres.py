"""PostgreSQL 15 and later by psycopg 3: synchronous_commit=on, prepared statements, one statement for a table of rows."""

import contextlib
import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import msgspec
import psycopg
from psycopg import errors
from psycopg.conninfo import conninfo_to_dict

from heliograph.store.engine import EngineTooOld, Row, Scalar
from heliograph.store.input import rows_json, scalars
from heliograph.store.query import Query, with_input
from heliograph.store.sqlite import split_statements

T = TypeVar("T")
OLDEST = 150000
NETWORK = {
    "connect_timeout": "10",
    "tcp_user_timeout": "10000",
    "keepalives": "1",
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "3",
}
"""A network that is dead is noticed after 10 s of sending and after 11 s of waiting: else the writer would wait for a quarter of an hour,
as TCP does by itself. What the operator's URL says of these counts instead."""
SERVER_NETWORK = ("tcp_user_timeout = 10000", "tcp_keepalives_idle = 5", "tcp_keepalives_interval = 2", "tcp_keepalives_count = 3")
"""The same for the server's end, which else keeps the locks of a machine that is gone for two hours. Not where the URL has `options`."""
_SCALAR = re.compile(r"(?<![:\w]):(\w+)")


class PostgresEngine:
    """One database. Made with a `postgresql://` URL."""

    name = "postgres"

    def __init__(self, url: str) -> None:
        self.url = url

    def connect(self, *, read_only: bool = False) -> "PostgresSession":
        asked = conninfo_to_dict(self.url)
        missing: dict[str, Any] = {name: value for name, value in NETWORK.items() if name not in asked}
        connection = psycopg.connect(self.url, autocommit=True, prepare_threshold=1, **missing)
        connection.prepared_max = 1000
        if connection.info.server_version < OLDEST:
            raise EngineTooOld(f"PostgreSQL {connection.info.server_version // 10000} is too old: 15 or later is needed.")
        connection.execute("SET synchronous_commit = on")
        connection.execute("SET client_encoding = 'UTF8'")
        connection.execute("SET jit = off")
        for method in ("seqscan", "hashjoin", "mergejoin"):
            connection.execute(f"SET enable_{method} = off")
        connection.execute("SET plan_cache_mode = force_generic_plan")
        for setting in () if "options" in asked else SERVER_NETWORK:
            connection.execute(f"SET {setting}")
        if read_only:
            connection.execute("SET default_transaction_read_only = on")
        return PostgresSession(connection)

    def is_conflict(self, error: BaseException) -> bool:
        return isinstance(error, errors.DeadlockDetected | errors.SerializationFailure | errors.LockNotAvailable)

    def is_lost(self, error: BaseException) -> bool:
        return isinstance(error, psycopg.OperationalError) and not self.is_conflict(error)

    def adapt_schema(self, text: str) -> str:
        return text.replace("-- postgres:", "")


class PostgresSession:
    """A connection in pipeline mode while a transaction runs: statements that return nothing are not waited for, so a transaction costs a
    round trip for each result it reads and one for its commit. An error of one not waited for appears at the next result."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection
        self._texts: dict[str, str] = {}
        self._pipeline = contextlib.ExitStack()

    def begin(self) -> None:
        self._pipeline.enter_context(self._connection.pipeline())
        self._send("BEGIN")

    def commit(self) -> None:
        self._send("COMMIT")
        self._pipeline.close()

    def rollback(self) -> None:
        with contextlib.suppress(psycopg.Error):  # what failed has been reported; leaving the pipeline reports it once more
            self._pipeline.close()
        if self._connection.closed:
            return
        try:
            self._connection.execute("ROLLBACK")
        except psycopg.OperationalError:
            self._connection.close()

    def savepoint(self) -> None:
        self._send("SAVEPOINT f")

    def release(self) -> None:
        self._send("RELEASE SAVEPOINT f")

    def rollback_to_savepoint(self) -> None:
        self._send("ROLLBACK TO SAVEPOINT f")
        self._send("RELEASE SAVEPOINT f")

    def run(self, query: Query, values: Mapping[str, Scalar]) -> list[Row]:
        cursor = self._connection.cursor()
        cursor.execute(self._text(query), scalars(values))
        return list(cursor.fetchall()) if query.returns_rows else []

    def many(self, query: Query, rows: Sequence[object], values: Mapping[str, Scalar], shape: type[T]) -> list[T]:
        cursor = self._connection.cursor()
        cursor.execute(self._text(query), {**scalars(values), "rows": rows_json(rows)})
        return msgspec.convert(cursor.fetchall(), list[shape]) if query.returns_rows else []  # type: ignore[valid-type]

    def _send(self, text: str) -> None:
        self._connection.cursor().execute(text)

    def script(self, text: str) -> None:
        for statement in split_statements(text):
            self._connection.execute(statement)

    def close(self) -> None:
        self._connection.close()

    def _text(self, query: Query) -> str:
        text = self._texts.get(query.name)
        if text is None:
            text = self._texts[query.name] = _translate(query)
        return text


def _translate(query: Query) -> str:
    text = query.text
    if query.columns:
        cells = ", ".join(f"(row_->>{position})::{kind}" for position, (_, kind) in enumerate(query.columns))
        text = with_input(query, f"SELECT {cells} FROM jsonb_array_elements(:rows::jsonb) AS row_")
    return _SCALAR.sub(r"%(\1)s", text.replace("%", "%%"))
