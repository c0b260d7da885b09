"""A page of the portal: its path's place in `PAGES`, what right a reader needs, and the functions that answer GET and POST.

A page only translates: what a browser brings into a call of `service`, and what comes back into a template. It holds no rule. Forms post to
a page and are answered 303 to where their result is seen, so that going back or loading anew never sends a thing twice.
"""

import email.parser
import email.policy
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final
from urllib.parse import parse_qsl, quote, unquote

import msgspec
from starlette.types import Scope

from heliograph.model.account import Actor
from heliograph.model.permission import RIGHTS, Right
from heliograph.model.problem import Code, Problem
from heliograph.service.core import Core
from heliograph.service.session import Visit
from heliograph.web.answer import Header
from heliograph.web.context import Context, address_of
from heliograph.web.portal import guard, render
from heliograph.web.portal.reply import Reply, html, see

NUL: Final = "\x00"
MOST_FIELDS: Final = 20_000
MOST_DIGITS: Final = 18
"""Of a number that is read; what is longer fits into no column."""
FLASH: Final = "flash"
FLASH_S: Final = 60
MOST_FLASH: Final = 400
ZONE: Final = "tz"
THEME: Final = "theme"


class Upload(msgspec.Struct, frozen=True):
    """A file that a form brought."""

    name: str
    content: bytes


class Fields:
    """The fields of a query string or a form. A name may stand several times."""

    def __init__(self, pairs: list[tuple[str, str]], files: Mapping[str, Upload] | None = None) -> None:
        if any(NUL in value for _, value in pairs):
            raise Problem(Code.BAD_REQUEST, "What was typed holds the character NUL, which cannot be kept: leave it out")
        self.pairs = pairs
        self.files = files or {}
        self._values: dict[str, str] = dict(pairs)

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def text(self, name: str, default: str = "") -> str:
        """The value without the spaces around it."""
        return self._values.get(name, default).strip()

    def raw(self, name: str) -> str:
        """The value as it was typed, with the line ends of a text, not those of a form."""
        return self._values.get(name, "").replace("\r\n", "\n")

    def texts(self, name: str) -> list[str]:
        """All values of a name."""
        return [value for each, value in self.pairs if each == name]

    def number(self, name: str, default: int | None = None) -> int | None:
        """A whole number; `default` where nothing was typed. Raises Problem for what is none."""
        typed = self.text(name)
        if not typed:
            return default
        if not typed.isascii() or not typed.removeprefix("-").isdigit() or len(typed) > MOST_DIGITS:
            raise Problem(Code.INVALID_FORMAT, f"'{typed[:40]}' is no whole number", field=name)
        return int(typed)

    def numbers(self, name: str) -> list[int]:
        """All values of a name that are whole numbers."""
        return [int(value) for value in self.texts(name) if value.isascii() and value.isdigit() and len(value) <= MOST_DIGITS]

    def is_on(self, name: str) -> bool:
        """Whether a box is ticked."""
        return self._values.get(name, "") not in ("", "0", "off")


