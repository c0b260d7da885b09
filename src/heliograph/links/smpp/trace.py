"""The PDUs of a link in words, while somebody watches: octets of its connections cut into PDUs, decoded, secrets hidden."""

from collections.abc import Callable
from typing import Final, NamedTuple

from heliograph.model.link import without_nul
from heliograph.smpp import pretty
from heliograph.smpp.aio import Connection
from heliograph.smpp.codec import decode
from heliograph.smpp.errors import PduError
from heliograph.smpp.field import TOLERANT
from heliograph.smpp.frame import Framer

MOST: Final = 1000
"""PDUs that wait to be taken; what is above is counted and left out."""


class Line(NamedTuple):
    at_ms: int
    bind: str
    is_sent: bool
    pdu: str


class Tracer:
    """Watches connections; `take` what came."""

    def __init__(self, now_ms: Callable[[], int]) -> None:
        self._now_ms = now_ms
        self._lines: list[Line] = []
        self._left_out = 0

    def watch(self, bind: str, connection: Connection) -> None:
        """Note what this connection sends and receives from its next whole PDU on."""
        framers: dict[bool, Framer] = {True: Framer()}

        def note(is_sent: bool, octets: bytes) -> None:
            if not is_sent and False not in framers:
                if connection.session.is_within_pdu:
                    return
                framers[False] = Framer()
            framer = framers[is_sent]
            for frame in framer.receive(octets):
                self._note(bind, frame, is_sent=is_sent)
            if framer.error is not None and framer.held_octets == 0:
                self._add(Line(self._now_ms(), bind, is_sent, f"octets that are no PDU: {framer.error}"))

        connection.trace = note

    def take(self) -> list[Line]:
        """What came since the last call, in order."""
        lines, self._lines = self._lines, []
        if self._left_out:
            lines.append(Line(self._now_ms(), "", False, f"{self._left_out} more PDUs were left out: there were too many in a second"))
            self._left_out = 0
        return lines

    def _note(self, bind: str, frame: bytes, *, is_sent: bool) -> None:
        if len(self._lines) >= MOST:
            self._left_out += 1
            return
        try:
            text = "\n".join(pretty.lines(decode(frame, TOLERANT)))
        except PduError as error:
            text = f"octets that are no PDU: {error}: {frame[:64].hex()}"
        self._add(Line(self._now_ms(), bind, is_sent, without_nul(text)))

    def _add(self, line: Line) -> None:
        if len(self._lines) < MOST:
            self._lines.append(line)
