"""One connection of an application, from its bind to its end: what it asks for is answered here. Rules are the services'.

Theory of operation. What one read brings is told at once (`told`). Its submits become one item of the database's next batch, so that a
thousand of them cost one commit and one callback, and their answers leave in one write; nothing else of a submit waits or is a task. What
is asked seldom (bind, query, cancel, replace) is a task of the server's. Whoever wants more than its window or its rate is told so
(RTHROTTLED) without any work for it, and who goes on nevertheless is read little by little (`excess`), or a peer that floods us would cost
the others their time. An unbind is answered when all else is.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from itertools import count
from typing import Any, Final

from heliograph.model.esme import Asked
from heliograph.model.ids import DeviceId
from heliograph.model.problem import Code, Problem
from heliograph.service.submit import Submission, prepare
from heliograph.service.submit_to import Accepted, ToNumber, accept_to
from heliograph.smpp import status, tlv
from heliograph.smpp.aio import Connection
from heliograph.smpp.command import NEVER_ANSWERED
from heliograph.smpp.event import Bound, Closed, Event, Flawed, Received, Settled
from heliograph.smpp.pdu import (
    Bind,
    BindReceiver,
    BindReceiverResp,
    BindResp,
    BindTransceiver,
    BindTransceiverResp,
    BindTransmitter,
    BindTransmitterResp,
    CancelSm,
    DataSm,
    DataSmResp,
    Pdu,
    QuerySm,
    ReplaceSm,
    SubmitMulti,
    SubmitSm,
    SubmitSmResp,
    Unbind,
    response_to,
)
from heliograph.smpp.tlv import Tlv
from heliograph.smpp.value import VERSION_33, VERSION_50
from heliograph.smppd import requests
from heliograph.smppd.account import Account
from heliograph.smppd.drafts import Refused, Submit, draft_of, number_of
from heliograph.smppd.excess import Excess
from heliograph.smppd.house import House
from heliograph.smppd.multi import Destination, destinations_of, multi_response
from heliograph.smppd.refusals import Refusals
from heliograph.smppd.status import status_of
from heliograph.store.database import DatabaseLost

_groups = count(1)
LONGEST_WORDS: Final = 255
LOST: Final = Problem(Code.UNAVAILABLE, "the database does not answer: it is not known whether it was done")
CONGESTED: Final = 100
"""congestion_state 100: more is refused (SMPP 5.0 4.8.4.18)."""


class _Asking:
    """A submit that waits for its answer; `destinations` of a submit_multi."""

    __slots__ = ("destinations", "pdu")

    def __init__(self, pdu: Submit, destinations: list[Destination] | None = None) -> None:
        self.pdu = pdu
        self.destinations = destinations


class Esme:
    """`account` once it is bound. `session_id`: of its row in the database. `submits`, `delivers`: how many were answered, its and ours;
    `pending`: requests of it that are not."""

    def __init__(self, house: House, connection: Connection, *, tls: bool) -> None:
        self.house = house
        self.connection = connection
        self.tls = tls
        self.account: Account | None = None
        self.session_id: int | None = None
        self.bind = ""
        self.submits = 0
        self.delivers = 0
        self.pending = 0
        self._excess = Excess()
        self._refusals = Refusals(house.register, self)
        self._unbind: Unbind | None = None
        self._is_leaving = False
        self._has_unbound = False  # what crosses our unbind is not kept: Kannel reads no answer behind an unbind, and sends that again

    @property
    def address(self) -> str:
        """Where it comes from, without the port."""
        peername = self.connection.get_extra_info("peername")
        return str(peername[0]) if isinstance(peername, tuple) else ""

    @property
    def receives(self) -> bool:
        """Whether it is bound so that it can be told something."""
        return self.bind in ("receiver", "transceiver")

    @property
    def version(self) -> int:
        return self.connection.session.version

    # what the connection tells

    def told(self, events: Sequence[Event]) -> None:
        """What happened, in order."""
        asked: list[_Asking] = []
        wanted: list[ToNumber] = []
        for event in events:
            if isinstance(event, Received):
                pdu = event.pdu
                if isinstance(pdu, _SUBMITS):
                    self._submit(pdu, asked, wanted)
                else:
                    self._ask(pdu)
            elif isinstance(event, Settled):
                self.delivers += 1
                self.house.settled(self, event)
            elif isinstance(event, Bound):
                self.house.bound(self)
            elif isinstance(event, Flawed):
                self._refusals.flawed(event.error)
            elif isinstance(event, Closed):
                self._refusals.told(event.reason)
                self.house.left(self)
        if asked:
            self._accept(asked, wanted)
        if asked or self._excess.throttled:
            self._pace(len(asked))

    def _pace(self, taken: int) -> None:
        """Read a peer that wants too much as slowly as it is due."""
        pause_ms = self._excess.pause_ms(taken, has_more=self.connection.has_more)
        self.connection.slice_octets = self._excess.slice_octets
        if pause_ms and not self.connection.is_over:
            self.connection.pause_reading()
            self.house.later(self, pause_ms, self._read_on)

    def _read_on(self) -> None:
        if not self._is_leaving:
            self.connection.resume_reading()

    # submits

    def _submit(self, pdu: Submit, asked: list[_Asking], wanted: list[ToNumber]) -> None:
        """Have a submit among what this read asks for, or refuse it here."""
        account = self.account
        assert account is not None, "the session takes no submit before the bind"
        messages = len(pdu.dest_address) if isinstance(pdu, SubmitMulti) else 1
        if self._has_unbound or self.pending >= account.settings.window or not account.take(messages):
            self._throttle(pdu)
            return
        try:
            self._want(account, pdu, asked, wanted)
        except Refused as refused:
            self._decline(pdu, refused)
        except Problem as problem:
            self._refuse(pdu, problem)

    def _want(self, account: Account, pdu: Submit, asked: list[_Asking], wanted: list[ToNumber]) -> None:
        core = self.house.core
        many = destinations_of(pdu) if isinstance(pdu, SubmitMulti) else None
        draft, encoded = draft_of(pdu, account.coder, core.clock.now_ms())
        submission = prepare(core, account.actor, NO_DEVICE, draft, encoded=encoded)
        if isinstance(pdu, SubmitMulti):
            group = next(_groups)
            wanted += [self._to_number(account, pdu, submission, each, group) for each in many or ()]
        else:
            one = Destination(pdu.dest_addr_ton, pdu.dest_addr_npi, pdu.destination_addr)
            wanted.append(self._to_number(account, pdu, submission, one, None))
        self.pending += 1
        asked.append(_Asking(pdu, many))

    def _to_number(self, account: Account, pdu: Submit, submission: Submission, destination: Destination, group: int | None) -> ToNumber:
        number, by_imsi = number_of(*destination)
        asked = Asked(
            account.system_id, pdu.registered_delivery, pdu.source_addr, pdu.source_addr_ton, pdu.source_addr_npi,
            destination.address, destination.ton, destination.npi, pdu.service_type,
            tlv.USER_MESSAGE_REFERENCE.find(pdu.tlvs) if pdu.tlvs else None, None, self.version <= VERSION_33,
        )  # fmt: skip
        return ToNumber(submission, asked, number, account.policy_id, by_imsi, group)

    def _accept(self, asked: list[_Asking], wanted: list[ToNumber]) -> None:
        """Hand over what one read asked for as one item; all of it is answered after its commit."""
        try:
            future = self.house.core.database.write_item(accept_to, wanted, overtakes=True, messages=len(wanted))
        except DatabaseLost:  # it is closing
            self._tell(asked, None)
            return
        future.add_done_callback(lambda done: self.house.guard(self, self._accepted, asked, done))

    def _accepted(self, asked: list[_Asking], done: "asyncio.Future[list[Accepted]]") -> None:
        error = done.exception()
        if error is not None and not isinstance(error, DatabaseLost):
            raise error
        self._tell(asked, None if error is not None else done.result())

    def _tell(self, asked: list[_Asking], answers: Sequence[Accepted] | None) -> None:
        """Answer what was asked, in one write; `answers` None: nobody knows whether it was kept."""
        responses = []
        at = 0
        for asking in asked:
            many = 1 if asking.destinations is None else len(asking.destinations)
            if answers is None:
                self._refusals.note(asking.pdu, LOST, status.RSYSERR)
                responses.append(self._refusal(asking.pdu, status.RSYSERR, LOST.text))
            else:
                responses.append(self._response(asking, answers[at : at + many]))
            at += many
        for response in responses:
            self.house.answers[response.command_status != 0].add()
        self.submits += len(asked)
        if not self.connection.is_over:
            self.connection.answer_all(responses)
        self._answered(len(asked))

    def _response(self, asking: _Asking, answers: Sequence[Accepted]) -> Pdu:
        pdu = asking.pdu
        if isinstance(pdu, SubmitMulti):
            assert asking.destinations is not None
            return multi_response(
                pdu, asking.destinations, answers, self.id_text, lambda problem: self._status(problem, pdu), self._congestion()
            )
        (answer,) = answers
        if isinstance(answer, int):
            response = SubmitSmResp if isinstance(pdu, SubmitSm) else DataSmResp
            return response(pdu.sequence_number, 0, self._congestion(), self.id_text(answer))
        if isinstance(answer, Problem):
            return self._refusal(pdu, self._status(answer, pdu), answer.text)
        raise answer

    def id_text(self, message_id: int) -> str:
        """A message's id as the peer's version has it: decimal, or eight hex digits up to 3.3."""
        return f"{message_id:08X}" if self.version <= VERSION_33 else str(message_id)

    # all else

    def _ask(self, pdu: Pdu) -> None:
        match pdu:
            case BindTransceiver() | BindReceiver() | BindTransmitter():
                self.house.spawn(self, self._bind(pdu))
            case Unbind():
                self._unbind = pdu
                self._answered(0)
            case QuerySm():
                self._spawn(pdu, requests.query)
            case CancelSm():
                self._spawn(pdu, requests.cancel)
            case ReplaceSm():
                self._spawn(pdu, requests.replace)
            case _ if pdu.command_id not in NEVER_ANSWERED:  # what 3.3 alone has
                self._answer(pdu, status.RINVCMDID)
            case _:
                pass

    async def _bind(self, pdu: Bind) -> None:
        bind = pdu.name.removeprefix("bind_")
        try:
            account = await self.house.bind(self, pdu.system_id, pdu.password, bind, pdu.interface_version)
        except Problem as problem:
            self._answer(pdu, self._status(problem, pdu))
            return
        except DatabaseLost:
            self._refusals.note(pdu, LOST, status.RSYSERR)
            self._answer(pdu, status.RSYSERR)
            return
        self.account, self.bind, self._refusals.system_id = account, bind, account.system_id
        self._send(_BIND_RESPONSES[type(pdu)](pdu.sequence_number, system_id=OUR_NAME))

    def _spawn(self, pdu: Pdu, answer: Callable[["Esme", Any], Coroutine[Any, Any, Pdu]]) -> None:
        """Have a request answered by a task; it counts in the window."""
        account = self.account
        assert account is not None
        if self.pending >= account.settings.window:
            self._throttle(pdu)
            return
        self.pending += 1
        self.house.spawn(self, self._answered_by(pdu, answer))

    async def _answered_by(self, pdu: Pdu, answer: Callable[["Esme", Any], Coroutine[Any, Any, Pdu]]) -> None:
        try:
            self._send(await answer(self, pdu))
        except Refused as refused:
            self._decline(pdu, refused)
        except Problem as problem:
            self._refuse(pdu, problem)
        except DatabaseLost:
            self._refusals.note(pdu, LOST, status.RSYSERR)
            self._answer(pdu, status.RSYSERR)
        finally:
            self._answered(1)

    # the end

    def stop(self) -> None:
        """Take nothing more, answer what was asked, then unbind; one that is not bound may go at once."""
        if self.account is None:
            self.connection.close("the server stops")
            return
        self._is_leaving = True
        self.connection.pause_reading()
        self._answered(0)

    def _answered(self, many: int) -> None:
        """So many requests have their answers; after the last of them an unbind has its turn, the peer's or ours."""
        self.pending -= many
        if self.pending or self.connection.is_over:
            return
        if self._unbind is not None:
            self._send(response_to(self._unbind))
            self._unbind = None
        elif self._is_leaving:
            self._is_leaving, self._has_unbound = False, True
            self.connection.resume_reading()
            self.connection.send(Unbind())

    # answers

    def _throttle(self, pdu: Pdu) -> None:
        self._excess.throttled += 1
        self._refusals.note(pdu, status.RTHROTTLED, status.RTHROTTLED)
        self._answer(pdu, status.RTHROTTLED)

    def _decline(self, pdu: Pdu, refused: Refused) -> None:
        self._refusals.note(pdu, refused, refused.command_status)
        self._answer(pdu, refused.command_status, refused.words)

    def _refuse(self, pdu: Pdu, problem: Problem) -> None:
        self._answer(pdu, self._status(problem, pdu), problem.text)

    def _status(self, problem: Problem, pdu: Pdu) -> int:
        """What the peer is told of a rule that refused it; noted for the operator."""
        command_status = status_of(problem, pdu.command_id, self.version)
        self._refusals.note(pdu, problem, command_status)
        return command_status

    def _answer(self, pdu: Pdu, command_status: int, words: str = "") -> None:
        self._send(self._refusal(pdu, command_status, words))

    def _refusal(self, pdu: Pdu, command_status: int, words: str) -> Pdu:
        """A peer of 5.0 is told in words too."""
        tlvs = self._congestion(CONGESTED if command_status == status.RTHROTTLED else None)
        if words and self.version >= VERSION_50:
            tlvs = (*tlvs, tlv.ADDITIONAL_STATUS_INFO_TEXT.make(words.encode("latin-1", "replace").decode("latin-1")[:LONGEST_WORDS]))
        response = response_to(pdu, command_status)
        return type(response)(pdu.sequence_number, command_status, tlvs)

    def _congestion(self, state: int | None = None) -> tuple[Tlv, ...]:
        """How full its window is, for a peer of 5.0: 0 idle to 99; 100 where something was refused for it."""
        if self.version < VERSION_50 or self.account is None:
            return ()
        filled = min(99, self.pending * 100 // self.account.settings.window) if state is None else state
        return (tlv.CONGESTION_STATE.make(filled),)

    def _send(self, response: Pdu) -> None:
        """Answer, if anybody is still there to hear it."""
        if not self.connection.is_over:
            self.connection.send(response)


_SUBMITS: Final = (SubmitSm, DataSm, SubmitMulti)
NO_DEVICE: Final = DeviceId(0)
OUR_NAME: Final = "heliograph"
_BIND_RESPONSES: Final[dict[type[Bind], type[BindResp]]] = {
    BindReceiver: BindReceiverResp,
    BindTransmitter: BindTransmitterResp,
    BindTransceiver: BindTransceiverResp,
}
