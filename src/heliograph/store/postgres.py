"""PostgreSQL 15 and later by psycopg 3: synchronous_commit=on, prepared statements, one statement for a table of rows."""

import contextlib
import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import msgspec
import psycopg
from psycopg import errors

from heliograph.store.engine import Row, Scalar
from heliograph.store.query import Query, with_input
from heliograph.store.sqlite import split_statements

T = TypeVar("T")
OLDEST = 150000
CONNECT_TIMEOUT_S = 10
_SCALAR = re.compile(r"(?<![:\w]):(\w+)")
_encode = msgspec.json.Encoder().encode


class PostgresEngine:
    """One database. Made with a `postgresql://` URL."""

    name = "postgres"

    def __init__(self, url: str) -> None:
        self.url = url

    def connect(self, *, read_only: bool = False) -> "PostgresSession":
        connection = psycopg.connect(self.url, autocommit=True, connect_timeout=CONNECT_TIMEOUT_S, prepare_threshold=1)
        connection.prepared_max = 1000
        if connection.info.server_version < OLDEST:
            raise RuntimeError(f"PostgreSQL {connection.info.server_version // 10000} is too old: 15 or later is needed.")
        connection.execute("SET synchronous_commit = on")
        connection.execute("SET client_encoding = 'UTF8'")
        connection.execute("SET jit = off")
        for method in ("seqscan", "hashjoin", "mergejoin"):
            connection.execute(f"SET enable_{method} = off")
        connection.execute("SET plan_cache_mode = force_generic_plan")
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
        cursor.execute(self._text(query), values)
        return list(cursor.fetchall()) if query.returns_rows else []

    def many(self, query: Query, rows: Sequence[object], values: Mapping[str, Scalar], shape: type[T]) -> list[T]:
        cursor = self._connection.cursor()
        cursor.execute(self._text(query), {**values, "rows": _encode(rows).decode()})
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
