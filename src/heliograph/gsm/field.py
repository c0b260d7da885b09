"""Fields that TPDUs share, read one after the other and written: user data with its header, and the optional end of reports.

It knows no unit as a whole; tpdu.py puts the fields in order. 3GPP TS 23.040 9.2.3.
"""

from collections.abc import Callable
from dataclasses import dataclass

from heliograph.gsm import address as addresses
from heliograph.gsm import alphabet, udh
from heliograph.gsm.address import Address
from heliograph.gsm.dcs import parse as parse_dcs
from heliograph.gsm.errors import AlphabetError, TpduError
from heliograph.gsm.timestamp import TIME_OCTETS, Timestamp, Validity, ValidityFormat, validity_octets
from heliograph.gsm.udh import octets_of

_PI_PID, _PI_DCS, _PI_UDL, _PI_RESERVED, _PI_EXTENDED = 0x01, 0x02, 0x04, 0x78, 0x80
_IS_FCS = 0x80

Reading = Callable[[bytes, int], bytes]
"""How the last field is taken: (octets there are, octets there should be) -> the field."""


def exactly(octets: bytes, length: int) -> bytes:
    """The reading of a sound TPDU: TpduError unless there are as many octets as there should be."""
    if len(octets) != length:
        raise TpduError(f"the user data should be {length} octets, there are {len(octets)}")
    return octets


def as_far_as_it_goes(octets: bytes, length: int) -> bytes:
    """The reading for modems that cut user data off or pad it: what there is, and no more than there should be."""
    return octets[:length]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """The optional end of a report: TP-PI and what it announces. None is absent; without a DCS the user data is GSM 7-bit."""

    protocol_id: int | None = None
    dcs: int | None = None
    user_data: bytes | None = None
    udh: bytes = b""

    @property
    def has_header(self) -> bool:
        """Whether TP-UDHI is to be set."""
        return self.user_data is not None and bool(self.udh)

    def encode(self, limit: int) -> bytes:
        """TP-PI and what it announces. TpduError where the user data takes more octets than `limit`."""
        present = flags((_PI_PID, self.protocol_id is not None), (_PI_DCS, self.dcs is not None), (_PI_UDL, self.user_data is not None))
        head = octets_of(present, *(value for value in (self.protocol_id, self.dcs) if value is not None))
        return head if self.user_data is None else head + encode_user_data(self.dcs or 0, self.udh, self.user_data, limit)


NO_PARAMETERS = Parameters()


class Fields:
    """The fields of a TPDU, taken one after the other; TpduError at the first that is not there."""

    def __init__(self, octets: bytes, reading: Reading) -> None:
        self._octets = octets
        self._reading = reading
        self._at = 0

    def octet(self, name: str) -> int:
        return self.take(1, name)[0]

    def take(self, length: int, name: str) -> bytes:
        taken = self._octets[self._at : self._at + length]
        if len(taken) < length:
            raise TpduError(f"{name} is missing: the TPDU ends after {len(self._octets)} octets")
        self._at += length
        return taken

    def address(self) -> Address:
        address, self._at = addresses.decode(self._octets, self._at)
        return address

    def timestamp(self, name: str) -> Timestamp:
        return Timestamp(self.take(TIME_OCTETS, name))

    def validity(self, vpf: int) -> Validity | None:
        if not vpf:
            return None
        validity_format = ValidityFormat(vpf)
        return Validity(validity_format, self.take(validity_octets(validity_format), "TP-VP"))

    @property
    def next_octet(self) -> int | None:
        return self._octets[self._at] if self._at < len(self._octets) else None

    def last(self, length: int, limit: int) -> bytes:
        """The rest of the TPDU, which should be so many octets."""
        octets = self._reading(self._octets[self._at :], length)
        _check_room(octets, limit)
        return octets

    def user_data(self, dcs: int, has_header: bool, limit: int) -> tuple[bytes, bytes]:
        """Header and user data, from TP-UDL to the end (3GPP TS 23.040 9.2.3.16 and 9.2.3.24)."""
        length = self.octet("TP-UDL")
        in_septets = parse_dcs(dcs).in_septets
        packed = self.last((length * 7 + 7) // 8 if in_septets else length, limit)
        header, octets = udh.split_off(packed) if has_header else (b"", packed)
        if not in_septets:
            return header, octets
        header_septets, fill_bits = _header_septets(header)
        septets = min(length, len(packed) * 8 // 7) - header_septets
        if septets < 0:
            raise TpduError(f"TP-UDL says {length} septets, the user data header alone takes {header_septets}")
        return header, alphabet.unpack(octets, septets, fill_bits)

    def parameters(self, present: int, has_header: bool, limit: int) -> Parameters:
        """What TP-PI announces. Octets after it are for later releases where a reserved bit says so (3GPP TS 23.040 9.2.3.27)."""
        protocol_id = self.octet("TP-PID") if present & _PI_PID else None
        dcs = self.octet("TP-DCS") if present & _PI_DCS else None
        if present & (_PI_RESERVED | _PI_EXTENDED):
            reading = self._reading
            self._reading = lambda octets, length: reading(octets[:length], length)
        if present & _PI_UDL:
            header, user_data = self.user_data(dcs or 0, has_header, limit)
            return Parameters(protocol_id=protocol_id, dcs=dcs, user_data=user_data, udh=header)
        self.last(0, limit)
        return Parameters(protocol_id=protocol_id, dcs=dcs)

    def parameter_indicator(self) -> int:
        """TP-PI; octets that extend it have no meaning yet and are passed over."""
        indicator = extension = self.octet("TP-PI")
        while extension & _PI_EXTENDED:
            extension = self.octet("TP-PI")
        return indicator

    def failure_cause(self) -> int | None:
        """TP-FCS, if the report has one: all its values have the highest bit, which in a TP-PI is for later releases."""
        following = self.next_octet
        return self.octet("TP-FCS") if following is not None and following & _IS_FCS else None


def encode_user_data(dcs: int, header: bytes, user_data: bytes, limit: int) -> bytes:
    """TP-UDL, header, fill bits, user data."""
    if header:
        _check_header(header)
    if not parse_dcs(dcs).in_septets:
        octets, length = header + user_data, len(header) + len(user_data)
    else:
        header_septets, fill_bits = _header_septets(header)
        length = header_septets + len(user_data)
        try:
            octets = header + alphabet.pack(user_data, fill_bits)
        except AlphabetError as error:
            raise TpduError(str(error)) from None
    _check_room(octets, limit)
    return octets_of(length) + octets


def _header_septets(header: bytes) -> tuple[int, int]:
    """Septets that a header takes with its fill bits, and how many bits those are."""
    septets = (len(header) * 8 + 6) // 7
    return septets, septets * 7 - len(header) * 8


def encode_failure_cause(cause: int | None) -> bytes:
    if cause is None:
        return b""
    if not cause & _IS_FCS:
        raise TpduError(f"a TP-FCS is 0x80 to 0xFF, not {cause}")
    return octets_of(cause)


def _check_header(header: bytes) -> None:
    if header[0] != len(header) - 1:
        raise TpduError(f"UDHL says {header[0]} octets, {len(header) - 1} follow")


def _check_room(octets: bytes, limit: int) -> None:
    if len(octets) > limit:
        raise TpduError(f"{len(octets)} octets of user data: {limit} at most")


def flags(*bits: tuple[int, bool]) -> int:
    return sum(bit for bit, is_set in bits if is_set)
