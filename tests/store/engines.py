"""Both engines for a suite: a class of tests takes its databases from `OnSqlite` or `OnPostgres`."""

from collections.abc import Callable
from pathlib import Path

import pytest

from heliograph.store.database import engine_of
from heliograph.store.migrate import migrate


def migrated(url: str) -> None:
    """Give an empty database this release's schema."""
    migrate(engine_of(url))


class OnSqlite:
    @pytest.fixture
    def empty_url(self, tmp_path: Path) -> str:
        return str(tmp_path / "heliograph.db")

    @pytest.fixture
    def url(self, empty_url: str) -> str:
        migrated(empty_url)
        return empty_url


class OnPostgres:
    @pytest.fixture
    def empty_url(self, new_postgres_database: Callable[..., str]) -> str:
        return new_postgres_database()

    @pytest.fixture
    def url(self, new_postgres_database: Callable[..., str]) -> str:
        return new_postgres_database(migrated)
