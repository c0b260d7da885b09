"""The coverage-guided fuzz target of SMPP: octets for the decoder and for both ends of a session, and what may come of them.

    python -m tests.fuzz.fuzz_smpp CORPUS -max_total_time=30

Nothing but a PDU, a clean refusal or a nack: a PduError whose answer can be decoded, values that can be written again, a session whose
requests settle once, whose last event is Closed, and whose output is whole PDUs. A failure is an exception; atheris says the octets.
"""

import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["heliograph.smpp", "heliograph.gsm"]):
    from heliograph.links.smpp.address import Addresses
    from heliograph.links.smpp.incoming import Reader
    from heliograph.links.smpp.settings import parse, profile
    from heliograph.model.ids import LinkId
    from heliograph.smpp import pretty, receipt
    from heliograph.smpp.codec import decode, encode
    from heliograph.smpp.command import BROADCAST, HEADER, HEADER_OCTETS, NEVER_ANSWERED, RESPONSE_BIT, is_response
    from heliograph.smpp.errors import PduError, ValueNotAllowedError
    from heliograph.smpp.event import Closed, Output, Received, Settled
    from heliograph.smpp.field import STRICT, TOLERANT
    from heliograph.smpp.frame import Framer
    from heliograph.smpp.long_message import content_of
    from heliograph.smpp.pdu import BindTransceiver, BindTransceiverResp, DataSm, DeliverSm, Pdu, SubmitSm, response_to
    from heliograph.smpp.session import OutOfTurnError, Profile, Session
    from heliograph.smpp.state import OVER, Role
    from heliograph.smpp.status import RPROHIBITED

from tests.smpp.material import vectors

PROFILE = Profile(window=4, owed=4, session_init_ms=1000, enquire_link_ms=700, inactivity_ms=5000, response_ms=900, max_pdu_octets=4000)
BINDS, IS_BOUND, ANSWERS, IS_SLOW = 2, 4, 8, 16
"""Bits of the first octet of a case, above the one that says which end it is."""


def one(octets: bytes) -> None:
    """One case: the first octet chooses how the rest is used."""
    if not octets:
        return
    decoded(octets[1:])
    conversation(Role.ESME if octets[0] & 1 else Role.MC, octets[0], octets[1:])


def decoded(octets: bytes) -> None:
    for reading in (STRICT, TOLERANT):
        try:
            pdu = decode(octets, reading)
        except PduError as error:
            if answer := error.answer:
                is_said(answer)
            continue
        read(pdu)


def is_said(octets: bytes) -> None:
    """Octets of ours are a PDU; or the refusal of a broadcast, whose responses we do not read."""
    length, command_id, command_status, _ = HEADER.unpack_from(octets)
    if command_id & ~RESPONSE_BIT in BROADCAST:
        assert (length, command_status) == (len(octets), RPROHIBITED)
        assert length == HEADER_OCTETS
    else:
        decode(octets, TOLERANT)


def read(pdu: Pdu) -> None:
    """What a link makes of a PDU; a PDU that was read strictly can be written, and is the same then."""
    assert pretty.lines(pdu)
    if isinstance(pdu, DeliverSm | DataSm):
        receipt.parse(pdu)
        content_of(pdu)
        READER.receipt(pdu, 0)
        for each in READER.inbound(pdu, 0):
            assert len(each.udh) + len(each.user_data) <= 140 or each.user_data.isascii() or each.alphabet is not None
    try:
        again = encode(pdu)
    except ValueNotAllowedError:
        return
    assert decode(again, TOLERANT) == pdu


def conversation(role: Role, mood: int, octets: bytes) -> None:
    """A session that hears these octets in pieces while time passes, and answers what it is to answer; `mood` says how it behaves."""
    end = End(role)
    if role is Role.ESME and mood & BINDS:
        end.send(BindTransceiver(interface_version=0x34))
        if mood & IS_BOUND:
            end.take(end.session.receive(encode(BindTransceiverResp(1)), 0))
    piece = max(1, len(octets) // 3)
    for at in range(0, len(octets), piece):
        end.take(end.session.receive(octets[at : at + piece], end.now_ms))
        if mood & ANSWERS:
            end.answer_all()
        end.send(SubmitSm(short_message=b"up") if role is Role.ESME else DeliverSm(short_message=b"down"))
        end.now_ms += 400 if mood & IS_SLOW else 10
        end.take(end.session.on_timer(end.now_ms))
    end.take(end.session.end("the case is over"))
    assert not any(end.open.values()), "every request settles"
    assert end.closed == 1
    assert end.session.state in OVER


class End:
    """One end of a session, and what is promised of it."""

    def __init__(self, role: Role) -> None:
        self.session = Session(role, PROFILE, 0)
        self.now_ms = 0
        self.open: dict[int, int] = {}
        self.waiting: list[Pdu] = []
        self.closed = 0

    def take(self, output: Output) -> None:
        framer = Framer()
        for frame in framer.receive(output.octets):
            is_said(frame)
        assert framer.error is None
        assert framer.held_octets == 0
        for event in output.events:
            assert not self.closed, "Closed is the last event"
            if isinstance(event, Received):
                self.waiting.append(event.pdu)
            elif isinstance(event, Settled):
                self.open[event.sequence_number] -= 1
                assert self.open[event.sequence_number] == 0, "a request settles once"
            elif isinstance(event, Closed):
                self.closed += 1

    def send(self, pdu: Pdu) -> None:
        try:
            output = self.session.send(pdu, self.now_ms)
        except (OutOfTurnError, ValueNotAllowedError):
            return
        if not is_response(pdu.command_id):
            self.open[output.sequence_number] = 1
        self.take(output)

    def answer_all(self) -> None:
        waiting, self.waiting = self.waiting, []
        for pdu in waiting:
            if pdu.command_id not in NEVER_ANSWERED:
                self.send(response_to(pdu))


SETTINGS = parse('{"host": "h", "system_id": "s", "receipts_unmarked": true, "country": "49", "national_prefix": "0"}')
LINK = profile(LinkId(1), "fuzz", SETTINGS)
READER = Reader(SETTINGS, LINK, Addresses(SETTINGS, LINK))


def seed(folder: Path) -> None:
    """Valid octets of all kinds, so that mutations get past the header; each as the decoder's case and as both sessions'."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, vector in enumerate(vectors("smpp_pdu")):
        octets = bytes.fromhex(vector["octets"])
        for mood in (0x00, 0x0F, 0x1E):
            (folder / f"{number}-{mood:02x}").write_bytes(bytes((mood,)) + octets)


def main() -> None:
    if len(sys.argv) > 1 and not sys.argv[1].startswith("-"):
        seed(Path(sys.argv[1]))
    atheris.Setup(sys.argv, one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
