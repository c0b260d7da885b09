"""The API as a document that programs read."""

from collections.abc import Callable
from functools import cache

import msgspec

from heliograph.web.answer import JSON, Answer
from heliograph.web.openapi.document import document
from heliograph.web.operation import operation
from heliograph.web.resource import AnyResource, OpenResource, Request, RouteTable


def routes(described: Callable[[], RouteTable]) -> dict[str, AnyResource]:
    """The routes that tell about all; `described` gives all, these too."""

    @cache
    def written() -> Answer:
        return Answer(200, (JSON,), msgspec.json.encode(document(described())))

    @operation("This document", answer=dict)
    async def openapi(_request: Request) -> Answer:
        """OpenAPI 3.1: every call, payload, answer and error, with examples."""
        return written()

    return {"/api/openapi.json": OpenResource(GET=openapi)}
