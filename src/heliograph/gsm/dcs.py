"""TP-DCS: what octets of user data mean; and its one table to and from SMPP's data_coding.

TP-DCS and data_coding are two fields with two sets of values: 0x10 is a flash message in the one and reserved in the other, 1 is ASCII
in the other and plain GSM 7-bit in the one. Nothing here touches the octets themselves.
"""

from dataclasses import dataclass
from enum import Enum, IntEnum

from heliograph.gsm.errors import TpduError


class Alphabet(Enum):
    """How user data is written, and so in what units it is counted: septets, octets, 16-bit units."""

    GSM7 = "gsm7"
    OCTET = "octet"
    UCS2 = "ucs2"


class WaitingKind(IntEnum):
    """3GPP TS 23.038 4, coding groups 1100 to 1110, bits 1 and 0."""

    VOICEMAIL = 0
    FAX = 1
    EMAIL = 2
    OTHER = 3


@dataclass(frozen=True, slots=True)
class MessageWaiting:
    """An indication that messages wait elsewhere: shown when `active`, cleared when not; the text may be dropped unless `store`."""

    kind: WaitingKind
    active: bool
    store: bool


@dataclass(frozen=True, slots=True)
class Dcs:
    """A TP-DCS, read. `message_class`: 0 flash, 1 the phone, 2 the SIM, 3 the equipment behind the phone, None without a class."""

    tp_dcs: int
    alphabet: Alphabet
    message_class: int | None = None
    compressed: bool = False
    auto_delete: bool = False
    message_waiting: MessageWaiting | None = None

    @property
    def in_septets(self) -> bool:
        """Whether TP-UDL counts septets: GSM 7-bit that is not compressed (3GPP TS 23.040 9.2.3.16)."""
        return self.alphabet is Alphabet.GSM7 and not self.compressed


def parse(tp_dcs: int) -> Dcs:
    """What a TP-DCS says (3GPP TS 23.038 4). Reserved codings are plain GSM 7-bit, as the clause asks of receivers."""
    if not 0 <= tp_dcs <= 0xFF:
        raise TpduError(f"a TP-DCS is one octet, 0 to 255, not {tp_dcs}")
    return _PARSED[tp_dcs]


def of(alphabet: Alphabet, message_class: int | None = None, *, compressed: bool = False, auto_delete: bool = False) -> int:
    """The TP-DCS of the general group for an alphabet and, if given, a message class 0 to 3."""
    if message_class is not None and not 0 <= message_class <= 3:
        raise TpduError(f"a message class is 0 to 3, not {message_class}")
    class_bits = 0 if message_class is None else 0x10 | message_class
    return auto_delete << 6 | compressed << 5 | class_bits | _GENERAL.index(alphabet) << 2


def of_waiting(waiting: MessageWaiting, alphabet: Alphabet = Alphabet.GSM7) -> int:
    """The TP-DCS of a message waiting indication; UCS2 text exists only with `store`, octets never."""
    group = {(False, Alphabet.GSM7): 0xC0, (True, Alphabet.GSM7): 0xD0, (True, Alphabet.UCS2): 0xE0}.get((waiting.store, alphabet))
    if group is None:
        raise TpduError(f"a message waiting indication, store {waiting.store}, cannot be written in {alphabet.value}")
    return group | waiting.active << 3 | waiting.kind


_GENERAL = (Alphabet.GSM7, Alphabet.OCTET, Alphabet.UCS2, Alphabet.GSM7)
"""Bits 3 and 2 of the general group; the last is reserved."""


def _read(tp_dcs: int) -> Dcs:
    group, low = tp_dcs >> 4, tp_dcs & 0x0F
    if group < 0x8:
        message_class = tp_dcs & 3 if tp_dcs & 0x10 else None
        return Dcs(tp_dcs, _GENERAL[low >> 2], message_class, compressed=bool(tp_dcs & 0x20), auto_delete=bool(tp_dcs & 0x40))
    if group < 0xC:
        return Dcs(tp_dcs, Alphabet.GSM7)
    if group < 0xF:
        waiting = MessageWaiting(WaitingKind(low & 3), active=bool(low & 8), store=group > 0xC)
        return Dcs(tp_dcs, Alphabet.UCS2 if group == 0xE else Alphabet.GSM7, message_waiting=waiting)
    return Dcs(tp_dcs, Alphabet.OCTET if low & 4 else Alphabet.GSM7, low & 3)


_PARSED = tuple(_read(tp_dcs) for tp_dcs in range(0x100))


class LinkStyle(Enum):
    """What a link's peer understands by data_coding: the column of the table that a link's profile names."""

    SMPP34 = "smpp34"
    """As SMPP 3.4 5.2.19 has it; a class goes in the group 0xF0, a class of UCS2 text, which SMPP lacks, as TP-DCS (so does Kannel)."""
    TP_DCS = "tp_dcs"
    """data_coding is the TP-DCS itself, in both directions: many SMSCs, and OsmoMSC with `dcs-transparent`."""
    OSMOMSC = "osmomsc"
    """OsmoMSC refuses all but 0, 1, 2, 4, 8 and 0xF0 to 0xF7, and sends only 1 (septets), 2 and 8."""


