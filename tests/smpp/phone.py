"""The two ends of a text's way: how a peer writes it into PDUs, and what a phone shows of them; by the tables of the alphabets alone.

pdus = list(written(SubmitSm(destination_addr="88"), text, 0, "gsm7", "sar"))
assert arrived(pdus, "gsm7") == text
"""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import TypeVar

import msgspec

from heliograph.gsm import alphabet as gsm7
from heliograph.gsm import udh
from heliograph.smpp import tlv
from heliograph.smpp.pdu import DeliverSm, SubmitSm

SEPTETS = (0, 0xF0)
UCS2 = (8, 0x18)


P = TypeVar("P", SubmitSm, DeliverSm)


class CannotWriteError(Exception):
    """A peer has no way to write this text so."""


def written(pdu: P, text: str, data_coding: int, alphabet: str, style: str, reference: int = 7) -> Iterator[P]:
    """The PDUs of a peer whose data_coding 0 is `alphabet`: it cuts where a part is full, also in the midst of pairs. `style`: udh,
    sar or payload."""
    octets, room, is_packed = _octets(text, data_coding, alphabet)
    pdu = msgspec.structs.replace(pdu, data_coding=data_coding)
    if len(octets) <= (160 if room == 153 else 140):
        yield msgspec.structs.replace(pdu, short_message=_packed(octets, 0) if is_packed else octets)
        return
    if style == "payload":
        payload = _packed(octets, 0) if is_packed else octets
        yield msgspec.structs.replace(pdu, tlvs=(tlv.MESSAGE_PAYLOAD.make(payload),))
        return
    parts = [octets[at : at + room] for at in range(0, len(octets), room)]
    for number, part in enumerate(parts, 1):
        if style == "udh":
            header = udh.concat(reference & 0xFF, len(parts), number)
            yield msgspec.structs.replace(pdu, esm_class=0x40, short_message=header + (_packed(part, 1) if is_packed else part))
        else:
            sar = (tlv.SAR_MSG_REF_NUM.make(reference), tlv.SAR_TOTAL_SEGMENTS.make(len(parts)), tlv.SAR_SEGMENT_SEQNUM.make(number))
            yield msgspec.structs.replace(pdu, short_message=_packed(part, 0) if is_packed else part, tlvs=sar)


def _octets(text: str, data_coding: int, alphabet: str) -> tuple[bytes, int, bool]:
    """A text, how much of it a part holds, and whether it goes packed."""
    charset = {8: "utf-16-be", 3: "latin-1"}.get(data_coding, alphabet)
    if charset.startswith("gsm7"):
        if not gsm7.fits(text):
            raise CannotWriteError
        return gsm7.encode(text), 153, charset == "gsm7_packed"
    try:
        return text.encode(charset), 134, False
    except UnicodeEncodeError:
        raise CannotWriteError from None


def _packed(septets: bytes, fill_bits: int) -> bytes:
    return gsm7.pack(septets + b"\r" * ((len(septets) * 7 + fill_bits) % 8 == 1), fill_bits)


class _Part:
    """One PDU. `octets`: what it says, unpacked; `charset`: how that is to be read."""

    def __init__(self, pdu: SubmitSm | DeliverSm, alphabet: str) -> None:
        octets = pdu.short_message or tlv.MESSAGE_PAYLOAD.find(pdu.tlvs) or b""
        self.pdu = pdu
        self.number, self.total, self.reference = 1, 1, 0
        header = b""
        if pdu.esm_class & 0x40:
            header, octets = octets[: octets[0] + 1], octets[octets[0] + 1 :]
            assert header[:3] == b"\x05\x00\x03"
            self.reference, self.total, self.number = header[3:]
        elif (number := tlv.SAR_SEGMENT_SEQNUM.find(pdu.tlvs)) is not None:
            self.number, self.total = number, tlv.SAR_TOTAL_SEGMENTS.find(pdu.tlvs) or 0
            self.reference = tlv.SAR_MSG_REF_NUM.find(pdu.tlvs) or 0
        in_default = pdu.data_coding in SEPTETS
        if alphabet == "gsm7_packed" and in_default:
            octets = _unpacked(octets, -len(header) * 8 % 7)
        self.octets = octets
        self.charset = alphabet.removesuffix("_packed") if in_default else "utf-16-be" if pdu.data_coding in UCS2 else "octets"
        self.room = (160 if self.total == 1 else 153) if in_default else 140 if self.total == 1 else 134


def arrived(pdus: Iterable[SubmitSm | DeliverSm], alphabet: str, *, is_cut_there: bool = False, is_mixed: bool = False) -> str:
    """The text, where `alphabet` is data_coding 0 at that end. Parts are put together before they are read; they are of one message, and of
    one alphabet unless the sender of the parts has cut them (`is_mixed`)."""
    parts = sorted((_Part(pdu, alphabet) for pdu in pdus), key=lambda part: part.number)
    numbers = [part.number for part in parts]
    assert numbers == list(range(1, len(parts) + 1)), [part.pdu for part in parts]
    assert {part.total for part in parts} == {len(parts)}
    assert len({part.reference for part in parts}) == 1
    assert is_mixed or len({part.pdu.data_coding for part in parts}) == 1
    assert is_cut_there or all(len(part.octets) <= part.room for part in parts)
    runs = [(charset, b"".join(part.octets for part in run)) for charset, run in groupby(parts, key=lambda part: part.charset)]
    return "".join(gsm7.decode(octets) if charset == "gsm7" else octets.decode(charset) for charset, octets in runs)


def _unpacked(octets: bytes, fill_bits: int) -> bytes:
    septets = gsm7.unpack(octets, (len(octets) * 8 - fill_bits) // 7, fill_bits)
    is_filled = septets[-1:] == b"\r" and (len(octets) * 8 - fill_bits) % 7 == 0
    return septets[:-1] if is_filled else septets
