"""One bind of a link: its connection from the first try to the end of the link, made again after each loss.

Theory of operation. `run` is one task: connect, bind, wait for the end, wait a while, again. With outbind the link brings a connection
instead (`adopt`). What happens on the connection is told by Connection, synchronously; segments that wait for their answers stand in
`_waiting` by sequence number until the session settles them, exactly once each. What the peer sends goes to the link.
"""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Final, Protocol

from heliograph.clock import Clock
from heliograph.links.smpp.connect import NotConnectedError, connect
from heliograph.links.smpp.settings import SmppSettings
from heliograph.model.link import Delivery, LinkOutcome
from heliograph.smpp import status
from heliograph.smpp.aio import Connection, Owner, Timers
from heliograph.smpp.event import Bound, Closed, Ending, Event, Flawed, Received, Settled, Unexpected
from heliograph.smpp.pdu import Bind as BindPdu
from heliograph.smpp.pdu import BindReceiver, BindTransceiver, BindTransmitter, Pdu, SubmitSm, Unbind, response_to
from heliograph.smpp.session import OutOfTurnError, Profile
from heliograph.smpp.state import BOUND, Role, State

Done = Callable[[LinkOutcome], None]

BACKOFF_FIRST_S: Final = 1.0
BACKOFF_MOST_S = 30.0
FAULT_FIRST_S = 15.0
FAULT_MOST_S = 300.0
"""A centre that refuses a bind may lock an account that tries on and on."""
UNBIND_S = 2.0
UNANSWERED_MOST = 10
"""Submits in a row without an answer, after which a stored network that says other things is connected to anew: a session of which the
half that submits hangs would stay so. On a live one the answer is the device's, and a few devices may be slow."""
FAULTS = frozenset(
    {status.RINVPASWD, status.RINVSYSID, status.RBINDFAIL, status.RINVSYSTYP, status.RINVCMDID, status.RINVCMDLEN, status.RALYBND}
)
"""What refuses a bind until somebody mends it; anything else may pass."""
TRANSMITS = (State.BOUND_TX, State.BOUND_TRX)
RECEIVES = (State.BOUND_RX, State.BOUND_TRX)


class Switchboard(Protocol):
    """The link, as its binds see it."""

    def settled(self, done: Done, settled: Settled) -> None: ...

    def heard(self, connection: Connection, pdus: list[Pdu]) -> None:
        """Requests that came by one read."""

    def bound(self, bind: "Bind") -> None: ...

    def lost(self, bind: "Bind", reason: str, *, is_fault: bool) -> None: ...

    def room_changed(self) -> None: ...

    def watch(self, bind: "Bind", connection: Connection) -> None: ...

    def flawed(self, what: str) -> None: ...


