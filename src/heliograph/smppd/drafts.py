"""What a submit_sm, data_sm, submit_multi or replace_sm asks for, in the words of the service. It knows no session and no database.

A message that came in one segment goes on as it came: header, octets and alphabet. One that came whole in message_payload without a
header is cut by us. SAR TLVs become the concatenation element they stand for (SMPP 3.4 5.3.2.22), ports an element of their own.
"""

import re
from typing import Final

from heliograph.gsm import alphabet as gsm7
from heliograph.gsm import dcs, segment, udh
from heliograph.gsm.dcs import Alphabet, Charset
from heliograph.gsm.errors import GsmError
from heliograph.model.message import SourceType
from heliograph.service.draft import Draft
from heliograph.service.encode import MOST_OCTETS, Encoded
from heliograph.smpp import status, time, tlv
from heliograph.smpp.errors import TimeError
from heliograph.smpp.long_message import content_of
from heliograph.smpp.pdu import DataSm, ReplaceSm, SubmitMulti, SubmitSm
from heliograph.smpp.text import Coder, DefaultAlphabet
from heliograph.smpp.value import DataCoding, EsmClass, Npi, Ton

Submit = SubmitSm | DataSm | SubmitMulti
_AS_ON_THE_AIR = frozenset({Charset.GSM7, Charset.OCTET, Charset.UCS2})
"""Of other charsets the alphabet is chosen by the text, as for a text that comes by REST."""
_SPACING = re.compile(r"[\s\-./()]")
_SOURCE_TYPES = {int(Ton.ALPHANUMERIC): int(SourceType.ALPHANUMERIC), int(Ton.INTERNATIONAL): int(SourceType.INTERNATIONAL)}
LAND_MOBILE: Final = int(Npi.LAND_MOBILE)
UDHI: Final = int(EsmClass.UDHI)
UNREADABLE: Final = "\ufffd"
"""What a text has for U+0000, which no database keeps, and for half a surrogate pair or half a character, which is none."""
SEPTETS: Final = segment.capacity(Alphabet.GSM7)


class Refused(Exception):
    """The PDU asks for what is not served: the command_status, and words."""

    def __init__(self, command_status: int, words: str) -> None:
        super().__init__(words)
        self.command_status = command_status
        self.words = words


def draft_of(pdu: Submit, coder: Coder, now_ms: int) -> tuple[Draft, Encoded | None]:
    """The draft of a message, and its encoding where that is plain already: one segment of septets. Raises Refused, and Problem."""
    if not isinstance(pdu, DataSm):
        if pdu.sm_default_msg_id:
            raise Refused(status.RINVDFTMSGID, "there are no predefined messages here: send the text")
        if pdu.replace_if_present_flag:
            raise Refused(status.RINVSUBREP, "replace_if_present is not served: use replace_sm with the id of the message")
    schedule, expiry = _times(pdu, now_ms)
    source, source_type = source_of(pdu.source_addr_ton, pdu.source_addr)
    pid = 0 if isinstance(pdu, DataSm) else pdu.protocol_id
    if not pdu.data_coding and not pdu.tlvs and not pdu.esm_class & UDHI and (text := _plain(pdu, coder)) is not None:
        return Draft(text, source, source_type, None, 0, pid, expiry, schedule), Encoded(0, "", 1) if pid <= MOST_OCTETS else None
    content = content_of(pdu)
    if pdu.esm_class & UDHI and not content.udh:
        raise Refused(status.RINVESMCLASS, "esm_class says that the text begins with a user data header, and it does not")
    try:
        header = _with_ports(_with_part(content.udh, content.part, pdu), pdu)
    except GsmError as error:
        raise Refused(status.RINVESMCLASS, str(error)) from None
    tp_dcs, user_data = coder.read(pdu.data_coding, content.udh, content.user_data)
    payload, as_it_came = _payload(tp_dcs, header, user_data)
    if header and len(header) + len(user_data) > segment.USER_DATA_OCTETS and coder.foreign_alphabet(pdu.data_coding) is not None:
        _require_septets(payload)
    is_recoded = not header and dcs.from_data_coding(pdu.data_coding, coder.style).charset not in _AS_ON_THE_AIR
    tp_dcs_or_none = None if is_recoded else tp_dcs
    return Draft(payload, source, source_type, header.hex() or None, tp_dcs_or_none, pid, expiry, schedule, as_it_came), None


def replacing(pdu: ReplaceSm, coder: Coder, now_ms: int) -> Draft:
    """The draft that a replace_sm puts in place of another. It says no data_coding, so it is read as 0 (SMPP 3.4
    4.10.1). Raises Refused, and Problem."""
    if pdu.sm_default_msg_id:
        raise Refused(status.RINVDFTMSGID, "there are no predefined messages here: send the text")
    octets = pdu.short_message or tlv.MESSAGE_PAYLOAD.find(pdu.tlvs) or b""
    tp_dcs, user_data = coder.read(DataCoding.DEFAULT, b"", octets)
    payload, as_it_came = _payload(tp_dcs, b"", user_data)
    schedule = _moment(pdu.schedule_delivery_time, status.RINVSCHED, now_ms)
    expiry = _moment(pdu.validity_period, status.RINVEXPIRY, now_ms)
    return Draft(payload=payload, dcs=tp_dcs, expiry_at_ms=expiry, scheduled_at_ms=schedule, user_data=as_it_came)


