"""The sender of a message as people write it: a number, or a name."""

import re
from functools import lru_cache

from heliograph.gsm import alphabet as gsm7
from heliograph.model.message import SourceType
from heliograph.model.number import MAX_ADDRESS, MAX_DIGITS, MAX_LETTERS, is_dialled, is_short
from heliograph.model.problem import Code, Problem

_SPACING = re.compile(r"[\s\-]")


@lru_cache(maxsize=4096)
def checked_source(source: str, source_type: int | None, field: str = "source_address") -> tuple[str, SourceType]:
    """The sender as it is kept, and its type. `source_type`: 145, 161, 208 or None. Raises Problem where it is neither number nor name.

    A number may be written with `+`, `00`, spaces and dashes; one that is short is what it is, with its zeros (rules: Numbers)."""
    compact = _SPACING.sub("", source)
    if len(compact) > MAX_ADDRESS:
        raise Problem(Code.INVALID, f"{field} has {len(compact)} characters, at most {MAX_ADDRESS} fit: shorten it", field=field)
    digits = compact.removeprefix("+")
    if source_type == SourceType.ALPHANUMERIC or not is_dialled(digits):
        return _name(source, field), SourceType.ALPHANUMERIC
    is_international = compact.startswith("+")
    if not is_international and source_type != SourceType.NATIONAL and digits.startswith("00") and not is_short(digits):
        digits, is_international = digits[2:], True
    if len(digits) > MAX_DIGITS:
        raise Problem(Code.INVALID, f"{field} has {len(digits)} digits, at most {MAX_DIGITS} fit: shorten it", field=field)
    is_international = is_international or source_type == SourceType.INTERNATIONAL
    return digits, SourceType.INTERNATIONAL if is_international else SourceType.NATIONAL


def _name(source: str, field: str) -> str:
    if (character := gsm7.first_unencodable(source)) is not None:
        text = f"{field}: a sender's name is written in the GSM 7-bit alphabet, which has no '{character}': replace it"
        raise Problem(Code.INVALID, text, field=field)
    if gsm7.septet_count(source) > MAX_LETTERS:
        raise Problem(Code.INVALID, f"{field}: a sender's name has at most {MAX_LETTERS} characters: shorten it", field=field)
    return source
