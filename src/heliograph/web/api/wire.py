"""How the compatible API writes things: references by id, moments in time, statuses with their words.

Ids come as 1, 1.0 and "1", numbers where texts are meant, and the other way round: every decoder here takes them all.
"""

import re
from datetime import UTC, datetime, timedelta, timezone
from enum import IntEnum
from typing import Annotated, Final, TypeVar

import msgspec
from msgspec import UNSET, Meta, UnsetType

from heliograph.model.problem import Code, Problem

T = TypeVar("T")
E = TypeVar("E", bound=IntEnum)

Id = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
"""What a database can compare with its ids."""
Name = Annotated[str, Meta(max_length=255)]
Text = Annotated[str, Meta(max_length=2000)]
Written = str | int | float
"""A text that clients also send as a number."""

DAY_MS: Final = 86_400_000
_MOMENT = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?\s*(Z|z|[+-]\d{2}:?\d{2})?)?",
)


class Ref(msgspec.Struct, frozen=True):
    """A reference to something by its id. What else stands in it (name, description) is not read."""

    id: Id | UnsetType | None = UNSET


class Described(msgspec.Struct, frozen=True):
    id: int
    description: str


class Named(msgspec.Struct, frozen=True):
    id: int
    name: str


class Nothing(msgspec.Struct, frozen=True):
    """An empty object: it is done, and clients expect a body."""


def decoder(shape: type[T]) -> msgspec.json.Decoder[T]:
    """Reads a body of this shape, with ids and numbers as clients write them."""
    return msgspec.json.Decoder(shape, strict=False)


def described(value: IntEnum) -> Described:
    """A status with its word: `FACTORY_TEST` as Factory Test."""
    return Described(int(value), value.name.replace("_", " ").title())


def listed(kind: type[IntEnum]) -> list[Described]:
    """All statuses of a kind, for the look-ups."""
    return [described(value) for value in kind]


def one_of(kind: type[E], ref: Ref | UnsetType | None, field: str) -> E | UnsetType:
    """The status or type that is referred to, UNSET where none is. Raises Problem for one that does not exist."""
    if not isinstance(ref, Ref) or ref.id is UNSET or ref.id is None:
        return UNSET
    try:
        return kind(ref.id)
    except ValueError:
        known = ", ".join(f"{value.value} ({described(value).description})" for value in kind)
        text = f"{field} with Id '{ref.id}' not found. Give one of {known}"
        part = Problem(Code.INVALID_REFERENCE, text, field=field)
        raise Problem(Code.INVALID, f"Input validation error: {text}", parts=(part,)) from None


def id_of(ref: Ref | UnsetType | None) -> int | UnsetType | None:
    """The id that is referred to: None where the reference or its id is null, UNSET where there is none."""
    if isinstance(ref, Ref):
        return ref.id
    return ref


def written(value: Written | UnsetType | None) -> str | None:
    """A text, also where a number was sent."""
    if value is None or value is UNSET:
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value)


def stamp(at_ms: int) -> str:
    """A moment as emnify's REST API writes it: 2022-08-04T01:45:24.000+0000."""
    seconds, milliseconds = divmod(at_ms, 1000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{milliseconds:03}+0000"


def stamp_or_none(at_ms: int | None) -> str | None:
    """The same, where there may be none."""
    return None if at_ms is None else stamp(at_ms)


def plain_stamp(at_ms: int) -> str:
    """A moment as emnify writes it in callbacks: 2021-10-29 07:16:45."""
    return f"{datetime.fromtimestamp(at_ms // 1000, UTC):%Y-%m-%d %H:%M:%S}"


def moment(text: str, field: str) -> int:
    """UTC milliseconds of a date, or a date and time with or without zone and fraction; without a zone it is UTC. Raises Problem."""
    return span(text, field)[0]


def span(text: str, field: str) -> tuple[int, int]:
    """From when until before when a date or time lasts, as exact as it is written: a day, a second, a millisecond."""
    match = _MOMENT.fullmatch(text.strip())
    if match is None:
        raise _no_moment(text, field)
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    milliseconds = int((fraction or "0").ljust(3, "0")[:3])
    try:
        at = datetime(int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0), milliseconds * 1000, _zone(zone))
        at_ms = round((at - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(milliseconds=1))
    except (ValueError, OverflowError):
        raise _no_moment(text, field) from None
    return at_ms, at_ms + (DAY_MS if hour is None else 1 if fraction else 1000)


def _zone(text: str | None) -> timezone:
    if text is None or text in "Zz":
        return UTC
    digits = text[1:].replace(":", "")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-offset if text[0] == "-" else offset)


def _no_moment(text: str, field: str) -> Problem:
    return Problem(
        Code.INVALID_FORMAT,
        f"{field} '{text}' is no date: write 2027-01-15, or 2027-01-15T08:00:00 with a zone if it is not UTC",
        field=field,
    )
