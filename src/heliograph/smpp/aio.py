"""A session on a connection, either end: the one module of this package that does I/O. It knows no account, no link and no message.

Theory of operation. A Connection is an asyncio Protocol, over TCP or TLS alike, which carries octets between transport and Session and
tells its Owner what the session says. Nothing here is a task or a queue: what the session has to say is told before the call returns
that caused it. All that is sent while one read is told goes out in one write; what is sent between reads goes out together at the end of
that turn of the event loop. A server's thousands of connections share one Timers, which is one task: since a session's next timer
mostly moves away from now, a connection keeps the wake-up it has and asks again when that has come.

A peer that does not read fills the transport. Above HIGH_OCTETS nothing more is read from it, so that it cannot ask for more, and `room`
is 0; its silence then ends the session as any silence does. Above MOST_OCTETS, or when the last octets cannot be written within LINGER_MS
of the end, the connection is cut off. A read may bring thousands of PDUs; it is told in slices, and the rest waits here when the owner
reads no more of that peer.
"""

import asyncio
import heapq
from collections import deque
from collections.abc import Callable, Sequence
from itertools import count
from typing import Protocol, cast

from heliograph.clock import Clock
from heliograph.smpp.event import Event
from heliograph.smpp.pdu import Pdu
from heliograph.smpp.session import Profile, Session
from heliograph.smpp.state import OVER, Role

HIGH_OCTETS = 256 * 1024
MOST_OCTETS = 2 * 1024 * 1024
LINGER_MS = 5000
SLICE_OCTETS = 8 * 1024
"""Some 100 submits: what an owner may be told before it can stop reading."""
IDLE_S = 60.0

NOT_READ = "the peer does not read what is sent to it"


class Owner(Protocol):
    """Whom a connection tells, on the event loop. None of it may block. An error raised from a read closes the connection, one from a timer
    ends `Timers.run`."""

    def opened(self, connection: "Connection") -> None:
        """The connection is there; nothing was sent or received."""

    def told(self, connection: "Connection", events: tuple[Event, ...]) -> None:
        """What happened, in order: what one read, one timer or one end brought. It may send and close from inside this call; what that
        makes happen is told after it has returned."""

    def writable(self, connection: "Connection") -> None:
        """The peer reads again: `room` is what the session's window allows."""


class Wake:
    """A call that is due later."""

    __slots__ = ("call",)

    def __init__(self, call: Callable[[], object]) -> None:
        self.call: Callable[[], object] | None = call

    def cancel(self) -> None:
        """Never make it, and let go of what it would have called."""
        self.call = None


