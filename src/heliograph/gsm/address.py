"""Addresses: numbers in swapped semi-octets, names in septets, with their type and plan.

TP addresses count semi-octets in their length octet, RP addresses and the SMSC before a modem's TPDU count octets. It does not
normalise: digits are kept as they came. 3GPP TS 23.040 9.1.2.5, 3GPP TS 24.011 8.2.5.1.
"""

from dataclasses import dataclass
from enum import IntEnum

from heliograph.gsm import alphabet
from heliograph.gsm.errors import AlphabetError, TpduError

MAX_DIGITS = 20
MAX_NAME_SEPTETS = 11
_NOT_EXTENDED = 0x80
_FILLER = "f"
_TO_DIAL = str.maketrans("abcde", "*#abc")
_TO_NIBBLE = str.maketrans("*#abcABC", "abcdecde")
_DIALLED = frozenset("0123456789*#abcABC")
_SWAPPED = bytes((octet & 0x0F) << 4 | octet >> 4 for octet in range(0x100))


class Ton(IntEnum):
    """Type of number."""

    UNKNOWN = 0
    INTERNATIONAL = 1
    NATIONAL = 2
    NETWORK_SPECIFIC = 3
    SUBSCRIBER = 4
    ALPHANUMERIC = 5
    ABBREVIATED = 6
    RESERVED = 7


class Npi(IntEnum):
    """Numbering plan. Values without a name occur and are kept as they are."""

    UNKNOWN = 0
    E164 = 1
    X121 = 3
    TELEX = 4
    SC_SPECIFIC_5 = 5
    SC_SPECIFIC_6 = 6
    NATIONAL = 8
    PRIVATE = 9
    ERMES = 10
    RESERVED = 15


@dataclass(frozen=True, slots=True)
class Address:
    """`text` is digits and *#abc without a plus or, where `ton` is ALPHANUMERIC, a name of at most 11 septets."""

    text: str
    ton: int = Ton.INTERNATIONAL
    npi: int = Npi.E164

    def __str__(self) -> str:
        return f"+{self.text}" if self.ton == Ton.INTERNATIONAL else self.text


def of(dialled: str) -> Address:
    """The address a person means: +491701234567 is international, 0170 and 12345 of unknown type, anything else a name.

    TpduError as `encode`.
    """
    if dialled.startswith("+"):
        address = Address(dialled[1:])
    elif _DIALLED.issuperset(dialled):
        address = Address(dialled, Ton.UNKNOWN)
    else:
        address = Address(dialled, Ton.ALPHANUMERIC, Npi.UNKNOWN)
    encode(address)
    return address


def encode(address: Address) -> bytes:
    """A TP address: length in semi-octets, type of address, 1 to 10 octets of value.

    TpduError where there are no digits or more than 20, a name takes more than 11 septets, or a character is none of an address.
    """
    value = _value(address)
    length = len(address.text) if address.ton != Ton.ALPHANUMERIC else (alphabet.septet_count(address.text) * 7 + 3) // 4
    return bytes((length, _type_of_address(address))) + value


def decode(octets: bytes, at: int = 0) -> tuple[Address, int]:
    """The TP address at that octet and where the next field begins.

    A length of 0 is an empty text: the field is 2 to 12 octets, and services without a number send it so.
    TpduError where it is cut off, longer than 20 semi-octets, or holds a filler between digits.
    """
    semi_octets = octets[at] if at < len(octets) else 0
    if semi_octets > MAX_DIGITS:
        raise TpduError(f"an address of {semi_octets} semi-octets: {MAX_DIGITS} at most")
    end = at + 2 + (semi_octets + 1) // 2
    if end > len(octets):
        raise TpduError(f"the address at octet {at} is cut off")
    return _address(octets[at + 1], octets[at + 2 : end], semi_octets), end


def encode_rp(address: Address | None) -> bytes:
    """An RP address: length in octets, type of address, value; without an address the length 0 alone. TpduError as `encode`."""
    if address is None:
        return b"\0"
    value = _value(address)
    return bytes((1 + len(value), _type_of_address(address))) + value


def decode_rp(octets: bytes, at: int = 0) -> tuple[Address | None, int]:
    """The RP address at that octet, None where its length is 0, and where the next field begins. TpduError as `decode`."""
    if at >= len(octets):
        raise TpduError(f"no address at octet {at}")
    end = at + 1 + octets[at]
    if end > len(octets):
        raise TpduError(f"the address at octet {at} is cut off")
    if octets[at] == 0:
        return None, end
    value = octets[at + 2 : end]
    if 2 * len(value) > MAX_DIGITS:
        raise TpduError(f"an address of {2 * len(value)} semi-octets: {MAX_DIGITS} at most")
    return _address(octets[at + 1], value, 2 * len(value)), end


def _address(type_of_address: int, value: bytes, semi_octets: int) -> Address:
    ton, npi = type_of_address >> 4 & 7, type_of_address & 0x0F
    if ton == Ton.ALPHANUMERIC:
        return Address(alphabet.decode(alphabet.unpack(value, semi_octets * 4 // 7)), ton, npi)
    digits = from_semi_octets(value)[:semi_octets].rstrip(_FILLER)
    if _FILLER in digits:
        raise TpduError(f"a filler between the digits of an address: {digits}")
    return Address(digits.translate(_TO_DIAL), ton, npi)


def _type_of_address(address: Address) -> int:
    if not (0 <= address.ton <= 7 and 0 <= address.npi <= 15):
        raise TpduError(f"type of number is 0 to 7 and numbering plan 0 to 15, not {address.ton} and {address.npi}")
    return _NOT_EXTENDED | address.ton << 4 | address.npi


def _value(address: Address) -> bytes:
    if not address.text:
        raise TpduError("an address needs at least one digit")
    if address.ton == Ton.ALPHANUMERIC:
        return _name(address.text)
    if len(address.text) > MAX_DIGITS:
        raise TpduError(f"an address of {len(address.text)} digits: {MAX_DIGITS} at most")
    if not _DIALLED.issuperset(address.text):
        raise TpduError(f"{address.text!r} holds what is none of 0 to 9, *, #, a, b, c")
    return to_semi_octets(address.text.translate(_TO_NIBBLE))


def _name(text: str) -> bytes:
    try:
        septets = alphabet.encode(text)
    except AlphabetError as error:
        raise TpduError(f"the name {text!r}: {error}") from None
    if len(septets) > MAX_NAME_SEPTETS:
        raise TpduError(f"the name {text!r} takes {len(septets)} septets: {MAX_NAME_SEPTETS} at most")
    return alphabet.pack(septets)


def from_semi_octets(octets: bytes) -> str:
    """Hexadecimal digits of swapped semi-octets, in order; a filler is "f" (3GPP TS 23.040 9.1.2.3)."""
    return octets.translate(_SWAPPED).hex()


def to_semi_octets(digits: str) -> bytes:
    """Swapped semi-octets of hexadecimal digits; an odd number gets a filler."""
    return bytes.fromhex(digits + _FILLER * (len(digits) % 2)).translate(_SWAPPED)
