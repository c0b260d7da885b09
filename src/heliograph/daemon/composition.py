"""Everything that one process does, put together: the database, the core, its loops, the faces; started and stopped in order.

Start: database, core, what `prepare` writes, then all loops and faces at once. Stop: the faces take nothing more and answer what they
have, then the links drain, then the couriers, each within its part of the grace; then the process leaves the installation and the
database is closed. A loop that fails takes all others with it: the error comes out of `run`. What waits meanwhile for something that
never comes is not waited for in its turn: the process ends OVERDUE_S after it should have.
"""

import asyncio
import os
import socket
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from heliograph import log
from heliograph.clock import Clock
from heliograph.config import Config
from heliograph.links.catalogue import Catalogue
from heliograph.links.supervisor import Supervisor
from heliograph.metrics import Metrics
from heliograph.model.notification import Courier
from heliograph.model.p2p import P2pRates
from heliograph.model.route import NumberRules
from heliograph.service import housekeeping
from heliograph.service.cdr import CdrFiles
from heliograph.service.core import Core
from heliograph.service.dispatch import Queues
from heliograph.service.fan_out import FanOut
from heliograph.service.housekeeping import Housekeeping
from heliograph.service.link_waiting import LinkWaiting
from heliograph.service.notify import Notifier
from heliograph.service.retention import Retention
from heliograph.service.rollup import Rollup
from heliograph.service.settle import LaneUseCases
from heliograph.service.share import Limits
from heliograph.store.database import Database, DatabaseLost
from heliograph.store.migrate import SchemaTooNew, migrations, refuse_newer
from heliograph.webhooks.egress import EgressPolicy
from heliograph.webhooks.process import CourierProcess
from heliograph.webhooks.settings import CourierSettings

FACES_SHARE = 0.2
LINKS_SHARE = 0.6
COURIERS_SHARE = 0.2
RECEIVERS_SHARE = 4
"""Webhooks that share a host, of one no-code tool say, have so much of all calls together; each has its own limit beside."""
LOOK_AT_SCHEMA_S = 2.0
OVERDUE_S = 40.0
"""Longer than SQLite waits for what another process locks (30 s), or a database takes to notice that its network is dead."""

Spawn = Callable[[Coroutine[Any, Any, None]], object]

_log = log.get("daemon")


class Face(Protocol):
    """A door of the process: the HTTP server, later others."""

    async def run(self) -> None:
        """Serve until `stop`."""

    async def stop(self, grace_s: float) -> None:
        """Take nothing more; return when what was taken is answered, or the grace is over."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a daemon is made of, beside its settings. `prepare` runs once the database is open and before any loop; `ready` once all run;
    `reload` when an operator asks to read anew what can be read while it runs. `make_courier`: what calls webhooks. `end_within`: have the
    process end after so many seconds, whatever it waits for; the last call counts."""

    config: Config
    clock: Clock
    metrics: Metrics
    make_database: Callable[[], Database]
    egress: EgressPolicy
    make_faces: Callable[[Core], Sequence[Face]]
    prepare: Callable[[Core], Coroutine[Any, Any, None]]
    ready: Callable[["Daemon"], Coroutine[Any, Any, None]]
    reload: Callable[[], None] = lambda: None
    make_courier: Callable[[CourierSettings, Clock, Spawn], Courier] = CourierProcess
    end_within: Callable[[float], None] = lambda _: None


