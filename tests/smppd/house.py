"""A server over the core's world, and applications that bind to it over real sockets.

    async with House(url) as house:
        app = await house.bind("org_1")
        answer = await app.ask(SubmitSm(destination_addr=msisdn(1), short_message=b"hello"))

The world's clock is moved by hand; sockets and password checks take real time, so a test waits for what it wants (`until`).
"""

import asyncio
import socket
import ssl
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from argon2 import PasswordHasher

from heliograph.clock import SystemClock
from heliograph.metrics import Metrics
from heliograph.model import esme
from heliograph.model.esme import EsmeSettings
from heliograph.smpp.aio import Connection, Timers
from heliograph.smpp.event import Bound, Closed, Event, Received, Settled
from heliograph.smpp.pdu import Bind, BindReceiver, BindTransceiver, BindTransmitter, DeliverSm, Pdu, Unbind, response_to
from heliograph.smpp.session import Profile
from heliograph.smpp.state import Role
from heliograph.smppd.server import Listener, Server, ServerSettings
from heliograph.store import smpp_account as store
from tests.core_world import Setting, World, statement
from tests.smpp.wires import until

CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
PASSWORD = "secret08"
BINDS: dict[str, type[Bind]] = {"receiver": BindReceiver, "transmitter": BindTransmitter, "transceiver": BindTransceiver}


class App:
    """An application. `delivered`: what it was sent; `answers`: what it answers to a deliver_sm, None for nothing."""

    def __init__(self) -> None:
        self.connection: Connection | None = None
        self.delivered: list[DeliverSm] = []
        self.others: list[Pdu] = []
        self.events: list[Event] = []
        self.settled: dict[int, Settled] = {}
        self.answers: Callable[[DeliverSm], int | None] = lambda pdu: 0

    # the Owner

    def opened(self, connection: Connection) -> None:
        self.connection = connection

    def told(self, connection: Connection, events: tuple[Event, ...]) -> None:
        self.events += events
        for event in events:
            if isinstance(event, Settled):
                self.settled[event.sequence_number] = event
            elif isinstance(event, Received):
                self._received(event.pdu)

    def writable(self, connection: Connection) -> None:
        pass

    def _received(self, pdu: Pdu) -> None:
        assert self.connection is not None
        if isinstance(pdu, DeliverSm):
            self.delivered.append(pdu)
            if (status := self.answers(pdu)) is not None:
                self.connection.send(response_to(pdu, status))
        elif isinstance(pdu, Unbind):
            self.connection.send(response_to(pdu))
        else:
            self.others.append(pdu)

    # the test

    @property
    def wire(self) -> Connection:
        assert self.connection is not None
        return self.connection

    @property
    def is_bound(self) -> bool:
        return any(isinstance(event, Bound) for event in self.events)

    @property
    def closed(self) -> list[str]:
        return [event.reason for event in self.events if isinstance(event, Closed)]

    async def ask(self, pdu: Pdu) -> Any:
        """The response to a request."""
        return (await self.ask_all(pdu))[0]

    async def ask_all(self, *pdus: Pdu) -> list[Any]:
        """The responses to requests that leave in one write, in their order."""
        numbers = [self.wire.send(pdu) for pdu in pdus]
        await until(lambda: all(number in self.settled for number in numbers), f"answers to {[pdu.name for pdu in pdus]}")
        return [self.settled[number].response for number in numbers]

    async def leave(self) -> None:
        if not self.wire.is_over:
            await self.ask(Unbind())


class House:
    """One process with an SMPP server. `accounts`: system_id to what its settings are; those of policies belong to organisation 1."""

    def __init__(
        self, url: str, setting: Setting | None = None, settings: ServerSettings | None = None, tls: ssl.SSLContext | None = None,
        **accounts: dict[str, Any],
    ) -> None:  # fmt: skip
        self.world = World(url, setting)
        self.settings = settings or ServerSettings(enquire_link_ms=0, inactivity_ms=0)
        self.accounts = accounts or {"org_1": {}}
        self._tls = tls
        self.apps: list[App] = []

    async def __aenter__(self) -> Self:
        await self.world.__aenter__()
        for system_id, settings in self.accounts.items():
            await self.add(system_id, **settings)
        bound = socket.socket()
        bound.bind(("127.0.0.1", 0))
        bound.setblocking(False)
        self.port: int = bound.getsockname()[1]
        self.metrics = Metrics()
        self.server = Server(self.world.core, [Listener(bound, self._tls)], self.settings, self.metrics)
        self.server.credentials._checker._hasher = CHEAP
        self._running = self.world.spawn(self.server.run())
        await self.server.serving()
        self.timers = Timers(SystemClock())
        self._ticking = asyncio.ensure_future(self.timers.run())
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for app in self.apps:
            if app.connection is not None:
                app.connection.close("the test is over")
        await until(lambda: not self.server._esmes or self._running.done(), "the end of the connections")
        self._ticking.cancel()
        await self.world.__aexit__(kind, error, trace)

    async def add(self, system_id: str, password: str = PASSWORD, organisation: int = 1, **settings: Any) -> None:
        """An account, or another of its name."""
        policy_id = int(system_id[4:]) if system_id.startswith("pol_") else None
        kept = esme.written(esme.changed(EsmeSettings(), settings))
        database, now_ms = self.world.database, self.world.now_ms
        await database.write(store.delete, system_id)
        await database.write(store.insert, system_id, organisation, policy_id, CHEAP.hash(password), kept, now_ms)

    async def connect(self, profile: Profile | None = None, tls: ssl.SSLContext | None = None, address: str = "127.0.0.1") -> App:
        app = App()
        profile = profile or Profile(interface_version=0x50, window=100_000, enquire_link_ms=0, inactivity_ms=0, response_ms=0)
        connection = Connection(Role.ESME, profile, app, self.timers)
        await asyncio.get_running_loop().create_connection(lambda: connection, "127.0.0.1", self.port, ssl=tls, local_addr=(address, 0))
        self.apps.append(app)
        return app

    async def bind(
        self, system_id: str = "org_1", how: str = "transceiver", version: int = 0x34, password: str = PASSWORD,
        answers: Callable[[DeliverSm], int | None] = lambda pdu: 0,
    ) -> App:  # fmt: skip
        """`answers`: what it says to a deliver_sm; what waits for it may come before this returns."""
        app = await self.connect()
        app.answers = answers
        response = await app.ask(BINDS[how](system_id=system_id, password=password, interface_version=version))
        assert response.command_status == 0, response
        return app

    async def policy(self, policy_id: int = 1, **values: int | str) -> None:
        """Change a policy's columns."""
        await self.world.database.write(_update_policy, policy_id, values)


def _update_policy(tx: Any, policy_id: int, values: dict[str, int | str]) -> None:
    named = ", ".join(f"{name} = :{name}" for name in values)
    tx.run(statement(f"UPDATE service_profile SET {named} WHERE id = :policy_id"), policy_id=policy_id, **values)


__all__ = ["PASSWORD", "App", "House", "until"]
