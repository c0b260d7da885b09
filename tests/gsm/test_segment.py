"""Cutting and joining: heliograph.gsm.segment."""

import random
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.gsm import alphabet as gsm7
from heliograph.gsm import segment, udh
from heliograph.gsm.dcs import Alphabet
from heliograph.gsm.errors import AlphabetError, SegmentError
from heliograph.gsm.segment import Segment
from tests.gsm.material import GSM7, OCTET, UCS2, gsm_texts

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
SCOTLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f"


def sizes(parts: tuple[Segment, ...], octets_per_unit: int = 1) -> list[int]:
    return [len(part.user_data) // octets_per_unit for part in parts]


@pytest.mark.parametrize(
    ("udh_octets", "gsm", "octets", "ucs2"),
    [(0, 160, 140, 70), (6, 153, 134, 67), (7, 152, 133, 66), (4, 155, 136, 68), (9, 149, 131, 65), (12, 146, 128, 64)],
)
def test_a_segment_holds_what_the_header_leaves(udh_octets: int, gsm: int, octets: int, ucs2: int) -> None:
    assert [segment.capacity(alphabet, udh_octets) for alphabet in (GSM7, OCTET, UCS2)] == [gsm, octets, ucs2]


@pytest.mark.parametrize(
    ("alphabet", "character", "length", "expected"),
    [
        (GSM7, "x", 0, [0]),
        (GSM7, "x", 160, [160]),
        (GSM7, "x", 161, [153, 8]),
        (GSM7, "x", 306, [153, 153]),
        (GSM7, "x", 307, [153, 153, 1]),
        (UCS2, "ж", 0, [0]),
        (UCS2, "ж", 70, [70]),
        (UCS2, "ж", 71, [67, 4]),
        (UCS2, "ж", 134, [67, 67]),
        (UCS2, "ж", 135, [67, 67, 1]),
    ],
)
def test_only_a_text_too_long_for_one_message_is_cut(alphabet: Alphabet, character: str, length: int, expected: list[int]) -> None:
    parts = segment.split(character * length, alphabet, 0xAB)
    assert sizes(parts, 2 if alphabet is UCS2 else 1) == expected
    assert segment.count(character * length, alphabet) == len(expected)
    total = len(expected)
    assert [(part.number, part.total) for part in parts] == [(number, total) for number in range(1, total + 1)]
    assert [part.udh for part in parts] == ([b""] if total == 1 else [udh.concat(0xAB, total, number) for number in range(1, total + 1)])


def test_a_wide_reference_costs_an_octet() -> None:
    parts = segment.split("x" * 306, GSM7, 0xABCD, wide=True)
    assert sizes(parts) == [152, 152, 2]
    assert parts[1].udh == udh.concat(0xABCD, 3, 2, wide=True)
    assert segment.count("x" * 304, GSM7, wide=True) == 2
    assert sizes(segment.split("ж" * 133, UCS2, 1, wide=True), 2) == [66, 66, 1]


def test_an_escape_pair_is_never_split() -> None:
    parts = segment.split("x" * 152 + "€" + "x" * 100, GSM7, 1)
    assert sizes(parts) == [152, 102]
    assert not any(part.user_data.endswith(b"\x1b") for part in segment.split("€" * 400, GSM7, 1))
    assert sizes(segment.split("€" * 80, GSM7, 1)) == [160]
    assert sizes(segment.split("€" * 81, GSM7, 1)) == [152, 10]


def test_a_surrogate_pair_is_never_split() -> None:
    parts = segment.split("ж" * 66 + "\U0001f600" + "ж" * 10, UCS2, 1)
    assert sizes(parts, 2) == [66, 12]
    assert all("\ufffd" not in gsm7.decode_ucs2(part.user_data) for part in segment.split("\U0001f600" * 100, UCS2, 1))


@pytest.mark.parametrize(
    "cluster",
    ["и\u0306", "☎\ufe0f", "1\ufe0f\u20e3", FAMILY, "\U0001f44d\U0001f3fd", "\U0001f1e9\U0001f1ea", SCOTLAND, "कि", "\r\n"],
    ids=lambda cluster: unicodedata.name(cluster[0], "CR LF"),
)
def test_what_a_reader_sees_as_one_is_not_split(cluster: str) -> None:
    for before in range(55, 70):
        text = "ж" * before + cluster + "ж" * 40
        parts = segment.split(text, UCS2, 1)
        pieces = [gsm7.decode_ucs2(part.user_data) for part in parts]
        assert "".join(pieces) == text
        assert sum(cluster in piece for piece in pieces) == 1
        assert segment.count(text, UCS2) == len(parts)


def test_flags_side_by_side_stay_whole() -> None:
    flags = "\U0001f1e9\U0001f1ea" * 50
    pieces = [gsm7.decode_ucs2(part.user_data) for part in segment.split("ж" + flags, UCS2, 1)]
    assert [len(piece) % 2 for piece in pieces] == [1, *[0] * (len(pieces) - 1)]


def test_a_cluster_longer_than_a_segment_is_cut_all_the_same() -> None:
    text = "e" + "\u0301" * 200
    parts = segment.split(text, UCS2, 1)
    assert sizes(parts, 2) == [67, 67, 67]
    assert segment.join(parts, UCS2) == text


def test_extra_elements_stand_in_each_header_and_take_their_room() -> None:
    ports = udh.ports(2948, 9200)
    (alone,) = segment.split("x" * 152, GSM7, 1, extra=(ports,))
    assert alone.udh == udh.build(ports)
    parts = segment.split("x" * 153, GSM7, 1, extra=(ports,))
    assert sizes(parts) == [146, 7]
    assert parts[1].udh == udh.build(udh.concatenation(1, 2, 2), ports)
    assert segment.count("x" * 153, GSM7, extra=(ports,)) == 2


def test_shift_elements_choose_the_tables() -> None:
    turkish = (udh.single_shift(1), udh.locking_shift(1))
    text = "ışık €" * 60
    parts = segment.split(text, GSM7, 1, extra=turkish)
    assert sizes(parts) == [146, 146, 68]
    assert segment.join(parts, GSM7) == text
    with pytest.raises(AlphabetError):
        segment.split(text, GSM7, 1)


def test_octets_are_cut_at_full_segments() -> None:
    octets = random.Random(7).randbytes(300)
    assert sizes(segment.split_octets(octets[:140], 1)) == [140]
    parts = segment.split_octets(octets, 1)
    assert sizes(parts) == [134, 134, 32]
    assert sizes(segment.split_octets(octets[:268], 1)) == [134, 134]
    assert sizes(segment.split_octets(b"", 1)) == [0]
    assert sizes(segment.split_octets(octets, 1, True, (udh.ports(1, 2),))) == [127, 127, 46]
    assert segment.join(parts, OCTET) == octets


def test_255_segments_are_the_most() -> None:
    assert len(segment.split("x" * 153 * 255, GSM7, 1)) == 255
    assert segment.count("x" * (153 * 255 + 1), GSM7) == 256
    with pytest.raises(SegmentError, match=r"takes 256 segments: 255 at most"):
        segment.split("x" * (153 * 255 + 1), GSM7, 1)
    with pytest.raises(SegmentError, match=r"takes 256 segments"):
        segment.split_octets(bytes(134 * 255 + 1), 1)


def test_a_header_that_leaves_no_room_is_an_error() -> None:
    huge = (udh.Element(0x70, bytes(132)),)
    assert sizes(segment.split("x", GSM7, 1, extra=huge)) == [1]
    for cut in (
        lambda: segment.split("x" * 20, GSM7, 1, extra=huge),
        lambda: segment.split_octets(bytes(20), 1, extra=huge),
        lambda: segment.count("ж" * 20, UCS2, extra=huge),
    ):
        with pytest.raises(SegmentError, match=r"leaves no room"):
            cut()


def test_text_is_never_cut_as_octets() -> None:
    for cut in (lambda: segment.count("x", OCTET), lambda: segment.split("x", OCTET, 1)):
        with pytest.raises(SegmentError, match=r"split_octets"):
            cut()


def test_a_text_that_does_not_fit_its_alphabet_is_refused() -> None:
    with pytest.raises(AlphabetError, match=r"ж"):
        segment.split("ж", GSM7, 1)
    with pytest.raises(AlphabetError, match=r"D800"):
        segment.count("\ud800", UCS2)


def test_parts_join_in_any_order_and_once_each() -> None:
    text = "0123456789" * 40
    parts = list(segment.split(text, GSM7, 1))
    assert segment.join([parts[2], parts[0], parts[2], parts[1], parts[0]], GSM7) == text
    assert segment.join([Segment(1, 1, b"", b"a"), Segment(1, 1, b"", b"b")], GSM7) == "a"


def test_a_pair_that_a_peer_split_heals() -> None:
    """smpplib 2.2.4 cuts septets and UCS2 octets without a look at what they are."""
    euro = gsm7.encode("a€b")
    assert segment.join([Segment(2, 2, b"", euro[2:]), Segment(1, 2, b"", euro[:2])], GSM7) == "a€b"
    smile = gsm7.encode_ucs2("a\U0001f600b")
    for at in range(len(smile)):
        assert segment.join([Segment(1, 2, b"", smile[:at]), Segment(2, 2, b"", smile[at:])], UCS2) == "a\U0001f600b"


def test_parts_are_read_by_their_own_tables() -> None:
    plain, turkish = udh.concat(1, 2, 1), udh.build(udh.concatenation(1, 2, 2), udh.locking_shift(1))
    assert segment.join([Segment(1, 2, plain, b"\x04"), Segment(2, 2, turkish, b"\x04")], GSM7) == "è€"


def test_an_unreadable_header_does_not_hide_the_text() -> None:
    assert segment.join([Segment(1, 1, bytes.fromhex("0225ff"), b"\x04")], GSM7) == "è"


def test_a_set_with_gaps_or_two_totals_is_not_joined() -> None:
    parts = segment.split("x" * 500, GSM7, 1)
    with pytest.raises(SegmentError, match=r"parts missing: 2, 4"):
        segment.join([parts[0], parts[2]], GSM7)
    with pytest.raises(SegmentError, match=r"one total, not \[2, 4\]"):
        segment.join([parts[0], Segment(2, 2, b"", b"")], GSM7)
    with pytest.raises(SegmentError, match=r"one total, not \[\]"):
        segment.join([], OCTET)


extras = st.sampled_from([(), (udh.ports(1, 2),), (udh.single_shift(0),)])


@given(gsm_texts, st.booleans(), extras, st.randoms(use_true_random=False))
def test_a_gsm_text_survives_cutting_and_joining(text: str, wide: bool, extra: tuple[udh.Element, ...], luck: random.Random) -> None:
    _survives(text, GSM7, wide, extra, luck)


marks = st.sampled_from("жa\u0301\u200d\ufe0f\U0001f600\U0001f3fd\U0001f1e9\U0001f1ea\r\n")
marks_and_others = st.text(marks | st.characters(exclude_categories=["Cs"]), max_size=300)


@given(marks_and_others, st.booleans(), extras, st.randoms(use_true_random=False))
def test_a_ucs2_text_survives_cutting_and_joining(text: str, wide: bool, extra: tuple[udh.Element, ...], luck: random.Random) -> None:
    _survives(text, UCS2, wide, extra, luck)


def _survives(text: str, alphabet: Alphabet, wide: bool, extra: tuple[udh.Element, ...], luck: random.Random) -> None:
    parts = segment.split(text, alphabet, 7, wide, extra)
    assert len(parts) == segment.count(text, alphabet, wide, extra)
    for part in parts:
        units = len(part.user_data) // (2 if alphabet is UCS2 else 1)
        assert units <= segment.capacity(alphabet, len(part.udh))
        assert segment.join([Segment(1, 1, part.udh, part.user_data)], alphabet) in text
    shuffled = [*parts, luck.choice(parts)]
    luck.shuffle(shuffled)
    assert segment.join(shuffled, alphabet) == text


@given(st.binary(max_size=600), st.booleans())
def test_octets_survive_cutting_and_joining(octets: bytes, wide: bool) -> None:
    parts = segment.split_octets(octets, 7, wide)
    assert all(len(part.udh) + len(part.user_data) <= 140 for part in parts)
    assert segment.join(reversed(parts), OCTET) == octets
