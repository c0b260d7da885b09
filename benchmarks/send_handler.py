"""What POST /api/v1/endpoint/{id}/sms costs without database and socket: from the ASGI call to the last message sent.

Prints microseconds of the whole and of its parts, the best of 7 runs, beside an application that only receives and sends.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any

from heliograph.clock import SystemClock
from heliograph.config import Config
from heliograph.metrics import Metrics
from heliograph.model.account import Actor, Door, Role
from heliograph.model.ids import OrganisationId
from heliograph.service.access import Known
from heliograph.web.api import ROUTES, sms
from heliograph.web.app import make_app
from heliograph.web.routes import Routes

RUNS, CALLS = 7, 20_000
BODY = b'{"payload": "set interval 60", "source_address": "1000", "source_address_type": {"id": 161}}'
PATH = "/api/v1/endpoint/7/sms"
TOKEN = b"x" * 300
HEADERS = [
    (b"host", b"sms.example.com"),
    (b"user-agent", b"bench"),
    (b"accept", b"*/*"),
    (b"content-type", b"application/json"),
    (b"authorization", b"Bearer " + TOKEN),
    (b"content-length", b"92"),
]


async def main() -> None:
    core: Any = SimpleNamespace(database=None, clock=SystemClock())
    app = make_app(core, Config(), Metrics(), lambda _url: None)
    actor = Actor(OrganisationId(1), "Bench", Role.USER, Door.REST)
    app.context.access._known[TOKEN] = Known(actor, core.clock.now_ms() + 3_600_000)
    sms.submit = submit
    routes = Routes(ROUTES.items())
    scope = asked()
    print(f"whole handler          {await timed(lambda: app(asked(), receive, send)):6.2f} us")
    print(f"an app that does nothing {await timed(nothing):4.2f} us")
    print(f"  find the resource    {timed_call(lambda: routes.find(PATH)):6.2f} us")
    print(f"  who asks (known)     {timed_call(lambda: app.context.known(scope)):6.2f} us")
    print(f"  decode the body      {timed_call(lambda: sms._WANTED.decode(BODY)):6.2f} us")


async def submit(*_: object) -> int:
    return 123456


def asked() -> dict[str, Any]:
    return {"type": "http", "method": "POST", "scheme": "https", "path": PATH, "query_string": b"", "headers": HEADERS}


async def receive() -> Any:
    return {"type": "http.request", "body": BODY, "more_body": False}


async def send(_message: Any) -> None:
    return


async def nothing() -> None:
    scope = asked()
    await receive()
    await send({"type": "http.response.start", "status": 201, "headers": scope["headers"]})
    await send({"type": "http.response.body", "body": b""})


async def timed(call: Callable[[], Awaitable[None]]) -> float:
    took = []
    for _ in range(RUNS):
        began = time.perf_counter()
        for _ in range(CALLS):
            await call()
        took.append(time.perf_counter() - began)
    return min(took) / CALLS * 1e6


def timed_call(call: Callable[[], object]) -> float:
    took = []
    for _ in range(RUNS):
        began = time.perf_counter()
        for _ in range(CALLS):
            call()
        took.append(time.perf_counter() - began)
    return min(took) / CALLS * 1e6


if __name__ == "__main__":
    asyncio.run(main())
