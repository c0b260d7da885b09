"""A session: heliograph.smpp.session, with state and event."""

import msgspec
import pytest

from heliograph.smpp import status, tlv
from heliograph.smpp.codec import decode, encode
from heliograph.smpp.command import HEADER, Command
from heliograph.smpp.errors import ValueNotAllowedError
from heliograph.smpp.event import Bound, Closed, Ending, Event, Flawed, Output, Received, Settled, Unexpected
from heliograph.smpp.field import STRICT
from heliograph.smpp.frame import Framer
from heliograph.smpp.pdu import (
    AlertNotification,
    BindReceiver,
    BindTransceiver,
    BindTransceiverResp,
    BindTransmitter,
    DeliverSm,
    EnquireLink,
    EnquireLinkResp,
    GenericNack,
    Outbind,
    Pdu,
    SubmitSm,
    SubmitSmResp,
    Unbind,
    UnbindResp,
    response_to,
)
from heliograph.smpp.session import OutOfTurnError, Profile, Session
from heliograph.smpp.state import Role, State, may_send
from heliograph.smpp.tlv import Tlv

BIND = BindTransceiver(system_id="org_1", password="secret12", interface_version=0x34)


def sent(output: Output) -> list[Pdu]:
    return [decode(frame) for frame in Framer().receive(output.octets)]


def bound(role: Role, profile: Profile | None = None, bind: Pdu = BIND) -> Session:
    """A session that is bound at 0 ms; the sequence number of an ESME's bind is 1."""
    session = Session(role, profile or Profile(), 0)
    if role is Role.ESME:
        session.send(bind, 0)
        session.receive(encode(response_to(bind), 1), 0)
    else:
        session.receive(encode(bind, 1), 0)
        session.send(response_to(msgspec.structs.replace(bind, sequence_number=1)), 0)
    return session


def one(output: Output, kind: type[Event]) -> Event:
    found = [event for event in output.events if isinstance(event, kind)]
    assert len(found) == 1, output.events
    return found[0]


# Binding


@pytest.mark.parametrize(
    ("bind", "state"),
    [(BindTransmitter, State.BOUND_TX), (BindReceiver, State.BOUND_RX), (BindTransceiver, State.BOUND_TRX)],
)
@pytest.mark.parametrize("role", Role)
def test_a_bind_leads_to_its_state(role: Role, bind: type[Pdu], state: State) -> None:
    assert bound(role, bind=bind(interface_version=0x34)).state is state  # type: ignore[call-arg]


def test_a_refused_bind_leaves_it_open_for_another() -> None:
    session = Session(Role.ESME, Profile(), 0)
    session.send(BIND, 0)
    output = session.receive(encode(BindTransceiverResp(1, 0x0D)), 0)
    assert output.events == (Settled(BIND, 1, Ending.ANSWERED, BindTransceiverResp(1, 0x0D)),)
    assert session.state is State.OPEN
    assert session.send(BIND, 0).sequence_number == 2


def test_a_nack_without_an_error_binds_nobody() -> None:
    session = Session(Role.ESME, Profile(), 0)
    session.send(BIND, 0)
    output = session.receive(encode(GenericNack(1)), 0)
    assert output.events == (Settled(BIND, 1, Ending.ANSWERED, GenericNack(1)),)
    assert session.state is State.OPEN


def test_a_second_bind_is_told_so() -> None:
    session = bound(Role.MC)
    assert sent(session.receive(encode(BIND, 2), 0)) == [BindTransceiverResp(2, status.RALYBND)]
    unanswered = Session(Role.MC, Profile(), 0)
    assert unanswered.receive(encode(BIND, 1), 0).events == (Received(msgspec.structs.replace(BIND, sequence_number=1)),)
    assert sent(unanswered.receive(encode(BIND, 2), 0)) == [BindTransceiverResp(2, status.RALYBND)]


def test_one_bind_at_a_time() -> None:
    session = Session(Role.ESME, Profile(), 0)
    session.send(BIND, 0)
    with pytest.raises(OutOfTurnError, match="a bind waits"):
        session.send(BIND, 0)


