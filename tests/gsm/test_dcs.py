"""TP-DCS and data_coding: heliograph.gsm.dcs."""

import pytest

from heliograph.gsm import dcs
from heliograph.gsm.dcs import Charset, Coding, Dcs, LinkStyle, MessageWaiting, WaitingKind
from heliograph.gsm.errors import TpduError
from tests.gsm.material import GSM7, OCTET, UCS2


@pytest.mark.parametrize(
    ("tp_dcs", "expected"),
    [
        (0x00, Dcs(0x00, GSM7)),
        (0x04, Dcs(0x04, OCTET)),
        (0x08, Dcs(0x08, UCS2)),
        (0x0C, Dcs(0x0C, GSM7)),
        (0x03, Dcs(0x03, GSM7)),
        (0x10, Dcs(0x10, GSM7, 0)),
        (0x1B, Dcs(0x1B, UCS2, 3)),
        (0x24, Dcs(0x24, OCTET, compressed=True)),
        (0x58, Dcs(0x58, UCS2, 0, auto_delete=True)),
        (0x84, Dcs(0x84, GSM7)),
        (0xBF, Dcs(0xBF, GSM7)),
        (0xC8, Dcs(0xC8, GSM7, message_waiting=MessageWaiting(WaitingKind.VOICEMAIL, active=True, store=False))),
        (0xD1, Dcs(0xD1, GSM7, message_waiting=MessageWaiting(WaitingKind.FAX, active=False, store=True))),
        (0xEA, Dcs(0xEA, UCS2, message_waiting=MessageWaiting(WaitingKind.EMAIL, active=True, store=True))),
        (0xF0, Dcs(0xF0, GSM7, 0)),
        (0xF6, Dcs(0xF6, OCTET, 2)),
        (0xF9, Dcs(0xF9, GSM7, 1)),
    ],
    ids=lambda value: f"{value:02X}" if isinstance(value, int) else "",
)
def test_a_tp_dcs_is_read_by_its_coding_group(tp_dcs: int, expected: Dcs) -> None:
    assert dcs.parse(tp_dcs) == expected


def test_only_plain_gsm_text_is_counted_in_septets() -> None:
    assert [tp_dcs for tp_dcs in (0x00, 0x10, 0x20, 0x04, 0x08, 0x80, 0xC0, 0xE0, 0xF0, 0xF4) if dcs.parse(tp_dcs).in_septets] == [
        0x00,
        0x10,
        0x80,
        0xC0,
        0xF0,
    ]


def test_what_is_read_is_written_again_in_the_same_group() -> None:
    for tp_dcs in [*range(0x80), *range(0xC0, 0xF0)]:
        read = dcs.parse(tp_dcs)
        if read.message_waiting:
            written = dcs.of_waiting(read.message_waiting, read.alphabet)
            assert written == tp_dcs & ~0x04
        else:
            written = dcs.of(read.alphabet, read.message_class, compressed=read.compressed, auto_delete=read.auto_delete)
            meaningful = 0xFF if read.message_class is not None else 0xFC
            reserved_alphabet = tp_dcs & 0x0C == 0x0C
            assert written == (tp_dcs & meaningful & ~0x0C if reserved_alphabet else tp_dcs & meaningful)
        assert dcs.parse(written).alphabet is read.alphabet


def test_what_is_no_coding_is_refused() -> None:
    for nonsense in (-1, 256):
        with pytest.raises(TpduError, match=r"one octet, 0 to 255"):
            dcs.parse(nonsense)
        with pytest.raises(TpduError, match=r"one octet, 0 to 255"):
            dcs.to_data_coding(nonsense)
        with pytest.raises(TpduError, match=r"one octet, 0 to 255"):
            dcs.from_data_coding(nonsense)
    with pytest.raises(TpduError, match=r"class is 0 to 3"):
        dcs.of(GSM7, 4)


def test_a_waiting_indication_has_no_octets_and_drops_no_ucs2() -> None:
    waiting = MessageWaiting(WaitingKind.OTHER, active=True, store=False)
    for alphabet in (OCTET, UCS2):
        with pytest.raises(TpduError, match=r"cannot be written"):
            dcs.of_waiting(waiting, alphabet)


