"""Deletes what was kept for its time (rules: Ids, retention), hour by hour, in slices so small that no message waits for one.

Each duty walks its table in the order of ids, which rise with time to within a block, and stops at the first slice that holds nothing
old. A reader looks, so that the writer is asked only for what is to go, and asks again what it may. After each slice both are left alone
for four times as long as it took, so that deleting takes at most a fifth of them. The next hour begins at what was left.
Counters of usage are not touched: they outlive what they counted.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from heliograph import log
from heliograph.service.core import Core
from heliograph.store import node as node_store
from heliograph.store import retention as store
from heliograph.store.database import DatabaseLost
from heliograph.store.retention import Aged, Fate
from heliograph.store.transaction import Transaction

FIRST_S = 60.0
EVERY_S = 3600.0
SLICE = 200
PAUSE_S = 0.05
PAUSE_SHARE = 4
DAY_MS = 86_400_000

_log = log.get("retention")


class Days(Protocol):
    """For how many days each kind is kept. `bodies`: the texts of messages; the messages themselves stay for `messages`."""

    @property
    def messages_days(self) -> int: ...

    @property
    def bodies_days(self) -> int: ...

    @property
    def events_days(self) -> int: ...

    @property
    def feed_days(self) -> int: ...

    @property
    def delivery_attempts_days(self) -> int: ...

    @property
    def delivery_payloads_days(self) -> int: ...

    @property
    def audit_days(self) -> int: ...


@dataclass(frozen=True, slots=True)
class _Duty:
    """`look(after, most)` reads, `is_old(row, now_ms)` judges, `delete(ids)` writes."""

    name: str
    look: Callable[[Transaction, int, int], list[Aged]]
    is_old: Callable[[Aged, int], bool]
    delete: Callable[[Transaction, Sequence[int]], None]


class Retention:
    """The duty of one process of the installation: of all that live, the one that came first."""

    def __init__(self, core: Core, days: Days, *, pause_s: float = PAUSE_S) -> None:
        self.core = core
        self._days = days
        self._pause_s = pause_s
        self._begin: dict[str, int] = {}
        self._duties = _duties(days)

    async def run(self) -> None:
        """Sweep once an hour, until cancelled."""
        clock = self.core.clock
        due = clock.monotonic() + FIRST_S
        while True:
            await clock.sleep_until(due)
            due = clock.monotonic() + EVERY_S
            try:
                await self.sweep()
            except DatabaseLost as lost:
                _log.warning("the database does not answer, deleting waits", error=str(lost))

    async def sweep(self) -> None:
        """Delete all that is over its time now."""
        core = self.core
        if any(node.id < core.node_id for node in await core.database.read(node_store.others, core.node_id)):
            return
        for duty in self._duties:
            await self._do(duty)
        for organisation_id in await core.database.read(store.organisations):
            await self._do(_events_of(organisation_id, self._days))

    async def _do(self, duty: _Duty) -> None:
        core, clock, now_ms = self.core, self.core.clock, self.core.clock.now_ms()
        after, left, gone, began = self._begin.get(duty.name, 0), None, 0, clock.monotonic()
        while rows := await core.database.read(duty.look, after, SLICE):
            old = [row for row in rows if duty.is_old(row, now_ms)]
            over = [row.id for row in old if row.may_go == Fate.MAY_GO]
            if left is None:
                done = {row.id for row in old if row.may_go != Fate.STAYS}
                left = next((row.id for row in rows if row.id not in done), None)
            if not old:
                break
            if over:
                await core.database.write(duty.delete, over)
                gone += len(over)
            after = rows[-1].id
            took_s = clock.monotonic() - began
            await clock.sleep_until(clock.monotonic() + max(self._pause_s if over else 0, PAUSE_SHARE * took_s))
            began = clock.monotonic()
        self._begin[duty.name] = after if left is None else left - 1
        if gone:
            _log.info("deleted what was over its time", what=duty.name, rows=gone)


def _duties(days: Days) -> list[_Duty]:
    duties = [
        _Duty("messages", partial(_look, "messages"), _older(days.messages_days), store.delete_messages),
        _Duty("audit", partial(_look, "audit"), _older(days.audit_days), partial(_delete_kind, "audit")),
        _Duty("receipts", partial(_look, "receipts"), _older(days.messages_days), partial(_delete_kind, "receipts")),
        _Duty("attempts", partial(_look, "delivery_attempts"), _older(days.delivery_attempts_days), partial(_delete_kind, "attempts_of")),
        _Duty("payloads", partial(_look, "delivery_payloads"), _older(days.delivery_payloads_days), partial(_delete_kind, "payloads")),
        _Duty("deliveries", partial(_look, "deliveries"), _older(days.delivery_attempts_days), partial(_delete_kind, "deliveries")),
        _Duty("mailings", partial(_look, "mailings"), _older(days.messages_days), store.delete_mailings),
        _Duty("unmatched", partial(_look, "unmatched"), _older(days.messages_days), partial(_delete_kind, "unmatched")),
    ]
    if days.bodies_days < days.messages_days:
        note = f"its text was deleted after {days.bodies_days} days"
        old = _older(days.bodies_days)
        duties.append(_Duty("bodies", partial(_look, "bodies"), old, partial(_empty, note)))
        duties.append(_Duty("texts of mailings", partial(_look, "mailing_texts"), old, partial(_delete_kind, "mailing_texts")))
    return duties


def _events_of(organisation_id: int, days: Days) -> _Duty:
    """Events of messages are the feed, which readers resume within its days; the others are shown for longer."""
    feed, others = _older(days.feed_days), _older(days.events_days)
    return _Duty(
        f"events of {organisation_id}",
        lambda tx, after, most: store.look_at_events(tx, organisation_id, after, most),
        lambda row, now_ms: (feed if row.of_message else others)(row, now_ms),
        lambda tx, numbers: store.delete_events(tx, organisation_id, numbers),
    )


def _older(days: int) -> Callable[[Aged, int], bool]:
    return lambda row, now_ms: row.at_ms < now_ms - days * DAY_MS


def _look(kind: str, tx: Transaction, after: int, most: int) -> list[Aged]:
    return store.look(tx, kind, after, most)


def _delete_kind(kind: str, tx: Transaction, ids: Sequence[int]) -> None:
    store.delete(tx, kind, ids)


def _empty(note: str, tx: Transaction, ids: Sequence[int]) -> None:
    store.empty_bodies(tx, ids, note)
