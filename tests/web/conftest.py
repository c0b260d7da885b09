"""A site for each test of this directory, on SQLite; `on_postgres` runs claims about what is managed on PostgreSQL."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from heliograph.store.migrate import migrate
from heliograph.store.sqlite import SqliteEngine
from tests.core_world import World
from tests.web.site import EMPTY, Settings, Site


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with its tables and nothing in them; making one costs more than copying it."""
    path = tmp_path_factory.mktemp("web") / "empty.db"
    engine = SqliteEngine(path)
    migrate(engine)
    session = engine.connect()
    session.script("PRAGMA wal_checkpoint(TRUNCATE)")
    session.close()
    return path


@pytest.fixture
def url(tmp_path: Path, empty_database: Path) -> str:
    """The database."""
    return str(shutil.copy(empty_database, tmp_path / "heliograph.db"))


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
