"""Users log in: password, second factor, refresh token. Who is locked out, and what comes twice and must not.

Theory of operation. A try is counted as failed in the database before it is made and taken back when it was right, so that no number of
processes gives more guesses than the lock-out allows. Passwords are counted by user and address, so that nobody locks out another; codes of
a second factor by user alone, since who may try one knows the password, and an address costs nothing.

A refresh token answers with an auth token and with its successor. emnify's clients know nothing of successors and use the first one until
it expires, so a token is good until one that came of it is used: from then on, whoever brings it has it from somebody else, and all that
came of that login ends. An answer that was lost does no harm, since the token that asked is still good.
"""

import re
import secrets
from dataclasses import dataclass

import msgspec

from heliograph.clock import Clock
from heliograph.model import totp
from heliograph.model.account import Actor
from heliograph.model.problem import Code, Problem
from heliograph.service.access import Access, AccessSettings, is_stale, user_claims, user_of
from heliograph.service.limit import TooMany
from heliograph.service.secret import hash_of, new_secret
from heliograph.store import account as account_store
from heliograph.store import credential as store
from heliograph.store.account import User
from heliograph.store.credential import RefreshToken, TrustedDevice
from heliograph.store.database import Database
from heliograph.store.transaction import Transaction

MFA_AUDIENCE = "/api/v1/mfa"
MFA_TOKEN_S = 300
REFRESH_PREFIX = "hgr_"
REFRESH_MS = 24 * 3_600_000
FAMILY_MS = 30 * 86_400_000
"""How long after a login its successors may go on."""
TRUST_MS = 90 * 86_400_000
SECOND_FACTOR = "second factor"
"""In place of an address."""
_CODE = re.compile(r"[0-9]{6}")


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """What a user wants to log in from without a second factor. `fingerprint`: a secret of the client's own making."""

    fingerprint: str
    operating_system: str | None = None
    browser: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a login gives."""

    auth_token: str
    refresh_token: str


@dataclass(frozen=True, slots=True)
class CodeWanted:
    """The password was right, and a second factor is on: bring a code of it with this token."""

    mfa_token: str


class Login:
    """The logins of one process."""

    def __init__(self, database: Database, clock: Clock, settings: AccessSettings, access: Access) -> None:
        self._database = database
        self._clock = clock
        self._settings = settings
        self._access = access

    async def by_password(self, email: str, password_sha1: str, address: str, fingerprint: str | None = None) -> Tokens | CodeWanted:
        """Tokens, or what to bring a code with. `fingerprint`: of a device that may be trusted. Raises Problem, LOCKED_OUT after some
        failures in a row."""
        user, needs_code = await self.check(email, password_sha1, address, fingerprint)
        if needs_code:
            return CodeWanted(await self._access.sign(MFA_AUDIENCE, user_claims(user), MFA_TOKEN_S))
        return await self._tokens(user)

    async def check(self, email: str, password_sha1: str, address: str, fingerprint: str | None = None) -> tuple[User, bool]:
        """The user whose password this is, and whether a code of a second factor is wanted too. Raises Problem."""
        self._access.logins.take(address)
        email = email.strip().lower()
        async with self._access.passwords.turn():
            await self._begin(email, address)
            user = await self._database.read(account_store.user_by_email, email)
            fits = await self._access.passwords.verify(user.password_hash if user else None, password_sha1)
            if user is None or not fits or user.disabled_at_ms is not None:
                raise _wrong()
            needs_code = await self._database.read(_needs_code, user.id, fingerprint, self._clock.now_ms())
            # with a second factor to come, earlier failures are not forgiven yet
            await self._database.write(store.take_back_try if needs_code else store.clear_tries, email, address)
        return user, needs_code

    async def by_code(self, mfa_token: str, code: str, address: str, device: Device | None = None) -> Tokens:
        """Tokens for the code of a second factor, or one of the codes kept for its loss. Raises Problem."""
        return await self._tokens(await self.check_code(mfa_token, code, address, device))

    async def check_code(self, mfa_token: str, code: str, address: str, device: Device | None = None) -> User:
        """The user whose code this is. A code is taken once; the device is trusted from then on. Raises Problem."""
        self._access.logins.take(address)
        claims = await self._access.claims(mfa_token, MFA_AUDIENCE)
        user = await self._database.read(account_store.user, int(claims["esc.user"]))
        if user is None or user.disabled_at_ms is not None or is_stale(user, claims):
            raise _wrong()
        await self._begin(user.email, SECOND_FACTOR)
        if not await self._database.write(take_code, user.id, code, self._clock.now_ms()):
            raise _wrong()
        await self._database.write(_got_in, user, address, device, self._clock.now_ms())
        return user

    async def confirm(self, actor: Actor, password_sha1: str, field: str) -> User:
        """The user that somebody is, who says their password once more. Raises Problem, and none that makes a client log in again."""
        user = await self._database.read(account_store.user, user_of(actor))
        if user is None:
            raise _wrong()
        place = actor.address or "unknown"
        async with self._access.passwords.turn():
            try:
                await self._begin(user.email, place)
            except Problem as problem:
                raise TooMany(problem.text, self._settings.lockout_s) from None
            if not await self._access.passwords.verify(user.password_hash, password_sha1):
                raise Problem(Code.INVALID, f"{field} is not your password", field=field)
            await self._database.write(store.clear_tries, user.email, place)
        return user

    async def by_refresh_token(self, refresh_token: str, address: str) -> Tokens:
        """A new auth token for a user who is still one, and the token's successor. Raises Problem."""
        self._access.logins.take(address)
        successor, successor_hash = new_secret(REFRESH_PREFIX)
        user = await self._database.write(_refresh, hash_of(refresh_token), successor_hash, self._clock.now_ms())
        if user is None:
            raise Problem(Code.INVALID_TOKEN, "the refresh token is none of ours, over, or was replaced: log in again")
        return Tokens(await self._access.auth_token_of(user), successor)

    async def _begin(self, email: str, address: str) -> None:
        now_ms, lockout_s = self._clock.now_ms(), self._settings.lockout_s
        most = self._settings.lockout_failures
        if not await self._database.write(store.begin_try, email, address, now_ms, now_ms - lockout_s * 1000, most):
            raise Problem(Code.LOCKED_OUT, f"{most} failed logins in a row: wait {lockout_s / 60:g} minutes")

    async def _tokens(self, user: User) -> Tokens:
        refresh_token, refresh_hash = new_secret(REFRESH_PREFIX)
        now_ms = self._clock.now_ms()
        new = RefreshToken(refresh_hash, secrets.token_hex(16), None, user.id, now_ms + REFRESH_MS, now_ms + FAMILY_MS)
        await self._database.write(store.insert_refresh_token, new)
        return Tokens(await self._access.auth_token_of(user), refresh_token)


