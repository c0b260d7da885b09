"""Who is it? Application tokens, and the auth tokens (JWT) made for them and for users. How users log in: `service/login.py`; what they
may then do: `model/permission.py`.

An auth token is signed with a key that stands in the database, so every process takes what any other made. Once verified it is known
for half a minute, so that a hot request costs one look into a dict; after that its application token or user is read again, so that
revoking one, or changing a password, ends its auth tokens within that half minute, in every process.
"""

import secrets
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any

import jwt
import msgspec

from heliograph.clock import Clock
from heliograph.model.account import Actor, Door, Role
from heliograph.model.ids import TokenId, UserId
from heliograph.model.problem import Code, Problem
from heliograph.service.limit import Limit
from heliograph.service.password import Passwords
from heliograph.service.secret import hash_of, new_secret
from heliograph.store import account as store
from heliograph.store.account import Organisation, Token, User
from heliograph.store.database import Database
from heliograph.store.feed import Emitted
from heliograph.store.transaction import Transaction

ALGORITHM = "HS384"
AUDIENCE = "/api/v1/authentication"
ISSUER = "heliograph"
KEY_NAME = "auth_token"
KEY_OCTETS = 48
TOKEN_PREFIX = "hgt_"  # noqa: S105 (the start of every application token, so that scanners for leaked secrets find one)
KNOWN_MOST = 10_000
KNOWN_MS = 30_000
REFUSED_AGAIN_MS = 300_000


@dataclass(frozen=True, slots=True)
class AccessSettings:
    """`auth_token_s`: how long an auth token is good for. `logins_per_5_min`: tries of one address in this process; 0: no limit.
    `lockout_failures`: so many failed logins in a row, counted in the database for all processes, lock out for `lockout_s`."""

    auth_token_s: int = 240 * 60
    logins_per_5_min: int = 100
    lockout_failures: int = 3
    lockout_s: int = 300


class Known(msgspec.Struct, frozen=True):
    """A verified auth token: who, until when it need not be looked at again, and the network it may be used from."""

    actor: Actor
    until_ms: int
    network: str | None


def new_application_token() -> tuple[str, str]:
    """A fresh application token and its hash. The token is shown once, the hash is kept."""
    return new_secret(TOKEN_PREFIX)


