"""Words for what became of a message: TP-ST of a status report and TP-FCS of a refusal.

Tables and their reading only; whether something is tried again is decided per link.
3GPP TS 23.040 9.2.3.15 and 9.2.3.22.
"""

from dataclasses import dataclass
from enum import Enum

from heliograph.gsm.errors import TpduError


class StatusKind(Enum):
    """What a status report says of a message. Only TRYING is not final."""

    DELIVERED = "delivered"
    REPLACED = "replaced"
    TRYING = "trying"
    EXPIRED = "expired"
    DELETED = "deleted"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Status:
    """A TP-ST, read."""

    tp_st: int
    kind: StatusKind
    words: str

    @property
    def is_final(self) -> bool:
        """Whether the service centre is done with the message."""
        return self.kind is not StatusKind.TRYING


def status(tp_st: int) -> Status:
    """What a TP-ST says. A reserved value is "service rejected", as the clause asks of receivers."""
    _check_octet(tp_st, "TP-ST")
    return _STATUS[tp_st]


def failure_words(tp_fcs: int) -> str:
    """Plain words for a TP-FCS."""
    _check_octet(tp_fcs, "TP-FCS")
    if 0xE0 <= tp_fcs <= 0xFE:
        return f"refused by the application, its own reason 0x{tp_fcs:02X}"
    return TP_FCS.get(tp_fcs, f"refused, reserved reason 0x{tp_fcs:02X}")


TP_ST: dict[int, tuple[StatusKind, str]] = {
    0x00: (StatusKind.DELIVERED, "delivered"),
    0x01: (StatusKind.DELIVERED, "forwarded, delivery not confirmed"),
    0x02: (StatusKind.REPLACED, "replaced by a later message"),
    0x20: (StatusKind.TRYING, "congestion, still trying"),
    0x21: (StatusKind.TRYING, "device busy, still trying"),
    0x22: (StatusKind.TRYING, "no response from the device, still trying"),
    0x23: (StatusKind.TRYING, "service rejected, still trying"),
    0x24: (StatusKind.TRYING, "quality of service not available, still trying"),
    0x25: (StatusKind.TRYING, "error in the device, still trying"),
    0x40: (StatusKind.FAILED, "remote procedure error"),
    0x41: (StatusKind.FAILED, "incompatible destination"),
    0x42: (StatusKind.FAILED, "connection rejected by the device"),
    0x43: (StatusKind.FAILED, "device not obtainable"),
    0x44: (StatusKind.FAILED, "quality of service not available"),
    0x45: (StatusKind.FAILED, "no interworking available"),
    0x46: (StatusKind.EXPIRED, "validity period expired"),
    0x47: (StatusKind.DELETED, "deleted by the sender"),
    0x48: (StatusKind.DELETED, "deleted by the service centre"),
    0x49: (StatusKind.FAILED, "unknown to the service centre"),
    0x60: (StatusKind.FAILED, "congestion, given up"),
    0x61: (StatusKind.FAILED, "device busy, given up"),
    0x62: (StatusKind.FAILED, "no response from the device, given up"),
    0x63: (StatusKind.FAILED, "service rejected, given up"),
    0x64: (StatusKind.FAILED, "quality of service not available, given up"),
    0x65: (StatusKind.FAILED, "error in the device, given up"),
}

# Values 0x10 to 0x1F of each of the four groups belong to the service centre.
_OF_THE_SERVICE_CENTRE = {
    0x10: (StatusKind.DELIVERED, "completed, service centre's own status"),
    0x30: (StatusKind.TRYING, "still trying, service centre's own status"),
    0x50: (StatusKind.FAILED, "failed, service centre's own status"),
    0x70: (StatusKind.FAILED, "given up, service centre's own status"),
}
_RESERVED = (StatusKind.FAILED, "service rejected, reserved status")

TP_FCS: dict[int, str] = {
    0x80: "telematic interworking not supported",
    0x81: "short message type 0 not supported",
    0x82: "short message cannot be replaced",
    0x8F: "protocol identifier refused, no reason given",
    0x90: "alphabet not supported",
    0x91: "message class not supported",
    0x9F: "data coding scheme refused, no reason given",
    0xA0: "command cannot be carried out",
    0xA1: "command not supported",
    0xAF: "command refused, no reason given",
    0xB0: "TPDU not supported",
    0xC0: "service centre busy",
    0xC1: "no subscription with the service centre",
    0xC2: "service centre failure",
    0xC3: "invalid address",
    0xC4: "destination barred",
    0xC5: "duplicate, already accepted",
    0xC6: "validity period format not supported",
    0xC7: "validity period not supported",
    0xD0: "SIM storage full",
    0xD1: "no storage on the SIM",
    0xD2: "error in the device",
    0xD3: "device memory full",
    0xD4: "SIM toolkit busy",
    0xD5: "SIM data download error",
    0xFF: "refused, no reason given",
}


def _status(tp_st: int) -> Status:
    kind, words = TP_ST.get(tp_st) or _OF_THE_SERVICE_CENTRE.get(tp_st & 0xF0) or _RESERVED
    return Status(tp_st, kind, words)


_STATUS = tuple(_status(tp_st) for tp_st in range(0x100))


def _check_octet(value: int, name: str) -> None:
    if not 0 <= value <= 0xFF:
        raise TpduError(f"a {name} is one octet, 0 to 255, not {value}")