class Asked(msgspec.Struct):
    """A request of a browser. `ids`: the variables of its path; `visit`: who is signed in, on an open page perhaps nobody."""

    context: Context
    scope: Scope
    ids: dict[str, str]
    query: Fields
    form: Fields
    body: bytes
    cookies: dict[str, str]
    origin: str
    visit: Visit | None

    @property
    def core(self) -> Core:
        return self.context.core

    @property
    def actor(self) -> Actor:
        """Who is signed in; where something is changed, with their address, for the audit."""
        assert self.visit is not None, "an open page has no actor"
        actor = self.visit.actor
        return actor if self.scope["method"] == "GET" else msgspec.structs.replace(actor, address=self.address)

    @property
    def address(self) -> str:
        return address_of(self.scope)

    @property
    def path(self) -> str:
        path: str = self.scope["path"]
        return path

    @property
    def here(self) -> str:
        """The path with its query, as a link."""
        query = str(self.scope["query_string"], "latin-1")
        return quote(self.path, safe="/") + (f"?{query}" if query else "")

    @property
    def came_from(self) -> str:
        """The page of ours that a form or a script stood on, as its browser says; empty where it does not."""
        referer = guard.header(self.scope, b"referer")
        return referer.removeprefix(self.origin) if referer.startswith(f"{self.origin}/") else ""

    @property
    def is_secure(self) -> bool:
        """Whether the browser speaks HTTPS with us, or with the proxy before us."""
        return self.origin.startswith("https:")

    @property
    def is_part(self) -> bool:
        """Whether a script of ours asks, for a part of a page."""
        return guard.header(self.scope, b"hx-request") == "true"

    @property
    def session_name(self) -> str:
        """The name of the session's cookie: over HTTPS one that no other host and no plain connection can set (RFC 6265bis 4.1.3.2)."""
        return "__Host-heliograph" if self.is_secure else "heliograph"

    @property
    def session_cookie(self) -> str:
        """The session's cookie, empty where none came."""
        return self.cookies.get(self.session_name, "")

    @property
    def zone(self) -> render.Zone:
        """In which the reader reads and types times."""
        return render.zone_of(unquote(self.cookies.get(ZONE, "")))

    @property
    def now_ms(self) -> int:
        return self.core.clock.now_ms()

    def id(self, name: str) -> int:
        """A number of the path. Raises Problem where nothing can be there."""
        text = self.ids[name]
        if text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS:
            return int(text)
        raise Problem(Code.NOT_FOUND, "There is nothing at this address")

    def can(self, right: Right) -> bool:
        """Whether the one who is signed in has a right."""
        return self.visit is not None and right in RIGHTS[self.visit.actor.role]

    def render(self, template: str, status: int = 200, **values: Any) -> Reply:
        """A page made from a template, which gets `values` beside what every page has (`shared`)."""
        return html(render.page(template, self.shared() | values), status)

    def shared(self) -> dict[str, Any]:
        """What every template knows."""
        theme = self.cookies.get(THEME, "")
        return {
            "asked": self,
            "me": self.visit.actor if self.visit else None,
            "can": self.can,
            "Right": Right,
            "zone": self.zone,
            "now_ms": self.now_ms,
            "theme": theme if theme in ("light", "dark") else "system",
            "flash": unquote(self.cookies.get(FLASH, "")),
            "is_demo": bool(self.core.simulators),
        }

    def see(self, path: str, say: str = "", *headers: Header) -> Reply:
        """Go on at `path`, where `say` is shown once."""
        reply = see(path)
        if say:
            reply = reply.with_headers(self.cookie(FLASH, quote(say[:MOST_FLASH]), max_age_s=FLASH_S))
        return reply.with_headers(*headers)

    def cookie(self, name: str, value: str, *, max_age_s: int | None = None, for_scripts: bool = False) -> Header:
        return guard.cookie(name, value, secure=self.is_secure, max_age_s=max_age_s, for_scripts=for_scripts)


Handler = Callable[[Asked], Awaitable[Reply]]


class Page:
    """For people who are signed in and have the right: `read` for GET, `write` for POST."""

    is_open = False

    def __init__(
        self, *, get: Handler | None = None, post: Handler | None = None, read: Right = Right.READ, write: Right = Right.CHANGE
    ) -> None:
        self.handlers = {method: handler for method, handler in (("GET", get), ("POST", post)) if handler is not None}
        self.rights = {"GET": read, "POST": write}


class OpenPage(Page):
    """For everybody. A form from elsewhere is refused here too."""

    is_open = True


def fields_of(query: bytes) -> Fields:
    """The fields of a query string. Raises Problem."""
    return Fields(_pairs(query.decode("latin-1")))


def form_of(body: bytes, content_type: str) -> Fields:
    """The fields of a form, in either of the two ways that browsers send one. Raises Problem."""
    if not body or content_type.startswith("application/csp-report"):
        return Fields([])
    if content_type.startswith("multipart/form-data"):
        return _multipart(body, content_type)
    try:
        return Fields(_pairs(body.decode("ascii")))
    except UnicodeDecodeError:
        raise Problem(Code.BAD_REQUEST, "The form could not be read: open the page again and send it from there") from None


def _pairs(text: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        raise Problem(Code.TOO_LARGE, f"The form has more than {MOST_FIELDS} fields: choose fewer at once") from None


def _multipart(body: bytes, content_type: str) -> Fields:
    head = f"Content-Type: {content_type}\r\n\r\n".encode("latin-1")
    message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + body)
    pairs: list[tuple[str, str]] = []
    files: dict[str, Upload] = {}
    for part in message.iter_parts() if message.is_multipart() else ():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if not isinstance(name, str) or not isinstance(content, bytes):
            continue
        file_name = part.get_filename()
        if file_name is None:
            pairs.append((name, content.decode("utf-8", "replace")))
        elif content or file_name:
            files[name] = Upload(file_name, content)
    return Fields(pairs, files)
