"""What the documentation says of a handler, declared on it: `@operation(...)` above the function, in the file that has its payload types.

It costs a request nothing, since the handler itself is given back. The docstring of the handler is the longer text. What each request may
be answered (no token, a body that is no JSON, an id that is no number) needs no word here: `heliograph.web.openapi` adds it.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, TypeVar

from heliograph.model.problem import Code

H = TypeVar("H", bound=Callable[..., Any])
JSON: Final = "application/json"
EVENT_STREAM: Final = "text/event-stream"

SENDING: Final = (
    Code.DEVICE_DISABLED,
    Code.SIM_NOT_ACTIVE,
    Code.NO_SIM,
    Code.NO_ROUTE,
    Code.MT_OFF,
    Code.A2P_OFF,
    Code.MT_LIMIT,
    Code.ORGANISATION_LIMIT,
    Code.QUOTA,
    Code.QUOTA_NOT_SET,
    Code.NOT_SUPPORTED,
)
"""The rules that may refuse an SMS to a device."""
BETWEEN_SUBSCRIBERS: Final = (
    Code.MO_OFF,
    Code.P2P_INTERNAL_OFF,
    Code.P2P_EXTERNAL_OFF,
    Code.SENDER_NOT_ALLOWED,
    Code.P2P_RATE,
    Code.MO_LIMIT,
    Code.LOOP,
    Code.NO_RELAY,
    Code.RECEIVER_REFUSES,
)
"""The rules that may, beside those, refuse an SMS that a link hears."""


class Listed(NamedTuple):
    """Of a list: what `q` and `sort` know (empty: there is no such parameter), and how many stand on a page."""

    fields: Iterable[str]
    sorts: Iterable[str]
    per_page: int
    most_per_page: int


class Parameter(NamedTuple):
    """Of the query string, or a header of the request. `shape`: a type, perhaps Annotated with what it accepts."""

    says: str
    shape: Any = str
    required: bool = False


class Reply(NamedTuple):
    """Another answer than the usual one."""

    says: str
    shape: Any = None
    media: str = JSON


@dataclass(frozen=True, kw_only=True)
class Operation:
    """`body`, `answer`: the types that go in and out; `instead`: another that may come out. `needs_body`: it may not be left out.
    `example`: a body that can be sent as it stands. `listing`: it has pages, and the headers that number them. `tells`: its other
    headers. `refuses`: its own problems. `also`: answers beside the one with `status`."""

    summary: str
    body: Any = None
    needs_body: bool = True
    example: Any = None
    answer: Any = None
    instead: Any = None
    status: int
    media: tuple[str, ...] = (JSON,)
    location: bool = False
    listing: Listed | None = None
    query: Mapping[str, Parameter] = field(default_factory=dict)
    headers: Mapping[str, Parameter] = field(default_factory=dict)
    tells: Mapping[str, str] = field(default_factory=dict)
    refuses: tuple[Code, ...] = ()
    also: Mapping[int, Reply] = field(default_factory=dict)


_DECLARED: dict[Callable[..., Any], Operation] = {}


def operation(summary: str, *, status: int | None = None, **said: Any) -> Callable[[H], H]:
    """Declare a handler. `status` where it is left out: 200 where there is an `answer`, else 204."""

    def declare(handler: H) -> H:
        default = 200 if "answer" in said else 204
        _DECLARED[handler] = Operation(summary=summary, status=default if status is None else status, **said)
        return handler

    return declare


def declared(handler: Callable[..., Any]) -> Operation | None:
    """What was said of it."""
    return _DECLARED.get(handler)
