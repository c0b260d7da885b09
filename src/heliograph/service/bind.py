"""May this application bind? Its account, its password, where it comes from, and how many sessions it has.

A password of eight characters is all that SMPP has room for, so guessing must be slow: it is hashed by argon2, two are checked at a time,
and whoever failed waits longer before each next check, by address and by system_id, up to what a peer waits for a bind at all. How a
check ended is remembered for ten minutes, under a keyed hash of system_id and password and beside the hash of the account: so a fleet of
sessions that comes back at once costs one check, and a peer that tries the same wrong password on and on costs one too. It waits all the
same, and a new password makes both sorts of memory void. Whatever is wrong, the answer is the same; the log says what it was.
"""

import asyncio
import hmac
import os
from collections import Counter, OrderedDict
from typing import Final

import msgspec
from argon2 import PasswordHasher

from heliograph.clock import Clock
from heliograph.model import esme
from heliograph.model.esme_refusal import Why
from heliograph.model.problem import Code, Problem
from heliograph.service import smpp_password
from heliograph.service.core import Core
from heliograph.store import smpp_account as store
from heliograph.store.database import Database
from heliograph.store.smpp_account import SessionNow, SmppAccount, SmppSession
from heliograph.store.transaction import Transaction

REMEMBERED_MS: Final = 10 * 60_000
REMEMBERED_MOST: Final = 10_000
WAITING_MOST = 100
"""More are told to come again: so many are checked in a second, in ten where all cores are busy, and a peer has 10 s for its bind. Who asks
the same waits as one."""
WAITING_AT_ONE_ADDRESS = 10
"""So that an address that guesses does not take all places."""
SLOWER_S = 0.25
SLOWEST_S = 4.0
"""The first failure costs the next try so long, each more twice that. It is below the time in which a session must be bound."""
FORGOTTEN_MS = 10 * 60_000
FAILURES_MOST = 50_000
_WRONG = "system_id or password are wrong, or the account may not be used from there"


class NotTaken(Problem):
    """INVALID_CREDENTIALS, in the same words whatever is wrong. `why`: what it is, for the operator, never for the peer."""

    def __init__(self, why: Why) -> None:
        super().__init__(Code.INVALID_CREDENTIALS, _WRONG)
        self.why = why


class Failures:
    """How often tries failed of late, by address and by system_id."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._failed: OrderedDict[str, tuple[int, int]] = OrderedDict()

    def delay_s(self, *keys: str) -> float:
        """How long the next try is to wait: by the worst of the keys."""
        now_ms = self._clock.now_ms()
        counts = [count for key in keys for count, at_ms in [self._failed.get(key, (0, 0))] if at_ms > now_ms - FORGOTTEN_MS]
        worst = max(counts, default=0)
        return min(SLOWEST_S, SLOWER_S * 2 ** min(worst - 1, 10)) if worst else 0.0

    def note(self, *keys: str) -> None:
        """A try failed."""
        now_ms = self._clock.now_ms()
        for key in keys:
            count, at_ms = self._failed.pop(key, (0, 0))
            self._failed[key] = (count + 1 if at_ms > now_ms - FORGOTTEN_MS else 1, now_ms)
        while len(self._failed) > FAILURES_MOST:
            self._failed.popitem(last=False)

    def forget(self, *keys: str) -> None:
        """A try succeeded."""
        for key in keys:
            self._failed.pop(key, None)


class Memory:
    """What was found of credentials of late: by a keyed hash of them, and only beside the hash of the account that they were held against.
    The key is this process's own, and nothing of it is written anywhere."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._found: OrderedDict[bytes, tuple[str, int]] = OrderedDict()

    def has(self, mark: bytes, password_hash: str) -> bool:
        """Whether these credentials were found so, against this hash."""
        against, until_ms = self._found.get(mark, ("", 0))
        return against == password_hash and until_ms > self._clock.now_ms()

    def note(self, mark: bytes, password_hash: str) -> None:
        """They were; what is oldest makes room."""
        self._found.pop(mark, None)
        self._found[mark] = (password_hash, self._clock.now_ms() + REMEMBERED_MS)
        while len(self._found) > REMEMBERED_MOST:
            self._found.popitem(last=False)


