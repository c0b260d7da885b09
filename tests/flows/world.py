"""A whole daemon inside the test's process, without HTTP: real database, real loops, simulator link, time moved by hand.

async with World(tmp_path) as world:
    device = await world.add_device("423663920000001")
    message_id = await world.send(device, "Hello")
    await world.clock.advance(1)
    assert await world.state(device, message_id) is State.DELIVERED
"""

import asyncio
from pathlib import Path
from typing import Any, Self

import msgspec

from heliograph.config import Config
from heliograph.daemon.composition import Daemon, Plan
from heliograph.links.simulator import SimulatorLink
from heliograph.metrics import Metrics
from heliograph.model.account import Actor, Door, Role
from heliograph.model.device import DeviceStatus, SimStatus
from heliograph.model.ids import DeviceId, LinkId, MessageId, OrganisationId
from heliograph.model.message import State
from heliograph.service.core import Core
from heliograph.service.draft import Draft
from heliograph.service.submit import submit
from heliograph.store import account, device, link, message, policy, sim
from heliograph.store.database import Database
from heliograph.store.device import Device
from heliograph.store.message import MessageView
from heliograph.store.policy import ServicePolicy
from heliograph.store.sim import Sim
from heliograph.store.transaction import Transaction
from heliograph.webhooks.courier import WebhookCourier
from heliograph.webhooks.egress import LOOPBACK
from tests.core_world import WatchedDatabase
from tests.manual_clock import TestClock


class World:
    """One process of an installation. Several on one database: give `url`. `simulator`: settings of the link that the first one makes."""

    def __init__(self, folder: Path, url: str | None = None, clock: TestClock | None = None, **simulator: Any) -> None:
        self.clock = clock or TestClock()
        self.metrics = Metrics()
        self.ends_within: list[float] = []  # how long the process may still take, each time that this was said
        self.simulator_settings = simulator
        given = {"data_dir": str(folder)} | ({"database": url} if url else {})
        self.config = Config.load(None, {}, given)
        plan = Plan(
            self.config, self.clock, self.metrics, self._database, LOOPBACK, lambda _: (), self._prepare, self._ready,
            make_courier=lambda settings, clock, _: WebhookCourier(settings, clock), end_within=self.ends_within.append,
        )  # fmt: skip
        self.daemon = Daemon(plan)
        self.actor: Actor
        self._policy_id = 0
        self._tariff_id = 0
        self._started = asyncio.Event()
        self._running: asyncio.Task[None]

    async def __aenter__(self) -> Self:
        self._running = asyncio.create_task(self.daemon.run())
        await asyncio.wait({self._running, asyncio.create_task(self._started.wait())}, return_when=asyncio.FIRST_COMPLETED)
        if self._running.done():
            self._running.result()
        await self.clock.settle()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def stop(self) -> None:
        """As a signal would; does nothing where it has ended."""
        if self._running.done():
            return
        self.daemon.stop()
        await self.clock.settle()
        await self.clock.advance_until(self._running.done, "the end of the daemon", look_s=0.05)  # threads end in real time
        self.clock.busy.remove(self._is_busy)
        self._running.result()

    async def die(self) -> None:
        """End as a process that is killed: nothing is released, nothing is told."""
        self._running.cancel()
        await asyncio.gather(self._running, return_exceptions=True)
        self.clock.busy.remove(self._is_busy)

    @property
    def core(self) -> Core:
        return self.daemon.core

    @property
    def database(self) -> Database:
        return self.core.database

    @property
    def simulator(self) -> SimulatorLink:
        """The first simulator that runs here."""
        found = next(iter(self.core.simulators.values()))
        assert isinstance(found, SimulatorLink)
        return found

    async def add_device(self, msisdn: str, name: str = "Meter") -> DeviceId:
        """An enabled device with an activated SIM, under a policy that allows all."""
        return await self.database.write(self._add_device, msisdn, name)

    async def set_simulator(self, **settings: Any) -> None:
        """Change the settings of the first link."""
        await self.database.write(link.update_settings, LinkId(1), msgspec.json.encode(settings).decode())

    async def send(self, device_id: DeviceId, text: str, **fields: Any) -> MessageId:
        """Submit an MT as the application does."""
        return await submit(self.core, self.actor, device_id, Draft(text, **({"source": "1000"} | fields)))

    async def view(self, device_id: DeviceId, message_id: MessageId) -> MessageView:
        found = await self.database.read(message.view, self.actor.organisation_id, device_id, message_id)
        assert found is not None
        return found

    async def state(self, device_id: DeviceId, message_id: MessageId) -> State:
        return State((await self.view(device_id, message_id)).state)

    def _database(self) -> Database:
        self._opened = WatchedDatabase(str(self.config.sqlite_path or self.config.database))
        self.clock.busy.append(self._is_busy)
        return self._opened

    def _is_busy(self) -> bool:
        return self._opened.is_busy()

    async def _prepare(self, core: Core) -> None:
        self.actor = await core.database.write(self._ensure)

    async def _ready(self, _: Daemon) -> None:
        self._started.set()

    def _ensure(self, tx: Transaction) -> Actor:
        organisations = account.organisations(tx)
        if organisations:
            self._policy_id = policy.views(tx, 0)[0].id
            self._tariff_id = policy.tariffs(tx, 0)[0].id
            return _actor(organisations[0].id)
        now_ms = self.clock.now_ms()
        organisation_id = account.insert_organisation(tx, "Test", now_ms)
        self._policy_id = policy.insert(tx, ServicePolicy(0, organisation_id, "All", mt=1, mo=1), now_ms)
        self._tariff_id = policy.insert_tariff(tx, organisation_id, "None", None)
        link.insert(tx, "Simulator", "simulator", msgspec.json.encode(self.simulator_settings).decode(), now_ms)
        return _actor(organisation_id)

    def _add_device(self, tx: Transaction, msisdn: str, name: str) -> DeviceId:
        now_ms, organisation_id = self.clock.now_ms(), self.actor.organisation_id
        new = Device(0, organisation_id, name, None, None, 0, int(DeviceStatus.ENABLED), self._policy_id, self._tariff_id)
        device_id = device.insert(tx, new, now_ms)
        card = Sim(0, organisation_id, f"89{msisdn:0>17}", None, msisdn, int(SimStatus.ACTIVATED), device_id, None, None, now_ms)
        sim.insert(tx, card, now_ms)
        sim.update(tx, card)
        sim.replace_numbers(tx, card, ())
        return device_id


def _actor(organisation_id: OrganisationId) -> Actor:
    return Actor(organisation_id, "Test", Role.ADMINISTRATOR, Door.REST)
