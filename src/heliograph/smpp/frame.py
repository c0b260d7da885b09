"""A stream of octets cut into PDUs, wherever the network cut it. It reads nothing of a PDU but its length."""

from heliograph.smpp.command import HEADER, HEADER_OCTETS
from heliograph.smpp.errors import PduError
from heliograph.smpp.status import RINVCMDLEN

MAX_PDU_OCTETS = 0x12000
"""A message_payload of 64 KiB, and room for the rest of a submit_multi to 255 addresses (6 KiB)."""
AS_TLS_BEGINS = "; TLS begins so"
_TLS_HANDSHAKE = 0x1603
"""The first octets of a ClientHello: a record of type handshake, of version 3 (RFC 8446 5.1)."""


class Framer:
    """Takes octets in any cut and gives whole PDUs.

    A length that cannot be is seen as soon as its four octets are there: nothing is kept for it, `error` is set, and whatever comes
    after is not read, since nobody knows any more where a PDU begins. It keeps less than one PDU.
    """

    def __init__(self, max_pdu_octets: int = MAX_PDU_OCTETS) -> None:
        self._max = max_pdu_octets
        self._held = bytearray()
        self._wanted = 4
        self.error: PduError | None = None

    def receive(self, octets: bytes) -> list[bytes]:
        """The PDUs that are whole now, in order. Those before a length that cannot be are given; then see `error`."""
        if self.error:
            return []
        if self._held:
            self._held += octets
            if len(self._held) < self._wanted:
                return []
            octets = bytes(self._held)
            self._held.clear()
        frames: list[bytes] = []
        at = 0
        while len(octets) - at >= 4:
            length = int.from_bytes(octets[at : at + 4])
            if not HEADER_OCTETS <= length <= self._max:
                self.error = self._refusal(length, octets[at:])
                return frames
            if len(octets) - at < length:
                self._wanted = length
                self._held += octets[at:]
                return frames
            frames.append(octets[at : at + length])
            at += length
        self._wanted = 4
        self._held += octets[at:]
        return frames

    @property
    def held_octets(self) -> int:
        """How much of a PDU has come that is not whole."""
        return len(self._held)

    def _refusal(self, length: int, rest: bytes) -> PduError:
        """With the sequence number, if it came along; generic_nack in any case, since the command's own number cannot be trusted."""
        sequence_number = HEADER.unpack_from(rest)[3] if len(rest) >= HEADER_OCTETS else 0
        known = AS_TLS_BEGINS if length >> 16 == _TLS_HANDSHAKE else ""
        return PduError(f"command_length says {length}, {HEADER_OCTETS} to {self._max} are right{known}", RINVCMDLEN, 0, sequence_number)
