"""Segments: a text or octets cut to fit into short messages, and parts put together again.

A cut never splits an escape pair or a surrogate pair, since it is made between characters of the text, and it does not split what a
reader sees as one character (a letter with its marks, a flag, a family) unless that alone is longer than a segment. Joining puts
units together before it decodes them, so a pair that a peer did split heals. It keeps no state: whose parts belong together, and for how
long they are waited for, is decided elsewhere. 3GPP TS 23.040 9.2.3.24.1.
"""

import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate, groupby
from typing import Literal, overload

from heliograph.gsm import alphabet as gsm7
from heliograph.gsm import udh as header
from heliograph.gsm.dcs import Alphabet
from heliograph.gsm.errors import SegmentError, TpduError

USER_DATA_OCTETS = 140
MAX_SEGMENTS = 255
LARGEST_CHARACTER_UNITS = 2
"""An escape pair or a surrogate pair."""
_WHOLE_SEPTETS = USER_DATA_OCTETS * 8 // 7
_UNIT_BITS = {Alphabet.GSM7: 7, Alphabet.OCTET: 8, Alphabet.UCS2: 16}


@dataclass(frozen=True, slots=True)
class Segment:
    """One short message's worth: `udh` is b"" or a header with its UDHL, `user_data` what follows it.

    User data is unpacked septets, octets, or big-endian 16-bit units, by the alphabet of the message.
    """

    number: int
    total: int
    udh: bytes
    user_data: bytes


def capacity(alphabet: Alphabet, udh_octets: int = 0) -> int:
    """Units of an alphabet (septets, octets, 16-bit units) that fit beside a header of so many octets, UDHL included."""
    return (USER_DATA_OCTETS - udh_octets) * 8 // _UNIT_BITS[alphabet]


def count(text: str, alphabet: Alphabet, wide: bool = False, extra: tuple[header.Element, ...] = ()) -> int:
    """How many segments `split` would make, without making them; above 255 too. AlphabetError where the text does not fit."""
    if alphabet is Alphabet.GSM7 and not extra and len(text) <= _WHOLE_SEPTETS and gsm7.septet_count(text) <= _WHOLE_SEPTETS:
        return 1
    return len(_ends(text, alphabet, wide, extra))


def split(
    text: str, alphabet: Alphabet, reference: int, wide: bool = False, extra: tuple[header.Element, ...] = (), most_units: int | None = None
) -> tuple[Segment, ...]:
    """The segments of a text in GSM7 or UCS2.

    A text that fits into one message is one segment, without a concatenation element. `wide` takes a 16-bit reference. `extra` elements
    stand in each header; shift elements among them choose the national tables the text is encoded by. `most_units`: of several segments
    none holds more, where that is less than there is room for.
    AlphabetError where a character is not in the alphabet, SegmentError above 255 segments.
    """
    if alphabet is Alphabet.GSM7 and not extra and len(text) <= _WHOLE_SEPTETS and len(septets := gsm7.encode(text)) <= _WHOLE_SEPTETS:
        return (Segment(1, 1, b"", septets),)  # most texts of machines: 1.0 us in place of 3.8
    ends = _ends(text, alphabet, wide, extra, most_units)
    if alphabet is Alphabet.UCS2:
        pieces = [gsm7.encode_ucs2(text[start:end]) for start, end in _spans(ends)]
    else:
        locking, single = _tables(extra)
        pieces = [gsm7.encode(text[start:end], locking, single) for start, end in _spans(ends)]
    return _segments(pieces, reference, wide, extra)


def split_octets(octets: bytes, reference: int, wide: bool = False, extra: tuple[header.Element, ...] = ()) -> tuple[Segment, ...]:
    """The segments of 8-bit data; otherwise as `split`."""
    part = _room_of_a_part(len(octets), Alphabet.OCTET, wide, extra)
    ends = [len(octets)] if part is None else [*range(part, len(octets), part), len(octets)]
    return _segments([octets[start:end] for start, end in _spans(ends)], reference, wide, extra)


@overload
def join(parts: Iterable[Segment], alphabet: Literal[Alphabet.GSM7, Alphabet.UCS2]) -> str: ...
@overload
def join(parts: Iterable[Segment], alphabet: Literal[Alphabet.OCTET]) -> bytes: ...
@overload
def join(parts: Iterable[Segment], alphabet: Alphabet) -> str | bytes: ...
def join(parts: Iterable[Segment], alphabet: Alphabet) -> str | bytes:
    """The text of all parts, or for OCTET their octets, in whatever order they are given.

    Of parts with one number the first counts. National tables are taken from each part's own header.
    SegmentError where parts are missing or disagree about the total.
    """
    ordered = _ordered(parts)
    if alphabet is Alphabet.GSM7:
        runs = groupby(ordered, key=lambda part: _tables_of(part.udh))
        return "".join(gsm7.decode(b"".join(part.user_data for part in run), *tables) for tables, run in runs)
    octets = b"".join(part.user_data for part in ordered)
    return octets if alphabet is Alphabet.OCTET else gsm7.decode_ucs2(octets)


