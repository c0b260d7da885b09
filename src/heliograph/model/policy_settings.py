"""What of a service policy is ours: kept as JSON in its `settings`, read for each message, checked when it is changed. Decides nothing."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import lru_cache
from typing import Any

import msgspec

from heliograph.model.link import OnUnknown
from heliograph.model.number import normalise
from heliograph.model.problem import Code, Problem
from heliograph.model.source import checked_source

MOST_SEGMENTS = 1_000_000_000
MOST_DIGITS = 15
MOST_LISTED = 1000


class MoToApplication(StrEnum):
    """What of a device's messages goes to the application: those to short numbers, or all that go to no device."""

    SHORT_NUMBERS = "short_numbers"
    ALL = "all"


class Order(StrEnum):
    """STRICT: a device's next message waits for the receipt of the one before."""

    STRICT = "strict"


class PolicySettings(msgspec.Struct, frozen=True, omit_defaults=True):
    """Limits are segments a month and device; None: no limit. Lists hold numbers, or prefixes that end in `*`.

    `short_number_max_digits` None: the installation's. `sender_allow_list` empty: no restriction. `on_unknown` None: the link's."""

    mt_limit: int | None = None
    mo_limit: int | None = None
    mo_to_application: MoToApplication = MoToApplication.SHORT_NUMBERS
    short_number_max_digits: int | None = None
    application_numbers: tuple[str, ...] = ()
    sender_allow_list: tuple[str, ...] = ()
    default_source: str | None = None
    on_unknown: OnUnknown | None = None
    order: Order | None = None


NAMES = PolicySettings.__struct_fields__


@lru_cache(maxsize=4096)
def read(settings: str) -> PolicySettings:
    """What the `settings` of a policy say; names that are no settings of a policy are passed over."""
    return msgspec.json.decode(settings, type=PolicySettings)


def changed(settings: str, changes: Mapping[str, object]) -> str:
    """`settings` with `changes` (name to value; None: back to the default), and all else in it as it was.

    Raises Problem with a part for each value, or name, that is not taken."""
    kept: dict[str, Any] = msgspec.json.decode(settings)
    checked = check(changes)
    for name in changes:
        if name in checked:
            kept[name] = checked[name]
        else:
            kept.pop(name, None)
    return msgspec.json.encode(kept).decode()


def check(changes: Mapping[str, object]) -> dict[str, Any]:
    """Values as they are kept, without those that are None. Raises Problem with a part for each that is not taken."""
    problems: list[Problem] = []
    checked: dict[str, Any] = {}
    for name, value in changes.items():
        if name not in _CHECKS:
            problems.append(Problem(Code.INVALID, f"'{name}' is no setting of a policy: there are {', '.join(NAMES)}", field=name))
        elif value is not None:
            try:
                checked[name] = _CHECKS[name](value, name)
            except Problem as problem:
                problems.append(problem)
    if problems:
        raise Problem(Code.INVALID, "Service profile validation error", parts=tuple(problems))
    return checked


def _whole(most: int, meaning: str) -> Callable[[object, str], int]:
    def checked(value: object, name: str) -> int:
        number = int(value) if isinstance(value, float) and value.is_integer() else value
        if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number <= most:
            raise _bad(name, value, f"give {meaning} from 0 to {most}, or null")
        return number

    return checked


def _one_of(kind: type[StrEnum], default: str) -> Callable[[object, str], str]:
    known = [each.value for each in kind]

    def checked(value: object, name: str) -> str:
        if value not in known:
            raise _bad(name, value, f"give one of {', '.join(known)}, or null for {default}")
        return str(value)

    return checked


def _numbers(value: object, name: str) -> list[str]:
    if not isinstance(value, list | tuple) or not all(isinstance(each, str) for each in value):
        raise _bad(name, value, "give a list of numbers, or of prefixes that end in *, each a string")
    if len(value) > MOST_LISTED:
        raise Problem(Code.INVALID, f"{name} has {len(value)} entries, at most {MOST_LISTED} are taken: use prefixes", field=name)
    return list(dict.fromkeys(_listed(each, name) for each in value))


def _listed(entry: str, name: str) -> str:
    """One entry: digits, a prefix of digits, or what else can be dialled or stands as a sender's name."""
    text = entry.strip()
    if text == "*":
        return text
    prefix, star = (text[:-1], "*") if text.endswith("*") else (text, "")
    if "#" in prefix or "*" in prefix or any(character.isalpha() for character in prefix):
        return text
    return normalise(prefix, name) + star


def _sender(value: object, name: str) -> str | None:
    if not isinstance(value, str):
        raise _bad(name, value, "give a number, or a name of at most 11 characters, or null")
    return checked_source(value, None, name)[0] or None


def _bad(name: str, value: object, what: str) -> Problem:
    return Problem(Code.INVALID, f"{name} {msgspec.json.encode(value).decode()} is not taken: {what}", field=name)


_CHECKS: dict[str, Callable[[object, str], Any]] = {
    "mt_limit": _whole(MOST_SEGMENTS, "the segments a device may receive in a month,"),
    "mo_limit": _whole(MOST_SEGMENTS, "the segments a device may send in a month,"),
    "mo_to_application": _one_of(MoToApplication, "short_numbers"),
    "short_number_max_digits": _whole(MOST_DIGITS, "a number of digits"),
    "application_numbers": _numbers,
    "sender_allow_list": _numbers,
    "default_source": _sender,
    "on_unknown": _one_of(OnUnknown, "the link's"),
    "order": _one_of(Order, "no strict order"),
}