@pytest.mark.parametrize(
    ("theirs", "ours", "version"), [(0x33, 0x50, 0x33), (0x34, 0x50, 0x34), (0x50, 0x34, 0x34), (0x50, 0x50, 0x50), (0, 0x34, 0)]
)
def test_the_lower_version_counts(theirs: int, ours: int, version: int) -> None:
    session = Session(Role.MC, Profile(interface_version=ours), 0)
    session.receive(encode(msgspec.structs.replace(BIND, interface_version=theirs), 1), 0)
    output = session.send(BindTransceiverResp(1, system_id="h"), 0)
    assert output.events == (Bound(State.BOUND_TRX, version),)
    assert tlv.SC_INTERFACE_VERSION.find(sent(output)[0].tlvs) == (None if theirs <= 0x33 else ours)


def test_the_message_centres_version_counts_for_the_esme() -> None:
    session = Session(Role.ESME, Profile(interface_version=0x50), 0)
    session.send(BIND, 0)
    answer = BindTransceiverResp(1, tlvs=(tlv.SC_INTERFACE_VERSION.make(0x34),))
    assert session.receive(encode(answer), 0).events[-1] == Bound(State.BOUND_TRX, 0x34)


@pytest.mark.parametrize(("version", "tags"), [(0x33, []), (0x34, [0x1E, 0x1400]), (0x50, [0x1E, 0x0428, 0x1400])])
def test_a_peer_gets_the_tlvs_it_knows(version: int, tags: list[int]) -> None:
    session = bound(Role.MC, Profile(interface_version=0x50), msgspec.structs.replace(BIND, interface_version=version))
    tlvs = (tlv.RECEIPTED_MESSAGE_ID.make("1"), tlv.CONGESTION_STATE.make(9), tlv.Tlv(0x1400))
    assert [found.tag for found in sent(session.send(DeliverSm(tlvs=tlvs), 0))[0].tlvs] == tags


def test_a_peer_gets_the_statuses_it_knows() -> None:
    session = bound(Role.MC)
    session.receive(encode(SubmitSm(), 5), 0)
    assert sent(session.send(SubmitSmResp(5, status.RPROHIBITED), 0)) == [SubmitSmResp(5, status.RUNKNOWNERR)]


@pytest.mark.parametrize(("version", "answer"), [(0x34, (0x80000000, 0x03)), (0x50, (0x80000111, 0x101))])
def test_broadcast_is_refused_as_the_version_has_it(version: int, answer: tuple[int, int]) -> None:
    session = bound(Role.MC, Profile(interface_version=0x50), msgspec.structs.replace(BIND, interface_version=version))
    octets = session.receive(HEADER.pack(16, Command.BROADCAST_SM, 0, 7), 0).octets
    assert HEADER.unpack(octets) == (16, *answer, 7)


# Requests of ours


def test_responses_may_come_out_of_order_and_each_settles_its_request() -> None:
    session = bound(Role.ESME)
    first, second = SubmitSm(short_message=b"1"), SubmitSm(short_message=b"2")
    numbers = [session.send(pdu, 0).sequence_number for pdu in (first, second)]
    assert numbers == [2, 3]
    output = session.receive(encode(SubmitSmResp(3, message_id="b")) + encode(GenericNack(2, 3)), 0)
    assert output.events == (
        Settled(second, 3, Ending.ANSWERED, SubmitSmResp(3, message_id="b")),
        Settled(first, 2, Ending.ANSWERED, GenericNack(2, 3)),
    )
    assert isinstance(one(session.receive(encode(SubmitSmResp(3, message_id="b")), 0), Unexpected), Unexpected)


def test_a_response_of_another_command_settles_nothing() -> None:
    session = bound(Role.ESME)
    session.send(SubmitSm(), 0)
    assert session.receive(encode(EnquireLinkResp(2)), 0).events == (Unexpected(EnquireLinkResp(2)),)
    assert session.room == 9


def test_an_unreadable_response_settles_its_request_as_unknown() -> None:
    session = bound(Role.ESME, Profile(reading=STRICT))
    session.send(SubmitSm(), 0)
    output = session.receive(HEADER.pack(17, SubmitSmResp.command_id, 0, 2) + b"a", 0)
    assert output.octets == b""
    assert one(output, Settled) == Settled(SubmitSm(), 2, Ending.UNREADABLE)
    assert isinstance(one(output, Flawed), Flawed)
    assert session.state is State.BOUND_TRX


