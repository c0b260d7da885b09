"""What applications are refused over SMPP, kept in the database where every process sees it: added up here, written seldom.

Theory of operation. `note` adds to a number in memory and costs a look in a dict. What is new is written after a second, then at most once
in ten, in one transaction: no more than 500 rows, of which an account, or all who name none that there is, have 40. So neither a peer that
guesses passwords nor one that floods us with what it may not send makes the writer do more than that, or the table longer than 40 rows an
account. What is beyond in those ten seconds is not kept: the log has each bind, and the metrics have all.
"""

import asyncio
from collections import Counter
from typing import Final

from heliograph import log
from heliograph.model.account import Actor
from heliograph.model.esme_refusal import NOBODY
from heliograph.model.permission import Right, require
from heliograph.service.core import Core
from heliograph.service.manage.scope import Office, not_found, seen_by
from heliograph.store import smpp_account as account_store
from heliograph.store import smpp_refusal as store
from heliograph.store.database import DatabaseLost
from heliograph.store.smpp_refusal import KEPT_MOST, SmppRefusal
from heliograph.store.transaction import Transaction

FIRST_S: Final = 1.0
EVERY_S: Final = 10.0
TIDY_S: Final = 3600.0
KEPT_MS: Final = 30 * 86_400_000
AT_ONCE_MOST: Final = 500
SHOWN_MOST: Final = 1000
LONGEST_DETAIL: Final = 64

_log = log.get("smpp_refusal")
_Key = tuple[str, str, str, str]


class _Tally:
    __slots__ = ("command_status", "count", "detail", "first_at_ms", "last_at_ms")

    def __init__(self, now_ms: int) -> None:
        self.count = 0
        self.first_at_ms = now_ms
        self.command_status = 0
        self.detail = ""
        self.last_at_ms = now_ms


class RefusalBook:
    """Of one process."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._tallies: dict[_Key, _Tally] = {}
        self._of_account: Counter[str] = Counter()
        self._something = asyncio.Event()

    def note(self, system_id: str, request: str, reason: str, address: str, command_status: int, detail: str = "") -> None:
        """A request was refused; `system_id` of an account that there is, else NOBODY."""
        now_ms = self._core.clock.now_ms()
        key = (system_id, request, reason, address)
        tally = self._tallies.get(key)
        if tally is None:
            if len(self._tallies) >= AT_ONCE_MOST or self._of_account[system_id] >= KEPT_MOST:
                return
            tally = self._tallies[key] = _Tally(now_ms)
            self._of_account[system_id] += 1
            self._something.set()
        tally.count += 1
        tally.last_at_ms = now_ms
        tally.command_status = command_status
        tally.detail = detail

    async def run(self) -> None:
        """Write what is new, until cancelled."""
        clock = self._core.clock
        tidy_at = clock.monotonic()
        while True:
            if await clock.wait(self._something, TIDY_S):
                await clock.sleep_until(clock.monotonic() + FIRST_S)
                await self.write()
                await clock.sleep_until(clock.monotonic() + EVERY_S)
            if clock.monotonic() >= tidy_at:
                tidy_at = clock.monotonic() + TIDY_S
                await self._forget_old()

    async def write(self) -> None:
        """Write what came since the last time; where the database does not answer, the log alone has it."""
        rows = [
            SmppRefusal(*key, each.command_status, each.detail[:LONGEST_DETAIL], each.count, each.first_at_ms, each.last_at_ms)
            for key, each in self._tallies.items()
        ]
        self._tallies.clear()
        self._of_account.clear()
        self._something.clear()
        if not rows:
            return
        try:
            await self._core.database.write(store.note, rows)
        except DatabaseLost as lost:
            _log.warning("the database does not answer, refusals of SMPP are not kept", rows=len(rows), error=str(lost))

    async def _forget_old(self) -> None:
        try:
            await self._core.database.write(store.forget_old, self._core.clock.now_ms() - KEPT_MS)
        except DatabaseLost as lost:
            _log.warning("the database does not answer, old refusals of SMPP stay", error=str(lost))


async def refusals(office: Office, actor: Actor) -> list[SmppRefusal]:
    """What the accounts that the actor sees were refused, the latest first; an operator sees who named no account too. Raises Problem."""
    require(actor, Right.READ)
    return await office.database.read(store.refusals, seen_by(actor), SHOWN_MOST)


async def refusals_of(office: Office, actor: Actor, system_id: str) -> list[SmppRefusal]:
    """What one account was refused, the latest first. Raises Problem."""
    require(actor, Right.READ)
    return await office.database.read(_refusals_of, seen_by(actor), system_id)


def last_of(found: list[SmppRefusal]) -> dict[str, SmppRefusal]:
    """The latest of each account, of those that are found, latest first; without those that concern none."""
    latest = {each.system_id: each for each in reversed(found)}
    latest.pop(NOBODY, None)
    return latest


def _refusals_of(tx: Transaction, scope: int, system_id: str) -> list[SmppRefusal]:
    if account_store.account(tx, scope, system_id) is None:
        raise not_found("SMPP account", system_id)
    return store.refusals_of(tx, system_id)
