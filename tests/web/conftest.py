"""A site for each test of this directory, on SQLite; `on_postgres` runs claims about what is managed on PostgreSQL."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.core_world import World
from tests.web.site import EMPTY, Settings, Site


@pytest.fixture
def url(tmp_path: Path) -> str:
    """The database."""
    return str(tmp_path / "heliograph.db")


@pytest.fixture
def settings(request: pytest.FixtureRequest) -> Settings:
    """What of the settings is otherwise: `@pytest.mark.parametrize("settings", [Settings(...)], indirect=True)`."""
    return getattr(request, "param", Settings())


@pytest.fixture
async def site(url: str, settings: Settings) -> AsyncIterator[Site]:
    async with World(url, EMPTY) as world:
        site = Site(world, settings)
        await site.open()
        yield site