@pytest.mark.parametrize("carrier", [tlv.MESSAGE_PAYLOAD.make(b"long"), tlv.SAR_MSG_REF_NUM.make(7)])
def test_a_text_that_a_peer_without_tlvs_would_not_get_is_not_sent_without_them(carrier: Tlv) -> None:
    session = bound(Role.ESME, Profile(interface_version=0x33), BindTransmitter(interface_version=0x33))
    with pytest.raises(ValueNotAllowedError, match=r"a peer of SMPP 3\.3 takes no"):
        session.send(SubmitSm(tlvs=(tlv.USER_MESSAGE_REFERENCE.make(1), carrier)), 0)
    assert session.room == 10
    assert sent(session.send(SubmitSm(tlvs=(tlv.USER_MESSAGE_REFERENCE.make(1),)), 0))[0].tlvs == ()


def test_the_window_holds() -> None:
    session = bound(Role.ESME, Profile(window=2))
    session.send(SubmitSm(), 0)
    session.send(SubmitSm(), 0)
    assert session.room == 0
    with pytest.raises(OutOfTurnError, match="2 requests wait"):
        session.send(SubmitSm(), 0)
    session.receive(encode(SubmitSmResp(2)), 0)
    assert session.room == 1
    assert sent(session.send(Unbind(), 0)) == [Unbind(4)]


def test_numbers_go_round_and_leave_out_what_waits() -> None:
    session = bound(Role.ESME)
    session._sequence_number = 0x7FFFFFFE
    assert [session.send(SubmitSm(), 0).sequence_number for _ in range(2)] == [0x7FFFFFFF, 1]
    session._sequence_number = 0x7FFFFFFE
    assert session.send(SubmitSm(), 0).sequence_number == 2


def test_what_cannot_be_written_changes_nothing() -> None:
    session = bound(Role.ESME)
    with pytest.raises(ValueNotAllowedError):
        session.send(SubmitSm(short_message=b"x" * 300), 0)
    assert session.send(SubmitSm(), 0).sequence_number == 2
    assert session.room == 9


@pytest.mark.parametrize(
    ("role", "bind", "pdu"),
    [
        (Role.ESME, BindReceiver(interface_version=0x34), SubmitSm()),
        (Role.ESME, BIND, DeliverSm()),
        (Role.ESME, BIND, BIND),
        (Role.MC, BindTransmitter(interface_version=0x34), DeliverSm()),
        (Role.MC, BIND, SubmitSm()),
        (Role.MC, BIND, Outbind()),
    ],
)
def test_what_is_out_of_turn_is_refused_at_both_ends(role: Role, bind: Pdu, pdu: Pdu) -> None:
    with pytest.raises(OutOfTurnError, match="cannot be sent in state bound"):
        bound(role, bind=bind).send(pdu, 0)
    peer = bound(role.peer, bind=bind)
    output = peer.receive(encode(pdu, 9), 0)
    assert isinstance(one(output, Flawed), Flawed)
    if not isinstance(pdu, Outbind):
        expected = status.RALYBND if pdu is BIND else status.RINVBNDSTS
        assert sent(output) == [response_to(msgspec.structs.replace(pdu, sequence_number=9), expected)]


def test_outbind_and_alert_notification_are_not_answered() -> None:
    session = Session(Role.MC, Profile(), 0)
    session.send(Outbind(system_id="h"), 0)
    assert Session(Role.ESME, Profile(), 0).receive(encode(Outbind(1, system_id="h")), 0).events == (Received(Outbind(1, system_id="h")),)
    esme = bound(Role.ESME)
    assert esme.receive(encode(AlertNotification(4)), 0) == Output(events=(Received(AlertNotification(4)),))
    mc = bound(Role.MC)
    mc.send(AlertNotification(), 0)
    assert mc.room == 10


# Requests of the peer


