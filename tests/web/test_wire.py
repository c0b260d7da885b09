"""How the API writes moments, ids and texts, and all the ways in which it reads them."""

from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.model.device import DeviceStatus, SimStatus
from heliograph.model.problem import Problem
from heliograph.web.api import wire

NOON = int(datetime(2027, 1, 15, 12, 0, 0, tzinfo=UTC).timestamp()) * 1000
MIDNIGHT = NOON - 12 * 3_600_000


@pytest.mark.parametrize(
    ("text", "at_ms"),
    [
        ("2027-01-15", MIDNIGHT),
        ("2027-01-15T12:00:00Z", NOON),
        ("2027-01-15T12:00:00", NOON),
        ("2027-01-15 12:00", NOON),
        ("2027-01-15T12:00:00.000+0000", NOON),
        ("2027-01-15T13:30:00+01:30", NOON),
        ("2027-01-15T07:00:00.250-0500", NOON + 250),
        ("2027-01-15T12:00:00.1234567Z", NOON + 123),
        (" 2027-01-15T12:00:00,5z ", NOON + 500),
    ],
)
def test_a_moment_is_read_with_and_without_time_zone_and_fraction(text: str, at_ms: int) -> None:
    assert wire.moment(text, "expiry_date") == at_ms


@pytest.mark.parametrize(
    "text", ["", "tomorrow", "2027-13-01", "2027-02-30", "2027-01-15T25:00:00", "15.01.2027", "2027-01-15T12:00:00+99:99", "1700000000"]
)
def test_what_is_no_moment_is_refused_by_name(text: str) -> None:
    with pytest.raises(Problem, match="expiry_date"):
        wire.moment(text, "expiry_date")


@given(st.integers(0, 4_102_444_800_000))
def test_a_written_moment_reads_as_itself(at_ms: int) -> None:
    assert wire.moment(wire.stamp(at_ms), "x") == at_ms


def test_moments_are_written_as_recorded() -> None:
    assert wire.stamp(NOON + 7) == "2027-01-15T12:00:00.007+0000"
    assert wire.plain_stamp(NOON + 7) == "2027-01-15 12:00:00"
    assert wire.stamp_or_none(None) is None


@pytest.mark.parametrize("text", ["1", "1.0", '"1"', '"1.0"', "1e0"])
def test_an_id_reads_the_same_however_it_is_written(text: str) -> None:
    assert wire.decoder(wire.Ref).decode(f'{{"id": {text}}}').id == 1


@pytest.mark.parametrize("text", ["1.5", '"x"', "[]", "true", "1e300"])
def test_what_is_no_id_is_refused(text: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        wire.decoder(wire.Ref).decode(f'{{"id": {text}}}')


@pytest.mark.parametrize(("value", "text"), [("0123", "0123"), (12345, "12345"), (12345.0, "12345"), (None, None), (msgspec.UNSET, None)])
def test_a_text_may_be_sent_as_a_number(value: object, text: str | None) -> None:
    assert wire.written(value) == text  # type: ignore[arg-type]


def test_statuses_have_emnifys_words() -> None:
    assert [status.description for status in wire.listed(DeviceStatus)] == ["Enabled", "Disabled", "Deleted"]
    assert [status.description for status in wire.listed(SimStatus)] == ["Issued", "Activated", "Suspended", "Deleted", "Factory Test"]
