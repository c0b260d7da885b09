"""Send SMS over REST on kept connections, one request under way on each; print one line of JSON.

A closed loop of `--connections`, or with `--rate` an open one: requests start at their time, and their latency counts from it, so that a
server that stalls is seen to stall. Ends after `--seconds`. Made to cost little beside what it measures: about 12 µs a request.
"""

import argparse
import asyncio
import gc
import json
import os
import time
from urllib.parse import urlsplit

import uvloop

TEXT = "Meter 4711: value 12.345 kWh, battery 87 %, rssi -71 dBm. Reply STOP to end."


class Load:
    """What all connections share."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.host = urlsplit(options.url).netloc
        self.path = urlsplit(options.url).path
        self.token = options.token
        self.devices = [int(each) for each in options.devices.split(",")]
        self.base = time.time_ns() // 1_000_000 % 100_000 * 10_000
        self.rate = options.rate
        self.seconds = options.seconds
        self.get = options.get
        self.body = json.dumps({"source_address": "12345", "payload": TEXT}).encode()
        self.started = self.ends = time.monotonic()
        self.sent = self.accepted = self.refused = 0
        self.latencies_ms: list[float] = []
        self.answers: dict[str, int] = {}
        self.idle: list[Connection] = []

    def request(self) -> bytes:
        device = self.devices[self.sent % len(self.devices)]
        self.sent += 1
        if self.get:
            return (
                f"GET {self.get.format(n=self.base + self.sent)} HTTP/1.1\r\nHost: {self.host}\r\nConnection: keep-alive\r\n\r\n".encode()
            )
        head = (
            f"POST {self.path}/v1/endpoint/{device}/sms HTTP/1.1\r\nHost: {self.host}\r\nAuthorization: Bearer {self.token}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(self.body)}\r\n\r\n"
        )
        return head.encode() + self.body

    def count(self, status: str, latency_ms: float) -> None:
        self.latencies_ms.append(latency_ms)
        self.answers[status] = self.answers.get(status, 0) + 1
        if status in ("201", "202"):
            self.accepted += 1
        else:
            self.refused += 1


class Connection(asyncio.Protocol):
    """One kept connection."""

    def __init__(self, load: Load) -> None:
        self.load = load
        self.started = 0.0
        self.buffer = b""
        self.busy = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def connection_lost(self, error: Exception | None) -> None:
        if self.busy:
            self.load.count("lost", (time.monotonic() - self.started) * 1000)

    def send(self, started: float) -> None:
        self.busy = True
        self.started = started
        self.transport.write(self.load.request())

    def data_received(self, octets: bytes) -> None:
        self.buffer += octets
        head = self.buffer.find(b"\r\n\r\n")
        if head < 0:
            return
        length = self.buffer.lower().find(b"content-length:", 0, head)
        body = int(self.buffer[length + 15 : self.buffer.index(b"\r", length)]) if length >= 0 else 0
        if len(self.buffer) < head + 4 + body:
            return
        status = self.buffer[9:12].decode()
        self.buffer = b""
        self.busy = False
        now = time.monotonic()
        self.load.count(status, (now - self.started) * 1000)
        if self.load.rate:
            self.load.idle.append(self)
        elif now < self.load.ends:
            self.send(now)


async def run(options: argparse.Namespace) -> None:
    load = Load(options)
    address = urlsplit(options.url)
    loop = asyncio.get_running_loop()
    connections = []
    for _ in range(options.connections):
        _, connection = await loop.create_connection(lambda: Connection(load), address.hostname, address.port)
        connections.append(connection)
    gc.disable()
    load.started = time.monotonic()
    load.ends = load.started + load.seconds
    if load.rate:
        load.idle = list(connections)
        await _open_loop(load)
    else:
        for connection in connections:
            connection.send(time.monotonic())
        await asyncio.sleep(load.seconds)
    while any(connection.busy for connection in connections) and time.monotonic() < load.ends + 10:
        await asyncio.sleep(0.01)
    print(json.dumps(_summary(load)), flush=True)
    os._exit(0)


async def _open_loop(load: Load) -> None:
    due = load.started
    waiting: list[float] = []
    while (now := time.monotonic()) < load.ends:
        while due <= now:
            waiting.append(due)
            due += 1 / load.rate
        while waiting and load.idle:
            load.idle.pop().send(waiting.pop(0))
        await asyncio.sleep(max(0.0005, min(due - now, 0.005)))


def _summary(load: Load) -> dict[str, object]:
    ordered = sorted(load.latencies_ms)
    share = [round(ordered[min(len(ordered) - 1, int(len(ordered) * part))], 2) if ordered else None for part in (0.5, 0.99, 1)]
    return {
        "accepted": load.accepted,
        "refused": load.refused,
        "answers": load.answers,
        "rate": round(load.accepted / load.seconds, 1),
        "p50_ms": share[0],
        "p99_ms": share[1],
        "max_ms": share[2],
        "started": load.started,
        "cpu_s": round(sum(os.times()[:2]), 2),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", required=True, help="the api_url of `heliograph try --json`")
    parser.add_argument("--token", required=True)
    parser.add_argument("--devices", required=True, help="ids, separated by commas")
    parser.add_argument("--get", default="", help="a path to GET in place of sending, with {n} for a number of its own")
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--rate", type=float, default=0)
    uvloop.run(run(parser.parse_args()))
