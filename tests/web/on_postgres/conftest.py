"""Sites on PostgreSQL, for the claims of the directory above about what is managed: the same SQL text answers the same.

In several files, since two files run at once.
"""

from collections.abc import Iterator
from typing import NamedTuple

import psycopg
import pytest
from psycopg import sql

from heliograph.store.migrate import migrate
from heliograph.store.postgres import PostgresEngine
from tests.postgres_server import PostgresServer


class Emptied(NamedTuple):
    """A database, and what empties the tables that migrations leave empty, on a connection that is kept: a new one would have to learn
    all tables anew, which takes longer than most tests."""

    url: str
    connection: psycopg.Connection
    statement: sql.Composable


@pytest.fixture(scope="module")
def database(postgres_server: PostgresServer) -> Iterator[Emptied]:
    """One database for all tests of this module: dropping one each costs more than they do."""
    url = postgres_server.new_database()
    migrate(PostgresEngine(url))
    with psycopg.connect(url, autocommit=True) as connection:
        names = [name for (name,) in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()]
        empty = [
            name for name in names if connection.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(name))).fetchone() == (0,)
        ]
        connection.execute("SET session_replication_role = replica")  # no foreign keys, so no order
        yield Emptied(url, connection, sql.SQL("; ").join(sql.SQL("DELETE FROM {}").format(sql.Identifier(name)) for name in empty))
    postgres_server.drop_database(url)


@pytest.fixture
def url(database: Emptied) -> Iterator[str]:
    """That database, emptied after the test."""
    yield database.url
    database.connection.execute(database.statement)
