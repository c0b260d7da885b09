"""Long messages: heliograph.smpp.long_message."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.gsm import segment, udh
from heliograph.gsm.dcs import Alphabet
from heliograph.gsm.segment import Segment
from heliograph.gsm.udh import Concatenation
from heliograph.smpp import tlv
from heliograph.smpp.codec import decode, encode
from heliograph.smpp.long_message import Content, Message, Style, content_of, pdus_of
from heliograph.smpp.pdu import DataSm, DeliverSm, SubmitMulti, SubmitSm

TEXT = "Zähler 0042: {17,35 kWh} " * 20
PORTS = udh.ports(16001, 16002)
SEGMENTS = segment.split(TEXT, Alphabet.GSM7, 0xAB)


def joined(pdus: list[Message]) -> str:
    contents = [content_of(decode(encode(pdu))) for pdu in pdus]  # type: ignore[arg-type]
    parts = [content.part or Concatenation(0, 1, 1) for content in contents]
    return segment.join([Segment(p.number, p.total, c.udh, c.user_data) for p, c in zip(parts, contents, strict=True)], Alphabet.GSM7)


@pytest.mark.parametrize("kind", [SubmitSm, DeliverSm, SubmitMulti, DataSm])
@pytest.mark.parametrize("style", Style)
@pytest.mark.parametrize("extra", [(), (PORTS,)])
def test_each_style_carries_the_whole_text(kind: type[Message], style: Style, extra: tuple[udh.Element, ...]) -> None:
    parts = segment.split(TEXT, Alphabet.GSM7, 0xAB, extra=extra)
    pdus = pdus_of(kind(data_coding=0), parts, style, 0x1234)
    assert len(pdus) == (1 if style is Style.PAYLOAD else len(parts))
    assert joined(pdus) == TEXT
    for pdu in pdus:
        content = content_of(pdu)
        assert bool(content.udh) == bool(pdu.esm_class & 0x40)
        assert (udh.parse(content.udh).ports if content.udh else None) == (udh.parse(udh.build(PORTS)).ports if extra else None)


def test_the_parts_are_told_by_header_or_by_sar() -> None:
    by_header = pdus_of(SubmitSm(), SEGMENTS, Style.UDH)
    assert [content_of(pdu).part for pdu in by_header] == [Concatenation(0xAB, len(SEGMENTS), n + 1) for n in range(len(SEGMENTS))]
    by_sar = pdus_of(SubmitSm(), SEGMENTS, Style.SAR, 0x1234)
    assert [content_of(pdu).part for pdu in by_sar] == [Concatenation(0x34, len(SEGMENTS), n + 1) for n in range(len(SEGMENTS))]
    assert all(not content_of(pdu).udh for pdu in by_sar)


def test_a_short_message_needs_none_of_it() -> None:
    parts = segment.split("hi", Alphabet.GSM7, 1)
    for style in (Style.UDH, Style.SAR):
        assert pdus_of(SubmitSm(1), parts, style) == [SubmitSm(1, short_message=b"hi")]
    assert pdus_of(SubmitSm(1), [], Style.PAYLOAD) == [SubmitSm(1, tlvs=(tlv.MESSAGE_PAYLOAD.make(b""),))]


def test_what_the_pattern_had_is_left_out_and_its_other_tlvs_stay() -> None:
    reference = tlv.USER_MESSAGE_REFERENCE.make(7)
    old = pdus_of(SubmitSm(tlvs=(reference,)), SEGMENTS, Style.SAR, 1)[0]
    assert pdus_of(old, segment.split("hi", Alphabet.GSM7, 1), Style.UDH) == [SubmitSm(tlvs=(reference,), short_message=b"hi")]


@pytest.mark.parametrize(
    ("pdu", "expected"),
    [
        (SubmitSm(short_message=b"hi"), Content(b"", b"hi", None)),
        (DataSm(), Content(b"", b"", None)),
        (SubmitSm(short_message=b"hi", tlvs=(tlv.MESSAGE_PAYLOAD.make(b"ho"),)), Content(b"", b"hi", None)),
        (SubmitSm(esm_class=0x40, short_message=b"\5\0\3\1\2\1hi"), Content(b"\5\0\3\1\2\1", b"hi", Concatenation(1, 2, 1))),
        (SubmitSm(esm_class=0x40, short_message=b"\x50hi"), Content(b"", b"\x50hi", None)),
        (SubmitSm(esm_class=0x40, short_message=b"\2\0\x09hi"), Content(b"\2\0\x09", b"hi", None)),
        (SubmitSm(esm_class=0x40), Content(b"", b"", None)),
        (SubmitSm(short_message=b"hi", tlvs=(tlv.SAR_MSG_REF_NUM.make(1), tlv.SAR_TOTAL_SEGMENTS.make(2))), Content(b"", b"hi", None)),
        (
            SubmitSm(tlvs=(tlv.SAR_MSG_REF_NUM.make(1), tlv.SAR_TOTAL_SEGMENTS.make(2), tlv.SAR_SEGMENT_SEQNUM.make(3))),
            Content(b"", b"", None),
        ),
    ],
)
def test_what_cannot_be_is_left_as_it_is(pdu: Message, expected: Content) -> None:
    assert content_of(pdu) == expected


@given(st.binary(max_size=80), st.integers(0, 255))
def test_reading_never_fails(octets: bytes, esm_class: int) -> None:
    content = content_of(SubmitSm(esm_class=esm_class, short_message=octets))
    assert content.udh + content.user_data == octets
