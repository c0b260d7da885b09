"""The schema, forward only: `migrations/NNNN_name.sql`, each in one transaction with the row that says it was applied."""

import re
import time
from contextlib import suppress
from dataclasses import dataclass
from importlib import resources

from heliograph.store.engine import Engine, Scalar, Session
from heliograph.store.postgres import CONFLICTS
from heliograph.store.query import Query
from heliograph.store.transaction import Transaction

_EXISTS = {
    "sqlite": "SELECT count(*) FROM sqlite_master WHERE name = 'schema_version'",
    "postgres": "SELECT count(*) FROM pg_tables WHERE tablename = 'schema_version' AND schemaname = current_schema()",
}
_LOCK = {"postgres": "SELECT pg_advisory_xact_lock(7235489611)"}
TRIES = 5
"""Where a daemon of the release before still works, the two may wait for each other's locks, and PostgreSQL ends one of them. SQLite has
waited for its one lock already."""
_VERSION = Query("migrate.version", "SELECT coalesce(max(version), 0) FROM schema_version")
_CREATE = "CREATE TABLE schema_version (version BIGINT PRIMARY KEY, name TEXT NOT NULL, applied_at_ms BIGINT NOT NULL)"


class SchemaTooNew(Exception):
    """The database was used by a later release. Going back is not supported: restore the backup made before the upgrade."""


@dataclass(frozen=True, slots=True)
class Migration:
    version: int
    name: str
    text: str


def migrations() -> list[Migration]:
    """All that this release knows, oldest first."""
    folder = resources.files("heliograph.store").joinpath("migrations")
    named = [(file, re.fullmatch(r"(\d{4})_(\w+)\.sql", file.name)) for file in folder.iterdir()]
    found = [Migration(int(match[1]), match[2], file.read_text(encoding="utf-8")) for file, match in named if match]
    return sorted(found, key=lambda migration: migration.version)


def migrate(engine: Engine, *, up_to: int | None = None) -> list[Migration]:
    """Apply what the database lacks; processes that start together wait for each other. Returns what was applied.

    `up_to`: the last version to apply, where it is not to become this release's. Raises SchemaTooNew."""
    for _ in range(TRIES - 1):
        with suppress(*CONFLICTS):
            return _migrate(engine, up_to)
    return _migrate(engine, up_to)


def refuse_newer(tx: Transaction, known: int) -> None:
    """Raise SchemaTooNew where a later release has brought the schema beyond the version that this one knows."""
    _refuse_newer(int(tx.run(_VERSION)[0][0]), known)


def schema_version(engine: Engine) -> int:
    """The version of the database's schema; 0 where there is none."""
    session = engine.connect()
    try:
        return _version(engine, session)
    finally:
        session.close()


def _migrate(engine: Engine, up_to: int | None) -> list[Migration]:
    session = engine.connect()
    try:
        session.begin()
        applied = _apply_missing(engine, session, up_to)
        session.commit()
    finally:
        session.close()
    return applied


def _refuse_newer(version: int, known: int) -> None:
    if version > known:
        raise SchemaTooNew(f"the database has schema {version}, this release knows {known}: use the release that wrote it, or a later one")


def _apply_missing(engine: Engine, session: Session, up_to: int | None) -> list[Migration]:
    if lock := _LOCK.get(engine.name):
        session.run(Query("migrate.lock", lock), {})
    known = migrations()
    version = _version(engine, session)
    _refuse_newer(version, known[-1].version)
    if version == 0:
        session.script(engine.adapt_schema(_CREATE))
    missing = [migration for migration in known if migration.version > version and (up_to is None or migration.version <= up_to)]
    for migration in missing:
        session.script(engine.adapt_schema(migration.text))
        values: dict[str, Scalar] = {"version": migration.version, "name": migration.name, "now": time.time_ns() // 1_000_000}
        session.run(
            Query("migrate.note", "INSERT INTO schema_version VALUES (:version, :name, :now)", writes=True, returns_rows=False), values
        )
    return missing


def _version(engine: Engine, session: Session) -> int:
    if session.run(Query("migrate.exists", _EXISTS[engine.name]), {})[0][0] == 0:
        return 0
    return int(session.run(_VERSION, {})[0][0])
