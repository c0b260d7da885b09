"""TPDUs: the six short message units, octets to values and back.

Theory of operation. What an octet string is depends on who sent it, so there are two doors: `decode_from_network` reads DELIVER,
SUBMIT-REPORT and STATUS-REPORT, `decode_from_phone` reads SUBMIT, DELIVER-REPORT and COMMAND. Each unit is a frozen value that encodes
itself. User data is in its working form, unpacked septets or octets, and stands beside its header (`udh`, UDHL included); TP-UDHI, TP-UDL,
TP-VPF and TP-PI are not fields, for they follow from the others.

Decoding is exact: a length that lies, a header that runs over and an octet too many are a TpduError, and no octets raise anything else.
Modems exist whose user data is shorter than TP-UDL says; for those there is the reading `as_far_as_it_goes`. Spare bits and fill bits are
ignored and written as zero. It neither decodes text (segment.join does) nor knows RP and CP, except for the SMSC address that a modem
wants before a TPDU. 3GPP TS 23.040 9.2.2.
"""

from dataclasses import dataclass

from heliograph.gsm import address as addresses
from heliograph.gsm.address import Address
from heliograph.gsm.errors import TpduError
from heliograph.gsm.field import (
    NO_PARAMETERS,
    Fields,
    Parameters,
    Reading,
    as_far_as_it_goes,
    encode_failure_cause,
    encode_user_data,
    exactly,
    flags,
)
from heliograph.gsm.timestamp import Timestamp, Validity
from heliograph.gsm.udh import octets_of

__all__ = [
    "Command",
    "Deliver",
    "DeliverReport",
    "FromNetwork",
    "FromPhone",
    "Parameters",
    "Reading",
    "StatusReport",
    "Submit",
    "SubmitReport",
    "as_far_as_it_goes",
    "decode_from_network",
    "decode_from_phone",
    "exactly",
    "with_smsc",
    "without_smsc",
]

MAX_USER_DATA_OCTETS = 140
# What user data other units have room for: 3GPP TS 23.040 9.2.2.1a, 9.2.2.2a, 9.2.2.3, 9.2.2.4.
MAX_DELIVER_REPORT_OCTETS = 159
MAX_SUBMIT_REPORT_OCTETS = 152
MAX_STATUS_REPORT_OCTETS = 143
MAX_COMMAND_OCTETS = 157

_DELIVER, _SUBMIT, _STATUS_REPORT = 0, 1, 2  # from the network 1 is SUBMIT-REPORT, from the phone 0 DELIVER-REPORT and 2 COMMAND
_MTI = 0x03
_OCTETS = 0x04
"""Command data has no TP-DCS of its own; TP-CDL counts octets."""
_NO_MORE_MESSAGES, _LOOP_PREVENTION = 0x04, 0x08
_REJECT_DUPLICATES, _VPF_SHIFT = 0x04, 3
_STATUS_REPORT_BIT, _UDHI, _REPLY_PATH = 0x20, 0x40, 0x80


