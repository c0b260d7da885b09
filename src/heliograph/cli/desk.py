"""Where a command works: the installation's database, opened whether `serve` runs or not, and who acts.

A command is one more process beside the daemons. It owns no link and delivers nothing: what it sends waits in a lane, where the link's
owner finds it within a second, and what is to be delivered is claimed by a daemon. It never changes the schema of an installation.
"""

import asyncio
import getpass
import os
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal, NoReturn, TypeVar

from cyclopts import Parameter

from heliograph.cli.answer import DONE, REFUSED, WRONG_USAGE, Answer, Refusal, refuse, show
from heliograph.clock import Clock, SystemClock
from heliograph.config import Config, ConfigError
from heliograph.daemon.storage import DATABASE_ERRORS, engine_for, unreachable
from heliograph.links.catalogue import Catalogue
from heliograph.model.account import Actor, Door, Role
from heliograph.model.ids import NodeId, OrganisationId
from heliograph.model.notification import Answered, Delivery
from heliograph.model.p2p import P2pRates
from heliograph.model.problem import Problem
from heliograph.model.route import NumberRules
from heliograph.service.core import Core
from heliograph.service.dispatch import Queues
from heliograph.service.link_kinds import LinkKinds
from heliograph.service.notify import Notifier
from heliograph.service.settle import LaneUseCases
from heliograph.service.share import Limits
from heliograph.store import account
from heliograph.store.account import Organisation
from heliograph.store.database import Database
from heliograph.store.engine import EngineTooOld
from heliograph.store.migrate import SchemaTooNew, migrations, schema_version
from heliograph.webhooks.egress import EgressPolicy

CONFIG_VARIABLE: Final = "HELIOGRAPH_CONFIG"
RoleName = Literal["SuperAdmin", "Administrator", "User", "Observer"]
"""The roles by the names that the API and the portal use."""


@Parameter(name="*")
@dataclass(frozen=True)
class Options:
    """What every command takes.

    Parameters
    ----------
    config
        The file of settings (TOML), as for `serve`; without it the one that HELIOGRAPH_CONFIG names.
    json
        Answer in JSON.
    """

    config: Path | None = None
    json: Annotated[bool, Parameter(negative="")] = False


@Parameter(name="*")
@dataclass(frozen=True)
class OrganisationOptions(Options):
    """What commands take that concern one organisation.

    Parameters
    ----------
    organisation
        The organisation, by id or name. Where there is only one, it is that one.
    """

    organisation: str | None = None


PLAIN: Final = Options()
ANY: Final = OrganisationOptions()


@dataclass(frozen=True, slots=True)
class Desk:
    """What a command works with. It is an `Office`."""

    config: Config
    core: Core
    options: Options

    @property
    def database(self) -> Database:
        return self.core.database

    @property
    def clock(self) -> Clock:
        return self.core.clock

    @property
    def link_kinds(self) -> LinkKinds:
        return self.core.link_kinds

    @property
    def egress(self) -> EgressPolicy:
        """Which receivers of webhooks may be called."""
        return EgressPolicy(self.config.webhooks.egress_allow, frozenset(self.config.webhooks.ports))

    async def operator(self) -> Actor:
        """Who runs the installation, at work in the organisation asked for. Raises Refusal where it is unclear in which."""
        found = await self._organisation()
        if found is None:
            several = await self.database.read(account.count_organisations)
            raise Refusal(
                "there are several organisations: say which with --organisation"
                if several
                else "there is no organisation yet: make one with `heliograph organisation add NAME`"
            )
        return _actor(found)

    def caretaker(self) -> Actor:
        """Who runs the installation, in no organisation."""
        return _actor(None)

    async def viewer(self) -> Actor:
        """Who sees what is the organisation's that was asked for, or all."""
        found = await self._organisation()
        if found is None:
            return self.caretaker()
        wanted = isinstance(self.options, OrganisationOptions) and self.options.organisation is not None
        return _actor(found, Role.ADMINISTRATOR if wanted else Role.SUPER_ADMIN)

    async def _organisation(self) -> Organisation | None:
        """The one asked for, or the only one. Raises Refusal where it is not there."""
        wanted = self.options.organisation if isinstance(self.options, OrganisationOptions) else None
        found = await self.database.read(account.organisations)
        if wanted is None:
            return found[0] if len(found) == 1 else None
        fitting = [each for each in found if wanted in (str(each.id), each.name)]
        if len(fitting) != 1:
            names = ", ".join(f"{each.id} {each.name}" for each in found[:20]) or "none"
            why = "several organisations have that name" if fitting else "there is no such organisation"
            raise Refusal(f"--organisation {wanted}: {why}; there are: {names}")
        return fitting[0]


