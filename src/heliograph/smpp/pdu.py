"""The PDUs of SMPP 3.3, 3.4 and 5.0 but broadcast: one struct each, and its annotations are the table of its fields.

A struct says the order, kind and limits of what stands on the wire; codec.py makes its reader and its writer from it. Lengths and
numbers of items are not fields: they follow from what they count. A PDU without its sequence number gets one when it is encoded.
SMPP 3.4 4, SMPP 5.0 4. What only 3.3 has (param_retrieve, query_last_msgs, query_msg_details) is as other stacks read it.
"""

from typing import ClassVar

import msgspec

from heliograph.smpp import field
from heliograph.smpp.command import GENERIC_NACK, RESPONSE_BIT, Command, name_of
from heliograph.smpp.tlv import Tlv


class Pdu(msgspec.Struct, frozen=True, gc=False):
    """What every PDU has: header, and TLVs behind its mandatory fields, in the order they came, repeated or unknown ones too."""

    command_id: ClassVar[int]

    sequence_number: int = 0
    command_status: int = 0
    tlvs: tuple[Tlv, ...] = ()

    @property
    def name(self) -> str:
        """As the specification has it: `submit_sm`."""
        return name_of(self.command_id)

    @property
    def is_response(self) -> bool:
        return self.command_id >= RESPONSE_BIT


class _Bind(Pdu, frozen=True, gc=False):
    """SMPP 3.4 4.1.1, 4.1.3, 4.1.5."""

    system_id: field.SystemId = ""
    password: field.Password = ""
    system_type: field.SystemType = ""
    interface_version: field.U8 = 0
    addr_ton: field.U8 = 0
    addr_npi: field.U8 = 0
    address_range: field.AddressRange = ""


class BindReceiver(_Bind, frozen=True, gc=False):
    command_id: ClassVar[int] = Command.BIND_RECEIVER


class BindTransmitter(_Bind, frozen=True, gc=False):
    command_id: ClassVar[int] = Command.BIND_TRANSMITTER


class BindTransceiver(_Bind, frozen=True, gc=False):
    """Since 3.4."""

    command_id: ClassVar[int] = Command.BIND_TRANSCEIVER


Bind = BindReceiver | BindTransmitter | BindTransceiver


class _BindResp(Pdu, frozen=True, gc=False):
    """SMPP 3.4 4.1.2, 4.1.4, 4.1.6."""

    system_id: field.SystemId = ""


class BindReceiverResp(_BindResp, frozen=True, gc=False):
    command_id: ClassVar[int] = Command.BIND_RECEIVER | RESPONSE_BIT


class BindTransmitterResp(_BindResp, frozen=True, gc=False):
    command_id: ClassVar[int] = Command.BIND_TRANSMITTER | RESPONSE_BIT


class BindTransceiverResp(_BindResp, frozen=True, gc=False):
    command_id: ClassVar[int] = Command.BIND_TRANSCEIVER | RESPONSE_BIT


BindResp = BindReceiverResp | BindTransmitterResp | BindTransceiverResp


class Outbind(Pdu, frozen=True, gc=False):
    """SMPP 3.4 4.1.7."""

    command_id: ClassVar[int] = Command.OUTBIND

    system_id: field.SystemId = ""
    password: field.Password = ""


class Unbind(Pdu, frozen=True, gc=False):
    """SMPP 3.4 4.2."""

    command_id: ClassVar[int] = Command.UNBIND


class UnbindResp(Pdu, frozen=True, gc=False):
    command_id: ClassVar[int] = Command.UNBIND | RESPONSE_BIT


class EnquireLink(Pdu, frozen=True, gc=False):
    """SMPP 3.4 4.11."""

    command_id: ClassVar[int] = Command.ENQUIRE_LINK


class EnquireLinkResp(Pdu, frozen=True, gc=False):
    command_id: ClassVar[int] = Command.ENQUIRE_LINK | RESPONSE_BIT


class GenericNack(Pdu, frozen=True, gc=False):
    """SMPP 3.4 4.3."""

    command_id: ClassVar[int] = GENERIC_NACK


class _Message(Pdu, frozen=True, gc=False):
    service_type: field.ServiceType = ""
    source_addr_ton: field.U8 = 0
    source_addr_npi: field.U8 = 0
    source_addr: field.Source = ""
    dest_addr_ton: field.U8 = 0
    dest_addr_npi: field.U8 = 0
    destination_addr: field.DestinationAddr = ""
    esm_class: field.U8 = 0
    protocol_id: field.U8 = 0
    priority_flag: field.U8 = 0
    schedule_delivery_time: field.ScheduleTime = ""
    validity_period: field.ValidityTime = ""
    registered_delivery: field.U8 = 0
    replace_if_present_flag: field.U8 = 0
    data_coding: field.U8 = 0
    sm_default_msg_id: field.U8 = 0
    short_message: field.ShortMessage = b""


