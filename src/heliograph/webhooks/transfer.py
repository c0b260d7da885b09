"""HTTP requests by libcurl on the event loop: the one place that knows pycurl, which has no types. Decides nothing about deliveries.

Theory of operation. libcurl's multi interface says by a callback which sockets it waits for (`_on_socket`) and by another when it wants to
be woken (`_on_timer`); the loop calls back into `socket_action`, which does all that is ready and never blocks. libcurl must not be called
from inside its callbacks, so they only note what it wants. Connections stay open between requests; a dead one is found before it is used.

libcurl never looks up a name here: an address in the URL needs none, and with a name come its addresses, looked up and judged before.
Whatever it is about to dial is judged once more in `_open_socket`. Where there is a proxy, that looks names up, and it alone is dialled.

Handles are made once and used again, with what is the same for all set once: a new one for each request costs three times as much.
"""

import asyncio
import itertools
import math
import selectors
import socket
import ssl
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pycurl  # type: ignore[import-untyped]

from heliograph import __version__
from heliograph.webhooks.egress import EgressPolicy, Target, blocked_text
from heliograph.webhooks.names import Known
from heliograph.webhooks.words import Failure, in_words

USER_AGENT = f"heliograph/{__version__}"
PINNED_FOR_S = 3600
_READ = selectors.EVENT_READ
_WRITE = selectors.EVENT_WRITE


@dataclass(frozen=True, slots=True)
class Request:
    """What to send. `headers`: whole lines. `known`: the addresses of the target, needed where it is a name and no proxy looks it up.
    `ca_file`: PEM of what is trusted for this one, None for what is trusted for all."""

    method: str
    url: str
    target: Target
    headers: list[str]
    body: bytes
    timeout_ms: int
    known: Known | None
    ca_file: str | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    """What came of a request: a status, or an error in plain words. `answer`: the start of its body. `headers`: lines, interim ones too."""

    status: int | None
    error: str | None
    address: str | None
    answer: bytes
    headers: list[bytes]


@dataclass(frozen=True, slots=True)
class TransferLimits:
    connect_timeout_s: float
    answer_octets: int
    connections: int
    ca_file: str | None
    proxy: str | None = None


