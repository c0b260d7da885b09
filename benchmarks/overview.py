"""The roll-up of the overview over 1,000,000 messages of 30 days and 100,000 devices: what it costs, and how fast the overview is read.

.venv/bin/python benchmarks/overview.py
.venv/bin/python benchmarks/overview.py --database postgresql://user@host/empty_database
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from types import SimpleNamespace
from typing import Any, cast

from heliograph.clock import SystemClock
from heliograph.model.account import Actor, Door, Role
from heliograph.model.ids import OrganisationId
from heliograph.model.overview import RANGES
from heliograph.service import rollup
from heliograph.service.core import Core
from heliograph.service.overview import overview
from heliograph.store import overview as store
from heliograph.store.database import Database, engine_of
from heliograph.store.query import Query
from heliograph.store.transaction import Transaction
from heliograph.store.usage import day_of

NUMBERS = "WITH RECURSIVE numbers(n) AS (SELECT CAST(1 AS BIGINT) UNION ALL SELECT n + 1 FROM numbers WHERE n < CAST(:rows AS BIGINT))\n"
FILL = {
    "organisation": "INSERT INTO organisation (id, name, created_at_ms) SELECT n, 'Organisation', 0 FROM numbers",
    "tariff_profile": "INSERT INTO tariff_profile (id, organisation_id, name) SELECT n, n, 'Tariff' FROM numbers",
    "service_profile": """INSERT INTO service_profile (id, organisation_id, name, mt, mo, sms_a2p, sms_p2p_int, sms_p2p_ext,
        esme_interface_type_id, created_at_ms) SELECT n, n, 'Policy', 1, 1, 1, 0, 0, 1, 0 FROM numbers""",
    "device": """INSERT INTO device (id, organisation_id, name, status_id, service_profile_id, tariff_profile_id, created_at_ms,
        last_updated_at_ms) SELECT n, 1, 'Meter ' || n, 0, 1, 1, n, n FROM numbers""",
    "message": """INSERT INTO message (id, organisation_id, device_id, direction, traffic_class, door, source, source_type, dest, payload,
        dcs, pid, udh, segments, segment_states, state, reason_code, submitted_at_ms, expiry_at_ms, final_at_ms)
        SELECT n, 1, 1 + n * 7919 % :devices, 1, 'a2p_mt', 'rest', '1', 1, '2', 'x', 0, 0, '', 1, 'd', 4,
        CASE WHEN n % 20 = 7 THEN 'permanent' END,
        :start_ms + n * :gap_ms, :start_ms + n * :gap_ms, :start_ms + n * :gap_ms FROM numbers""",
}
COUNTERS = """INSERT INTO usage_counter (scope, scope_id, period, traffic, used)
    SELECT 'device', n, :day, 'mt', 1 + n % 7 FROM numbers"""
EVENTS = """INSERT INTO event (organisation_id, number, type, at_ms, device_id, message_id)
    SELECT 1, 2 * n - 1, 'sms.accepted', :start_ms + n * :gap_ms, 1, n FROM numbers
    UNION ALL SELECT 1, 2 * n, CASE WHEN n % 20 = 7 THEN 'sms.failed' ELSE 'sms.delivered' END,
    :start_ms + n * :gap_ms + n * 977 % 60000, 1, n FROM numbers"""
FEED = "INSERT INTO feed (organisation_id, last_number) VALUES (1, :last)"


async def measure(url: str, messages: int, devices: int) -> None:
    database = Database(engine_of(url))
    await database.open()
    now_ms = time.time_ns() // 1_000_000
    gap_ms = 30 * 86_400_000 // messages
    values = {"start_ms": now_ms - messages * gap_ms, "gap_ms": gap_ms, "devices": devices}
    rows = {"organisation": 1, "tariff_profile": 1, "service_profile": 1, "device": devices, "message": messages}
    for table, text in FILL.items():
        await database.write(
            _run, _with_numbers(text), {name: value for name, value in values.items() if f":{name}" in text} | {"rows": rows[table]}
        )
    await database.write(_run, _with_numbers(EVENTS), {"rows": messages, "start_ms": now_ms - messages * gap_ms, "gap_ms": gap_ms})
    for day in range(30):
        values = {"rows": devices, "day": day_of(now_ms - day * 86_400_000)}
        await database.write(_run, _with_numbers(COUNTERS), values)
    await database.write(_run, FEED, {"last": 2 * messages})
    core = cast("Core", SimpleNamespace(database=database, clock=SystemClock()))
    writing = 0.0
    original = database.write

    async def timed(function: Any, *args: Any) -> Any:
        nonlocal writing
        begun = time.perf_counter()
        answer = await original(function, *args)
        writing += (time.perf_counter() - begun) * (function is store.add)
        return answer

    database.write = timed  # type: ignore[method-assign]
    begun = time.perf_counter()
    await rollup.catch_up(core)
    took = time.perf_counter() - begun
    print(f"added up {2 * messages} events in {took:.1f} s, of which the writer {writing:.1f} s: "
          f"{writing / messages * 1e6:.1f} us of the writer a message")  # fmt: skip
    begun = time.perf_counter()
    await rollup.look_for_busiest(core)
    print(f"looked for the busiest devices in {time.perf_counter() - begun:.2f} s")
    actor = Actor(OrganisationId(1), "Organisation", Role.OBSERVER, Door.PORTAL)
    for name in RANGES:
        times = []
        for _ in range(20):
            begun = time.perf_counter()
            await overview(core, actor, name)
            times.append((time.perf_counter() - begun) * 1000)
        print(f"{name:4} p50 {statistics.median(times):6.1f} ms   p95 {statistics.quantiles(times, n=20)[-1]:6.1f} ms")
    await database.close()


def _with_numbers(text: str) -> str:
    select = text.index("SELECT")
    return text[:select] + NUMBERS + text[select:]


def _run(tx: Transaction, text: str, values: dict[str, Any]) -> None:
    tx.run(Query(f"fill.{text.split()[2]}", text, writes=True, returns_rows=False), **values)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--database", help="PostgreSQL; else SQLite in a new folder")
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--devices", type=int, default=100_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(measure(options.database or f"{folder}/overview.db", options.messages, options.devices))


if __name__ == "__main__":
    main()
