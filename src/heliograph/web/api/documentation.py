"""The API as a document that programs read, and as a page to read and try it."""

import asyncio
from collections.abc import Callable
from functools import cache
from typing import Any

import msgspec

from heliograph.model.problem import Code, Problem
from heliograph.web.answer import HTML, JSON, Answer, Header
from heliograph.web.openapi.document import document
from heliograph.web.openapi.page import ASSETS, POLICY, page
from heliograph.web.operation import operation
from heliograph.web.resource import AnyResource, OpenResource, Request, RouteTable

OWN: tuple[Header, ...] = (
    (b"content-security-policy", POLICY.encode()),
    (b"referrer-policy", b"no-referrer"),
)
FILES: dict[str, Header] = {
    "docs.css": (b"content-type", b"text/css; charset=UTF-8"),
    "docs.js": (b"content-type", b"text/javascript; charset=UTF-8"),
}


def routes(described: Callable[[], RouteTable]) -> dict[str, AnyResource]:
    """The routes that tell about all; `described` gives all, these too."""

    # Made once, at the first request, in a thread: a page of all calls takes some tenths of a second.
    @cache
    def written() -> dict[str, Any]:
        return document(described())

    @cache
    def encoded() -> Answer:
        return Answer(200, (JSON,), msgspec.json.encode(written()))

    @cache
    def shown() -> Answer:
        return Answer(200, (HTML, *OWN), page(written()).encode())

    @operation("Retrieve this document", answer=dict)
    async def openapi(_request: Request) -> Answer:
        """OpenAPI 3.1: every call, payload, answer and error, with examples."""
        return await asyncio.to_thread(encoded)

    @operation("Read about the API and try it", answer=str, media=("text/html",))
    async def docs(_request: Request) -> Answer:
        """A page for people. It loads nothing from elsewhere."""
        return await asyncio.to_thread(shown)

    return {
        "/api/openapi.json": OpenResource(GET=openapi),
        "/api/docs": OpenResource(GET=docs),
        "/api/docs/{file}": OpenResource(GET=asset),
    }


@operation("Retrieve a part of the page", answer=str, media=("text/css", "text/javascript"), refuses=(Code.NOT_FOUND,))
async def asset(request: Request) -> Answer:
    """Its style (`docs.css`) and its script (`docs.js`)."""
    name = request.text("file")
    if name not in FILES:
        raise Problem(Code.NOT_FOUND, f"There is no file {name} here: the page at /api/docs has {', '.join(FILES)}")
    return _file(name)


@cache
def _file(name: str) -> Answer:
    return Answer(200, (FILES[name], *OWN), (ASSETS / name).read_bytes())
