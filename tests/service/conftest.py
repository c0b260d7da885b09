"""A world for each test of this directory: on SQLite, since the contract suite shows that both engines behave alike."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.core_world import Setting, World


@pytest.fixture
def setting(request: pytest.FixtureRequest) -> Setting:
    """What of the world is otherwise: `@pytest.mark.parametrize("setting", [Setting(...)])`."""
    return getattr(request, "param", Setting())


@pytest.fixture
async def world(tmp_path: Path, setting: Setting) -> AsyncIterator[World]:
    async with World(str(tmp_path / "heliograph.db"), setting) as world:
        yield world
