"""Where applications bind: listens, keeps the connections, and lets no ESME harm another.

Theory of operation. All connections share one `Timers` and one Server, which is the Owner of each and passes what it is told to that
connection's Esme. Whatever fails there ends that connection (`guard`: the bulkhead of one ESME); what fails here ends the daemon. Two loops
run beside the connections: one forgets, in the database, the sessions that are over; one looks every few seconds what accounts have become,
so that a limit that was changed holds, and a disabled account or one whose password was reset loses its sessions, in every process.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from heliograph import log
from heliograph.metrics import Counter, Metrics
from heliograph.model.esme_refusal import BIND, NOBODY, Why
from heliograph.model.problem import Code, Problem
from heliograph.service.bind import Credentials, accounts_in_use, begin_session, end_sessions, sessions_here
from heliograph.service.core import Core
from heliograph.smpp.aio import Connection, Timers
from heliograph.smpp.event import Event, Settled
from heliograph.smpp.session import Profile
from heliograph.smpp.state import BOUND, Role
from heliograph.smpp.value import VERSION_50
from heliograph.smppd.account import Account
from heliograph.smppd.courier import EsmeCourier
from heliograph.smppd.esme import Esme
from heliograph.smppd.handshake import telling
from heliograph.smppd.pace import EVERY_S, Paces
from heliograph.smppd.refusals import Register
from heliograph.store.database import DatabaseLost
from heliograph.store.smpp_account import SmppSession

BACKLOG: Final = 2048
LOOK_S: Final = 3.0
RETRY_S: Final = 1.0
STOP_POLL_S: Final = 0.05

_log = log.get("smppd")


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """`connections`: open ones, bound or not. Times in milliseconds, as `smpp.session.Profile` has them."""

    connections: int = 5000
    session_init_ms: int = 10_000
    enquire_link_ms: int = 30_000
    inactivity_ms: int = 300_000
    response_ms: int = 30_000

    def profile(self) -> Profile:
        """How sessions behave. An account's own windows, which are smaller, are kept by Esme and courier."""
        return Profile(
            interface_version=VERSION_50,
            window=1000,
            owed=10_000,
            session_init_ms=self.session_init_ms,
            enquire_link_ms=self.enquire_link_ms,
            inactivity_ms=self.inactivity_ms,
            response_ms=self.response_ms,
        )


@dataclass(frozen=True, slots=True)
class Listener:
    """A bound socket; with a context it speaks TLS."""

    bound: socket.socket
    tls: ssl.SSLContext | None = None


