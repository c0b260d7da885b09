"""The tests of the core once more, over PostgreSQL: what they claim holds on either engine."""

from collections.abc import AsyncIterator, Callable

import pytest

from tests.core_world import Setting, World
from tests.store.engines import migrated


@pytest.fixture
def setting(request: pytest.FixtureRequest) -> Setting:
    return getattr(request, "param", Setting())


@pytest.fixture
async def world(new_postgres_database: Callable[..., str], setting: Setting) -> AsyncIterator[World]:
    async with World(new_postgres_database(migrated), setting) as world:
        yield world


@pytest.fixture
def smpp_url(new_postgres_database: Callable[..., str]) -> str:
    return new_postgres_database(migrated)
