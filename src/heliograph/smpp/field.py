"""How each kind of field stands in a PDU. Which PDU has which fields is said in pdu.py, by annotations with the kinds of this module.

A kind knows the limits of its field and what a peer is told when they are broken. SMPP 3.4 3.1.
"""

from dataclasses import dataclass
from typing import Annotated

import msgspec

from heliograph.smpp import status

MAX_SHORT_MESSAGE_OCTETS = 255
"""sm_length is one octet; SMPP 3.4 stops at 254 (5.2.21), 5.0 does not."""


class FlawError(Exception):
    """What is wrong with a field, before it is known of which PDU; it does not leave this package."""

    def __init__(self, message: str, command_status: int) -> None:
        super().__init__(message)
        self.command_status = command_status


@dataclass(frozen=True, slots=True)
class Reading:
    """What is tolerated in octets of a peer. All of it makes a value out of what the specification calls an error.

    `missing_terminator`: the last C-octet string of a body ends with the body, without its NUL.
    `long_strings`: a C-octet string above its maximum (message ids of UUIDs with a prefix, passwords above 8 characters).
    `trailing_octets`: octets behind the mandatory fields that are no TLVs (a stray NUL mostly) are dropped.
    `odd_tlvs`: a known TLV of a length it cannot have is kept as octets; `find` does not see it.
    """

    missing_terminator: bool = False
    long_strings: bool = False
    trailing_octets: bool = False
    odd_tlvs: bool = False


STRICT = Reading()
TOLERANT = Reading(missing_terminator=True, long_strings=True, trailing_octets=True, odd_tlvs=True)


@dataclass(frozen=True, slots=True)
class Integer:
    """Unsigned, big-endian, of 1 or 4 octets."""

    octets: int

    def flaw(self, value: object) -> str | None:
        limit = (1 << 8 * self.octets) - 1
        return None if isinstance(value, int) and 0 <= value <= limit else f"must be a number from 0 to {limit}, not {value!r}"


@dataclass(frozen=True, slots=True)
class CString:
    """Latin-1 text with a NUL behind it; `maximum` counts octets, the NUL included."""

    maximum: int
    command_status: int = status.RINVCMDLEN

    def flaw(self, value: object) -> str | None:
        if not isinstance(value, str) or "\0" in value or any(ord(character) > 0xFF for character in value):
            return f"must be Latin-1 text without NUL, not {value!r}"
        return f"has {len(value)} characters, {self.maximum - 1} at most" if len(value) >= self.maximum else None


@dataclass(frozen=True, slots=True)
class Octets:
    """Octets behind their number in one octet: sm_length and short_message are one field here, so that they cannot disagree."""

    def flaw(self, value: object) -> str | None:
        if not isinstance(value, bytes):
            return f"must be octets, not {value!r}"
        if len(value) > MAX_SHORT_MESSAGE_OCTETS:
            return f"has {len(value)} octets, {MAX_SHORT_MESSAGE_OCTETS} at most: longer ones go in message_payload, or in segments"
        return None


@dataclass(frozen=True, slots=True)
class List:
    """Up to 255 of something behind their number in one octet."""

    item: "Destination | UnsuccessItem | CString"

    def flaw(self, value: object) -> str | None:
        if not isinstance(value, tuple) or len(value) > 0xFF:
            return "must be a tuple of 255 at most"
        try:
            for item in value:
                write_item(self.item, item)
        except (ValueError, AttributeError, TypeError) as error:
            return f"has an item that cannot be written: {error}"
        return None


class SmeAddress(msgspec.Struct, frozen=True, gc=False):
    """An address of a submit_multi; dest_flag 1 (SMPP 3.4 4.5.1.1)."""

    destination_addr: str
    dest_addr_ton: int = 0
    dest_addr_npi: int = 0


class DistributionList(msgspec.Struct, frozen=True, gc=False):
    """A list the other side keeps; dest_flag 2 (SMPP 3.4 4.5.1.2)."""

    dl_name: str


class UnsuccessSme(msgspec.Struct, frozen=True, gc=False):
    """A destination that a submit_multi did not reach, and why (SMPP 3.4 4.5.2.1)."""

    destination_addr: str
    error_status_code: int
    dest_addr_ton: int = 0
    dest_addr_npi: int = 0


@dataclass(frozen=True, slots=True)
class Destination:
    """A `SmeAddress` or a `DistributionList`, behind its dest_flag."""


@dataclass(frozen=True, slots=True)
class UnsuccessItem:
    """An `UnsuccessSme`."""


Kind = Integer | CString | Octets | List
Item = Destination | UnsuccessItem | CString

ADDRESS = CString(21, status.RINVDSTADR)
DL_NAME = CString(21, status.RINVDLNAME)
DESTINATION_FLAG, LIST_FLAG = 1, 2

