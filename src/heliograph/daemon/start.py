"""The two ways to run a daemon: `serve` an installation, `try_out` the demo world."""

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from heliograph import log
from heliograph.clock import SystemClock
from heliograph.config import Config, Smpp
from heliograph.daemon import demo, greeting
from heliograph.daemon.begin import next_steps
from heliograph.daemon.composition import Daemon, Face, Plan, links_are_up
from heliograph.daemon.process import StartError, end_within, run, settle_memory
from heliograph.daemon.server import HttpServer, address_of, listen
from heliograph.daemon.storage import engine_for
from heliograph.daemon.tls import Certificate, certificate_of, smpp_certificate_of
from heliograph.metrics import Metrics
from heliograph.model.account import Actor, Door, Role
from heliograph.model.ids import OrganisationId
from heliograph.model.problem import Problem
from heliograph.service.core import Core
from heliograph.service.manage import link as links
from heliograph.setting import Address
from heliograph.smppd.server import Listener, ServerSettings
from heliograph.smppd.server import Server as SmppServer
from heliograph.store.database import Database
from heliograph.web.app import make_app
from heliograph.web.doors import SmppDoor, SmppDoors
from heliograph.web.scrape import Scrapers
from heliograph.webhooks.egress import LOOPBACK, EgressPolicy, check_url

