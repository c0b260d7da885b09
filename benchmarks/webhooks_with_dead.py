"""100 webhooks, of which 10 are dead or drip, and 20,000 events: rate and p99 of the live ones beside a run without the dead, in turn, and
the medians of all rounds; then memory and rate with a million deliveries waiting for one that is degraded.

    .venv/bin/python benchmarks/webhooks_with_dead.py                      # SQLite
    .venv/bin/python benchmarks/webhooks_with_dead.py --rounds 1 --backlog 0

The engine is the daemon's own (writer, notifier, fan-out, pycurl courier) in one process, receivers in another; a live one answers after
50 ms. Of ten dead ones five take a connection and never answer, five drip an octet a second. Events are put into the feed at a steady rate,
in turn to all webhooks. p99 is from the event to the end of its delivery.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import httptools
import uvloop

from heliograph.clock import SystemClock
from heliograph.model.webhook import Format, Scope, ScopeType, WebhookSettings, written
from heliograph.service import housekeeping
from heliograph.service.fan_out import FanOut
from heliograph.service.notify import Notifier
from heliograph.store import webhook as webhook_store
from heliograph.store.database import Database, engine_of
from heliograph.store.feed import Emitted
from heliograph.store.query import Query
from heliograph.store.transaction import Transaction
from heliograph.webhooks.courier import WebhookCourier
from heliograph.webhooks.egress import LOOPBACK
from heliograph.webhooks.settings import CourierSettings

WEBHOOKS, DEAD = 100, 10
ANSWER_S = 0.05
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
INSERT = """INSERT INTO notification (id, organisation_id, callback_id, message_id, type, method, body, created_at_ms, state, due_at_ms)
WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :count)
SELECT :first + i, 1, :webhook, 0, 'device.enabled', 'POST', '{"id":1}', :now, 1, :now FROM n"""


class Live(asyncio.Protocol):
    """Answers each request after 50 ms and keeps the connection."""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.parser = httptools.HttpRequestParser(self)

    def data_received(self, octets: bytes) -> None:
        self.parser.feed_data(octets)

    def on_message_complete(self) -> None:
        asyncio.get_running_loop().call_later(ANSWER_S, self._answer)

    def _answer(self) -> None:
        if not self.transport.is_closing():
            self.transport.write(OK)


class Silent(asyncio.Protocol):
    """Takes everything and says nothing."""


class Dripping(asyncio.Protocol):
    """An octet a second."""

    def connection_made(self, transport: Any) -> None:
        self.task = asyncio.ensure_future(self._drip(transport))

    def connection_lost(self, _error: Exception | None) -> None:
        self.task.cancel()

    async def _drip(self, transport: Any) -> None:
        for octet in OK * 100:
            transport.write(bytes([octet]))
            await asyncio.sleep(1)


def receive(ports: Any, kinds: list[type[asyncio.Protocol]]) -> None:
    """The receivers' process: a port for each."""

    async def serve() -> None:
        loop = asyncio.get_running_loop()
        servers = [await loop.create_server(kind, "127.0.0.1", 0, backlog=1000) for kind in kinds]
        ports.put([server.sockets[0].getsockname()[1] for server in servers])
        await asyncio.Event().wait()

    uvloop.run(serve())


class Run:
    """The engine over a new database, with a webhook a receiver."""

    async def start(self, url: str, ports: list[int]) -> None:
        await self.open(url, ports)
        self.begin()
        await asyncio.sleep(1.5)  # the engine has seen the webhooks

    async def open(self, url: str, ports: list[int]) -> None:
        """Everything there, and nothing delivered yet."""
        self.tasks: set[asyncio.Future[Any]] = set()
        self.database = Database(engine_of(url))
        await self.database.open()
        clock = SystemClock()
        node_id = await housekeeping.start_node(self.database, "benchmark", clock.now_ms())
        courier = WebhookCourier(CourierSettings(egress=LOOPBACK, in_flight_per_receiver=250), clock)
        self.notifier = Notifier(self.database, clock, node_id, courier, self.spawn)
        self.fan_out = FanOut(self.database, clock, node_id, self.notifier)
        self.ids = await self.database.write(self._webhooks, ports)

    def begin(self) -> None:
        self.spawn(self.fan_out.run())
        self.spawn(self.notifier.run())

    def spawn(self, call: Any) -> asyncio.Future[Any]:
        task = asyncio.ensure_future(call)
        self.tasks.add(task)
        return task

    async def stop(self) -> None:
        await self.notifier.stop(1)
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        await self.database.close()

    def _webhooks(self, tx: Transaction, ports: list[int]) -> list[int]:
        made = []
        write = Query("b.o", "INSERT INTO organisation (id, name, created_at_ms) VALUES (1, 'B', 0)", writes=True, returns_rows=False)
        tx.run(write)
        for number, port in enumerate(ports):
            scope = Scope(ScopeType.DEVICES, (number + 1,))
            settings = written(WebhookSettings(format=Format.NATIVE, events=("device.enabled",), scope=scope))
            made.append(webhook_store.insert(tx, 1, f"http://127.0.0.1:{port}/", "b", settings, 0, secret="whsec_" + "c2VjcmV0" * 4))
        webhook_store.begin_cursor(tx, 1)
        return [int(each or 0) for each in made]

    async def events(self, count: int, per_second: int) -> None:
        """Put events into the feed, in turn to all webhooks."""
        began, sent = time.monotonic(), 0
        while sent < count:
            due = min(count, int((time.monotonic() - began) * per_second) + 1)
            if due > sent:
                await self.database.write(emit, sent, due, int(time.time() * 1000))
                sent = due
            await asyncio.sleep(0.01)

    async def rows(self, text: str) -> list[Any]:
        return await self.database.read(lambda tx: tx.run(Query(f"b.{text}", text)))


