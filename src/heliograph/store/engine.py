"""What the database asks of an engine: sessions that run queries. Two implementations, `sqlite` and `postgres`, behave alike."""

from collections.abc import Mapping, Sequence
from typing import Any, Generic, Protocol, TypeVar

import msgspec

from heliograph.store.checkpoint import Checkpointer
from heliograph.store.query import Query

T = TypeVar("T")
Scalar = int | str | None
Row = Sequence[Any]


class EngineTooOld(Exception):
    """The installed SQLite or the PostgreSQL server lacks what we use; the text says which is needed."""


class Request(msgspec.Struct, Generic[T], frozen=True):
    """A query over a table of rows that returns rows, for `together`. `shape`: an array-like struct, for its result."""

    query: Query
    rows: Sequence[object]
    shape: type[T]


class Session(Protocol):
    """One connection, used by one thread at a time."""

    def begin(self) -> None: ...

    def commit(self) -> None:
        """After it returns, what the transaction wrote survives the loss of power."""

    def rollback(self) -> None:
        """Undo the transaction. A connection that ends at this moment is closed, and says so at the next `begin`."""

    def savepoint(self) -> None: ...

    def release(self) -> None: ...

    def rollback_to_savepoint(self) -> None: ...

    def run(self, query: Query, values: Mapping[str, Scalar]) -> list[Row]: ...

    def many(self, query: Query, rows: Sequence[object], values: Mapping[str, Scalar], shape: type[T]) -> list[T]:
        """Run a query over a table of rows, tuples or array-like structs, in one statement. `shape`: such a struct, for its result."""

    def together(self, requests: Sequence[Request[Any]]) -> list[list[Any]]:
        """Run queries that do not need each other's results, in their order, and wait once: a table of results for each."""

    def script(self, text: str) -> None:
        """Run statements separated by semicolons, as a migration has them."""

    def close(self) -> None: ...


class Engine(Protocol):
    name: str

    def connect(self, *, read_only: bool = False) -> Session: ...

    def checkpointer(self) -> Checkpointer | None:
        """What is started beside the writer and told of its commits, where the engine needs it."""

    def is_conflict(self, error: BaseException) -> bool:
        """Whether the transaction lost a race (deadlock, serialisation) and may simply run again."""

    def is_lost(self, error: BaseException) -> bool:
        """Whether the connection, or the server, is gone, so that the outcome of a commit under way is unknown."""

    def adapt_schema(self, text: str) -> str:
        """A migration's text as this engine takes it."""
