"""command_id: every PDU's number and name. It does not know what a PDU carries. SMPP 3.4 5.1.2.1, SMPP 5.0 4.7.5."""

from enum import IntEnum
from struct import Struct

HEADER = Struct(">IIII")
"""command_length (this header included), command_id, command_status, sequence_number (SMPP 3.4 3.2)."""
HEADER_OCTETS = 16
RESPONSE_BIT = 0x80000000
MAX_SEQUENCE_NUMBER = 0x7FFFFFFF


class Command(IntEnum):
    """The requests, and the one response that answers none of them by name. A response is its request's number with `RESPONSE_BIT`."""

    BIND_RECEIVER = 0x01
    BIND_TRANSMITTER = 0x02
    QUERY_SM = 0x03
    SUBMIT_SM = 0x04
    DELIVER_SM = 0x05
    UNBIND = 0x06
    REPLACE_SM = 0x07
    CANCEL_SM = 0x08
    BIND_TRANSCEIVER = 0x09
    OUTBIND = 0x0B
    ENQUIRE_LINK = 0x15
    SUBMIT_MULTI = 0x21
    PARAM_RETRIEVE = 0x22
    QUERY_LAST_MSGS = 0x23
    QUERY_MSG_DETAILS = 0x24
    ALERT_NOTIFICATION = 0x102
    DATA_SM = 0x103
    BROADCAST_SM = 0x111
    QUERY_BROADCAST_SM = 0x112
    CANCEL_BROADCAST_SM = 0x113
    GENERIC_NACK = 0x80000000


GENERIC_NACK = int(Command.GENERIC_NACK)
NEVER_ANSWERED = frozenset({int(Command.OUTBIND), int(Command.ALERT_NOTIFICATION)})
BROADCAST = frozenset({int(Command.BROADCAST_SM), int(Command.QUERY_BROADCAST_SM), int(Command.CANCEL_BROADCAST_SM)})
"""SMPP 5.0 only, and not served here: each is refused with its own response."""

_NAMES = {int(command): command.name.lower() for command in Command}


def is_response(command_id: int) -> bool:
    """Whether it answers; what answers is never answered itself."""
    return command_id >= RESPONSE_BIT


def name_of(command_id: int) -> str:
    """`submit_sm`, `submit_sm_resp`; `command 0x00000999` for one nobody knows."""
    if name := _NAMES.get(command_id):
        return name
    request = _NAMES.get(command_id ^ RESPONSE_BIT) if is_response(command_id) else None
    return f"{request}_resp" if request else f"command 0x{command_id:08X}"
