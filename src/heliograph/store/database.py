"""The database of a process: one writer that commits in groups, readers beside it, and on SQLite who moves its log (`checkpoint`).

Theory of operation. A transaction is an ordinary function given to `write` or, for the hot use cases, an item given to `write_item`
together with the function that takes a whole batch of them. What is given while a group is under way waits, and is the next group: one
transaction, items of one function together, a savepoint around each function that may raise a Problem, one COMMIT, then all answers. So
the cost of a flush to disk is shared by everything that happened meanwhile, and no answer is given before it.

What a group costs is mostly the same for one message and for twenty. So after each group the writer rests for as long as the group took,
4 ms at most, unless enough has come meanwhile that waiting for more would gain nothing. A few that somebody waits for do not share their
group with what is patient: they are committed before it.

Writes of one process commit in the order given, but that what is patient may be overtaken. A function may run more than once (a conflict,
a neighbour that failed), so it does nothing but use its transaction; what is to follow a commit it hands to `after_commit`, which runs on
the event loop before the answers are given. Does not know any table but those of ids and the event feed, which every transaction may use.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from queue import SimpleQueue
from typing import Concatenate, ParamSpec, TypeVar

from heliograph.store.engine import Engine
from heliograph.store.ids import IdBlocks
from heliograph.store.migrate import migrate
from heliograph.store.postgres import PostgresEngine
from heliograph.store.readers import Readers
from heliograph.store.sqlite import SqliteEngine
from heliograph.store.transaction import Transaction
from heliograph.store.writer import DatabaseLost, Done, Job, Writer

P = ParamSpec("P")
R = TypeVar("R")
I = TypeVar("I")  # noqa: E741

GROUP_MAX = 256
"""Messages of a group of several jobs: what counts twice for each stays within the rows that SQLite takes as values. 10 ESMEs with 100
submits under way each: 17,800/s, where groups had no other bound than 2,000 jobs 14,300."""
ENOUGH = 32
"""Messages: what one read of an ESME asked for is one job, and may be a hundred of them."""
REST_MOST_S = 0.004


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
        self._given: list[Job] = []
        self._patient: list[Job] = []
        self._patience: asyncio.TimerHandle | None = None
        self._is_planned = False
        self._under_way = 0
        self._rest: asyncio.TimerHandle | None = None
        self._rests_until = 0.0
        self._left: list[Job] = []
        self._is_last = False
        self._closing = False
        self._idle = asyncio.Event()
        self._on_events: list[Callable[[], None]] = []
        self._writer = Writer(engine, IdBlocks(), self._give)
        self._jobs: SimpleQueue[list[Job] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._serve, name="database-writer", daemon=True)
        self._readers = Readers(engine)
        self._checkpointer = engine.checkpointer()

    async def open(self) -> None:
        """Bring the schema up to date and start the writer. Raises SchemaTooNew for a database of a later release."""
        await asyncio.to_thread(migrate, self.engine)
        self._thread.start()
        if self._checkpointer is not None:
            self._checkpointer.start()

    async def close(self) -> None:
        """Finish what waits, then stop."""
        self._closing = True
        self._hand_over_all()
        while self._under_way or self._given:
            self._idle.clear()
            await self._idle.wait()
        self._jobs.put(None)
        await asyncio.to_thread(self._thread.join)
        if self._checkpointer is not None:
            await asyncio.to_thread(self._checkpointer.close)
        self._readers.close()

    @property
    def doubts(self) -> int:
        """How many groups were lost, each of which may have been committed without anybody being told what followed from it. It has
        grown before any transaction that comes after the lost one runs."""
        return self._writer.doubts

    @property
    def is_failing(self) -> bool:
        """Whether the last group was lost: the server is gone, or the disk is full."""
        return self._writer.is_failing

    def watch_events(self, heard: Callable[[], None]) -> None:
        """Have `heard` called on the event loop after each commit of this process that brought events."""
        self._on_events.append(heard)

    async def write(self, function: Callable[Concatenate[Transaction, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run `function(transaction, ...)` and return its result after its commit. A Problem it raises undoes what it wrote."""
        future: asyncio.Future[R] = self._loop.create_future()
        self._put(Job(function, future, call=lambda tx: function(tx, *args, **kwargs)))
        return await future

    def write_item(
        self,
        function: Callable[[Transaction, Sequence[I]], Sequence[R | Exception]],
        item: I,
        *,
        patience_s: float = 0.0,
        overtakes: bool = False,
        messages: int = 1,
    ) -> asyncio.Future[R]:
        """Have `item` among the batch of the next call of `function(transaction, items)`, which answers a result or a Problem each.
        `patience_s`: nobody waits for it at the other end of a wire, so for so long it may wait for others to go with. `overtakes`: it does
        not take along what is patient, which its caller then need not wait for. `messages`: how many stand in it."""
        future: asyncio.Future[R] = self._loop.create_future()
        self._put(Job(function, future, item=item, messages=messages, is_patient=patience_s > 0), patience_s, overtakes)
        return future

    async def read(self, function: Callable[Concatenate[Transaction, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run `function(transaction, ...)` on a reader: one snapshot on SQLite, read committed on PostgreSQL; it may not write."""
        readers = self._readers
        return await self._loop.run_in_executor(readers.threads, lambda: readers.read(lambda tx: function(tx, *args, **kwargs)))

    # collecting, on the event loop

    def _put(self, job: Job, patience_s: float = 0.0, overtakes: bool = False) -> None:
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
        self._plan()

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
        self._plan()

    def _plan(self) -> None:
        """Look what there is to hand over when this turn of the event loop has brought all that it brings."""
        if not self._is_planned:
            self._is_planned = True
            self._loop.call_soon(self._hand_over)

    def _hand_over(self) -> None:
        """Give the writer what was collected, if it is enough, or the writer has rested."""
        self._is_planned = False
        if not self._given:
            return
        if sum([job.messages for job in self._given]) < ENOUGH and not self._closing:
            if self._under_way or self._rest is not None:
                return  # `_ended`, or the timer, looks again
            rest_s = self._rests_until - self._loop.time()
            if rest_s > 0:
                self._rest = self._loop.call_later(rest_s, self._rested)
                return
        self._under_way += 1
        self._jobs.put(self._given)
        self._given = []

    def _rested(self) -> None:
        self._rest = None
        self._hand_over()

    def _ended(self, handed: int, took_s: float) -> None:
        """The writer is through with what was handed over in so many times."""
        self._under_way -= handed
        self._rests_until = self._loop.time() + min(took_s, REST_MOST_S)
        self._hand_over()
        if not self._under_way:
            self._idle.set()

    def _answer(self, done: Done) -> None:
        """What follows the commit first, then the answers. Where something that follows fails, all else is done and then the event loop is
        told: the commit has happened, and who waits for it is no part of the bug."""
        left = done.follow_ups
        try:
            while left:
                left.pop(0)()
        finally:
            if left:
                self._answer(done)
            else:
                _give_answers(done)

    def _served(self, taken: list[Job]) -> None:
        """The writer's thread has ended. If by a bug, which it has told on standard error, nobody is left to wait for it, and the event
        loop is told too."""
        if self._is_last and not taken:
            return
        self._closing = True
        self._take_along()
        given, self._given = taken + self._given, []
        while not self._jobs.empty():
            given += self._jobs.get() or []
        lost = DatabaseLost("what writes to the database ended")
        _give_answers(Done(answers=[(job, lost) for job in given if not job.future.done()]))
        self._under_way = 0
        self._idle.set()
        raise RuntimeError("the thread that writes to the database ended by a bug: standard error has it")

    # the writer's thread

    def _serve(self) -> None:
        jobs: list[Job] = []
        try:
            while True:
                jobs, handed = self._take()
                if not jobs:
                    break
                began = time.monotonic()
                self._writer.run(jobs)
                self._loop.call_soon_threadsafe(self._ended, handed, time.monotonic() - began)
                if self._checkpointer is not None:
                    self._checkpointer.committed(sum([job.messages for job in jobs]))
            self._writer.close()
        finally:  # the end of a thread does not reach the event loop by itself
            self._loop.call_soon_threadsafe(self._served, jobs + self._left)

    def _take(self) -> tuple[list[Job], int]:
        """All that waits, at least one job and at most a group; none when the database is closed and nothing waits. With it, how often it
        was handed over."""
        jobs, handed = self._left, 0
        while not self._is_last and len(jobs) < GROUP_MAX and not (jobs and self._jobs.empty()):
            given = self._jobs.get()
            if given is None:
                self._is_last = True
            else:
                jobs, handed = jobs + given, handed + 1
        most = _group_of(jobs)
        self._left = jobs[most:]
        return jobs[:most], handed

    def _give(self, done: Done) -> None:
        if done.events:
            done.follow_ups.extend(self._on_events)
        self._loop.call_soon_threadsafe(self._answer, done)


def _group_of(jobs: Sequence[Job]) -> int:
    """How many of the jobs make a group: a few that stand before what is patient; else as many as GROUP_MAX messages, one job at least."""
    waited_for = next((position for position, job in enumerate(jobs) if job.is_patient), 0)
    if 0 < sum(job.messages for job in jobs[:waited_for]) < ENOUGH:
        return waited_for
    messages = 0
    for position, job in enumerate(jobs):
        messages += job.messages
        if position and messages > GROUP_MAX:
            return position
    return len(jobs)


def _give_answers(done: Done) -> None:
    for job, answer in done.answers:
        if job.future.cancelled():
            continue
        if isinstance(answer, BaseException):
            job.future.set_exception(answer)
        else:
            job.future.set_result(answer)


__all__ = ["Database", "DatabaseLost", "Transaction", "engine_of"]
