"""SMPP times: heliograph.smpp.time."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.smpp import time
from heliograph.smpp.errors import TimeError


def ms(*numbers: int) -> int:
    return round(datetime(*numbers, tzinfo=UTC).timestamp() * 1000)  # type: ignore[arg-type,misc]


NOW = ms(2025, 1, 31, 12, 0, 0)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", None),
        ("251231235959000+", ms(2025, 12, 31, 23, 59, 59)),
        ("251231235959900+", ms(2025, 12, 31, 23, 59, 59) + 900),
        ("250314123456004+", ms(2025, 3, 14, 11, 34, 56)),
        ("250314123456032-", ms(2025, 3, 14, 20, 34, 56)),
        ("700101000000000+", 0),
        ("691231000000000+", ms(2069, 12, 31)),
        ("000002000000000R", ms(2025, 2, 2, 12)),
        ("000000000130000R", NOW + 90_000),
        ("000100000000000R", ms(2025, 2, 28, 12)),
        ("011300000000000R", ms(2027, 2, 28, 12)),
        ("000000000000000R", NOW),
    ],
)
def test_a_time_is_a_moment(text: str, expected: int | None) -> None:
    assert time.parse(text, NOW) == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1", "is no SMPP time"),
        ("251231235959", "is no SMPP time"),
        ("251231235959000Z", "is no SMPP time"),
        ("٢51231235959000+", "is no SMPP time"),
        ("251231235959049+", "49 quarter hours"),
        ("251331235959000+", "is no date"),
        ("250229000000000+", "is no date"),
        ("251231245959000+", "is no date"),
    ],
)
def test_what_is_no_time_is_said(text: str, words: str) -> None:
    with pytest.raises(TimeError, match=words):
        time.parse(text, NOW)


def test_the_end_of_time_is_an_error() -> None:
    with pytest.raises(TimeError, match="too far"):
        time.parse("990000000000000R", ms(9950, 1, 1))


moments = st.integers(0, ms(2069, 12, 31) // 100).map(lambda tenths: tenths * 100)


@given(moments.filter(lambda moment: moment > 86_400_000), st.integers(-48, 48))
def test_a_moment_is_written_and_read_in_any_zone(moment: int, quarters: int) -> None:
    assert time.parse(time.absolute(moment, quarters), 0) == moment


@given(st.integers(1, 31 * 86_400))
def test_a_period_is_written_and_read(seconds: int) -> None:
    assert time.parse(time.relative(seconds * 1000 + 999 if seconds < 31 * 86_400 else seconds * 1000), 1_000) == 1_000 + seconds * 1000


def test_a_period_is_written_as_the_specification_has_it() -> None:
    assert time.relative(2 * 86_400_000) == "000002000000000R"
    assert time.absolute(ms(2025, 3, 14, 11, 34, 56), 4) == "250314123456004+"
    assert time.absolute(ms(2025, 3, 14, 20, 34, 56), -32) == "250314123456032-"
    assert time.local(ms(2025, 3, 14, 11, 34, 56), 4) == "2503141234"


@pytest.mark.parametrize("period_ms", [-1, 0, 999, 31 * 86_400_000 + 1])
def test_a_period_that_cannot_be_said_is_refused(period_ms: int) -> None:
    with pytest.raises(TimeError, match="31 days"):
        time.relative(period_ms)


@pytest.mark.parametrize("moment_ms", [-1, ms(2070, 1, 1)])
def test_a_moment_that_two_digits_cannot_say_is_refused(moment_ms: int) -> None:
    with pytest.raises(TimeError, match="1970 to 2069"):
        time.absolute(moment_ms)


def test_a_zone_that_cannot_be_said_is_refused() -> None:
    with pytest.raises(TimeError, match="quarter hours"):
        time.absolute(NOW, 49)


def test_local_dates() -> None:
    assert time.parse_local("2503141234") == ms(2025, 3, 14, 12, 34)
    assert time.parse_local("250314123456", 4) == ms(2025, 3, 14, 11, 34, 56)
    assert time.parse_local("250314123456004+", 8) == ms(2025, 3, 14, 11, 34, 56)


@pytest.mark.parametrize("text", ["", "YYMMDDhhmm", "250314", "000002000000000R", "2513141234"])
def test_what_is_no_local_date_is_said(text: str) -> None:
    with pytest.raises(TimeError):
        time.parse_local(text)
