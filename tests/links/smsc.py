"""A message centre for tests: it listens on loopback, and does what its script says to each PDU.

It speaks by our own session and codec; that others understand these is proved in tests/peers.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

import msgspec

from heliograph.clock import Clock, SystemClock
from heliograph.smpp import status, tlv
from heliograph.smpp.aio import Connection, Timers
from heliograph.smpp.event import Closed, Event, Received, Settled
from heliograph.smpp.pdu import Bind, BindReceiver, BindTransceiver, BindTransmitter, DeliverSm, Outbind, Pdu, SubmitSm, response_to
from heliograph.smpp.session import Profile
from heliograph.smpp.state import BOUND, Role
from tests.smpp.wires import until

PATIENT = Profile(window=10_000, owed=100_000, session_init_ms=0, enquire_link_ms=0, inactivity_ms=0, response_ms=0)


class Smsc:
    """`on_submit` answers a submit_sm: a command_status, a response of its own, or None for no answer yet. Ids count from 1."""

    def __init__(self, clock: Clock | None = None, profile: Profile = PATIENT, tls: ssl.SSLContext | None = None) -> None:
        self.tls = tls
        self.timers = Timers(clock or SystemClock())
        self.profile = profile
        self.connections: list[Connection] = []
        self.binds: list[Bind] = []
        self.submits: list[SubmitSm] = []
        self.others: list[Pdu] = []
        self.held: list[tuple[Connection, SubmitSm]] = []
        self.answers: dict[tuple[int, int], Pdu | None] = {}
        self.bind_tlvs: tuple[tlv.Tlv, ...] = ()
        self.on_bind: Callable[[Bind], int | None] = lambda bind: status.ROK
        self.on_submit: Callable[[SubmitSm], int | Pdu | None] = lambda submit: status.ROK
        self.on_other: Callable[[Pdu], Pdu | None] = response_to
        self.ids = count(1)
        self.port = 0
        self.events = 0
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        self._ticking = asyncio.create_task(self.timers.run())
        factory = lambda: Connection(Role.MC, self.profile, self, self.timers)  # noqa: E731
        self._server = await asyncio.get_running_loop().create_server(factory, "127.0.0.1", self.port, ssl=self.tls)
        self.port = self._server.sockets[0].getsockname()[1]

    def stop_listening(self) -> None:
        """New connections are refused, on the port that it will have again."""
        assert self._server is not None
        self._server.close()

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        for connection in list(self.connections):
            connection.close("the centre stops")
        await until(lambda: all(connection._transport is None for connection in self.connections), "the end of the centre")
        self._ticking.cancel()
        await asyncio.wait([self._ticking])

    # what tests do

    @property
    def bound(self) -> list[Connection]:
        return [connection for connection in self.connections if connection.session.state in BOUND]

    def lose(self) -> None:
        """Cut all connections."""
        for connection in list(self.connections):
            if connection._transport is not None:
                connection._transport.abort()

    def release(self) -> None:
        """Answer what was held, with yes."""
        held, self.held = self.held, []
        for connection, submit in held:
            if not connection.is_over:
                self._answer(connection, submit, status.ROK)

    def send(self, pdu: Pdu, connection: Connection | None = None) -> tuple[int, int]:
        """Send a request on a bound connection; `answer` has what became of it by this key."""
        chosen = connection or next(each for each in self.bound if "rx" in each.session.state.value)
        key = (id(chosen), chosen.send(pdu))
        self.answers.setdefault(key, None)
        return key

    async def answer(self, key: tuple[int, int]) -> Pdu:
        await until(lambda: self.answers[key] is not None, "the answer of the link")
        found = self.answers[key]
        assert found is not None
        return found

    async def deliver(self, source: str, destination: str, short_message: bytes = b"Hi", **fields: Any) -> int:
        """Bring an SMS; the command_status it was answered with."""
        pdu = DeliverSm(
            source_addr=source, destination_addr=destination, short_message=short_message, source_addr_ton=1, source_addr_npi=1,
            dest_addr_npi=1, **fields,
        )  # fmt: skip
        return (await self.answer(self.send(pdu))).command_status

    def receipt(
        self, submit: SubmitSm, message_id: str = "1", stat: str = "DELIVRD", *, text: bool = True, tlvs: bool = True, **fields: Any
    ) -> DeliverSm:
        """A receipt for a submit, as the specification recommends it."""
        states = {"ENROUTE": 1, "DELIVRD": 2, "EXPIRED": 3, "DELETED": 4, "UNDELIV": 5, "ACCEPTD": 6, "UNKNOWN": 7, "REJECTD": 8}
        told = f"id:{message_id} sub:001 dlvrd:001 submit date:2711281200 done date:2711281201 stat:{stat} err:000 text:Hello"
        added = (tlv.RECEIPTED_MESSAGE_ID.make(message_id), tlv.MESSAGE_STATE.make(states[stat])) if tlvs else ()
        return DeliverSm(
            source_addr=submit.destination_addr, source_addr_ton=submit.dest_addr_ton, source_addr_npi=submit.dest_addr_npi,
            destination_addr=submit.source_addr, dest_addr_ton=submit.source_addr_ton, dest_addr_npi=submit.source_addr_npi,
            esm_class=4, short_message=told.encode() if text else b"", tlvs=(*added, *fields.pop("tlvs_too", ())), **fields,
        )  # fmt: skip

    async def outbind(self, port: int, system_id: str = "centre", password: str = "secret") -> Connection:
        """Connect to a link that waits for it, and say who we are."""
        connection = Connection(Role.MC, self.profile, self, self.timers)
        await asyncio.get_running_loop().create_connection(lambda: connection, "127.0.0.1", port)
        connection.send(Outbind(system_id=system_id, password=password))
        return connection

    # what a connection tells

    def opened(self, connection: Connection) -> None:
        self.connections.append(connection)

    def writable(self, connection: Connection) -> None:
        pass

    def told(self, connection: Connection, events: tuple[Event, ...]) -> None:
        self.events += len(events)
        for event in events:
            match event:
                case Received(pdu):
                    self._received(connection, pdu)
                case Settled():
                    self.answers[id(connection), event.sequence_number] = event.response
                case Closed():
                    pass
                case _:
                    pass

    def _received(self, connection: Connection, pdu: Pdu) -> None:
        match pdu:
            case BindReceiver() | BindTransmitter() | BindTransceiver():
                self.binds.append(pdu)
                code = self.on_bind(pdu)
                if code is not None:
                    connection.send(msgspec.structs.replace(response_to(pdu, code), system_id="centre", tlvs=self.bind_tlvs))
            case SubmitSm():
                self.submits.append(pdu)
                answer = self.on_submit(pdu)
                if answer is None:
                    self.held.append((connection, pdu))
                else:
                    self._answer(connection, pdu, answer)
            case _:
                self.others.append(pdu)
                response = self.on_other(pdu)
                if response is not None:
                    connection.send(response)

    def _answer(self, connection: Connection, submit: SubmitSm, answer: int | Pdu) -> None:
        if isinstance(answer, Pdu):
            connection.send(msgspec.structs.replace(answer, sequence_number=submit.sequence_number))
            return
        response = response_to(submit, answer)
        connection.send(response if answer else msgspec.structs.replace(response, message_id=str(next(self.ids))))


@asynccontextmanager
async def running(clock: Clock | None = None, tls: ssl.SSLContext | None = None) -> AsyncIterator[Smsc]:
    smsc = Smsc(clock, tls=tls)
    await smsc.start()
    try:
        yield smsc
    finally:
        await smsc.stop()