class Credentials:
    """Checks system ids and passwords, for one process."""

    def __init__(self, database: Database, clock: Clock, hasher: PasswordHasher | None = None) -> None:
        self._database = database
        self._clock = clock
        self._checker = smpp_password.Checker(hasher or smpp_password.hasher())
        self._turns = asyncio.Semaphore(smpp_password.AT_A_TIME)
        self._waiting: Counter[str] = Counter()
        self._key = os.urandom(32)
        self._right = Memory(clock)
        self._wrong = Memory(clock)  # one of its own: guesses are not to push out what was right
        self._checking: dict[tuple[bytes, str], asyncio.Future[bool]] = {}
        self._failures = Failures(clock)

    async def account(self, system_id: str, password: str, address: str) -> SmppAccount:
        """The account that may be used so. Raises Problem: INVALID_CREDENTIALS whatever is wrong, TOO_MANY_REQUESTS where too many wait."""
        account = await self._database.read(store.account, 0, system_id) if esme.is_system_id(system_id) else None
        password_hash = account.password_hash if account is not None else ""
        mark = hmac.digest(self._key, f"{system_id}\0{password}".encode(), "sha256")
        if not self._right.has(mark, password_hash) and not await self._check_in_turn(mark, password_hash, password, system_id, address):
            raise NotTaken(_what_is_wrong(account, password))
        assert account is not None
        if account.disabled_at_ms is not None:
            raise NotTaken(Why.DISABLED)
        if not esme.may_bind_from(esme.read(account.settings), address):
            raise NotTaken(Why.ADDRESS)
        return account

    async def _check_in_turn(self, mark: bytes, password_hash: str, password: str, system_id: str, address: str) -> bool:
        """Check it, or wait for who checks the same."""
        same = (mark, password_hash)
        if (checking := self._checking.get(same)) is not None:
            return await asyncio.shield(checking)
        if self._waiting[address] >= WAITING_AT_ONE_ADDRESS or self._waiting.total() >= WAITING_MOST:
            raise Problem(Code.TOO_MANY_REQUESTS, "too many binds at once: try again in a few seconds")
        checking = self._checking[same] = asyncio.get_running_loop().create_future()
        self._waiting[address] += 1
        fits = False
        try:
            fits = await self._check(mark, password_hash, password, (f"s{system_id}", f"a{address}"))
        finally:
            self._waiting -= Counter((address,))  # and forgets an address of which none waits
            del self._checking[same]
            checking.set_result(fits)
        return fits

    async def _check(self, mark: bytes, password_hash: str, password: str, keys: tuple[str, str]) -> bool:
        began = self._clock.monotonic()
        while True:
            if (due := began + self._failures.delay_s(*keys)) > self._clock.monotonic():
                await self._clock.sleep_until(due)
            async with self._turns:
                if began + self._failures.delay_s(*keys) > self._clock.monotonic():
                    continue  # others failed while it waited
                fits = not self._wrong.has(mark, password_hash) and await self._checker.fits(password_hash or None, password)
            if fits:
                self._failures.forget(*keys)
                self._right.note(mark, password_hash)
            else:
                self._failures.note(*keys)
                self._wrong.note(mark, password_hash)
            return fits


def _what_is_wrong(account: SmppAccount | None, password: str) -> Why:
    if account is None:
        return Why.NO_ACCOUNT
    return Why.WRONG if len(password) == esme.PASSWORD_CHARACTERS else Why.LENGTH


class Bound(msgspec.Struct, frozen=True):
    """A session that an account has now. `organisation_name`: whose it is."""

    account: SmppAccount
    session_id: int


def begin_session(tx: Transaction, account: SmppAccount, session: SmppSession) -> Bound:
    """Give an account one session more. Raises Problem where it has all it may, or was changed meanwhile. Serialised by the account."""
    store.lock(tx, account.system_id)
    now = store.account(tx, 0, account.system_id)
    if now is None or now.disabled_at_ms is not None or now.password_hash != account.password_hash:
        raise NotTaken(Why.CHANGED)
    most = esme.read(now.settings).max_binds
    if store.count_sessions(tx, account.system_id) >= most:
        raise Problem(Code.NOT_ALLOWED, f"{account.system_id} has {most} sessions, which is all it may: unbind one, or raise max_binds")
    made = msgspec.structs.replace(session, id=tx.ids("smpp_session")[0])
    store.insert_session(tx, made)
    return Bound(now, made.id)


def end_sessions(tx: Transaction, ids: list[int]) -> None:
    """Sessions are over."""
    store.delete_sessions(tx, ids)


def note_sessions(tx: Transaction, now: list[SessionNow]) -> None:
    """Keep how sessions of this process do."""
    store.note_sessions(tx, now)


async def sessions_here(core: Core) -> list[int]:
    """The sessions that the database has for this process."""
    return [each.id for each in await core.database.read(store.sessions, 0) if each.node_id == core.node_id]


async def accounts_in_use(core: Core, system_ids: set[str]) -> dict[str, SmppAccount]:
    """Those accounts as they are now; without those that are gone."""
    return {each.system_id: each for each in await core.database.read(store.accounts, 0) if each.system_id in system_ids}