def test_a_request_is_answered_once() -> None:
    session = bound(Role.MC)
    assert session.receive(encode(SubmitSm(), 5), 0).events == (Received(SubmitSm(5)),)
    assert sent(session.send(SubmitSmResp(5, message_id="1"), 0)) == [SubmitSmResp(5, message_id="1")]
    with pytest.raises(OutOfTurnError, match="answers no request"):
        session.send(SubmitSmResp(5, message_id="1"), 0)


def test_of_answers_given_together_all_go_or_none() -> None:
    session = bound(Role.MC)
    session.receive(encode(SubmitSm(), 5) + encode(SubmitSm(), 6), 0)
    with pytest.raises(OutOfTurnError, match="sequence 7"):
        session.answer_all([SubmitSmResp(5, message_id="1"), SubmitSmResp(7, message_id="3")])
    answers = [SubmitSmResp(5, message_id="1"), SubmitSmResp(6, message_id="2")]
    assert sent(session.answer_all(answers)) == answers


def test_too_many_unanswered_requests_are_throttled_and_unbind_is_not() -> None:
    session = bound(Role.MC, Profile(owed=1))
    session.receive(encode(SubmitSm(), 5), 0)
    assert sent(session.receive(encode(SubmitSm(), 6), 0)) == [SubmitSmResp(6, status.RTHROTTLED)]
    assert session.receive(encode(Unbind(7)), 0).events == (Received(Unbind(7)),)


def test_a_number_in_use_is_refused() -> None:
    session = bound(Role.MC)
    session.receive(encode(SubmitSm(), 5), 0)
    assert sent(session.receive(encode(SubmitSm(), 5), 0)) == [SubmitSmResp(5, status.RTHROTTLED)]


def test_enquire_link_is_answered_by_the_session_even_before_the_bind() -> None:
    assert sent(Session(Role.MC, Profile(), 0).receive(encode(EnquireLink(3)), 0)) == [EnquireLinkResp(3)]


def test_garbage_is_nacked_and_the_session_goes_on() -> None:
    session = bound(Role.MC)
    output = session.receive(HEADER.pack(16, 0x999, 0, 3) + encode(EnquireLink(4)), 0)
    assert sent(output) == [GenericNack(3, status.RINVCMDID), EnquireLinkResp(4)]
    assert session.state is State.BOUND_TRX


def test_a_length_that_cannot_be_ends_it() -> None:
    session = bound(Role.ESME)
    session.send(SubmitSm(), 0)
    output = session.receive(b"\xff\xff\xff\xff" + bytes(12), 0)
    assert sent(output) == [GenericNack(0, status.RINVCMDLEN)]
    assert one(output, Settled) == Settled(SubmitSm(), 2, Ending.SESSION_ENDED)
    assert isinstance(output.events[-1], Closed)
    assert session.receive(encode(EnquireLink(1)), 0) == Output()


# The end


def test_unbind_of_ours() -> None:
    session = bound(Role.ESME)
    session.send(SubmitSm(), 0)
    number = session.send(Unbind(), 0).sequence_number
    assert session.room == 0
    with pytest.raises(OutOfTurnError, match="after an unbind"):
        session.send(SubmitSm(), 0)
    assert one(session.receive(encode(SubmitSmResp(2)), 0), Settled) == Settled(SubmitSm(), 2, Ending.ANSWERED, SubmitSmResp(2))
    output = session.receive(encode(UnbindResp(number)) + encode(EnquireLink(9)), 0)
    assert output.events == (Settled(Unbind(), 3, Ending.ANSWERED, UnbindResp(3)), Closed("unbound"))
    assert output.octets == b""
    assert session.state is State.UNBOUND
    assert session.next_timer() is None
    assert session.end("gone") == Output()
    assert session.state is State.CLOSED


def test_unbind_of_the_peer_is_answered_when_the_caller_has_drained() -> None:
    session = bound(Role.MC)
    session.receive(encode(SubmitSm(), 5) + encode(Unbind(6)), 0)
    assert session.room == 0
    session.send(SubmitSmResp(5), 0)
    output = session.send(UnbindResp(6), 0)
    assert sent(output) == [UnbindResp(6)]
    assert output.events == (Closed("the peer unbound"),)
    with pytest.raises(OutOfTurnError):
        session.send(UnbindResp(6), 0)


