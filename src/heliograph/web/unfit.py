"""What msgspec says of a JSON body that does not fit its type, in words for the one who sent it, with the place at fault.

msgspec gives one text: "Expected `int | null`, got `str` - at `$.sim.id`". A test holds its sentences, so a new one is noticed.
"""

import re
from typing import Final

from heliograph.model.problem import Code, Problem

WORDS: Final = {
    "int": "a whole number",
    "float": "a number",
    "str": "a text",
    "bool": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
}
_PLACE: Final = re.compile(r" - at (?:the key |key )?(?:in )?`\$?\.?(.*)`$")
_TYPE: Final = re.compile(r"Expected `([^`]+)`, got `([^`]+)`")
_LENGTH: Final = re.compile(r"Expected `(str|array|object)` of length (>=|<=|==) (\d+)")
_BOUND: Final = re.compile(r"Expected `(?:int|float)` (>=|<=|>|<) (\S+)")
_MISSING: Final = re.compile(r"missing required field `(.+?)`")
_UNKNOWN: Final = re.compile(r"unknown field `(.+?)`")
_ENUM: Final = re.compile(r"Invalid enum value (.+)")
MEASURES: Final = {"str": "characters", "array": "entries", "object": "fields"}
LIMITS: Final = {">=": "at least", "<=": "at most", "==": "exactly", ">": "more than", "<": "less than"}


def unfit(text: str) -> Problem:
    """The problem of a body of which msgspec says `text`; `field` is the path of the value at fault."""
    place = _PLACE.search(text)
    where = place[1].strip(".") if place else ""
    for pattern in (_MISSING, _UNKNOWN):
        if match := pattern.search(text):
            field = ".".join(filter(None, (where, match[1])))
            if pattern is _MISSING:
                return Problem(Code.REQUIRED, f"{field} is missing: add it", field=field)
            return Problem(Code.INVALID_FORMAT, f"{field} is not known here: leave it out, or see /api/docs for its name", field=field)
    return Problem(Code.INVALID_FORMAT, f"{where or 'The body'} {_wants(text)}", field=where or None)


def _wants(text: str) -> str:
    if match := _TYPE.search(text):
        wanted = " or ".join(WORDS.get(each, each) for each in match[1].split(" | "))
        return f"is {WORDS.get(match[2], match[2])}: write {wanted}"
    if match := _LENGTH.search(text):
        return f"has another length than it may have: give {LIMITS[match[2]]} {match[3]} {MEASURES[match[1]]}"
    if match := _BOUND.search(text):
        return f"is out of range: give {LIMITS[match[1]]} {match[2]}"
    if match := _ENUM.search(text):
        return f"is {_cut(match[1])}, which is none of its values: /api/docs shows those it takes"
    return f"cannot be read ({_cut(_PLACE.sub('', text))}): /api/docs shows what it takes"


def _cut(text: str) -> str:
    return text.split(" - at ", maxsplit=1)[0][:100]
