"""GSM 7-bit alphabets: text to septets and back, septets packed into octets and back, and UCS2.

Theory of operation. The working form of 7-bit text is *unpacked septets*: bytes, one septet an octet, an escape and the septet after
it being two. That is what SMPP carries; only a TPDU packs them. So three steps are kept apart: characters and septets (`encode`,
`decode`), septets and octets (`pack`, `unpack`), and where a text is cut (segment.py).

Most text is ASCII or Latin-1 without escapes. There one `bytes.translate` does all: its table gives the septet, or 0x80 where a
character has none of its own, and `isascii` then says whether any came. Whatever is left takes the slower table with escape pairs.

Packing treats the whole text as one large integer: three steps of mask and shift close the gaps between neighbours of 7, 14 and
28 bits, in all groups of eight septets at once (160 septets: 1.3 µs, where a loop took 11.5).

A text is encoded by the default alphabet and its extension, unless the caller names national tables; all national tables are decoded.
It does not transliterate and does not choose the alphabet.
"""

import re
from codecs import charmap_decode, charmap_encode
from functools import cache, lru_cache
from typing import NamedTuple

from heliograph.gsm.errors import AlphabetError
from heliograph.gsm.tables import LOCKING, SINGLE

ESCAPE = 0x1B
_REPLACEMENT = "\ufffd"
_NO_SINGLE_SEPTET = 0x80
_ESCAPED = re.compile(rb"\x1b(.?)", re.DOTALL)


def fits(text: str, locking: int = 0, single: int = 0) -> bool:
    """Whether every character of the text is in the alphabet."""
    return _encoding(locking, single).unencodable.search(text) is None


def first_unencodable(text: str, locking: int = 0, single: int = 0) -> str | None:
    """The first character that the alphabet lacks, or None."""
    found = _encoding(locking, single).unencodable.search(text)
    return found[0] if found else None


def septet_count(text: str, locking: int = 0, single: int = 0) -> int:
    """How many septets the text takes; a character of the extension table takes two. AlphabetError as `encode`."""
    return len(encode(text, locking, single))


def septet_widths(text: str, locking: int = 0, single: int = 0) -> list[int]:
    """For each character of an encodable text the septets it takes, 1 or 2."""
    escaped = _encoding(locking, single).escaped
    return [2 if character in escaped else 1 for character in text]


def encode(text: str, locking: int = 0, single: int = 0) -> bytes:
    """Unpacked septets of the text, by the default tables or those of two national language identifiers.

    Where both tables have a character, the locking table is used: it takes one septet.
    AlphabetError names the first character that neither has.
    """
    encoding = _encoding(locking, single)
    septets = text.encode("latin-1", "ignore").translate(encoding.quick)
    if len(septets) == len(text) and septets.isascii():
        return septets
    try:
        return charmap_encode(text, "strict", encoding.septets)[0]
    except UnicodeEncodeError as error:
        raise _lacking("the GSM 7-bit alphabet", text, error.start) from None


def decode(septets: bytes, locking: int = 0, single: int = 0) -> str:
    """Text of unpacked septets; never fails.

    3GPP TS 23.038 6.2.1.1: an escape before a septet that the extension table lacks shows the septet's character of the main table,
    an escape before an escape shows a space, and so does an escape at the very end (3GPP TS 23.038 6.2.1, note 1).
    What the main table leaves undefined, and an octet above 0x7F, becomes U+FFFD.
    A language identifier without a table counts as 0, the default (3GPP TS 23.040 9.2.3.24.15 and 9.2.3.24.16).
    """
    main, shifted = _decoding(locking if locking in LOCKING else 0, single if single in SINGLE else 0)
    if ESCAPE not in septets:
        return charmap_decode(septets, "strict", main)[0]
    runs = _ESCAPED.split(septets)  # text, septet after an escape, text, septet after an escape, ..., text
    return "".join([shifted[run] if at % 2 else charmap_decode(run, "strict", main)[0] for at, run in enumerate(runs)])


def pack(septets: bytes, fill_bits: int = 0) -> bytes:
    """Octets of unpacked septets, the first septet in the lowest bits (3GPP TS 23.038 6.1.2.1).

    `fill_bits`, 0 to 6, are zero bits before the first septet: they follow a user data header (3GPP TS 23.040 9.2.3.24).
    AlphabetError where an octet is above 0x7F.
    """
    if not septets.isascii():
        raise AlphabetError("a septet is 0 to 127: an octet above 0x7F cannot be packed")
    groups = (len(septets) + 7) >> 3
    even, odd, low14, high14, low28, high28 = _masks(groups)
    bits = int.from_bytes(septets, "little")
    bits = (bits & even) | ((bits & odd) >> 1)
    bits = (bits & low14) | ((bits & high14) >> 2)
    bits = (bits & low28) | ((bits & high28) >> 4)
    octets = bytearray(bits.to_bytes(groups * 8, "little"))
    del octets[7::8]
    if fill_bits:
        octets = bytearray((int.from_bytes(octets, "little") << fill_bits).to_bytes(len(octets) + 1, "little"))
    return bytes(octets[: (len(septets) * 7 + fill_bits + 7) >> 3])


