"""What SQLite makes of a query that is written for both engines."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from heliograph.store.database import engine_of
from heliograph.store.engine import Session
from heliograph.store.query import Query

COLUMNS = (("number", "bigint"),)
GIVEN = [(3,), (1,), (2,)]
UPSERT = (
    "INSERT INTO kept (number, times)\nSELECT number, 1 FROM input WHERE true ORDER BY number\n"
    "ON CONFLICT (number) DO UPDATE SET times = kept.times + 1 RETURNING number"
)


class Number(msgspec.Struct, array_like=True):
    number: int


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    session = engine_of(str(tmp_path / "h.db")).connect()
    session.script("CREATE TABLE kept (number INTEGER PRIMARY KEY, times BIGINT)")
    yield session
    session.close()


def numbers(session: Session, text: str, **values: int) -> list[int]:
    query = Query("test.numbers", text, COLUMNS, writes=text.startswith("INSERT"))
    return [row.number for row in session.many(query, GIVEN, values, Number)]


def test_rows_are_not_sorted_for_locks_that_sqlite_does_not_take(session: Session) -> None:
    assert numbers(session, "SELECT number FROM input WHERE true\nORDER BY input.number, number FOR UPDATE OF input") == [3, 1, 2]


def test_nor_where_they_meet_a_conflict(session: Session) -> None:
    assert numbers(session, UPSERT) == [3, 1, 2]


def test_an_order_that_says_which_rows_are_locked_is_kept(session: Session) -> None:
    assert numbers(session, "SELECT number FROM input WHERE true ORDER BY number LIMIT :most FOR UPDATE SKIP LOCKED", most=2) == [1, 2]


def test_the_order_of_what_is_only_read_is_kept(session: Session) -> None:
    assert numbers(session, "SELECT number FROM input WHERE true ORDER BY number") == [1, 2, 3]
