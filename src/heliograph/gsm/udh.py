"""User data header: its information elements, read and written.

A header here is always the whole of it, the length octet UDHL first. It knows what the elements mean that concern delivery
(concatenation, ports, national shifts) and keeps all others as they came. It does not pack and does not join.
3GPP TS 23.040 9.2.3.24.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from heliograph.gsm.errors import TpduError

CONCATENATION_8 = 0x00
PORTS_8 = 0x04
PORTS_16 = 0x05
CONCATENATION_16 = 0x08
SINGLE_SHIFT = 0x24
LOCKING_SHIFT = 0x25

MAX_HEADER_OCTETS = 140


@dataclass(frozen=True, slots=True)
class Element:
    """One information element: identifier and what follows its length octet."""

    iei: int
    octets: bytes


@dataclass(frozen=True, slots=True)
class Concatenation:
    """Part `number` of `total` of the message with this reference; `wide` means a 16-bit reference."""

    reference: int
    total: int
    number: int
    wide: bool = False


@dataclass(frozen=True, slots=True)
class Ports:
    """Application ports; `wide` means 16 bits each."""

    destination: int
    source: int
    wide: bool = True


@dataclass(frozen=True, slots=True)
class Udh:
    """A header, read. Where an element may stand once and stands twice, or two exclude each other, the last one counts."""

    elements: tuple[Element, ...] = ()

    @property
    def octets(self) -> bytes:
        """The header as it goes on the wire, UDHL first."""
        return build(*self.elements)

    @property
    def concatenation(self) -> Concatenation | None:
        """None too where the element says what cannot be: part 0, a part above the total, a total of 0 (3GPP TS 23.040 9.2.3.24.1)."""
        for iei, octets in self._from_last():
            match iei, len(octets):
                case (0x00, 3):
                    reference, total, number = octets
                case (0x08, 4):
                    reference, total, number = struct.unpack(">HBB", octets)
                case _:
                    continue
            if 1 <= number <= total:
                return Concatenation(reference, total, number, wide=iei == CONCATENATION_16)
        return None

    @property
    def ports(self) -> Ports | None:
        """3GPP TS 23.040 9.2.3.24.3 and 9.2.3.24.4; reserved port numbers are passed on, since peers use them."""
        for iei, octets in self._from_last():
            match iei, len(octets):
                case (0x04, 2):
                    return Ports(octets[0], octets[1], wide=False)
                case (0x05, 4):
                    return Ports(*struct.unpack(">HH", octets))
                case _:
                    continue
        return None

    @property
    def locking(self) -> int:
        """National language identifier of the locking shift table, 0 the default (3GPP TS 23.040 9.2.3.24.16)."""
        return self._language(LOCKING_SHIFT)

    @property
    def single(self) -> int:
        """National language identifier of the single shift table, 0 the default (3GPP TS 23.040 9.2.3.24.15)."""
        return self._language(SINGLE_SHIFT)

    def _language(self, iei: int) -> int:
        return next((octets[0] for found, octets in self._from_last() if found == iei and len(octets) == 1), 0)

    def _from_last(self) -> Iterator[tuple[int, bytes]]:
        return ((element.iei, element.octets) for element in reversed(self.elements))


def parse(octets: bytes) -> Udh:
    """Read a header of exactly these octets, UDHL first.

    TpduError where UDHL or the length of an element runs over the end. A receiver then leaves the whole header unread and shows the
    text behind it all the same (3GPP TS 23.040 9.2.3.24).
    """
    header, rest = split_off(octets)
    if rest:
        raise TpduError(f"UDHL says {octets[0]} octets, {len(octets) - 1} follow")
    elements = []
    at = 1
    while at < len(header):
        value_at = at + 2
        end = value_at + header[at + 1] if value_at <= len(header) else value_at
        if end > len(header):
            raise TpduError(f"information element 0x{header[at]:02X} at octet {at} runs over the end of the user data header")
        elements.append(Element(header[at], header[value_at:end]))
        at = end
    return Udh(tuple(elements))


def split_off(octets: bytes) -> tuple[bytes, bytes]:
    """User data that begins with a header, as header (UDHL included) and the rest. TpduError where UDHL runs over the end."""
    if not octets:
        raise TpduError("user data header announced, but there is no user data")
    end = 1 + octets[0]
    if end > len(octets):
        raise TpduError(f"UDHL says {octets[0]} octets, {len(octets) - 1} follow")
    return octets[:end], octets[end:]


def build(*elements: Element) -> bytes:
    """The header of these elements, UDHL first; b"" without any. TpduError above 140 octets, or where an element is no octet's worth."""
    if not elements:
        return b""
    body = b"".join([octets_of(element.iei, len(element.octets)) + element.octets for element in elements])
    if len(body) >= MAX_HEADER_OCTETS:
        raise TpduError(f"a user data header of {1 + len(body)} octets: {MAX_HEADER_OCTETS} at most")
    return bytes((len(body),)) + body


def concat(reference: int, total: int, number: int, wide: bool = False) -> bytes:
    """The header of one part, UDHL first: 6 octets, or 7 with `wide`, a 16-bit reference."""
    return build(concatenation(reference, total, number, wide))


def concatenation(reference: int, total: int, number: int, wide: bool = False) -> Element:
    """3GPP TS 23.040 9.2.3.24.1 and, `wide`, 9.2.3.24.8."""
    if not 1 <= number <= total:
        raise TpduError(f"part {number} of {total}: a part is 1 to the total")
    if wide:
        return Element(CONCATENATION_16, octets_of(reference >> 8, reference & 0xFF, total, number))
    return Element(CONCATENATION_8, octets_of(reference, total, number))


def ports(destination: int, source: int, wide: bool = True) -> Element:
    """3GPP TS 23.040 9.2.3.24.4 or, not `wide`, 9.2.3.24.3."""
    if wide:
        return Element(PORTS_16, octets_of(destination >> 8, destination & 0xFF, source >> 8, source & 0xFF))
    return Element(PORTS_8, octets_of(destination, source))


def locking_shift(language: int) -> Element:
    """3GPP TS 23.040 9.2.3.24.16."""
    return Element(LOCKING_SHIFT, octets_of(language))


def single_shift(language: int) -> Element:
    """3GPP TS 23.040 9.2.3.24.15."""
    return Element(SINGLE_SHIFT, octets_of(language))


def octets_of(*values: int) -> bytes:
    """Fields of one octet each. TpduError where one is out of its range."""
    try:
        return bytes(values)
    except ValueError:
        raise TpduError(f"a field of one octet is out of 0 to 255: {values}") from None