U8 = Annotated[int, Integer(1)]
ShortMessage = Annotated[bytes, Octets()]
Destinations = Annotated[tuple[SmeAddress | DistributionList, ...], List(Destination())]
UnsuccessSmes = Annotated[tuple[UnsuccessSme, ...], List(UnsuccessItem())]
SystemId = Annotated[str, CString(16, status.RINVSYSID)]
Password = Annotated[str, CString(9, status.RINVPASWD)]
SystemType = Annotated[str, CString(13, status.RINVSYSTYP)]
AddressRange = Annotated[str, CString(41, status.RINVSRCADR)]
ServiceType = Annotated[str, CString(6, status.RINVSERTYP)]
Source = Annotated[str, CString(21, status.RINVSRCADR)]
LongSource = Annotated[str, CString(65, status.RINVSRCADR)]
DestinationAddr = Annotated[str, ADDRESS]
LongDestinationAddr = Annotated[str, CString(65, status.RINVDSTADR)]
MessageId = Annotated[str, CString(65, status.RINVMSGID)]
MessageIds = Annotated[tuple[str, ...], List(CString(65, status.RINVMSGID))]
ScheduleTime = Annotated[str, CString(17, status.RINVSCHED)]
ValidityTime = Annotated[str, CString(17, status.RINVEXPIRY)]
FinalDate = Annotated[str, CString(17)]
ParamName = Annotated[str, CString(32)]
ParamValue = Annotated[str, CString(101)]


def read_c_string(octets: bytes, at: int, kind: CString, name: str, reading: Reading) -> tuple[str, int]:
    """A C-octet string at `at`, and where the next field begins. FlawError where it is not as the kind and the reading have it."""
    stop = octets.find(0, at)
    after = stop + 1
    if stop < 0:
        if at >= len(octets) or not reading.missing_terminator:
            raise FlawError(f"{name} has no end within the PDU", status.RINVCMDLEN)
        after = stop = len(octets)
    if stop - at >= kind.maximum and not reading.long_strings:
        raise FlawError(f"{name} has {stop - at} octets, {kind.maximum - 1} at most", kind.command_status)
    return octets[at:stop].decode("latin-1"), after


def read_list(octets: bytes, at: int, kind: List, name: str, reading: Reading) -> tuple[tuple[object, ...], int]:
    """The items of a list that begins with their number at `at`, and where the next field begins."""
    count = octets[at]
    at += 1
    items = []
    for _ in range(count):
        item, at = _read_item(octets, at, kind.item, name, reading)
        items.append(item)
    return tuple(items), at


def _read_item(octets: bytes, at: int, kind: Item, name: str, reading: Reading) -> tuple[object, int]:
    match kind:
        case CString():
            return read_c_string(octets, at, kind, name, reading)
        case UnsuccessItem():
            address, after = read_c_string(octets, at + 2, ADDRESS, name, reading)
            code = octets[after : after + 4]
            if len(code) < 4:
                raise FlawError(f"{name} runs over the end of the PDU", status.RINVCMDLEN)
            return UnsuccessSme(address, int.from_bytes(code), octets[at], octets[at + 1]), after + 4
        case _:
            return _read_destination(octets, at, name, reading)


def _read_destination(octets: bytes, at: int, name: str, reading: Reading) -> tuple[SmeAddress | DistributionList, int]:
    flag = octets[at]
    if flag == DESTINATION_FLAG:
        address, after = read_c_string(octets, at + 3, ADDRESS, name, reading)
        return SmeAddress(address, octets[at + 1], octets[at + 2]), after
    if flag == LIST_FLAG:
        dl_name, after = read_c_string(octets, at + 1, DL_NAME, name, reading)
        return DistributionList(dl_name), after
    raise FlawError(f"{name} has dest_flag {flag}, which is neither 1 (address) nor 2 (distribution list)", status.RINVDESTFLAG)


def write_list(items: tuple[object, ...], kind: List) -> bytes:
    """Number and items; ValueError or AttributeError where one is not of its kind."""
    return bytes((len(items),)) + b"".join([write_item(kind.item, item) for item in items])


def write_item(kind: Item, item: object) -> bytes:
    """One item of a list; ValueError where a field of it is out of its limits, TypeError where it is something else."""
    match item:
        case str() if isinstance(kind, CString):
            return _c_string(item, kind)
        case SmeAddress() if isinstance(kind, Destination):
            return bytes((DESTINATION_FLAG, item.dest_addr_ton, item.dest_addr_npi)) + _c_string(item.destination_addr, ADDRESS)
        case DistributionList() if isinstance(kind, Destination):
            return bytes((LIST_FLAG,)) + _c_string(item.dl_name, DL_NAME)
        case UnsuccessSme() if isinstance(kind, UnsuccessItem):
            if flaw := Integer(4).flaw(item.error_status_code):
                raise ValueError(f"error_status_code {flaw}")
            head = bytes((item.dest_addr_ton, item.dest_addr_npi)) + _c_string(item.destination_addr, ADDRESS)
            return head + item.error_status_code.to_bytes(4)
        case _:
            raise TypeError(f"{item!r} does not belong there")


def _c_string(value: str, kind: CString) -> bytes:
    if flaw := kind.flaw(value):
        raise ValueError(flaw)
    return value.encode("latin-1") + b"\0"