class SubmitSm(_Message, frozen=True, gc=False):
    """SMPP 3.4 4.4.1."""

    command_id: ClassVar[int] = Command.SUBMIT_SM


class SubmitSmResp(Pdu, frozen=True, gc=False):
    """SMPP 3.4 4.4.2."""

    command_id: ClassVar[int] = Command.SUBMIT_SM | RESPONSE_BIT

    message_id: field.MessageId = ""


class DeliverSm(_Message, frozen=True, gc=False):
    """SMPP 3.4 4.6.1."""

    command_id: ClassVar[int] = Command.DELIVER_SM


class DeliverSmResp(Pdu, frozen=True, gc=False):
    """SMPP 3.4 4.6.2; message_id stays empty."""

    command_id: ClassVar[int] = Command.DELIVER_SM | RESPONSE_BIT

    message_id: field.MessageId = ""


class DataSm(Pdu, frozen=True, gc=False):
    """SMPP 3.4 4.7.1; what it carries is in message_payload."""

    command_id: ClassVar[int] = Command.DATA_SM

    service_type: field.ServiceType = ""
    source_addr_ton: field.U8 = 0
    source_addr_npi: field.U8 = 0
    source_addr: field.LongSource = ""
    dest_addr_ton: field.U8 = 0
    dest_addr_npi: field.U8 = 0
    destination_addr: field.LongDestinationAddr = ""
    esm_class: field.U8 = 0
    registered_delivery: field.U8 = 0
    data_coding: field.U8 = 0


class DataSmResp(Pdu, frozen=True, gc=False):
    """SMPP 3.4 4.7.2."""

    command_id: ClassVar[int] = Command.DATA_SM | RESPONSE_BIT

    message_id: field.MessageId = ""


class SubmitMulti(Pdu, frozen=True, gc=False):
    """SMPP 3.4 4.5.1."""

    command_id: ClassVar[int] = Command.SUBMIT_MULTI

    service_type: field.ServiceType = ""
    source_addr_ton: field.U8 = 0
    source_addr_npi: field.U8 = 0
    source_addr: field.Source = ""
    dest_address: field.Destinations = ()
    esm_class: field.U8 = 0
    protocol_id: field.U8 = 0
    priority_flag: field.U8 = 0
    schedule_delivery_time: field.ScheduleTime = ""
    validity_period: field.ValidityTime = ""
    registered_delivery: field.U8 = 0
    replace_if_present_flag: field.U8 = 0
    data_coding: field.U8 = 0
    sm_default_msg_id: field.U8 = 0
    short_message: field.ShortMessage = b""


class SubmitMultiResp(Pdu, frozen=True, gc=False):
    """SMPP 3.4 4.5.2."""

    command_id: ClassVar[int] = Command.SUBMIT_MULTI | RESPONSE_BIT

    message_id: field.MessageId = ""
    unsuccess_sme: field.UnsuccessSmes = ()


class QuerySm(Pdu, frozen=True, gc=False):
    """SMPP 3.4 4.8.1."""

    command_id: ClassVar[int] = Command.QUERY_SM

    message_id: field.MessageId = ""
    source_addr_ton: field.U8 = 0
    source_addr_npi: field.U8 = 0
    source_addr: field.Source = ""


class QuerySmResp(Pdu, frozen=True, gc=False):
    """SMPP 3.4 4.8.2."""

    command_id: ClassVar[int] = Command.QUERY_SM | RESPONSE_BIT

    message_id: field.MessageId = ""
    final_date: field.FinalDate = ""
    message_state: field.U8 = 0
    error_code: field.U8 = 0


class CancelSm(Pdu, frozen=True, gc=False):
    """SMPP 3.4 4.9.1; an empty message_id means all messages of these addresses, and of this service_type if one is given."""

    command_id: ClassVar[int] = Command.CANCEL_SM

    service_type: field.ServiceType = ""
    message_id: field.MessageId = ""
    source_addr_ton: field.U8 = 0
    source_addr_npi: field.U8 = 0
    source_addr: field.Source = ""
    dest_addr_ton: field.U8 = 0
    dest_addr_npi: field.U8 = 0
    destination_addr: field.DestinationAddr = ""


class CancelSmResp(Pdu, frozen=True, gc=False):
    command_id: ClassVar[int] = Command.CANCEL_SM | RESPONSE_BIT


