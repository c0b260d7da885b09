"""The writer's promises: groups that commit at once, functions that fail alone, answers after the commit."""

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import msgspec
import pytest

from heliograph.model.problem import Code, Problem
from heliograph.store.database import ENOUGH, GROUP_MAX, Database, DatabaseLost, engine_of
from heliograph.store.feed import Emitted
from heliograph.store.ids import BLOCKS
from heliograph.store.query import Query
from heliograph.store.transaction import Transaction
from heliograph.store.writer import ATTEMPTS
from tests.store.engines import OnPostgres, OnSqlite
from tests.store.spy import Conflict, SpyEngine, SpySession

ADD = Query(
    "test.add", "INSERT INTO note (number, text) SELECT coalesce(max(number), 0) + 1, :text FROM note", writes=True, returns_rows=False
)
TEXTS = Query("test.texts", "SELECT text FROM note ORDER BY number")
EVENTS = Query("test.events", "SELECT organisation_id, number, type FROM event ORDER BY organisation_id, number")
COUNTER = Query("test.counter", "SELECT next_id FROM id_counter WHERE kind = :kind")


class Numbered(msgspec.Struct, array_like=True, frozen=True):
    number: int


def add(tx: Transaction, text: str) -> str:
    tx.run(ADD, text=text)
    return text


def add_all(tx: Transaction, items: Sequence[str]) -> list[str | Exception]:
    """The batch function: refuses what says so, and has a bug for what says so."""
    for item in items:
        tx.run(ADD, text=item)
    if any(item.startswith("bug") for item in items):
        raise ZeroDivisionError(items)
    return [Problem(Code.INVALID, item) if item.startswith("refused") else item for item in items]


def refuse(tx: Transaction, text: str) -> None:
    add(tx, text)
    raise Problem(Code.INVALID, text)


def fail(tx: Transaction, text: str) -> None:
    add(tx, text)
    raise ZeroDivisionError(text)


def emit(tx: Transaction, organisation_id: int, *types: str) -> None:
    for each in types:
        tx.emit(Emitted(organisation_id, each, 0))


async def texts(database: Database) -> list[str]:
    return [row[0] for row in await database.read(lambda tx: tx.run(TEXTS))]


@asynccontextmanager
async def held(database: Database) -> AsyncIterator[None]:
    """Whatever is given to the writer within waits, and so is one group."""
    entered, release = threading.Event(), threading.Event()

    def hold(_: Transaction) -> None:
        entered.set()
        release.wait(20)

    holding = asyncio.ensure_future(database.write(hold))
    await asyncio.to_thread(entered.wait, 20)
    yield
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    release.set()
    await holding


def outcomes(results: Sequence[object]) -> list[str]:
    return [type(each).__name__ if isinstance(each, BaseException) else str(each) for each in results]