class Daemon:
    """One process of the installation, from start to end. `core` and `supervisor` are there once `ready` is called."""

    core: Core
    supervisor: Supervisor

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._stopping = asyncio.Event()
        self._crash: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._outdated: SchemaTooNew | None = None

    def stop(self) -> None:
        """Have `run` drain and return; where it is only about to start, start first."""
        if not self._stopping.is_set():
            self._plan.end_within(self._plan.config.stop_grace_s + OVERDUE_S)
            self._stopping.set()

    def reload(self) -> None:
        """Read anew what can be, the certificate say."""
        self._plan.reload()

    def crash(self, error: BaseException) -> None:
        """Have `run` end with this error, which happened outside of any task."""
        if not self._crash.done():
            self._crash.set_exception(error)

    async def run(self) -> None:
        """Start, serve until `stop`, drain. Raises what cannot be started, what any loop died of, and SchemaTooNew once it has drained
        because a later release has come to the database."""
        database = self._plan.make_database()
        await database.open()
        try:
            async with asyncio.TaskGroup() as tasks:
                try:
                    await self._serve(database, tasks)
                finally:  # drained, or cancelled by what failed
                    self._plan.end_within(OVERDUE_S)
        finally:
            await database.close()
        if self._outdated is not None:
            raise self._outdated

    async def _serve(self, database: Database, tasks: asyncio.TaskGroup) -> None:
        plan, loose = self._plan, _Loose(tasks)
        self.core = core = await _core(database, plan, loose.spawn)
        await plan.prepare(core)
        self.supervisor = Supervisor(core, plan.metrics)
        faces = plan.make_faces(core)
        lasting = [tasks.create_task(Housekeeping(core).run()), tasks.create_task(self._watch_for_crash())]
        lasting.append(tasks.create_task(self._watch_schema(core)))
        lasting.append(tasks.create_task(Rollup(core, plan.metrics).run()))
        lasting.append(tasks.create_task(LinkWaiting(core, plan.metrics).run()))
        lasting.append(tasks.create_task(Retention(core, plan.config.retention).run()))
        if (folder := plan.config.cdr_path) is not None:
            lasting.append(tasks.create_task(CdrFiles(core, folder, plan.config.retention.feed_days).run()))
        lasting.append(tasks.create_task(FanOut(database, core.clock, core.node_id, core.notifier).run()))
        tasks.create_task(core.notifier.run())
        tasks.create_task(self.supervisor.run())
        for face in faces:
            tasks.create_task(face.run())
        tasks.create_task(plan.ready(self))
        await self._stopping.wait()
        await self._drain(faces)
        for task in lasting:
            task.cancel()
        loose.cancel()
        await housekeeping.stop_node(core)

    async def _drain(self, faces: Sequence[Face]) -> None:
        grace_s = self._plan.config.stop_grace_s
        _log.info("stopping", grace_s=grace_s)
        self.core.tail.stop()
        async with asyncio.TaskGroup() as stops:
            for face in faces:
                stops.create_task(face.stop(grace_s * FACES_SHARE))
        await self.supervisor.stop(grace_s * LINKS_SHARE)
        await self.core.notifier.stop(grace_s * COURIERS_SHARE)

    async def _watch_for_crash(self) -> None:
        await self._crash

    async def _watch_schema(self, core: Core) -> None:
        """Drain once a later release has brought the schema forward: what this one reads and writes may mean something else by now."""
        known = migrations()[-1].version
        while self._outdated is None:
            await core.clock.sleep_until(core.clock.monotonic() + LOOK_AT_SCHEMA_S)
            try:
                await core.database.read(refuse_newer, known)
            except SchemaTooNew as newer:
                _log.warning("a later release uses the database", why=str(newer))
                self._outdated = newer
            except DatabaseLost:
                continue  # housekeeping says so
        self.stop()


class _Loose:
    """Tasks that use cases start on the side, a pause that ends later for example. At the stop they are of no more use."""

    def __init__(self, tasks: asyncio.TaskGroup) -> None:
        self._tasks = tasks
        self._running: set[asyncio.Task[None]] = set()

    def spawn(self, call: Coroutine[Any, Any, None]) -> None:
        task = self._tasks.create_task(call)
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    def cancel(self) -> None:
        for task in self._running:
            task.cancel()


async def _core(database: Database, plan: Plan, spawn: Spawn) -> Core:
    config, clock = plan.config, plan.clock
    node_id = await housekeeping.start_node(database, f"{socket.gethostname()}/{os.getpid()}", clock.now_ms())
    use_cases = LaneUseCases()
    courier = plan.make_courier(_courier_settings(plan), clock, spawn)
    hooks = config.webhooks
    limits = Limits(hooks.in_flight_max, hooks.in_flight_per_webhook_max, hooks.in_flight_per_webhook_min, hooks.in_flight_failing_percent)
    notifier = Notifier(database, clock, node_id, courier, spawn, limits)
    numbers = NumberRules(config.application_numbers, config.network_numbers, config.short_number_max_digits)
    rates = P2pRates(config.p2p.sent_per_day, config.p2p.received_per_minute)
    core = Core(database, clock, node_id, Queues(clock, spawn, use_cases), notifier, numbers, rates)
    core.link_kinds = Catalogue(clock)
    use_cases.core = core
    if config.sqlite_path is not None:
        await housekeeping.bury_all_others(core)
    return core


def _courier_settings(plan: Plan) -> CourierSettings:
    hooks = plan.config.webhooks
    return CourierSettings(
        egress=plan.egress,
        in_flight=hooks.in_flight_max,
        in_flight_per_receiver=max(hooks.in_flight_per_webhook_max, hooks.in_flight_max // RECEIVERS_SHARE),
        connect_timeout_s=hooks.connect_timeout_s,
        timeout_s=hooks.timeout_s,
        proxy=hooks.egress_proxy,
    )


async def links_are_up(daemon: Daemon, timeout_s: float) -> bool:
    """Wait until every link that runs here has room; False when one still has none."""
    clock = daemon.core.clock
    until = clock.monotonic() + timeout_s
    while clock.monotonic() < until:
        owned = daemon.supervisor.owned
        if owned and all(each.link.room() > 0 for each in owned):
            return True
        await clock.wait(asyncio.Event(), 0.01)
    return False


__all__ = ["Daemon", "Face", "Plan", "links_are_up"]