# The prose of the table: what a link of each style is told for a TP-DCS.
@pytest.mark.parametrize(
    ("tp_dcs", "smpp34", "osmomsc"),
    [
        (0x00, 0x00, 0x00),
        (0x04, 0x04, 0x04),
        (0x08, 0x08, 0x08),
        (0x10, 0xF0, 0xF0),
        (0x15, 0xF5, 0xF5),
        (0x18, 0x18, 0x08),
        (0xF0, 0xF0, 0xF0),
        (0xF7, 0xF7, 0xF7),
        (0xC8, 0xC8, 0x00),
        (0xE8, 0xE8, 0x08),
        (0x40, 0x00, 0x00),
        (0x50, 0xF0, 0xF0),
        (0x20, 0x04, 0x04),
        (0x80, 0x00, 0x00),
        (0xF8, 0xF0, 0xF0),
    ],
)
def test_a_link_is_told_the_data_coding_of_its_style(tp_dcs: int, smpp34: int, osmomsc: int) -> None:
    assert dcs.to_data_coding(tp_dcs, LinkStyle.SMPP34) == smpp34
    assert dcs.to_data_coding(tp_dcs, LinkStyle.OSMOMSC) == osmomsc
    assert dcs.to_data_coding(tp_dcs, LinkStyle.TP_DCS) == tp_dcs


@pytest.mark.parametrize(
    ("data_coding", "style", "expected"),
    [
        (0x00, LinkStyle.SMPP34, Coding(0x00, Charset.GSM7)),
        (0x01, LinkStyle.SMPP34, Coding(0x00, Charset.ASCII)),
        (0x02, LinkStyle.SMPP34, Coding(0x04, Charset.OCTET)),
        (0x03, LinkStyle.SMPP34, Coding(0x08, Charset.LATIN_1)),
        (0x06, LinkStyle.SMPP34, Coding(0x08, Charset.CYRILLIC)),
        (0x08, LinkStyle.SMPP34, Coding(0x08, Charset.UCS2)),
        (0x10, LinkStyle.SMPP34, Coding(0x10, Charset.GSM7)),
        (0x18, LinkStyle.SMPP34, Coding(0x18, Charset.UCS2)),
        (0x24, LinkStyle.SMPP34, Coding(0x24, Charset.OCTET)),
        (0xF0, LinkStyle.SMPP34, Coding(0xF0, Charset.GSM7)),
        (0xF5, LinkStyle.SMPP34, Coding(0xF5, Charset.OCTET)),
        (0xE8, LinkStyle.SMPP34, Coding(0xE8, Charset.UCS2)),
        (0x01, LinkStyle.TP_DCS, Coding(0x01, Charset.GSM7)),
        (0x19, LinkStyle.TP_DCS, Coding(0x19, Charset.UCS2)),
        (0x01, LinkStyle.OSMOMSC, Coding(0x00, Charset.GSM7)),
        (0x02, LinkStyle.OSMOMSC, Coding(0x04, Charset.OCTET)),
        (0x08, LinkStyle.OSMOMSC, Coding(0x08, Charset.UCS2)),
        (0xF0, LinkStyle.OSMOMSC, Coding(0xF0, Charset.GSM7)),
    ],
)
def test_a_data_coding_is_read_by_the_column_of_the_link(data_coding: int, style: LinkStyle, expected: Coding) -> None:
    assert dcs.from_data_coding(data_coding, style) == expected


@pytest.mark.parametrize("style", LinkStyle)
def test_alphabet_and_class_survive_the_way_over_a_link(style: LinkStyle) -> None:
    for tp_dcs in (0x00, 0x04, 0x08, *range(0x10, 0x18), *range(0xF0, 0xF8)):
        back = dcs.parse(dcs.from_data_coding(dcs.to_data_coding(tp_dcs, style), style).tp_dcs)
        assert (back.alphabet, back.message_class) == (dcs.parse(tp_dcs).alphabet, dcs.parse(tp_dcs).message_class)


@pytest.mark.parametrize("style", LinkStyle)
def test_no_data_coding_is_without_a_meaning(style: LinkStyle) -> None:
    for data_coding in range(0x100):
        coding = dcs.from_data_coding(data_coding, style)
        assert 0 <= coding.tp_dcs <= 0xFF
        if coding.charset.name not in ("GSM7", "OCTET", "UCS2"):
            assert "A".encode(coding.charset.value) == b"A"


def test_osmomsc_is_told_only_what_it_takes() -> None:
    told = {dcs.to_data_coding(tp_dcs, LinkStyle.OSMOMSC) for tp_dcs in range(0x100)}
    assert told <= {0x00, 0x04, 0x08, *range(0xF0, 0xF8)}
