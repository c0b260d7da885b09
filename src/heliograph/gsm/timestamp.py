"""Times of a TPDU: time stamps with their zone, and validity periods in all three formats.

Both keep the octets they came as, since a network's nonsense must neither lose a message nor change on its way; reading them answers
None where they name no time. `now` is a parameter: it reads no clock. 3GPP TS 23.040 9.2.3.11 and 9.2.3.12.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from enum import IntEnum

from heliograph.gsm.address import from_semi_octets, to_semi_octets
from heliograph.gsm.errors import TpduError

TIME_OCTETS = 7
_QUARTER = timedelta(minutes=15)
_WEST = 0x08
_FIRST_YEAR = 1990
"""Two digits of a year are 1990 to 2089, as phones read them: the first short messages are of 1992."""


@dataclass(frozen=True, slots=True)
class Timestamp:
    """Seven octets: year, month, day, hour, minute, second in swapped semi-octets, then the zone in quarters of an hour."""

    octets: bytes

    def __post_init__(self) -> None:
        if len(self.octets) != TIME_OCTETS:
            raise TpduError(f"a time is {TIME_OCTETS} octets, not {len(self.octets)}")

    @property
    def moment(self) -> datetime | None:
        """The time with its zone, or None where the octets name none (all zero, say)."""
        zone = self.octets[6]
        digits = from_semi_octets(self.octets[:6] + bytes((zone & ~_WEST,)))
        if not digits.isdecimal():
            return None
        year, month, day, hour, minute, second, quarters = (int(digits[at : at + 2]) for at in range(0, 14, 2))
        offset = -quarters * _QUARTER if zone & _WEST else quarters * _QUARTER
        try:
            return datetime((year - _FIRST_YEAR) % 100 + _FIRST_YEAR, month, day, hour, minute, second, tzinfo=timezone(offset))
        except ValueError:
            return None


def timestamp_of(moment: datetime) -> Timestamp:
    """The time stamp of an aware time, in its own zone; in UTC where that is not a whole number of quarters of an hour.

    Fractions of a second are cut. TpduError where the time has no zone or is not of 1990 to 2089.
    """
    offset = moment.utcoffset()
    if offset is None:
        raise TpduError("a time stamp needs a time with a zone")
    if offset % _QUARTER or abs(offset) >= 80 * _QUARTER:
        moment, offset = moment.astimezone(UTC), timedelta()
    if not _FIRST_YEAR <= moment.year < _FIRST_YEAR + 100:
        raise TpduError(f"a time stamp has two digits for a year, 1990 to 2089, not {moment.year}")
    octets = bytearray(to_semi_octets(f"{moment:%y%m%d%H%M%S}{abs(offset) // _QUARTER:02}"))
    if offset < timedelta():
        octets[6] |= _WEST
    return Timestamp(bytes(octets))


class ValidityFormat(IntEnum):
    """TP-VPF, bits 4 and 3 of a SUBMIT's first octet (3GPP TS 23.040 9.2.3.3); without a period it is 0."""

    ENHANCED = 1
    RELATIVE = 2
    ABSOLUTE = 3


@dataclass(frozen=True, slots=True)
class Validity:
    """TP-VP: how long the service centre shall try. One octet where relative, else seven."""

    format: ValidityFormat
    octets: bytes

    def __post_init__(self) -> None:
        length = validity_octets(self.format)
        if len(self.octets) != length:
            raise TpduError(f"a validity period, {self.format.name.lower()}, is {length} octets, not {len(self.octets)}")

    @property
    def single_shot(self) -> bool:
        """Whether the service centre shall try only once (3GPP TS 23.040 9.2.3.12.3, bit 6)."""
        return self.format is ValidityFormat.ENHANCED and bool(self.octets[0] & _SINGLE_SHOT)

    def expires_at(self, now: datetime) -> datetime | None:
        """When it ends, counted from `now` where it is relative; None where the octets name no period."""
        if self.format is ValidityFormat.ABSOLUTE:
            return Timestamp(self.octets).moment
        if self.format is ValidityFormat.RELATIVE:
            return now + _relative_period(self.octets[0])
        period = _enhanced_period(self.octets)
        return None if period is None else now + period


def validity_octets(validity_format: ValidityFormat) -> int:
    """The length of a validity period of that format."""
    return 1 if validity_format is ValidityFormat.RELATIVE else TIME_OCTETS


def relative(period: timedelta) -> Validity:
    """The longest relative period that is not longer than asked, so that no message comes after its end; 5 minutes to 63 weeks."""
    octet = 0
    for step in _STEPS:
        if period >= step.value_at(step.first):
            octet = min(step.last, step.first + (period - step.value_at(step.first)) // step.width)
    return Validity(ValidityFormat.RELATIVE, bytes((octet,)))


def absolute(moment: datetime) -> Validity:
    """Validity until a moment; TpduError as `timestamp_of`."""
    return Validity(ValidityFormat.ABSOLUTE, timestamp_of(moment).octets)


def enhanced(period: timedelta, single_shot: bool = False) -> Validity:
    """Validity to the second: 1 second to 99:59:59, or the longest relative period where it is longer. TpduError below a second."""
    seconds = period // timedelta(seconds=1)
    if seconds < 1:
        raise TpduError("an enhanced validity period is at least one second")
    if seconds <= 0xFF:
        indicator, value = _IN_SECONDS, bytes((seconds,))
    elif seconds < 100 * 3600:
        indicator, value = _IN_HMS, to_semi_octets(f"{seconds // 3600:02}{seconds // 60 % 60:02}{seconds % 60:02}")
    else:
        indicator, value = _AS_RELATIVE, relative(period).octets
    first = indicator | (_SINGLE_SHOT if single_shot else 0)
    return Validity(ValidityFormat.ENHANCED, (bytes((first,)) + value).ljust(TIME_OCTETS, b"\0"))


@dataclass(frozen=True, slots=True)
class _Step:
    """A stretch of relative values: `first` to `last` stand for `base` plus `width` for each above `origin`."""

    first: int
    last: int
    origin: int
    width: timedelta
    base: timedelta = timedelta()

    def value_at(self, octet: int) -> timedelta:
        return self.base + (octet - self.origin) * self.width


# 3GPP TS 23.040 9.2.3.12.1
_STEPS = (
    _Step(0, 143, -1, timedelta(minutes=5)),
    _Step(144, 167, 143, timedelta(minutes=30), base=timedelta(hours=12)),
    _Step(168, 196, 166, timedelta(days=1)),
    _Step(197, 255, 192, timedelta(weeks=1)),
)

# 3GPP TS 23.040 9.2.3.12.3: the functionality indicator.
_EXTENDED = 0x80
_SINGLE_SHOT = 0x40
_FORMAT_BITS = 0x07
_AS_RELATIVE, _IN_SECONDS, _IN_HMS = 1, 2, 3


def _relative_period(octet: int) -> timedelta:
    return next(step.value_at(octet) for step in _STEPS if octet <= step.last)


def _enhanced_period(octets: bytes) -> timedelta | None:
    at = next((at for at, octet in enumerate(octets, start=1) if not octet & _EXTENDED), TIME_OCTETS)
    value = octets[at:]
    match octets[0] & _FORMAT_BITS:
        case 1 if value:
            return _relative_period(value[0])
        case 2 if value and value[0]:
            return timedelta(seconds=value[0])
        case 3 if len(value) >= 3 and (digits := from_semi_octets(value[:3])).isdecimal():
            return timedelta(hours=int(digits[:2]), minutes=int(digits[2:4]), seconds=int(digits[4:]))
        case _:
            return None
