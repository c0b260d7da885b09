"""Named queries: how they are read, and that both engines take every one of them."""

import re
import sqlite3
from importlib import resources

import psycopg
import pytest

from heliograph.store import query as query_module
from heliograph.store.database import engine_of
from heliograph.store.query import Query, queries, with_input
from tests.store.engines import OnPostgres, OnSqlite

FILES = sorted(file.name.removesuffix(".sql") for file in resources.files("heliograph.store").iterdir() if file.name.endswith(".sql"))
ALL = [query for name in FILES for query in queries(name).values()]


def read(text: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, Query]:
    """The queries of a file with this text."""

    class File:
        def joinpath(self, _: str) -> "File":
            return self

        def read_text(self, encoding: str) -> str:
            return text

    monkeypatch.setattr(query_module.resources, "files", lambda _: File())
    return queries.__wrapped__("made_up")


def test_a_query_has_the_name_of_its_file_and_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    found = read("-- name: one\nSELECT 1;\n\n-- name: two\n-- a remark\nSELECT 2\nFROM t;\n", monkeypatch)
    assert [(each.name, each.text) for each in found.values()] == [("made_up.one", "SELECT 1"), ("made_up.two", "SELECT 2\nFROM t")]


def test_the_columns_of_its_rows_stand_in_brackets(monkeypatch: pytest.MonkeyPatch) -> None:
    found = read("-- name: one (id bigint, text text)\nSELECT id FROM input;", monkeypatch)
    assert found["one"].columns == (("id", "bigint"), ("text", "text"))


def test_a_name_that_stands_twice_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match=r"made_up\.one stands twice"):
        read("-- name: one\nSELECT 1;\n-- name: one\nSELECT 2;", monkeypatch)


def test_a_column_is_bigint_or_text(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="column id is integer"):
        read("-- name: one (id integer)\nSELECT 1;", monkeypatch)


def test_a_part_stands_for_its_name_in_braces(monkeypatch: pytest.MonkeyPatch) -> None:
    query_module.parts.cache_clear()
    found = read("-- part: columns\na, b\n\n-- name: one\nSELECT {columns} FROM t;\n", monkeypatch)
    query_module.parts.cache_clear()
    assert [each.text for each in found.values()] == ["SELECT a, b FROM t"]


@pytest.mark.parametrize(
    ("text", "writes", "returns_rows"),
    [
        ("SELECT 1", False, True),
        ("UPDATE t SET a = 1", True, False),
        ("INSERT INTO t VALUES (1)\nRETURNING a", True, True),
        ("DELETE FROM t", True, False),
        ("WITH x AS (SELECT 1)\nINSERT INTO t SELECT * FROM x", True, False),
        ("SELECT a FROM t ORDER BY a FOR UPDATE", False, True),
    ],
)
def test_a_statement_that_writes_returns_rows_only_by_returning(
    text: str, writes: bool, returns_rows: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = read(f"-- name: one\n{text};", monkeypatch)["one"]
    assert (found.writes, found.returns_rows) == (writes, returns_rows)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT id FROM input", "WITH input(id) AS (rows)\nSELECT id FROM input"),
        ("WITH x AS (SELECT 1) SELECT 2", "WITH input(id) AS (rows), x AS (SELECT 1) SELECT 2"),
        ("WITH RECURSIVE x AS (SELECT 1) SELECT 2", "WITH RECURSIVE input(id) AS (rows), x AS (SELECT 1) SELECT 2"),
    ],
)
def test_its_rows_stand_before_what_it_has_of_its_own(text: str, expected: str) -> None:
    assert with_input(Query("q", text, (("id", "bigint"),)), "rows") == expected


def test_every_file_has_queries_and_every_query_a_statement() -> None:
    assert len(FILES) >= 10
    assert [query.name for query in ALL if not re.match(r"SELECT|INSERT|UPDATE|DELETE|WITH", query.text)] == []
    assert len({query.name for query in ALL}) == len(ALL)


class EveryQuery:
    """Each is run over no rows, or with nulls, and undone: whatever name or type is wrong shows."""

    def test_is_understood_by_the_engine(self, url: str) -> None:
        session = engine_of(url).connect()
        wrong: dict[str, str] = {}
        for query in ALL:
            names = re.findall(r"(?<![:\w\"]):(\w+)", query.text)
            session.begin()
            try:
                if query.columns:
                    session.many(query, [], dict.fromkeys(names), list)
                else:
                    session.run(query, dict.fromkeys(names))
                session.run(Query("after", "SELECT 1"), {})
            except (sqlite3.IntegrityError, psycopg.errors.IntegrityError):
                pass  # it ran: a null stood where none may
            except (sqlite3.Error, psycopg.Error, ValueError) as error:
                wrong[query.name] = str(error)
            session.rollback()
        session.close()
        assert wrong == {}


class TestEveryQueryOnSqlite(EveryQuery, OnSqlite):
    def test_over_rows_is_read_with_numbers_for_its_scalars(self, url: str) -> None:
        session = engine_of(url).connect()
        reading = [query for query in ALL if query.columns and not query.writes]
        for query in reading:
            assert session.many(query, [], dict.fromkeys(re.findall(r":(\w+)", query.text), 0), list) == []
        session.close()
        assert any("LIMIT :" in query.text for query in reading)


class TestEveryQueryOnPostgres(EveryQuery, OnPostgres):
    pass
