"""What a webhook costs: our courier beside bare pycurl, pycurl's own asyncio wrapper and, where it is installed, aiohttp.

Every candidate POSTs the same body to the same receiver, a process of its own that answers at once; connections are kept. They take turns,
three rounds, and the median counts: whatever else the machine does meets all of them. Figures: docs/decisions/0004-pycurl.md.
"""

import asyncio
import importlib
import importlib.util
import selectors
import statistics
import subprocess
import sys
import time
import timeit
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

import httptools
import jwt
import pycurl
import uvloop

from heliograph.clock import SystemClock
from heliograph.model.ids import NotificationId
from heliograph.model.notification import Answered, Delivery
from heliograph.webhooks.courier import WebhookCourier
from heliograph.webhooks.egress import LOOPBACK
from heliograph.webhooks.settings import CourierSettings
from heliograph.webhooks.sign import bearer_token, standard_signature

PORT = 18_099
URL = f"http://127.0.0.1:{PORT}/hook"
SECRET = "s" * 32
BODY = (
    '{"id":46638782,"pid":0,"dcs":0,"source_address":"423663920766251","dest_address":"12345","endpoint":{"id":10830095,"name":"Meter"},'
    '"multi_part_info":{"partno":1,"total":1,"identifier":"46638782"},"submit_date":"2021-10-29 07:16:45","organisation":{"id":11060},'
    '"payload":"Hello"}'
)
POSTS = 8_000
AT_ONCE = 64
PACED_PER_S = 5_000
PACED_S = 2.0
ROUNDS = 3
SIGNATURES = 20_000

Bench = Callable[[int], Coroutine[Any, Any, None]]


def main() -> None:
    receiver = subprocess.Popen([sys.executable, __file__, "receiver"], stdout=subprocess.PIPE, text=True)
    try:
        assert receiver.stdout is not None
        assert receiver.stdout.readline() == "ready\n"
        compare()
        pace()
    finally:
        receiver.terminate()
        receiver.wait()
    sign()


def compare() -> None:
    candidates: dict[str, Bench] = {
        "heliograph courier, signed": with_courier,
        "pycurl, a bare loop, unsigned": with_bare_pycurl,
        "pycurl AsyncCurlMulti, signed": with_async_pycurl,
    }
    if importlib.util.find_spec("aiohttp"):
        candidates["aiohttp, signed"] = with_aiohttp
    measured: dict[str, list[tuple[float, float]]] = {name: [] for name in candidates}
    for _ in range(ROUNDS):
        for name, candidate in candidates.items():
            measured[name].append(uvloop.run(measure(candidate)))
    print(f"{AT_ONCE} at once")
    for name, figures in measured.items():
        rate, cpu_us = (statistics.median(column) for column in zip(*figures, strict=True))
        print(f"  {name:36}{rate:8,.0f} POST/s{cpu_us:8.1f} µs CPU a POST")


async def measure(candidate: Bench) -> tuple[float, float]:
    """POSTs a second, and CPU of this process a POST in µs."""
    began, cpu_began = time.perf_counter(), time.process_time()
    await candidate(POSTS)
    return POSTS / (time.perf_counter() - began), (time.process_time() - cpu_began) / POSTS * 1e6


def delivery(number: int) -> Delivery:
    return Delivery(NotificationId(number), 1, 1, URL, "POST", SECRET, BODY, 0)


def signed_headers(number: int) -> list[tuple[str, str]]:
    now_s, body = int(time.time()), BODY.encode()
    return [
        ("Content-Type", "application/json"),
        ("webhook-id", str(number)),
        ("webhook-timestamp", str(now_s)),
        ("webhook-signature", standard_signature(SECRET, str(number), now_s, body)),
        ("Authorization", f"Bearer {bearer_token(SECRET, body, str(number), now_s)}"),
    ]


async def with_courier(posts: int) -> None:
    courier = WebhookCourier(CourierSettings(egress=LOOPBACK), SystemClock())
    left, given, finished, failures = posts, 0, asyncio.Event(), []

    def give() -> None:
        nonlocal given
        if given < posts:
            given += 1
            courier.deliver(delivery(given), done)

    def done(answered: Answered) -> None:
        nonlocal left
        if answered.status != 200:
            failures.append(answered)
        left -= 1
        if left == 0:
            finished.set()
        give()

    for _ in range(AT_ONCE):
        give()
    await finished.wait()
    await courier.stop(1)
    assert failures == []


def easy() -> Any:
    curl = pycurl.Curl()
    for option, value in (
        (pycurl.URL, URL),
        (pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1),
        (pycurl.POSTFIELDS, BODY.encode()),
        (pycurl.TIMEOUT_MS, 15_000),
        (pycurl.HTTPHEADER, [f"{name}: {value}" for name, value in signed_headers(1)]),
        (pycurl.WRITEFUNCTION, [].append),
    ):
        curl.setopt(option, value)
    return curl


