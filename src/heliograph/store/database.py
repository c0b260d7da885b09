"""The database of a process: one writer that commits in groups, and readers beside it.

Theory of operation. A transaction is an ordinary function given to `write` or, for the hot use cases, an item given to `write_item`
together with the function that takes a whole batch of them. What one turn of the event loop gives is handed over at its end, so that
the writer wakes once for it; what is patient goes with the next that is not. The writer, a thread with a connection of its own, takes
all that waits and runs it as one transaction: items of one function together, a savepoint around each function that may raise a
Problem, one COMMIT, then all answers. So the cost of a flush to disk is shared by everything that happened meanwhile, and no answer is
given before it. Writes of one process commit in the order given, but that what is patient may be overtaken. A function may run more than
once (a conflict, a neighbour that failed), so it does nothing but use its transaction; what is to follow a commit it hands to
`after_commit`, which runs on the event loop before the answers are given.

Does not know any table but those of ids and the event feed, which every transaction may use.
"""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Concatenate, ParamSpec, TypeVar

from heliograph import log
from heliograph.store.engine import Engine, Session
from heliograph.store.feed import Emitted, append_events
from heliograph.store.ids import IdBlocks, IdsExhausted
from heliograph.store.migrate import migrate
from heliograph.store.postgres import PostgresEngine
from heliograph.store.sqlite import SqliteEngine
from heliograph.store.transaction import Transaction

P = ParamSpec("P")
R = TypeVar("R")
I = TypeVar("I")  # noqa: E741

GROUP_MAX = 2000
READERS = 4
ATTEMPTS = 5

_log = log.get("store")


class DatabaseLost(Exception):
    """The database did not confirm a commit: what was asked may or may not have happened. The caller gets no acknowledgement."""


@dataclass(slots=True, eq=False)
class _Job:
    """What waits for the writer. `item`: the one argument of a batch function; else `call` is complete."""

    function: Callable[..., Any]
    loop_future: asyncio.Future[Any]
    call: Callable[[Transaction], Any] | None = None
    item: Any = None


@dataclass(slots=True)
class _Done:
    """What a group leaves: answers by job, and what is to follow the commit."""

    answers: list[tuple[_Job, Any]] = field(default_factory=list)
    events: list[Emitted] = field(default_factory=list)
    follow_ups: list[Callable[[], None]] = field(default_factory=list)


def engine_of(url: str) -> Engine:
    """The engine for `postgresql://...`, or for the path of an SQLite file (`sqlite:` before it is allowed)."""
    if url.startswith(("postgresql://", "postgres://")):
        return PostgresEngine(url)
    return SqliteEngine(Path(url.removeprefix("sqlite:")))


