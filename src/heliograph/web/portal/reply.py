"""What the portal answers: pages, parts of pages, files, and where to go on. Every answer carries the headers that keep a browser safe."""

from typing import Final

import msgspec
from starlette.types import Receive, Send

from heliograph.web.answer import Header, Stream, while_there

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; report-uri /csp-report"
)
SAFE: Final[tuple[Header, ...]] = (
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
)
HTML: Final[Header] = (b"content-type", b"text/html; charset=utf-8")
PRIVATE: Final[Header] = (b"cache-control", b"no-store")


class Reply(msgspec.Struct, frozen=True):
    """An answer. `stream`: a body made while it is sent."""

    status: int
    headers: tuple[Header, ...] = ()
    body: bytes = b""
    stream: Stream | None = None

    def with_headers(self, *more: Header) -> "Reply":
        """The same with more headers."""
        return msgspec.structs.replace(self, headers=(*self.headers, *more))


def html(text: str, status: int = 200) -> Reply:
    """A page, or a part of one: nobody but its reader may keep it."""
    return Reply(status, (HTML, PRIVATE), text.encode())


def see(path: str) -> Reply:
    """Go on at `path`, by GET."""
    return Reply(303, ((b"location", path.encode("ascii")), PRIVATE))


def download(content: bytes | Stream, name: str, kind: str = "text/csv; charset=utf-8") -> Reply:
    """A file to keep."""
    disposition = f'attachment; filename="{name}"'.encode()
    headers = ((b"content-type", kind.encode()), (b"content-disposition", disposition), PRIVATE)
    return Reply(200, headers, content) if isinstance(content, bytes) else Reply(200, headers, stream=content)


async def send_reply(reply: Reply, receive: Receive, send: Send) -> None:
    """Send it, whole, or piece by piece for as long as the browser is there."""
    if reply.stream is not None:
        await while_there(_send(reply, send), reply.stream, receive)
    else:
        await _send(reply, send)


async def _send(reply: Reply, send: Send) -> None:
    headers = [*reply.headers, *SAFE]
    if reply.stream is None:
        headers.append((b"content-length", b"%d" % len(reply.body)))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    if reply.stream is not None:
        async for piece in reply.stream:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": reply.body})