class Server:
    """A face of the daemon (`composition.Face`), the Owner of its connections and the House of its ESMEs."""

    def __init__(self, core: Core, listeners: Sequence[Listener], settings: ServerSettings, metrics: Metrics) -> None:
        self.core = core
        self.clock = core.clock
        self.credentials = Credentials(core.database, core.clock)
        self.courier = EsmeCourier(core.clock.now_ms)
        self.accounts: dict[str, Account] = {}
        self._listeners = listeners
        self._settings = settings
        self._profile = settings.profile()
        self._timers = Timers(core.clock)
        self._esmes: dict[Connection, Esme] = {}
        self._of_account: dict[str, list[Esme]] = {}
        self._over: list[int] = []
        self._binding = 0
        self._doubts = core.database.doubts
        self._something_over = asyncio.Event()
        self._serving = asyncio.Event()
        self._stopping = asyncio.Event()
        self._ended = asyncio.Event()
        self._tasks: asyncio.TaskGroup | None = None
        self._loose: set[asyncio.Task[None]] = set()
        core.notifier.attach(self.courier)
        metrics.reading("smpp_sessions", "SMPP sessions that are bound to this process.", self._bound_count)
        for kind, is_policys in (("policy", True), ("organisation", False)):
            words = "SMPP sessions that are bound to this process, by whose their account is."
            metrics.reading("smpp_bound", words, partial(self._bound_count_of, is_policys), account=kind)
        metrics.reading("smpp_connections", "SMPP connections, bound or not.", lambda: len(self._esmes))
        self._binds = metrics.counter("smpp_binds", "Binds that applications asked for over SMPP.", result="bound")
        self._refused_binds = metrics.counter("smpp_binds", "Binds that applications asked for over SMPP.", result="refused")
        self.answers: Mapping[bool, Counter] = {
            is_refused: metrics.counter("smpp_submits", "Submits that applications had answered over SMPP.", result=result)
            for is_refused, result in ((False, "accepted"), (True, "refused"))
        }
        self.register = Register(core, metrics)
        self._failures = metrics.counter("smpp_failures", "Sessions of applications that ended by an error of ours.")

    # a face

    async def run(self) -> None:
        """Serve until `stop`."""
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            loops = (self._timers.run(), self._forget_sessions(), self._watch_accounts(), self._note_paces(), self.register.book.run())
            lasting = [tasks.create_task(each) for each in loops]
            servers = [await self._listen(each) for each in self._listeners]
            self._serving.set()
            try:
                await self._stopping.wait()
            finally:
                for server in servers:
                    server.close()
            await self._ended.wait()
            await self.register.book.write()
            for task in (*lasting, *self._loose):
                task.cancel()

    async def serving(self) -> None:
        """Return once connections are accepted."""
        await self._serving.wait()

    async def stop(self, grace_s: float) -> None:
        """Accept nothing more, unbind all, wait for what was asked and for their answers within the grace, then close."""
        self._stopping.set()
        deadline = self.clock.monotonic() + grace_s
        for esme in list(self._esmes.values()):
            self.guard(esme, esme.stop)
        while self._esmes and self.clock.monotonic() < deadline:
            await self.clock.sleep_until(min(deadline, self.clock.monotonic() + STOP_POLL_S))
        for esme in list(self._esmes.values()):
            esme.connection.close("the server stops")
        self._ended.set()

    async def _listen(self, listener: Listener) -> asyncio.Server:
        if listener.tls is not None:
            listener.tls.sslobject_class = telling(lambda why, word: self.register.note(NOBODY, BIND, why, "", 0, word))
        return await asyncio.get_running_loop().create_server(
            lambda: Connection(Role.MC, self._profile, self, self._timers),
            sock=listener.bound,
            ssl=listener.tls,
            ssl_handshake_timeout=self._settings.session_init_ms / 1000 if listener.tls and self._settings.session_init_ms else None,
            backlog=BACKLOG,
        )

    # the Owner of connections

    def opened(self, connection: Connection) -> None:
        """It is known from here on: one whose TLS handshake fails is never opened, and nobody would be told of its end."""
        esme = self._esmes[connection] = Esme(self, connection, tls=connection.get_extra_info("ssl_object") is not None)
        if len(self._esmes) > self._settings.connections:
            self.register.note(NOBODY, BIND, Why.CONNECTIONS, esme.address, 0)
        if len(self._esmes) > self._settings.connections or self._stopping.is_set():
            connection.close(f"there are {self._settings.connections} connections already")

    def told(self, connection: Connection, events: tuple[Event, ...]) -> None:
        esme = self._esmes.get(connection)
        if esme is not None:
            self.guard(esme, esme.told, events)

    def writable(self, connection: Connection) -> None:
        """It reads again: what waits for its account may come."""
        esme = self._esmes.get(connection)
        if esme is not None and esme.account is not None and esme.receives:
            self.core.notifier.bound(esme.account.system_id)

    # the House of ESMEs

    def guard(self, esme: Esme, call: Callable[..., None], *args: Any) -> None:
        """Make a call whose bug ends this ESME alone."""
        try:
            call(*args)
        except Exception:  # bulkhead: one ESME
            self._failures.add()
            _log.exception("an ESME failed", system_id=esme.account and esme.account.system_id, peer=esme.connection.peer)
            esme.connection.close("an error of ours")

    def later(self, esme: Esme, wait_ms: int, call: Callable[[], None]) -> None:
        """Make a call later, under the same guard."""
        self._timers.at(self._timers.now_ms() + wait_ms, lambda: self.guard(esme, call))

    def spawn(self, esme: Esme, call: Coroutine[Any, Any, None]) -> None:
        """Have a task of its own, under the same guard."""
        assert self._tasks is not None
        task = self._tasks.create_task(self._apart(esme, call))
        self._loose.add(task)
        task.add_done_callback(self._loose.discard)

    async def _apart(self, esme: Esme, call: Coroutine[Any, Any, None]) -> None:
        for failed in await asyncio.gather(call, return_exceptions=True):
            if isinstance(failed, BaseException):
                self.guard(esme, _fail, failed)

    async def bind(self, esme: Esme, system_id: str, password: str, bind: str, version: int) -> Account:
        """The account that is bound from now on. Raises Problem."""
        try:
            row = await self.credentials.account(system_id, password, esme.address)
            session = SmppSession(0, system_id, self.core.node_id, bind, version, esme.connection.peer, int(esme.tls), self.clock.now_ms())
            self._binding += 1
            try:
                begun = await self.core.database.write(begin_session, row, session)
            finally:
                self._binding -= 1
        except Problem:
            self._refused_binds.add()
            raise
        if esme.connection.is_over:
            self._forget(begun.session_id)
            raise Problem(Code.UNAVAILABLE, "the peer went away")
        esme.session_id = begun.session_id
        self._binds.add()
        account = self.accounts.get(system_id)
        if account is None:
            account = Account(begun.account, self.clock)
        elif account.row != begun.account:
            account.change(begun.account)
        return account

    def bound(self, esme: Esme) -> None:
        """It is bound."""
        assert esme.account is not None
        system_id = esme.account.system_id
        esme.account = self.accounts.setdefault(system_id, esme.account)
        self._of_account.setdefault(system_id, []).append(esme)
        if esme.receives:
            self.courier.joined(system_id, esme)
            self.core.notifier.bound(system_id)
        _log.info("bound", system_id=system_id, bind=esme.bind, version=f"{esme.version:x}", peer=esme.connection.peer)

    def settled(self, esme: Esme, event: Settled) -> None:
        """A request of ours is over."""
        self.courier.settled(esme, event)

    def left(self, esme: Esme) -> None:
        """Its connection is over."""
        self._esmes.pop(esme.connection, None)
        if esme.session_id is not None:
            self._forget(esme.session_id)
        if esme.account is None:
            return
        system_id = esme.account.system_id
        bound = self._of_account.get(system_id, [])
        if esme in bound:
            bound.remove(esme)
            self.courier.left(system_id, esme)
        if not bound:
            self._of_account.pop(system_id, None)
            self.accounts.pop(system_id, None)

    # loops

    async def _forget_sessions(self) -> None:
        """Delete the rows of sessions that are over, all that came together in one transaction."""
        while True:
            await self.clock.wait(self._something_over, LOOK_S)
            self._something_over.clear()
            ids, self._over = self._over, []
            if not ids:
                continue
            try:
                await self.core.database.write(end_sessions, ids)
            except DatabaseLost as lost:
                _log.warning("the database does not answer, sessions are forgotten later", sessions=len(ids), error=str(lost))
                self._over += ids
                await self.clock.sleep_until(self.clock.monotonic() + RETRY_S)

    async def _note_paces(self) -> None:
        """Write down how the sessions do."""
        paces = Paces(self.core, self.courier)
        while True:
            await self.clock.sleep_until(self.clock.monotonic() + EVERY_S)
            await paces.note(self._esmes.values())

    async def _watch_accounts(self) -> None:
        """Follow what accounts become."""
        while True:
            await self.clock.sleep_until(self.clock.monotonic() + LOOK_S)
            try:
                await self._clear_doubts()
                rows = await accounts_in_use(self.core, set(self.accounts)) if self.accounts else {}
            except DatabaseLost as lost:
                _log.warning("the database does not answer, accounts stay as they were", error=str(lost))
                continue
            for account in list(self.accounts.values()):
                row = rows.get(account.system_id)
                if row is None or row.disabled_at_ms is not None or row.password_hash != account.row.password_hash:
                    self._end_all(account.system_id)
                elif row != account.row:
                    account.change(row)

    async def _clear_doubts(self) -> None:
        """A commit whose answer was lost may have begun sessions without anybody being told: forget those."""
        doubts = self.core.database.doubts
        if doubts == self._doubts:
            return
        found = await sessions_here(self.core)
        if self._binding:  # one of them may be on its way; the next look will tell
            return
        known = {each.session_id for each in self._esmes.values()}
        for session_id in found:
            if session_id not in known and session_id not in self._over:
                self._forget(session_id)
        self._doubts = doubts

    def _end_all(self, system_id: str) -> None:
        for esme in list(self._of_account.get(system_id, ())):
            esme.connection.close("the account was disabled or deleted, or its password was reset")

    def _forget(self, session_id: int) -> None:
        self._over.append(session_id)
        self._something_over.set()

    def _bound_count_of(self, is_policys: bool) -> int:
        bound = [each.account for each in self._esmes.values() if each.connection.session.state in BOUND]
        return sum(account is not None and (account.policy_id is not None) is is_policys for account in bound)

    def _bound_count(self) -> int:
        return sum(each.connection.session.state in BOUND for each in self._esmes.values())


def _fail(error: BaseException) -> None:
    raise error
