"""A resource of the API: what a request to it brings, who may ask, and which function answers which method."""

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, TypeVar
from urllib.parse import parse_qsl

import msgspec
from starlette.types import Receive, Scope

from heliograph.model.account import Actor, Door
from heliograph.model.permission import require
from heliograph.model.problem import Code, Problem
from heliograph.web.answer import Answer, json
from heliograph.web.context import Context, address_of
from heliograph.web.rights import right_of
from heliograph.web.unfit import unfit

T = TypeVar("T")
MOST_BODY: Final = 4 * 1024 * 1024
LEAST_ID, MOST_ID = -(2**63), 2**63 - 1
NUL = "\x00"
USER_AGENT_OF_ZAPIER: Final = (b"user-agent", b"Zapier")
"""What Zapier's machines send. It opens no door that the API does not open."""
_LONG = re.compile(r"-?[0-9]{1,19}")


class Disconnected(Exception):
    """The client went away before its request was whole: there is nobody to answer."""


class Request(msgspec.Struct):
    """A request as it came. `ids`: the variables of its path."""

    context: Context
    scope: Scope
    ids: dict[str, str]
    body: bytes

    @property
    def address(self) -> str:
        """Where the caller is."""
        return address_of(self.scope)

    def id(self, name: str) -> int:
        """A number of the path. Raises Problem, in emnify's words."""
        text = self.ids[name]
        if _LONG.fullmatch(text) and LEAST_ID <= (number := int(text)) <= MOST_ID:
            return number
        raise Problem(Code.BAD_REQUEST, f'Cannot parse parameter id as Long: For input string: "{text}"')

    def text(self, name: str) -> str:
        """A text of the path. Raises Problem for what no database keeps."""
        if NUL in self.ids[name]:
            raise Problem(Code.BAD_REQUEST, f"Cannot parse parameter {name}: write it without the character NUL")
        return self.ids[name]

    def query(self) -> dict[str, str]:
        """The query string; of a name that stands twice, the last. Raises Problem."""
        pairs = dict(parse_qsl(self.scope["query_string"].decode("latin-1"), keep_blank_values=True))
        if any(NUL in value for value in pairs.values()):
            raise Problem(Code.BAD_REQUEST, "The query string holds the character NUL: leave it out")
        return pairs

    def decode(self, decoder: msgspec.json.Decoder[T]) -> T:
        """The body, which must be what `decoder` reads. Raises Problem: BAD_REQUEST for what is no JSON, INVALID for what does not fit."""
        if not self.body:
            raise Problem(Code.BAD_REQUEST, "The request has no body: send JSON, with the header Content-Type: application/json")
        try:
            value = decoder.decode(self.body)
        except msgspec.ValidationError as error:
            raise unfit(str(error)) from None
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise Problem(Code.BAD_REQUEST, f"The body is no JSON in UTF-8 ({error}): send JSON, whatever its Content-Type says") from None
        if b"\\u0000" in self.body and _has_nul(msgspec.json.decode(self.body)):
            raise Problem(Code.INVALID_FORMAT, "A text holds the character NUL, which cannot be kept: leave it out")
        return value


class Call(Request):
    """A request of somebody. Where it changes something, its actor knows from where and by what: the audit and the timeline say so."""

    actor: Actor

    def __post_init__(self) -> None:
        if self.scope["method"] != "GET":
            door = Door.ZAPIER if USER_AGENT_OF_ZAPIER in self.scope["headers"] else self.actor.door
            self.actor = msgspec.structs.replace(self.actor, address=self.address, door=door)


Handler = Callable[[Call], Awaitable[Answer]]
OpenHandler = Callable[[Request], Awaitable[Answer]]


class Resource:
    """For callers who are somebody and have the right that `web/rights.py` asks for."""

    def __init__(self, **handlers: Handler) -> None:
        self.handlers = handlers
        self.at("")

    def at(self, template: str) -> None:
        """Stand at a route, which says what a caller needs."""
        self._rights = {method: right_of(method, template) for method in self.handlers}

    async def answer(self, context: Context, scope: Scope, receive: Receive, ids: dict[str, str]) -> Answer:
        """Answer a request. Raises Problem."""
        method = _method(scope)
        handler = self.handlers.get(method)
        if handler is None:
            return not_allowed(self.handlers)
        actor = context.known(scope) or await context.identify(scope)
        require(actor, self._rights[method])
        return await handler(Call(context, scope, ids, await read_body(receive) if method != "GET" else b"", actor))


class OpenResource:
    """For everybody."""

    def __init__(self, **handlers: OpenHandler) -> None:
        self.handlers = handlers

    async def answer(self, context: Context, scope: Scope, receive: Receive, ids: dict[str, str]) -> Answer:
        """Answer a request. Raises Problem."""
        method = _method(scope)
        handler = self.handlers.get(method)
        if handler is None:
            return not_allowed(self.handlers)
        return await handler(Request(context, scope, ids, await read_body(receive) if method != "GET" else b""))


AnyResource = Resource | OpenResource
RouteTable = Mapping[str, AnyResource]


async def read_body(receive: Receive) -> bytes:
    """The whole body. Raises Problem where it is too long, Disconnected where it never ends."""
    message = await receive()
    body: bytes = message.get("body", b"")
    while message.get("more_body") and len(body) <= MOST_BODY:
        message = await receive()
        body += message.get("body", b"")
    if len(body) > MOST_BODY:
        raise Problem(Code.TOO_LARGE, f"The body is longer than {MOST_BODY} octets: send it in several requests")
    if message["type"] == "http.disconnect":
        raise Disconnected
    return body


def not_allowed(handlers: Mapping[str, Any]) -> Answer:
    """The resource does not know the method."""
    methods = ", ".join(handlers)
    error = {"error_code": 1000, "error_token": "BadRequest", "message": f"This path does not know the method: use {methods}"}
    return json(error, (b"allow", methods.encode()), status=405)


def _method(scope: Scope) -> str:
    method: str = scope["method"]
    return "GET" if method == "HEAD" else method


def _has_nul(value: Any) -> bool:
    if isinstance(value, str):
        return NUL in value
    if isinstance(value, dict):
        return any(_has_nul(item) for pair in value.items() for item in pair)
    return isinstance(value, list) and any(map(_has_nul, value))