async def with_bare_pycurl(posts: int) -> None:
    """libcurl's own cost: a loop that does nothing else, no event loop, the same headers every time."""
    multi, selector, timeouts = pycurl.CurlMulti(), selectors.DefaultSelector(), [0]

    def on_socket(what: int, fd: int, _multi: object, _data: object) -> None:
        if fd in selector.get_map():
            selector.unregister(fd)
        if what in (pycurl.POLL_IN, pycurl.POLL_OUT, pycurl.POLL_INOUT):
            selector.register(fd, what)

    multi.setopt(pycurl.M_SOCKETFUNCTION, on_socket)
    multi.setopt(pycurl.M_TIMERFUNCTION, timeouts.append)
    easies = [easy() for _ in range(AT_ONCE)]
    for curl in easies:
        multi.add_handle(curl)
    left, given = posts, AT_ONCE
    while left > 0:
        if timeouts[-1] == 0:
            timeouts.clear()
            timeouts.append(-1)
            multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)
        for key, events in selector.select(0.01):
            multi.socket_action(key.fd, events)
        for curl in multi.info_read()[1]:
            left -= 1
            multi.remove_handle(curl)
            if given < posts:
                given += 1
                multi.add_handle(curl)
    multi.close()


async def with_async_pycurl(posts: int) -> None:
    async with pycurl.AsyncCurlMulti() as multi:

        async def work(share: int) -> None:
            curl = easy()
            for number in range(share):
                curl.setopt(pycurl.HTTPHEADER, [f"{name}: {value}" for name, value in signed_headers(number)])
                await multi.perform(curl)
                assert curl.getinfo(pycurl.RESPONSE_CODE) == 200

        await asyncio.gather(*(work(posts // AT_ONCE) for _ in range(AT_ONCE)))


async def with_aiohttp(posts: int) -> None:
    aiohttp: Any = importlib.import_module("aiohttp")  # not one of ours: installed by who wants to compare

    body = BODY.encode()
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=AT_ONCE), timeout=aiohttp.ClientTimeout(total=15, connect=5)
    ) as session:

        async def work(share: int) -> None:
            for number in range(share):
                async with session.post(URL, data=body, headers=dict(signed_headers(number)), allow_redirects=False) as response:
                    await response.read()
                    assert response.status == 200

        await asyncio.gather(*(work(posts // AT_ONCE) for _ in range(AT_ONCE)))


def pace() -> None:
    cpu_us = statistics.median(uvloop.run(paced()) for _ in range(ROUNDS))
    print(f"heliograph courier at {PACED_PER_S:,} a second: {cpu_us:.1f} µs CPU a POST")


async def paced() -> float:
    """CPU of this process a POST in µs, when they come evenly in handfuls every 5 ms."""
    courier = WebhookCourier(CourierSettings(egress=LOOPBACK), SystemClock())
    answers: list[Answered] = []
    began, cpu_began = time.perf_counter(), time.process_time()
    given = 0
    while (elapsed := time.perf_counter() - began) < PACED_S:
        while given < elapsed * PACED_PER_S:
            given += 1
            courier.deliver(delivery(given), answers.append)
        await asyncio.sleep(0.005)
    await courier.stop(5)
    assert all(answered.status == 200 for answered in answers)
    return (time.process_time() - cpu_began) / given * 1e6


def sign() -> None:
    body = BODY.encode()
    claims = {"iss": "heliograph", "iat": 1, "exp": 301, "jti": "1", "bsha256": "0" * 64}
    candidates: dict[str, Callable[[], object]] = {
        "bearer token": partial(bearer_token, SECRET, body, "1", 1),
        "bearer token by PyJWT": lambda: jwt.encode(claims, SECRET, "HS256"),
        "Standard Webhooks signature": partial(standard_signature, SECRET, "1", 1, body),
    }
    for name, candidate in candidates.items():
        print(f"{name:36}{min(timeit.repeat(candidate, number=SIGNATURES, repeat=3)) / SIGNATURES * 1e6:8.1f} µs")


class ReceiverProtocol(asyncio.Protocol):
    ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nServer: bench\r\nContent-Length: 2\r\n\r\n{}"

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.parser = httptools.HttpRequestParser(self)

    def data_received(self, data: bytes) -> None:
        self.parser.feed_data(data)

    def on_message_complete(self) -> None:
        self.transport.write(self.ANSWER)


async def receive() -> None:
    server = await asyncio.get_running_loop().create_server(ReceiverProtocol, "127.0.0.1", PORT)
    print("ready", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    if sys.argv[1:] == ["receiver"]:
        uvloop.run(receive())
    else:
        main()
