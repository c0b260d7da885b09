"""Values of fields: types of number, numbering plans, esm_class, registered_delivery, states. It reads and writes no octets.

PDUs keep plain integers, since peers send what no table has. Encodings of text are heliograph.gsm.dcs's.
"""

from enum import IntEnum, IntFlag

VERSION_33, VERSION_34, VERSION_50 = 0x33, 0x34, 0x50
"""interface_version (SMPP 3.4 5.2.4); up to 0x33 a peer gets no TLVs."""


class Ton(IntEnum):
    """Type of number (SMPP 3.4 5.2.5)."""

    UNKNOWN = 0
    INTERNATIONAL = 1
    NATIONAL = 2
    NETWORK_SPECIFIC = 3
    SUBSCRIBER_NUMBER = 4
    ALPHANUMERIC = 5
    ABBREVIATED = 6


class Npi(IntEnum):
    """Numbering plan indicator (SMPP 3.4 5.2.6)."""

    UNKNOWN = 0
    ISDN = 1
    DATA = 3
    TELEX = 4
    LAND_MOBILE = 6
    NATIONAL = 8
    PRIVATE = 9
    ERMES = 10
    INTERNET = 14
    WAP = 18


class EsmClass(IntFlag):
    """Bits of esm_class (SMPP 3.4 5.2.12). The mode (bits 1 and 0) counts in submits only, the type (bits 5 to 2) reads by direction."""

    DATAGRAM = 0x01
    TRANSACTION = 0x02
    STORE_AND_FORWARD = 0x03
    MC_DELIVERY_RECEIPT = 0x04
    DELIVERY_ACKNOWLEDGEMENT = 0x08
    USER_ACKNOWLEDGEMENT = 0x10
    CONVERSATION_ABORT = 0x18
    INTERMEDIATE_NOTIFICATION = 0x20
    UDHI = 0x40
    REPLY_PATH = 0x80


MODE_BITS = 0x03
TYPE_BITS = 0x3C


def is_receipt(esm_class: int) -> bool:
    """Whether a deliver_sm or data_sm reports on a message: a delivery receipt, or an intermediate notification."""
    return esm_class & TYPE_BITS in (EsmClass.MC_DELIVERY_RECEIPT, EsmClass.INTERMEDIATE_NOTIFICATION)


class RegisteredDelivery(IntFlag):
    """Bits of registered_delivery (SMPP 3.4 5.2.17); ON_SUCCESS is reserved before 5.0."""

    NEVER = 0x00
    ALWAYS = 0x01
    ON_FAILURE = 0x02
    ON_SUCCESS = 0x03
    DELIVERY_ACKNOWLEDGEMENT = 0x04
    USER_ACKNOWLEDGEMENT = 0x08
    INTERMEDIATE_NOTIFICATION = 0x10


RECEIPT_BITS = 0x03


def wants_receipt(registered_delivery: int, *, delivered: bool) -> bool:
    """Whether a final receipt is owed for a message that ended so."""
    asked = registered_delivery & RECEIPT_BITS
    return asked == RegisteredDelivery.ALWAYS or asked == (RegisteredDelivery.ON_SUCCESS if delivered else RegisteredDelivery.ON_FAILURE)


class MessageState(IntEnum):
    """message_state (SMPP 3.4 5.2.28); SCHEDULED and SKIPPED since 5.0."""

    SCHEDULED = 0
    ENROUTE = 1
    DELIVERED = 2
    EXPIRED = 3
    DELETED = 4
    UNDELIVERABLE = 5
    ACCEPTED = 6
    UNKNOWN = 7
    REJECTED = 8
    SKIPPED = 9


class DataCoding(IntEnum):
    """data_coding's simple values (SMPP 3.4 5.2.19). Message waiting and message class are groups of their own: 0xC0 to 0xFF."""

    DEFAULT = 0x00
    IA5 = 0x01
    OCTETS = 0x02
    LATIN_1 = 0x03
    OCTETS_TOO = 0x04
    JIS = 0x05
    CYRILLIC = 0x06
    HEBREW = 0x07
    UCS2 = 0x08
    PICTOGRAM = 0x09
    ISO_2022_JP = 0x0A
    EXTENDED_KANJI = 0x0D
    KS_C_5601 = 0x0E
