"""The database that the settings name: its engine, and what to say where it cannot be reached."""

import sqlite3
from typing import Final

import psycopg

from heliograph.config import Config
from heliograph.setting import without_password
from heliograph.store.database import DatabaseLost, engine_of
from heliograph.store.engine import Engine

DATABASE_ERRORS: Final = (DatabaseLost, psycopg.OperationalError, sqlite3.OperationalError)
"""What a database that cannot be used raises."""


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
