"""The most deliveries a second of the webhooks' engine: receivers that answer at once, and more waiting than it can call.

    .venv/bin/python benchmarks/webhook_engine.py
    .venv/bin/python benchmarks/webhook_engine.py --database postgresql://user@host/empty_database --rounds 1

Writer, notifier, fan-out and pycurl courier in one process (the daemon's courier has its own); receivers in another. Three steps, each with
all of the one before: the courier alone, given 64 at a time; deliveries that wait in the database, claimed, called, settled; events of the
feed, of which the fan-out makes the deliveries first. Medians of the rounds. Bare pycurl does 58,000 POSTs a second and core, unsigned.
With more than 15 webhooks, 64 calls each at once are more than the 1,000 connections that are kept, so each second request opens one.
"""

import argparse
import asyncio
import json
import multiprocessing
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import uvloop
from webhooks_with_dead import OK, Live, Run, emit, receive

from heliograph.clock import SystemClock
from heliograph.model.ids import NotificationId
from heliograph.model.notification import Answered, Delivery
from heliograph.store import notification as notification_store
from heliograph.store.notification import NewNotification
from heliograph.store.transaction import Transaction
from heliograph.webhooks.courier import WebhookCourier
from heliograph.webhooks.egress import LOOPBACK
from heliograph.webhooks.settings import CourierSettings

AT_ONCE = 64
BODY = json.dumps({"id": 1, "type": "sms.received", "data": {"payload": "42 litres", "source_address": "423663920000001"}})
DONE = "SELECT count(*) FROM notification WHERE state = 2"


class Quick(Live):
    """Answers each request at once."""

    def on_message_complete(self) -> None:
        self.transport.write(OK)


async def courier_alone(port: int, count: int) -> dict[str, float]:
    """Signed requests, and nothing kept of them."""
    courier = WebhookCourier(CourierSettings(egress=LOOPBACK, in_flight_per_receiver=AT_ONCE), SystemClock())
    ended = asyncio.Event()
    left, given = count, 0

    def give() -> None:
        nonlocal given
        given += 1
        secret = "whsec_" + "c2VjcmV0" * 4
        courier.deliver(Delivery(NotificationId(given), 0, 1, f"http://127.0.0.1:{port}/", "POST", secret, BODY, 0), done)

    def done(answered: Answered) -> None:
        nonlocal left
        assert answered.is_success
        left -= 1
        if given < count:
            give()
        if not left:
            ended.set()

    began, cpu = time.monotonic(), time.process_time()
    for _ in range(AT_ONCE):
        give()
    await ended.wait()
    found = _figures(count, began, cpu)
    await courier.stop(1)
    return found


async def engine(url: str, ports: list[int], count: int, *, by_feed: bool) -> dict[str, float]:
    """All that waits, delivered."""
    run = Run()
    await run.open(url, ports)
    for first in range(0, count, 1000):
        now_ms = int(time.time() * 1000)
        if by_feed:
            await run.database.write(emit, first, first + 1000, now_ms, len(ports))
        else:
            await run.database.write(_wait, run.ids, first, first + 1000, now_ms)
    before = (await run.rows(DONE))[0][0]
    began, cpu = time.monotonic(), time.process_time()
    run.begin()
    while (await run.rows(DONE))[0][0] < before + count:
        await asyncio.sleep(0.1)
    found = _figures(count, began, cpu)
    await run.stop()
    return found


def _wait(tx: Transaction, webhooks: list[int], first: int, until: int, now_ms: int) -> None:
    ids = tx.ids("notification", until - first)
    rows = [
        NewNotification(
            id=new_id, organisation_id=1, callback_id=webhooks[new_id % len(webhooks)], secret_id=None, account=None, message_id=0,
            device_id=None, number=None, type="sms.received", method="POST", body=BODY, created_at_ms=now_ms, claimed_by=None,
            due_at_ms=now_ms,
        )
        for new_id in ids
    ]  # fmt: skip
    notification_store.insert(tx, rows)


def _figures(count: int, began: float, cpu: float) -> dict[str, float]:
    return {"deliveries/s": count / (time.monotonic() - began), "cpu_us_each": (time.process_time() - cpu) / count * 1e6}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", help="of PostgreSQL, empty: for one round; else SQLite")
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--webhooks", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    found: multiprocessing.Queue[list[int]] = multiprocessing.Queue()
    receivers = multiprocessing.Process(target=receive, args=(found, [Quick] * asked.webhooks), daemon=True)
    receivers.start()
    ports = found.get(timeout=30)
    steps: dict[str, list[dict[str, float]]] = {"courier alone": [], "from the database": [], "from the feed": []}
    with tempfile.TemporaryDirectory() as name:
        for _ in range(asked.rounds):
            urls = [asked.database or str(Path(name) / f"{time.monotonic()}.db") for _ in range(2)]
            steps["courier alone"].append(uvloop.run(courier_alone(ports[0], asked.count)))
            steps["from the database"].append(uvloop.run(engine(urls[0], ports, asked.count, by_feed=False)))
            steps["from the feed"].append(uvloop.run(engine(urls[1], ports, asked.count, by_feed=True)))
            for what, results in steps.items():
                _say(what, results[-1])
    for what, results in steps.items():
        _say(f"median, {what}", {key: statistics.median(each[key] for each in results) for key in results[0]})
    receivers.kill()


def _say(what: str, result: dict[str, Any]) -> None:
    print(what, json.dumps({key: round(value, 1) for key, value in result.items()}), flush=True)


if __name__ == "__main__":
    main()