def take_code(tx: Transaction, user_id: int, code: str, now_ms: int) -> bool:
    """Take a code of a user's second factors, or one kept for their loss; False for a wrong one, and for one that was taken before."""
    if _CODE.fullmatch(code):
        for key in store.active_mfa_keys(tx, user_id):
            step = totp.step_of(key.secret, code, now_ms)
            if step is not None and store.take_step(tx, key.id, step):
                return True
        return False
    return store.take_recovery_code(tx, user_id, recovery_hash(user_id, code))


def recovery_hash(user_id: int, code: str) -> str:
    """What is kept of a recovery code, however its letters and dashes are typed."""
    return hash_of(f"{user_id}:{code.strip().lower().replace('-', '')}")


async def forget_old(database: Database, now_ms: int, slice_size: int = 500) -> None:
    """Delete the credentials that are over, slice by slice."""
    while await database.write(store.delete_old, now_ms, slice_size) >= slice_size:
        continue


def _needs_code(tx: Transaction, user_id: int, fingerprint: str | None, now_ms: int) -> bool:
    if not store.active_mfa_keys(tx, user_id):
        return False
    if not fingerprint:
        return True
    return hash_of(fingerprint) not in {device.fingerprint_hash for device in store.trusted_devices(tx, user_id, now_ms)}


def _got_in(tx: Transaction, user: User, address: str, device: Device | None, now_ms: int) -> None:
    for place in (address, SECOND_FACTOR):
        store.clear_tries(tx, user.email, place)
    if device is not None and device.fingerprint:
        trusted = TrustedDevice(
            0, hash_of(device.fingerprint), device.operating_system, device.browser, device.name, now_ms, now_ms + TRUST_MS
        )
        store.trust_device(tx, user.id, trusted)


def _refresh(tx: Transaction, token_hash: str, successor_hash: str, now_ms: int) -> User | None:
    """The user, once the successor is kept. What is refused may change something too, so no Problem is raised here."""
    token = store.lock_refresh_token(tx, token_hash)
    if token is None or now_ms >= token.expires_at_ms:
        return None
    if token.ended_at_ms is not None:
        store.delete_family(tx, token.family)
        return None
    user = account_store.user(tx, token.user_id)
    if user is None or user.disabled_at_ms is not None:
        return None
    if token.parent_hash is not None:
        store.end_refresh_token(tx, token.parent_hash, now_ms)
    until_ms = min(now_ms + REFRESH_MS, token.family_expires_at_ms)
    store.insert_refresh_token(
        tx, RefreshToken(successor_hash, token.family, token.token_hash, user.id, until_ms, token.family_expires_at_ms)
    )
    return user


def _wrong() -> Problem:
    return Problem(Code.INVALID_CREDENTIALS, "unknown user, wrong password or wrong code")
