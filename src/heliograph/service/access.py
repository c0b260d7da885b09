"""Who is it? Application tokens, passwords and the auth tokens (JWT) made from them. What they may then do: `service/manage/scope.py`.

An auth token is signed with a key that stands in the database, so every process takes what any other made. Once verified it is known
for half a minute, so that a hot request costs one look into a dict; after that its application token or user is read again, so that
revoking one ends its auth tokens within that half minute, in every process.
"""

import hashlib
import secrets
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Any

import jwt
import msgspec

from heliograph.clock import Clock
from heliograph.model.account import Actor, Door, Role
from heliograph.model.problem import Code, Problem
from heliograph.service.limit import Limit
from heliograph.service.password import Passwords
from heliograph.store import account as store
from heliograph.store.account import Token, User
from heliograph.store.database import Database
from heliograph.store.transaction import Transaction

ALGORITHM = "HS384"
AUDIENCE = "/api/v1/authentication"
REFRESH_AUDIENCE = "/api/v1/refresh"
ISSUER = "heliograph"
KEY_NAME = "auth_token"
KEY_OCTETS = 48
TOKEN_PREFIX = "hgt_"  # noqa: S105 (the start of every application token, so that scanners for leaked secrets find one)
KNOWN_MOST = 10_000
KNOWN_MS = 30_000


@dataclass(frozen=True, slots=True)
class AccessSettings:
    """`auth_token_s`: how long an auth token is good for. `logins_per_5_min`: tries of one address; 0: no limit."""

    auth_token_s: int = 240 * 60
    refresh_token_s: int = 24 * 3600
    logins_per_5_min: int = 100
    lockout_failures: int = 3
    lockout_s: int = 300


class Known(msgspec.Struct, frozen=True):
    """A verified auth token: who, and until when it need not be looked at again."""

    actor: Actor
    until_ms: int


def new_application_token() -> tuple[str, str]:
    """A fresh application token and its hash. The token is shown once, the hash is kept."""
    token = TOKEN_PREFIX + secrets.token_urlsafe(32)
    return token, hash_of(token)


def hash_of(application_token: str) -> str:
    """What is kept of an application token. It is random, so a plain SHA-256 is enough."""
    return hashlib.sha256(application_token.encode()).hexdigest()


