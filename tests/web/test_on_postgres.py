"""The claims about what is managed, once more on PostgreSQL: the same SQL text answers the same."""

from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql

from heliograph.store.migrate import migrate
from heliograph.store.postgres import PostgresEngine
from tests.postgres_server import PostgresServer
from tests.web.test_application_token import *  # noqa: F403
from tests.web.test_audit import *  # noqa: F403
from tests.web.test_endpoint import *  # noqa: F403
from tests.web.test_event import *  # noqa: F403
from tests.web.test_fleet import *  # noqa: F403
from tests.web.test_hostile_input import test_no_path_and_no_query_makes_any_call_fail, test_no_value_in_any_field_of_any_call_makes_it_fail  # noqa: F401
from tests.web.test_idempotency import *  # noqa: F403
from tests.web.test_link import *  # noqa: F403
from tests.web.test_organisation import *  # noqa: F403
from tests.web.test_service_profile import *  # noqa: F403
from tests.web.test_sim import *  # noqa: F403
from tests.web.test_tag import *  # noqa: F403


@pytest.fixture(scope="module")
def database(postgres_server: PostgresServer) -> Iterator[str]:
    """One database for all tests of this module: dropping one each costs more than they do."""
    url = postgres_server.new_database()
    migrate(PostgresEngine(url))
    yield url
    postgres_server.drop_database(url)


@pytest.fixture
def url(database: str) -> Iterator[str]:
    """That database, emptied after the test."""
    yield database
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")  # no foreign keys, so no order
        tables = connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'schema_version'"
        ).fetchall()
        connection.execute(sql.SQL("; ").join(sql.SQL("DELETE FROM {}").format(sql.Identifier(name)) for (name,) in tables))
