"""The database of a server under test: SQLite here; `tests/contract/on_postgres` runs the same over PostgreSQL."""

from pathlib import Path

import pytest


@pytest.fixture
def smpp_url(tmp_path: Path) -> str:
    return str(tmp_path / "heliograph.db")
