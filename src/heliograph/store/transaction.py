"""What a transaction function may use: queries, ids, events, and what is to follow the commit."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from heliograph.store.engine import Request, Row, Scalar, Session
from heliograph.store.feed import Emitted
from heliograph.store.ids import BLOCKS, IdBlocks, claim, following
from heliograph.store.query import Query

T = TypeVar("T")


class Transaction:
    """One function's view of the transaction it runs in."""

    def __init__(self, session: Session, ids: IdBlocks) -> None:
        self._session = session
        self._ids = ids
        self.events: list[Emitted] = []
        self.follow_ups: list[Callable[[], None]] = []

    def run(self, query: Query, **values: Scalar) -> list[Row]:
        """Run one statement with scalars; the rows it returns, if any."""
        return self._session.run(query, values)

    def one(self, query: Query, **values: Scalar) -> Row | None:
        """The first row of `run`, or None."""
        rows = self._session.run(query, values)
        return rows[0] if rows else None

    def many(self, query: Query, rows: Sequence[object], shape: type[T], **values: Scalar) -> list[T]:
        """Run one statement over a table of rows (tuples or array-like structs); its result rows become `shape`, such a struct."""
        return self._session.many(query, rows, values, shape) if rows else []

    def together(self, *requests: Request[Any]) -> list[list[Any]]:
        """Run queries that do not need each other's results in one round trip, in their order; a table for each."""
        return self._session.together(requests)

    def apply(self, query: Query, rows: Sequence[object], **values: Scalar) -> None:
        """Like `many`, for a statement that returns nothing."""
        if rows:
            self._session.many(query, rows, values, object)

    def ids(self, kind: str, count: int = 1) -> range:
        """`count` new ids, rising."""
        return self._ids.take(kind, count) if kind in BLOCKS else claim(self._session, kind, count)

    def next_id(self, kind: str) -> int:
        """A floor of the ids of `kind` that this process will take from now on."""
        return self._ids.following(kind) or following(self._session, kind)

    def emit(self, event: Emitted) -> None:
        """Add an event to the feed; it is numbered at the end of the transaction."""
        self.events.append(event)

    def after_commit(self, follow_up: Callable[..., None], *args: Any) -> None:
        """Have `follow_up(*args)` run on the event loop after the commit, before any caller has its answer."""
        self.follow_ups.append(lambda: follow_up(*args) if args else follow_up())

    def forget(self) -> None:
        """What was written is undone, so nothing follows from it."""
        self.events.clear()
        self.follow_ups.clear()
