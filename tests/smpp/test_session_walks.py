"""Two sessions joined by wires that cut octets anywhere, with a time that moves when told."""

from collections import Counter
from typing import Any

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from heliograph.smpp.command import NEVER_ANSWERED, Command
from heliograph.smpp.event import Bound, Closed, Ending, Flawed, Output, Received, Settled, Unexpected
from heliograph.smpp.pdu import (
    AlertNotification,
    BindReceiver,
    BindTransceiver,
    BindTransmitter,
    CancelSm,
    DataSm,
    DeliverSm,
    Pdu,
    SubmitSm,
    SubmitSmResp,
    Unbind,
    response_to,
)
from heliograph.smpp.session import OutOfTurnError, Profile, Session
from heliograph.smpp.state import BINDS, BOUND, OVER, Role, State

PROFILE = Profile(window=3, owed=2, session_init_ms=5000, enquire_link_ms=3000, inactivity_ms=20_000, response_ms=4000, max_pdu_octets=1000)
MESSAGES: dict[Role, list[Pdu]] = {
    Role.ESME: [SubmitSm(short_message=b"up"), DataSm(), CancelSm(message_id="1")],
    Role.MC: [DeliverSm(short_message=b"down"), DataSm(), AlertNotification()],
}
BIND_PDUS: list[Pdu] = [
    BindTransmitter(interface_version=0x34),
    BindReceiver(interface_version=0x34),
    BindTransceiver(interface_version=0x50),
]


class End:
    """One session, what it was told and what it said."""

    def __init__(self, role: Role, now_ms: int) -> None:
        self.session = Session(role, PROFILE, now_ms)
        self.wire = b""
        self.sent: dict[int, Pdu] = {}
        self.settled: Counter[int] = Counter()
        self.answers: dict[int, Any] = {}
        self.unanswered: list[Pdu] = []
        self.closed = 0
        self.clean = True

    def take(self, output: Output) -> None:
        assert not (self.closed and (output.events or output.octets))
        self.wire += output.octets
        for event in output.events:
            assert not self.closed, "Closed is the last event"
            match event:
                case Received(pdu):
                    if pdu.command_id not in NEVER_ANSWERED:
                        self.unanswered.append(pdu)
                case Settled(request, number, ending, response):
                    assert self.sent[number] == request
                    self.settled[number] += 1
                    assert (response is not None) is (ending is Ending.ANSWERED)
                    self.answers[number] = response
                case Closed():
                    self.closed += 1
                case Unexpected(pdu):
                    late = self.settled[pdu.sequence_number] == 1 or pdu.sequence_number not in self.sent
                    assert late or not self.clean, "only what came too late fits nothing"
                case Bound() | Flawed():
                    pass

    def send(self, pdu: Pdu, now_ms: int) -> None:
        try:
            output = self.session.send(pdu, now_ms)
        except OutOfTurnError:
            return
        if pdu.command_id not in NEVER_ANSWERED:
            self.sent[output.sequence_number] = pdu
        self.take(output)


