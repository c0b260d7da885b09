"""PostgreSQL 15 and later by psycopg 3: synchronous_commit=on, prepared statements, one statement for a table of rows."""

from typing import Any

import psycopg
from psycopg import errors
from psycopg.conninfo import conninfo_to_dict

from heliograph.store.engine import EngineTooOld
from heliograph.store.postgres_session import PostgresSession

CONFLICTS = (errors.DeadlockDetected, errors.SerializationFailure, errors.LockNotAvailable)
"""A transaction that ends in one of these lost a race and may simply run again."""

OLDEST = 150000
NETWORK = {
    "connect_timeout": "10",
    "tcp_user_timeout": "10000",
    "keepalives": "1",
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "3",
}
"""A network that is dead is noticed after 10 s of sending and after 11 s of waiting: else the writer would wait for a quarter of an hour,
as TCP does by itself. What the operator's URL says of these counts instead."""
SERVER_NETWORK = ("tcp_user_timeout = 10000", "tcp_keepalives_idle = 5", "tcp_keepalives_interval = 2", "tcp_keepalives_count = 3")
"""The same for the server's end, which else keeps the locks of a machine that is gone for two hours. Not where the URL has `options`."""
PLANS = (
    "jit = off",
    "enable_seqscan = off",
    "enable_hashjoin = off",
    "enable_mergejoin = off",
    "plan_cache_mode = force_generic_plan",
    "max_parallel_workers_per_gather = 0",
)
"""One plan for each statement, by its indexes, as good for many rows as for few. Parallel workers are processes that are started for each
run: the overview's sums took 16 ms by them, once the planner knew how large the tables are, and 0.4 ms without."""


class PostgresEngine:
    """One database. Made with a `postgresql://` URL."""

    name = "postgres"

    def __init__(self, url: str) -> None:
        self.url = url

    def connect(self, *, read_only: bool = False) -> PostgresSession:
        asked = conninfo_to_dict(self.url)
        missing: dict[str, Any] = {name: value for name, value in NETWORK.items() if name not in asked}
        connection = psycopg.connect(self.url, autocommit=True, prepare_threshold=None, **missing)
        if connection.info.server_version < OLDEST:
            raise EngineTooOld(f"PostgreSQL {connection.info.server_version // 10000} is too old: 15 or later is needed.")
        connection.execute("SET synchronous_commit = on")
        connection.execute("SET client_encoding = 'UTF8'")
        for setting in PLANS:
            connection.execute(f"SET {setting}")
        for setting in () if "options" in asked else SERVER_NETWORK:
            connection.execute(f"SET {setting}")
        if read_only:
            connection.execute("SET default_transaction_read_only = on")
        return PostgresSession(connection)

    def checkpointer(self) -> None:
        return None

    def is_conflict(self, error: BaseException) -> bool:
        return isinstance(error, CONFLICTS)

    def is_lost(self, error: BaseException) -> bool:
        return isinstance(error, psycopg.OperationalError) and not self.is_conflict(error)

    def adapt_schema(self, text: str) -> str:
        return text.replace("-- postgres:", "")