T = TypeVar("T")
Work = Callable[[Desk], Awaitable[Answer | int]]


def at_desk(options: Options, work: Work, *, founds: bool = False) -> int:
    """Open the installation, have `work` done, print its answer; the exit code. `founds`: make the database where there is none."""
    config = settings(options.config)
    if config is None:
        return WRONG_USAGE
    before = os.umask(0o077)  # the database holds messages and secrets
    try:
        answer = asyncio.run(_work(config, options, work, founds=founds))
    except BrokenPipeError:
        raise
    except (Problem, Refusal, SchemaTooNew, EngineTooOld, OSError) as error:
        refuse(error, as_json=options.json)
        return REFUSED
    except DATABASE_ERRORS as error:
        refuse(Refusal(unreachable(config, error)), as_json=options.json)
        return REFUSED
    except KeyboardInterrupt:
        return REFUSED
    finally:
        os.umask(before)
    if isinstance(answer, int):
        return answer
    show(answer, as_json=options.json)
    return DONE


def settings(path: Path | None, environ: dict[str, str] | None = None, command_line: dict[str, str] | None = None) -> Config | None:
    """The settings of a file, or of the one that HELIOGRAPH_CONFIG names, with the environment and the command line over it; None after
    saying all that is wrong with them."""
    given = dict(os.environ if environ is None else environ)
    named = given.pop(CONFIG_VARIABLE, None)
    try:
        return Config.load(path or (Path(named) if named else None), given, command_line)
    except ConfigError as error:
        for problem in error.problems:
            refuse(Refusal(problem))
        return None


async def _work(config: Config, options: Options, work: Work, *, founds: bool) -> Answer | int:
    await asyncio.to_thread(_check_schema, config, founds=founds)
    return await with_desk(config, options, work)


async def with_desk(config: Config, options: Options, work: Callable[[Desk], Awaitable[T]]) -> T:
    """Have `work` done on a database that has this release's schema."""
    database = Database(engine_for(config))
    await database.open()
    try:
        return await work(Desk(config, _core(database, config), options))
    finally:
        await database.close()


def _actor(organisation: Organisation | None, role: Role = Role.SUPER_ADMIN) -> Actor:
    """Who is at the keyboard, by their login on this machine: the audit says so."""
    if organisation is None:
        return Actor(OrganisationId(0), "", role, Door.CLI, email=_login())
    return Actor(organisation.id, organisation.name, role, Door.CLI, email=_login())


def _login() -> str:
    try:
        return os.environ.get("SUDO_USER") or getpass.getuser()
    except (KeyError, OSError):  # a container may have no name for its user
        return f"uid {os.getuid()}"


def _check_schema(config: Config, *, founds: bool) -> None:
    path = config.sqlite_path
    if path is not None and founds:
        path.parent.mkdir(parents=True, exist_ok=True)
    elif path is not None and not path.exists():
        raise Refusal(
            f"there is no database at {path} (setting database, data_dir): name the settings with --config or {CONFIG_VARIABLE}, "
            "or begin with `heliograph organisation add NAME`"
        )
    found, known = schema_version(engine_for(config)), migrations()[-1].version
    if found == 0 and not founds:
        raise Refusal("the database is empty: begin with `heliograph organisation add NAME`")
    if 0 < found < known:
        raise Refusal(f"the database has schema {found}, this release needs {known}: stop the earlier daemons, then `heliograph migrate`")


def _core(database: Database, config: Config) -> Core:
    clock, use_cases = SystemClock(), LaneUseCases()
    numbers = NumberRules(config.application_numbers, config.network_numbers, config.short_number_max_digits)
    notifier = Notifier(database, clock, NodeId(0), _NoCourier(), _no_task, Limits(0))
    rates = P2pRates(config.p2p.sent_per_day, config.p2p.received_per_minute)
    core = Core(database, clock, NodeId(0), Queues(clock, _no_task, use_cases), notifier, numbers, rates)
    core.link_kinds = Catalogue(clock)
    use_cases.core = core
    return core


class _NoCourier:
    """A command has no room for deliveries, so it is never given one."""

    def deliver(self, delivery: Delivery, done: Callable[[Answered], None]) -> None:
        raise AssertionError(f"a command was given the delivery {delivery.notification_id}")

    async def stop(self, grace_s: float) -> None:
        return


def _no_task(call: Coroutine[Any, Any, None]) -> NoReturn:
    call.close()
    raise AssertionError("a command owns no link, so nothing is to be done later")
