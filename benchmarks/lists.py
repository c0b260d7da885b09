"""Lists and searches over the API with 1,000,000 messages and 100,000 devices: p50 and p95 of each, in milliseconds.

    .venv/bin/python benchmarks/lists.py
    .venv/bin/python benchmarks/lists.py --database postgresql://user@host/empty_database

The application answers in this process, from the token to the last octet of JSON, without sockets. Nine of ten devices and messages are
those of one organisation; the others share the rest. A request whose p95 is above the target is marked.
"""

import argparse
import asyncio
import json
import os
import statistics
import tempfile
import time
from types import SimpleNamespace
from typing import Any, cast

from heliograph.clock import SystemClock
from heliograph.metrics import Metrics
from heliograph.model.account import Role
from heliograph.model.ids import NodeId
from heliograph.model.notification import Courier
from heliograph.service.access import new_application_token
from heliograph.service.core import Core
from heliograph.service.dispatch import Queues
from heliograph.service.notify import Notifier
from heliograph.service.settle import LaneUseCases
from heliograph.store import account
from heliograph.store.database import Database, engine_of
from heliograph.store.engine import Session
from heliograph.store.query import Query
from heliograph.store.sqlite import SqliteSession
from heliograph.web.app import App, make_app

TARGET_MS = 200
ORGANISATIONS = 5
DAYS = 90
SETTINGS = SimpleNamespace(
    http=SimpleNamespace(public_url="http://localhost"),
    authenticate=SimpleNamespace(rate_per_5_min=0, lockout_failures=3, lockout_s=300),
    jwt_minutes=240,
)

# n: 1 to :rows. Of ten, nine belong to organisation 1.
NUMBERS = "WITH RECURSIVE numbers(n) AS (SELECT CAST(1 AS BIGINT) UNION ALL SELECT n + 1 FROM numbers WHERE n < CAST(:rows AS BIGINT))\n"
FILL = {
    "organisation": "INSERT INTO organisation (id, name, created_at_ms) SELECT n, 'Organisation ' || n, 0 FROM numbers",
    "tariff_profile": "INSERT INTO tariff_profile (id, organisation_id, name) SELECT n, n, 'Tariff' FROM numbers",
    "service_profile": """INSERT INTO service_profile (id, organisation_id, name, mt, mo, sms_a2p, sms_p2p_int, sms_p2p_ext,
        esme_interface_type_id, created_at_ms) SELECT n, n, 'Policy', 1, 1, 1, 0, 0, 1, 0 FROM numbers""",
    "device": """INSERT INTO device (id, organisation_id, name, tags, status_id, service_profile_id, tariff_profile_id, created_at_ms,
        last_updated_at_ms)
        SELECT n, CASE WHEN n % 10 > 0 THEN 1 ELSE 2 + n / 10 % 4 END, 'Meter ' || n,
        CASE WHEN n % 20000 = 1 THEN 'meter,rare' WHEN n % 10 = 3 THEN 'meter,north' ELSE 'meter' END, 0,
        CASE WHEN n % 10 > 0 THEN 1 ELSE 2 + n / 10 % 4 END, CASE WHEN n % 10 > 0 THEN 1 ELSE 2 + n / 10 % 4 END, n, n FROM numbers""",
    "sim": """INSERT INTO sim (id, organisation_id, iccid, imsi, msisdn, status_id, device_id, production_at_ms)
        SELECT n, CASE WHEN n % 10 > 0 THEN 1 ELSE 2 + n / 10 % 4 END, '' || (8988000000000000000 + n), '' || (901400000000000 + n),
        '' || (88500000000 + n), 1, n, 0 FROM numbers""",
    "lane": """INSERT INTO lane (id, organisation_id, link_id, device_id)
        SELECT n, CASE WHEN n % 10 > 0 THEN 1 ELSE 2 + n / 10 % 4 END, 1, n FROM numbers""",
    "message": """INSERT INTO message (id, organisation_id, device_id, sim_id, direction, traffic_class, lane_id, lane_seq, link_id, door,
        source, source_type, dest, payload, dcs, pid, udh, segments, segment_states, state, reason, reason_code, submitted_at_ms,
        expiry_at_ms, final_at_ms, attempts)
        SELECT n, CASE WHEN device % 10 > 0 THEN 1 ELSE 2 + device / 10 % 4 END, device, device, CASE WHEN n % 5 = 4 THEN 2 ELSE 1 END,
        CASE WHEN n % 5 = 4 THEN 'a2p_mo' ELSE 'a2p_mt' END, CASE WHEN n % 5 = 4 THEN NULL ELSE device END, n, 1, 'rest', '12345', 161,
        '' || (88500000000 + device), 'Meter ' || device || ': value ' || n || ' kWh, battery 87 %, rssi -71 dBm'
        || CASE WHEN n % 300007 = 1 THEN ' TAMPER' ELSE '' END, 0, 0, '', 1, 'd',
        CASE WHEN n % 99991 = 5 THEN 1 WHEN n % 50 = 7 THEN 5 WHEN n % 50 = 9 THEN 6 ELSE 4 END, NULL, NULL, :start_ms + n * :gap_ms,
        :start_ms + n * :gap_ms + 86400000, :start_ms + n * :gap_ms + 2000, 1
        FROM (SELECT n, CASE WHEN n % 50 = 0 THEN 1 ELSE 1 + n * 7919 % :devices END AS device FROM numbers) AS spread""",
    "attempt": """INSERT INTO attempt (message_id, number, segment, link_id, at_ms, answered_at_ms, outcome)
        SELECT n, 1, 1, 1, :start_ms + n * :gap_ms, :start_ms + n * :gap_ms + 20, 'accepted' FROM numbers""",
    "event": """INSERT INTO event (organisation_id, number, type, at_ms, device_id, message_id)
        SELECT 1, n, CASE WHEN n % 100 = 0 THEN 'device.enabled' ELSE 'sms.delivered' END, :start_ms + n * :gap_ms, 1 + n % :devices, n
        FROM numbers""",
}
UNDELIVERED = """INSERT INTO undelivered (organisation_id, state, submitted_at_ms, message_id)
    SELECT organisation_id, state, submitted_at_ms, id FROM message WHERE state > 4"""
