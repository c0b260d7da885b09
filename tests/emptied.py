"""A PostgreSQL database that is emptied after each test, not dropped.

A new one has to be copied, and its first connection learns all tables anew: together longer than most tests take.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql

from tests.postgres_server import PostgresServer
from tests.store.engines import migrated

TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"


class Emptied:
    """Its URL, and a connection that is kept, for the same reason. What migrations wrote is kept beside, and comes back."""

    def __init__(self, url: str, connection: psycopg.Connection) -> None:
        self.url = url
        self._connection = connection
        connection.execute("SET session_replication_role = replica")  # no foreign keys, so no order
        connection.execute("CREATE SCHEMA written")
        steps: list[sql.Composable] = []
        for (name,) in connection.execute(TABLES).fetchall():
            table = sql.Identifier(name)
            steps.append(sql.SQL("DELETE FROM {}").format(table))
            if connection.execute(sql.SQL("SELECT 1 FROM {} LIMIT 1").format(table)).fetchone():
                kept = sql.Identifier("written", name)
                connection.execute(sql.SQL("CREATE TABLE {} AS SELECT * FROM {}").format(kept, table))
                steps.append(sql.SQL("INSERT INTO {} SELECT * FROM {}").format(table, kept))
        self._statement = sql.SQL("; ").join(steps)

    def empty(self) -> None:
        """Have it be as migrations left it."""
        self._connection.execute(self._statement)


@contextmanager
def emptied(server: PostgresServer) -> Iterator[Emptied]:
    """A database of this release's schema, removed at the end."""
    url = server.new_database(migrated)
    with psycopg.connect(url, autocommit=True) as connection:
        yield Emptied(url, connection)
    server.drop_database(url)