@dataclass(frozen=True, slots=True, kw_only=True)
class Deliver:
    """SMS-DELIVER, network to phone (3GPP TS 23.040 9.2.2.1)."""

    originator: Address
    timestamp: Timestamp
    user_data: bytes = b""
    udh: bytes = b""
    dcs: int = 0
    protocol_id: int = 0
    more_messages: bool = False
    loop_prevention: bool = False
    status_report_indication: bool = False
    reply_path: bool = False

    def encode(self) -> bytes:
        """The TPDU. TpduError where a field is out of its range or the user data too long."""
        first = _DELIVER | flags(
            (_NO_MORE_MESSAGES, not self.more_messages),
            (_LOOP_PREVENTION, self.loop_prevention),
            (_STATUS_REPORT_BIT, self.status_report_indication),
            (_UDHI, bool(self.udh)),
            (_REPLY_PATH, self.reply_path),
        )
        head = octets_of(first) + addresses.encode(self.originator) + octets_of(self.protocol_id, self.dcs) + self.timestamp.octets
        return head + encode_user_data(self.dcs, self.udh, self.user_data, MAX_USER_DATA_OCTETS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Submit:
    """SMS-SUBMIT, phone to network (3GPP TS 23.040 9.2.2.2)."""

    destination: Address
    user_data: bytes = b""
    udh: bytes = b""
    dcs: int = 0
    protocol_id: int = 0
    message_reference: int = 0
    validity: Validity | None = None
    reject_duplicates: bool = False
    status_report_request: bool = False
    reply_path: bool = False

    def encode(self) -> bytes:
        """The TPDU. TpduError where a field is out of its range or the user data too long."""
        validity_format = self.validity.format if self.validity else 0
        first = (_SUBMIT | validity_format << _VPF_SHIFT) | flags(
            (_REJECT_DUPLICATES, self.reject_duplicates),
            (_STATUS_REPORT_BIT, self.status_report_request),
            (_UDHI, bool(self.udh)),
            (_REPLY_PATH, self.reply_path),
        )
        head = octets_of(first, self.message_reference) + addresses.encode(self.destination) + octets_of(self.protocol_id, self.dcs)
        validity = self.validity.octets if self.validity else b""
        return head + validity + encode_user_data(self.dcs, self.udh, self.user_data, MAX_USER_DATA_OCTETS)


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusReport:
    """SMS-STATUS-REPORT, network to phone (3GPP TS 23.040 9.2.2.3); `status` is read by status.status."""

    message_reference: int
    recipient: Address
    timestamp: Timestamp
    discharge: Timestamp
    status: int
    more_messages: bool = False
    loop_prevention: bool = False
    of_command: bool = False
    parameters: Parameters | None = None

    def encode(self) -> bytes:
        """The TPDU. TpduError where a field is out of its range or the user data too long."""
        first = _STATUS_REPORT | flags(
            (_NO_MORE_MESSAGES, not self.more_messages),
            (_LOOP_PREVENTION, self.loop_prevention),
            (_STATUS_REPORT_BIT, self.of_command),
            (_UDHI, self.parameters is not None and self.parameters.has_header),
        )
        head = octets_of(first, self.message_reference) + addresses.encode(self.recipient)
        head += self.timestamp.octets + self.discharge.octets + octets_of(self.status)
        return head if self.parameters is None else head + self.parameters.encode(MAX_STATUS_REPORT_OCTETS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """SMS-COMMAND, phone to network (3GPP TS 23.040 9.2.2.4). `command_data` is octets."""

    message_reference: int
    command_type: int
    message_number: int
    destination: Address
    command_data: bytes = b""
    udh: bytes = b""
    protocol_id: int = 0
    status_report_request: bool = False

    def encode(self) -> bytes:
        """The TPDU. TpduError where a field is out of its range or the command data too long."""
        first = _STATUS_REPORT | flags((_STATUS_REPORT_BIT, self.status_report_request), (_UDHI, bool(self.udh)))
        head = octets_of(first, self.message_reference, self.protocol_id, self.command_type, self.message_number)
        return head + addresses.encode(self.destination) + encode_user_data(_OCTETS, self.udh, self.command_data, MAX_COMMAND_OCTETS)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverReport:
    """SMS-DELIVER-REPORT, phone to network; with a failure cause it goes in an RP-ERROR (3GPP TS 23.040 9.2.2.1a)."""

    failure_cause: int | None = None
    parameters: Parameters = NO_PARAMETERS

    def encode(self) -> bytes:
        """The TPDU. TpduError where a field is out of its range or the user data too long."""
        cause = encode_failure_cause(self.failure_cause)
        return (
            octets_of(flags((_UDHI, self.parameters.has_header))) + cause + self.parameters.encode(MAX_DELIVER_REPORT_OCTETS - len(cause))
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitReport:
    """SMS-SUBMIT-REPORT, network to phone; with a failure cause it goes in an RP-ERROR (3GPP TS 23.040 9.2.2.2a)."""

    timestamp: Timestamp
    failure_cause: int | None = None
    parameters: Parameters = NO_PARAMETERS

    def encode(self) -> bytes:
        """The TPDU. TpduError where a field is out of its range or the user data too long."""
        cause = encode_failure_cause(self.failure_cause)
        parameters = self.parameters.encode(MAX_SUBMIT_REPORT_OCTETS - len(cause))
        return (
            octets_of(_SUBMIT | flags((_UDHI, self.parameters.has_header)))
            + cause
            + parameters[:1]
            + self.timestamp.octets
            + parameters[1:]
        )


FromNetwork = Deliver | SubmitReport | StatusReport
FromPhone = Submit | DeliverReport | Command


def decode_from_network(octets: bytes, reading: Reading = exactly) -> FromNetwork:
    """The TPDU a network or a modem hands over. The reserved type 3 is read as DELIVER (3GPP TS 23.040 9.2.3.1)."""
    fields = Fields(octets, reading)
    match octets[0] & _MTI if octets else _DELIVER:
        case 1:
            return _submit_report(fields)
        case 2:
            return _status_report(fields)
        case _:
            return _deliver(fields)


def decode_from_phone(octets: bytes, reading: Reading = exactly) -> FromPhone:
    """The TPDU a phone sends. TpduError for the reserved type 3."""
    fields = Fields(octets, reading)
    match octets[0] & _MTI if octets else _SUBMIT:
        case 0:
            return _deliver_report(fields)
        case 1:
            return _submit(fields)
        case 2:
            return _command(fields)
        case _:
            raise TpduError("message type 3 is reserved")


def with_smsc(smsc: Address | None, tpdu: bytes) -> bytes:
    """A modem's PDU: the SMSC's address, or a zero for the one it has stored, then the TPDU (3GPP TS 27.005 3.1).

    AT+CMGS wants the length of the TPDU alone.
    """
    return addresses.encode_rp(smsc) + tpdu


def without_smsc(octets: bytes) -> tuple[Address | None, bytes]:
    """The SMSC's address of a modem's PDU, and the TPDU."""
    smsc, end = addresses.decode_rp(octets)
    return smsc, octets[end:]


def _deliver(fields: Fields) -> Deliver:
    first = fields.octet("the first octet")
    originator = fields.address()
    protocol_id, dcs = fields.octet("TP-PID"), fields.octet("TP-DCS")
    timestamp = fields.timestamp("TP-SCTS")
    header, user_data = fields.user_data(dcs, bool(first & _UDHI), MAX_USER_DATA_OCTETS)
    return Deliver(
        originator=originator,
        timestamp=timestamp,
        user_data=user_data,
        udh=header,
        dcs=dcs,
        protocol_id=protocol_id,
        more_messages=not first & _NO_MORE_MESSAGES,
        loop_prevention=bool(first & _LOOP_PREVENTION),
        status_report_indication=bool(first & _STATUS_REPORT_BIT),
        reply_path=bool(first & _REPLY_PATH),
    )


def _submit(fields: Fields) -> Submit:
    first, message_reference = fields.octet("the first octet"), fields.octet("TP-MR")
    destination = fields.address()
    protocol_id, dcs = fields.octet("TP-PID"), fields.octet("TP-DCS")
    validity = fields.validity(first >> _VPF_SHIFT & 3)
    header, user_data = fields.user_data(dcs, bool(first & _UDHI), MAX_USER_DATA_OCTETS)
    return Submit(
        destination=destination,
        user_data=user_data,
        udh=header,
        dcs=dcs,
        protocol_id=protocol_id,
        message_reference=message_reference,
        validity=validity,
        reject_duplicates=bool(first & _REJECT_DUPLICATES),
        status_report_request=bool(first & _STATUS_REPORT_BIT),
        reply_path=bool(first & _REPLY_PATH),
    )


def _status_report(fields: Fields) -> StatusReport:
    first, message_reference = fields.octet("the first octet"), fields.octet("TP-MR")
    recipient = fields.address()
    timestamp, discharge = fields.timestamp("TP-SCTS"), fields.timestamp("TP-DT")
    status = fields.octet("TP-ST")
    parameters = None
    if fields.next_octet is not None:
        parameters = fields.parameters(fields.parameter_indicator(), bool(first & _UDHI), MAX_STATUS_REPORT_OCTETS)
    return StatusReport(
        message_reference=message_reference,
        recipient=recipient,
        timestamp=timestamp,
        discharge=discharge,
        status=status,
        more_messages=not first & _NO_MORE_MESSAGES,
        loop_prevention=bool(first & _LOOP_PREVENTION),
        of_command=bool(first & _STATUS_REPORT_BIT),
        parameters=parameters,
    )


def _command(fields: Fields) -> Command:
    first, message_reference = fields.octet("the first octet"), fields.octet("TP-MR")
    protocol_id, command_type, message_number = fields.octet("TP-PID"), fields.octet("TP-CT"), fields.octet("TP-MN")
    destination = fields.address()
    header, command_data = fields.user_data(_OCTETS, bool(first & _UDHI), MAX_COMMAND_OCTETS)
    return Command(
        message_reference=message_reference,
        command_type=command_type,
        message_number=message_number,
        destination=destination,
        command_data=command_data,
        udh=header,
        protocol_id=protocol_id,
        status_report_request=bool(first & _STATUS_REPORT_BIT),
    )


def _deliver_report(fields: Fields) -> DeliverReport:
    first, cause = fields.octet("the first octet"), fields.failure_cause()
    parameters = fields.parameters(fields.parameter_indicator(), bool(first & _UDHI), MAX_DELIVER_REPORT_OCTETS)
    return DeliverReport(failure_cause=cause, parameters=parameters)


def _submit_report(fields: Fields) -> SubmitReport:
    first, cause = fields.octet("the first octet"), fields.failure_cause()
    present = fields.parameter_indicator()
    timestamp = fields.timestamp("TP-SCTS")
    parameters = fields.parameters(present, bool(first & _UDHI), MAX_SUBMIT_REPORT_OCTETS)
    return SubmitReport(timestamp=timestamp, failure_cause=cause, parameters=parameters)