WAITING = """UPDATE lane SET head_seq = waiting.lane_seq, next_seq = waiting.lane_seq + 1 FROM message AS waiting
    WHERE waiting.lane_id = lane.id AND waiting.state = 1"""


def requests(messages: int, devices: int, day: str, middle_ms: int) -> dict[str, str]:
    """What is asked, by what it is."""
    middle = messages // 2
    some, other = devices // 20 + 1, devices // 4 * 3 + 1
    sms = "/api/v1/sms"
    return {
        "messages: newest page": sms,
        "messages: 1000 of them": f"{sms}?per_page=1000",
        "messages: a page from the middle": f"{sms}?cursor={middle_ms}.{middle}",
        "messages: a day": f"{sms}?from={day}&until={day}T23:59:59Z",
        "messages: MO": f"{sms}?direction=MO",
        "messages: FAILED (2 %)": f"{sms}?status=FAILED",
        "messages: CANCELED (none)": f"{sms}?status=CANCELED",
        "messages: PENDING (10)": f"{sms}?status=DELIVERY ATTEMPT PENDING",
        "messages: BUFFERED (none)": f"{sms}?status=BUFFERED",
        "messages: tag of 10 %": f"{sms}?tag=north",
        "messages: tag of 5 devices": f"{sms}?tag=rare",
        "messages: text, in one page": f"{sms}?text=kWh&from={day}",
        "messages: text, 3 in all, 31 days": f"{sms}?text=tamper&from={day}",
        "messages: of a device with 10": f"{sms}?device={some}",
        "messages: of a device with 20,000": f"{sms}?device=1",
        "messages: text, of that device": f"{sms}?device=1&text=tamper",
        "messages: one": f"{sms}/{middle}",
        "messages: one's timeline": f"{sms}/{middle}/timeline",
        "device's messages: few": f"/api/v1/endpoint/{some}/sms",
        "device's messages: 20,000, per_page 100": "/api/v1/endpoint/1/sms?per_page=100",
        "devices: first page of 100": "/api/v1/endpoint?per_page=100",
        "devices: page 500 of 100": "/api/v1/endpoint?per_page=100&page=500",
        "devices: 1000 of them": "/api/v1/endpoint",
        "devices: by name, none": "/api/v1/endpoint?per_page=100&q=name:pump",
        "devices: by name, one": f"/api/v1/endpoint?per_page=100&q=name:meter {other}",
        "devices: by tag": "/api/v1/endpoint?per_page=100&q=tags:north",
        "devices: by iccid": f"/api/v1/endpoint?per_page=100&q=iccid:{other}",
        "devices: sorted by name": "/api/v1/endpoint?per_page=100&sort=-name",
        "devices: one": f"/api/v1/endpoint/{other}",
        "SIMs: first page of 100": "/api/v1/sim?per_page=100",
        "SIMs: by msisdn": "/api/v1/sim?per_page=100&q=msisdn:8850007777",
        "events: first page": "/api/v1/event",
    }


