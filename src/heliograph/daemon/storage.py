"""The database that the settings name: its engine, whether a daemon works on it, and what to say where it cannot be reached."""

import sqlite3
import time
from typing import Final

import psycopg

from heliograph.config import Config
from heliograph.setting import without_password
from heliograph.store import node
from heliograph.store.database import DatabaseLost, engine_of
from heliograph.store.engine import Engine

DATABASE_ERRORS: Final = (DatabaseLost, psycopg.OperationalError, sqlite3.OperationalError)
"""What a database that cannot be used raises."""


BEATS_WITHIN_S: Final = 5.0
"""A daemon beats every 2 s; a machine may be busy."""


def engine_for(config: Config) -> Engine:
    """The engine of `database`; opens nothing. Raises EngineTooOld."""
    return engine_of(str(config.sqlite_path or config.database))


def unreachable(config: Config, error: BaseException) -> str:
    """One line that names the setting at fault."""
    origin = config.origins.get("database", "default")
    where = without_password(str(config.sqlite_path or config.database))
    why = without_password(" ".join(str(error).split()))
    what = "see that its file and directory can be written" if config.sqlite_path else "see that the server runs and takes this user"
    return f"cannot use the database {where} (setting database, {origin}): {why}; {what}, or correct the setting"


def is_served(engine: Engine) -> bool:
    """Whether the heart of a daemon beats on a database that has a schema: known at the first beat, denied after 5 s."""
    seen = _beats(engine)
    until = time.monotonic() + BEATS_WITHIN_S
    while seen and time.monotonic() < until:
        time.sleep(0.2)
        if any(beat != seen.get(node_id, beat) for node_id, beat in _beats(engine).items()):
            return True
    return False


def _beats(engine: Engine) -> dict[int, int]:
    session = engine.connect(read_only=True)
    try:
        return {int(row[0]): int(row[1]) for row in session.run(node.Q["others"], {"id": 0})}
    finally:
        session.close()
