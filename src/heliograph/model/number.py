"""Numbers: digits without `+`; what is short, what is alphanumeric (rules: Numbers)."""

import re

from heliograph.model.link import LinkProfile
from heliograph.model.problem import Code, Problem

MAX_DIGITS = 17
MAX_LETTERS = 11
MAX_ADDRESS = 21
DEFAULT_SHORT_DIGITS = 8
LEAST_OF_SENDER = 4
EIGHT_DIGITS = {"45": "Denmark", "47": "Norway", "65": "Singapore", "852": "Hong Kong"}
"""Countries by their codes whose national numbers have 8 digits, so that a phone there may pass for a short number (rules: Numbers)."""
_SPACING = re.compile(r"[\s\-./()]")
_DIALLED = re.compile(r"[0-9*#]+")
_INTERNATIONAL = re.compile(r"(\+|00)[0-9]+")


def normalise(text: str, field: str) -> str:
    """Digits of a number as people write it: `+`, `00`, spaces and dashes are taken. Raises Problem for anything else."""
    digits = _SPACING.sub("", text)
    digits = digits.removeprefix("+") if digits.startswith("+") else digits.removeprefix("00")
    if not digits.isascii() or not digits.isdigit() or len(digits) > 20:
        raise Problem(Code.INVALID_FORMAT, f"{field} '{text}' is not a number: give 1 to 20 digits, with or without +", field=field)
    return digits


def as_dialled(text: str, field: str) -> str:
    """A destination as the network gets it from a phone: a number in digits, with `+`, `00` and spacing taken; a short one, one with `*` or
    `#`, and a name as they are. Raises Problem for what no short message can be addressed to."""
    dialled = _SPACING.sub("", text)
    if _INTERNATIONAL.fullmatch(dialled):
        return normalise(dialled, field)
    if is_dialled(dialled):
        text = dialled
    if len(text) > (20 if is_dialled(text) else MAX_LETTERS):
        raise Problem(
            Code.INVALID_FORMAT, f"{field} '{text}' is too long: a phone dials at most 20 digits, or {MAX_LETTERS} letters", field=field
        )
    return text


def is_dialled(text: str) -> bool:
    """Whether `text` is digits, `*` and `#` only, so not alphanumeric."""
    return bool(_DIALLED.fullmatch(text))


def is_short(number: str, max_digits: int = DEFAULT_SHORT_DIGITS) -> bool:
    """A short number: few digits as dialled, or with `*` or `#`, or alphanumeric."""
    return not number.isdigit() or len(number) <= max_digits


def is_one_sender(one: str, other: str) -> bool:
    """Whether two senders are one, with and without what a country or a network puts before it: `17012345` and `4917012345`."""
    shorter, longer = sorted((one, other), key=len)
    return one == other or (len(shorter) >= LEAST_OF_SENDER and longer.isdigit() and longer.endswith(shorter))


def complete(number: str, *, international: bool, national: bool, link: LinkProfile) -> str:
    """An inbound number in international digits, by the link's `country` and `national_prefix` (rules: Numbers). A phone may dial 00 for a
    plus, whatever type its network gives the number; 15 digits that begin with 001 are the IMSI of a test network."""
    if not number.isdigit() or (len(number) == 15 and number.startswith("001")):
        return number
    if number.startswith("00") and not is_short(number.removeprefix("00"), 4):
        return number.removeprefix("00")
    if international or len(number) == 15 or link.country is None:
        return number
    prefix = link.national_prefix or "0"
    if number.startswith(prefix) and not is_short(number.removeprefix(prefix), 4):
        return link.country + number.removeprefix(prefix)
    return link.country + number if national else number


def matches(number: str, listed: tuple[str, ...]) -> bool:
    """Whether a number is in a list of numbers or prefixes (a prefix ends in `*`)."""
    return any(number.startswith(entry[:-1]) if entry.endswith("*") else number == entry for entry in listed)
