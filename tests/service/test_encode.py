"""From text to segments (rules: Text, DCS, parts; Senders)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.gsm.dcs import parse
from heliograph.gsm.segment import join
from heliograph.model.message import SourceType
from heliograph.model.problem import Code, Problem
from heliograph.service.draft import Draft
from heliograph.service.encode import encode, source_of, split, text_of

CONCATENATED = "050003CC0201"


@pytest.mark.parametrize(
    ("payload", "dcs", "segments"),
    [
        ("", 0, 1),
        ("a" * 160, 0, 1),
        ("a" * 161, 0, 2),
        ("€" * 80, 0, 1),
        ("€" * 81, 0, 2),
        ("č" * 70, 8, 1),
        ("č" * 71, 8, 2),
        ("a" * 69 + "č", 8, 1),
        ("\U0001f600" * 35, 8, 1),
        ("a" * 153 * 255, 0, 255),
    ],
)
def test_the_alphabet_is_7_bit_if_it_fits_and_else_ucs2(payload: str, dcs: int, segments: int) -> None:
    encoded = encode(Draft(payload))
    assert (encoded.dcs, encoded.segments) == (dcs, segments)
    assert len(split(payload, encoded.dcs, encoded.udh, 7)) == segments


@pytest.mark.parametrize(
    ("draft", "field", "said"),
    [
        (Draft("naïve", dcs=0), "payload", "ï"),
        (Draft("a\0b"), "payload", "U+0000"),
        (Draft("a\ud83d"), "payload", "U+D83D"),
        (Draft("a" * 153 * 255 + "a"), "payload", "256 segments"),
        (Draft("xyz", dcs=4), "payload", "hex"),
        (Draft("ABC", dcs=4), "payload", "hex"),
        (Draft("AA" * 134 * 255 + "AA", dcs=4), "payload", "256 segments"),
        (Draft("x", dcs=256), "dcs", "octet"),
        (Draft("x", dcs=-1), "dcs", "octet"),
        (Draft("x", dcs=0x20), "dcs", "compressed"),
        (Draft("x", pid=256), "pid", "0 to 255"),
        (Draft("x", pid=-1), "pid", "0 to 255"),
        (Draft("x", udh="no hex"), "udh", "hex"),
        (Draft("x", udh="0003CC0201"), "udh", "length octet"),
        (Draft("x", udh="050003CC02"), "udh", "length octet"),
        (Draft("a" * 154, udh=CONCATENATED), "payload", "153"),
        (Draft("č" * 68, udh=CONCATENATED), "payload", "67"),
        (Draft("AA" * 135, dcs=4, udh=CONCATENATED), "payload", "134"),
    ],
)
def test_what_cannot_be_sent_is_refused_with_its_field_and_what_is_wrong(draft: Draft, field: str, said: str) -> None:
    with pytest.raises(Problem) as refused:
        encode(draft)
    assert refused.value.field == field
    assert said in refused.value.text


def test_a_refused_number_of_digits_is_a_format() -> None:
    with pytest.raises(Problem) as refused:
        encode(Draft("ABC", dcs=4))
    assert refused.value.code is Code.INVALID_FORMAT


@pytest.mark.parametrize(("payload", "dcs"), [("a" * 153, None), ("č" * 67, None), ("AA" * 134, 4)])
def test_a_text_with_a_header_goes_as_it_is(payload: str, dcs: int | None) -> None:
    encoded = encode(Draft(payload, dcs=dcs, udh=CONCATENATED.lower()))
    assert (encoded.udh, encoded.segments) == (CONCATENATED, 1)
    (part,) = split(payload, encoded.dcs, encoded.udh, 7)
    assert part.udh == bytes.fromhex(CONCATENATED)


def test_octets_are_split_and_come_back_as_hex() -> None:
    payload = bytes(range(256)).hex().upper()
    encoded = encode(Draft(payload, dcs=4))
    parts = split(payload, encoded.dcs, encoded.udh, 7)
    assert [len(part.user_data) for part in parts] == [134, 122]
    assert text_of(parts, 4) == payload


@given(st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=700))
def test_every_text_is_counted_as_it_is_split_and_comes_back(payload: str) -> None:
    encoded = encode(Draft(payload))
    parts = split(payload, encoded.dcs, encoded.udh, 7)
    assert len(parts) == encoded.segments
    assert join(parts, parse(encoded.dcs).alphabet) == payload


@pytest.mark.parametrize(
    ("source", "asked", "kept", "kind"),
    [
        ("Meter", None, "Meter", SourceType.ALPHANUMERIC),
        ("MeterMeterM", None, "MeterMeterM", SourceType.ALPHANUMERIC),
        ("4711", SourceType.ALPHANUMERIC, "4711", SourceType.ALPHANUMERIC),
        ("+49170123", None, "49170123", SourceType.INTERNATIONAL),
        ("49170123", SourceType.INTERNATIONAL, "49170123", SourceType.INTERNATIONAL),
        ("49170123", None, "49170123", SourceType.NATIONAL),
        ("0170123", None, "0170123", SourceType.NATIONAL),
        ("1" * 17, None, "1" * 17, SourceType.NATIONAL),
        ("*100#", None, "*100#", SourceType.NATIONAL),
        ("+49 170-123 45", None, "4917012345", SourceType.INTERNATIONAL),
        ("49 170 123", None, "49170123", SourceType.NATIONAL),
        ("00 49 170 123 456", None, "49170123456", SourceType.INTERNATIONAL),
        ("0049170123456", SourceType.NATIONAL, "0049170123456", SourceType.NATIONAL),
        ("007", None, "007", SourceType.NATIONAL),
        ("24/7", None, "24/7", SourceType.ALPHANUMERIC),
        ("Meter 12", None, "Meter 12", SourceType.ALPHANUMERIC),
        ("12 34", SourceType.ALPHANUMERIC, "12 34", SourceType.ALPHANUMERIC),
    ],
)
def test_a_sender_is_a_number_or_a_name(source: str, asked: int | None, kept: str, kind: SourceType) -> None:
    assert source_of(Draft("x", source=source, source_type=asked), None) == (kept, kind)


@pytest.mark.parametrize("source", ["1" * 18, "+" + "1" * 18, "MeterMeterMe", "čaj", "a\0b", "x" * 22])
def test_a_sender_that_fits_nowhere_is_refused(source: str) -> None:
    with pytest.raises(Problem) as refused:
        source_of(Draft("x", source=source), None)
    assert refused.value.field == "source_address"


@pytest.mark.parametrize(
    ("asked", "default", "kept"), [("Meter", "Default", "Meter"), (None, "Default", "Default"), ("", "4711", "4711"), (None, None, "")]
)
def test_who_names_no_sender_has_the_default_one(asked: str | None, default: str | None, kept: str) -> None:
    assert source_of(Draft("x", source=asked), default)[0] == kept
