"""What the peer sends, in our words: a deliver_sm or data_sm as an SMS in parts as they are on the air, or as a receipt."""

import re
from itertools import count

from heliograph.gsm import udh
from heliograph.gsm.dcs import Alphabet, parse
from heliograph.gsm.errors import TpduError
from heliograph.gsm.segment import MAX_SEGMENTS, USER_DATA_OCTETS, Segment, capacity
from heliograph.links.smpp.address import Addresses
from heliograph.links.smpp.settings import IdUse, ReceiptKey, SmppSettings
from heliograph.model.link import Inbound, LinkProfile, Receipt, ReceiptState
from heliograph.smpp import receipt as receipts
from heliograph.smpp import tlv
from heliograph.smpp.long_message import Content, content_of
from heliograph.smpp.pdu import DataSm, DeliverSm
from heliograph.smpp.receipt import IdReading, read_id
from heliograph.smpp.text import Coder
from heliograph.smpp.value import TYPE_BITS, EsmClass, is_receipt

Heard = DeliverSm | DataSm
_UNMARKED = re.compile(rb"\bid:\S+ .*\bstat:[A-Za-z]{7}\b", re.IGNORECASE | re.DOTALL)


def canonical(text: str, use: IdUse) -> str | None:
    """An id in the form in which response and receipt say the same; as it came where it is not what it should be."""
    if use is IdUse.IGNORED or not text:
        return None
    if use is IdUse.RAW:
        return text
    return read_id(text, IdReading(use.value)) or text


def as_written(ref: str, use: IdUse) -> list[str]:
    """How the peer may have written an id of which we know the `canonical` form: eight hexadecimal digits as SMPP 3.3 has them, or ten
    decimal ones as receipts show them, then without leading zeros."""
    if not (ref.isascii() and ref.isdigit()):
        return [ref]
    match use:
        case IdUse.HEX:
            number = int(ref)
            return list(dict.fromkeys((f"{number:08X}", f"{number:08x}", f"{number:X}", f"{number:x}")))
        case IdUse.DECIMAL:
            return list(dict.fromkeys((ref, f"{ref:>010}")))
        case _:
            return [ref]


