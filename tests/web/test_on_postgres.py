"""The claims about what is managed, once more on PostgreSQL: the same SQL text answers the same."""

from collections.abc import Iterator
from typing import NamedTuple

import psycopg
import pytest
from psycopg import sql

from heliograph.store.migrate import migrate
from heliograph.store.postgres import PostgresEngine
from tests.postgres_server import PostgresServer
from tests.web.test_application_token import *  # noqa: F403
from tests.web.test_audit import *  # noqa: F403
from tests.web.test_authenticate import (  # noqa: F401
    test_a_lost_answer_of_a_refresh_and_two_at_once_do_no_harm,
    test_a_refresh_token_whose_successor_was_used_ends_all_that_came_of_that_login,
    test_failures_are_counted_for_all_processes,
    test_no_number_of_processes_gives_more_than_three_guesses,
    test_refresh_tokens_go_on_for_30_days_after_the_login_and_old_ones_are_deleted,
)
from tests.web.test_endpoint import *  # noqa: F403
from tests.web.test_event import *  # noqa: F403
from tests.web.test_fleet import *  # noqa: F403
from tests.web.test_hostile_input import test_no_path_and_no_query_makes_any_call_fail, test_no_value_in_any_field_of_any_call_makes_it_fail  # noqa: F401
from tests.web.test_idempotency import *  # noqa: F403
from tests.web.test_link import *  # noqa: F403
from tests.web.test_organisation import *  # noqa: F403
from tests.web.test_second_factor import (  # noqa: F401
    test_a_code_is_taken_once_and_no_earlier_one_after_it,
    test_a_recovery_code_stands_for_a_code_once,
    test_a_trusted_device_needs_no_code_for_90_days,
)
from tests.web.test_service_profile import *  # noqa: F403
from tests.web.test_sim import *  # noqa: F403
from tests.web.test_tag import *  # noqa: F403
from tests.web.test_user import (  # noqa: F401
    test_a_key_is_kept_as_a_hash_and_works_once_for_24_hours,
    test_a_new_link_resets_a_password_and_ends_all_logins,
    test_a_suspended_user_is_nobody_until_they_are_active_again,
    test_a_user_makes_a_second_factor_activates_it_and_is_asked_for_it,
    test_the_last_superadmin_stays_one,
    test_trusted_devices_are_listed_and_forgotten,
)


class Emptied(NamedTuple):
    """A database and its tables that migrations leave empty, which each test may fill."""

    url: str
    tables: list[str]


@pytest.fixture(scope="module")
def database(postgres_server: PostgresServer) -> Iterator[Emptied]:
    """One database for all tests of this module: dropping one each costs more than they do."""
    url = postgres_server.new_database()
    migrate(PostgresEngine(url))
    with psycopg.connect(url) as connection:
        names = [name for (name,) in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()]
        empty = [
            name for name in names if connection.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(name))).fetchone() == (0,)
        ]
    yield Emptied(url, empty)
    postgres_server.drop_database(url)


@pytest.fixture
def url(database: Emptied) -> Iterator[str]:
    """That database, emptied after the test."""
    yield database.url
    with psycopg.connect(database.url, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")  # no foreign keys, so no order
        connection.execute(sql.SQL("; ").join(sql.SQL("DELETE FROM {}").format(sql.Identifier(name)) for name in database.tables))
