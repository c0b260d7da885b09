"""The deliver_sm and alert_notification PDUs of what an application is told. It sends nothing.

A receipt goes from the destination of the submit to its source, as they were written then, and says the same in its text and in its TLVs.
"""

from typing import Final

import msgspec

from heliograph.gsm.errors import AlphabetError
from heliograph.gsm.segment import Segment
from heliograph.model.esme import LongMessages
from heliograph.model.esme_body import Alert, Kind, Receipt, Received
from heliograph.model.message import State
from heliograph.model.notification import AccountDelivery
from heliograph.model.number import is_short
from heliograph.service.encode import split, text_of, ucs2_dcs
from heliograph.smpp import tlv
from heliograph.smpp.errors import ValueNotAllowedError
from heliograph.smpp.long_message import Style, header_of, pdus_of
from heliograph.smpp.pdu import AlertNotification, DeliverSm, Pdu
from heliograph.smpp.receipt import format_text, is_error_word, tlvs_of
from heliograph.smpp.text import Coder
from heliograph.smpp.tlv import GSM_NETWORK, NetworkError, Tlv
from heliograph.smpp.value import VERSION_33, EsmClass, MessageState, Npi, Ton
from heliograph.smppd.account import Account

STATES: Final = {
    State.BUFFERED: MessageState.ENROUTE,
    State.DELIVERED: MessageState.DELIVERED,
    State.FAILED: MessageState.UNDELIVERABLE,
    State.EXPIRED: MessageState.EXPIRED,
    State.CANCELED: MessageState.DELETED,
}
ERRORS: Final = {"device_absent": 27, "device_busy": 22, "permanent": 38, "unknown": 38}
"""`err` and network_error_code of a receipt, where the network says none: by why a message ended, the RP-cause that says so
(3GPP TS 24.011 8.2.5.4); else 0."""
ALERT_FOR_MS: Final = 60_000
_STYLES = {LongMessages.UDH: Style.UDH, LongMessages.SAR: Style.SAR, LongMessages.PAYLOAD: Style.PAYLOAD}
_SHORT_MESSAGE_OCTETS = 254
_RECEIVED = msgspec.json.Decoder(Received)
_RECEIPT = msgspec.json.Decoder(Receipt)
_ALERT = msgspec.json.Decoder(Alert)


def pdus_for(delivery: AccountDelivery, account: Account, version: int, now_ms: int) -> list[Pdu]:
    """The PDUs that tell it to a session of that version; none for what is no news any more."""
    match Kind(delivery.type):
        case Kind.RECEIVED:
            return list(_received(_RECEIVED.decode(delivery.body), delivery.message_id, account, version))
        case Kind.RECEIPT:
            return [_receipt(_RECEIPT.decode(delivery.body))]
        case Kind.ALERT:
            alert = _ALERT.decode(delivery.body)
            return [_alert(alert)] if now_ms < alert.at_ms + ALERT_FOR_MS else []


def _received(told: Received, message_id: int, account: Account, version: int) -> list[DeliverSm]:
    """One PDU, or one for each segment. Up to 3.3 there are no TLVs, so a long one has headers there whatever the account wants."""
    ton, npi = (Ton.UNKNOWN, Npi.LAND_MOBILE) if told.from_imsi else _type_of(told.source)
    dest_ton, dest_npi = _type_of(told.dest)
    tp_dcs, cut = _segments(told, message_id)
    wanted = Style.UDH if version <= VERSION_33 else _STYLES[account.settings.long_messages]
    data_coding, segments = _written(cut, tp_dcs, account.coder, Style.UDH if len(cut) == 1 else wanted, message_id)
    style = Style.UDH if len(cut) == len(segments) == 1 else wanted
    pdu = DeliverSm(
        source_addr_ton=ton, source_addr_npi=npi, source_addr=told.source, dest_addr_ton=dest_ton, dest_addr_npi=dest_npi,
        destination_addr=told.dest, protocol_id=told.pid, data_coding=data_coding,
    )  # fmt: skip
    return [each for each in pdus_of(pdu, segments, style, message_id & 0xFFFF) if isinstance(each, DeliverSm)]


def _segments(told: Received, message_id: int) -> tuple[int, list[Segment]]:
    """The segments, and the TP-DCS they are in: UCS-2 for a text joined from national tables, or with U+FFFD in it."""
    if told.user_data is not None:
        return told.dcs, [Segment(1, 1, bytes.fromhex(told.udh), bytes.fromhex(told.user_data))]
    try:
        return told.dcs, list(split(told.payload, told.dcs, told.udh, message_id & 0xFF))
    except AlphabetError:
        tp_dcs = ucs2_dcs(told.dcs)
        return tp_dcs, list(split(told.payload, tp_dcs, "", message_id & 0xFF))


