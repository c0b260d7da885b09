"""An engine that notes what is asked of it, and fails where it is told to."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from heliograph.store.checkpoint import Checkpointer
from heliograph.store.engine import Engine, Row, Scalar, Session
from heliograph.store.query import Query


class Conflict(Exception):
    """As the engine says when a transaction lost a race."""


class SpyEngine:
    """`log`: what its sessions did, in order. `before_commit` is called before each COMMIT and may raise."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.name = engine.name
        self.log: list[str] = []
        self.before_commit: Callable[[], None] = lambda: None

    def connect(self, *, read_only: bool = False) -> "Session":
        return SpySession(self, self._engine.connect(read_only=read_only))

    def checkpointer(self) -> Checkpointer | None:
        return self._engine.checkpointer()

    def is_conflict(self, error: BaseException) -> bool:
        return isinstance(error, Conflict) or self._engine.is_conflict(error)

    def is_lost(self, error: BaseException) -> bool:
        return self._engine.is_lost(error)

    def adapt_schema(self, text: str) -> str:
        return self._engine.adapt_schema(text)


class SpySession:
    def __init__(self, engine: SpyEngine, session: Session) -> None:
        self._engine = engine
        self._session = session

    def commit(self) -> None:
        self._engine.before_commit()
        self._session.commit()
        self._engine.log.append("commit")

    def rollback(self) -> None:
        self._session.rollback()
        self._engine.log.append("rollback")

    def savepoint(self) -> None:
        self._session.savepoint()
        self._engine.log.append("savepoint")

    def run(self, query: Query, values: Mapping[str, Scalar]) -> list[Row]:
        self._engine.log.append(query.name)
        return self._session.run(query, values)

    def many(self, query: Query, rows: Sequence[object], values: Mapping[str, Scalar], shape: type[Any]) -> list[Any]:
        self._engine.log.append(query.name)
        return self._session.many(query, rows, values, shape)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)