class TwoSessions(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.now_ms = 0
        self.ends = {role: End(role, 0) for role in Role}
        self.given: dict[tuple[Role, int], list[Pdu]] = {}
        self.clean = True

    @rule(bind=st.sampled_from(BIND_PDUS))
    def bind(self, bind: Pdu) -> None:
        self.ends[Role.ESME].send(bind, self.now_ms)

    @rule(bind=st.sampled_from(BIND_PDUS))
    def bind_and_be_accepted(self, bind: Pdu) -> None:
        self.ends[Role.ESME].send(bind, self.now_ms)
        self._flow()
        for pdu in [pdu for pdu in self.ends[Role.MC].unanswered if pdu.command_id in BINDS]:
            self._answer(self.ends[Role.MC], pdu, 0)
        self._flow()

    @rule(role=st.sampled_from(Role), which=st.integers(0, 2))
    def send(self, role: Role, which: int) -> None:
        self.ends[role].send(MESSAGES[role][which], self.now_ms)

    @rule(role=st.sampled_from(Role))
    def unbind(self, role: Role) -> None:
        self.ends[role].send(Unbind(), self.now_ms)

    @rule(role=st.sampled_from(Role), which=st.integers(0, 5), command_status=st.sampled_from([0, 0, 8, 0x58]))
    def answer(self, role: Role, which: int, command_status: int) -> None:
        end = self.ends[role]
        if end.unanswered:
            self._answer(end, end.unanswered[which % len(end.unanswered)], command_status)

    def _answer(self, end: End, request: Pdu, command_status: int) -> None:
        end.unanswered.remove(request)
        response = response_to(request, command_status)
        if isinstance(response, SubmitSmResp):
            response = msgspec.structs.replace(response, message_id=str(request.sequence_number))
        if end.session.state in OVER:
            return
        self.given.setdefault((end.session.role.peer, request.sequence_number), []).append(response)
        end.take(end.session.send(response, self.now_ms))

    @rule(role=st.sampled_from(Role), octets=st.integers(1, 60))
    def carry(self, role: Role, octets: int) -> None:
        """Some octets from that end to the other."""
        end, other = self.ends[role], self.ends[role.peer]
        cut, end.wire = end.wire[:octets], end.wire[octets:]
        other.take(other.session.receive(cut, self.now_ms))

    @rule()
    def flow(self) -> None:
        self._flow()

    def _flow(self) -> None:
        while any(end.wire for end in self.ends.values()):
            for role in Role:
                self.carry(role, 17)

    @rule(milliseconds=st.sampled_from([1, 100, 1500, 5000]))
    def wait(self, milliseconds: int) -> None:
        self.now_ms += milliseconds
        for end in self.ends.values():
            due = end.session.next_timer()
            if due is not None and due <= self.now_ms:
                end.take(end.session.on_timer(self.now_ms))
            else:
                assert end.session.on_timer(self.now_ms) == Output()

    @rule(role=st.sampled_from(Role), noise=st.binary(min_size=1, max_size=40))
    def disturb(self, role: Role, noise: bytes) -> None:
        """Octets of nobody on the wire: from here on the ends may misunderstand each other, but nothing breaks."""
        self.clean = False
        for end in self.ends.values():
            end.clean = False
        self.ends[role].wire += noise

    @rule(role=st.sampled_from(Role))
    def lose(self, role: Role) -> None:
        end = self.ends[role]
        end.take(end.session.end("lost"))

    @invariant()
    def each_request_settles_once_and_waits_until_then(self) -> None:
        for end in self.ends.values():
            assert max(end.settled.values(), default=0) <= 1
            open_requests = [pdu for number, pdu in end.sent.items() if not end.settled[number]]
            assert sum(pdu.command_id not in BINDS and pdu.command_id != Command.UNBIND for pdu in open_requests) <= PROFILE.window
            if end.closed:
                assert not open_requests
                assert end.session.next_timer() is None
                assert end.session.room == 0

    @invariant()
    def what_was_answered_is_what_the_other_end_said(self) -> None:
        if not self.clean:
            return
        for role, end in self.ends.items():
            for number, response in end.answers.items():
                if response is not None and response.command_status == 0:
                    assert any(
                        (given.command_id, getattr(given, "message_id", None))
                        == (response.command_id, getattr(response, "message_id", None))
                        for given in self.given.get((role, number), [])
                    )

    @invariant()
    def a_bound_end_has_a_peer_that_was_bound(self) -> None:
        esme, mc = (self.ends[role].session.state for role in (Role.ESME, Role.MC))
        if self.clean and esme in BOUND:
            assert mc is esme or mc in OVER
        assert (esme in OVER) == (self.ends[Role.ESME].closed == 1)
        assert State.CLOSED in OVER

    def teardown(self) -> None:
        for end in self.ends.values():
            end.take(end.session.end("over"))
            assert end.closed == 1
            assert all(end.settled[number] == 1 for number in end.sent)


TwoSessions.TestCase.settings = settings(stateful_step_count=40)
test_two_sessions_walk_together = pytest.mark.timeout(900)(TwoSessions.TestCase)  # 5,000 of them in make test-long: 105 s alone
