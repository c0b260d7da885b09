"""The tests of the core once more, over PostgreSQL: what they claim holds on either engine."""

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.core_world import Setting, World
from tests.emptied import Emptied, emptied
from tests.postgres_server import PostgresServer


@pytest.fixture(scope="module")
def database(postgres_server: PostgresServer) -> Iterator[Emptied]:
    with emptied(postgres_server) as database:
        yield database


@pytest.fixture
def smpp_url(database: Emptied) -> Iterator[str]:
    yield database.url
    database.empty()


@pytest.fixture
def setting(request: pytest.FixtureRequest) -> Setting:
    return getattr(request, "param", Setting())


@pytest.fixture
async def world(smpp_url: str, setting: Setting) -> AsyncIterator[World]:
    async with World(smpp_url, setting) as world:
        yield world
