"""Time stamps and validity periods: heliograph.gsm.timestamp."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.gsm import timestamp
from heliograph.gsm.errors import TpduError
from heliograph.gsm.timestamp import Timestamp, Validity, ValidityFormat
from tests.gsm.material import NOON, moments


def hours(count: float) -> timezone:
    return timezone(timedelta(hours=count))


@pytest.mark.parametrize(
    ("octets", "moment"),
    [
        ("31308051206180", datetime(2013, 3, 8, 15, 2, 16, tzinfo=hours(2))),
        ("62212221000040", datetime(2026, 12, 22, 12, 0, 0, tzinfo=hours(1))),
        ("62112221236300", datetime(2026, 11, 22, 12, 32, 36, tzinfo=UTC)),
        ("99213132959523", datetime(1999, 12, 13, 23, 59, 59, tzinfo=hours(8))),
        ("0010100000002b", datetime(2000, 1, 1, 0, 0, 0, tzinfo=hours(-8))),
        ("52304121000022", datetime(2025, 3, 14, 12, 0, 0, tzinfo=hours(5.5))),
    ],
)
def test_a_time_stamp_is_a_moment_in_its_zone(octets: str, moment: datetime) -> None:
    read = Timestamp(bytes.fromhex(octets)).moment
    assert read == moment
    assert read is not None
    assert read.utcoffset() == moment.utcoffset()
    assert timestamp.timestamp_of(moment) == Timestamp(bytes.fromhex(octets))


@pytest.mark.parametrize("octets", ["00000000000000", "ffffffffffffff", "31128051206180", "313080512061a0", "31303242000000"])
def test_octets_that_name_no_time_have_no_moment(octets: str) -> None:
    assert Timestamp(bytes.fromhex(octets)).moment is None


def test_a_time_in_a_zone_of_odd_minutes_is_written_in_utc() -> None:
    odd = datetime(2025, 3, 14, 12, tzinfo=timezone(timedelta(minutes=19)))
    assert timestamp.timestamp_of(odd).moment == odd
    far = datetime(2025, 3, 14, 12, tzinfo=hours(23))
    assert timestamp.timestamp_of(far).octets[6] == 0


@pytest.mark.parametrize(
    ("moment", "complaint"),
    [
        (datetime(2025, 3, 14), "needs a time with a zone"),  # noqa: DTZ001
        (datetime(1989, 12, 31, tzinfo=UTC), "1990 to 2089, not 1989"),
        (datetime(2090, 1, 1, tzinfo=UTC), "1990 to 2089, not 2090"),
    ],
)
def test_what_a_time_stamp_cannot_say_is_refused(moment: datetime, complaint: str) -> None:
    with pytest.raises(TpduError, match=complaint):
        timestamp.timestamp_of(moment)


def test_a_time_stamp_is_seven_octets() -> None:
    with pytest.raises(TpduError, match=r"7 octets, not 6"):
        Timestamp(bytes(6))


@given(moments)
def test_a_moment_survives_octets_and_back(moment: datetime) -> None:
    read = timestamp.timestamp_of(moment).moment
    assert read == moment
    assert read is not None
    assert read.utcoffset() == moment.utcoffset()


@given(st.binary(min_size=7, max_size=7))
def test_any_seven_octets_are_a_moment_or_none(octets: bytes) -> None:
    moment = Timestamp(octets).moment
    assert moment is None or timestamp.timestamp_of(moment).moment == moment


@pytest.mark.parametrize(
    ("octet", "period"),
    [
        (0, timedelta(minutes=5)),
        (5, timedelta(minutes=30)),
        (143, timedelta(hours=12)),
        (144, timedelta(hours=12, minutes=30)),
        (151, timedelta(hours=16)),
        (167, timedelta(hours=24)),
        (168, timedelta(days=2)),
        (169, timedelta(days=3)),
        (196, timedelta(days=30)),
        (197, timedelta(weeks=5)),
        (255, timedelta(weeks=63)),
    ],
)
def test_a_relative_octet_is_its_period(octet: int, period: timedelta) -> None:
    assert Validity(ValidityFormat.RELATIVE, bytes((octet,))).expires_at(NOON) == NOON + period
    assert timestamp.relative(period).octets == bytes((octet,))


def test_a_relative_period_is_never_longer_than_asked() -> None:
    for minutes in range(5, 64 * 7 * 24 * 60, 97):
        asked = timedelta(minutes=minutes)
        octet = timestamp.relative(asked).octets[0]
        expires = timestamp.relative(asked).expires_at(NOON)
        assert expires is not None
        assert expires - NOON <= asked
        if octet < 255:
            following = Validity(ValidityFormat.RELATIVE, bytes((octet + 1,))).expires_at(NOON)
            assert following is not None
            assert following - NOON > asked


def test_a_relative_period_has_a_least_and_a_longest() -> None:
    assert timestamp.relative(timedelta()).octets == b"\0"
    assert timestamp.relative(timedelta(seconds=-1)).octets == b"\0"
    assert timestamp.relative(timedelta(days=10000)).octets == b"\xff"


def test_an_absolute_period_ends_at_its_moment() -> None:
    moment = datetime(2013, 7, 10, 13, 39, tzinfo=hours(2))
    assert timestamp.absolute(moment).octets.hex() == "31700131930080"
    assert timestamp.absolute(moment).expires_at(NOON) == moment
    assert Validity(ValidityFormat.ABSOLUTE, bytes(7)).expires_at(NOON) is None


@pytest.mark.parametrize(
    ("octets", "period"),
    [
        ("00000000000000", None),
        ("010b0000000000", timedelta(hours=1)),
        ("02ff0000000000", timedelta(seconds=255)),
        ("02000000000000", None),
        ("03213405000000", timedelta(hours=12, minutes=43, seconds=50)),
        ("032a3405000000", None),
        ("04000000000000", None),
        ("81000b00000000", timedelta(hours=1)),
        ("ffffffffffffff", None),
        ("83ffffffffff00", None),
        ("81ffffffffffff", None),
        ("82ffffffffff00", None),
        ("83002134050000", timedelta(hours=12, minutes=43, seconds=50)),
    ],
)
def test_an_enhanced_period_is_read_by_its_indicator(octets: str, period: timedelta | None) -> None:
    expected = None if period is None else NOON + period
    assert Validity(ValidityFormat.ENHANCED, bytes.fromhex(octets)).expires_at(NOON) == expected


@pytest.mark.parametrize(
    ("period", "octets"),
    [
        (timedelta(seconds=1), "02010000000000"),
        (timedelta(seconds=255), "02ff0000000000"),
        (timedelta(seconds=256), "03004061000000"),
        (timedelta(hours=99, minutes=59, seconds=59), "03999595000000"),
        (timedelta(hours=100), "01aa0000000000"),
    ],
)
def test_an_enhanced_period_is_written_as_exactly_as_it_can_be(period: timedelta, octets: str) -> None:
    written = timestamp.enhanced(period)
    assert written.octets.hex() == octets
    expires = written.expires_at(NOON)
    assert expires is not None
    assert expires - NOON <= period
    assert not written.single_shot


def test_a_single_shot_is_said_by_the_enhanced_format_alone() -> None:
    assert timestamp.enhanced(timedelta(minutes=1), single_shot=True).single_shot
    assert not Validity(ValidityFormat.RELATIVE, b"\x40").single_shot


def test_a_validity_that_is_none_is_refused() -> None:
    with pytest.raises(TpduError, match=r"at least one second"):
        timestamp.enhanced(timedelta(milliseconds=999))
    with pytest.raises(TpduError, match=r"relative, is 1 octets, not 7"):
        Validity(ValidityFormat.RELATIVE, bytes(7))
    with pytest.raises(TpduError, match=r"absolute, is 7 octets, not 1"):
        Validity(ValidityFormat.ABSOLUTE, bytes(1))


@given(st.binary(min_size=7, max_size=7))
def test_any_seven_octets_are_an_enhanced_period_or_none(octets: bytes) -> None:
    expires = Validity(ValidityFormat.ENHANCED, octets).expires_at(NOON)
    assert expires is None or expires >= NOON
