"""How single settings are written: addresses, networks, numbers, lists; what is accepted, and how a value is shown. Which settings there
are is said in config.py.

A `Kind` reads a value as TOML gives it, or refuses it with ValueError; the caller knows name and origin and says what is wrong.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any, Final, Generic, TypeVar
from urllib.parse import urlsplit

T = TypeVar("T")
Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Kind(Generic[T]):
    """`accepts` says it to people; `read` takes what TOML holds (ValueError: refused); `parse` makes that of an environment's text."""

    accepts: str
    read: Callable[[object], T]
    parse: Callable[[str], object] = str
    show: Callable[[T], str] = str


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen; port 0 takes a free one."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def setting(kind: Kind[T], default: T, doc: str) -> T:
    """A field of the tree of settings: how it is written, its value without being set, and what it does."""
    made: Any = field(default=default, metadata={"kind": kind, "doc": doc})  # dataclasses take the field, type checkers the value
    return made  # type: ignore[no-any-return]


def whole(least: int, most: int) -> Kind[int]:
    def read(value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise ValueError
        return value

    return Kind(f"a whole number from {least} to {most}", read, lambda text: int(_match(r"-?[0-9]+", text)[0]))


def one_of(*choices: str) -> Kind[str]:
    return Kind(f"one of {', '.join(choices)}", lambda value: choices[choices.index(_text(value))])


def optional(kind: Kind[T]) -> Kind[T | None]:
    """The same, or nothing: an empty text."""
    return Kind(
        f"{kind.accepts}; empty for none",
        lambda value: None if value == "" else kind.read(value),
        lambda value: "" if value == "" else kind.parse(value),
        lambda value: "" if value is None else kind.show(value),
    )


def list_of(kind: Kind[T]) -> Kind[tuple[T, ...]]:
    def read(value: object) -> tuple[T, ...]:
        if not isinstance(value, list):
            raise ValueError  # noqa: TRY004 (a refused value, like all others)
        return tuple(kind.read(item) for item in value)

    return Kind(
        f"a list, each item {kind.accepts}; in the environment separated by commas",
        read,
        lambda value: [kind.parse(item.strip()) for item in value.split(",") if item.strip()],
        lambda value: ", ".join(map(kind.show, value)),
    )


def without_password(text: str) -> str:
    """A URL for people: its password, in front of the host or as a parameter, is masked."""
    return re.sub(r"(password=)[^&\s]*", r"\1***", re.sub(r"(://[^/\s@:]*):[^/\s]*@", r"\1:***@", text))


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError  # noqa: TRY004 (a refused value, like all others)
    return value


def _match(form: str, value: object) -> re.Match[str]:
    if (match := re.fullmatch(form, _text(value))) is None:
        raise ValueError
    return match


def _address(value: object) -> Address:
    match = _match(r"(?:\[([0-9A-Fa-f:.]+)\]|([^\s:\[\]]+)):(\d{1,5})", value)
    if (port := int(match[3])) > 65_535:
        raise ValueError
    return Address(match[1] or match[2], port)


def _web_origin(value: object) -> str:
    parts = urlsplit(_text(value))
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username is not None or parts.port == 0:
        raise ValueError
    if parts.path not in {"", "/"} or parts.query or parts.fragment:
        raise ValueError
    return f"{parts.scheme}://{parts.netloc}"


PATH: Final = Kind("a path", lambda value: Path(_match(r"[^\0]+", value).group()))
ADDRESS: Final = Kind("HOST:PORT, for example 127.0.0.1:8080 or [::1]:8080; port 0 takes a free one", _address)
WEB_ORIGIN: Final = Kind(
    "http:// or https:// with a host and maybe a port, without a path, for example https://sms.example.com", _web_origin
)
NETWORK: Final[Kind[Network]] = Kind("a network or address, for example 10.20.0.0/16", lambda value: ip_network(_text(value)))
LOOPBACK: Final[tuple[Network, ...]] = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
NUMBER: Final = Kind("a number as dialled, or a prefix that ends in *", lambda value: _match(r"\+?[0-9A-Za-z*#]+", value).group())
DATABASE: Final = Kind(
    "the path of an SQLite file (relative to data_dir), or postgresql://USER:PASSWORD@HOST:PORT/DATABASE",
    lambda value: _match(r"postgres(ql)?://\S+|(?![A-Za-z+]+://)[^\0]+", value).group(),
    show=without_password,
)