async def ask(app: App, path: str, token: str) -> tuple[int, int, dict[str, str]]:
    """GET: status, octets, headers."""
    path, _, query = path.partition("?")
    headers = [(b"authorization", b"Bearer " + token.encode()), (b"host", b"localhost")]
    scope = {
        "type": "http", "method": "GET", "path": path, "query_string": query.replace(" ", "%20").encode(), "headers": headers,
        "client": ("127.0.0.1", 1), "scheme": "http",
    }  # fmt: skip
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    await app(scope, receive, send)
    found = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], sum(len(each["body"]) for each in sent[1:]), found


def fill(session: Session, devices: int, messages: int, start_ms: int, gap_ms: int) -> None:
    """Make the rows, a statement a table."""
    counts = {"organisation": ORGANISATIONS, "tariff_profile": ORGANISATIONS, "service_profile": ORGANISATIONS}
    for table, text in FILL.items():
        rows = counts.get(table, devices if table in ("device", "sim", "lane") else messages)
        values = {"rows": rows, "devices": devices, "start_ms": start_ms, "gap_ms": gap_ms}
        select = text.index("SELECT")
        named = text[:select] + NUMBERS + text[select:]
        began = time.perf_counter()
        session.begin()
        session.run(
            Query(f"fill.{table}", named, writes=True, returns_rows=False), {key: values[key] for key in values if f":{key}" in named}
        )
        session.commit()
        print(f"{table:>16}: {rows:>9,} rows in {time.perf_counter() - began:.1f} s", flush=True)
    session.script(UNDELIVERED)
    session.script(WAITING)
    session.script("ANALYZE" if isinstance(session, SqliteSession) else "VACUUM (ANALYZE)")  # as autovacuum does soon after so many rows


async def measure(url: str, options: argparse.Namespace) -> bool:
    database = Database(engine_of(url))
    await database.open()
    clock = SystemClock()
    now_ms = clock.now_ms()
    gap_ms = DAYS * 86_400_000 // options.messages
    start_ms = now_ms - gap_ms * options.messages
    session = database.engine.connect()
    fill(session, options.devices, options.messages, start_ms, gap_ms)
    session.close()
    token, token_hash = new_application_token()
    await database.write(lambda tx: account.insert_token(tx, 1, token_hash, Role.ADMINISTRATOR, now_ms, creator_id=None, description="x"))  # type: ignore[arg-type]
    use_cases = LaneUseCases()
    notifier = Notifier(database, clock, NodeId(1), cast("Courier", None), asyncio.ensure_future)
    core = Core(database, clock, NodeId(1), Queues(clock, asyncio.ensure_future, use_cases), notifier)
    app = make_app(core, cast("Any", SETTINGS), Metrics(), lambda _: None)
    auth = await app.context.access.by_application_token(token, "127.0.0.1")
    day = time.strftime("%Y-%m-%d", time.gmtime((now_ms - 20 * 86_400_000) / 1000))
    within = True
    print(f"\n{'':>42} {'p50':>8} {'p95':>8}   octets")
    middle_ms = start_ms + gap_ms * (options.messages // 2)
    for name, path in requests(options.messages, options.devices, day, middle_ms).items():
        took: list[float] = []
        for _ in range(options.runs + 1):
            began = time.perf_counter()
            status, octets, headers = await ask(app, path, auth)
            took.append((time.perf_counter() - began) * 1000)
            assert status == 200, (path, status)
        took = sorted(took[1:])
        p95 = took[min(len(took) - 1, round(len(took) * 0.95))]
        part = "" if headers.get("x-search-complete", "true") == "true" else " (time was up)"
        mark = "" if p95 <= TARGET_MS else f"  above {TARGET_MS}"
        within = within and p95 <= TARGET_MS
        print(f"{name:>42} {statistics.median(took):>8.1f} {p95:>8.1f} {octets:>8,}{part}{mark}", flush=True)
    await database.close()
    return within


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", help="an empty PostgreSQL, postgresql://...; SQLite in a temporary folder if left out")
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--devices", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--json", action="store_true", help="say at the end whether all were within the target, as JSON")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        within = asyncio.run(measure(options.database or os.path.join(folder, "lists.db"), options))
    if options.json:
        print(json.dumps({"target_ms": TARGET_MS, "within": within}))


if __name__ == "__main__":
    main()
