"""Text as peers write it: what data_coding 0 stands for, and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.gsm import alphabet as gsm7
from heliograph.gsm import udh
from heliograph.gsm.dcs import LinkStyle
from heliograph.smpp.errors import ValueNotAllowedError
from heliograph.smpp.text import Coder, DefaultAlphabet

PART = udh.concat(7, 2, 1)
texts = st.text(st.sampled_from(gsm7.decode(bytes(set(range(128)) - {0x1B})) + "€{}"), max_size=70)


@given(texts, st.sampled_from(list(DefaultAlphabet)), st.sampled_from([b"", PART]))
def test_what_was_written_is_read_again(text: str, default: DefaultAlphabet, header: bytes) -> None:
    coder = Coder(default=default)
    septets = gsm7.encode(text)
    if default is DefaultAlphabet.GSM7_PACKED and septets[-1:] in (b"\0", b"\r"):
        septets += b"x"  # a last @ or CR may be filler: nobody can tell
    text = gsm7.decode(septets)
    try:
        data_coding, octets = coder.written(0, header, septets)
    except ValueNotAllowedError:
        assert len(text) * 2 + len(header) > 140
        return
    tp_dcs, user_data = coder.read(data_coding, header, octets)
    assert (gsm7.decode(user_data) if tp_dcs == 0 else gsm7.decode_ucs2(user_data)) == text


@given(st.integers(0, 255), st.binary(max_size=20), st.sampled_from(list(DefaultAlphabet)), st.sampled_from(list(LinkStyle)))
def test_no_octets_break_it(data_coding: int, octets: bytes, default: DefaultAlphabet, style: LinkStyle) -> None:
    tp_dcs, _ = Coder(style, default).read(data_coding, b"", octets)
    assert 0 <= tp_dcs <= 255


@pytest.mark.parametrize(
    ("default", "octets"),
    [
        (DefaultAlphabet.GSM7, b"\x00\x02\x04"),
        (DefaultAlphabet.GSM7_PACKED, bytes.fromhex("000101")),
        (DefaultAlphabet.LATIN_1, "@$é".encode("latin-1")),
    ],
)
def test_the_default_alphabet_is_what_the_peer_takes_it_for(default: DefaultAlphabet, octets: bytes) -> None:
    septets = b"\x00\x02\x04" if default is not DefaultAlphabet.LATIN_1 else gsm7.encode("@$é")
    assert Coder(default=default).written(0, b"", septets) == (0, octets)


def test_packed_text_stands_behind_the_fill_bits_of_its_header() -> None:
    coder = Coder(default=DefaultAlphabet.GSM7_PACKED)
    assert coder.written(0, PART, b"abc") == (0, gsm7.pack(b"abc", 1))
    assert coder.read(0, PART, gsm7.pack(b"abc", 1)) == (0, b"abc")


def test_seven_bits_that_are_left_over_are_a_carriage_return_and_no_at_sign() -> None:
    coder = Coder(default=DefaultAlphabet.GSM7_PACKED)
    assert coder.written(0, b"", b"1234567") == (0, gsm7.pack(b"1234567\r"))
    assert coder.read(0, b"", gsm7.pack(b"1234567\r")) == coder.read(0, b"", gsm7.pack(b"1234567")) == (0, b"1234567")


def test_flash_stays_flash_in_ucs2() -> None:
    assert Coder(default=DefaultAlphabet.LATIN_1).written(0x10, b"", gsm7.encode("5 €")) == (0x18, "5 €".encode("utf-16-be"))


def test_what_the_peers_alphabet_lacks_goes_in_ucs2_or_not_at_all() -> None:
    coder = Coder(default=DefaultAlphabet.LATIN_1)
    assert coder.written(0, b"", gsm7.encode("5 €")) == (8, "5 €".encode("utf-16-be"))
    with pytest.raises(ValueNotAllowedError, match="€"):
        coder.written(0, b"", gsm7.encode("€" * 80))


def test_an_octet_that_is_no_septet_is_read_as_latin_1() -> None:
    assert Coder().read(0, b"", "né".encode("latin-1")) == (0, gsm7.encode("né"))
    assert Coder().read(0, b"", "ñ³".encode("latin-1")) == (8, "ñ³".encode("utf-16-be"))


def test_each_part_of_a_text_comes_out_in_the_alphabet_that_has_it() -> None:
    coder = Coder(default=DefaultAlphabet.LATIN_1)
    assert [coder.read(0, PART, text.encode("latin-1"))[0] for text in ("plain", "³")] == [0, 8]
    assert coder.read(0, PART, b"a" * 153) == (0, b"a" * 153), "in UCS-2 it would be too long for a part"


@pytest.mark.parametrize("text", ["[on]", "a@b", "1_2", "5 €", "line\nend\ttab"])
def test_septets_that_are_said_to_be_ascii_are_known_by_what_ascii_has_not(text: str) -> None:
    """npm smpp 0.5 writes septets and says data_coding 1 where it is not told which."""
    if "\t" in text:
        assert Coder().read(1, b"", text.encode())[0] == 8, "GSM 7-bit has no tab, ASCII has"
    else:
        assert Coder().read(1, b"", gsm7.encode(text)) == (0, gsm7.encode(text))
    assert Coder().read(1, b"", b"$ {") == (0, gsm7.encode("$ {")), "ASCII is read as such"


def test_septets_that_could_be_ascii_are_read_as_the_account_says() -> None:
    """npm smpp writes `ä` as 0x7B, which is `{` in ASCII: no look at the octets tells them apart."""
    assert Coder().read(1, b"", gsm7.encode("Zähler")) == (0, gsm7.encode("Z{hler"))
    told = Coder(ascii_is_septets=True)
    assert told.read(1, b"", gsm7.encode("Zähler ñÜ")) == (0, gsm7.encode("Zähler ñÜ"))
    assert told.read(1, b"", "né".encode("latin-1"))[0] == 8, "no septets: what is not to be read is shown as such"


def test_flash_and_foreign_charsets_keep_their_class_and_their_text() -> None:
    assert Coder().written(0x10, b"", b"Hi") == (0xF0, b"Hi")
    assert Coder().read(0xF0, b"", b"Hi") == (0xF0, b"Hi")
    assert Coder().read(6, b"", "Привет".encode("iso8859-5")) == (8, "Привет".encode("utf-16-be"))
    assert Coder(style=LinkStyle.OSMOMSC).written(0x04, b"", b"\xff") == (4, b"\xff")
