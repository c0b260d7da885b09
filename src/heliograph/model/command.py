"""A saved command: a text with places for what differs each time, `SETPARAM 2001:{apn}`, and how it is filled, and hidden again. Pure.

A place is `{name}` or `{name:kind}`; a `?` behind it lets it stay empty. Braces that hold no such name are braces.
"""

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from functools import lru_cache
from typing import Final

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


@lru_cache(maxsize=1000)
def places(text: str) -> tuple[Place, ...]:
    """The places of a text, each once, in their order."""
    found: dict[str, Place] = {}
    for match in _PLACE.finditer(text):
        found.setdefault(match[1], Place(match[1], Kind(match[2] or Kind.TEXT), bool(match[3])))
    return tuple(found.values())


def fill(text: str, values: Mapping[str, str]) -> str:
    """The text with a value at each place. Raises Problem with a part for each that does not fit."""
    problems = [problem for place in places(text) if (problem := _unfit(place, values.get(place.name, ""))) is not None]
    if problems:
        raise Problem(Code.INVALID, "the command is not filled in", parts=tuple(problems))
    return _PLACE.sub(lambda match: values.get(match[1], ""), text)


def masked(texts: Iterable[str], written: str) -> str:
    """What was written, with MASK for its secrets where it was made of one of the commands `texts`."""
    for text in texts:
        if any(place.kind is Kind.SECRET for place in places(text)) and (spans := _secrets(text, written)) is not None:
            for start, end in reversed(spans):
                written = written[:start] + (MASK if end > start else "") + written[end:]
            return written
    return written


def _unfit(place: Place, value: str) -> Problem | None:
    if not value:
        return None if place.may_be_empty else Problem(Code.REQUIRED, f"{place.label} is missing", field=place.name)
    pattern, wanted = _FITS[place.kind]
    if len(value) > MOST_VALUE or pattern.fullmatch(value) is None:
        return Problem(Code.INVALID_FORMAT, f"{place.label} has to be {wanted}", field=place.name)
    return None


def _secrets(text: str, written: str) -> list[tuple[int, int]] | None:
    """Where the secrets stand in what was made of a text, None where it was not. Each place ends where what follows it first stands, so
    this takes as long as the text is, whatever somebody saves."""
    literals, groups = _pieces(text)
    if not written.startswith(literals[0]):
        return None
    spans = []
    at = len(literals[0])
    for number, group in enumerate(groups, 1):
        literal, is_last = literals[number], number == len(groups)
        least = at + (not all(place.may_be_empty for place in group))
        end = len(written) - len(literal) if is_last else written.find(literal, least)
        if end < least or (is_last and not written.endswith(literal)):
            return None
        if any(place.kind is Kind.SECRET for place in group):
            spans.append((at, end))
        at = end + len(literal)
    return spans


@lru_cache(maxsize=1000)
def _pieces(text: str) -> tuple[list[str], list[list[Place]]]:
    """What stands around the places, and the places between, of which those that touch are one group."""
    literals: list[str] = [""]
    groups: list[list[Place]] = []
    end = 0
    for match in _PLACE.finditer(text):
        place = Place(match[1], Kind(match[2] or Kind.TEXT), bool(match[3]))
        between = text[end : match.start()]
        if groups and not between:
            groups[-1].append(place)
        else:
            literals[-1] = between
            groups.append([place])
            literals.append("")
        end = match.end()
    literals[-1] = text[end:]
    return literals, groups
