"""Reads beside the writer: threads with a connection each, which a read that found it broken replaces."""

import contextlib
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from heliograph.store.engine import Engine, Session
from heliograph.store.ids import IdBlocks
from heliograph.store.transaction import Transaction
from heliograph.store.writer import DatabaseLost

R = TypeVar("R")
READERS = 4


class Readers:
    """`threads` run `read`."""

    def __init__(self, engine: Engine) -> None:
        self.threads = ThreadPoolExecutor(READERS, "database-reader")
        self._engine = engine
        self._ids = IdBlocks()
        self._local = threading.local()
        self._sessions: list[Session] = []

    def close(self) -> None:
        self.threads.shutdown()
        for session in self._sessions:
            session.close()

    def read(self, call: Callable[[Transaction], R]) -> R:
        """On the connection that this thread kept; on a new one where there is none, or it broke, since a read may be repeated."""
        kept: Session | None = getattr(self._local, "session", None)
        if kept is not None:
            with contextlib.suppress(DatabaseLost):
                return self._read_on(lambda: kept, call)
        return self._read_on(self._connect, call)

    def _connect(self) -> Session:
        session: Session = self._engine.connect(read_only=True)
        self._local.session = session
        self._sessions.append(session)
        return session

    def _read_on(self, connect: Callable[[], Session], call: Callable[[Transaction], R]) -> R:
        session = None
        try:
            session = connect()
            session.begin()
            result = call(Transaction(session, self._ids))
            session.commit()
        except Exception as error:  # raised on: the session is given back clean or thrown away first
            if self._engine.is_lost(error):
                self._forget()
                raise DatabaseLost(str(error)) from error
            if session is not None:
                session.rollback()
            raise
        return result

    def _forget(self) -> None:
        session: Session | None = getattr(self._local, "session", None)
        self._local.session = None
        if session is not None:
            self._sessions.remove(session)
            session.close()
