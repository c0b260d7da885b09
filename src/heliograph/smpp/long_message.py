"""What a message PDU carries, and the three ways SMPP has for long ones: a user data header, SAR TLVs, message_payload.

It says which part of what a PDU is, and makes PDUs of segments; it cuts no text (heliograph.gsm.segment) and keeps no parts.
SMPP 3.4 5.2.12 (UDHI), 5.3.2.22 to 5.3.2.24 (SAR), 5.3.2.32 (message_payload).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

import msgspec

from heliograph.gsm import udh
from heliograph.gsm.errors import TpduError
from heliograph.gsm.segment import Segment
from heliograph.gsm.udh import Concatenation
from heliograph.smpp import tlv
from heliograph.smpp.pdu import DataSm, DeliverSm, SubmitMulti, SubmitSm
from heliograph.smpp.tlv import Tlv
from heliograph.smpp.value import EsmClass

Message = SubmitSm | DeliverSm | SubmitMulti | DataSm

NARROW = 0xFF
_SAR_TAGS = frozenset({tlv.SAR_MSG_REF_NUM.tag, tlv.SAR_TOTAL_SEGMENTS.tag, tlv.SAR_SEGMENT_SEQNUM.tag})
_CONCATENATION_ELEMENTS = frozenset({udh.CONCATENATION_8, udh.CONCATENATION_16})


class Style(Enum):
    """How a link's peer wants long messages."""

    UDH = "udh"
    SAR = "sar"
    PAYLOAD = "payload"


@dataclass(frozen=True, slots=True)
class Content:
    """What a PDU carries: `udh` is b"" or a whole header, UDHL included; `user_data` what follows it, coded as data_coding says.

    `part`: which part of what it is, said by its header, else by SAR TLVs; None for a message of its own.
    """

    udh: bytes
    user_data: bytes
    part: Concatenation | None


def content_of(pdu: Message) -> Content:
    """Never fails: a header that cannot be read stays in the user data, SAR TLVs that cannot be are none.

    short_message counts where there is one, else message_payload; the specification forbids both at once (SMPP 3.4 4.4.1).
    """
    short_message = b"" if isinstance(pdu, DataSm) else pdu.short_message
    octets = short_message or tlv.MESSAGE_PAYLOAD.find(pdu.tlvs) or b""
    header = b""
    part = None
    if pdu.esm_class & EsmClass.UDHI:
        try:
            header, octets = udh.split_off(octets)
            part = udh.parse(header).concatenation
        except TpduError:
            pass  # a header whose elements run over is kept whole, unread; one that runs over the message is none
    return Content(header, octets, part or _sar_of(pdu))


def _sar_of(pdu: Message) -> Concatenation | None:
    """SAR_MSG_REF_NUM and its two companions, all three or none. Of the 16 bits of the reference eight go on the air: senders cut their
    parts as if there were no more, and beside a wide element a full one has no room."""
    reference = tlv.SAR_MSG_REF_NUM.find(pdu.tlvs)
    total = tlv.SAR_TOTAL_SEGMENTS.find(pdu.tlvs)
    number = tlv.SAR_SEGMENT_SEQNUM.find(pdu.tlvs)
    if reference is None or total is None or number is None or not 1 <= number <= total:
        return None
    return Concatenation(reference & NARROW, total, number)


def pdus_of(pdu: Message, segments: Iterable[Segment], style: Style, reference: int = 0) -> list[Message]:
    """The PDUs that carry these segments: copies of `pdu`, whose own text, SAR TLVs and payload are left out.

    `reference` is that of the SAR TLVs, 16 bits; with UDH it stands in the headers already. PAYLOAD makes one PDU of all segments: each
    must have the same elements beside its concatenation. A data_sm has its text in message_payload whatever the style. SAR TLVs beside a
    header of other elements (ports) are written as asked, though SMPP 5.0 4.7.12 forbids them in GSM: such messages are for UDH.
    """
    tlvs = tuple(found for found in pdu.tlvs if found.tag not in _SAR_TAGS and found.tag != tlv.MESSAGE_PAYLOAD.tag)
    bare = msgspec.structs.replace(pdu, tlvs=tlvs)
    if style is Style.PAYLOAD:
        parts = list(segments)
        whole = b"".join(part.user_data for part in parts)
        return [_carrying(bare, without_concatenation(parts[0].udh) if parts else b"", whole, payload=True)]
    if style is Style.SAR:
        return [_with_sar(bare, segment, reference) for segment in segments]
    return [_carrying(bare, segment.udh, segment.user_data) for segment in segments]


def without_concatenation(header: bytes) -> bytes:
    """A header without the elements that say which part this is; b"" where it has no others."""
    if not header:
        return b""
    return udh.build(*(element for element in udh.parse(header).elements if element.iei not in _CONCATENATION_ELEMENTS))


def header_of(segment: Segment, style: Style) -> bytes:
    """The header that a segment has on the wire: where the fill bits of packed text stand behind."""
    return segment.udh if style is Style.UDH else without_concatenation(segment.udh)


def sar(part: Concatenation) -> tuple[Tlv, ...]:
    """The TLVs that say which part of what this is."""
    return (
        tlv.SAR_MSG_REF_NUM.make(part.reference),
        tlv.SAR_TOTAL_SEGMENTS.make(part.total),
        tlv.SAR_SEGMENT_SEQNUM.make(part.number),
    )


def _with_sar(pdu: Message, segment: Segment, reference: int) -> Message:
    carrying = _carrying(pdu, without_concatenation(segment.udh), segment.user_data)
    if segment.total == 1:
        return carrying
    return msgspec.structs.replace(carrying, tlvs=carrying.tlvs + sar(Concatenation(reference, segment.total, segment.number)))


def _carrying(pdu: Message, header: bytes, user_data: bytes, *, payload: bool = False) -> Message:
    esm_class = pdu.esm_class | EsmClass.UDHI if header else pdu.esm_class & ~EsmClass.UDHI
    octets = header + user_data
    if isinstance(pdu, DataSm):
        return msgspec.structs.replace(pdu, esm_class=int(esm_class), tlvs=(*pdu.tlvs, tlv.MESSAGE_PAYLOAD.make(octets)))
    if payload:
        made = tlv.MESSAGE_PAYLOAD.make(octets)
        return msgspec.structs.replace(pdu, esm_class=int(esm_class), short_message=b"", tlvs=(*pdu.tlvs, made))
    return msgspec.structs.replace(pdu, esm_class=int(esm_class), short_message=octets)
