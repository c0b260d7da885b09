"""Both engines for a suite: a class of tests takes its databases from `OnSqlite` or `OnPostgres`."""

import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from heliograph.store.database import engine_of
from heliograph.store.engine import Session
from heliograph.store.ids import IdBlocks
from heliograph.store.migrate import migrate
from heliograph.store.sqlite import SqliteEngine
from heliograph.store.transaction import Transaction


def migrated(url: str) -> None:
    """Give an empty database this release's schema."""
    engine = engine_of(url)
    if isinstance(engine, SqliteEngine):
        engine.path.write_bytes(_migrated_file())
    else:
        migrate(engine)


def migrated_if_new(url: str) -> None:
    """The same for a SQLite file that is not there yet; what is there stays as it is."""
    engine = engine_of(url)
    if isinstance(engine, SqliteEngine) and not engine.path.exists():
        migrated(url)


@cache
def _migrated_file() -> bytes:
    """What `migrate` makes of a SQLite file: to write it again takes a hundredth of what making it does, and a thousand tests want one."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "migrated.db"
        engine = SqliteEngine(path)
        migrate(engine)
        session = engine.connect()
        session.script("PRAGMA wal_checkpoint(TRUNCATE)")
        session.close()
        return path.read_bytes()


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


class Undone:
    """Has one transaction a test, which is undone after it."""

    @pytest.fixture
    def tx(self, url: str) -> Iterator[Transaction]:
        session: Session = engine_of(url).connect()
        session.begin()
        yield Transaction(session, IdBlocks())
        session.rollback()
        session.close()