def source_of(ton: int, address: str) -> tuple[str | None, int | None]:
    """A sender as the service takes it: none where it is left open, since policy or organisation then say who sends."""
    return (address, _SOURCE_TYPES.get(ton)) if address else (None, None)


def number_of(ton: int, npi: int, address: str) -> tuple[str, bool]:
    """A destination as devices are known by, and whether it may be an IMSI (NPI land mobile, E.212)."""
    if address.isdigit() and not address.startswith("0"):
        return address, npi == LAND_MOBILE
    digits = _SPACING.sub("", address)
    if digits.startswith("+"):
        digits = digits[1:]
    elif digits.startswith("00") and ton in (Ton.UNKNOWN, Ton.INTERNATIONAL):
        digits = digits[2:]
    return digits, npi == LAND_MOBILE


def _plain(pdu: Submit, coder: Coder) -> str | None:
    """The text of what most machines send: septets of the default alphabet, in one segment, without escapes."""
    octets = b"" if isinstance(pdu, DataSm) else pdu.short_message
    if not octets or len(octets) > SEPTETS or coder.default is not DefaultAlphabet.GSM7 or not octets.isascii() or gsm7.ESCAPE in octets:
        return None
    return gsm7.decode(octets)


def _payload(tp_dcs: int, header: bytes, user_data: bytes) -> tuple[str, str | None]:
    """The text that people see (hex for 8-bit data), and the octets, in hex, where they must go on as they came."""
    alphabet = dcs.parse(tp_dcs).alphabet
    if alphabet is Alphabet.OCTET:
        text = user_data.hex().upper()
        return text, text if header else None
    if alphabet is Alphabet.UCS2:
        text = gsm7.decode_ucs2(user_data)
        is_exact = not header and "\0" not in text and (UNREADABLE not in text or gsm7.encode_ucs2(text) == user_data)
    else:
        read = _parsed(header) if header else udh.Udh()
        text = gsm7.decode(user_data, read.locking, read.single)
        is_exact = not header and (gsm7.ESCAPE not in user_data or _encodes_to(text, user_data))
    if is_exact:
        return text, None
    if not header and len(user_data) > segment.capacity(alphabet) * (2 if alphabet is Alphabet.UCS2 else 1):
        if alphabet is Alphabet.UCS2:
            words = "a text that is to be cut has no U+0000, no half of a surrogate pair and whole characters: leave it out, or send parts"
            raise Refused(status.RINVMSGLEN, words)
        return _shown(text), None  # it must be cut, so it cannot go on as it came
    return _shown(text), user_data.hex().upper()


def _require_septets(payload: str) -> None:
    """Of a part in Latin-1 or the like more than UCS-2 has room for may be there in GSM 7-bit alone."""
    if (letter := gsm7.first_unencodable(payload)) is not None:
        ways = "submit the text whole in message_payload, which is cut here, or in parts of 67 characters"
        raise Refused(status.RINVMSGLEN, f"GSM 7-bit has no '{letter}', so this part goes in UCS-2, in which it is too long: {ways}")


def _shown(text: str) -> str:
    """A text that a database keeps."""
    return text.replace("\0", UNREADABLE)


def _encodes_to(text: str, septets: bytes) -> bool:
    return gsm7.fits(text) and gsm7.encode(text) == septets


def _parsed(header: bytes) -> udh.Udh:
    try:
        return udh.parse(header) if header else udh.Udh()
    except GsmError:
        return udh.Udh()


def _with_part(header: bytes, part: udh.Concatenation | None, pdu: Submit) -> bytes:
    """The header with the element that the SAR TLVs stand for, unless it says itself which part this is."""
    if part is None or tlv.SAR_MSG_REF_NUM.find(pdu.tlvs) is None or (header and _parsed(header).concatenation is not None):
        return header
    element = udh.concatenation(part.reference, part.total, part.number)
    return udh.build(element, *_parsed(header).elements)


def _with_ports(header: bytes, pdu: Submit) -> bytes:
    """The header with the application ports that TLVs name (SMPP 3.4 5.3.2.20, 5.3.2.21)."""
    if not pdu.tlvs:
        return header
    source, destination = tlv.SOURCE_PORT.find(pdu.tlvs), tlv.DESTINATION_PORT.find(pdu.tlvs)
    if source is None and destination is None:
        return header
    return udh.build(udh.ports(destination or 0, source or 0), *_parsed(header).elements)


def _times(pdu: Submit, now_ms: int) -> tuple[int | None, int | None]:
    if isinstance(pdu, DataSm):
        seconds = tlv.QOS_TIME_TO_LIVE.find(pdu.tlvs)
        return None, now_ms + seconds * 1000 if seconds else None
    if not pdu.schedule_delivery_time and not pdu.validity_period:
        return None, None
    schedule = _moment(pdu.schedule_delivery_time, status.RINVSCHED, now_ms)
    if schedule is not None and schedule == now_ms:  # 000000000000000R: at once
        schedule = None
    return schedule, _moment(pdu.validity_period, status.RINVEXPIRY, now_ms)


def _moment(text: str, command_status: int, now_ms: int) -> int | None:
    try:
        return time.parse(text, now_ms)
    except TimeError as error:
        raise Refused(command_status, str(error)) from None
