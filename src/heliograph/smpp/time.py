"""SMPP times, to and from UTC milliseconds. It knows no clock: what is relative is relative to the `now_ms` given.

Sixteen characters `YYMMDDhhmmsstnnp`: to a tenth of a second, `nn` quarter hours ahead (`p` +) or behind (-) of UTC, or a period (`p` R). A
message centre also writes the first twelve or ten in its own local time (SMPP 3.4 7.1.1, 7.1.1.1, 7.1.1.2; SMPP 5.0 4.7.23).
"""

import re
from calendar import monthrange
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from heliograph.smpp.errors import TimeError

MAX_QUARTERS = 48
MAX_RELATIVE_MS = 31 * 86_400_000
"""Days have two digits and go to 31; months and years are not of one length, so that no longer period can be said exactly."""

_WHOLE = re.compile(r"(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d)(\d\d)([+\-R])", re.ASCII)
_LOCAL = re.compile(r"(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_LATEST_MS = (datetime(2070, 1, 1, tzinfo=UTC) - _EPOCH) // _MILLISECOND


def parse(text: str, now_ms: int) -> int | None:
    """The moment a schedule_delivery_time or validity_period means; None for "", the other side's default.

    TimeError says what is wrong with it. Two digits of a year are 1970 to 2069.
    """
    if not text:
        return None
    found = _WHOLE.fullmatch(text)
    if not found:
        raise TimeError(f"{text!r} is no SMPP time: 16 characters YYMMDDhhmmsstnnp are one, such as 251231235959000+ or 000001000000000R")
    numbers = [int(digits) for digits in found.groups()[:-1]]
    if found[9] == "R":
        return _after(text, now_ms, *numbers[:6])
    quarters = numbers[7]
    if quarters > MAX_QUARTERS:
        raise TimeError(f"{text!r}: {quarters} quarter hours from UTC, 00 to {MAX_QUARTERS} are right")
    return _moment_ms(text, numbers[:6], numbers[6] * 100) - _quarters_ms(quarters if found[9] == "+" else -quarters)


def parse_local(text: str, quarters: int = 0) -> int:
    """The moment of a date as message centres write it into receipts and final_date: 10 or 12 digits of their local time, or all 16.

    `quarters`: how far their clock is ahead of UTC. TimeError where it is none.
    """
    if found := _LOCAL.fullmatch(text):
        return _moment_ms(text, [int(digits or 0) for digits in found.groups()], 0) - _quarters_ms(quarters)
    if text.endswith("R") or (moment := parse(text, 0)) is None:
        raise TimeError(f"{text!r} is no date: YYMMDDhhmm, YYMMDDhhmmss and YYMMDDhhmmsstnnp are")
    return moment


def absolute(moment_ms: int, quarters: int = 0) -> str:
    """A moment of 1970 to 2069, to the tenth below, in the local time that is so many quarter hours ahead of UTC."""
    if abs(quarters) > MAX_QUARTERS:
        raise TimeError(f"{quarters} quarter hours from UTC, -{MAX_QUARTERS} to {MAX_QUARTERS} are right")
    local_ms = moment_ms + _quarters_ms(quarters)
    tenth = local_ms // 100 % 10
    return f"{_digits(local_ms)}{tenth}{abs(quarters):02}{'-' if quarters < 0 else '+'}"


def local(moment_ms: int, quarters: int = 0) -> str:
    """A moment as receipts have it: YYMMDDhhmm."""
    return _digits(moment_ms + _quarters_ms(quarters))[:10]


def relative(period_ms: int) -> str:
    """A period to the second below it, so that nothing lives longer than asked: 1 second to 31 days. TimeError beyond."""
    if not 1000 <= period_ms <= MAX_RELATIVE_MS:
        raise TimeError(f"a relative SMPP time is 1 second to 31 days, not {period_ms} ms: use an absolute one")
    return _relative(period_ms // 1000)


@lru_cache(256)
def _relative(period_s: int) -> str:
    minutes, seconds = divmod(period_s, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    return f"0000{days:02}{hours:02}{minutes:02}{seconds:02}000R"


def _after(text: str, now_ms: int, years: int, months: int, days: int, hours: int, minutes: int, seconds: int) -> int:
    """Years and months by the calendar, a day that a month lacks being its last; the rest as it is."""
    now = _EPOCH + now_ms * _MILLISECOND
    count = now.year * 12 + now.month - 1 + years * 12 + months
    year, month = count // 12, count % 12 + 1
    try:
        shifted = now.replace(year=year, month=month, day=min(now.day, monthrange(year, month)[1]))
        moment = shifted + timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    except (ValueError, OverflowError):
        raise TimeError(f"{text!r} is too far in the future") from None
    return (moment - _EPOCH) // _MILLISECOND


def _moment_ms(text: str, numbers: list[int], milliseconds: int) -> int:
    year, *rest = numbers
    try:
        moment = datetime(year + (2000 if year < 70 else 1900), *rest, tzinfo=UTC)  # type: ignore[arg-type,misc]
    except ValueError as error:
        raise TimeError(f"{text!r} is no date: {error}") from None
    return (moment - _EPOCH) // _MILLISECOND + milliseconds


def _digits(moment_ms: int) -> str:
    if not 0 <= moment_ms < _LATEST_MS:
        raise TimeError(f"{moment_ms} ms is not within 1970 to 2069, which are the years two digits can say")
    return (_EPOCH + moment_ms * _MILLISECOND).strftime("%y%m%d%H%M%S")


def _quarters_ms(quarters: int) -> int:
    return quarters * 900_000