def unpack(octets: bytes, septet_count: int, fill_bits: int = 0) -> bytes:
    """The first `septet_count` septets of packed octets, after `fill_bits` bits; what follows them is not looked at.

    AlphabetError where the octets hold fewer.
    """
    if len(octets) * 8 < septet_count * 7 + fill_bits:
        raise AlphabetError(f"{septet_count} septets after {fill_bits} fill bits do not fit into {len(octets)} octets")
    if fill_bits:
        octets = (int.from_bytes(octets, "little") >> fill_bits).to_bytes(len(octets), "little")
    groups = (septet_count + 7) >> 3
    octets = octets[: groups * 7].ljust(groups * 7, b"\0")
    spread = bytearray(groups * 8)
    for at in range(7):
        spread[at::8] = octets[at::7]
    even, odd, low14, high14, low28, high28 = _masks(groups)
    bits = int.from_bytes(spread, "little")
    bits = (bits & low28) | ((bits << 4) & high28)
    bits = (bits & low14) | ((bits << 2) & high14)
    bits = (bits & even) | ((bits << 1) & odd)
    return bits.to_bytes(groups * 8, "little")[:septet_count]


def encode_ucs2(text: str) -> bytes:
    """Big-endian 16-bit units of the text; a character above U+FFFF is a surrogate pair, as all phones write and read it.

    AlphabetError names a lone surrogate.
    """
    try:
        return text.encode("utf-16-be")
    except UnicodeEncodeError as error:
        raise _lacking("UCS2", text, error.start) from None


def decode_ucs2(octets: bytes) -> str:
    """Text of big-endian 16-bit units; never fails: a lone surrogate or an odd last octet becomes U+FFFD."""
    return octets.decode("utf-16-be", "replace")


class _Encoding(NamedTuple):
    quick: bytes
    """Latin-1 octet to septet, or 0x80."""
    septets: dict[int, bytes]
    """Code point to one septet, or to an escape and one."""
    escaped: frozenset[str]
    unencodable: re.Pattern[str]


@cache
def _encoding(locking: int, single: int) -> _Encoding:
    if locking not in LOCKING or single not in SINGLE:
        raise AlphabetError(f"there is no national table for locking shift {locking} and single shift {single}")
    septets = {ord(character): bytes((ESCAPE, septet)) for septet, character in SINGLE[single].items()}
    septets |= {ord(character): bytes((septet,)) for septet, character in enumerate(LOCKING[locking])}
    del septets[ESCAPE]
    septets.pop(ord(_REPLACEMENT), None)
    quick = bytearray((_NO_SINGLE_SEPTET,)) * 256
    for code_point, written in septets.items():
        if code_point < len(quick) and len(written) == 1:
            quick[code_point] = written[0]
    characters = "".join(map(chr, septets))
    escaped = frozenset(chr(code_point) for code_point, written in septets.items() if len(written) == 2)
    return _Encoding(bytes(quick), septets, escaped, re.compile(f"[^{re.escape(characters)}]"))


@cache
def _decoding(locking: int, single: int) -> tuple[str, dict[bytes, str]]:
    main = LOCKING[locking] + _REPLACEMENT * 128
    shifted = {bytes((septet,)): SINGLE[single].get(septet, character) for septet, character in enumerate(main)}
    return main, shifted | {bytes((ESCAPE,)): " ", b"": " "}


@lru_cache(maxsize=64)
def _masks(groups: int) -> tuple[int, int, int, int, int, int]:
    lanes = (0x007F_007F_007F_007F, 0x7F00_7F00_7F00_7F00, 0x3FFF_0000_3FFF, 0x3FFF_0000_3FFF_0000, 0x0FFF_FFFF, 0x0FFF_FFFF_0000_0000)
    even, odd, low14, high14, low28, high28 = (int.from_bytes(lane.to_bytes(8, "little") * groups, "little") for lane in lanes)
    return even, odd, low14, high14, low28, high28


def _lacking(alphabet: str, text: str, position: int) -> AlphabetError:
    character = text[position]
    shown = character if character.isprintable() else "the character"
    return AlphabetError(f"{shown} (U+{ord(character):04X}) at {position} is not in {alphabet}", character, position)