class Access:
    """One process' view of who is who. Made once, used by the API and the portal."""

    def __init__(self, database: Database, clock: Clock, settings: AccessSettings, passwords: Passwords | None = None) -> None:
        self._database = database
        self._clock = clock
        self._settings = settings
        self.passwords = passwords or Passwords()
        self.logins = Limit(clock, settings.logins_per_5_min, 300)
        self._known: dict[bytes, Known] = {}
        self._refused: dict[TokenId, int] = {}
        self._key: str | None = None

    async def by_application_token(self, application_token: str, address: str) -> str:
        """An auth token. `address`: where the caller is. Raises Problem."""
        self.logins.take(address)
        token = await self._database.read(store.token_by_hash, hash_of(application_token))
        now_ms = self._clock.now_ms()
        why_not = "is unknown" if token is None else _why_not(token, address, now_ms)
        if token is not None and why_not:
            await self._tell_refused(token, why_not, address, now_ms)
        if token is None or why_not:
            raise Problem(Code.INVALID_CREDENTIALS, f"the application token {why_not}")
        claims = {
            "esc.app": token.id,
            "api_key": secrets.token_urlsafe(30),
            "esc.org": token.organisation_id,
            "esc.orgName": token.organisation_name,
        }
        return await self.sign(AUDIENCE, claims, self._settings.auth_token_s, token.expiry_at_ms)

    async def _tell_refused(self, token: Token, why: str, address: str, now_ms: int) -> None:
        """The organisation hears that somebody uses a token of its own in vain: once in a while, however often a client tries."""
        if now_ms < self._refused.get(token.id, 0) + REFUSED_AGAIN_MS:
            return
        while len(self._refused) >= KNOWN_MOST:
            self._refused.pop(next(iter(self._refused)))
        self._refused[token.id] = now_ms
        told = {"application_token": {"id": token.id, "description": token.description}, "reason": why, "address": address}
        await self._database.write(
            _emit, Emitted(token.organisation_id, "token.refused", now_ms, detail=msgspec.json.encode(told).decode())
        )

    async def auth_token_of(self, user: User, workspace: Organisation | None = None) -> str:
        """An auth token of a user, for their own organisation or for another that they may work in."""
        claims = user_claims(user)
        if workspace is not None:
            claims |= {"esc.org": workspace.id, "esc.orgName": workspace.name}
        return await self.sign(AUDIENCE, claims, self._settings.auth_token_s)

    async def workspace_token(self, actor: Actor, organisation_id: int) -> str:
        """An auth token of a user for another organisation: their own, or, for the operator, any. Raises Problem."""
        user_id = user_of(actor)
        user = await self._database.read(store.user, user_id)
        organisation = await self._database.read(store.organisation, organisation_id)
        if user is None or organisation is None or not may_work_in(user, organisation.id):
            raise Problem(Code.INVALID_REFERENCE, f"Organisation with Id '{organisation_id}' not found.")
        return await self.auth_token_of(user, organisation)

    def known(self, auth_token: bytes, address: str) -> Actor | None:
        """Who an auth token is for, if that was verified lately. Raises Problem where it may not be used from this address."""
        known = self._known.get(auth_token)
        if known is None or self._clock.now_ms() >= known.until_ms:
            return None
        if known.network is not None:
            _check_address(known.network, address)
        return known.actor

    async def actor(self, auth_token: bytes, address: str) -> Actor:
        """Who an auth token is for. Raises Problem: forged, expired, used from elsewhere, or its application token or user is no more."""
        if actor := self.known(auth_token, address):
            return actor
        claims = await self.claims(auth_token.decode("latin-1"), AUDIENCE)
        found = await self._database.read(_actor_of, claims, self._clock.now_ms())
        if found is None:
            raise Problem(Code.INVALID_TOKEN, "the application token or user behind this auth_token is revoked, expired, changed or gone")
        actor, network = found
        if network is not None:
            _check_address(network, address)
        self._known.pop(auth_token, None)
        while len(self._known) >= KNOWN_MOST:
            self._known.pop(next(iter(self._known)))
        self._known[auth_token] = Known(actor, min(int(claims["exp"]) * 1000, self._clock.now_ms() + KNOWN_MS), network)
        return actor

    async def claims(self, token: str, audience: str) -> dict[str, Any]:
        """What a token of ours says. Raises Problem: forged, of another kind, or expired."""
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

    async def sign(self, audience: str, claims: dict[str, Any], lifetime_s: int, most_until_ms: int | None = None) -> str:
        """A token that says so, for as long."""
        issued_at = self._clock.now_ms() // 1000
        expiry = issued_at + lifetime_s
        if most_until_ms is not None:
            expiry = min(expiry, most_until_ms // 1000)
        payload = {"aud": audience, **claims, "iss": ISSUER, "exp": expiry, "iat": issued_at}
        return jwt.encode(payload, await self._signing_key(), ALGORITHM)

    async def _signing_key(self) -> str:
        if self._key is None:
            self._key = await self._database.write(store.signing_key, KEY_NAME, secrets.token_hex(KEY_OCTETS), self._clock.now_ms())
        return self._key


def _emit(tx: Transaction, event: Emitted) -> None:
    tx.emit(event)


def _why_not(token: Token, address: str, now_ms: int) -> str | None:
    """Why a token gives nothing to who comes from there; None where it does."""
    if token.revoked_at_ms is not None:
        return "is revoked"
    if not token.is_good(now_ms):
        return "has expired"
    return None if _allows(token.ip, address) else f"is for {token.ip} only"


def user_claims(user: User) -> dict[str, Any]:
    """How a token names a user."""
    return {"sub": user.email, "esc.user": user.id, "esc.org": user.organisation_id, "esc.orgName": user.organisation_name}


def user_of(actor: Actor) -> UserId:
    """The user that somebody is. Raises Problem for an application."""
    if actor.user_id is None:
        raise Problem(Code.FORBIDDEN, "this is for users, not for application tokens: authenticate with username and password")
    return actor.user_id


def may_work_in(user: User, organisation_id: int) -> bool:
    """Whether a user may act in an organisation: in their own, the operator in any."""
    return organisation_id == user.organisation_id or Role(user.role) is Role.SUPER_ADMIN


def actor_by_user(user: User, door: Door, workspace: Organisation | None = None) -> Actor:
    """What a user acts as, by the door they came through. In the organisation of others, the operator is its Administrator and sees what
    it sees."""
    if workspace is None or workspace.id == user.organisation_id:
        return Actor(user.organisation_id, user.organisation_name, Role(user.role), door, user_id=user.id, email=user.email)
    return Actor(workspace.id, workspace.name, Role.ADMINISTRATOR, door, user_id=user.id, email=user.email)


def is_stale(user: User, claims: dict[str, Any]) -> bool:
    """Whether a token was made before the user's credentials changed. A token knows its second only."""
    return int(claims["iat"]) < user.credentials_at_ms // 1000


def _actor_of(tx: Transaction, claims: dict[str, Any], now_ms: int) -> tuple[Actor, str | None] | None:
    """Who it is, and the network they must be in."""
    if "esc.app" in claims:
        token = store.token(tx, 0, int(claims["esc.app"]))
        return (_actor_by_token(token), token.ip) if token is not None and token.is_good(now_ms) else None
    user = store.user(tx, int(claims.get("esc.user", 0)))
    if user is None or user.disabled_at_ms is not None or is_stale(user, claims):
        return None
    workspace_id = int(claims["esc.org"])
    workspace = None if workspace_id == user.organisation_id else store.organisation(tx, workspace_id)
    if workspace_id != user.organisation_id and (workspace is None or not may_work_in(user, workspace_id)):
        return None
    return actor_by_user(user, Door.REST, workspace), None


def _actor_by_token(token: Token) -> Actor:
    return Actor(token.organisation_id, token.organisation_name, Role(token.role), Door.REST, token_id=token.id, email=token.creator_email)


def _check_address(network: str, address: str) -> None:
    if not _allows(network, address):
        raise Problem(Code.FORBIDDEN, f"this application token may be used from {network} only, and you come from {address}")


def _allows(network: str | None, address: str) -> bool:
    if network is None:
        return True
    try:
        return ip_address(address) in _network(network)
    except ValueError:
        return False


@lru_cache(maxsize=1000)
def _network(text: str) -> IPv4Network | IPv6Network:
    return ip_network(text, strict=False)