def emit(tx: Transaction, first: int, until: int, now_ms: int, webhooks: int = WEBHOOKS) -> None:
    for number in range(first, until):
        tx.emit(Emitted(1, "device.enabled", now_ms, number % webhooks + 1))


async def measured(folder: Path, ports: list[int], live: int, count: int, per_second: int) -> dict[str, float]:
    """Rate, p50 and p99 of the live webhooks."""
    run = Run()
    await run.start(str(folder / f"{time.monotonic()}.db"), ports)
    wanted = ", ".join(map(str, run.ids[:live]))
    expected = sum(1 for number in range(count) if number % WEBHOOKS < live)
    began, cpu = time.monotonic(), time.process_time()
    await run.events(count, per_second)
    done = f"SELECT count(*) FROM notification WHERE state = 2 AND callback_id IN ({wanted})"
    while (await run.rows(done))[0][0] < expected:
        await asyncio.sleep(0.1)
    took, cpu = time.monotonic() - began, time.process_time() - cpu
    waited = await run.rows(f"SELECT final_at_ms - created_at_ms FROM notification WHERE state = 2 AND callback_id IN ({wanted})")
    lags = sorted(int(row[0]) for row in waited)
    await run.stop()
    return {
        "deliveries/s": expected / took,
        "p50_ms": statistics.median(lags),
        "p99_ms": lags[int(len(lags) * 0.99)],
        "cpu_us_each": cpu / expected * 1e6,
    }


async def backlogged(folder: Path, ports: list[int], waiting: int, count: int, per_second: int) -> dict[str, float]:
    """The same beside `waiting` deliveries for the last webhook, which is degraded; memory."""
    run = Run()
    await run.start(str(folder / "backlog.db"), ports)
    dead = run.ids[-1]

    def pile(tx: Transaction) -> None:
        first = tx.ids("notification", waiting)[0] if waiting <= 1000 else 10_000_000
        values = {"count": waiting, "first": first, "webhook": dead, "now": int(time.time() * 1000)}
        tx.run(Query("b.pile", INSERT, writes=True, returns_rows=False), **values)

    before = _rss_mb()
    began = time.monotonic()
    await run.database.write(pile)
    print(f"  {waiting} rows were made in {time.monotonic() - began:.0f} s; memory before {before:.0f} MB")
    wanted = ", ".join(map(str, run.ids[: WEBHOOKS - DEAD]))
    expected = sum(1 for number in range(count) if number % WEBHOOKS < WEBHOOKS - DEAD)
    await asyncio.sleep(20)  # it fails and is degraded
    started = time.monotonic()
    await run.events(count, per_second)
    while (await run.rows(f"SELECT count(*) FROM notification WHERE state = 2 AND callback_id IN ({wanted})"))[0][0] < expected:
        await asyncio.sleep(0.1)
    took = time.monotonic() - started
    waited = await run.rows(f"SELECT final_at_ms - created_at_ms FROM notification WHERE state = 2 AND callback_id IN ({wanted})")
    lags = sorted(int(row[0]) for row in waited)
    still = (await run.rows(f"SELECT count(*) FROM notification WHERE due_at_ms IS NOT NULL AND callback_id = {dead}"))[0][0]
    found = {
        "waiting": still,
        "deliveries/s": expected / took,
        "p99_ms": lags[int(len(lags) * 0.99)],
        "rss_mb": _rss_mb(),
        "grown_mb": _rss_mb() - before,
    }
    await run.stop()
    return found


def _rss_mb() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--per-second", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--backlog", type=int, default=1_000_000)
    asked = parser.parse_args()
    found: multiprocessing.Queue[list[int]] = multiprocessing.Queue()
    kinds: list[type[asyncio.Protocol]] = [Live] * WEBHOOKS + [Silent] * (DEAD // 2) + [Dripping] * (DEAD - DEAD // 2)
    receivers = multiprocessing.Process(target=receive, args=(found, kinds), daemon=True)
    receivers.start()
    ports = found.get(timeout=30)
    live = WEBHOOKS - DEAD
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with_dead = [*ports[:live], *ports[WEBHOOKS:]]
        runs: dict[str, list[dict[str, float]]] = {"all live": [], "10 dead": []}
        for _ in range(asked.rounds):
            for what, chosen in (("all live", ports[:WEBHOOKS]), ("10 dead", with_dead)):
                runs[what].append(uvloop.run(measured(folder, chosen, live, asked.events, asked.per_second)))
                _say(what, runs[what][-1])
        medians = {what: {key: statistics.median(each[key] for each in of) for key in of[0]} for what, of in runs.items()}
        for what, median in medians.items():
            _say(f"median, {what}", median)
        ratios = {key: value / medians["all live"][key] for key, value in medians["10 dead"].items()}
        print("10 dead to all live", json.dumps({key: round(value, 3) for key, value in ratios.items()}), flush=True)
        if asked.backlog:
            _say(
                f"{asked.backlog} waiting",
                uvloop.run(backlogged(folder, with_dead, asked.backlog, asked.events // 4, asked.per_second)),
            )
    receivers.kill()


def _say(what: str, result: dict[str, float]) -> None:
    print(what, json.dumps({key: round(value, 1) for key, value in result.items()}), flush=True)


if __name__ == "__main__":
    main()
