"""One connection to a peer that is tried: what came of connecting and of the bind, in words, and what the peer sends then."""

import asyncio
from collections.abc import Callable
from typing import Final

from heliograph.clock import Clock
from heliograph.links.smpp.bind import bind_pdu, connection_of
from heliograph.links.smpp.connect import NotConnectedError, connect
from heliograph.links.smpp.settings import SmppSettings
from heliograph.model.link import Finding
from heliograph.smpp import status, tlv
from heliograph.smpp.aio import Connection, Timers
from heliograph.smpp.event import Bound, Closed, Event, Received, Settled
from heliograph.smpp.long_message import Style
from heliograph.smpp.pdu import Bind as BindPdu
from heliograph.smpp.pdu import BindReceiver, BindTransceiver, BindTransmitter, DataSm, DeliverSm, Pdu, Unbind, response_to
from heliograph.smpp.session import OutOfTurnError
from heliograph.smpp.value import VERSION_33

ANSWER_WITHIN_S: Final = 10.0
AS: Final[dict[type[BindPdu], str]] = {BindTransceiver: "trx", BindTransmitter: "tx", BindReceiver: "rx"}
ADVICE: Final = {
    status.RBINDFAIL: "system_id or password are wrong, this address is not allowed, or as many binds are open as may be",
    status.RINVPASWD: "set the right `password`; SMPP takes 8 characters",
    status.RINVSYSID: "set the right `system_id`, or the host and port where it is known",
    status.RINVSYSTYP: "system_type is wrong: ask which one the centre wants, often it is empty",
    status.RALYBND: "this system_id is bound already, and the centre allows it once: stop the link, then check again",
    status.RINVCMDID: "the centre does not know this bind: try bind_type tx+rx",
    status.RINVBNDSTS: "the centre did not expect a bind now: as many binds may be open as are allowed",
}


async def tried(settings: SmppSettings, clock: Clock, timers: Timers, kind: type[BindPdu]) -> "Trial":
    """A trial of that bind that was run; closed already where it came to no bind."""
    trial = Trial(settings, clock, timers, kind)
    await trial.run()
    if trial.bound is None:
        trial.connection.close("the check is over")
    return trial


class Trial:
    """One connection (`smpp.aio.Owner`): what came of connecting and binding, and what the peer sends then.

    `is_awaited`: whether a PDU is one of the `receipts` that are waited for; whatever else comes, the centre is to send again to the link
    that runs. `is_over`: the session has ended."""

    def __init__(self, settings: SmppSettings, clock: Clock, timers: Timers, kind: type[BindPdu]) -> None:
        self.settings = settings
        self.findings: list[Finding] = []
        self.reached = False
        self.bound: Bound | None = None
        self.connection: Connection = connection_of(settings, self, timers)
        self._clock = clock
        self._changed = asyncio.Event()
        self._kind = kind
        self.is_over = False
        self.is_awaited: Callable[[DeliverSm | DataSm], bool] = lambda pdu: False
        self.settled: dict[int, Settled] = {}
        self.receipts: list[DeliverSm | DataSm] = []

    async def run(self) -> None:
        """Connect and bind."""
        settings = self.settings
        where = f"{settings.host}:{settings.port}{' by TLS' if settings.tls else ''}"
        try:
            await connect(settings, self._clock, self.connection, asyncio.Event())
        except NotConnectedError as error:
            self.findings.append(Finding("wrong", str(error)))
            return
        self.reached = True
        self.findings.append(Finding("ok", f"connected to {where}"))
        number = self.connection.send(bind_pdu(self._kind, settings))
        await self.until(lambda: number in self.settled, settings.bind_s or ANSWER_WITHIN_S)
        self._judge_bind(number)

    async def until(self, condition: Callable[[], object], timeout_s: float) -> bool:
        """Whether `condition` came to hold in time, before the end of the session."""
        give_up_at = self._clock.monotonic() + timeout_s
        while not condition() and not self.is_over and self._clock.monotonic() < give_up_at:
            self._changed.clear()
            await self._clock.wait(self._changed, give_up_at - self._clock.monotonic())
        return bool(condition())

    async def ask(self, pdu: Pdu, timeout_s: float = ANSWER_WITHIN_S) -> Settled | None:
        """A request and what became of it; None where nothing did in time."""
        try:
            number = self.connection.send(pdu)
        except OutOfTurnError:
            return None
        await self.until(lambda: number in self.settled, timeout_s)
        return self.settled.get(number)

    async def leave(self) -> None:
        """Unbind, and close."""
        await self.ask(Unbind(), 2.0)
        self.connection.close("the check is over")

    def _judge_bind(self, number: int) -> None:
        settings = self.settings
        settled = self.settled.get(number)
        as_what = f"bind as {AS[self._kind]}, version {settings.version.value}"
        if settled is None or settled.response is None:
            or_else = "" if settings.tls else ", and a port for TLS says nothing without it"
            words = f"some centres drop a version, system_type or password they do not like{or_else}"
            self.findings.append(Finding("wrong", f"the {as_what}, was not answered: {words}"))
        elif code := settled.response.command_status:
            meaning = status.meaning_of(code)
            advice = ADVICE.get(code, "ask the centre's operator what it means there")
            self.findings.append(
                Finding("wrong", f"the {as_what}, was refused with 0x{code:02X} {meaning.name} ({meaning.words}): {advice}")
            )
        else:
            version = tlv.SC_INTERFACE_VERSION.find(settled.response.tlvs)
            said = f", which says it speaks {version >> 4}.{version & 15}" if version is not None else ""
            self.findings.append(Finding("ok", f"bound as {settings.system_id} ({as_what}){said}"))
            if self.connection.session.version <= VERSION_33 and settings.long_messages is not Style.UDH:
                words = "it takes no TLVs, which long messages would go in: set long_messages to udh"
                self.findings.append(Finding("wrong", words, {"long_messages": Style.UDH.value}))

    # what the connection tells (smpp.aio.Owner)

    def opened(self, connection: Connection) -> None:
        pass

    def told(self, connection: Connection, events: tuple[Event, ...]) -> None:
        for event in events:
            match event:
                case Settled():
                    self.settled[event.sequence_number] = event
                case Bound():
                    self.bound = event
                case Received(DeliverSm() | DataSm() as pdu):
                    self._hear(connection, pdu)
                case Received(Unbind() as pdu):
                    connection.send(response_to(pdu))
                case Closed():
                    self.is_over = True
                case _:
                    pass
        self._changed.set()

    def writable(self, connection: Connection) -> None:
        pass

    def _hear(self, connection: Connection, pdu: DeliverSm | DataSm) -> None:
        is_awaited = self.is_awaited(pdu)
        if is_awaited:
            self.receipts.append(pdu)
        connection.send(response_to(pdu, status.ROK if is_awaited else status.RSYSERR))
