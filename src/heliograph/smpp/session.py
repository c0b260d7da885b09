"""An SMPP session, either end, as a state machine: octets and the time in, octets and events out.

Theory of operation. `receive`, `send`, `on_timer` and `end` each return an Output; nothing happens between two calls, and the session
knows no clock: `now_ms` is any clock that never goes back. Requests of ours wait in `_waiting`, in the order of their deadlines, since all
are given the same time; `_settle` is the only door out of it, so that each is settled exactly once: by its response or a generic_nack, by
time, or by the end of the session. Requests of the peer wait in `_owed` until the caller answers them. The session itself answers
enquire_link, what is out of turn (table of state.py) and what cannot be read, and asks with enquire_link when the peer is silent.

A bind, an unbind or an enquire_link without an answer ends the session: after that nobody knows what the peer believes (any PDU answers
an enquire_link). So does a length that cannot be, because nobody knows where the next PDU begins. Everything else that a peer does wrong
costs it an error response.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import msgspec

from heliograph.smpp import status, tlv
from heliograph.smpp.codec import decode, encode
from heliograph.smpp.command import BROADCAST, GENERIC_NACK, MAX_SEQUENCE_NUMBER, NEVER_ANSWERED, RESPONSE_BIT, Command, is_response
from heliograph.smpp.errors import PduError, SmppError, ValueNotAllowedError, unknown_command
from heliograph.smpp.event import Bound, Closed, Ending, Event, Flawed, Output, Received, Settled, Unexpected
from heliograph.smpp.field import TOLERANT, Reading
from heliograph.smpp.frame import MAX_PDU_OCTETS, Framer
from heliograph.smpp.pdu import PDUS, BindReceiver, BindTransceiver, BindTransmitter, EnquireLink, Pdu, response_to
from heliograph.smpp.state import BINDS, BOUND, OVER, Role, State, may_send
from heliograph.smpp.value import VERSION_33, VERSION_34, VERSION_50


class OutOfTurnError(SmppError):
    """The caller sent what this session cannot take now: not in this state, no room in the window, no such request to answer."""


@dataclass(frozen=True, slots=True)
class Profile:
    """How a session behaves. Times in milliseconds, 0 for never; the specification gives none (SMPP 3.4 7.2).

    `window`: requests of ours that may wait for their responses. `owed`: requests of the peer that may wait for ours; what is above is
    answered RTHROTTLED. `session_init_ms`: from the start to the bind. `enquire_link_ms`: silence of the peer after which it is asked.
    `inactivity_ms`: silence after which the session ends. `response_ms`: how long a response may take.
    """

    interface_version: int = VERSION_34
    window: int = 10
    owed: int = 1000
    session_init_ms: int = 10_000
    enquire_link_ms: int = 30_000
    inactivity_ms: int = 180_000
    response_ms: int = 30_000
    reading: Reading = TOLERANT
    max_pdu_octets: int = MAX_PDU_OCTETS


class _Waiting(NamedTuple):
    request: Pdu
    due_at_ms: int


class Session:
    """One end of one connection."""

    def __init__(self, role: Role, profile: Profile, now_ms: int) -> None:
        self.role = role
        self.state = State.OPEN
        self.version = profile.interface_version
        self._profile = profile
        self._framer = Framer(profile.max_pdu_octets)
        self._waiting: dict[int, _Waiting] = {}
        self._owed: dict[tuple[int, int], Pdu] = {}
        self._sequence_number = 0
        self._own: int | None = None
        self._started_at_ms = now_ms
        self._heard_at_ms = now_ms
        self._ending = False
        self._octets: list[bytes] = []
        self._events: list[Event] = []

    @property
    def room(self) -> int:
        """How many messages may be sent now; 0 unless bound, and from an unbind on, whoever sent it."""
        if self._ending or self.state not in BOUND:
            return 0
        room = self._profile.window - len(self._waiting) + (self._own is not None)
        return max(0, room)

    @property
    def is_within_pdu(self) -> bool:
        """Whether a part of a PDU has come and the rest has not."""
        return self._framer.held_octets > 0

    # What comes in

    def receive(self, octets: bytes, now_ms: int) -> Output:
        """Take octets of the peer in any cut; none after the end."""
        if self.state in OVER:
            return Output()
        for frame in self._framer.receive(octets):
            self._heard_at_ms = now_ms
            self._frame(frame)
            if self.state in OVER:
                return self._output()
        if error := self._framer.error:
            self._octets.append(error.answer or b"")
            self._events.append(Flawed(error))
            self._close(f"the stream cannot be followed: {error}")
        return self._output()

    def end(self, reason: str) -> Output:
        """The connection is lost or is given up: everything that waits is settled. The state is closed after that."""
        if self.state not in OVER:
            self._close(reason)
        self.state = State.CLOSED
        return self._output()

    def _frame(self, frame: bytes) -> None:
        try:
            pdu = decode(frame, self._profile.reading)
        except PduError as error:
            self._flawed(error)
            return
        if is_response(pdu.command_id):
            self._response(pdu)
        elif self._is_taken(pdu):
            self._request(pdu)

    def _flawed(self, error: PduError) -> None:
        if error.command_id in BROADCAST and self.version < VERSION_50:
            error = unknown_command(error.command_id, error.sequence_number)
        if answer := error.answer:
            self._octets.append(encode(decode(answer), version=self.version) if error.command_id in PDUS else answer)
        self._events.append(Flawed(error))
        waiting = self._waiting.get(error.sequence_number)
        if waiting and error.command_id == waiting.request.command_id | RESPONSE_BIT:
            self._settle(error.sequence_number, Ending.UNREADABLE)

    def _response(self, pdu: Pdu) -> None:
        waiting = self._waiting.get(pdu.sequence_number)
        if waiting is None or pdu.command_id not in (waiting.request.command_id | RESPONSE_BIT, GENERIC_NACK):
            self._events.append(Unexpected(pdu))
            return
        self._settle(pdu.sequence_number, Ending.ANSWERED, pdu)
        request = waiting.request
        if request.command_id == Command.UNBIND:
            self._close("unbound", State.UNBOUND)
        elif isinstance(request, _BIND_PDUS) and pdu.command_status == 0 and pdu.command_id != GENERIC_NACK:
            self._bound(request, tlv.SC_INTERFACE_VERSION.find(pdu.tlvs) or self.version)

    def _is_taken(self, pdu: Pdu) -> bool:
        """Whether a request is in turn; if not, it is answered here."""
        if pdu.command_id in BINDS and self.role is Role.MC and (self.state in BOUND or self._is_binding()):
            wrong = status.RALYBND
        elif not may_send(self.role.peer, pdu.command_id, self.state):
            wrong = status.RINVBNDSTS
        elif (pdu.command_id, pdu.sequence_number) in self._owed or (pdu.command_id in _MESSAGES and len(self._owed) >= self._profile.owed):
            wrong = status.RTHROTTLED
        else:
            return True
        words = f"{pdu.name} in state {self.state.value}: {status.meaning_of(wrong).words}"
        self._events.append(Flawed(PduError(words, wrong, pdu.command_id, pdu.sequence_number)))
        if pdu.command_id not in NEVER_ANSWERED:
            self._octets.append(encode(response_to(pdu, wrong), version=self.version))
        return False

    def _is_binding(self) -> bool:
        return any(command_id in BINDS for command_id, _ in self._owed)

    def _request(self, pdu: Pdu) -> None:
        if pdu.command_id == Command.ENQUIRE_LINK:
            self._octets.append(encode(response_to(pdu)))
            return
        if pdu.command_id == Command.UNBIND:
            self._ending = True
        if pdu.command_id not in NEVER_ANSWERED:
            self._owed[pdu.command_id, pdu.sequence_number] = pdu
        self._events.append(Received(pdu))

    # What goes out

    def send(self, pdu: Pdu, now_ms: int) -> Output:
        """Send a request, which gets its sequence number here, or the response to a Received. OutOfTurnError where it cannot be now.

        A peer below 3.4 gets no TLVs, one below 5.0 nothing that only 5.0 has. ValueNotAllowedError as `encode`, and where without TLVs
        the peer would not get the text, or not know which part of it this is; nothing is changed then.
        """
        if is_response(pdu.command_id):
            self._answer(pdu, self._owed_to(pdu))
            return self._output()
        if not may_send(self.role, pdu.command_id, self.state) or self._ending:
            raise OutOfTurnError(f"{pdu.name} cannot be sent in state {self.state.value}{', after an unbind' if self._ending else ''}")
        if self.state in BOUND and pdu.command_id != Command.UNBIND and not self.room:
            raise OutOfTurnError(f"{self._profile.window} requests wait for their responses: wait for one to settle")
        if pdu.command_id in BINDS and self._waiting:
            raise OutOfTurnError("a bind waits for its response")
        number = self._send(pdu, now_ms)
        self._ending = pdu.command_id == Command.UNBIND
        return self._output(number)

    def answer_all(self, responses: Sequence[Pdu]) -> Output:
        """Send the responses to several Received, as `send` does each. OutOfTurnError where one answers nothing: none is sent then."""
        for pdu, request in [(pdu, self._owed_to(pdu)) for pdu in responses]:
            self._answer(pdu, request)
        return self._output()

    def _send(self, pdu: Pdu, now_ms: int) -> int:
        number = self._next_number()
        if pdu.tlvs and self.version <= VERSION_33 and (lost := _CARRYING.intersection([found.tag for found in pdu.tlvs])):
            raise ValueNotAllowedError(f"{pdu.name}: a peer of SMPP 3.3 takes no {tlv.name_of(min(lost))}: send long messages by header")
        self._octets.append(encode(self._fit(pdu), number))
        self._sequence_number = number
        if pdu.command_id not in NEVER_ANSWERED:
            self._waiting[number] = _Waiting(pdu, now_ms + self._profile.response_ms)
        return number

    def _next_number(self) -> int:
        number = self._sequence_number % MAX_SEQUENCE_NUMBER + 1
        while number in self._waiting:
            number = number % MAX_SEQUENCE_NUMBER + 1
        return number

    def _owed_to(self, response: Pdu) -> Pdu:
        """The request that a response answers. OutOfTurnError where it answers none."""
        request = self._owed.get((response.command_id ^ RESPONSE_BIT, response.sequence_number))
        if request is None or self.state in OVER:
            raise OutOfTurnError(f"{response.name} answers no request that waits, sequence {response.sequence_number}")
        return request

    def _answer(self, pdu: Pdu, request: Pdu) -> None:
        if request.command_id in BINDS:
            self._answer_bind(pdu, request)
            return
        self._write_response(pdu, request, self.version)
        if request.command_id == Command.UNBIND:
            self._close("the peer unbound", State.UNBOUND)

    def _answer_bind(self, pdu: Pdu, request: Pdu) -> None:
        assert isinstance(request, _BIND_PDUS)
        version = request.interface_version
        binds = pdu.command_status == 0
        if binds and version >= VERSION_34 and tlv.SC_INTERFACE_VERSION.find(pdu.tlvs) is None:
            pdu = msgspec.structs.replace(pdu, tlvs=(*pdu.tlvs, tlv.SC_INTERFACE_VERSION.make(self._profile.interface_version)))
        self._write_response(pdu, request, min(version, self.version))
        if binds:
            self._bound(request, version)

    def _write_response(self, pdu: Pdu, request: Pdu, version: int) -> None:
        allowed = status.allowed_for(pdu.command_status, version) if pdu.command_status else 0
        if allowed != pdu.command_status:
            pdu = msgspec.structs.replace(pdu, command_status=allowed)
        self._octets.append(encode(self._fit(pdu, version), version=version))
        del self._owed[request.command_id, request.sequence_number]

    def _fit(self, pdu: Pdu, version: int = 0xFF) -> Pdu:
        if not pdu.tlvs:
            return pdu
        version = min(version, self.version)
        if version >= VERSION_50:
            return pdu
        keep = () if version <= VERSION_33 else tuple([found for found in pdu.tlvs if found.tag not in _TLVS_OF_50])
        return pdu if len(keep) == len(pdu.tlvs) else msgspec.structs.replace(pdu, tlvs=keep)

    # Time

    def next_timer(self) -> int | None:
        """When `on_timer` is to be called, or None. To be asked again after each call."""
        if self.state in OVER:
            return None
        return min((due for due, _ in self._timers()), default=None)

    def on_timer(self, now_ms: int) -> Output:
        """Do what is due by now; calling it early does nothing."""
        while self.state not in OVER and self._waiting:
            number, waiting = next(iter(self._waiting.items()))
            if not self._profile.response_ms or waiting.due_at_ms > now_ms:
                break
            alive = number == self._own and self._heard_at_ms > waiting.due_at_ms - self._profile.response_ms
            self._settle(number, Ending.TIMED_OUT)
            if waiting.request.command_id in _VITAL and not alive:  # any PDU answers an enquire_link (SMPP 5.0 4.1.2)
                self._close(f"the peer did not answer {waiting.request.name} within {self._profile.response_ms} ms")
        for due_at_ms, timer in list(self._timers()):
            if due_at_ms <= now_ms and self.state not in OVER and timer is not _RESPONSE:
                self._timer(timer, now_ms)
        return self._output()

    def _timers(self) -> list[tuple[int, str]]:
        profile = self._profile
        timers = []
        if self._waiting and profile.response_ms:
            timers.append((next(iter(self._waiting.values())).due_at_ms, _RESPONSE))
        if self.state is State.OPEN and profile.session_init_ms:
            timers.append((self._started_at_ms + profile.session_init_ms, _SESSION_INIT))
        if self.state in BOUND and profile.inactivity_ms:
            timers.append((self._heard_at_ms + profile.inactivity_ms, _INACTIVITY))
        if self.state in BOUND and profile.enquire_link_ms and self._own is None and not self._ending:
            timers.append((self._heard_at_ms + profile.enquire_link_ms, _ENQUIRE_LINK))
        return timers

    def _timer(self, timer: str, now_ms: int) -> None:
        if timer is _ENQUIRE_LINK:
            self._own = self._send(EnquireLink(), now_ms)
        elif timer is _SESSION_INIT:
            self._close(f"no bind within {self._profile.session_init_ms} ms")
        else:
            self._close(f"the peer was silent for {self._profile.inactivity_ms} ms")

    # The doors out

    def _settle(self, number: int, ending: Ending, response: Pdu | None = None) -> None:
        waiting = self._waiting.pop(number)
        if number == self._own:
            self._own = None
        else:
            self._events.append(Settled(waiting.request, number, ending, response))

    def _bound(self, bind: Pdu, peer_version: int) -> None:
        self.state = BINDS[bind.command_id]
        self.version = min(self._profile.interface_version, peer_version)
        self._events.append(Bound(self.state, self.version))

    def _close(self, reason: str, state: State = State.CLOSED) -> None:
        for number in list(self._waiting):
            self._settle(number, Ending.SESSION_ENDED)
        self._owed.clear()
        self.state = state
        self._events.append(Closed(reason))

    def _output(self, sequence_number: int = 0) -> Output:
        output = Output(b"".join(self._octets), tuple(self._events), sequence_number)
        self._octets.clear()
        self._events.clear()
        return output


_BIND_PDUS = (BindReceiver, BindTransmitter, BindTransceiver)
_CARRYING = frozenset({tlv.MESSAGE_PAYLOAD.tag, tlv.SAR_MSG_REF_NUM.tag})
"""TLVs without which a message is another."""
_TLVS_OF_50 = frozenset(kind.tag for kind in tlv.KINDS.values() if kind.since >= 5.0)
_RESPONSE, _SESSION_INIT, _INACTIVITY, _ENQUIRE_LINK = "response", "session_init", "inactivity", "enquire_link"
_VITAL = frozenset({*BINDS, int(Command.UNBIND), int(Command.ENQUIRE_LINK)})
"""Requests without whose answer a session is not worth having."""
_MESSAGES = frozenset(PDUS) - NEVER_ANSWERED - {int(Command.UNBIND), int(Command.ENQUIRE_LINK)}
"""Requests that are refused when too many wait for our responses."""
