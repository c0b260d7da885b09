"""The SMPP link: the link contract (`model/link.py`) over one or several binds as an ESME.

Theory of operation. A segment goes out on the bind with the most room; its answer comes back by the bind's session, which settles each
request once, also when the connection dies. The link keeps nothing else: no retries, no receipts. Whatever the peer sends is a task
that awaits the listener; the response goes out when that has returned, after the commit. One that takes longer than ANSWER_S is answered
"not ready", so that the peer comes again, and what was kept meanwhile is told to the listener as an answer that was lost.
The rate is a bucket of tokens: `room` is what both windows and tokens allow.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any

from heliograph import log
from heliograph.clock import Clock
from heliograph.links.smpp.address import Addresses
from heliograph.links.smpp.answers import Outcomes, Refusals
from heliograph.links.smpp.bind import KIND_OF, Bind, Done, connection_of
from heliograph.links.smpp.connect import NotConnectedError, listen
from heliograph.links.smpp.incoming import Heard, Reader, as_written
from heliograph.links.smpp.outbind import Door
from heliograph.links.smpp.outgoing import Writer
from heliograph.links.smpp.pace import Pace
from heliograph.links.smpp.settings import BindType, SmppSettings
from heliograph.links.smpp.trace import Tracer
from heliograph.metrics import Metrics
from heliograph.model.link import Accepted, Answer, ErrorClass, Inbound, LinkListener, LinkOutcome, LinkProfile, Outgoing, Refused, Taken
from heliograph.smpp import status, tlv
from heliograph.smpp.aio import Connection, Timers
from heliograph.smpp.errors import TimeError, ValueNotAllowedError
from heliograph.smpp.event import Settled
from heliograph.smpp.pdu import AlertNotification, CancelSm, DataSm, DeliverSm, Pdu, response_to
from heliograph.smpp.session import OutOfTurnError

ANSWER_S = 4.0
"""Centres wait 5 s for the answer to a deliver_sm (OsmoMSC)."""
LISTEN_AGAIN_S = 30.0
AVAILABLE = (0, None)
UNKNOWN_ID = (status.RINVMSGID, status.RCANCELFAIL)
UP = "up"

_log = log.get("links.smpp")


class SmppLink:
    """A `model.link.Link`. `tracer`: watches its connections, while there is one."""

    def __init__(self, profile: LinkProfile, settings: SmppSettings, listener: LinkListener, clock: Clock, metrics: Metrics) -> None:
        self.settings = settings
        self.timers = Timers(clock)
        self._profile = profile
        self._listener = listener
        self._clock = clock
        addresses = Addresses(settings, profile)
        self._writer = Writer(settings, addresses)
        self._reader = Reader(settings, profile, addresses)
        self._addresses = addresses
        self._outcomes = Outcomes(settings, addresses)
        self._refusals = Refusals(settings)
        self._pace = Pace(settings.rate, clock)
        kinds = KIND_OF[settings.bind_type]
        self.binds = [
            Bind(kind, settings, clock, self.timers, self, f"{number}{'' if len(kinds) == 1 else kind.__name__[4:].lower()}")
            for number in range(1, settings.binds + 1)
            for kind in kinds
        ]
        self._flaws = metrics.counter("smpp_flaws", "PDUs of SMPP peers that were wrong or answered nothing.", link=profile.name)
        self._under_way = 0
        self._starved = True
        self._waits_for_token = False
        self._said = ""
        self._stopping = asyncio.Event()
        self._quiet = asyncio.Event()
        self._ended = asyncio.Event()
        self._running = False
        self.listens_on = 0
        self.tracer: Tracer | None = None
        self._tasks: asyncio.TaskGroup | None = None
        self._telling: set[asyncio.Task[None]] = set()

    # the contract

    def room(self) -> int:
        room = self._room()
        self._starved = self._starved or room == 0
        return room

    def send(self, outgoing: Outgoing, done: Done) -> None:
        bind = max(self.binds, key=_room_of) if len(self.binds) > 1 else self.binds[0]
        if self._stopping.is_set() or bind.room <= 0 or not self._pace.take():
            raise RuntimeError("more was sent than the link has room for")
        self._under_way += 1
        try:
            bind.send(self._writer.pdu(outgoing, self._clock.now_ms()), done)
        except (ValueNotAllowedError, TimeError) as error:
            refused = Refused(ErrorClass.PERMANENT, str(error))
            asyncio.get_running_loop().call_soon(self._finish, done, refused)
        self._starved = self._starved or bind.room <= 0

    async def run(self) -> None:
        self._running = True
        try:
            async with asyncio.TaskGroup() as self._tasks:
                ticking = self._tasks.create_task(self.timers.run())
                await self._serve()
                ticking.cancel()
        finally:
            self._tasks = None
            self._ended.set()

    async def stop(self, grace_s: float) -> None:
        until = self._clock.monotonic() + grace_s
        self._stopping.set()
        if not self._is_quiet():
            await self._clock.wait(self._quiet, grace_s)
        remaining_s = max(0.0, until - self._clock.monotonic())
        async with asyncio.TaskGroup() as tasks:
            for bind in self.binds:
                tasks.create_task(bind.stop(remaining_s))
        for task in self._telling:
            task.cancel()
        if self._running:
            await self._ended.wait()

    # what its binds tell (bind.Switchboard)

    def settled(self, done: Done, settled: Settled) -> None:
        outcome = self._outcomes.of(settled)
        if isinstance(outcome, Refused) and outcome.error_class is ErrorClass.FAULT:
            self._say("fault", f"the network refuses what we send: {outcome.reason}")
        elif self._said != UP and isinstance(outcome, Accepted):
            self._tell_state("")
        self._finish(done, outcome)

    def heard(self, connection: Connection, pdus: list[Pdu]) -> None:
        receipts: list[Heard] = []
        for pdu in pdus:
            match pdu:
                case DeliverSm() | DataSm() if self._reader.is_receipt(pdu):
                    receipts.append(pdu)
                case DeliverSm() | DataSm():
                    self._tell(self._hear(connection, pdu))
                case AlertNotification():
                    if tlv.MS_AVAILABILITY_STATUS.find(pdu.tlvs) in AVAILABLE:
                        number = self._addresses.number(pdu.source_addr, pdu.source_addr_ton, pdu.source_addr_npi, is_source=True)
                        self._tell(self._listener.reachable(number))
                case _:
                    connection.send(response_to(pdu, status.RINVCMDID))
        if receipts:
            self._tell(self._hear_receipts(connection, receipts))

    def bound(self, bind: Bind) -> None:
        _log.info("bound", link=self._profile.name, bind=bind.name, as_=bind.kind.__name__)
        self._tell_state("")

    def lost(self, bind: Bind, reason: str, *, is_fault: bool) -> None:
        _log.info("no bind", link=self._profile.name, bind=bind.name, reason=reason)
        if self._stopping.is_set():
            return
        self._starved = True
        self._tell_state(reason, is_fault=is_fault)

    def room_changed(self) -> None:
        if self._starved and self._room() > 0:
            self._starved = False
            self._listener.room_changed()

    def flawed(self, what: str) -> None:
        self._flaws.add()
        _log.warning("the peer sent what it should not", link=self._profile.name, what=what)

    def watch(self, bind: Bind, connection: Connection) -> None:
        if self.tracer is not None:
            self.tracer.watch(bind.name, connection)

    # what the operator asks

    async def cancel(self, taken: Taken) -> bool:
        """Ask by cancel_sm, on any bind (`model.link.Canceller`), for the id in each way in which the peer may have written it."""
        for message_id in as_written(taken.ref, self.settings.id_in_response):
            answered = await self._cancel(message_id, taken)
            if answered not in UNKNOWN_ID:
                return answered == status.ROK
        return False

    async def _cancel(self, message_id: str, taken: Taken) -> int | None:
        """The command_status of the answer, None where there is none."""
        sender, device = self._addresses.source(taken.source, taken.source_type), self._addresses.destination(taken.destination)
        answer: asyncio.Future[Settled] = asyncio.get_running_loop().create_future()
        pdu = CancelSm(
            service_type=self.settings.service_type,
            message_id=message_id,
            source_addr_ton=sender.ton,
            source_addr_npi=sender.npi,
            source_addr=sender.text,
            dest_addr_ton=device.ton,
            dest_addr_npi=device.npi,
            destination_addr=device.text,
        )
        try:
            max(self.binds, key=_room_of).ask(pdu, answer.set_result)
        except (OutOfTurnError, ValueNotAllowedError):
            return None
        response = (await answer).response
        return None if response is None else response.command_status

    def trace(self, *, on: bool) -> None:
        """Begin to note all PDUs, or end it."""
        if on is (self.tracer is not None):
            return
        self.tracer = Tracer(self._clock.now_ms) if on else None
        for bind in self.binds:
            if bind.connection is not None:
                bind.connection.trace = None
                self.watch(bind, bind.connection)

    # its state

    def _tell_state(self, reason: str, *, is_fault: bool = False) -> None:
        """Up, while there is a bind for each direction that the link has."""
        wanted = self.settings.bind_type
        can_send = wanted is BindType.RX or any(bind.transmits for bind in self.binds)
        can_hear = wanted is BindType.TX or any(bind.receives for bind in self.binds)
        is_up = can_send and can_hear
        if is_up:
            if self._said != UP:
                self._said = UP
                self._listener.up()
            self.room_changed()
        elif reason:
            self._say("fault" if is_fault else "down", reason)

    def _say(self, state: str, reason: str) -> None:
        """Tell the listener, unless it is what was told last."""
        if self._said != (said := f"{state}: {reason}"):
            self._said = said
            (self._listener.fault if state == "fault" else self._listener.down)(reason)

    # the way of a segment

    def _finish(self, done: Done, outcome: LinkOutcome) -> None:
        self._under_way -= 1
        done(outcome)
        if self._stopping.is_set():
            self._tell_quiet()

    def _room(self) -> int:
        if self._stopping.is_set():
            return 0
        room = sum([bind.room for bind in self.binds])
        if room and (tokens := self._pace.tokens()) is not None and tokens < room:
            if tokens <= 0 and not self._waits_for_token:
                self._waits_for_token = True
                self.timers.at(self.timers.now_ms() + self._pace.wait_ms(), self._token_there)
            return max(0, tokens)
        return room

    def _token_there(self) -> None:
        self._waits_for_token = False
        self.room_changed()

    def _is_quiet(self) -> bool:
        return not self._under_way and not self._telling

    def _tell_quiet(self) -> None:
        if self._stopping.is_set() and self._is_quiet():
            self._quiet.set()

    # what the peer sends

    async def _hear_receipts(self, connection: Connection, pdus: list[Heard]) -> None:
        now_ms = self._clock.now_ms()
        receipts = [self._reader.receipt(pdu, now_ms) for pdu in pdus]
        await self._answered_in_time(connection, pdus, self._listener.receipts(receipts))

    async def _hear(self, connection: Connection, pdu: Heard) -> None:
        parts = self._reader.inbound(pdu, self._clock.now_ms())
        if not parts:
            self._respond(connection, [pdu], [status.RX_P_APPN])  # nothing to keep, so nothing to acknowledge; it is not to come again
            return
        answer = await self._answered_in_time(connection, [pdu], self._take_in(parts))
        if answer is not None:
            for part in parts:
                await self._listener.answer_lost(part, answer)

    async def _take_in(self, parts: list[Inbound]) -> list[Answer]:
        """All parts of one PDU; the first refusal counts."""
        answer = Answer()
        for part in parts:
            answer = await self._listener.inbound(part)
            if answer.refused is not None:
                break
        return [answer]

    async def _answered_in_time(
        self, connection: Connection, pdus: list[Heard], telling: Coroutine[Any, Any, list[Answer]]
    ) -> Answer | None:
        """Answer what came together when it is kept, or that we are not ready. The last answer, where the peer does not get it."""
        wake = self.timers.at(
            self.timers.now_ms() + round(ANSWER_S * 1000),
            lambda: self._respond(connection, pdus, [self._refusals.not_ready] * len(pdus)),
        )
        try:
            answers = await telling
        finally:
            wake.cancel()
        is_told = self._respond(connection, pdus, [self._refusals.status_of(answer) for answer in answers])
        return None if is_told else answers[-1]

    @staticmethod
    def _respond(connection: Connection, pdus: list[Heard], statuses: list[int]) -> bool:
        """Answer; False where all was answered before, or nobody is there any more."""
        try:
            connection.answer_all([response_to(pdu, command_status) for pdu, command_status in zip(pdus, statuses, strict=True)])
        except OutOfTurnError:
            return False
        return True

    def _tell(self, call: Coroutine[Any, Any, None]) -> None:
        if self._tasks is None:
            call.close()
            return
        task = self._tasks.create_task(call)
        self._telling.add(task)
        task.add_done_callback(self._told)

    def _told(self, task: asyncio.Task[None]) -> None:
        self._telling.discard(task)
        if task.cancelled() or task.exception() is not None:
            self._tasks = None  # its group ends, and takes no more
        self._tell_quiet()

    # its connections

    async def _serve(self) -> None:
        if self.settings.outbind_listen is not None:
            await self._await_outbinds(self.settings.outbind_listen)
            return
        async with asyncio.TaskGroup() as binds:
            for bind in self.binds:
                binds.create_task(bind.run())

    async def _await_outbinds(self, address: str) -> None:
        door = Door(self.settings, lambda owner: connection_of(self.settings, owner, self.timers), self._adopt, self._refuse)
        while not self._stopping.is_set():
            try:
                server = await listen(address, door.connection)
            except NotConnectedError as error:
                self._tell_state(str(error))
                await self._clock.wait(self._stopping, LISTEN_AGAIN_S)
                continue
            self.listens_on = server.sockets[0].getsockname()[1]
            self._tell_state(f"waits for an outbind on {address}")
            await self._stopping.wait()
            server.close()
            door.close()

    def _adopt(self, connection: Connection) -> None:
        """A peer that came to us: for a bind that is free, else for the first, whose old connection is given up."""
        next((each for each in self.binds if each.is_free), self.binds[0]).adopt(connection)

    def _refuse(self, peer: str) -> None:
        """Say that a peer came whose names are others; in the state without its address, so that a stranger makes one event of it."""
        what = "an outbind has another system_id or password than outbind_system_id and outbind_password say"
        self.flawed(f"{what}, from {peer}")
        self._tell_state(what)


def _room_of(bind: Bind) -> int:
    return bind.room
