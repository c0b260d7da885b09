"""Characters, septets, octets: heliograph.gsm.alphabet."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.gsm import alphabet
from heliograph.gsm.errors import AlphabetError
from tests.gsm.material import gsm_texts, septets, texts, vectors

TURKISH, SPANISH, PORTUGUESE, HINDI = 1, 2, 3, 6


@pytest.mark.parametrize("vector", vectors("septets"), ids=lambda vector: vector["text"])
def test_a_known_text_packs_to_its_known_octets_and_back(vector: dict[str, str]) -> None:
    unpacked = alphabet.encode(vector["text"])
    assert alphabet.pack(unpacked) == bytes.fromhex(vector["packed"])
    assert alphabet.decode(alphabet.unpack(bytes.fromhex(vector["packed"]), len(unpacked))) == vector["text"]


def test_each_character_of_the_extension_table_takes_two_septets() -> None:
    assert alphabet.encode("\f^{}\\[~]|€") == bytes.fromhex("1b0a1b141b281b291b2f1b3c1b3d1b3e1b401b65")
    assert alphabet.septet_count("a€") == 3
    assert alphabet.septet_widths("a€b") == [1, 2, 1]


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        ("1b65", "€"),
        ("1b41", "A"),
        ("1b0d", "\r"),
        ("1b1b", " "),
        ("1b1b65", " e"),
        ("1b1b1b65", " €"),
        ("611b", "a "),
        ("1b", " "),
        ("1b0a", "\f"),
        ("", ""),
        ("80ff", "\ufffd\ufffd"),
        ("1b80", "\ufffd"),
    ],
)
def test_an_escape_is_read_as_the_specification_says(octets: str, text: str) -> None:
    assert alphabet.decode(bytes.fromhex(octets)) == text


def test_text_outside_the_alphabet_is_refused_and_the_character_named() -> None:
    with pytest.raises(AlphabetError, match=r"` \(U\+0060\) at 2 is not in the GSM 7-bit alphabet") as caught:
        alphabet.encode("ab`c\t")
    assert (caught.value.character, caught.value.position) == ("`", 2)
    with pytest.raises(AlphabetError, match=r"the character \(U\+0009\) at 0"):
        alphabet.encode("\t")


@pytest.mark.parametrize(
    ("text", "first"),
    [("", None), ("hé€", None), ("ab\U0001f600`", "\U0001f600"), ("\x1b", "\x1b"), ("\ufffd", "\ufffd"), ("ç", "ç")],
)
def test_the_first_character_that_does_not_fit_is_known(text: str, first: str | None) -> None:
    assert alphabet.first_unencodable(text) == first
    assert alphabet.fits(text) is (first is None)


@pytest.mark.parametrize(
    ("text", "locking", "single", "octets"),
    [
        ("ığ", TURKISH, 0, "070c"),
        ("ığ", 0, TURKISH, "1b691b67"),
        ("ı€", TURKISH, TURKISH, "0704"),
        ("áç", 0, SPANISH, "1b611b09"),
        ("ãÕ", PORTUGUESE, 0, "7b5c"),
        ("हि,A", HINDI, HINDI, "4d512c1b41"),
    ],
)
def test_national_tables_are_used_where_they_are_asked_for(text: str, locking: int, single: int, octets: str) -> None:
    assert alphabet.encode(text, locking, single) == bytes.fromhex(octets)
    assert alphabet.decode(bytes.fromhex(octets), locking, single) == text
    assert alphabet.fits(text, locking, single)
    assert not alphabet.fits(text + "\U0001f600", locking, single)


def test_an_unknown_language_is_read_by_the_default_tables_and_not_written() -> None:
    assert alphabet.decode(b"\x04\x1b\x65", 99, 99) == "è€"
    assert alphabet.decode(b"\x09", SPANISH, 0) == "Ç"
    for locking, single in ((SPANISH, 0), (14, 0), (0, 14)):
        with pytest.raises(AlphabetError, match=r"no national table"):
            alphabet.encode("a", locking, single)


@given(gsm_texts)
def test_encodable_text_survives_septets_and_back(text: str) -> None:
    written = alphabet.encode(text)
    assert written.isascii()
    assert alphabet.decode(written) == text
    assert alphabet.septet_count(text) == len(written) == sum(alphabet.septet_widths(text))


@given(texts)
def test_fits_and_encode_never_disagree(text: str) -> None:
    try:
        alphabet.encode(text)
    except AlphabetError as error:
        assert error.character == alphabet.first_unencodable(text)
        assert error.position == text.index(error.character or "")
    else:
        assert alphabet.fits(text)


@given(st.binary(max_size=200), st.integers(0, 255), st.integers(0, 255))
def test_any_octets_decode_to_some_text(octets: bytes, locking: int, single: int) -> None:
    assert len(alphabet.decode(octets, locking, single)) <= len(octets)


@given(septets, st.integers(0, 6))
def test_packing_agrees_with_the_definition_bit_by_bit(unpacked: bytes, fill_bits: int) -> None:
    bits = sum(septet << (fill_bits + 7 * at) for at, septet in enumerate(unpacked))
    expected = bits.to_bytes((fill_bits + 7 * len(unpacked) + 7) // 8, "little")
    assert alphabet.pack(unpacked, fill_bits) == expected
    assert alphabet.unpack(expected, len(unpacked), fill_bits) == unpacked
    assert alphabet.unpack(expected + b"\xff", len(unpacked), fill_bits) == unpacked


def test_every_length_packs_and_unpacks() -> None:
    for count in range(300):
        unpacked = bytes(at * 37 % 128 for at in range(count))
        assert alphabet.unpack(alphabet.pack(unpacked), count) == unpacked


def test_seven_octets_hold_eight_septets() -> None:
    assert len(alphabet.pack(bytes(8))) == 7
    assert len(alphabet.pack(bytes(160))) == 140


def test_what_is_no_septet_is_not_packed() -> None:
    with pytest.raises(AlphabetError, match=r"0x7F"):
        alphabet.pack(b"abc\x80")


def test_more_septets_than_there_are_are_not_unpacked() -> None:
    with pytest.raises(AlphabetError, match=r"9 septets after 0 fill bits do not fit into 7 octets"):
        alphabet.unpack(bytes(7), 9)
    with pytest.raises(AlphabetError, match=r"8 septets after 1 fill bits"):
        alphabet.unpack(bytes(7), 8, 1)


@given(texts)
def test_ucs2_text_survives_octets_and_back(text: str) -> None:
    assert alphabet.decode_ucs2(alphabet.encode_ucs2(text)) == text


def test_ucs2_is_big_endian_and_above_its_plane_a_surrogate_pair() -> None:
    assert alphabet.encode_ucs2("П\U0001f600") == bytes.fromhex("041fd83dde00")


def test_a_lone_surrogate_is_refused_when_written_and_marked_when_read() -> None:
    with pytest.raises(AlphabetError, match=r"\(U\+D83D\) at 1 is not in UCS2"):
        alphabet.encode_ucs2("a\ud83d")
    assert alphabet.decode_ucs2(b"\x00a\xd8\x3d") == "a\ufffd"
    assert alphabet.decode_ucs2(b"\x00ab") == "a\ufffd"
