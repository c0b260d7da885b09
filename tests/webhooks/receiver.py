"""A receiver of webhooks that behaves as told, on this machine; and an openssl authority for those that speak TLS."""

import asyncio
import socket
import ssl
import struct
import subprocess
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from heliograph.model.notification import Delivery

Mood = Callable[["Connection", "Received"], Awaitable[None]]


@dataclass(slots=True)
class Received:
    """One request. Header names are in lower case; `connection` counts the receiver's connections from 1."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    connection: int


@dataclass(slots=True)
class Connection:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def write(self, octets: bytes) -> None:
        self.writer.write(octets)
        await self.writer.drain()

    def reset(self) -> None:
        self.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


async def hold(_connection: Connection, _received: Received) -> None:
    """Never answer."""
    await asyncio.Event().wait()


def answer(status: int = 200, body: bytes = b"", *lines: str) -> Mood:
    """Answer and keep the connection open."""
    head = "\r\n".join([f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(body)}", *lines])

    async def mood(connection: Connection, _received: Received) -> None:
        await connection.write(head.encode() + b"\r\n\r\n" + body)

    return mood


@dataclass(slots=True)
class Receiver:
    """Takes every path; `mood` may be changed at any time. Use as a context."""

    mood: Mood = field(default_factory=answer)
    received: list[Received] = field(default_factory=list)
    connections: int = 0
    port: int = 0
    tls: ssl.SSLContext | None = None
    _server: asyncio.Server | None = None
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def url(self) -> str:
        return self.url_of("127.0.0.1")

    def url_of(self, host: str) -> str:
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}/hook"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, ssl=self.tls, backlog=1000)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._serve(Connection(reader, writer)))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, connection: Connection) -> None:
        self.connections += 1
        number = self.connections
        try:
            while not connection.writer.is_closing():
                received = await self._read(connection.reader, number)
                self.received.append(received)
                await self.mood(connection, received)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            connection.writer.close()

    async def _read(self, reader: asyncio.StreamReader, number: int) -> Received:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        method, path, _ = head[0].split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
        return Received(method, path, headers, await reader.readexactly(int(headers["content-length"])), number)


def delivery(url: str, number: int = 1, **changes: object) -> Delivery:
    fields: dict[str, object] = {
        "notification_id": number, "message_id": 7, "number": 1, "url": url, "method": "POST", "secret": None,
        "body": '{"payload":"Grüße"}', "created_at_ms": 0,
    }  # fmt: skip
    return Delivery(**(fields | changes))  # type: ignore[arg-type]


def certificate(folder: Path, name: str, subject: str) -> tuple[Path, ssl.SSLContext]:
    """A self-signed certificate for `subject` (`DNS:name` or `IP:address`) that is its own authority: its file, and a server's context."""
    openssl(folder, f"req -x509 -days 2 -out {name}.pem {key_options(name)} -addext subjectAltName={subject}")
    return server_context(folder, name)


def expired_certificate(folder: Path, name: str, subject: str) -> tuple[Path, ssl.SSLContext]:
    folder.joinpath("ca.cnf").write_text(
        "[ca]\ndefault_ca=d\n[d]\ndatabase=index\nrand_serial=yes\nnew_certs_dir=.\ndefault_md=sha256\npolicy=p\ncopy_extensions=copy\n[p]\n"
    )
    folder.joinpath("index").touch()
    openssl(folder, f"req -new -out {name}.csr {key_options(name)} -addext subjectAltName={subject}")
    dates = "-startdate 20200101000000Z -enddate 20200201000000Z"
    openssl(folder, f"ca -batch -selfsign -config ca.cnf -keyfile {name}.key -in {name}.csr -out {name}.pem -notext {dates}")
    return server_context(folder, name)


def key_options(name: str) -> str:
    return f"-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -batch -subj /CN=test -keyout {name}.key"


def openssl(folder: Path, command: str) -> None:
    subprocess.run(["openssl", *command.split()], cwd=folder, check=True, capture_output=True)


def server_context(folder: Path, name: str) -> tuple[Path, ssl.SSLContext]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / f"{name}.pem", folder / f"{name}.key")
    return folder / f"{name}.pem", context
