"""Sites on PostgreSQL, for the claims of the directory above about what is managed: the same SQL text answers the same.

In several files, since two files run at once.
"""

from collections.abc import Iterator

import pytest

from tests.emptied import Emptied, emptied
from tests.postgres_server import PostgresServer


@pytest.fixture(scope="module")
def database(postgres_server: PostgresServer) -> Iterator[Emptied]:
    with emptied(postgres_server) as database:
        yield database


@pytest.fixture
def url(database: Emptied) -> Iterator[str]:
    yield database.url
    database.empty()