class Transfers:
    """All requests under way. Belongs to the event loop that runs when it is made."""

    def __init__(self, limits: TransferLimits, policy: EgressPolicy) -> None:
        self._limits = limits
        self._policy = policy
        self._loop = asyncio.get_running_loop()
        self._active: dict[Any, tuple[_Transfer, Callable[[Ended], None]]] = {}
        self._idle: defaultdict[str | None, list[_Transfer]] = defaultdict(list)
        self._watched: dict[int, int] = {}
        self._parked: dict[int, tuple[int, int]] = {}
        self._opened = 0
        self._selector: Any = selectors.DefaultSelector()
        self._loop.add_reader(self._selector.fileno(), self._on_ready)
        self._timer: asyncio.Handle | None = None
        self._timer_at = math.inf
        self._wanted_at = math.inf
        self._multi: Any = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._on_socket)
        self._multi.setopt(pycurl.M_TIMERFUNCTION, self._on_timer)
        self._multi.setopt(pycurl.M_MAXCONNECTS, limits.connections)
        self._multi.setopt(pycurl.M_PIPELINING, 0)

    def __len__(self) -> int:
        return len(self._active)

    def start(self, request: Request, ended: Callable[[Ended], None]) -> None:
        """Send `request`; `ended` is called once, later, on the event loop, unless `close` comes first."""
        idle = self._idle[request.ca_file]
        transfer = idle.pop() if idle else self._made(request.ca_file)
        transfer.prepare(request)
        self._active[transfer.curl] = transfer, ended
        self._multi.add_handle(transfer.curl)

    def close(self) -> None:
        """Break off what is under way, and close all connections. Nothing ends after it."""
        for curl in self._active:
            self._multi.remove_handle(curl)
        for transfer in (*(transfer for transfer, _ in self._active.values()), *itertools.chain(*self._idle.values())):
            transfer.curl.close()
        self._active.clear()
        self._idle.clear()
        self._multi.close()
        if self._timer is not None:
            self._timer.cancel()
        self._loop.remove_reader(self._selector.fileno())
        self._selector.close()

    def _made(self, ca_file: str | None) -> "_Transfer":
        limits = self._limits if ca_file is None else replace(self._limits, ca_file=ca_file)
        return _Transfer(limits, self._policy, self._note_opened, ca_file)

    def _on_socket(self, what: int, fd: int, _multi: object, _data: object) -> None:
        """Note what libcurl waits for. A connection that becomes idle stays registered as it is, since its next request most often
        follows at once; while no socket was opened since, its descriptor is still the same socket."""
        before = self._watched.pop(fd, 0)
        after = 0 if what == pycurl.POLL_REMOVE else what & (_READ | _WRITE)
        if not after:
            if before:
                self._parked[fd] = before, self._opened
            return
        self._watched[fd] = after
        parked, opened = self._parked.pop(fd, (0, 0))
        if parked and opened != self._opened:
            self._selector.unregister(fd)
        elif parked:
            before = parked
        if not before:
            self._selector.register(fd, after)
        elif before != after:
            self._selector.modify(fd, after)

    def _on_ready(self) -> None:
        for key, events in self._selector.select(0):
            if key.fd in self._watched:
                self._act(key.fd, events)
            elif self._parked.pop(key.fd, None) is not None:
                self._selector.unregister(key.fd)  # closed by its peer; libcurl finds out when it looks for a connection

    def _note_opened(self) -> None:
        self._opened += 1

    def _on_timer(self, timeout_ms: int) -> None:
        """Note when libcurl wants to be woken. A timer that comes earlier anyway stays: it looks again when it fires."""
        self._wanted_at = math.inf if timeout_ms < 0 else self._loop.time() + timeout_ms / 1000
        if self._wanted_at >= self._timer_at:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = self._wanted_at
        self._timer = self._loop.call_soon(self._wake) if timeout_ms == 0 else self._loop.call_at(self._timer_at, self._wake)

    def _wake(self) -> None:
        self._timer = None
        self._timer_at = math.inf
        if self._loop.time() >= self._wanted_at:
            self._wanted_at = math.inf
            self._act(pycurl.SOCKET_TIMEOUT, 0)
        elif self._wanted_at < math.inf:
            self._timer_at = self._wanted_at
            self._timer = self._loop.call_at(self._timer_at, self._wake)

    def _act(self, fd: int, ready: int) -> None:
        _, running = self._multi.socket_action(fd, ready)
        if running < len(self._active):
            self._collect()

    def _collect(self) -> None:
        queued = 1
        while queued:
            queued, succeeded, failed = self._multi.info_read()
            for curl in succeeded:
                self._end(curl, 0, "")
            for curl, code, message in failed:
                self._end(curl, code, message)

    def _end(self, curl: Any, code: int, message: str) -> None:
        transfer, ended = self._active.pop(curl)
        self._multi.remove_handle(curl)
        result = transfer.finish(code, message)
        self._idle[transfer.ca_file].append(transfer)
        ended(result)


