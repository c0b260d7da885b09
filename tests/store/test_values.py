"""Values come back as they went in, by each of the ways in and out, on both engines."""

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from heliograph.store.database import engine_of
from heliograph.store.engine import Session
from heliograph.store.query import Query
from tests.store.engines import OnPostgres, OnSqlite

COLUMNS = (("number", "bigint"), ("text", "text"))
INSERT_ROWS = Query(
    "test.insert_rows", "INSERT INTO kept (number, text) SELECT number, text FROM input", COLUMNS, writes=True, returns_rows=False
)
INSERT_ONE = Query("test.insert_one", "INSERT INTO kept (number, text) VALUES (:number, :text)", writes=True, returns_rows=False)
RETURNING = Query(
    "test.returning", "INSERT INTO kept (number, text) SELECT number, text FROM input RETURNING number, text", COLUMNS, writes=True
)
SELECT = Query("test.select", "SELECT number, text FROM kept ORDER BY place")
JOIN = Query("test.join", "SELECT kept.number, kept.text FROM input JOIN kept ON kept.place = input.number ORDER BY kept.place", COLUMNS)
ECHO = Query("test.echo", "SELECT number, text FROM input", COLUMNS)

SPECIAL: list[tuple[int | None, str | None]] = [
    (None, None),
    (0, ""),
    (-1, " "),
    (2**31, "null"),
    (2**53, "0"),
    (2**53 + 1, "123"),
    (2**63 - 1, "true"),
    (-(2**63), "[1]"),
    (1, "quotes ' \" ` and \\ \\n \\u0041"),
    (2, "line\r\nends\ttabs\x1b\x01\x7f"),
    (3, "\U0001f600 \U0001f468\u200d\U0001f469\u200d\U0001f467 \u0000".replace("\u0000", "")),
    (4, "€ß\u0301 \u2028 \ufeff \uffff"),
    (5, "100 % :name %(name)s {} $1 ? -- ; /* */"),
]


class Row(msgspec.Struct, array_like=True, frozen=True):
    number: int | None
    text: str | None


class Values:
    @pytest.fixture
    def session(self, url: str) -> Session:  # type: ignore[misc]
        session = engine_of(url).connect()
        place = "INTEGER PRIMARY KEY" if session.__class__.__name__.startswith("Sqlite") else "BIGINT GENERATED ALWAYS AS IDENTITY"
        session.script(f"CREATE TABLE kept (place {place}, number BIGINT, text TEXT)")
        session.begin()
        yield session  # type: ignore[misc]
        session.rollback()
        session.close()

    def test_as_rows(self, session: Session) -> None:
        session.many(INSERT_ROWS, SPECIAL, {}, Row)
        assert [tuple(row) for row in session.run(SELECT, {})] == SPECIAL

    def test_as_structs(self, session: Session) -> None:
        session.many(INSERT_ROWS, [Row(*each) for each in SPECIAL], {}, Row)
        assert [tuple(row) for row in session.run(SELECT, {})] == SPECIAL

    def test_as_scalars(self, session: Session) -> None:
        for number, text in SPECIAL:
            session.run(INSERT_ONE, {"number": number, "text": text})
        assert [tuple(row) for row in session.run(SELECT, {})] == SPECIAL

    def test_back_by_returning(self, session: Session) -> None:
        assert session.many(RETURNING, SPECIAL, {}, Row) == [Row(*each) for each in SPECIAL]

    def test_back_by_a_join(self, session: Session) -> None:
        session.many(INSERT_ROWS, SPECIAL, {}, Row)
        assert session.many(JOIN, [(place, None) for place in range(1, len(SPECIAL) + 1)], {}, Row) == [Row(*each) for each in SPECIAL]

    def test_without_u_0000_for_which_u_fffd_stands(self, session: Session) -> None:
        session.many(INSERT_ROWS, [(1, "a\0b"), Row(2, "\\u0000"), (3, "\\\0")], {}, Row)
        session.run(INSERT_ONE, {"number": 4, "text": "\0c"})
        found = [(1, "a\ufffdb"), (2, "\\u0000"), (3, "\\\ufffd"), (4, "\ufffdc")]
        assert [tuple(row) for row in session.run(SELECT, {})] == found
        assert session.many(ECHO, [(5, "\0")], {}, Row) == [Row(5, "\ufffd")]

    def test_no_rows_are_no_rows(self, session: Session) -> None:
        assert session.many(JOIN, [], {}, Row) == []
        assert session.run(SELECT, {}) == []

    @pytest.mark.parametrize("count", [1, 2, 3, 5, 64, 511, 512, 513, 1025])
    def test_so_many_as_were_given(self, session: Session, count: int) -> None:
        rows = [Row(number, f"{number}") for number in range(count)]
        assert session.many(ECHO, rows, {}, Row) == rows

    def test_ten_thousand_rows_in_one_statement(self, session: Session) -> None:
        rows = [(number, "x" * 160) for number in range(10_000)]
        session.many(INSERT_ROWS, rows, {}, Row)
        assert len(session.run(SELECT, {})) == 10_000

    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors])
    @given(
        st.lists(
            st.tuples(
                st.none() | st.integers(-(2**63), 2**63 - 1),
                st.none() | st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=40),
            ),
            max_size=8,
        )
    )
    def test_whatever_they_are(self, session: Session, rows: list[tuple[int | None, str | None]]) -> None:
        assert session.many(ECHO, rows, {}, Row) == [Row(*each) for each in rows]


class TestValuesOnSqlite(Values, OnSqlite):
    def test_not_by_two_columns_of_one_name(self, session: Session) -> None:
        query = Query("test.twice", "SELECT kept.text, other.text FROM input JOIN kept ON true JOIN kept AS other ON true", COLUMNS)
        with pytest.raises(ValueError, match="two result columns of one name"):
            session.many(query, [(1, "a")], {}, Row)


class TestValuesOnPostgres(Values, OnPostgres):
    pass
