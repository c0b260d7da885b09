"""Moves what SQLite's log holds to its place in the file, beside the writer.

A commit appends pages to the log; sooner or later each is written to its place as well, and the log begins anew. SQLite does that within a
commit that finds the log long, so that every tenth or so takes several times as long as the others, and the writer does all of it. Here a
thread does it while the writer goes on. A pass moves what was there when it began; a second one, right behind it, moves the little that
came meanwhile, after which mostly nothing is left, so that SQLite syncs the file and the next commit begins the log anew. What a pass
cannot do, because somebody reads an old state or the disk is full, the next one does; above LOG_PAGES a commit does it as before.
"""

import sqlite3
import threading
from collections.abc import Callable

from heliograph import log

LOG_PAGES = 4_000
"""16 MB: so long a log is moved within a commit, and what fails then is that commit's failure."""
ENOUGH = 300
"""Messages, some 500 to 3,000 pages: for less the disk is left alone, and pages that change again are moved once."""
PAUSE_S = 0.01
PASSES = 2

_log = log.get("store")


class Checkpointer:
    """The thread. `connect`: a connection that may write."""

    def __init__(self, connect: Callable[[], sqlite3.Connection]) -> None:
        self._connect = connect
        self._messages = 0
        self._due = threading.Event()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="database-checkpointer", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def committed(self, messages: int) -> None:
        """So many messages were committed. Called by the writer's thread."""
        self._messages += messages
        if self._messages >= ENOUGH:
            self._messages = 0
            self._due.set()

    def close(self) -> None:
        """Return when the thread has ended; it may be in the middle of a pass."""
        self._closing.set()
        self._due.set()
        self._thread.join()

    def _run(self) -> None:
        connection = self._connect()
        is_told = False
        while self._is_to_go_on():
            try:
                for _ in range(PASSES):
                    connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
                is_told = False
            except sqlite3.OperationalError as error:
                if not is_told:
                    _log.warning("the database's log was not moved, it is tried again", error=str(error))
                is_told = True
        connection.close()

    def _is_to_go_on(self) -> bool:
        """Wait for enough to move, a pause longer. `close` says `due` last, so what clears it here goes on to see that it closes."""
        self._due.wait()
        self._due.clear()
        return not self._closing.wait(PAUSE_S)
