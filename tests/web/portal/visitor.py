"""A browser without scripts, as far as the server can tell: it keeps cookies, follows 303, and says where its forms were."""

import asyncio
import re
from html import unescape
from typing import Any
from urllib.parse import quote, urlencode

from starlette.types import Message, Scope

from heliograph.service import session
from heliograph.store import account as account_store
from tests.web.site import ADDRESS, Reply, Site, request

ORIGIN = "https://sms.example.com"


class Visitor:
    """`await visitor.get("/devices")`, `await visitor.post("/sign-in", {"email": ...})`. What it is redirected to is in `location`."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.cookies: dict[str, str] = {}

    async def sign_in(self, email: str) -> "Visitor":
        """As one who has typed the password."""
        user = await self.site.world.database.read(account_store.user_by_email, email)
        assert user is not None, email
        self.cookies["__Host-heliograph"] = await session.begin(self.site.world.core, user, ADDRESS, "Browser")
        return self

    async def get(self, path: str, **headers: str) -> Reply:
        return await self.call("GET", path, b"", headers)

    async def post(self, path: str, form: Any = (), **headers: str) -> Reply:
        """Send a form of ours. `form`: pairs or a dict; octets with a content_type of their own."""
        body = form if isinstance(form, bytes) else urlencode(form, doseq=True).encode()
        return await self.call("POST", path, body, {"sec_fetch_site": "same-origin"} | headers)

    async def follow(self, reply: Reply) -> Reply:
        """Where a form leads."""
        assert reply.status == 303, reply.text
        return await self.get(reply.headers["location"])

    async def follow_stream(self, path: str, **headers: str) -> "Stream":
        """Stay at a stream until `leave`."""
        stream = Stream()
        stream.task = self.site.world.spawn(self.site.app(self._scope("GET", path, headers), stream.receive, stream.send))
        await self.site.world.settle()
        return stream

    async def call(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Reply:
        scope = self._scope(method, path, headers)
        reply = await request(self.site.app, scope, body, stays=not scope["path"].endswith("/stream"))
        for each in reply.cookies:
            name, _, rest = each.partition("=")
            value, _, attributes = rest.partition(";")
            if "Max-Age=0" in attributes:
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value
        return reply

    def _scope(self, method: str, path: str, headers: dict[str, str]) -> Scope:
        sent = {"host": "sms.example.com", "accept": "text/html", "content-type": "application/x-www-form-urlencoded"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items() if value}
        if self.cookies:
            sent["cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        location, _, query = path.partition("?")
        return {
            "type": "http",
            "method": method,
            "scheme": "https",
            "path": location,
            "query_string": quote(query, safe="=&%+,:.-_|*/").encode(),
            "headers": [(name.encode(), value.encode("latin-1")) for name, value in sent.items()],
            "client": (ADDRESS, 50000),
            "server": ("127.0.0.1", 8080),
        }


class Stream:
    """A browser that stays at a stream. `said`: what came so far."""

    task: asyncio.Task[None]

    def __init__(self) -> None:
        self.said = ""
        self.headers: dict[str, str] = {}
        self._gone = asyncio.Event()

    async def receive(self) -> Message:
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        self.said += message.get("body", b"").decode()

    async def leave(self) -> None:
        self._gone.set()
        await self.task


def words(reply: Reply) -> str:
    """What stands on a page, without its marks."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", reply.text)).split())
