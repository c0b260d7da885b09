"""Passwords of SMPP accounts: made here, kept as argon2id, checked in threads that give way to all else.

They are not chosen by people: eight characters at random, 46 bits, which no list of usual passwords shortens. So the hash may be the
cheapest that OWASP recommends for argon2id, 19 MiB and two passes in one thread: 20 ms of a core, where the library's defaults take
both cores of a small machine for 85 ms. Who stole the database and makes 2,000 hashes a second needs 500 years for one password.
"""

import asyncio
import contextlib
import os
import secrets
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from heliograph.model import esme

ALPHABET: Final = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""Without those that people take for one another: 56 of them, eight times, are 46 bits."""
AT_A_TIME: Final = 2
NICER: Final = 10
"""A check that wants a core beside the event loop gets a tenth of it: 20 ms become 0.2 s where all cores are busy."""


def new_password() -> str:
    """Eight characters."""
    return "".join(secrets.choice(ALPHABET) for _ in range(esme.PASSWORD_CHARACTERS))


def hasher() -> PasswordHasher:
    """What hashes them. A hash says what it was made with, so that those made otherwise are checked as they were made."""
    return PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


class Checker:
    """Checks passwords, `AT_A_TIME` of them at once."""

    def __init__(self, hasher: PasswordHasher) -> None:
        self._hasher = hasher
        self._decoy: str | None = None
        self._threads = ThreadPoolExecutor(AT_A_TIME, "smpp-password", _give_way)

    async def fits(self, password_hash: str | None, password: str) -> bool:
        """Whether it is the password; never for None, which costs the same."""
        fits = await asyncio.get_running_loop().run_in_executor(self._threads, self._verify, password_hash, password)
        return fits and password_hash is not None

    def _verify(self, password_hash: str | None, password: str) -> bool:
        if self._decoy is None:
            self._decoy = self._hasher.hash(secrets.token_hex())
        try:
            return self._hasher.verify(password_hash or self._decoy, password)
        except (VerificationError, InvalidHashError):
            return False


def _give_way() -> None:
    """Lower the priority of this thread; on Linux alone, where a thread has one of its own."""
    if sys.platform == "linux":
        thread = threading.get_native_id()
        with contextlib.suppress(PermissionError):  # a sandbox may forbid it; the checks then compete as any thread does
            os.setpriority(os.PRIO_PROCESS, thread, min(19, os.getpriority(os.PRIO_PROCESS, thread) + NICER))
