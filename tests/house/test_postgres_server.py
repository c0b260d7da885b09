"""The tests' own PostgreSQL: databases are separate, copies are complete, commits survive."""

from collections.abc import Callable

import psycopg

from tests.postgres_server import PostgresServer

prepared: list[str] = []


def a_table(url: str) -> None:
    prepared.append(url)
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE word (word text)")
        connection.execute("INSERT INTO word VALUES ('helios')")


def words(url: str) -> list[str]:
    with psycopg.connect(url) as connection:
        return [row[0] for row in connection.execute("SELECT word FROM word ORDER BY word")]


def test_a_new_database_is_empty_and_ones_own(new_postgres_database: Callable[..., str]) -> None:
    mine, other = new_postgres_database(), new_postgres_database()
    a_table(mine)
    with psycopg.connect(other) as connection:
        assert connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() == (0,)


def test_a_template_is_prepared_once_and_copies_are_independent(new_postgres_database: Callable[..., str]) -> None:
    prepared.clear()
    one, two = new_postgres_database(a_table), new_postgres_database(a_table)
    with psycopg.connect(one) as connection:
        connection.execute("INSERT INTO word VALUES ('graph')")
    assert (words(one), words(two), len(prepared)) == (["graph", "helios"], ["helios"], 1)


def test_a_database_is_removed_with_clients_still_connected(postgres_server: PostgresServer) -> None:
    url = postgres_server.new_database()
    with psycopg.connect(url):
        postgres_server.drop_database(url)
    with psycopg.connect(postgres_server.url) as connection:
        assert connection.execute("SELECT count(*) FROM pg_database WHERE datname = %s", [url.rpartition("/")[2]]).fetchone() == (0,)


def test_what_was_committed_survives_the_servers_sudden_death(
    postgres_server: PostgresServer, new_postgres_database: Callable[..., str]
) -> None:
    url = new_postgres_database()
    a_table(url)
    postgres_server.kill()
    postgres_server.restart()
    assert words(url) == ["helios"]