class Reader:
    """Reads the PDUs of one link."""

    def __init__(self, settings: SmppSettings, profile: LinkProfile, addresses: Addresses) -> None:
        self._settings = settings
        self._profile = profile
        self._addresses = addresses
        self._coder = Coder(settings.data_coding, settings.default_alphabet)
        self._references = count(1)

    def is_receipt(self, pdu: Heard) -> bool:
        """Whether it reports on a message of ours; by its esm_class, or by its looks where the peer does not set it."""
        if is_receipt(pdu.esm_class):
            return True
        if not self._settings.receipts_unmarked or pdu.esm_class & TYPE_BITS:
            return False
        if tlv.RECEIPTED_MESSAGE_ID.find(pdu.tlvs) and tlv.MESSAGE_STATE.find(pdu.tlvs) is not None:
            return True
        return bool(_UNMARKED.search(content_of(pdu).user_data))

    def receipt(self, pdu: Heard, now_ms: int) -> Receipt:
        """A receipt, its keys in the order of the settings. Never fails."""
        found = receipts.parse(pdu)
        ordered = dict.fromkeys([key for name in self._settings.receipt_keys if (key := self._key(name, found)) is not None])
        is_final = pdu.esm_class & TYPE_BITS != EsmClass.INTERMEDIATE_NOTIFICATION
        device, sender = self.reported(pdu, is_unswapped=self._settings.receipts_unswapped)
        error = found.error if found.error is not None or found.network_error is None else str(found.network_error.code)
        return Receipt(
            link_id=self._profile.link_id,
            correlation_group=self._profile.correlation_group,
            keys=tuple(ordered),
            source=device,
            destination="" if self._settings.receipt_sender_differs else sender,
            state=ReceiptState(found.model_word) if is_final else ReceiptState.TIMELINE,
            word=_word(found),
            error=error,
            received_at_ms=now_ms,
            network_error=None if found.network_error is None else found.network_error.number,
        )

    def reported(self, pdu: Heard, *, is_unswapped: bool) -> tuple[str, str]:
        """Device and sender of the SMS that a receipt is about; `is_unswapped`: its source and destination are those of the SMS."""
        if not is_unswapped:
            return self.source(pdu), self.destination(pdu)
        number = self._addresses.number
        device = number(pdu.destination_addr, pdu.dest_addr_ton, pdu.dest_addr_npi, is_source=True)
        return device, number(pdu.source_addr, pdu.source_addr_ton, pdu.source_addr_npi, is_source=False)

    def inbound(self, pdu: Heard, now_ms: int) -> list[Inbound]:
        """The SMS, as one or as several parts: what came in SAR TLVs gets a header, what is too long for one SMS is cut.

        No parts for a header that fits into no SMS, without a text behind it: nothing is left that could be kept.
        """
        content = content_of(pdu)
        dcs, user_data = self._coder.read(pdu.data_coding, content.udh, content.user_data)
        alphabet = self._coder.foreign_alphabet(pdu.data_coding)
        parts = self._parts(content, dcs, user_data, alphabet)
        source, destination = self.source(pdu), self.destination(pdu)
        pid = pdu.protocol_id if isinstance(pdu, DeliverSm) else 0
        transaction_id = tlv.RECEIPTED_MESSAGE_ID.find(pdu.tlvs) or None
        return [
            Inbound(
                link_id=self._profile.link_id,
                source=source,
                destination=destination or None,
                udh=part.udh,
                user_data=part.user_data,
                dcs=dcs,
                pid=pid,
                received_at_ms=now_ms,
                transaction_id=None if transaction_id is None else f"{transaction_id}/{part.number}" if len(parts) > 1 else transaction_id,
                alphabet=alphabet,
            )
            for part in parts
        ]

    def source(self, pdu: Heard) -> str:
        return self._addresses.number(pdu.source_addr, pdu.source_addr_ton, pdu.source_addr_npi, is_source=True)

    def destination(self, pdu: Heard) -> str:
        return self._addresses.number(pdu.destination_addr, pdu.dest_addr_ton, pdu.dest_addr_npi, is_source=False)

    def _parts(self, content: Content, dcs: int, user_data: bytes, alphabet: str | None) -> list[Segment]:
        """A part that was one SMS in the peer's own alphabet stays one, though in ours it may be longer."""
        header = content.udh
        elements = _elements(header)
        if content.part is not None and udh.Udh(elements).concatenation is None:
            part = content.part  # SAR TLVs; a header of ports may stand beside them
            header = _headed(udh.concatenation(part.reference, part.total, part.number, part.wide), elements)
        read = parse(dcs)
        is_one = alphabet is not None and content.part is not None and len(content.user_data) <= capacity(Alphabet.GSM7, len(header))
        if is_one or len(user_data) <= (capacity(read.alphabet, len(header)) if read.in_septets else USER_DATA_OCTETS - len(header)):
            return [Segment(1, 1, header, user_data)]
        return _cut(_elements(header), user_data, next(self._references) & 0xFFFF, in_septets=read.in_septets)

    def _key(self, name: ReceiptKey, found: receipts.Receipt) -> str | None:
        """What the receipt says of its message by that name of it."""
        if name is ReceiptKey.REFERENCE:
            return None if found.user_message_reference is None else f"umr:{found.user_message_reference}"
        is_tlv = name is ReceiptKey.TLV
        text = found.receipted_message_id if is_tlv else found.message_id
        read = canonical(text, self._settings.id_in_tlv if is_tlv else self._settings.id_in_text) if text else None
        return None if read is None else f"id:{read}"


def _elements(header: bytes) -> tuple[udh.Element, ...]:
    """Of a header; none where it cannot be read (3GPP TS 23.040 9.2.3.24)."""
    try:
        return udh.parse(header).elements if header else ()
    except TpduError:
        return ()


def _headed(part: udh.Element, others: tuple[udh.Element, ...]) -> bytes:
    """The header of a part; without the other elements where they do not fit beside it."""
    try:
        return udh.build(part, *others)
    except TpduError:
        return udh.build(part)


def _cut(elements: tuple[udh.Element, ...], user_data: bytes, reference: int, *, in_septets: bool) -> list[Segment]:
    """Parts of a message_payload. Cut by units, not by characters: parts are put together before they are read.

    Other elements go with every part, or with none where they leave too little room for it; none at all is made of a text that no SMS
    holds, in 255 parts."""
    others = [each for each in elements if each.iei not in (udh.CONCATENATION_8, udh.CONCATENATION_16)]
    for kept in (others, []):
        room_octets = USER_DATA_OCTETS - 7 - sum(2 + len(each.octets) for each in kept)
        room = room_octets * 8 // 7 if in_septets else room_octets // 2 * 2
        total = -(-len(user_data) // room) if room_octets >= 2 else MAX_SEGMENTS + 1
        if total <= MAX_SEGMENTS:
            headers = [udh.build(udh.concatenation(reference, total, number, wide=True), *kept) for number in range(1, total + 1)]
            return [Segment(at + 1, total, header, user_data[at * room : (at + 1) * room]) for at, header in enumerate(headers)]
    return []


def _word(found: receipts.Receipt) -> str:
    """Its own word, where it has one."""
    if found.stat:
        return found.stat
    return receipts.WORDS[found.state] if found.state is not None else "no state"
