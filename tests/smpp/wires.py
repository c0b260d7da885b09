"""What tests of connections share: an owner that notes what it is told, and ends joined over loopback."""

import asyncio
import contextlib
import ssl
import time
from collections.abc import AsyncIterator, Callable

import msgspec

from heliograph.clock import Clock, SystemClock
from heliograph.smpp.aio import Connection, Timers
from heliograph.smpp.event import Bound, Closed, Event, Received, Settled
from heliograph.smpp.pdu import Bind, BindTransceiver, Pdu, response_to
from heliograph.smpp.session import Profile
from heliograph.smpp.state import Role

PATIENCE_S = 30.0


async def until(condition: Callable[[], object], why: str) -> None:
    """Wait in real time until `condition` holds."""
    give_up_at = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < give_up_at, f"never came: {why}"
        await asyncio.sleep(0.001)


class Noted:
    """An owner that keeps what it is told, and lets every bind in; `on_pdu` sees each request."""

    def __init__(self) -> None:
        self.connection: Connection | None = None
        self.events: list[Event] = []
        self.batches: list[tuple[Event, ...]] = []
        self.writable_again = 0
        self.on_pdu: Callable[[Connection, Pdu], None] = lambda connection, pdu: None

    def opened(self, connection: Connection) -> None:
        self.connection = connection

    def told(self, connection: Connection, events: tuple[Event, ...]) -> None:
        self.events += events
        self.batches.append(events)
        for event in events:
            if not isinstance(event, Received):
                continue
            if isinstance(event.pdu, Bind):
                connection.send(msgspec.structs.replace(response_to(event.pdu), system_id="mc"))
            else:
                self.on_pdu(connection, event.pdu)

    def writable(self, connection: Connection) -> None:
        self.writable_again += 1

    @property
    def closed(self) -> list[str]:
        return [event.reason for event in self.events if isinstance(event, Closed)]

    @property
    def settled(self) -> list[Settled]:
        """Of what was sent after the bind."""
        return [event for event in self.events if isinstance(event, Settled) and not isinstance(event.request, Bind)]

    @property
    def is_bound(self) -> bool:
        return any(isinstance(event, Bound) for event in self.events)


class Joined:
    """Two ends over loopback: the message centre `mc`, the application `esme`."""

    def __init__(self, mc: Noted, esme: Noted, timers: Timers) -> None:
        self.mc = mc
        self.esme = esme
        self.timers = timers

    def end(self, of: Noted) -> Connection:
        assert of.connection is not None
        return of.connection


@contextlib.asynccontextmanager
async def joined(
    profile: Profile | None = None,
    clock: Clock | None = None,
    tls: tuple[ssl.SSLContext, ssl.SSLContext] | None = None,
    *,
    bind: bool = True,
) -> AsyncIterator[Joined]:
    """Ends that are connected, and bound unless told otherwise. `profile`: of the application; the centre has no timers of its own.
    `tls`: contexts of the server and the client."""
    profile = profile or Profile(window=1000)
    patient = Profile(window=1000, owed=10**6, session_init_ms=0, enquire_link_ms=0, inactivity_ms=0, response_ms=0)
    loop = asyncio.get_running_loop()
    timers = Timers(clock or SystemClock())
    ticking = asyncio.create_task(timers.run())
    ends = Joined(Noted(), Noted(), timers)
    server = await loop.create_server(lambda: Connection(Role.MC, patient, ends.mc, timers), "127.0.0.1", 0, ssl=tls[0] if tls else None)
    port = server.sockets[0].getsockname()[1]
    try:
        esme = Connection(Role.ESME, profile, ends.esme, timers)
        await loop.create_connection(lambda: esme, "127.0.0.1", port, ssl=tls[1] if tls else None)
        await until(lambda: ends.mc.connection, "the connection")
        if bind:
            esme.send(BindTransceiver(system_id="esme", interface_version=0x34))
            await until(lambda: ends.esme.is_bound, "the bind")
        yield ends
    finally:
        for end in (ends.mc.connection, ends.esme.connection):
            if end is not None:
                end.close("the test is over")
        server.close()
        await until(lambda: all(end.connection is None or end.connection._transport is None for end in (ends.mc, ends.esme)), "the end")
        ticking.cancel()
        await asyncio.wait([ticking])