class Timers:
    """The wake-ups of many connections. `run` is to be a task as long as they live; without it their timers stand still."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._heap: list[tuple[int, int, Wake]] = []
        self._serials = count()
        self._sooner = asyncio.Event()

    def now_ms(self) -> int:
        """Milliseconds on a clock that never goes back: the time of sessions."""
        return round(self._clock.monotonic() * 1000)

    def at(self, due_at_ms: int, call: Callable[[], object]) -> Wake:
        """Have `call` made at that time, from `run`."""
        wake = Wake(call)
        heapq.heappush(self._heap, (due_at_ms, next(self._serials), wake))
        if self._heap[0][0] == due_at_ms:
            self._sooner.set()
        return wake

    async def run(self) -> None:
        """Make the calls at their time, until cancelled."""
        while True:
            self._sooner.clear()
            wait_s = self._heap[0][0] / 1000 - self._clock.monotonic() if self._heap else IDLE_S
            if wait_s > 0:
                await self._clock.wait(self._sooner, wait_s)
            else:
                await asyncio.sleep(0)
            now_ms = self.now_ms()
            while self._heap and self._heap[0][0] <= now_ms:
                wake = heapq.heappop(self._heap)[2]
                if wake.call is not None:
                    wake.call()


class Connection(asyncio.Protocol):
    """One end of one connection; give it to `loop.create_connection` or return it from a server's protocol factory.

    `owner` may be replaced, from inside a call of it too. `trace`, where set, gets all octets: True for those sent, False for those
    received. `slice_octets`: how much of a read is told at once.
    """

    def __init__(self, role: Role, profile: Profile, owner: Owner, timers: Timers) -> None:
        self.session = Session(role, profile, timers.now_ms())
        self.trace: Callable[[bool, bytes], None] | None = None
        self.peer = ""
        self.owner = owner
        self.slice_octets = SLICE_OCTETS
        self._timers = timers
        self._transport: asyncio.Transport | None = None
        self._unsent: list[bytes] = []
        self._will_flush = False
        self._untold: deque[tuple[Event, ...]] = deque()
        self._is_telling = False
        self._is_full = False
        self._is_paused = False
        self._untold_octets = bytearray()
        self._wakes_at_ms = 0
        self._wake: Wake | None = None

    @property
    def room(self) -> int:
        """How many requests may be sent now."""
        return 0 if self._is_full or self._transport is None else self.session.room

    @property
    def has_more(self) -> bool:
        """Whether more of the peer was read than was told."""
        return bool(self._untold_octets)

    @property
    def is_over(self) -> bool:
        return self.session.state in OVER

    def send(self, pdu: Pdu) -> int:
        """Send a request, or the response to a Received; a request's sequence number. Raises as `Session.send`, nothing is sent then."""
        output = self.session.send(pdu, self._timers.now_ms())
        self._take(output.octets, output.events)
        return output.sequence_number

    def answer_all(self, responses: Sequence[Pdu]) -> None:
        """Send responses to what was Received, in their order; what `send` does for one, for less."""
        output = self.session.answer_all(responses)
        self._take(output.octets, output.events)

    def close(self, reason: str) -> None:
        """End the session at once, without an unbind: what waits is settled, what was sent is written, then the connection is closed."""
        output = self.session.end(reason)
        self._take(output.octets, output.events)

    def get_extra_info(self, name: str) -> object:
        """As of the transport: `peername`, `ssl_object`, ..."""
        return self._transport.get_extra_info(name) if self._transport else None

    def pause_reading(self) -> None:
        """Read nothing more of the peer until `resume_reading`, nor tell what was read."""
        self._is_paused = True
        self._read_or_not()

    def resume_reading(self) -> None:
        self._is_paused = False
        self._read_or_not()

    # what the transport tells

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's transports are none by name
        self._transport.set_write_buffer_limits(HIGH_OCTETS)
        self.peer = _words(transport.get_extra_info("peername"))
        if self.is_over:
            self._hang_up()
            return
        self.owner.opened(self)
        self._wake_in_time()

    def data_received(self, data: bytes) -> None:
        if self.trace:
            self.trace(False, data)
        if self._untold_octets or len(data) > self.slice_octets:
            self._untold_octets += data
            self._tell_slices()
        else:
            self._receive(data)

    def _tell_slices(self) -> None:
        octets = self._untold_octets
        while octets and not (self._is_full or self._is_paused or self.is_over):
            data = bytes(octets[: self.slice_octets])
            del octets[: self.slice_octets]
            self._receive(data)

    def _tell_rest(self) -> None:
        """As a read: an error closes the connection."""
        is_told = False
        try:
            self._tell_slices()
            is_told = True
        finally:
            if not is_told and self._transport is not None:
                self._transport.abort()

    def _receive(self, data: bytes) -> None:
        will_flush, self._will_flush = self._will_flush, True
        try:
            output = self.session.receive(data, self._timers.now_ms())
            self._take(output.octets, output.events)
        finally:
            self._will_flush = will_flush
        self._flush()
        if self.session.state not in OVER:
            self._wake_in_time()

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._unsent.clear()
        self._untold_octets.clear()
        output = self.session.end(f"the connection broke: {exc}" if exc else "the peer closed the connection")
        self._take(b"", output.events)
        if self._wake is not None:
            self._wake.cancel()

    def pause_writing(self) -> None:
        self._is_full = True
        self._read_or_not()

    def resume_writing(self) -> None:
        self._is_full = False
        self._read_or_not()
        if not self.is_over:
            self.owner.writable(self)

    def _read_or_not(self) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        if self._is_full or self._is_paused:
            self._transport.pause_reading()
            return
        self._transport.resume_reading()
        if self._untold_octets:
            asyncio.get_running_loop().call_soon(self._tell_rest)

    # how it goes out

    def _take(self, octets: bytes, events: tuple[Event, ...]) -> None:
        if octets:
            self._unsent.append(octets)
            self._flush_soon()
        if events:
            self._untold.append(events)
            self._tell()
        if self.session.state in OVER:
            self._flush()
            self._hang_up()
        elif not self._will_flush:
            self._wake_in_time()

    def _tell(self) -> None:
        if self._is_telling:
            return
        self._is_telling = True
        try:
            while self._untold:
                self.owner.told(self, self._untold.popleft())
        finally:
            self._is_telling = False

    def _flush_soon(self) -> None:
        if not self._will_flush:
            self._will_flush = True
            asyncio.get_running_loop().call_soon(self._flush_planned)

    def _flush_planned(self) -> None:
        self._will_flush = False
        self._flush()
        if self.session.state not in OVER:
            self._wake_in_time()

    def _flush(self) -> None:
        if not self._unsent:
            return
        octets = b"".join(self._unsent)
        self._unsent.clear()
        if self._transport is None:
            return
        if self.trace:
            self.trace(True, octets)
        self._transport.write(octets)
        if self._is_full and self._transport.get_write_buffer_size() > MOST_OCTETS:
            self._cut_off()

    def _hang_up(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.close()
            self._wake_at(self._timers.now_ms() + LINGER_MS, self._cut_off)

    def _cut_off(self) -> None:
        if self._transport is not None:
            self._transport.abort()
            self._take(b"", self.session.end(NOT_READ).events)

    # time

    def _wake_in_time(self) -> None:
        due_at_ms = self.session.next_timer()
        if due_at_ms is not None and (self._wake is None or due_at_ms < self._wakes_at_ms):
            self._wake_at(due_at_ms, self._on_timer)

    def _wake_at(self, due_at_ms: int, call: Callable[[], object]) -> None:
        if self._wake is not None:
            self._wake.cancel()
        self._wakes_at_ms = due_at_ms
        self._wake = self._timers.at(due_at_ms, call)

    def _on_timer(self) -> None:
        self._wake = None
        if not self.is_over:
            output = self.session.on_timer(self._timers.now_ms())
            self._take(output.octets, output.events)


def _words(peername: object) -> str:
    if isinstance(peername, tuple) and len(peername) >= 2:
        host, port = peername[:2]
        return f"[{host}]:{port}" if ":" in str(host) else f"{host}:{port}"
    return str(peername or "")