LINKS_UP_WITHIN_S = 10.0
ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104 (what is listened on is the operator's choice)

FILE = Actor(OrganisationId(0), "", Role.SUPER_ADMIN, Door.CLI, email="file of settings")
"""Who makes links from the file: so the audit says."""

_log = log.get("daemon")


def serve(config: Config) -> int:
    """Run an installation until a signal ends it; the exit code."""
    egress = EgressPolicy(config.webhooks.egress_allow, frozenset(config.webhooks.ports))
    return run(config, lambda: _daemon(config, egress, Installation(config)))


def try_out(config: Config, *, as_json: bool) -> int:
    """Run the demo world until a signal ends it; the exit code. The webhooks of its applications may be on this machine."""
    return run(config, lambda: _daemon(config, LOOPBACK, DemoWorld(config, as_json=as_json)))


@dataclass(frozen=True, slots=True)
class Doors:
    """Where the daemon is spoken to: at `base_url`, by what listens at `listening`, and by SMPP without TLS and with it, if it is."""

    base_url: str
    listening: str
    smpp: Address | None
    smpp_tls: Address | None


class Story(Protocol):
    """What distinguishes one way to run from another."""

    async def prepare(self, core: Core) -> None:
        """Write what is to be there before anything runs."""

    async def ready(self, daemon: Daemon, doors: Doors) -> None:
        """Say that requests are answered there."""


class Installation:
    """Filled by its people, and by its file of settings where links stand in that."""

    def __init__(self, config: Config) -> None:
        self._links = config.links

    async def prepare(self, core: Core) -> None:
        """Make the links of the file, or change them to what it says. What else is there, stays."""
        for name, settings in self._links.items():
            try:
                await links.declare(core, FILE, name, settings)
            except Problem as problem:
                why = "; ".join([problem.text, *(part.text for part in problem.parts)])
                raise StartError(f"the link {name} of the file of settings cannot be used: {why}") from None

    async def ready(self, daemon: Daemon, doors: Doors) -> None:
        for step in await daemon.core.database.read(next_steps):
            _log.warning(step.what, do=step.do)
        smpp, smpp_tls = (str(each) if each else None for each in (doors.smpp, doors.smpp_tls))
        _log.info("ready", url=doors.base_url, listen=doors.listening, smpp=smpp, smpp_tls=smpp_tls)


class DemoWorld:
    """Filled by `demo`, announced on standard output for programs, on standard error for people."""

    def __init__(self, config: Config, *, as_json: bool) -> None:
        self._data_dir = config.data_dir
        self._as_json = as_json
        self._credentials = demo.credentials(config.data_dir)
        self._devices: Sequence[demo.DemoDevice] = ()
        self._system_id = ""

    async def prepare(self, core: Core) -> None:
        hashes = await asyncio.to_thread(demo.hashes_of, self._credentials)
        self._devices, self._system_id = await core.database.write(demo.ensure, self._credentials, hashes, core.clock.now_ms())

    async def ready(self, daemon: Daemon, doors: Doors) -> None:
        if not await links_are_up(daemon, LINKS_UP_WITHIN_S):
            _log.warning("the simulator is not up yet")
        told = greeting.ready(doors.base_url, self._credentials, self._devices, doors.smpp, self._system_id)
        if self._as_json:
            print(greeting.line(told), flush=True)  # noqa: T201
        else:
            print(greeting.page(told, str(self._data_dir)), file=sys.stderr, flush=True)  # noqa: T201


def _daemon(config: Config, egress: EgressPolicy, story: Story) -> Daemon:
    http = config.http
    certificate = certificate_of(http)
    bound = listen(http.listen, "--http" if config.origins.get("http.listen") == "command line" else "http.listen")
    address, scheme = address_of(bound, http.listen), "https" if certificate else "http"
    listening = f"{scheme}://{ANY_ADDRESS.get(address.host, address.host)}:{address.port}"
    base_url = http.public_url or listening
    smpp = _smpp_listeners(config)
    metrics = Metrics()
    servers: list[HttpServer | SmppServer] = []

    def make_faces(core: Core) -> Sequence[Face]:
        scrapers = Scrapers(http.metrics_allow, bool(http.trusted_proxies))
        check = partial(check_url, policy=egress)
        app = make_app(core, config, metrics, check, requests_per_5_min=http.requests_per_5_min, scrapers=scrapers, smpp=smpp.doors)
        servers.append(HttpServer(app, bound, http, certificate))
        if smpp.listeners:
            servers.append(SmppServer(core, smpp.listeners, _smpp_settings(config.smpp), metrics))
        return servers

    async def ready(daemon: Daemon) -> None:
        for server in servers:
            await server.serving()
        settle_memory()
        await story.ready(daemon, Doors(base_url, listening, smpp.address, smpp.tls_address))

    def make_database() -> Database:
        return Database(engine_for(config))

    def reload() -> None:
        for each in (certificate, smpp.certificate):
            if each is not None:
                each.reload()

    plan = Plan(
        config, SystemClock(), metrics, make_database, egress, make_faces, story.prepare, ready, reload, end_within=end_within
    )  # fmt: skip
    return Daemon(plan)


@dataclass(frozen=True, slots=True)
class _Smpp:
    """The sockets of the SMPP server. `address`: of the one without TLS; `tls_address`: of the one with it."""

    listeners: tuple[Listener, ...]
    address: Address | None
    tls_address: Address | None
    certificate: Certificate | None

    @property
    def doors(self) -> SmppDoors:
        """For the page that tells applications where they bind."""
        plain, tls = (None if each is None else SmppDoor(each.host, each.port) for each in (self.address, self.tls_address))
        return SmppDoors(plain, tls)


def _smpp_listeners(config: Config) -> _Smpp:
    settings = config.smpp
    certificate = smpp_certificate_of(settings)
    listeners = []
    address = tls_address = None
    if settings.listen is not None:
        plain = listen(settings.listen, "--smpp" if config.origins.get("smpp.listen") == "command line" else "smpp.listen")
        address = address_of(plain, settings.listen)
        listeners.append(Listener(plain))
    if settings.tls_listen is not None and certificate is not None:
        encrypted = listen(settings.tls_listen, "smpp.tls_listen")
        tls_address = address_of(encrypted, settings.tls_listen)
        listeners.append(Listener(encrypted, certificate.context))
    return _Smpp(tuple(listeners), address, tls_address, certificate)


def _smpp_settings(settings: Smpp) -> ServerSettings:
    return ServerSettings(
        connections=settings.connections_max,
        session_init_ms=settings.session_init_s * 1000,
        enquire_link_ms=settings.enquire_link_s * 1000,
        inactivity_ms=settings.inactivity_s * 1000,
        response_ms=settings.response_s * 1000,
    )