class Access:
    """One process' view of who is who. Made once, used by the API and the portal."""

    def __init__(self, database: Database, clock: Clock, settings: AccessSettings, passwords: Passwords | None = None) -> None:
        self._database = database
        self._clock = clock
        self._settings = settings
        self.passwords = passwords or Passwords()
        self._logins = Limit(clock, settings.logins_per_5_min, 300)
        self._known: dict[bytes, Known] = {}
        self._key: str | None = None

    async def by_application_token(self, application_token: str, address: str) -> str:
        """An auth token. `address`: where the caller is. Raises Problem."""
        self._logins.take(address)
        token = await self._database.read(store.token_by_hash, hash_of(application_token))
        now_ms = self._clock.now_ms()
        if token is None or not token.is_good(now_ms) or not _allows(token.ip, address):
            raise Problem(Code.INVALID_CREDENTIALS, "the application token is unknown, revoked, expired, or not for this address")
        claims = {
            "esc.app": token.id,
            "api_key": secrets.token_urlsafe(30),
            "esc.org": token.organisation_id,
            "esc.orgName": token.organisation_name,
        }
        return await self._sign(AUDIENCE, claims, now_ms, self._settings.auth_token_s, token.expiry_at_ms)

    async def by_password(self, email: str, password_sha1: str, address: str) -> tuple[str, str]:
        """An auth token and a refresh token. Raises Problem, LOCKED_OUT after some failures in a row."""
        user = await self.login(email, password_sha1, address)
        return await self._auth_token_of(user), await self._refresh_token_of(user)

    async def login(self, email: str, password_sha1: str, address: str) -> User:
        """The user whose password this is. Some failures in a row lock out this user at this address, and nobody else."""
        self._logins.take(address)
        async with self.passwords.turn():  # one after the other, so that no guess runs before the failure of another is counted
            return await self._login(email.strip().lower(), password_sha1, address)

    async def _login(self, email: str, password_sha1: str, address: str) -> User:
        now_ms, locked_ms = self._clock.now_ms(), self._settings.lockout_s * 1000
        failures, last_at_ms = await self._database.read(store.login_failures, email, address)
        if failures >= self._settings.lockout_failures and now_ms < last_at_ms + locked_ms:
            raise Problem(Code.LOCKED_OUT, f"{failures} failed logins in a row: wait {self._settings.lockout_s / 60:g} minutes")
        user = await self._database.read(store.user_by_email, email)
        fits = await self.passwords.verify(user.password_hash if user else None, password_sha1)
        if user is None or not fits or user.disabled_at_ms is not None:
            await self._database.write(store.note_login_failure, email, address, now_ms, now_ms - locked_ms)
            raise Problem(Code.INVALID_CREDENTIALS, "unknown user or wrong password")
        if failures:
            await self._database.write(store.clear_login_failures, email, address)
        return user

    async def by_refresh_token(self, refresh_token: str, address: str) -> str:
        """A new auth token for a user who is still one. Raises Problem."""
        self._logins.take(address)
        claims = await self._claims(refresh_token, REFRESH_AUDIENCE)
        user = await self._database.read(store.user, int(claims.get("esc.user", 0)))
        if user is None or user.disabled_at_ms is not None:
            raise Problem(Code.INVALID_CREDENTIALS, "the user is gone or disabled")
        return await self._auth_token_of(user)

    def known(self, auth_token: bytes) -> Actor | None:
        """Who an auth token is for, if that was verified lately."""
        known = self._known.get(auth_token)
        return known.actor if known is not None and self._clock.now_ms() < known.until_ms else None

    async def actor(self, auth_token: bytes) -> Actor:
        """Who an auth token is for. Raises Problem: forged, expired, or its application token or user is no more."""
        if actor := self.known(auth_token):
            return actor
        claims = await self._claims(auth_token.decode("latin-1"), AUDIENCE)
        actor = await self._database.read(_actor_of, claims, self._clock.now_ms())
        if actor is None:
            raise Problem(Code.INVALID_TOKEN, "the application token or user behind this auth_token is revoked, expired or gone")
        self._known.pop(auth_token, None)
        while len(self._known) >= KNOWN_MOST:
            self._known.pop(next(iter(self._known)))
        self._known[auth_token] = Known(actor, min(int(claims["exp"]) * 1000, self._clock.now_ms() + KNOWN_MS))
        return actor

    async def _claims(self, token: str, audience: str) -> dict[str, Any]:
        key = await self._signing_key()
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=[ALGORITHM],
                audience=audience,
                issuer=ISSUER,
                options={"require": ["exp"], "verify_exp": False, "verify_iat": False, "verify_nbf": False},  # by our clock, below
            )
        except jwt.InvalidTokenError:
            text = "the token is not one of ours: get one from POST /api/v1/authenticate with your application token"
            raise Problem(Code.INVALID_TOKEN, text) from None
        if self._clock.now_ms() >= int(claims["exp"]) * 1000:
            raise Problem(Code.TOKEN_EXPIRED, "the token has expired: authenticate again")
        return claims

    async def _auth_token_of(self, user: User) -> str:
        return await self._sign(AUDIENCE, _user_claims(user), self._clock.now_ms(), self._settings.auth_token_s, None)

    async def _refresh_token_of(self, user: User) -> str:
        return await self._sign(REFRESH_AUDIENCE, _user_claims(user), self._clock.now_ms(), self._settings.refresh_token_s, None)

    async def _sign(self, audience: str, claims: dict[str, Any], now_ms: int, lifetime_s: int, most_until_ms: int | None) -> str:
        issued_at = now_ms // 1000
        expiry = issued_at + lifetime_s
        if most_until_ms is not None:
            expiry = min(expiry, most_until_ms // 1000)
        payload = {"aud": audience, **claims, "iss": ISSUER, "exp": expiry, "iat": issued_at}
        return jwt.encode(payload, await self._signing_key(), ALGORITHM)

    async def _signing_key(self) -> str:
        if self._key is None:
            self._key = await self._database.write(store.signing_key, KEY_NAME, secrets.token_hex(KEY_OCTETS), self._clock.now_ms())
        return self._key


def _user_claims(user: User) -> dict[str, Any]:
    return {"sub": user.email, "esc.user": user.id, "esc.org": user.organisation_id, "esc.orgName": user.organisation_name}


def _actor_of(tx: Transaction, claims: dict[str, Any], now_ms: int) -> Actor | None:
    if "esc.app" in claims:
        token = store.token(tx, 0, int(claims["esc.app"]))
        return _actor_by_token(token) if token is not None and token.is_good(now_ms) else None
    user = store.user(tx, int(claims.get("esc.user", 0)))
    return actor_by_user(user, Door.REST) if user is not None and user.disabled_at_ms is None else None


def _actor_by_token(token: Token) -> Actor:
    return Actor(token.organisation_id, token.organisation_name, Role(token.role), Door.REST, token_id=token.id, email=token.creator_email)


def actor_by_user(user: User, door: Door) -> Actor:
    """What a user acts as, by the door they came through."""
    return Actor(user.organisation_id, user.organisation_name, Role(user.role), door, user_id=user.id, email=user.email)


def _allows(network: str | None, address: str) -> bool:
    if network is None:
        return True
    try:
        return ip_address(address) in ip_network(network, strict=False)
    except ValueError:
        return False
