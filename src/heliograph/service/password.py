"""Passwords at rest: argon2id of the SHA-1 hex that clients of the compatible API send instead of the password.

A hash costs 85 ms and 64 MB (measured), so one runs at a time, in a thread, and only so many may wait.
"""

import asyncio
import hashlib
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from heliograph.model.problem import Code, Problem

MOST_WAITING = 20
FEWEST_CHARACTERS = 10
MOST_CHARACTERS = 200


def sha1_hex(password: str) -> str:
    """What clients send for a password. SHA-1 is the compatible API's choice; what protects the password is argon2id on top."""
    return hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest()


def sha1_of_new(password: str, again: str) -> str:
    """The same of a password that somebody types to have it from now on, twice. Raises Problem. An API's client sends the SHA-1, of which
    nobody can tell how long the password is."""
    if not FEWEST_CHARACTERS <= len(password) <= MOST_CHARACTERS:
        text = f"the password has {len(password)} characters: take {FEWEST_CHARACTERS} to {MOST_CHARACTERS}, some words say"
        raise Problem(Code.INVALID, text, field="password")
    if password != again:
        raise Problem(Code.INVALID, "the two passwords differ: type the same twice", field="again")
    return sha1_hex(password)


class Passwords:
    """Hashes and checks. An unknown user's check costs the same as a known one's."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._decoy: str | None = None
        self._turn = asyncio.Semaphore(1)
        self._waiting = 0

    def hash(self, password_sha1: str) -> str:
        """The hash to keep. Blocks for 85 ms: for the command line, else call it in a thread."""
        return self._hasher.hash(password_sha1.lower())

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for the turn to check a password. Raises Problem where too many wait for the same."""
        if self._waiting >= MOST_WAITING:
            raise Problem(Code.TOO_MANY_REQUESTS, "too many logins at once: try again in a few seconds")
        self._waiting += 1
        try:
            async with self._turn:
                yield
        finally:
            self._waiting -= 1

    async def hashed(self, password_sha1: str) -> str:
        """The hash to keep, once it is its turn. Raises Problem where too many wait."""
        async with self.turn():
            return await asyncio.to_thread(self.hash, password_sha1)

    async def verify(self, password_hash: str | None, password_sha1: str) -> bool:
        """Whether it is the password; never for None. For the one whose turn it is."""
        fits = await asyncio.to_thread(self._fits, password_hash, password_sha1.lower())
        return fits and password_hash is not None

    def _fits(self, password_hash: str | None, password_sha1: str) -> bool:
        if self._decoy is None:  # made at the first login, whoever it is of
            self._decoy = self._hasher.hash(secrets.token_hex())
        try:
            return self._hasher.verify(password_hash or self._decoy, password_sha1)
        except (VerificationError, InvalidHashError):
            return False
