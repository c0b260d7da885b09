"""The HTTP application of a process: the REST API, and everything else, which is the portal; each by a tree of its own.

No middleware stands before the API, since each costs every request; what all requests share is done here. This is the bulkhead of one
HTTP request: whatever goes wrong inside is logged with its trace, counted, and answered 500 with an id to ask the operator about.
"""

import difflib
import secrets
from collections.abc import Callable
from typing import Final

from starlette.types import Message, Receive, Scope, Send

from heliograph import log
from heliograph.metrics import Metrics
from heliograph.model.problem import Code, Problem
from heliograph.service.access import Access, AccessSettings
from heliograph.service.core import Core
from heliograph.service.limit import Limit
from heliograph.service.login import Login
from heliograph.store.database import DatabaseLost
from heliograph.web import problem as problems
from heliograph.web.answer import PREFLIGHT, Answer, json, send_stream, send_whole
from heliograph.web.api import ROUTES
from heliograph.web.context import Context
from heliograph.web.doors import SmppDoors
from heliograph.web.portal import PAGES
from heliograph.web.portal.face import Portal
from heliograph.web.portal.reply import send_reply
from heliograph.web.resource import Disconnected, RouteTable
from heliograph.web.routes import Routes
from heliograph.web.scrape import Scrapers
from heliograph.web.settings import Settings

MOST_GUESSED: Final = 200
"""Octets of a path that does not exist, of which a guess is made what was meant."""
PREFIXES: Final = ("/api/", "/health/", "/metrics")

THIS_MACHINE: Final = Scrapers()

NO_SMPP: Final = SmppDoors()
_log = log.get("web")


def make_app(
    core: Core,
    settings: Settings,
    metrics: Metrics,
    check_url: Callable[[str], Problem | None],
    *,
    requests_per_5_min: int = 0,
    scrapers: Scrapers = THIS_MACHINE,
    smpp: SmppDoors = NO_SMPP,
) -> "App":
    """The application. `check_url` says why a webhook may not be called, or None; `requests_per_5_min`: of one token, 0
    for no limit. `scrapers`: who may read the metrics. `smpp`: where applications bind to this process."""
    wanted = AccessSettings(
        auth_token_s=settings.jwt_minutes * 60,
        logins_per_5_min=settings.authenticate.rate_per_5_min,
        lockout_failures=settings.authenticate.lockout_failures,
        lockout_s=settings.authenticate.lockout_s,
    )
    access = Access(core.database, core.clock, wanted)
    login = Login(core.database, core.clock, wanted, access)
    limit = Limit(core.clock, requests_per_5_min, 300)
    context = Context(core, access, login, metrics, limit, settings.http.public_url, check_url, scrapers, smpp)
    return App(context, ROUTES, Portal(context, PAGES))


class App:
    """An ASGI application."""

    def __init__(self, context: Context, api: RouteTable, portal: Portal) -> None:
        self.context = context
        self._api = Routes(api.items())
        self._templates = list(api)
        self._portal = portal
        self._failed = context.metrics.counter("http_failures", "HTTP requests that failed by a fault of ours.")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        path: str = scope["path"]
        if "//" in path:
            path = scope["path"] = _without_empty_segments(path)
        started: _Started | None = None
        is_api = path.startswith(PREFIXES) or not self._portal.serves(scope)
        try:
            if is_api:
                answer = await self._answer(path, scope, receive)
                if answer.stream is not None:
                    started = _Started(send)
                    await send_stream(answer, answer.stream, receive, started.send)
                else:
                    await send_whole(answer, scope, send)
            else:
                started = _Started(send)
                await self._portal(scope, receive, started.send)
        except Disconnected:
            return
        except Exception:
            request_id = secrets.token_hex(8)
            self._failed.add()
            _log.exception("request failed", request_id=request_id, method=scope["method"], path=path)
            if started is not None and started.is_started:
                raise
            if is_api:
                await send_whole(_failure(request_id), scope, send)
            else:
                await send_reply(self._portal.failure(scope, request_id), receive, send)

    async def _answer(self, path: str, scope: Scope, receive: Receive) -> Answer:
        if scope["method"] == "OPTIONS":
            return PREFLIGHT
        resource, ids = self._api.find(path.rstrip("/"))
        if resource is None:
            return self._nothing_at(path)
        try:
            return await resource.answer(self.context, scope, receive, ids)
        except Problem as problem:
            return problems.answer(problem)
        except DatabaseLost as lost:
            _log.error("database lost", error=str(lost), path=path)
            return problems.answer(Problem(Code.UNAVAILABLE, "The database did not confirm: what was asked may or may not have happened"))

    def _nothing_at(self, path: str) -> Answer:
        """404, with the path that was perhaps meant."""
        near = difflib.get_close_matches(path[:MOST_GUESSED], self._templates, 1, cutoff=0.75)
        text = f"There is nothing at {path}: " + (f"did you mean {near[0]}? " if near else "") + "/api/docs shows all paths"
        return problems.answer(Problem(Code.NOT_FOUND, text))


class _Started:
    """Knows whether an answer is under way, after which no other can be given."""

    __slots__ = ("_send", "is_started")

    def __init__(self, send: Send) -> None:
        self._send = send
        self.is_started = False

    async def send(self, message: Message) -> None:
        self.is_started = True
        await self._send(message)


def _failure(request_id: str) -> Answer:
    error = {"error_code": 1500, "error_token": "InternalError", "message": f"Something failed here. Tell the operator the id {request_id}"}
    return json(error, (b"x-request-id", request_id.encode()), status=500)


def _without_empty_segments(path: str) -> str:
    """`//api//v1/sim` as `/api/v1/sim`: clients that join a base ending in a slash send such paths."""
    while "//" in path:
        path = path.replace("//", "/")
    return path