class Bind:
    """A slot for one bind. `kind` is what it binds as."""

    def __init__(self, kind: type[BindPdu], settings: SmppSettings, clock: Clock, timers: Timers, board: Switchboard, name: str) -> None:
        self.kind = kind
        self.name = name
        self.connection: Connection | None = None
        self._settings = settings
        self._clock = clock
        self._timers = timers
        self._board = board
        self._waiting: dict[int, Done] = {}
        self._others: dict[int, Callable[[Settled], None]] = {}
        self._closed = asyncio.Event()
        self._stopping = asyncio.Event()
        self._reason = ""
        self._is_fault = False
        self._failures = 0
        self._unanswered = 0

    @property
    def transmits(self) -> bool:
        return self.connection is not None and self.connection.session.state in TRANSMITS

    @property
    def receives(self) -> bool:
        return self.connection is not None and self.connection.session.state in RECEIVES

    @property
    def room(self) -> int:
        connection = self.connection
        return connection.room if connection is not None and connection.session.state in TRANSMITS else 0

    @property
    def is_free(self) -> bool:
        return self.connection is None

    def send(self, pdu: SubmitSm, done: Done) -> None:
        """Submit a segment. OutOfTurnError without room, ValueNotAllowedError for what no PDU can hold; nothing is changed then."""
        if self.connection is None:
            raise OutOfTurnError("there is no connection")
        self._waiting[self.connection.send(pdu)] = done

    def ask(self, pdu: Pdu, settled: Callable[[Settled], None]) -> None:
        """Send any other request, such as cancel_sm. Raises as `send`."""
        if self.connection is None:
            raise OutOfTurnError("there is no connection")
        self._others[self.connection.send(pdu)] = settled

    # its life

    async def run(self) -> None:
        """Connect and bind, again and again, until `stop`."""
        while not self._stopping.is_set():
            connection = connection_of(self._settings, self, self._timers)
            self._take_up(connection)
            try:
                await connect(self._settings, self._clock, connection, self._stopping)
            except NotConnectedError as error:
                self._give_up(str(error))
            else:
                await self._closed.wait()
            await self._clock.wait(self._stopping, self._pause_s())

    def adopt(self, connection: Connection) -> None:
        """Bind on a connection that the peer made; the one before is given up."""
        self.drop("the peer came again")
        self._take_up(connection)
        connection.owner = self
        self._bind(connection)

    async def stop(self, grace_s: float) -> None:
        """Unbind, wait for the answer within the grace, and close. What waits settles as lost."""
        self._stopping.set()
        connection = self.connection
        if connection is None:
            return
        if connection.session.state in BOUND and grace_s > 0:
            with contextlib.suppress(OutOfTurnError):  # the peer unbound first
                connection.send(Unbind())
            await self._clock.wait(self._closed, min(grace_s, UNBIND_S))
        connection.close("the link stops")

    def drop(self, reason: str) -> None:
        """Give the connection up; a new one is made."""
        if self.connection is not None:
            self.connection.close(reason)

    def _pause_s(self) -> float:
        first, most = (FAULT_FIRST_S, FAULT_MOST_S) if self._is_fault else (BACKOFF_FIRST_S, BACKOFF_MOST_S)
        pause_s = min(first * (1 << min(self._failures, 10)), most)
        self._failures += 1
        return pause_s

    def _take_up(self, connection: Connection) -> None:
        self.connection = connection
        self._board.watch(self, connection)
        self._closed.clear()
        self._reason, self._is_fault = "", False
        self._unanswered = 0

    def _give_up(self, reason: str, *, is_fault: bool = False) -> None:
        """This connection is over, and said so once."""
        if self._closed.is_set():
            return
        self.connection = None
        self._is_fault = is_fault
        self._closed.set()
        self._board.lost(self, reason, is_fault=is_fault)

    # what the connection tells (smpp.aio.Owner)

    def opened(self, connection: Connection) -> None:
        self._bind(connection)

    def told(self, connection: Connection, events: tuple[Event, ...]) -> None:
        heard: list[Pdu] = []
        for event in events:
            match event:
                case Settled():
                    self._settled(connection, event)
                case Received(Unbind() as pdu):
                    self._reason = "the peer unbound"
                    connection.send(response_to(pdu))
                case Received(pdu):
                    heard.append(pdu)
                case Bound():
                    self._failures = 0
                    self._board.bound(self)
                case Closed(reason):
                    if connection is self.connection:
                        self._give_up(self._reason or _in_words(reason, self._settings), is_fault=self._is_fault)
                case Flawed() | Unexpected():
                    self._board.flawed(_flaw(event))
        if heard:
            self._board.heard(connection, heard)
        self._board.room_changed()

    def writable(self, connection: Connection) -> None:
        self._board.room_changed()

    def _settled(self, connection: Connection, settled: Settled) -> None:
        if (waiting := self._waiting.pop(settled.sequence_number, None)) is not None:
            self._board.settled(waiting, settled)
            self._count(connection, settled.ending)
        elif (ask := self._others.pop(settled.sequence_number, None)) is not None:
            ask(settled)
        elif isinstance(settled.request, BindPdu) and settled.ending is Ending.ANSWERED and settled.response is not None:
            code = settled.response.command_status
            if code:
                meaning = status.meaning_of(code)
                self._reason = f"the bind as {self._settings.system_id} was refused: {meaning.words} ({meaning.name})"
                self._is_fault = code in FAULTS
                connection.close(self._reason)

    def _count(self, connection: Connection, ending: Ending) -> None:
        self._unanswered = self._unanswered + 1 if ending is Ending.TIMED_OUT else 0
        if self._unanswered == UNANSWERED_MOST and self._settings.delivery is Delivery.STORED:
            connection.close(f"{UNANSWERED_MOST} submits in a row had no answer within {self._settings.response_ms / 1000:g} s")

    def _bind(self, connection: Connection) -> None:
        connection.send(bind_pdu(self.kind, self._settings))


def bind_pdu(kind: type[BindPdu], settings: SmppSettings) -> BindPdu:
    """The bind of that kind, as the settings have it."""
    return kind(
        system_id=settings.system_id,
        password=settings.password,
        system_type=settings.system_type,
        interface_version=settings.version.octet,
        addr_ton=settings.address_range_ton,
        addr_npi=settings.address_range_npi,
        address_range=settings.address_range,
    )


def connection_of(settings: SmppSettings, owner: Owner, timers: Timers) -> Connection:
    """A connection with the timers and windows of the settings."""
    profile = Profile(
        interface_version=settings.version.octet,
        window=settings.window,
        session_init_ms=_ms(settings.bind_s),
        enquire_link_ms=_ms(settings.enquire_link_s),
        inactivity_ms=_ms(settings.inactivity_s),
        response_ms=settings.response_ms,
    )
    return Connection(Role.ESME, profile, owner, timers)


KIND_OF: Final[dict[str, tuple[type[BindPdu], ...]]] = {
    "trx": (BindTransceiver,),
    "tx": (BindTransmitter,),
    "rx": (BindReceiver,),
    "tx+rx": (BindTransmitter, BindReceiver),
}
"""The binds that one of `binds` makes."""


def _in_words(reason: str, settings: SmppSettings) -> str:
    if "did not answer bind" in reason or reason == "no bind":
        return f"{reason}: some centres drop a bind with a version, password or system_type that they do not like"
    return reason


def _flaw(event: Flawed | Unexpected) -> str:
    return str(event.error) if isinstance(event, Flawed) else f"{event.pdu.name} {event.pdu.sequence_number} answers nothing that waits"


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