class Writer:
    @pytest.fixture
    async def database(self, url: str) -> AsyncIterator[Database]:
        engine = SpyEngine(engine_of(url))
        session = engine.connect()
        session.script("CREATE TABLE note (number BIGINT PRIMARY KEY, text TEXT NOT NULL)")
        session.close()
        database = Database(engine)
        await database.open()
        engine.log.clear()
        yield database
        await database.close()

    @pytest.fixture
    def spy(self, database: Database) -> SpyEngine:
        assert isinstance(database.engine, SpyEngine)
        return database.engine

    async def test_what_waits_is_committed_at_once_with_a_savepoint_each(self, database: Database, spy: SpyEngine) -> None:
        async with held(database):
            waiting = [asyncio.ensure_future(database.write(add, str(number))) for number in range(50)]
        assert await asyncio.gather(*waiting) == [str(number) for number in range(50)]
        assert spy.log.count("commit") == 2, "one of what held the others, one of theirs"
        assert spy.log.count("savepoint") == 50

    async def test_items_of_one_function_are_one_call(self, database: Database) -> None:
        calls: list[int] = []

        def count(_: Transaction, items: Sequence[int]) -> list[int]:
            calls.append(len(items))
            return list(items)

        async with held(database):
            answers = [database.write_item(count, number) for number in range(20)]
        assert await asyncio.gather(*answers) == list(range(20))
        assert calls == [20]

    async def test_what_follows_a_commit_and_fails_leaves_nobody_without_an_answer(self, database: Database) -> None:
        followed: list[str] = []
        told: list[BaseException | None] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context.get("exception")))

        def follow(tx: Transaction, text: str) -> str:
            tx.after_commit(followed.append, text)
            if text == "2":
                tx.after_commit(lambda: followed.remove("bug"))
            return add(tx, text)

        async with held(database):
            waiting = [asyncio.ensure_future(database.write(follow, text)) for text in "123"]
        assert await asyncio.wait_for(asyncio.gather(*waiting), 10) == ["1", "2", "3"]
        assert followed == ["1", "2", "3"]
        assert [type(each) for each in told] == [ValueError], "it is the event loop that hears of it"

    async def test_a_problem_undoes_only_what_its_own_function_wrote(self, database: Database) -> None:
        async with held(database):
            calls = [database.write(add, "one"), database.write(refuse, "two"), database.write(add, "three")]
            waiting = [asyncio.ensure_future(call) for call in calls]
        assert outcomes(await asyncio.gather(*waiting, return_exceptions=True)) == ["one", "Problem", "three"]
        assert await texts(database) == ["one", "three"]

    async def test_a_bug_in_a_function_fails_only_it(self, database: Database) -> None:
        async with held(database):
            calls = [database.write(add, "one"), database.write(fail, "two"), database.write(add, "three")]
            waiting = [asyncio.ensure_future(call) for call in calls]
        assert outcomes(await asyncio.gather(*waiting, return_exceptions=True)) == ["one", "ZeroDivisionError", "three"]
        assert await texts(database) == ["one", "three"]

    async def test_a_function_that_fails_alone_leaves_nothing(self, database: Database) -> None:
        with pytest.raises(ZeroDivisionError):
            await database.write(fail, "alone")
        with pytest.raises(Problem):
            await database.write(refuse, "alone")
        assert await database.write(add, "next") == "next"
        assert await texts(database) == ["next"]

    async def test_a_bug_in_one_item_of_a_batch_fails_only_that_item(self, database: Database) -> None:
        async with held(database):
            answers = [database.write_item(add_all, item) for item in ("one", "bug", "refused", "four")]
            neighbour = asyncio.ensure_future(database.write(add, "neighbour"))
        results = await asyncio.gather(*answers, return_exceptions=True)
        assert outcomes(results) == ["one", "ZeroDivisionError", "Problem", "four"]
        assert await neighbour == "neighbour"
        assert sorted(await texts(database)) == ["four", "neighbour", "one", "refused"], "each once"

    async def test_a_statement_that_the_engine_refuses_fails_only_its_function(self, database: Database) -> None:
        null = Query("test.null", "INSERT INTO note (number, text) VALUES (99, NULL)", writes=True, returns_rows=False)
        async with held(database):
            waiting = [asyncio.ensure_future(call) for call in (database.write(add, "one"), database.write(lambda tx: tx.run(null)))]
            after = asyncio.ensure_future(database.write(add, "three"))
        first, second = await asyncio.gather(*waiting, return_exceptions=True)
        assert (first, await after) == ("one", "three")
        assert "not" in str(second).lower()
        assert "null" in str(second).lower()
        assert await texts(database) == ["one", "three"]

    async def test_a_table_of_rows_that_the_engine_refuses_fails_only_its_function(self, database: Database) -> None:
        columns = (("number", "bigint"), ("text", "text"))
        text = "INSERT INTO note (number, text) SELECT number, text FROM input"
        insert = Query("test.rows", text, columns, writes=True, returns_rows=False)
        rows = [(97, "kept by none"), (98, None), (99, "kept by none")]
        async with held(database):
            calls = [database.write(add, "one"), database.write(lambda tx: tx.apply(insert, rows)), database.write(add, "three")]
            waiting = [asyncio.ensure_future(call) for call in calls]
        first, second, third = await asyncio.gather(*waiting, return_exceptions=True)
        assert (first, third) == ("one", "three")
        assert "null" in str(second).lower()
        assert await texts(database) == ["one", "three"]

    async def test_writes_commit_in_the_order_given(self, database: Database) -> None:
        waiting = [asyncio.ensure_future(database.write(add, f"{number:04}")) for number in range(300)]
        await asyncio.gather(*waiting)
        assert await texts(database) == [f"{number:04}" for number in range(300)]

    async def test_a_group_is_bounded(self, database: Database, spy: SpyEngine) -> None:
        async with held(database):
            answers = [database.write_item(lambda _, items: list(items), number) for number in range(GROUP_MAX + 1)]
        await asyncio.gather(*answers)
        assert spy.log.count("commit") == 3

    async def test_a_group_is_bounded_by_messages_and_has_one_job_at_least(self, database: Database) -> None:
        sizes: list[int] = []

        def count(_: Transaction, items: Sequence[int]) -> list[int]:
            sizes.append(len(items))
            return list(items)

        async with held(database):
            answers = [database.write_item(count, many, messages=many) for many in (GROUP_MAX - 1, 1, 1, 2 * GROUP_MAX, 5, 5)]
        assert await asyncio.gather(*answers) == [GROUP_MAX - 1, 1, 1, 2 * GROUP_MAX, 5, 5]
        assert sizes == [2, 1, 1, 2]

    async def test_what_comes_while_a_group_is_under_way_is_one_group_unless_it_is_enough(self, database: Database) -> None:
        sizes: list[int] = []

        def count(_: Transaction, items: Sequence[int]) -> list[int]:
            sizes.append(len(items))
            return list(items)

        async with held(database):
            few = []
            for number in range(ENOUGH - 1):
                few.append(database.write_item(count, number))
                await asyncio.sleep(0)
        await asyncio.gather(*few)
        assert sizes == [ENOUGH - 1], "turn after turn of the event loop, and one group"
        async with held(database):
            many = [database.write_item(count, number) for number in range(ENOUGH)]
            await asyncio.sleep(0)
            assert not database._given, "handed over at once"
            one = database.write_item(count, 0, messages=ENOUGH)
            await asyncio.sleep(0)
            assert not database._given, "one job about as many messages too"
        await asyncio.gather(*many, one)

    async def test_a_few_that_somebody_waits_for_are_a_group_before_what_is_patient(self, database: Database, spy: SpyEngine) -> None:
        answered: list[str] = []

        def give(text: str, patience_s: float, *, overtakes: bool) -> asyncio.Future[str]:
            future = database.write_item(add_all, text, patience_s=patience_s, overtakes=overtakes)
            future.add_done_callback(lambda _: answered.append(text))
            return future

        async with held(database):
            answers = [give("settled", 30, overtakes=False), give("accepted", 0, overtakes=True), give("accepted too", 0, overtakes=True)]
            answers.append(give("changed", 0, overtakes=False))  # takes along what is patient
            answers.append(give("accepted last", 0, overtakes=True))
        await asyncio.gather(*answers)
        assert spy.log.count("commit") == 3, "what is held, the two, and the rest"
        assert answered == ["accepted", "accepted too", "settled", "changed", "accepted last"]
        assert await texts(database) == answered, "only what is patient is overtaken"

    async def test_what_is_not_patient_is_one_group_whoever_overtakes(self, database: Database, spy: SpyEngine) -> None:
        async with held(database):
            answers = [database.write_item(add_all, f"{number}", overtakes=number % 2 == 0) for number in range(10)]
        await asyncio.gather(*answers)
        assert spy.log.count("commit") == 2

    async def test_many_that_somebody_waits_for_go_with_what_is_patient(self, database: Database, spy: SpyEngine) -> None:
        async with held(database):
            patient = database.write_item(add_all, "settled", patience_s=30)
            many = [database.write_item(add_all, f"{number:02}", overtakes=True) for number in range(ENOUGH)]
            last = database.write_item(add_all, "changed")
        await asyncio.gather(*many, patient, last)
        assert spy.log.count("commit") == 2

    async def test_what_comes_after_a_rest_is_not_kept_waiting(self, database: Database) -> None:
        for number in range(5):
            await asyncio.wait_for(database.write(add, str(number)), 20)
        assert await texts(database) == ["0", "1", "2", "3", "4"]

    async def test_what_follows_a_commit_comes_after_it_and_before_the_answer(self, database: Database, spy: SpyEngine) -> None:
        def follow(tx: Transaction) -> None:
            tx.after_commit(spy.log.append, "followed")

        call = asyncio.ensure_future(database.write(follow))
        call.add_done_callback(lambda _: spy.log.append("answered"))
        await call
        await asyncio.sleep(0)
        assert [each for each in spy.log if each in ("commit", "followed", "answered")] == ["commit", "followed", "answered"]

    async def test_nothing_follows_what_was_undone(self, database: Database) -> None:
        followed: list[str] = []

        def follow_and_refuse(tx: Transaction) -> None:
            tx.after_commit(followed.append, "refused")
            raise Problem(Code.INVALID, "no")

        async with held(database):
            refused = asyncio.ensure_future(database.write(follow_and_refuse))
            kept = asyncio.ensure_future(database.write(lambda tx: tx.after_commit(followed.append, "kept")))
        with pytest.raises(Problem):
            await refused
        await kept
        assert followed == ["kept"]

    async def test_a_transaction_that_lost_a_race_runs_again_and_what_follows_follows_once(
        self, database: Database, spy: SpyEngine
    ) -> None:
        followed: list[str] = []
        lost = iter([Conflict("deadlock"), Conflict("deadlock")])

        def lose() -> None:
            if error := next(lost, None):
                raise error

        def write(tx: Transaction) -> None:
            add(tx, "once")
            tx.emit(Emitted(1, "once", 0))
            tx.after_commit(followed.append, "once")

        spy.before_commit = lose
        await database.write(write)
        assert followed == await texts(database) == ["once"]
        assert [tuple(row) for row in await database.read(lambda tx: tx.run(EVENTS))] == [(1, 1, "once")]

    async def test_a_transaction_that_loses_every_race_is_given_up_and_the_next_one_runs(self, database: Database, spy: SpyEngine) -> None:
        tried = 0

        def lose() -> None:
            nonlocal tried
            tried += 1
            raise Conflict("deadlock")

        spy.before_commit = lose
        with pytest.raises(DatabaseLost):
            await database.write(add, "never")
        assert tried in (ATTEMPTS, ATTEMPTS + 1)
        spy.before_commit = lambda: None
        await database.write(add, "next")
        assert await texts(database) == ["next"]

    async def test_a_caller_that_left_disturbs_nobody(self, database: Database) -> None:
        async with held(database):
            leaving, staying = asyncio.ensure_future(database.write(add, "left")), asyncio.ensure_future(database.write(add, "stayed"))
            await asyncio.sleep(0)
            leaving.cancel()
        assert await staying == "stayed"
        assert await texts(database) == ["left", "stayed"]

    # ids

    async def test_ids_rise_and_none_is_given_twice_whatever_is_undone(self, database: Database, spy: SpyEngine) -> None:
        taken: list[int] = []
        lost = iter([None, Conflict("deadlock"), None])

        def lose() -> None:
            if error := next(lost, None):
                raise error

        def take(tx: Transaction, count: int, *, refused: bool = False) -> None:
            taken.extend(tx.ids("message", count))
            if refused:
                raise Problem(Code.INVALID, "no")

        spy.before_commit = lose
        async with held(database):
            calls = [database.write(take, 3), database.write(take, 2, refused=True), database.write(take, 4)]
            waiting = [asyncio.ensure_future(call) for call in calls]
        await asyncio.gather(*waiting, return_exceptions=True)
        await database.write(take, 5)
        assert len(set(taken)) == len(taken)
        assert taken == sorted(taken)

    @pytest.mark.parametrize("count", [1, BLOCKS["message"] - 1, BLOCKS["message"], BLOCKS["message"] + 1, 5000])
    async def test_ids_come_in_any_number(self, database: Database, count: int) -> None:
        given = [await database.write(lambda tx: list(tx.ids("message", count))) for _ in range(3)]
        flat = [each for ids in given for each in ids]
        assert [len(ids) for ids in given] == [count] * 3
        assert flat == sorted(set(flat))
        assert all(ids == list(range(ids[0], ids[0] + count)) for ids in given)
        assert flat[0] >= 1

    async def test_two_processes_never_give_the_same_id(self, database: Database, url: str) -> None:
        other = Database(engine_of(url))
        await other.open()
        given: list[int] = []
        for _ in range(8):
            for each in (database, other):
                given.extend(await each.write(lambda tx: list(tx.ids("message", 300))))
        await other.close()
        assert len(set(given)) == len(given)

    async def test_a_block_whose_claim_was_undone_is_not_used(self, database: Database, spy: SpyEngine, url: str) -> None:
        lost = iter([Conflict("deadlock")])

        def lose() -> None:
            if error := next(lost, None):
                raise error

        spy.before_commit = lose
        given = list(await database.write(lambda tx: tx.ids("message", 10)))
        other = Database(engine_of(url))
        await other.open()
        given.extend(await other.write(lambda tx: tx.ids("message", 10)))
        await other.close()
        assert len(set(given)) == 20

    async def test_ids_rise_though_a_batch_was_larger_than_a_block(self, database: Database) -> None:
        given: list[int] = []
        for count in (1, BLOCKS["notification"] * 6 // 10, BLOCKS["notification"] * 3 // 2, BLOCKS["notification"] * 3 // 2, 10):
            given.extend(await database.write(lambda tx: tx.ids("notification", count)))  # noqa: B023
        assert given == sorted(set(given))

    async def test_ids_of_what_people_make_have_no_gaps_but_those_of_the_undone(self, database: Database) -> None:
        def take(tx: Transaction, *, refused: bool = False) -> int:
            (device_id,) = tx.ids("device")
            if refused:
                raise Problem(Code.INVALID, "no")
            return device_id

        first = await database.write(take)
        with pytest.raises(Problem):
            await database.write(take, refused=True)
        assert [first, await database.write(take)] == [1, 2]

    async def test_the_floor_of_ids_lies_at_or_below_the_next_one(self, database: Database) -> None:
        for count in (1, 700, 600, 5):
            floor, given = await database.write(lambda tx: (tx.next_id("notification"), tx.ids("notification", count)))  # noqa: B023
            assert floor <= given[0]
            assert await database.write(lambda tx: tx.next_id("notification")) > given[-1]

    # events

    async def test_events_are_numbered_per_organisation_in_the_order_of_commits_without_gaps(self, database: Database) -> None:
        await database.write(emit, 1, "a", "b")
        async with held(database):
            calls = [
                database.write(emit, 2, "c"),
                database.write(emit, 1, "d"),
                database.write(_emit_and_refuse, 1),
                database.write(emit, 1, "e"),
            ]
            waiting = [asyncio.ensure_future(call) for call in calls]
        await asyncio.gather(*waiting, return_exceptions=True)
        rows = [tuple(row) for row in await database.read(lambda tx: tx.run(EVENTS))]
        assert rows == [(1, 1, "a"), (1, 2, "b"), (1, 3, "d"), (1, 4, "e"), (2, 1, "c")]

    # readers and the end

    async def test_a_reader_sees_what_was_answered_and_may_not_write(self, database: Database) -> None:
        await database.write(add, "one")
        assert await texts(database) == ["one"]
        with pytest.raises(Exception, match=r"read-?only"):
            await database.read(add, "two")
        assert await texts(database) == ["one"]

    async def test_a_reader_that_fails_leaves_the_next_one_alone(self, database: Database) -> None:
        for _ in range(8):
            with pytest.raises(ZeroDivisionError):
                await database.read(lambda _: 1 // 0)
        assert await texts(database) == []

    async def test_the_end_finishes_what_waits_and_takes_nothing_more(self, database: Database, url: str) -> None:
        async with held(database):
            waiting = [asyncio.ensure_future(database.write(add, str(number))) for number in range(100)]
            await asyncio.sleep(0)
            closing = asyncio.ensure_future(database.close())
            await asyncio.sleep(0)
            with pytest.raises(DatabaseLost):
                await database.write(add, "too late")
        await closing
        assert all(each.done() for each in waiting)
        session = engine_of(url).connect()
        assert session.run(Query("test.count", "SELECT count(*) FROM note"), {})[0][0] == 100
        session.close()
        await self._reopen(database)

    async def _reopen(self, database: Database) -> None:
        """So that the fixture can close it."""
        database.__init__(database.engine)  # type: ignore[misc]
        await database.open()


def _emit_and_refuse(tx: Transaction, organisation_id: int) -> None:
    emit(tx, organisation_id, "undone")
    raise Problem(Code.INVALID, "no")

    async def test_a_writer_that_meets_a_bug_leaves_nobody_waiting_and_the_loop_is_told(
        self, database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        told: list[object] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(type(context["exception"])))
        monkeypatch.setattr(threading, "excepthook", lambda of_thread: told.append(of_thread.exc_type))

        def bug(_: SpySession) -> None:
            raise RecursionError

        monkeypatch.setattr(SpySession, "rollback", bug)
        async with held(database):
            asked = [database.write_item(add_all, "bug"), asyncio.ensure_future(database.write(add, "beside it"))]
        asked.append(database.write_item(add_all, "after it", patience_s=30))
        assert [type(each) for each in await asyncio.gather(*asked, return_exceptions=True)] == [DatabaseLost] * 3
        assert set(told) == {RecursionError, RuntimeError}, "on standard error, and the loop"
        with pytest.raises(DatabaseLost):
            await database.write(add, "later")

    async def test_a_group_that_takes_more_ids_than_a_block_holds_one_by_one_ends(self, database: Database) -> None:
        def take(tx: Transaction, count: int) -> list[int]:
            return [tx.ids("audit")[0] for _ in range(count)]

        alone = await asyncio.wait_for(database.write(take, 7 * BLOCKS["audit"]), 60)
        assert alone == sorted(set(alone))
        together = await asyncio.wait_for(asyncio.gather(*(database.write(take, 3) for _ in range(3 * BLOCKS["audit"]))), 60)
        assert len({each for ids in together for each in ids} | set(alone)) == 7 * BLOCKS["audit"] + 9 * BLOCKS["audit"]


class TestWriterOnSqlite(Writer, OnSqlite):
    pass


class TestWriterOnPostgres(Writer, OnPostgres):
    pass
