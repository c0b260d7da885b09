"""User data as a peer writes it: between a TP-DCS with user data of ours, and a data_coding with the octets behind the header.

User data of ours is one septet an octet in GSM 7-bit, octets, or big-endian 16-bit units, as everywhere here. Which data_coding says which
TP-DCS is the table of `gsm.dcs`; here is what data_coding 0 stands for, which the specification leaves to the message centre (SMPP 3.4
5.2.19, note a): septets, one an octet or packed, Latin-1 or ASCII. What comes in an alphabet that no TP-DCS has becomes one that has it.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from heliograph.gsm import alphabet as gsm7
from heliograph.gsm import dcs, udh
from heliograph.gsm.dcs import Alphabet, Charset, LinkStyle
from heliograph.gsm.segment import USER_DATA_OCTETS
from heliograph.smpp.errors import ValueNotAllowedError

_CONTROLS = re.compile(rb"[^\t\n\r\x20-\x7f]")
"""What no text in ASCII has. npm smpp says ASCII and writes septets, in which these are @, _, £, the escape before a bracket."""


class DefaultAlphabet(StrEnum):
    """What a peer takes the octets of its default alphabet for."""

    GSM7 = "gsm7"
    """One septet an octet: most message centres."""
    GSM7_PACKED = "gsm7_packed"
    """Eight septets in seven octets, behind the fill bits of a header, as on the air."""
    LATIN_1 = "latin-1"
    ASCII = "ascii"

    @property
    def charset(self) -> str | None:
        """Python's name for it, where it is another alphabet than GSM 7-bit."""
        return self.value if self in (DefaultAlphabet.LATIN_1, DefaultAlphabet.ASCII) else None


@dataclass(frozen=True, slots=True)
class Coder:
    """How one peer writes text. `ascii_is_septets`: it says ASCII and means septets; else they are known where they cannot be ASCII."""

    style: LinkStyle = LinkStyle.SMPP34
    default: DefaultAlphabet = DefaultAlphabet.GSM7
    ascii_is_septets: bool = False

    def written(self, tp_dcs: int, header: bytes, user_data: bytes, *, is_cut_there: bool = False) -> tuple[int, bytes]:
        """The data_coding, and the octets that follow `header`. Text that the peer's default alphabet lacks goes in UCS-2.

        ValueNotAllowedError where it does not fit into a message then, unless the peer cuts it."""
        read = dcs.parse(tp_dcs)
        if not read.in_septets or self.default is DefaultAlphabet.GSM7:
            return dcs.to_data_coding(tp_dcs, self.style), user_data
        if self.default is DefaultAlphabet.GSM7_PACKED:
            return dcs.to_data_coding(tp_dcs, self.style), _packed(user_data, _fill_bits(header))
        text = gsm7.decode(user_data, *_tables(header))
        try:
            return dcs.to_data_coding(tp_dcs, self.style), text.encode(self.default)
        except UnicodeEncodeError as error:
            octets = gsm7.encode_ucs2(text)
            if len(header) + len(octets) > USER_DATA_OCTETS and not is_cut_there:
                lacking = text[error.start]
                raise ValueNotAllowedError(f"the peer's alphabet {self.default} has no {lacking!r}, and in UCS-2 it is too long") from None
            return dcs.to_data_coding(dcs.of(Alphabet.UCS2, read.message_class), self.style), octets

    def read(self, data_coding: int, header: bytes, octets: bytes) -> tuple[int, bytes]:
        """The TP-DCS, and user data, in which a text may be longer than one SMS. Never fails. Parts of one text may come out in GSM 7-bit
        and in UCS-2: those of 153 octets have no room in UCS-2, and only some may need it."""
        coding = dcs.from_data_coding(data_coding, self.style)
        match coding.charset:
            case Charset.OCTET | Charset.UCS2:
                return coding.tp_dcs, octets
            case Charset.GSM7:
                return self._read_default(coding.tp_dcs, header, octets)
            case Charset.ASCII if octets.isascii() and (self.ascii_is_septets or _CONTROLS.search(octets)):
                return coding.tp_dcs, octets
            case charset:
                return _recoded(coding.tp_dcs, octets.decode(charset.value, "replace"))

    def foreign_alphabet(self, data_coding: int) -> str | None:
        """The name of an alphabet that no TP-DCS has: `read` gives each part of a text in it the one that has all of that part."""
        charset = dcs.from_data_coding(data_coding, self.style).charset
        if charset is Charset.GSM7 and self.default.charset is not None:
            return self.default.charset
        return None if charset in (Charset.GSM7, Charset.OCTET, Charset.UCS2) else charset.value

    def _read_default(self, tp_dcs: int, header: bytes, octets: bytes) -> tuple[int, bytes]:
        match self.default:
            case DefaultAlphabet.GSM7 if octets.isascii():
                return tp_dcs, octets
            case DefaultAlphabet.GSM7_PACKED:
                return tp_dcs, _unpacked(octets, _fill_bits(header))
            case DefaultAlphabet.ASCII:
                return _recoded(tp_dcs, octets.decode("ascii", "replace"))
            case _:  # Latin-1; or an octet that is no septet, which is what peers send who think that it is
                return _recoded(tp_dcs, octets.decode("latin-1"))


def _recoded(tp_dcs: int, text: str) -> tuple[int, bytes]:
    """The text in GSM 7-bit where that has all of it, else in UCS-2."""
    read = dcs.parse(tp_dcs)
    if gsm7.fits(text):
        return (tp_dcs if read.alphabet is Alphabet.GSM7 else dcs.of(Alphabet.GSM7, read.message_class)), gsm7.encode(text)
    octets = gsm7.encode_ucs2(text)
    return (tp_dcs if read.alphabet is Alphabet.UCS2 else dcs.of(Alphabet.UCS2, read.message_class)), octets


def _packed(septets: bytes, fill_bits: int) -> bytes:
    """Seven bits that are left over are a carriage return, not an @: nothing says how many septets there are (3GPP TS 23.038 6.1.2.3.1)."""
    has_room_for_one = (len(septets) * 7 + fill_bits) % 8 == 1
    return gsm7.pack(septets + b"\r" if has_room_for_one else septets, fill_bits)


def _unpacked(octets: bytes, fill_bits: int) -> bytes:
    """All septets; the last of eight is filler where it is 0 or a carriage return (3GPP TS 23.038 6.1.2.3.1)."""
    count = (len(octets) * 8 - fill_bits) // 7
    septets = gsm7.unpack(octets, count, fill_bits) if count > 0 else b""
    return septets[:-1] if septets and (len(octets) * 8 - fill_bits) % 7 == 0 and septets[-1] in (0x00, 0x0D) else septets


def _fill_bits(header: bytes) -> int:
    """Zero bits between a header and the next border of a septet (3GPP TS 23.040 9.2.3.24)."""
    return -len(header) * 8 % 7


def _tables(header: bytes) -> tuple[int, int]:
    try:
        read = udh.parse(header) if header else udh.Udh()
    except ValueError:
        return 0, 0
    return read.locking, read.single
