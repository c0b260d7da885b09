"""A saved command: a text with places for what differs each time, `SETPARAM 2001:{apn}`, and how it is filled, and hidden again. Pure.

A place is `{name}` or `{name:kind}`; a `?` behind it lets it stay empty. Braces that hold no such name are braces.
"""

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from functools import lru_cache
from typing import Final, NamedTuple

import msgspec

from heliograph.model.problem import Code, Problem

MOST_VALUE: Final = 200
MASK: Final = "••••"


class Kind(StrEnum):
    """What stands at a place. A SECRET is never shown again."""

    TEXT = "text"
    NUMBER = "number"
    HOST = "host"
    PHONE = "phone"
    SECRET = "secret"  # noqa: S105 (a kind, not a password)


_PLACE: Final = re.compile(r"\{([a-z][a-z0-9_]{0,30})(?::(" + "|".join(Kind) + r"))?(\?)?\}")
_FITS: Final = {
    Kind.TEXT: (re.compile(r"[^\r\n]+"), "a text"),
    Kind.NUMBER: (re.compile(r"-?[0-9]{1,12}"), "a whole number"),
    Kind.HOST: (re.compile(r"[A-Za-z0-9]([A-Za-z0-9.:_-]*[A-Za-z0-9])?"), "a name or an address of a machine, such as gps.example.com"),
    Kind.PHONE: (re.compile(r"\+?[0-9]{3,17}"), "a phone number"),
    Kind.SECRET: (re.compile(r"[^\r\n]+"), "a text"),
}


class Place(msgspec.Struct, frozen=True):
    """A place of a text. `may_be_empty`: some devices want two spaces where there is no password."""

    name: str
    kind: Kind
    may_be_empty: bool

    @property
    def label(self) -> str:
        """Its name, for people."""
        return self.name.replace("_", " ").capitalize()


class Filled(NamedTuple):
    """A text as it is sent. `secrets`: where, from start to end, stands what is never shown again; kept with the message, since the command
    may be changed or deleted."""

    text: str
    secrets: tuple[tuple[int, int], ...]


@lru_cache(maxsize=1000)
def places(text: str) -> tuple[Place, ...]:
    """The places of a text, each once, in their order."""
    found: dict[str, Place] = {}
    for match in _PLACE.finditer(text):
        found.setdefault(match[1], Place(match[1], Kind(match[2] or Kind.TEXT), bool(match[3])))
    return tuple(found.values())


def fill(text: str, values: Mapping[str, str]) -> Filled:
    """The text with a value at each place. Raises Problem with a part for each that does not fit."""
    problems = [problem for place in places(text) if (problem := _unfit(place, values.get(place.name, ""))) is not None]
    if problems:
        raise Problem(Code.INVALID, "the command is not filled in", parts=tuple(problems))
    found = list(_PLACE.finditer(text))
    hidden = {match[1] for match in found if match[2] == Kind.SECRET}
    written, secrets, end = "", [], 0
    for match in found:
        written += text[end : match.start()]
        value = values.get(match[1], "")
        if value and match[1] in hidden:
            secrets.append((len(written), len(written) + len(value)))
        written += value
        end = match.end()
    return Filled(written + text[end:], tuple(secrets))


def masked(written: str, secrets: Iterable[tuple[int, int]]) -> str:
    """What was written, with MASK for its secrets; as it is where its text was deleted since."""
    for start, end in sorted(secrets, reverse=True):
        if end <= len(written):
            written = written[:start] + MASK + written[end:]
    return written


def _unfit(place: Place, value: str) -> Problem | None:
    if not value:
        return None if place.may_be_empty else Problem(Code.REQUIRED, f"{place.label} is missing", field=place.name)
    pattern, wanted = _FITS[place.kind]
    if len(value) > MOST_VALUE or pattern.fullmatch(value) is None:
        return Problem(Code.INVALID_FORMAT, f"{place.label} has to be {wanted}", field=place.name)
    return None