class Charset(Enum):
    """How the octets of short_message are to be read. Where it is neither GSM7, OCTET nor UCS2, the value is Python's codec."""

    GSM7 = "gsm7"
    """One septet an octet; for data_coding 0 the SMSC's default alphabet, where the link's settings name another."""
    OCTET = "octet"
    UCS2 = "ucs2"
    ASCII = "ascii"
    LATIN_1 = "latin-1"
    CYRILLIC = "iso8859-5"
    HEBREW = "iso8859-8"
    JAPANESE = "iso2022-jp"
    KOREAN = "euc-kr"


@dataclass(frozen=True, slots=True)
class Coding:
    """A data_coding, read: the TP-DCS that says the same, and the charset of the octets beside it."""

    tp_dcs: int
    charset: Charset


def to_data_coding(tp_dcs: int, style: LinkStyle = LinkStyle.SMPP34) -> int:
    """The data_coding for a TP-DCS on a link of that style. What SMPP cannot say (auto-delete) is dropped, the alphabet is kept."""
    parse(tp_dcs)
    return _TO_DATA_CODING[style][tp_dcs]


def from_data_coding(data_coding: int, style: LinkStyle = LinkStyle.SMPP34) -> Coding:
    """The TP-DCS and charset of a data_coding. What the column does not name, reserved values too, is read as a TP-DCS."""
    known = _FROM_DATA_CODING[style].get(data_coding)
    return known or _as_tp_dcs(data_coding)


# The table. TP-DCS, then data_coding by SMPP34 and OSMOMSC; the column of TP_DCS is the first one.
_ROWS = (
    (0x00, 0x00, 0x00),
    (0x04, 0x04, 0x04),
    (0x08, 0x08, 0x08),
    *((0xF0 | low, 0xF0 | low, 0xF0 | low) for low in range(8)),
    *((0x10 | low, 0xF0 | low, 0xF0 | low) for low in range(8)),
    *((0x18 | low, 0x18 | low, 0x08) for low in range(4)),
    *((0xC0 | low, 0xC0 | low, 0x00) for low in range(16)),
    *((0xD0 | low, 0xD0 | low, 0x00) for low in range(16)),
    *((0xE0 | low, 0xE0 | low, 0x08) for low in range(16)),
)

# What only comes in: data_coding, and what it says. SMPP 3.4 5.2.19; OsmoMSC's 1 and 2 by its smpp_determine_scheme.
_INBOUND_SMPP34 = {
    0x01: Coding(0x00, Charset.ASCII),
    0x02: Coding(0x04, Charset.OCTET),
    0x03: Coding(0x08, Charset.LATIN_1),
    0x05: Coding(0x04, Charset.OCTET),
    0x06: Coding(0x08, Charset.CYRILLIC),
    0x07: Coding(0x08, Charset.HEBREW),
    0x09: Coding(0x04, Charset.OCTET),
    0x0A: Coding(0x08, Charset.JAPANESE),
    0x0D: Coding(0x04, Charset.OCTET),
    0x0E: Coding(0x08, Charset.KOREAN),
}
_INBOUND_OSMOMSC = {0x01: Coding(0x00, Charset.GSM7), 0x02: Coding(0x04, Charset.OCTET)}


def _as_tp_dcs(tp_dcs: int) -> Coding:
    dcs = parse(tp_dcs)
    return Coding(tp_dcs, Charset.OCTET if dcs.compressed else Charset(dcs.alphabet.value))


def _nearest(tp_dcs: int, column: dict[int, int]) -> int:
    """The data_coding of a TP-DCS without a row: that of its alphabet and class. Compressed text is octets to SMPP."""
    dcs = parse(tp_dcs)
    return column[of(Alphabet.OCTET if dcs.compressed else dcs.alphabet, dcs.message_class)]


def _every(column: dict[int, int]) -> dict[int, int]:
    return {tp_dcs: column[tp_dcs] if tp_dcs in column else _nearest(tp_dcs, column) for tp_dcs in range(0x100)}


def _inverse(column: dict[int, int]) -> dict[int, Coding]:
    """Of several TP-DCS with one data_coding the first row counts."""
    return {data_coding: _as_tp_dcs(tp_dcs) for tp_dcs, data_coding in reversed(column.items())}


_SMPP34 = {tp_dcs: smpp34 for tp_dcs, smpp34, _ in _ROWS}
_OSMOMSC = {tp_dcs: osmomsc for tp_dcs, _, osmomsc in _ROWS}
_TO_DATA_CODING = {
    LinkStyle.SMPP34: _every(_SMPP34),
    LinkStyle.TP_DCS: {tp_dcs: tp_dcs for tp_dcs in range(0x100)},
    LinkStyle.OSMOMSC: _every(_OSMOMSC),
}
_FROM_DATA_CODING = {
    LinkStyle.SMPP34: _inverse(_SMPP34) | _INBOUND_SMPP34,
    LinkStyle.TP_DCS: dict[int, Coding](),
    LinkStyle.OSMOMSC: _inverse(_OSMOMSC) | _INBOUND_OSMOMSC,
}