def _written(segments: list[Segment], tp_dcs: int, coder: Coder, style: Style, message_id: int) -> tuple[int, list[Segment]]:
    """Segments as the application writes text, all in one data_coding; one of all where they go in one PDU. What its default alphabet lacks
    goes in UCS-2, and is cut anew where it no longer fits."""
    is_cut_there = style is Style.PAYLOAD
    if is_cut_there:
        segments = [Segment(1, 1, header_of(segments[0], style), b"".join([each.user_data for each in segments]))]
    try:
        written = [coder.written(tp_dcs, header_of(each, style), each.user_data, is_cut_there=is_cut_there) for each in segments]
    except ValueNotAllowedError:
        return _in_ucs2(segments, tp_dcs, coder, message_id)
    if len({data_coding for data_coding, _ in written}) > 1:
        return _in_ucs2(segments, tp_dcs, coder, message_id)
    return written[0][0], [Segment(each.number, each.total, each.udh, octets) for each, (_, octets) in zip(segments, written, strict=True)]


def _in_ucs2(segments: list[Segment], tp_dcs: int, coder: Coder, message_id: int) -> tuple[int, list[Segment]]:
    in_ucs2 = ucs2_dcs(tp_dcs)
    again = list(split(text_of(segments, tp_dcs), in_ucs2, "", message_id & 0xFF))
    return coder.written(in_ucs2, b"", b"")[0], again


def _receipt(told: Receipt) -> DeliverSm:
    asked, state = told.asked, STATES[State(told.state)]
    number = asked.message_id or told.message_id
    message_id = f"{number:08X}" if asked.is_33 else str(number)
    word, network_error = ("000", None) if state is MessageState.DELIVERED else _error(told)
    text = format_text(message_id, state, told.submitted_at_ms, told.done_at_ms, word)
    return DeliverSm(
        tlvs=_receipt_tlvs(told, message_id, state, network_error),
        service_type=asked.service_type,
        source_addr_ton=asked.dest_ton,
        source_addr_npi=asked.dest_npi,
        source_addr=asked.dest,
        dest_addr_ton=asked.source_ton,
        dest_addr_npi=asked.source_npi,
        destination_addr=asked.source,
        esm_class=EsmClass.INTERMEDIATE_NOTIFICATION if told.is_intermediate else EsmClass.MC_DELIVERY_RECEIPT,
        short_message=text.encode("ascii", "replace")[:_SHORT_MESSAGE_OCTETS],
    )


def _error(told: Receipt) -> tuple[str, NetworkError | None]:
    """`err`, and network_error_code where it is known: what the network said, as it said it; else what our outcome comes to."""
    if told.error is not None or told.network_error is not None:
        network_error = None if told.network_error is None else NetworkError.of_number(told.network_error)
        word = told.error or ""
        padded = f"{word:>03}" if word.isdigit() else word
        return padded if is_error_word(padded) else "000", network_error
    cause = ERRORS.get(told.reason_code or "", 0)
    return f"{cause:03}", NetworkError(GSM_NETWORK, cause) if cause else None


def _receipt_tlvs(told: Receipt, message_id: str, state: MessageState, network_error: NetworkError | None) -> tuple[Tlv, ...]:
    tlvs = tlvs_of(message_id, state, network_error)
    if told.asked.reference is not None:
        tlvs = (*tlvs, tlv.USER_MESSAGE_REFERENCE.make(told.asked.reference))
    return tlvs


def _alert(told: Alert) -> AlertNotification:
    ton, npi = _type_of(told.source)
    return AlertNotification(tlvs=(tlv.MS_AVAILABILITY_STATUS.make(0),), source_addr_ton=ton, source_addr_npi=npi, source_addr=told.source)


def _type_of(address: str) -> tuple[Ton, Npi]:
    """A number is international unless it is short; what is no number is a name."""
    if address and not address.strip("0123456789*#"):
        return (Ton.UNKNOWN if is_short(address) else Ton.INTERNATIONAL), Npi.ISDN
    return (Ton.ALPHANUMERIC, Npi.UNKNOWN) if address else (Ton.UNKNOWN, Npi.UNKNOWN)
