"""What a browser brings beside its form: cookies, and where the form was. Decides whether a form may have been sent by a page of ours.

Theory of operation. A page of another site can have a browser post to us. The session cookie is SameSite=Lax, so it does not come along
with such a form; as a second wall, a post counts only where the browser itself says that it comes from our own origin: `Sec-Fetch-Site`,
which no page can set, or, where a browser does not send it (plain HTTP to another machine), `Origin` equal to ours. So forms need no token.
"""

from typing import Final
from urllib.parse import quote

from starlette.types import Scope

from heliograph.model.problem import Code, Problem
from heliograph.web.answer import Header

MOST_COOKIES: Final = 8192
YEAR_S: Final = 365 * 86_400


def header(scope: Scope, name: bytes) -> str:
    """A header of the request; empty where it has none."""
    for each, value in scope["headers"]:
        if each == name:
            return str(value, "latin-1")
    return ""


def cookies(scope: Scope) -> dict[str, str]:
    """Those that came, by name; of a name that comes twice the first, which is the more specific one (RFC 6265 5.4)."""
    found: dict[str, str] = {}
    for pair in header(scope, b"cookie")[:MOST_COOKIES].split(";"):
        name, equals, value = pair.strip().partition("=")
        if equals:
            found.setdefault(name, value)
    return found


def cookie(name: str, value: str, *, secure: bool, max_age_s: int | None = None, for_scripts: bool = False) -> Header:
    """A header that sets a cookie of the whole portal; `max_age_s` 0 takes it away, None: until the browser is closed."""
    text = f"{name}={value}; Path=/; SameSite=Lax"
    if not for_scripts:
        text += "; HttpOnly"
    if secure:
        text += "; Secure"
    if max_age_s is not None:
        text += f"; Max-Age={max_age_s}"
    return (b"set-cookie", text.encode("ascii"))


def check_origin(scope: Scope, origin: str) -> None:
    """Raises Problem where a form may come from elsewhere."""
    site = header(scope, b"sec-fetch-site")
    if site == "same-origin" or (not site and header(scope, b"origin") == origin):
        return
    text = (
        "this form was not sent by a page of this portal, so nothing was done: open the page again and send it from there "
        "(behind a reverse proxy, http.public_url must be the address in the browser)"
    )
    raise Problem(Code.FORBIDDEN, text)


def quoted(text: str) -> str:
    """As the value of a parameter."""
    return quote(text, safe="")


def own_path(typed: str, default: str = "/") -> str:
    """A path of this portal to go on at: what was asked for, unless it could lead elsewhere."""
    is_ours = typed.startswith("/") and not typed.startswith(("//", "/\\")) and typed.isascii() and typed.isprintable() and " " not in typed
    return typed if is_ours else default
