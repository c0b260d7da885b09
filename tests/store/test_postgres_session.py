"""libpq's pipeline: what was sent without waiting is never taken for done, and an error is met by somebody."""

from collections.abc import Iterator

import msgspec
import psycopg
import pytest

from heliograph.store.engine import Session
from heliograph.store.postgres import PostgresEngine
from heliograph.store.query import Query
from tests.store.engines import OnPostgres

ADD = Query("test.add", "INSERT INTO id_counter (kind, next_id) VALUES (:kind, :next_id)", writes=True, returns_rows=False)
KINDS = Query("test.kinds", "SELECT kind FROM id_counter ORDER BY kind")
ECHO = Query("test.echo", "SELECT CAST(:value AS bigint)")
TEXT = Query("test.text", "SELECT CAST(:value AS text)")
LATER = Query("test.later", "SELECT count(*) FROM later")
TABLE = Query("test.table", "SELECT number, word FROM input ORDER BY number", (("number", "bigint"), ("word", "text")))
KEEP = Query("test.keep", "INSERT INTO letter VALUES (:text)", writes=True, returns_rows=False)
LETTERS = Query("test.letters", "SELECT text FROM letter")
LONG = "x" * 1_000_000


class Row(msgspec.Struct, array_like=True):
    number: int
    word: str | None


class TestAPipeline(OnPostgres):
    @pytest.fixture
    def session(self, url: str) -> Iterator[Session]:
        session = PostgresEngine(url).connect()
        yield session
        session.close()

    def kinds(self, session: Session) -> list[str]:
        return [row[0] for row in session.run(KINDS, {})]

    def test_keeps_what_was_committed(self, session: Session) -> None:
        session.begin()
        session.run(ADD, {"kind": "a", "next_id": 1})
        assert self.kinds(session) == ["a"]
        session.run(ADD, {"kind": "b", "next_id": 1})
        session.commit()
        assert self.kinds(session) == ["a", "b"]

    def test_tells_at_the_commit_what_nobody_waited_for_and_keeps_nothing(self, session: Session) -> None:
        session.begin()
        session.run(ADD, {"kind": "a", "next_id": 1})
        session.run(ADD, {"kind": "a", "next_id": 2})
        with pytest.raises(psycopg.errors.UniqueViolation):
            session.commit()
        session.rollback()
        assert self.kinds(session) == []

    def test_runs_nothing_after_a_statement_that_failed(self, session: Session) -> None:
        session.begin()
        session.run(ADD, {"kind": None, "next_id": 1})
        with pytest.raises(psycopg.errors.NotNullViolation):
            self.kinds(session)
        with pytest.raises(psycopg.errors.InFailedSqlTransaction):
            self.kinds(session)
        session.rollback()
        assert self.kinds(session) == []

    def test_undoes_to_a_savepoint(self, session: Session) -> None:
        session.begin()
        session.run(ADD, {"kind": "kept", "next_id": 1})
        session.savepoint()
        session.run(ADD, {"kind": "undone", "next_id": 1})
        session.rollback_to_savepoint()
        session.commit()
        assert self.kinds(session) == ["kept"]

    def test_prepares_again_what_could_not_be_prepared(self, session: Session) -> None:
        session.begin()
        with pytest.raises(psycopg.errors.UndefinedTable):
            session.run(LATER, {})
        session.rollback()
        session.begin()
        session.script("CREATE TABLE later (id BIGINT)")
        session.commit()
        assert session.run(LATER, {}) == [(0,)]

    def test_prepares_again_what_was_skipped_behind_a_failure(self, session: Session) -> None:
        session.begin()
        session.run(ADD, {"kind": None, "next_id": 1})
        with pytest.raises(psycopg.errors.NotNullViolation):
            session.run(ECHO, {"value": 1})
        session.rollback()
        assert session.run(ECHO, {"value": 2}) == [(2,)]

    @pytest.mark.parametrize("values", [[None, 1, 2**40], [1, None, -(2**62)]])
    def test_takes_values_of_each_kind_in_any_order(self, session: Session, values: list[int | None]) -> None:
        assert [session.run(ECHO, {"value": value})[0][0] for value in values] == values

    def test_sends_and_receives_more_than_any_buffer_holds(self, session: Session) -> None:
        session.begin()
        session.script("CREATE TEMPORARY TABLE letter (text TEXT)")
        for _ in range(20):
            session.run(KEEP, {"text": LONG})
        assert session.run(LETTERS, {}) == [(LONG,)] * 20
        session.rollback()

    def test_takes_a_table_and_gives_one(self, session: Session) -> None:
        rows = [Row(2, "zwei \U0001f600"), Row(1, None)]
        session.begin()
        assert session.many(TABLE, rows, {}, Row) == [rows[1], rows[0]]
        session.commit()

    def test_cuts_no_text(self, session: Session) -> None:
        assert session.run(TEXT, {"value": "a\0b"}) == [("a\ufffdb",)]

    def test_outside_a_transaction_leaves_none_open(self, session: Session, url: str) -> None:
        self.kinds(session)
        state = "SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%' AND datname = current_database()"
        with psycopg.connect(url) as beside:
            assert beside.execute(state).fetchone() == (0,)
