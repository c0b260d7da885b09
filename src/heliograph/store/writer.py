"""Groups of transactions on one connection: each group is one transaction of the engine, or where that fails, one for each of its jobs.

Used by one thread.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from heliograph import log
from heliograph.store.engine import Engine, Session
from heliograph.store.feed import Emitted, append_events
from heliograph.store.ids import IdBlocks, IdsExhausted
from heliograph.store.transaction import Transaction

ATTEMPTS = 5

_log = log.get("store")


class DatabaseLost(Exception):
    """The database did not confirm a commit: what was asked may or may not have happened. The caller gets no acknowledgement."""


@dataclass(slots=True, eq=False)
class Job:
    """What waits for the writer. `item`: the one argument of a batch function; else `call` is complete. `future`: of the event loop.
    `messages`: how many it is about. `is_patient`: nobody waits for it."""

    function: Callable[..., Any]
    future: asyncio.Future[Any]
    call: Callable[[Transaction], Any] | None = None
    item: Any = None
    messages: int = 1
    is_patient: bool = False


@dataclass(slots=True)
class Done:
    """What a group leaves: answers by job, exceptions among them, and what is to follow the commit before them."""

    answers: list[tuple[Job, Any]] = field(default_factory=list)
    events: list[Emitted] = field(default_factory=list)
    follow_ups: list[Callable[[], None]] = field(default_factory=list)


class Writer:
    """`give` is called with what each transaction left, after its commit. `is_failing`: the database did not take the last."""

    def __init__(self, engine: Engine, ids: IdBlocks, give: Callable[[Done], None]) -> None:
        self._engine = engine
        self._ids = ids
        self._give = give
        self._session: Session | None = None
        self.doubts = 0
        self.is_failing = False

    def run(self, jobs: Sequence[Job]) -> None:
        """Run and commit a group; where a race was lost, or a function failed, its jobs one by one, in the order given."""
        if not self._try(jobs, attempts=1):
            for job in jobs:
                self._try([job], attempts=ATTEMPTS)

    def close(self) -> None:
        if self._session is not None:
            self._session.close()

    def _try(self, jobs: Sequence[Job], *, attempts: int) -> bool:
        """Whether the jobs are answered, if only by what failed."""
        for attempt in range(attempts):
            try:
                if self._session is None:
                    self._session = self._engine.connect()
                self._run(self._session, jobs)
            except Exception as error:  # no end of it: each caller is told, and the writer goes on
                self._recover(error)
                conflict = self._engine.is_conflict(error)
                if not conflict and (len(jobs) == 1 or self._engine.is_lost(error)):
                    self._fail(jobs, error)
                    return True
                if conflict and attempt + 1 == attempts and attempts > 1:
                    self._fail(jobs, error)
            else:
                return True
        return False

    def _recover(self, error: Exception) -> None:
        """Be ready for another transaction; on a new connection where this one is gone."""
        if self._session is None:
            return
        if self._engine.is_lost(error):
            self._session.close()
            self._session = None
        else:
            self._session.rollback()

    def _run(self, session: Session, jobs: Sequence[Job]) -> None:
        while True:
            session.begin()
            try:
                done = self._fill(session, jobs)
                session.commit()
                self.is_failing = False
                self._ids.adopt()
                self._give(done)
                break
            except IdsExhausted as exhausted:
                session.rollback()
                session.begin()
                self._ids.refill(session, exhausted)
                session.commit()
                self._ids.adopt()

    def _fill(self, session: Session, jobs: Sequence[Job]) -> Done:
        """All that a transaction does but its beginning and its commit."""
        done = Done()
        self._ids.begin()
        for batch in _batches(jobs):
            self._run_batch(session, batch, done, alone=len(batch) == len(jobs))
        append_events(session, done.events)
        self._ids.stage(session)
        return done

    def _run_batch(self, session: Session, batch: list[Job], done: Done, *, alone: bool) -> None:
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
        except Exception as error:  # no end of it: it is its caller's answer
            if self._engine.is_conflict(error) or self._engine.is_lost(error):
                raise
            session.rollback_to_savepoint()
            transaction.forget()
            return error
        session.release()
        return answer

    def _fail(self, jobs: Sequence[Job], error: BaseException) -> None:
        answer = DatabaseLost(str(error)) if self._engine.is_lost(error) or self._engine.is_conflict(error) else error
        if isinstance(answer, DatabaseLost):
            self.doubts += 1
            self.is_failing = True
            _log.error("database write failed", error=str(error), functions=sorted({job.function.__name__ for job in jobs}))
        self._give(Done(answers=[(job, answer) for job in jobs]))


def _batches(jobs: Sequence[Job]) -> list[list[Job]]:
    """Items of one function together, everything else alone; in the order in which each first appeared."""
    batches: list[list[Job]] = []
    of_function: dict[Callable[..., Any], list[Job]] = {}
    for job in jobs:
        if job.call is not None:
            batches.append([job])
        elif job.function in of_function:
            of_function[job.function].append(job)
        else:
            batches.append([job])
            of_function[job.function] = batches[-1]
    return batches
