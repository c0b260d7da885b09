"""TLVs: optional parameters, kept as octets in a PDU and read by their kind when asked for.

    MESSAGE_STATE.find(pdu.tlvs)          the first one's value, None without one
    pdu.SubmitSm(tlvs=(SAR_MSG_REF_NUM.make(7), ...))

What no table knows is kept. What the specification lets repeat (callback_num) is had by `every`. SMPP 3.4 5.3.2, SMPP 5.0 4.8.4.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from struct import Struct
from typing import Generic, NamedTuple, Self, TypeVar

import msgspec

from heliograph.smpp import status
from heliograph.smpp.errors import ValueNotAllowedError
from heliograph.smpp.field import FlawError, Reading

T = TypeVar("T")
_HEAD = Struct(">HH")
_LONGEST = 0xFFFF


class Tlv(msgspec.Struct, frozen=True, gc=False):
    """A tag and the octets of its value."""

    tag: int
    octets: bytes = b""


class NetworkError(NamedTuple):
    """network_error_code (SMPP 3.4 5.3.2.31): `network` 1 ANSI-136, 2 IS-95, 3 GSM, from 5.0 also 4 to 8; `code` is that network's."""

    network: int
    code: int

    @property
    def number(self) -> int:
        """Both as the one number that the three octets are."""
        return self.network << 16 | self.code

    @property
    def words(self) -> str:
        """As people write it: `27` of a GSM network, `8:27` of any other."""
        return str(self.code) if self.network == GSM_NETWORK else f"{self.network}:{self.code}"

    @classmethod
    def of_number(cls, number: int) -> Self:
        """What `number` says."""
        return cls(*divmod(number, 1 << 16))


GSM_NETWORK = 3


@dataclass(frozen=True, slots=True)
class Kind(Generic[T]):
    """A TLV that is known: how long its value may be in octets, and what the octets mean. `since` is the version that brought it."""

    tag: int
    name: str
    shortest: int
    longest: int
    read: Callable[[bytes], T]
    write: Callable[[T], bytes]
    since: float = 3.4

    def fits(self, octets: bytes) -> bool:
        return self.shortest <= len(octets) <= self.longest

    def find(self, tlvs: Iterable[Tlv]) -> T | None:
        """The value of the first one of fitting length, None without one."""
        for tlv in tlvs:
            if tlv.tag == self.tag and self.fits(tlv.octets):
                return self.read(tlv.octets)
        return None

    def every(self, tlvs: Iterable[Tlv]) -> list[T]:
        """The values of all of fitting length, in the order they came."""
        return [self.read(tlv.octets) for tlv in tlvs if tlv.tag == self.tag and self.fits(tlv.octets)]

    def make(self, value: T) -> Tlv:
        """A TLV of this value; ValueNotAllowedError where it does not fit."""
        try:
            octets = self.write(value)
        except (ValueError, OverflowError, AttributeError, TypeError):
            octets = None
        if octets is None or not self.fits(octets):
            raise ValueNotAllowedError(f"{self.name} takes {self.shortest} to {self.longest} octets, {value!r} is not that")
        return Tlv(self.tag, octets)


def _integer(tag: int, name: str, octets: int = 1, since: float = 3.4) -> Kind[int]:
    return Kind(tag, name, octets, octets, int.from_bytes, lambda value: value.to_bytes(octets), since)


def _octets(tag: int, name: str, shortest: int, longest: int, since: float = 3.4) -> Kind[bytes]:
    return Kind(tag, name, shortest, longest, bytes, lambda value: value, since)


def _c_string(tag: int, name: str, longest: int, since: float = 3.4) -> Kind[str]:
    """`longest` counts the NUL; one that is missing is not missed, since the length says where it ends."""
    return Kind(tag, name, 1, longest, _read_text, lambda value: value.encode("latin-1") + b"\0", since)


def _read_text(octets: bytes) -> str:
    return octets.split(b"\0", 1)[0].decode("latin-1")


