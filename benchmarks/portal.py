"""The portal's pages with 1,000,000 messages and 100,000 devices: p50 and p95 of each on the server, in milliseconds.

    .venv/bin/python benchmarks/portal.py

The application answers in this process, from the cookie to the last octet of HTML, without sockets. The data is that of lists.py. A page
whose p95 is above the target is marked; at the end stands how much longer a device with 20,000 messages takes to open than one with 20.
"""

import argparse
import asyncio
import os
import statistics
import tempfile
import time
from typing import Any, cast

from lists import DAYS, SETTINGS, TARGET_MS, fill

from heliograph.clock import SystemClock
from heliograph.metrics import Metrics
from heliograph.model.account import Role
from heliograph.model.ids import NodeId, OrganisationId
from heliograph.model.notification import Courier
from heliograph.service import session
from heliograph.service.core import Core
from heliograph.service.dispatch import Queues
from heliograph.service.notify import Notifier
from heliograph.service.settle import LaneUseCases
from heliograph.store import account
from heliograph.store.database import Database, engine_of
from heliograph.store.query import Query
from heliograph.web.app import App, make_app

WITH_20, WITH_20_000 = 2, 1
"""Devices: the second has 20,000 messages by `lists.py`, the first gets 20 here."""
MORE = """UPDATE message SET device_id = 2, lane_id = 2 WHERE id IN (SELECT id FROM message WHERE device_id NOT IN (1, 2)
    AND organisation_id = 1 ORDER BY id LIMIT :missing)"""


def pages(devices: int) -> dict[str, str]:
    """What is opened, by what it is."""
    other = devices // 4 * 3 + 1
    return {
        "console: a device with 20 messages": f"/devices/{WITH_20}",
        "console: a device with 20,000": f"/devices/{WITH_20_000}",
        "console: older messages of that": f"/devices/{WITH_20_000}?before=500000",
        "devices: first page": "/devices",
        "devices: page 1000": "/devices?page=1000",
        "devices: search, one found": f"/devices?q=meter {other}",
        "devices: search, none": "/devices?q=pump",
        "devices: search, a number": "/devices?q=8850007777",
        "devices: by tag": "/devices?tag=north",
        "devices: by policy": "/devices?policy=1",
        "devices: sorted by MSISDN": "/devices?sort=-msisdn",
        "messages: newest": "/messages",
        "messages: failed": "/messages?state=failed",
        "messages: a text of the last days": "/messages?q=kWh",
    }


async def open_page(app: App, path: str, cookie: str) -> tuple[int, int]:
    """GET: status, octets."""
    path, _, query = path.partition("?")
    scope = {
        "type": "http", "method": "GET", "path": path, "query_string": query.replace(" ", "%20").encode(), "scheme": "http",
        "headers": [(b"cookie", f"heliograph={cookie}".encode()), (b"host", b"localhost")], "client": ("127.0.0.1", 1),
    }  # fmt: skip
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    await app(scope, receive, send)
    return sent[0]["status"], sum(len(each["body"]) for each in sent[1:])


async def measure(options: argparse.Namespace, url: str) -> None:
    database = Database(engine_of(url))
    await database.open()
    clock = SystemClock()
    now_ms = clock.now_ms()
    gap_ms = DAYS * 86_400_000 // options.messages
    opened = database.engine.connect()
    fill(opened, options.devices, options.messages, now_ms - gap_ms * options.messages, gap_ms)
    opened.begin()
    (count,) = opened.run(Query("portal.count", "SELECT count(*) FROM message WHERE device_id = 2"), {})[0]
    opened.run(Query("portal.more", MORE, writes=True, returns_rows=False), {"missing": 20 - count})
    opened.commit()
    opened.close()
    user_id = await database.write(account.insert_user, OrganisationId(1), "a@example.org", "A", None, Role.ADMINISTRATOR, now_ms)
    assert user_id is not None
    user = await database.read(account.user, user_id)
    assert user is not None
    notifier = Notifier(database, clock, NodeId(1), cast("Courier", None), asyncio.ensure_future)
    core = Core(database, clock, NodeId(1), Queues(clock, asyncio.ensure_future, LaneUseCases()), notifier)
    app = make_app(core, cast("Any", SETTINGS), Metrics(), lambda _: None)
    app.context._origin = "http://localhost"
    cookie = await session.begin(core, user, "127.0.0.1", "benchmark")
    print(f"\n{'':>40} {'p50':>8} {'p95':>8}   octets")
    took: dict[str, list[float]] = {name: [] for name in pages(options.devices)}
    octets: dict[str, int] = {}
    for run in range(options.runs + 1):  # in turns, so that what disturbs the machine disturbs all
        for name, path in pages(options.devices).items():
            began = time.perf_counter()
            status, octets[name] = await open_page(app, path, cookie)
            assert status == 200, (path, status)
            if run:
                took[name].append((time.perf_counter() - began) * 1000)
    p95 = {name: sorted(each)[min(len(each) - 1, round(len(each) * 0.95))] for name, each in took.items()}
    for name, each in took.items():
        mark = "" if p95[name] <= TARGET_MS else f"  above {TARGET_MS}"
        print(f"{name:>40} {statistics.median(each):>8.1f} {p95[name]:>8.1f} {octets[name]:>8,}{mark}", flush=True)
    few, many = list(took)[:2]
    print(f"\nopening 20,000 messages against 20: p50 x {statistics.median(took[many]) / statistics.median(took[few]):.2f}, ", end="")
    print(f"p95 x {p95[many] / p95[few]:.2f}")
    await database.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--devices", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=20)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(measure(options, os.path.join(folder, "portal.db")))


if __name__ == "__main__":
    main()