def test_a_lost_connection_settles_everything_once() -> None:
    session = bound(Role.ESME)
    session.send(SubmitSm(), 0)
    output = session.end("connection reset")
    assert output.events == (Settled(SubmitSm(), 2, Ending.SESSION_ENDED), Closed("connection reset"))
    assert session.end("again") == Output()
    assert session.on_timer(10**9) == Output()


# Time


def test_no_bind_in_time() -> None:
    session = Session(Role.MC, Profile(session_init_ms=5000), 100)
    assert session.next_timer() == 5100
    assert session.on_timer(5099) == Output()
    assert session.on_timer(5100).events == (Closed("no bind within 5000 ms"),)


def test_a_request_without_response_is_settled_and_the_session_goes_on() -> None:
    session = bound(Role.ESME, Profile(response_ms=1000))
    session.send(SubmitSm(), 0)
    session.send(SubmitSm(), 500)
    assert session.next_timer() == 1000
    assert session.on_timer(1000).events == (Settled(SubmitSm(), 2, Ending.TIMED_OUT),)
    assert session.state is State.BOUND_TRX
    late = SubmitSmResp(2, message_id="late")
    assert session.receive(encode(late), 1100).events == (Unexpected(late),)


@pytest.mark.parametrize("pdu", [BIND, Unbind()])
def test_a_bind_or_unbind_without_response_ends_it(pdu: Pdu) -> None:
    session = Session(Role.ESME, Profile(response_ms=1000), 0) if pdu is BIND else bound(Role.ESME, Profile(response_ms=1000))
    session.send(pdu, 0)
    output = session.on_timer(1000)
    assert one(output, Settled).ending is Ending.TIMED_OUT  # type: ignore[union-attr]
    assert isinstance(output.events[-1], Closed)


def test_a_silent_peer_is_asked_and_then_left() -> None:
    session = bound(Role.MC, Profile(enquire_link_ms=1000, response_ms=500, inactivity_ms=0))
    assert session.next_timer() == 1000
    assert sent(session.on_timer(1000)) == [EnquireLink(1)]
    assert session.room == 10
    assert session.receive(encode(EnquireLinkResp(1)), 1200) == Output()
    assert session.next_timer() == 2200
    assert sent(session.on_timer(2200)) == [EnquireLink(2)]
    assert session.next_timer() == 2700
    assert session.on_timer(2700).events == (Closed("the peer did not answer enquire_link within 500 ms"),)


def test_any_pdu_shows_that_the_peer_lives() -> None:
    """SMPP 5.0 4.1.2: an enquire_link may be answered by any valid PDU."""
    session = bound(Role.MC, Profile(enquire_link_ms=1000, response_ms=500, inactivity_ms=0))
    session.on_timer(1000)
    session.receive(encode(SubmitSm(), 5), 1100)
    assert session.on_timer(1500) == Output()
    assert session.state is State.BOUND_TRX
    assert session.next_timer() == 2100


def test_a_peer_that_talks_is_not_asked() -> None:
    session = bound(Role.MC, Profile(enquire_link_ms=1000))
    session.receive(encode(SubmitSm(), 5), 900)
    assert session.on_timer(1000) == Output()
    assert session.next_timer() == 1900


def test_inactivity_ends_it() -> None:
    session = bound(Role.MC, Profile(enquire_link_ms=0, inactivity_ms=1000))
    assert session.on_timer(1000).events == (Closed("the peer was silent for 1000 ms"),)


def test_without_timers_nothing_is_due() -> None:
    session = bound(Role.ESME, Profile(session_init_ms=0, enquire_link_ms=0, inactivity_ms=0, response_ms=0))
    session.send(SubmitSm(), 0)
    assert session.next_timer() is None
    assert session.on_timer(10**9) == Output()


def test_who_may_send_what() -> None:
    assert may_send(Role.MC, Command.DATA_SM, State.BOUND_RX)
    assert not may_send(Role.ESME, Command.DATA_SM, State.BOUND_RX)
    assert not may_send(Role.ESME, Command.BROADCAST_SM, State.BOUND_TRX)