class ReplaceSm(Pdu, frozen=True, gc=False):
    """SMPP 3.4 4.10.1."""

    command_id: ClassVar[int] = Command.REPLACE_SM

    message_id: field.MessageId = ""
    source_addr_ton: field.U8 = 0
    source_addr_npi: field.U8 = 0
    source_addr: field.Source = ""
    schedule_delivery_time: field.ScheduleTime = ""
    validity_period: field.ValidityTime = ""
    registered_delivery: field.U8 = 0
    sm_default_msg_id: field.U8 = 0
    short_message: field.ShortMessage = b""


class ReplaceSmResp(Pdu, frozen=True, gc=False):
    command_id: ClassVar[int] = Command.REPLACE_SM | RESPONSE_BIT


class AlertNotification(Pdu, frozen=True, gc=False):
    """SMPP 3.4 4.12.1; why is said by ms_availability_status."""

    command_id: ClassVar[int] = Command.ALERT_NOTIFICATION

    source_addr_ton: field.U8 = 0
    source_addr_npi: field.U8 = 0
    source_addr: field.LongSource = ""
    esme_addr_ton: field.U8 = 0
    esme_addr_npi: field.U8 = 0
    esme_addr: field.LongDestinationAddr = ""


class ParamRetrieve(Pdu, frozen=True, gc=False):
    """3.3 only."""

    command_id: ClassVar[int] = Command.PARAM_RETRIEVE

    param_name: field.ParamName = ""


class ParamRetrieveResp(Pdu, frozen=True, gc=False):
    command_id: ClassVar[int] = Command.PARAM_RETRIEVE | RESPONSE_BIT

    param_value: field.ParamValue = ""


class QueryLastMsgs(Pdu, frozen=True, gc=False):
    """3.3 only."""

    command_id: ClassVar[int] = Command.QUERY_LAST_MSGS

    source_addr_ton: field.U8 = 0
    source_addr_npi: field.U8 = 0
    source_addr: field.Source = ""
    num_msgs: field.U8 = 0


class QueryLastMsgsResp(Pdu, frozen=True, gc=False):
    command_id: ClassVar[int] = Command.QUERY_LAST_MSGS | RESPONSE_BIT

    message_ids: field.MessageIds = ()


class QueryMsgDetails(Pdu, frozen=True, gc=False):
    """3.3 only; sm_length says how much of the text is wanted."""

    command_id: ClassVar[int] = Command.QUERY_MSG_DETAILS

    message_id: field.MessageId = ""
    source_addr_ton: field.U8 = 0
    source_addr_npi: field.U8 = 0
    source_addr: field.Source = ""
    sm_length: field.U8 = 0


class QueryMsgDetailsResp(Pdu, frozen=True, gc=False):
    command_id: ClassVar[int] = Command.QUERY_MSG_DETAILS | RESPONSE_BIT

    service_type: field.ServiceType = ""
    source_addr_ton: field.U8 = 0
    source_addr_npi: field.U8 = 0
    source_addr: field.Source = ""
    dest_address: field.Destinations = ()
    protocol_id: field.U8 = 0
    priority_flag: field.U8 = 0
    schedule_delivery_time: field.ScheduleTime = ""
    validity_period: field.ValidityTime = ""
    registered_delivery: field.U8 = 0
    data_coding: field.U8 = 0
    short_message: field.ShortMessage = b""
    message_id: field.MessageId = ""
    final_date: field.FinalDate = ""
    message_state: field.U8 = 0
    error_code: field.U8 = 0


PDUS: dict[int, type[Pdu]] = {
    pdu.command_id: pdu
    for pdu in (
        *(BindReceiver, BindReceiverResp, BindTransmitter, BindTransmitterResp, BindTransceiver, BindTransceiverResp, Outbind),
        *(Unbind, UnbindResp, EnquireLink, EnquireLinkResp, GenericNack),
        *(SubmitSm, SubmitSmResp, SubmitMulti, SubmitMultiResp, DeliverSm, DeliverSmResp, DataSm, DataSmResp),
        *(QuerySm, QuerySmResp, CancelSm, CancelSmResp, ReplaceSm, ReplaceSmResp, AlertNotification),
        *(ParamRetrieve, ParamRetrieveResp, QueryLastMsgs, QueryLastMsgsResp, QueryMsgDetails, QueryMsgDetailsResp),
    )
}
"""Every PDU served here, by command_id."""


def response_to(request: Pdu, command_status: int = 0) -> Pdu:
    """The empty response of a request, with its sequence number. KeyError for what is never answered (outbind, alert_notification)."""
    return PDUS[request.command_id | RESPONSE_BIT](request.sequence_number, command_status)