class _Transfer:
    """One handle of libcurl and what its request has got so far."""

    __slots__ = (
        "_answer_octets",
        "_chunks",
        "_connect_timeout_s",
        "_dialled",
        "_headers",
        "_note_opened",
        "_pinned",
        "_policy",
        "_proxy",
        "_refused",
        "_room",
        "_target",
        "_timeout_s",
        "ca_file",
        "curl",
    )

    def __init__(self, limits: TransferLimits, policy: EgressPolicy, note_opened: Callable[[], None], ca_file: str | None) -> None:
        self.ca_file = ca_file
        self._answer_octets = limits.answer_octets
        self._proxy = limits.proxy
        self._policy = policy
        self._note_opened = note_opened
        self._pinned = (0, 0)
        self._headers: list[bytes] = []
        self._chunks: list[bytes] = []
        self._connect_timeout_s = limits.connect_timeout_s
        curl: Any = pycurl.Curl()
        self.curl = curl
        for option, value in _options(limits):
            curl.setopt(option, value)
        curl.setopt(pycurl.OPENSOCKETFUNCTION, self._open_socket)
        curl.setopt(pycurl.WRITEFUNCTION, self._write)
        curl.setopt(pycurl.HEADERFUNCTION, self._headers.append)

    def prepare(self, request: Request) -> None:
        self._target = request.target
        self._timeout_s = request.timeout_ms / 1000
        self._room = self._answer_octets
        self._refused: str | None = None
        self._dialled: str | None = None
        self._headers.clear()
        self._chunks.clear()
        curl = self.curl
        if request.known is not None and self._pinned != (pinned := (request.known.serial, request.target.port)):
            curl.setopt(pycurl.RESOLVE, [f"+{request.target.host}:{request.target.port}:{','.join(request.known.addresses)}"])
            self._pinned = pinned
        curl.setopt(pycurl.URL, request.url)
        curl.setopt(pycurl.CUSTOMREQUEST, request.method)
        curl.setopt(pycurl.POSTFIELDS, request.body)
        curl.setopt(pycurl.HTTPHEADER, request.headers)
        curl.setopt(pycurl.TIMEOUT_MS, request.timeout_ms)

    def finish(self, code: int, message: str) -> Ended:
        curl = self.curl
        status = curl.getinfo(pycurl.RESPONSE_CODE) or None
        address = curl.getinfo(pycurl.PRIMARY_IP) or self._dialled
        error = None
        if code and not (code == pycurl.E_WRITE_ERROR and self._room < 0):
            error = self._refused or self._failure(code, message, status)
            status = None
        elif status is None:
            error = "the answer is not HTTP"
        return Ended(status, error, address, b"".join(self._chunks), self._headers.copy())

    def _failure(self, code: int, message: str, status: int | None) -> str:
        curl = self.curl
        connected_s, secured_s = curl.getinfo(pycurl.CONNECT_TIME), curl.getinfo(pycurl.APPCONNECT_TIME)
        failure = Failure(
            code=code,
            message=message,
            status=status,
            peer=_peer(self._dialled or curl.getinfo(pycurl.PRIMARY_IP) or self._target.host, self._target.port),
            os_errno=curl.getinfo(pycurl.OS_ERRNO),
            verify_result=curl.getinfo(pycurl.SSL_VERIFYRESULT),
            is_connected=connected_s > 0,
            is_ready=self._dialled is None or (secured_s if self._target.is_secure else connected_s) > 0,
            connect_timeout_s=self._connect_timeout_s,
            timeout_s=self._timeout_s,
        )
        return in_words(failure)

    def _open_socket(self, _purpose: int, address: Any) -> "_Lent | int":
        family, kind, protocol, (host, *_) = address
        self._refused = None if self._proxy else blocked_text(host, self._policy)  # with a proxy, it alone is dialled
        if self._refused is not None:
            return int(pycurl.SOCKET_BAD)
        try:
            opened = socket.socket(family, kind, protocol)
        except OSError as error:
            if self._dialled is None:
                self._refused = f"this machine could not open a socket ({error.strerror})"
            return int(pycurl.SOCKET_BAD)
        self._dialled = host
        self._note_opened()
        return _Lent(opened)

    def _write(self, chunk: bytes) -> int:
        """Keep the start of the answer; a number other than the length of `chunk` ends the transfer."""
        if self._room > 0:
            self._chunks.append(chunk[: self._room])
        self._room -= len(chunk)
        return len(chunk) if self._room >= 0 else -1


class _Lent:
    """A socket for pycurl, which duplicates its descriptor at once and drops this: ours is closed then, without a warning of a leak."""

    __slots__ = ("_opened",)

    def __init__(self, opened: socket.socket) -> None:
        self._opened = opened

    def fileno(self) -> int:
        return self._opened.fileno()

    def __del__(self) -> None:
        self._opened.close()


def _options(limits: TransferLimits) -> list[tuple[int, Any]]:
    """What is the same for every request."""
    options: list[tuple[int, Any]] = [
        (pycurl.NOSIGNAL, 1),
        (pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1),
        (pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS),
        (pycurl.FOLLOWLOCATION, 0),
        (pycurl.PROXY, limits.proxy or ""),  # not that of the environment either
        (pycurl.HTTPPROXYTUNNEL, 1 if limits.proxy else 0),
        (pycurl.NETRC, pycurl.NETRC_IGNORED),
        (pycurl.PATH_AS_IS, 1),
        (pycurl.POST, 1),
        (pycurl.USERAGENT, USER_AGENT),
        (pycurl.SSL_VERIFYPEER, 1),
        (pycurl.SSL_VERIFYHOST, 2),
        (pycurl.CONNECTTIMEOUT_MS, round(limits.connect_timeout_s * 1000)),
        (pycurl.DNS_CACHE_TIMEOUT, PINNED_FOR_S),
    ]
    if limits.ca_file is not None:
        return [*options, (pycurl.CAINFO, limits.ca_file), (pycurl.CAPATH, None)]
    paths = ssl.get_default_verify_paths()  # SSL_CERT_FILE and SSL_CERT_DIR first; where it knows none, libcurl finds the platform's own
    options += [(option, path) for option, path in ((pycurl.CAINFO, paths.cafile), (pycurl.CAPATH, paths.capath)) if path]
    return options


def _peer(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
