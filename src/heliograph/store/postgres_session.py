"""One connection to PostgreSQL in libpq's pipeline mode, by psycopg's `pq`. Does not connect and knows no table.

Theory of operation. Statements are sent without waiting; the server answers in their order. Only where a statement returns rows is it
waited for, and with it all that was sent before; so a transaction costs a round trip for each result it reads, and one for its commit. An
error of a statement that was not waited for appears at the next wait; from it to the end of the pipeline the server skips everything, so
such a transaction cannot commit. Each statement is prepared once for the types of its values; whether that succeeded is known when
the server has answered.

psycopg's cursors do the same in Python, at a quarter of the cost of a message (docs/decisions, "libpq's pipeline").
"""

import select
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import msgspec
import psycopg
from psycopg import errors, pq
from psycopg.adapt import Transformer

from heliograph.store.engine import Request, Row, Scalar
from heliograph.store.input import rows_json
from heliograph.store.query import Query, Statement, numbered, with_input
from heliograph.store.sqlite import split_statements

T = TypeVar("T")
_Kind = tuple[str, tuple[int, ...]]
"""What is prepared apart: the name of a query and the types of its values."""
_INT8, _UNKNOWN = 20, 0
_ROWS = pq.ExecStatus.TUPLES_OK
_DONE = pq.ExecStatus.COMMAND_OK
_SYNC = pq.ExecStatus.PIPELINE_SYNC
_SKIPPED = pq.ExecStatus.PIPELINE_ABORTED


