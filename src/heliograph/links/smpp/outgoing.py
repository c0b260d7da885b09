"""Segments of ours as submit_sm: text, header, addresses, validity and what is asked for. What comes back is answers.py's."""

from heliograph.gsm import udh
from heliograph.links.smpp.address import Addresses
from heliograph.links.smpp.settings import AskReceipts, Mode, SmppSettings, Validity
from heliograph.model.link import Delivery, Outgoing
from heliograph.smpp import time, tlv
from heliograph.smpp.errors import ValueNotAllowedError
from heliograph.smpp.field import MAX_SHORT_MESSAGE_OCTETS
from heliograph.smpp.long_message import Style, sar, without_concatenation
from heliograph.smpp.pdu import SubmitSm
from heliograph.smpp.text import Coder
from heliograph.smpp.value import EsmClass, RegisteredDelivery

MODES = {
    Mode.DEFAULT: 0,
    Mode.DATAGRAM: int(EsmClass.DATAGRAM),
    Mode.TRANSACTION: int(EsmClass.TRANSACTION),
    Mode.STORE: int(EsmClass.STORE_AND_FORWARD),
}
ASKED = {
    AskReceipts.ALL: int(RegisteredDelivery.ALWAYS),
    AskReceipts.FAILURES: int(RegisteredDelivery.ON_FAILURE),
    AskReceipts.NONE: int(RegisteredDelivery.NEVER),
}
LEAST_VALIDITY_MS = 60_000
UDHI = int(EsmClass.UDHI)


class Writer:
    """Makes the PDUs of one link."""

    def __init__(self, settings: SmppSettings, addresses: Addresses) -> None:
        self._settings = settings
        self._addresses = addresses
        self._coder = Coder(settings.data_coding, settings.default_alphabet)
        self._mode = MODES[settings.mode]
        intermediate = int(RegisteredDelivery.INTERMEDIATE_NOTIFICATION) if settings.receipt_intermediate else 0
        self._registered_delivery = ASKED[settings.asked_receipts] | intermediate
        self._most_ms = None if settings.max_validity_s is None else settings.max_validity_s * 1000
        self._says_validity = settings.validity is not Validity.NONE and settings.delivery is Delivery.STORED
        self._is_absolute = settings.validity is Validity.ABSOLUTE

    def pdu(self, outgoing: Outgoing, now_ms: int) -> SubmitSm:
        """The submit_sm of a segment, or of a whole message. ValueNotAllowedError says why it cannot be sent by this link."""
        if not self._addresses.is_allowed(outgoing.source):
            raise ValueNotAllowedError(f"the link takes no SMS from {outgoing.source or 'nobody'}: its allowed_sources say which")
        source = self._addresses.source(outgoing.source, outgoing.source_type)
        destination = self._addresses.destination(outgoing.destination)
        header = outgoing.udh
        is_cut_there = self._settings.long_messages is Style.PAYLOAD and not header
        tlvs = (tlv.USER_MESSAGE_REFERENCE.make(outgoing.reference),) if self._settings.send_reference else ()
        if header and self._settings.long_messages is Style.SAR and (part := udh.parse(header).concatenation) is not None:
            header, tlvs = without_concatenation(header), (*tlvs, *sar(part))
        data_coding, octets = self._coder.written(outgoing.dcs, header, outgoing.user_data, is_cut_there=is_cut_there)
        text = header + octets
        if len(text) > MAX_SHORT_MESSAGE_OCTETS - 1:
            tlvs, text = (*tlvs, tlv.MESSAGE_PAYLOAD.make(text)), b""
        return SubmitSm(
            tlvs=tlvs,
            service_type=self._settings.service_type,
            source_addr_ton=source.ton,
            source_addr_npi=source.npi,
            source_addr=source.text,
            dest_addr_ton=destination.ton,
            dest_addr_npi=destination.npi,
            destination_addr=destination.text,
            esm_class=self._mode | UDHI if header else self._mode,
            protocol_id=outgoing.pid,
            validity_period=self._validity(outgoing.expiry_at_ms, now_ms),
            registered_delivery=self._registered_delivery if outgoing.want_receipt else 0,
            data_coding=data_coding,
            short_message=text,
        )

    def _validity(self, expiry_at_ms: int, now_ms: int) -> str:
        if not self._says_validity:
            return ""
        remaining_ms = min(max(expiry_at_ms - now_ms, LEAST_VALIDITY_MS), time.MAX_RELATIVE_MS)
        if self._most_ms is not None:
            remaining_ms = min(remaining_ms, self._most_ms)
        return time.absolute(now_ms + remaining_ms) if self._is_absolute else time.relative(remaining_ms)