DEST_ADDR_SUBUNIT = _integer(0x0005, "dest_addr_subunit")
DEST_NETWORK_TYPE = _integer(0x0006, "dest_network_type")
DEST_BEARER_TYPE = _integer(0x0007, "dest_bearer_type")
DEST_TELEMATICS_ID = _integer(0x0008, "dest_telematics_id", 2)
SOURCE_ADDR_SUBUNIT = _integer(0x000D, "source_addr_subunit")
SOURCE_NETWORK_TYPE = _integer(0x000E, "source_network_type")
SOURCE_BEARER_TYPE = _integer(0x000F, "source_bearer_type")
SOURCE_TELEMATICS_ID = _integer(0x0010, "source_telematics_id")
QOS_TIME_TO_LIVE = _integer(0x0017, "qos_time_to_live", 4)
PAYLOAD_TYPE = _integer(0x0019, "payload_type")
ADDITIONAL_STATUS_INFO_TEXT = _c_string(0x001D, "additional_status_info_text", 256)
RECEIPTED_MESSAGE_ID = _c_string(0x001E, "receipted_message_id", 65)
MS_MSG_WAIT_FACILITIES = _integer(0x0030, "ms_msg_wait_facilities")
PRIVACY_INDICATOR = _integer(0x0201, "privacy_indicator")
SOURCE_SUBADDRESS = _octets(0x0202, "source_subaddress", 2, 23)
DEST_SUBADDRESS = _octets(0x0203, "dest_subaddress", 2, 23)
USER_MESSAGE_REFERENCE = _integer(0x0204, "user_message_reference", 2)
USER_RESPONSE_CODE = _integer(0x0205, "user_response_code")
SOURCE_PORT = _integer(0x020A, "source_port", 2)
DESTINATION_PORT = _integer(0x020B, "destination_port", 2)
SAR_MSG_REF_NUM = _integer(0x020C, "sar_msg_ref_num", 2)
LANGUAGE_INDICATOR = _integer(0x020D, "language_indicator")
SAR_TOTAL_SEGMENTS = _integer(0x020E, "sar_total_segments")
SAR_SEGMENT_SEQNUM = _integer(0x020F, "sar_segment_seqnum")
SC_INTERFACE_VERSION = _integer(0x0210, "sc_interface_version")
CALLBACK_NUM_PRES_IND = _integer(0x0302, "callback_num_pres_ind")
CALLBACK_NUM_ATAG = _octets(0x0303, "callback_num_atag", 1, 65)
NUMBER_OF_MESSAGES = _integer(0x0304, "number_of_messages")
CALLBACK_NUM = _octets(0x0381, "callback_num", 4, 19)
DPF_RESULT = _integer(0x0420, "dpf_result")
SET_DPF = _integer(0x0421, "set_dpf")
MS_AVAILABILITY_STATUS = _integer(0x0422, "ms_availability_status")
NETWORK_ERROR_CODE: Kind[NetworkError] = Kind(
    *(0x0423, "network_error_code", 3, 3),
    read=lambda octets: NetworkError(octets[0], int.from_bytes(octets[1:])),
    write=lambda error: bytes((error.network,)) + error.code.to_bytes(2),
)
MESSAGE_PAYLOAD = _octets(0x0424, "message_payload", 0, _LONGEST)
DELIVERY_FAILURE_REASON = _integer(0x0425, "delivery_failure_reason")
MORE_MESSAGES_TO_SEND = _integer(0x0426, "more_messages_to_send")
MESSAGE_STATE = _integer(0x0427, "message_state")
CONGESTION_STATE = _integer(0x0428, "congestion_state", 1, 5.0)
USSD_SERVICE_OP = _octets(0x0501, "ussd_service_op", 1, 1)
BILLING_IDENTIFICATION = _octets(0x060B, "billing_identification", 1, 1024, 5.0)
SOURCE_NETWORK_ID = _c_string(0x060D, "source_network_id", 65, 5.0)
DEST_NETWORK_ID = _c_string(0x060E, "dest_network_id", 65, 5.0)
SOURCE_NODE_ID = _octets(0x060F, "source_node_id", 6, 6, 5.0)
DEST_NODE_ID = _octets(0x0610, "dest_node_id", 6, 6, 5.0)
DEST_ADDR_NP_RESOLUTION = _integer(0x0611, "dest_addr_np_resolution", 1, 5.0)
DEST_ADDR_NP_INFORMATION = _octets(0x0612, "dest_addr_np_information", 10, 10, 5.0)
DEST_ADDR_NP_COUNTRY = _octets(0x0613, "dest_addr_np_country", 1, 5, 5.0)
DISPLAY_TIME = _integer(0x1201, "display_time")
SMS_SIGNAL = _integer(0x1203, "sms_signal", 2)
MS_VALIDITY = _octets(0x1204, "ms_validity", 1, 4)
ALERT_ON_MESSAGE_DELIVERY = _octets(0x130C, "alert_on_message_delivery", 0, 1)
ITS_REPLY_TYPE = _integer(0x1380, "its_reply_type")
ITS_SESSION_INFO = _octets(0x1383, "its_session_info", 2, 2)

KINDS: dict[int, Kind[int] | Kind[str] | Kind[bytes] | Kind[NetworkError]] = {
    kind.tag: kind for kind in list(globals().values()) if isinstance(kind, Kind)
}
"""Every kind above, by tag."""


def name_of(tag: int) -> str:
    """`message_state`; `tag 0x1400` for one that is not known."""
    kind = KINDS.get(tag)
    return kind.name if kind else f"tag 0x{tag:04X}"


def read(octets: bytes, at: int, reading: Reading) -> tuple[Tlv, ...]:
    """The TLVs from `at` to the end. FlawError where one runs over the end, or a known one has a length it cannot have."""
    tlvs = []
    end = len(octets)
    while at < end:
        value_at = at + 4
        if value_at > end:
            if reading.trailing_octets:
                break
            raise FlawError(f"{end - at} octets behind the last field are no TLV", status.RINVOPTPARSTREAM)
        tag, length = _HEAD.unpack_from(octets, at)
        at = value_at + length
        if at > end:
            if reading.trailing_octets:
                break
            raise FlawError(f"{name_of(tag)} runs over the end of the PDU", status.RINVOPTPARSTREAM)
        value = octets[value_at:at]
        kind = KINDS.get(tag)
        if kind and not reading.odd_tlvs and not kind.fits(value):
            raise FlawError(f"{kind.name} has {length} octets, {kind.shortest} to {kind.longest} are right", status.RINVPARLEN)
        tlvs.append(Tlv(tag, value))
    return tuple(tlvs)


def write(tlvs: Iterable[Tlv]) -> bytes:
    """All of them, one behind the other; struct.error where a tag or a length is above 65,535."""
    return b"".join([_HEAD.pack(tlv.tag, len(tlv.octets)) + tlv.octets for tlv in tlvs])
