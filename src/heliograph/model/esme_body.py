"""What an application that binds is told, as it is kept until it can be: the body of a notification to an SMPP account."""

from enum import StrEnum

import msgspec

from heliograph.model.esme import Asked
from heliograph.model.message import State

RECEIPT_BITS = 0x03
ALWAYS, ON_FAILURE, ON_SUCCESS = 0x01, 0x02, 0x03
INTERMEDIATE = 0x10
"""Bits of registered_delivery (SMPP 3.4 5.2.17)."""


class Kind(StrEnum):
    """The `type` of such a notification."""

    RECEIVED = "sms.received"
    RECEIPT = "sms.receipt"
    ALERT = "device.alert"


class Received(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a device sent. `user_data`, `udh`: hex, of one that came in one segment; of one that was joined `payload` is cut again, as the
    account wants it. `from_imsi`: the source is an IMSI, since the device has no number."""

    source: str
    dest: str
    dcs: int
    pid: int = 0
    payload: str = ""
    udh: str = ""
    user_data: str | None = None
    from_imsi: bool = False


class Receipt(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of a message. `is_intermediate`: it is not over yet. `error`, `network_error`: the network's own."""

    message_id: int
    state: int
    submitted_at_ms: int
    done_at_ms: int
    asked: Asked
    reason_code: str | None = None
    is_intermediate: bool = False
    error: str | None = None
    network_error: int | None = None


class Alert(msgspec.Struct, frozen=True, omit_defaults=True):
    """A device is heard of again for which something waited."""

    source: str
    at_ms: int


def wants_receipt(asked: Asked, state: State) -> bool:
    """Whether a final receipt is owed for a message that ended so."""
    bits = asked.registered_delivery & RECEIPT_BITS
    return bits == ALWAYS or bits == (ON_SUCCESS if state is State.DELIVERED else ON_FAILURE)


def wants_intermediate(asked: Asked) -> bool:
    """Whether an intermediate notification was asked for."""
    return bool(asked.registered_delivery & INTERMEDIATE)
