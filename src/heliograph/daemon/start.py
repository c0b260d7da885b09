"""The two ways to run a daemon: `serve` an installation, `try_out` the demo world."""

import asyncio
import sys
from collections.abc import Sequence
from functools import partial
from typing import Protocol

from heliograph import log
from heliograph.clock import SystemClock
from heliograph.config import Config
from heliograph.daemon import demo, greeting
from heliograph.daemon.begin import next_steps
from heliograph.daemon.composition import Daemon, Face, Plan, links_are_up
from heliograph.daemon.process import run, settle_memory
from heliograph.daemon.server import HttpServer, address_of, listen
from heliograph.daemon.storage import engine_for
from heliograph.daemon.tls import certificate_of
from heliograph.metrics import Metrics
from heliograph.service.core import Core
from heliograph.store.database import Database
from heliograph.web.app import make_app
from heliograph.web.scrape import Scrapers
from heliograph.webhooks.egress import LOOPBACK, EgressPolicy, check_url

LINKS_UP_WITHIN_S = 10.0
ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104 (what is listened on is the operator's choice)

_log = log.get("daemon")


def serve(config: Config) -> int:
    """Run an installation until a signal ends it; the exit code."""
    egress = EgressPolicy(config.webhooks.egress_allow, frozenset(config.webhooks.ports))
    return run(config, lambda: _daemon(config, egress, Installation()))


def try_out(config: Config, *, as_json: bool) -> int:
    """Run the demo world until a signal ends it; the exit code. The webhooks of its applications may be on this machine."""
    return run(config, lambda: _daemon(config, LOOPBACK, DemoWorld(config, as_json=as_json)))


class Story(Protocol):
    """What distinguishes one way to run from another."""

    async def prepare(self, core: Core) -> None:
        """Write what is to be there before anything runs."""

    async def ready(self, daemon: Daemon, base_url: str, listening: str) -> None:
        """Say that requests are answered at `base_url`, by what listens at `listening`."""


class Installation:
    """Filled by its people."""

    async def prepare(self, core: Core) -> None:
        """Nothing: what is there, stays."""

    async def ready(self, daemon: Daemon, base_url: str, listening: str) -> None:
        for step in await daemon.core.database.read(next_steps):
            _log.warning(step.what, do=step.do)
        _log.info("ready", url=base_url, listen=listening)


class DemoWorld:
    """Filled by `demo`, announced on standard output for programs, on standard error for people."""

    def __init__(self, config: Config, *, as_json: bool) -> None:
        self._data_dir = config.data_dir
        self._as_json = as_json
        self._credentials = demo.credentials(config.data_dir)
        self._devices: Sequence[demo.DemoDevice] = ()

    async def prepare(self, core: Core) -> None:
        password_hash = await asyncio.to_thread(demo.password_hash_of, self._credentials)
        self._devices = await core.database.write(demo.ensure, self._credentials, password_hash, core.clock.now_ms())

    async def ready(self, daemon: Daemon, base_url: str, listening: str) -> None:
        if not await links_are_up(daemon, LINKS_UP_WITHIN_S):
            _log.warning("the simulator is not up yet")
        told = greeting.ready(base_url, self._credentials, self._devices)
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
    metrics = Metrics()
    servers: list[HttpServer] = []

    def make_faces(core: Core) -> Sequence[Face]:
        scrapers = Scrapers(http.metrics_allow, bool(http.trusted_proxies))
        check = partial(check_url, policy=egress)
        app = make_app(core, config, metrics, check, requests_per_5_min=http.requests_per_5_min, scrapers=scrapers)
        servers.append(HttpServer(app, bound, http, certificate))
        return servers

    async def ready(daemon: Daemon) -> None:
        for server in servers:
            await server.serving()
        settle_memory()
        await story.ready(daemon, base_url, listening)

    def make_database() -> Database:
        return Database(engine_for(config))

    def reload() -> None:
        if certificate is not None:
            certificate.reload()

    return Daemon(Plan(config, SystemClock(), metrics, make_database, egress, make_faces, story.prepare, ready, reload))