class Database:
    """Made on the event loop that its callers run on; `open` it before use and `close` it after."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._loop = asyncio.get_running_loop()
        self._given: list[_Job] = []
        self._patient: list[_Job] = []
        self._is_planned = False
        self._patience: asyncio.TimerHandle | None = None
        self._jobs: SimpleQueue[list[_Job] | None] = SimpleQueue()
        self._left: list[_Job] = []
        self._ended = False
        self._closing = False
        self._doubts = 0
        self._on_events: list[Callable[[], None]] = []
        self._ids = IdBlocks()
        self._thread = threading.Thread(target=self._serve, name="database-writer", daemon=True)
        self._readers = ThreadPoolExecutor(READERS, "database-reader")
        self._local = threading.local()
        self._reader_sessions: list[Session] = []

    async def open(self) -> None:
        """Bring the schema up to date and start the writer. Raises SchemaTooNew for a database of a later release."""
        await asyncio.to_thread(migrate, self.engine)
        self._thread.start()

    async def close(self) -> None:
        """Finish what waits, then stop."""
        self._closing = True
        self._hand_over_all()
        self._jobs.put(None)
        await asyncio.to_thread(self._thread.join)
        self._readers.shutdown()
        for session in self._reader_sessions:
            session.close()

    @property
    def doubts(self) -> int:
        """How many groups were lost, each of which may have been committed without anybody being told what followed from it. It has
        grown before any transaction that comes after the lost one runs."""
        return self._doubts

    def watch_events(self, heard: Callable[[], None]) -> None:
        """Have `heard` called on the event loop after each commit of this process that brought events."""
        self._on_events.append(heard)

    async def write(self, function: Callable[Concatenate[Transaction, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run `function(transaction, ...)` and return its result after its commit. A Problem it raises undoes what it wrote."""
        future: asyncio.Future[R] = self._loop.create_future()
        self._put(_Job(function, future, call=lambda tx: function(tx, *args, **kwargs)))
        return await future

    def write_item(
        self,
        function: Callable[[Transaction, Sequence[I]], Sequence[R | Exception]],
        item: I,
        *,
        patience_s: float = 0.0,
        overtakes: bool = False,
    ) -> asyncio.Future[R]:
        """Have `item` among the batch of the next call of `function(transaction, items)`, which answers a result or a Problem each.
        `patience_s`: nobody waits for it at the other end of a wire, so for so long it may wait for others to go with. `overtakes`: it does
        not take along what is patient, which its caller then need not wait for."""
        future: asyncio.Future[R] = self._loop.create_future()
        self._put(_Job(function, future, item=item), patience_s, overtakes)
        return future

    async def read(self, function: Callable[Concatenate[Transaction, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run `function(transaction, ...)` on a reader: one snapshot on SQLite, read committed on PostgreSQL; it may not write."""
        return await self._loop.run_in_executor(self._readers, lambda: self._read(lambda tx: function(tx, *args, **kwargs)))

    def _put(self, job: _Job, patience_s: float = 0.0, overtakes: bool = False) -> None:
        if self._closing:
            raise DatabaseLost("the database is closing")
        if patience_s:
            self._patient.append(job)
            if self._patience is None or self._patience.when() > self._loop.time() + patience_s:
                self._stop_waiting()
                self._patience = self._loop.call_later(patience_s, self._hand_over_all)
            return
        if not overtakes and self._patient:
            self._take_along()
        self._given.append(job)
        if not self._is_planned:
            self._is_planned = True
            self._loop.call_soon(self._hand_over)

    def _take_along(self) -> None:
        self._given += self._patient
        self._patient.clear()
        self._stop_waiting()

    def _stop_waiting(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _hand_over_all(self) -> None:
        self._take_along()
        self._hand_over()

    def _hand_over(self) -> None:
        """Give the writer what this turn of the event loop brought."""
        self._is_planned = False
        if self._given:
            self._jobs.put(self._given)
            self._given = []

    # the readers' threads

    def _read(self, call: Callable[[Transaction], R]) -> R:
        """On the connection that this thread kept; on a new one where there is none, or it broke, since a read may be repeated."""
        kept: Session | None = getattr(self._local, "session", None)
        if kept is not None:
            with contextlib.suppress(DatabaseLost):
                return self._read_on(lambda: kept, call)
        return self._read_on(self._connect_reader, call)

    def _connect_reader(self) -> Session:
        session: Session = self.engine.connect(read_only=True)
        self._local.session = session
        self._reader_sessions.append(session)
        return session

    def _read_on(self, connect: Callable[[], Session], call: Callable[[Transaction], R]) -> R:
        session = None
        try:
            session = connect()
            session.begin()
            result = call(Transaction(session, self._ids))
            session.commit()
        except Exception as error:  # bulkhead: a reader's failure is its caller's; the session is given back clean or thrown away
            if self.engine.is_lost(error):
                self._forget_reader()
                raise DatabaseLost(str(error)) from error
            if session is not None:
                session.rollback()
            raise
        return result

    def _forget_reader(self) -> None:
        session: Session | None = getattr(self._local, "session", None)
        self._local.session = None
        if session is not None:
            self._reader_sessions.remove(session)
            session.close()

    # the writer's thread

    def _serve(self) -> None:
        session: Session | None = None
        while (jobs := self._take()) is not None:
            session = self._commit_group(session, jobs)
        if session is not None:
            session.close()

    def _take(self) -> list[_Job] | None:
        """All that waits, at least one and at most GROUP_MAX; None when the database is closed and nothing waits."""
        jobs = self._left
        while not self._ended and len(jobs) < GROUP_MAX and not (jobs and self._jobs.empty()):
            given = self._jobs.get()
            if given is None:
                self._ended = True
            else:
                jobs = jobs + given
        self._left = jobs[GROUP_MAX:]
        return jobs[:GROUP_MAX] or None

    def _commit_group(self, session: Session | None, jobs: list[_Job]) -> Session | None:
        """Run a group; where a race was lost, run its functions one by one, in the order given."""
        session = self._try(session, jobs, attempts=1)
        undone = [job for job in jobs if job.function is not _answered]
        for job in undone:
            session = self._try(session, [job], attempts=ATTEMPTS)
        return session

    def _try(self, session: Session | None, jobs: list[_Job], *, attempts: int) -> Session | None:
        for attempt in range(attempts):
            try:
                if session is None:
                    session = self.engine.connect()
                self._run(session, jobs)
            except Exception as error:  # bulkhead: the writer outlives whatever a group of transactions does; each caller is told
                session = self._recover(session, error)
                conflict = self.engine.is_conflict(error)
                if not conflict and (len(jobs) == 1 or self.engine.is_lost(error)):
                    self._fail(jobs, error)
                    return session
                if conflict and attempt + 1 == attempts and attempts > 1:
                    self._fail(jobs, error)
            else:
                return session
        return session

    def _recover(self, session: Session | None, error: BaseException) -> Session | None:
        """The session, ready for another transaction; None where it is gone, and its connection closed."""
        if session is None:
            return None
        if self.engine.is_lost(error):
            session.close()
            return None
        session.rollback()
        return session

    def _run(self, session: Session, jobs: list[_Job]) -> None:
        while True:
            done = _Done()
            self._ids.begin()
            session.begin()
            try:
                for batch in _batches(jobs):
                    self._run_batch(session, batch, done, alone=len(batch) == len(jobs))
                append_events(session, done.events)
                self._ids.stage(session)
                session.commit()
                self._ids.adopt()
                break
            except IdsExhausted as exhausted:
                session.rollback()
                session.begin()
                self._ids.refill(session, exhausted)
                session.commit()
                self._ids.adopt()
        if done.events:
            done.follow_ups.extend(self._on_events)
        self._loop.call_soon_threadsafe(_answer, done)
        for job in jobs:
            job.function = _answered

    def _run_batch(self, session: Session, batch: list[_Job], done: _Done, *, alone: bool) -> None:
        """One function, with all its items. Only a function that may raise a Problem needs a savepoint: where a batch function raises, or
        a function that is alone, the whole transaction is undone."""
        transaction = Transaction(session, self._ids)
        job = batch[0]
        if job.call is None:
            answers = job.function(transaction, [each.item for each in batch])
        elif alone:
            answers = [job.call(transaction)]
        else:
            answers = [self._run_apart(session, transaction, job.call)]
        done.answers.extend(zip(batch, answers, strict=True))
        done.events.extend(transaction.events)
        done.follow_ups.extend(transaction.follow_ups)

    def _run_apart(self, session: Session, transaction: Transaction, call: Callable[[Transaction], Any]) -> Any:
        """Run a function so that its Problem undoes only what it wrote; a Problem is its answer then."""
        session.savepoint()
        try:
            answer = call(transaction)
        except (IdsExhausted, DatabaseLost):
            raise
        except Exception as error:
            if self.engine.is_conflict(error) or self.engine.is_lost(error):
                raise
            session.rollback_to_savepoint()
            transaction.forget()
            return error
        session.release()
        return answer

    def _fail(self, jobs: list[_Job], error: BaseException) -> None:
        answer = DatabaseLost(str(error)) if self.engine.is_lost(error) or self.engine.is_conflict(error) else error
        if isinstance(answer, DatabaseLost):
            self._doubts += 1
            _log.error("database write failed", error=str(error), functions=sorted({job.function.__name__ for job in jobs}))
        self._loop.call_soon_threadsafe(_answer, _Done(answers=[(job, answer) for job in jobs]))
        for job in jobs:
            job.function = _answered


def _answered(*_: object) -> None:
    """Marks a job that has its answer."""


def _batches(jobs: list[_Job]) -> list[list[_Job]]:
    """Items of one function together, everything else alone; in the order in which each first appeared."""
    batches: list[list[_Job]] = []
    of_function: dict[Callable[..., Any], list[_Job]] = {}
    for job in jobs:
        if job.call is not None:
            batches.append([job])
        elif job.function in of_function:
            of_function[job.function].append(job)
        else:
            batches.append([job])
            of_function[job.function] = batches[-1]
    return batches


def _answer(done: _Done) -> None:
    """On the event loop: what follows the commit first, then the answers. Where something that follows fails, all else is done and then
    the event loop is told: the commit has happened, and who waits for it is no part of the bug."""
    left = done.follow_ups
    try:
        while left:
            left.pop(0)()
    finally:
        if left:
            _answer(done)
        else:
            _give_answers(done)


def _give_answers(done: _Done) -> None:
    for job, answer in done.answers:
        if job.loop_future.cancelled():
            continue
        if isinstance(answer, BaseException):
            job.loop_future.set_exception(answer)
        else:
            job.loop_future.set_result(answer)


__all__ = ["Database", "DatabaseLost", "Transaction", "engine_of"]
