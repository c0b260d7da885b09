"""May this application bind? Its account, its password, where it comes from, and how many sessions it has.

A password of eight characters is all that SMPP has room for, so guessing must be slow: its hash is argon2's (85 ms), two are checked at a
time, and whoever failed waits longer before each next check, by address and by system_id, up to what a peer waits for a bind at all. A
password that was right is remembered for ten minutes as a keyed hash, beside the hash it fitted, so that a fleet of sessions that comes
back at once costs one check. Whatever is wrong, the answer is the same.
"""

import asyncio
import hmac
import os
import secrets
from collections import Counter, OrderedDict

import msgspec
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from heliograph.clock import Clock
from heliograph.model import esme
from heliograph.model.problem import Code, Problem
from heliograph.service.core import Core
from heliograph.store import smpp_account as store
from heliograph.store.database import Database
from heliograph.store.smpp_account import SmppAccount, SmppSession
from heliograph.store.transaction import Transaction

REMEMBERED_MS = 10 * 60_000
REMEMBERED_MOST = 10_000
AT_A_TIME = 2
WAITING_MOST = 100
"""More are told to come again: so many are checked in 5 s, and a peer has 10 s for its bind. Who asks the same waits as one."""
WAITING_AT_ONE_ADDRESS = 10
"""So that an address that guesses does not take all places."""
SLOWER_S = 0.25
SLOWEST_S = 4.0
"""The first failure costs the next try so long, each more twice that. It is below the time in which a session must be bound."""
FORGOTTEN_MS = 10 * 60_000
FAILURES_MOST = 50_000
ALPHABET = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""Without those that people take for one another: 56 of them, eight times, are 46 bits."""
_WRONG = "system_id or password are wrong, or the account may not be used from there"


def new_password() -> str:
    """Eight characters."""
    return "".join(secrets.choice(ALPHABET) for _ in range(esme.PASSWORD_CHARACTERS))


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


class Credentials:
    """Checks system ids and passwords, for one process."""

    def __init__(self, database: Database, clock: Clock, hasher: PasswordHasher | None = None) -> None:
        self._database = database
        self._clock = clock
        self._hasher = hasher or PasswordHasher()
        self._decoy: str | None = None
        self._turns = asyncio.Semaphore(AT_A_TIME)
        self._waiting: Counter[str] = Counter()
        self._key = os.urandom(32)
        self._known: OrderedDict[bytes, tuple[str, int]] = OrderedDict()
        self._checking: dict[tuple[bytes, str], asyncio.Future[bool]] = {}
        self._failures = Failures(clock)

    async def account(self, system_id: str, password: str, address: str) -> SmppAccount:
        """The account that may be used so. Raises Problem: INVALID_CREDENTIALS whatever is wrong, TOO_MANY_REQUESTS where too many wait."""
        account = await self._database.read(store.account, 0, system_id) if esme.is_system_id(system_id) else None
        password_hash = account.password_hash if account is not None else None
        mark = hmac.digest(self._key, f"{system_id}\0{password}".encode(), "sha256")
        if not self._remembers(mark, password_hash) and not await self._check_in_turn(mark, password_hash, password, system_id, address):
            raise Problem(Code.INVALID_CREDENTIALS, _WRONG)
        assert account is not None
        if account.disabled_at_ms is not None or not esme.may_bind_from(esme.read(account.settings), address):
            raise Problem(Code.INVALID_CREDENTIALS, _WRONG)
        return account

    def _remembers(self, mark: bytes, password_hash: str | None) -> bool:
        fitted, until_ms = self._known.get(mark, ("", 0))
        return password_hash is not None and fitted == password_hash and until_ms > self._clock.now_ms()

    async def _check_in_turn(self, mark: bytes, password_hash: str | None, password: str, system_id: str, address: str) -> bool:
        """Check it, or wait for who checks the same."""
        same = (mark, password_hash or "")
        if (checking := self._checking.get(same)) is not None:
            return await asyncio.shield(checking)
        if self._waiting[address] >= WAITING_AT_ONE_ADDRESS or self._waiting.total() >= WAITING_MOST:
            raise Problem(Code.TOO_MANY_REQUESTS, "too many binds at once: try again in a few seconds")
        checking = self._checking[same] = asyncio.get_running_loop().create_future()
        self._waiting[address] += 1
        fits = False
        try:
            fits = await self._check(password_hash, password, (f"s{system_id}", f"a{address}"))
        finally:
            self._waiting -= Counter((address,))  # and forgets an address of which none waits
            del self._checking[same]
            checking.set_result(fits)
        if fits and password_hash is not None:
            self._remember(mark, password_hash)
        return fits

    async def _check(self, password_hash: str | None, password: str, keys: tuple[str, str]) -> bool:
        began = self._clock.monotonic()
        while True:
            if (due := began + self._failures.delay_s(*keys)) > self._clock.monotonic():
                await self._clock.sleep_until(due)
            async with self._turns:
                if began + self._failures.delay_s(*keys) > self._clock.monotonic():
                    continue  # others failed while it waited
                fits = await asyncio.to_thread(self._fits, password_hash, password) and password_hash is not None
                if fits:
                    self._failures.forget(*keys)
                else:
                    self._failures.note(*keys)
                return fits

    def _remember(self, mark: bytes, password_hash: str) -> None:
        self._known.pop(mark, None)
        self._known[mark] = (password_hash, self._clock.now_ms() + REMEMBERED_MS)
        while len(self._known) > REMEMBERED_MOST:
            self._known.popitem(last=False)

    def _fits(self, password_hash: str | None, password: str) -> bool:
        if self._decoy is None:  # an unknown system_id costs what a known one does
            self._decoy = self._hasher.hash(secrets.token_hex())
        try:
            return self._hasher.verify(password_hash or self._decoy, password)
        except (VerificationError, InvalidHashError):
            return False


class Bound(msgspec.Struct, frozen=True):
    """A session that an account has now. `organisation_name`: whose it is."""

    account: SmppAccount
    session_id: int


def begin_session(tx: Transaction, account: SmppAccount, session: SmppSession) -> Bound:
    """Give an account one session more. Raises Problem where it has all it may, or was changed meanwhile. Serialised by the account."""
    store.lock(tx, account.system_id)
    now = store.account(tx, 0, account.system_id)
    if now is None or now.disabled_at_ms is not None or now.password_hash != account.password_hash:
        raise Problem(Code.INVALID_CREDENTIALS, _WRONG)
    most = esme.read(now.settings).max_binds
    if store.count_sessions(tx, account.system_id) >= most:
        raise Problem(Code.NOT_ALLOWED, f"{account.system_id} has {most} sessions, which is all it may: unbind one, or raise max_binds")
    made = msgspec.structs.replace(session, id=tx.ids("smpp_session")[0])
    store.insert_session(tx, made)
    return Bound(now, made.id)


def end_sessions(tx: Transaction, ids: list[int]) -> None:
    """Sessions are over."""
    store.delete_sessions(tx, ids)


async def sessions_here(core: Core) -> list[int]:
    """The sessions that the database has for this process."""
    return [each.id for each in await core.database.read(store.sessions, 0) if each.node_id == core.node_id]


async def accounts_in_use(core: Core, system_ids: set[str]) -> dict[str, SmppAccount]:
    """Those accounts as they are now; without those that are gone."""
    return {each.system_id: each for each in await core.database.read(store.accounts, 0) if each.system_id in system_ids}
