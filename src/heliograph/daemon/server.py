"""The HTTP server as a face of the daemon: uvicorn on a socket of ours, with our signals and our logs."""

import asyncio
import contextlib
import errno
import socket
from collections.abc import Iterator
from functools import partial
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from heliograph.config import Http
from heliograph.daemon.tls import Certificate
from heliograph.setting import Address
from heliograph.web.answer import WHOLE

BACKLOG = 2048
KEEP_ALIVE_S = 65
"""Longer than the 60 s after which most reverse proxies close an idle connection, so that they close first and no request is lost."""


class ListenError(Exception):
    """The address cannot be listened on; the text says which and why."""


def listen(address: Address, named: str = "http.listen") -> socket.socket:
    """A bound socket. Raises ListenError, which names the setting or option `named`."""
    bound = None
    try:
        found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, where = found[0]
        bound = socket.socket(family, kind, protocol)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(where)
    except OSError as error:
        if bound is not None:
            bound.close()
        raise ListenError(f"cannot listen on {address} ({named}): {error.strerror}. {_advice(error, named)}") from error
    bound.setblocking(False)
    return bound


def address_of(bound: socket.socket, asked: Address) -> Address:
    """Where a bound socket listens: the host as asked for, the port it got."""
    return Address(asked.host, bound.getsockname()[1])


def _advice(error: OSError, named: str) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Stop what listens there, or choose another port with {named}; port 0 takes a free one"
    if error.errno == errno.EACCES:
        return f"Choose a port from 1024 with {named}, or let the service have ports below it (CAP_NET_BIND_SERVICE)"
    return f"Give an address of this machine with {named}"


class _Protocol(HttpToolsProtocol):
    """A connection of uvicorn's, with `web.answer.WHOLE`."""

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        cycle.scope["extensions"] = {WHOLE: partial(_answer_at_once, cycle)}  # type: ignore[dict-item]
        super()._start_asgi_task(cycle, app)


def _answer_at_once(cycle: RequestResponseCycle, status: int, head: bytes, body: bytes) -> bool:
    """As `cycle.send` does in two steps; False where that has to wait for room, or an answer has begun."""
    if cycle.flow.write_paused or cycle.response_started:
        return False
    if cycle.disconnected:
        return True
    cycle.response_started = cycle.response_complete = True
    cycle.waiting_for_100_continue = False
    close = b"" if cycle.keep_alive else b"connection: close\r\n"
    content = b"" if cycle.scope["method"] == "HEAD" else body
    cycle.transport.write(b"%b%b%b\r\n%b" % (STATUS_LINE[status], head, close, content))
    cycle.message_event.set()
    cycle.scope["extensions"].clear()  # else each request were a cycle for the garbage collector to find
    if close:
        cycle.transport.close()
    cycle.on_response()
    return True


class HttpServer(uvicorn.Server):
    """Serves one application (`composition.Face`)."""

    def __init__(self, app: ASGIApp, bound: socket.socket, settings: Http, certificate: Certificate | None = None) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=_Protocol,
                loop="none",
                ws="none",
                lifespan="off",
                access_log=False,
                log_config=None,
                log_level="warning",
                server_header=False,
                backlog=BACKLOG,
                timeout_keep_alive=KEEP_ALIVE_S,
                proxy_headers=bool(settings.trusted_proxies),
                ssl_context_factory=None if certificate is None else lambda _config, _default: certificate.context,
                forwarded_allow_ips=[str(network) for network in settings.trusted_proxies],
            )
        )
        self._bound = bound
        self._serving = asyncio.Event()
        self._ended = asyncio.Event()

    async def run(self) -> None:  # type: ignore[override]  # uvicorn's own starts an event loop
        """Serve until `stop`."""
        try:
            await self.serve([self._bound])
        finally:
            self._ended.set()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._serving.set()

    async def serving(self) -> None:
        """Return once connections are accepted."""
        await self._serving.wait()

    async def stop(self, grace_s: float) -> None:
        """Close the socket, answer what was asked within the grace, cut off the rest."""
        self.config.timeout_graceful_shutdown = grace_s  # type: ignore[assignment]  # handed to asyncio.wait_for, so fractions are fine
        self.should_exit = True
        await self._ended.wait()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the daemon's."""
        yield