class PostgresSession:
    """Made with a connection on which nothing is under way; it is this session's alone from then on."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection
        self._libpq = connection.pgconn
        self._libpq.nonblocking = 1
        self._libpq.enter_pipeline_mode()
        self._answer, self._room = select.poll(), select.poll()
        self._answer.register(self._libpq.socket, select.POLLIN)
        self._room.register(self._libpq.socket, select.POLLIN | select.POLLOUT)
        self._statements: dict[str, Statement] = {}
        self._prepared: dict[_Kind, tuple[bytes, Any]] = {}
        self._owed: deque[_Kind | None] = deque()
        self._names = 0
        self._is_open = False

    def begin(self) -> None:
        self._send("BEGIN")
        self._is_open = True

    def commit(self) -> None:
        self._send("COMMIT")
        self._synchronise()
        self._is_open = False

    def rollback(self) -> None:
        """Undo the transaction. A connection that ends at this moment is closed, and says so at the next `begin`."""
        self._is_open = False
        try:
            self._synchronise(failed=True)
            self._send("ROLLBACK")
            self._synchronise()
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
        if not self._is_open:
            return self._run_alone(query, values)
        kind = self._execute(query, values)
        return self._wait_for(kind)[0] if query.returns_rows else []

    def many(self, query: Query, rows: Sequence[object], values: Mapping[str, Scalar], shape: type[T]) -> list[T]:
        kind = self._execute(query, {**values, "rows": rows_json(rows)})
        return msgspec.convert(self._wait_for(kind)[0], list[shape]) if query.returns_rows else []  # type: ignore[valid-type]

    def together(self, requests: Sequence[Request[Any]]) -> list[list[Any]]:
        kinds = [self._execute(each.query, {"rows": rows_json(each.rows)}) for each in requests]
        found = self._wait_for(*kinds)
        return [msgspec.convert(rows, list[each.shape]) for rows, each in zip(found, requests, strict=True)]  # type: ignore[name-defined]

    def script(self, text: str) -> None:
        for statement in split_statements(text):
            self._send(statement)
        self._synchronise()

    def close(self) -> None:
        self._connection.close()

    def _run_alone(self, query: Query, values: Mapping[str, Scalar]) -> list[Row]:
        self.begin()
        try:
            rows = self.run(query, values)
            self.commit()
        except psycopg.Error:
            self.rollback()
            raise
        return rows

    # sending

    def _send(self, text: str) -> None:
        """A statement without values, whose result is of no interest."""
        self._libpq.send_query_params(text.encode(), None)
        self._owed.append(None)

    def _execute(self, query: Query, values: Mapping[str, Scalar]) -> _Kind:
        statement = self._statements.get(query.name)
        if statement is None:
            statement = self._statements[query.name] = _statement(query)
        octets: list[bytes | None] = []
        types: list[int] = []
        for name in statement.names:
            value = values[name]
            if isinstance(value, int):
                octets.append(b"%d" % value)
                types.append(_INT8)
            else:
                octets.append(None if value is None else _text(value))
                types.append(_UNKNOWN)
        kind = query.name, tuple(types)
        prepared = self._prepared.get(kind)
        if prepared is None:
            prepared = self._prepare(kind, statement)
        self._libpq.send_query_prepared(prepared[0], octets)
        self._owed.append(None)
        if not query.returns_rows:
            self._libpq.flush()  # nobody waits for it yet, but the server may begin
        return kind

    def _prepare(self, kind: _Kind, statement: Statement) -> tuple[bytes, Any]:
        self._names += 1
        name = b"q%d" % self._names
        self._libpq.send_prepare(name, statement.text.encode(), kind[1])
        self._owed.append(kind)
        self._prepared[kind] = name, Transformer(self._connection)
        return self._prepared[kind]

    # receiving

    def _wait_for(self, *kinds: _Kind) -> list[list[Row]]:
        """The rows of the last statements that return any, which are of these kinds, once all that was sent is answered. Raises the error
        of the first that failed."""
        self._libpq.send_flush_request()
        tables: list[Any] = []
        while self._owed:
            result = self._next()
            if result.status == _ROWS:
                tables.append(result)
            elif result.status != _DONE:
                raise _error(result)
        return [self._read(kind, result) for kind, result in zip(kinds, tables, strict=True)]

    def _read(self, kind: _Kind, result: Any) -> list[Row]:
        transformer = self._prepared[kind][1]
        transformer.set_pgresult(result)
        rows: list[Row] = transformer.load_rows(0, result.ntuples, tuple)
        return rows

    def _next(self) -> Any:
        """The next statement's result, whatever it is. What could not be prepared is forgotten."""
        self._wait()
        result = self._libpq.get_result()
        if result is None:
            raise psycopg.OperationalError("the connection was lost")
        self._wait()
        self._libpq.get_result()  # None: the end of what this statement returned
        kind = self._owed.popleft()
        if kind is not None and result.status != _DONE:
            self._prepared.pop(kind, None)
        return result

    def _synchronise(self, *, failed: bool = False) -> None:
        """End the pipeline; `failed`: what went wrong in it is known. Else raises the first error of what was not waited for."""
        self._libpq.pipeline_sync()
        wrong = None
        while self._owed:
            result = self._next()
            if wrong is None and result.status not in (_ROWS, _DONE):
                wrong = _error(result)
        self._wait()
        result = self._libpq.get_result()
        if result is None or result.status != _SYNC:
            raise psycopg.OperationalError("the connection was lost before the server confirmed") if result is None else _error(result)
        if wrong is not None and not failed:
            raise wrong

    def _wait(self) -> None:
        """Return when a result can be read without blocking; what was not sent yet is sent meanwhile."""
        libpq = self._libpq
        while libpq.flush():
            self._room.poll()
            libpq.consume_input()
        while libpq.is_busy():
            self._answer.poll()
            libpq.consume_input()


def _statement(query: Query) -> Statement:
    text = query.text
    if query.columns:
        cells = ", ".join(f"(row_->>{position})::{kind}" for position, (_, kind) in enumerate(query.columns))
        text = with_input(query, f"SELECT {cells} FROM jsonb_array_elements(:rows::jsonb) AS row_")
    return numbered(text)


def _text(value: str) -> bytes:
    return value.replace("\0", "\ufffd").encode()  # as `input.scalars`; libpq would cut it there


def _error(result: Any) -> psycopg.Error:
    if result.status == _SKIPPED:
        return errors.InFailedSqlTransaction("not run, since a statement before it in this transaction failed")
    return errors.error_from_result(result)