def _ends(text: str, alphabet: Alphabet, wide: bool, extra: tuple[header.Element, ...], most_units: int | None = None) -> list[int]:
    """Where each segment ends, as an index into the text; the last is its length."""
    offsets = _offsets(text, alphabet, extra)
    part = _room_of_a_part(offsets[-1], alphabet, wide, extra)
    if part is None:
        return [len(text)]
    part = part if most_units is None else min(part, max(most_units, LARGEST_CHARACTER_UNITS))
    ends = [0]
    while ends[-1] < len(text):
        start = ends[-1]
        furthest = bisect_right(offsets, offsets[start] + part) - 1
        ends.append(_before_cluster(text, start, furthest))
    return ends[1:]


def _offsets(text: str, alphabet: Alphabet, extra: tuple[header.Element, ...]) -> Sequence[int]:
    """Units before each character and, last, in all. Where each character is one unit, and that is mostly so, nothing is counted."""
    if alphabet is Alphabet.OCTET:
        raise SegmentError("a text is written in GSM7 or UCS2; octets are cut by split_octets")
    tables = _tables(extra)
    in_ucs2 = alphabet is Alphabet.UCS2
    units = len(gsm7.encode_ucs2(text)) // 2 if in_ucs2 else gsm7.septet_count(text, *tables)
    if units == len(text):
        return range(units + 1)
    widths = [1 + (character > "\uffff") for character in text] if in_ucs2 else gsm7.septet_widths(text, *tables)
    return list(accumulate(widths, initial=0))


def _before_cluster(text: str, start: int, furthest: int) -> int:
    """The last place up to `furthest` where a cut splits no cluster, or `furthest` where there is none."""
    end = furthest
    while end > start and end < len(text) and _clings(text, start, end):
        end -= 1
    return end if end > start else furthest


_JOINER = "\u200d"


def _clings(text: str, start: int, at: int) -> bool:
    """Whether text[at] belongs to the character before it: a small part of Unicode's rules (UAX #29), without its tables."""
    character, before = text[at], text[at - 1]
    if before == _JOINER or (before == "\r" and character == "\n"):
        return True
    if _is_regional(character):
        return _regionals_before(text, start, at) % 2 == 1
    return character == _JOINER or unicodedata.category(character) in {"Mn", "Mc", "Me"} or _is_emoji_suffix(character)


def _is_emoji_suffix(character: str) -> bool:
    """A skin tone, or a tag as in the flags of Scotland and Wales; variation selectors and keycaps are marks."""
    return "\U0001f3fb" <= character <= "\U0001f3ff" or "\U000e0020" <= character <= "\U000e007f"


def _is_regional(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _regionals_before(text: str, start: int, at: int) -> int:
    """Flags are pairs of regional indicators; the segment starts with a whole one."""
    first = at
    while first > start and _is_regional(text[first - 1]):
        first -= 1
    return at - first


def _room_of_a_part(units: int, alphabet: Alphabet, wide: bool, extra: tuple[header.Element, ...]) -> int | None:
    """None where so many units fit into one message; else how many units each of several holds."""
    extra_octets = sum(2 + len(element.octets) for element in extra)
    if units <= capacity(alphabet, 1 + extra_octets if extra else 0):
        return None
    room = capacity(alphabet, (7 if wide else 6) + extra_octets)
    if room < LARGEST_CHARACTER_UNITS:
        raise SegmentError(f"a user data header with {extra_octets} octets of its own leaves no room for what it heads")
    return room


def _segments(pieces: Sequence[bytes], reference: int, wide: bool, extra: tuple[header.Element, ...]) -> tuple[Segment, ...]:
    total = len(pieces)
    if total == 1:
        return (Segment(1, 1, header.build(*extra), pieces[0]),)
    if total > MAX_SEGMENTS:
        raise SegmentError(f"the text takes {total} segments: {MAX_SEGMENTS} at most")
    return tuple(
        Segment(number, total, header.build(header.concatenation(reference, total, number, wide), *extra), piece)
        for number, piece in enumerate(pieces, start=1)
    )


def _spans(ends: list[int]) -> Iterable[tuple[int, int]]:
    return zip([0, *ends], ends, strict=False)


def _tables(extra: tuple[header.Element, ...]) -> tuple[int, int]:
    return (header.Udh(extra).locking, header.Udh(extra).single) if extra else (0, 0)


def _tables_of(udh: bytes) -> tuple[int, int]:
    """An unreadable header counts as none (3GPP TS 23.040 9.2.3.24). Most have no shift element, which one look at the octets shows."""
    if header.LOCKING_SHIFT not in udh and header.SINGLE_SHIFT not in udh:
        return 0, 0
    try:
        return _tables(header.parse(udh).elements)
    except TpduError:
        return 0, 0


def _ordered(parts: Iterable[Segment]) -> list[Segment]:
    by_number: dict[int, Segment] = {}
    for part in parts:
        by_number.setdefault(part.number, part)
    totals = {part.total for part in by_number.values()}
    if len(totals) != 1:
        raise SegmentError(f"parts of one message have one total, not {sorted(totals)}")
    missing = sorted(set(range(1, totals.pop() + 1)) - by_number.keys())
    if missing:
        raise SegmentError(f"parts missing: {', '.join(map(str, missing))}")
    return [by_number[number] for number in sorted(by_number)]
