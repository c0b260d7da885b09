"""Random walks: whatever is sent, cancelled, refilled and changed, in whichever month, nothing gets past a limit or a quota, and what is
refused or never sent is not charged (rules: Counting)."""

import asyncio
import tempfile
from collections import Counter
from collections.abc import Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test

from heliograph.model.ids import DeviceId, MessageId
from heliograph.model.link import ErrorClass, Refused
from heliograph.model.message import Direction, State
from heliograph.model.problem import Problem
from heliograph.service import cancel
from heliograph.service.manage import quota
from heliograph.service.manage.quota import QuotaWanted
from tests.core_world import DAY, HOUR, Setting, World, msisdn, statement
from tests.scripted import DELIVERED

DEVICES = (1, 2)
LIMITS = {"mt": 4, "mo": 3}
SHORT, LONG = "hello", "0123456789" * 17
SETTING = Setting(devices=len(DEVICES), webhook=False, may_return=True)
devices = st.sampled_from(DEVICES)
texts = st.sampled_from([SHORT, LONG])


class Walk(RuleBasedStateMachine):
    """`given`: the volume of a device's quota as it was last set, and when. What is charged is told from the messages alone."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.directory = tempfile.TemporaryDirectory()
        self.scheduled: list[int] = []
        self.given: dict[int, tuple[int, int]] = {}

    def run(self, call: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(call)

    @initialize(with_quota=st.booleans())
    def start(self, with_quota: bool) -> None:
        self.with_quota = with_quota
        self.run(self._start())

    async def _start(self) -> None:
        self.world = World(str(Path(self.directory.name) / "walk.db"), SETTING)
        await self.world.start()
        limits = "{}" if self.with_quota else f'{{"mt_limit":{LIMITS["mt"]},"mo_limit":{LIMITS["mo"]}}}'
        await self._change(f"UPDATE service_profile SET settings = '{limits}', apply_sms_quota = {self.with_quota:d}")

    async def _change(self, text: str) -> None:
        await self.world.database.write(lambda tx: tx.run(statement(text)))

    # what happens

    @rule(device=devices, text=texts, is_refused_by_network=st.booleans())
    def send(self, device: int, text: str, is_refused_by_network: bool) -> None:
        self.world.link.otherwise = Refused(ErrorClass.PERMANENT, "no") if is_refused_by_network else DELIVERED
        self.run(self._send(device, text))
        self.world.link.otherwise = DELIVERED

    @rule(device=devices, text=texts, hours=st.sampled_from([1, 24 * 20]))
    def schedule(self, device: int, text: str, hours: int) -> None:
        message_id = self.run(self._send(device, text, scheduled_at_ms=self.world.now_ms + hours * HOUR * 1000))
        if message_id is not None:
            self.scheduled.append(message_id)

    async def _send(self, device: int, text: str, **draft: Any) -> MessageId | None:
        try:
            return await self.world.submit(device, text, **draft)
        except Problem:
            return None

    @rule(sender=devices, to=st.sampled_from(["1000", msisdn(1), msisdn(2), "491701234567"]))
    def hear(self, sender: int, to: str) -> None:
        self.run(self.world.hear(msisdn(sender), to))

    @precondition(lambda self: self.scheduled)
    @rule(draw=st.data())
    def cancel(self, draw: st.DataObject) -> None:
        message_id = draw.draw(st.sampled_from(self.scheduled))
        self.scheduled.remove(message_id)
        self.run(self._cancel(message_id))

    async def _cancel(self, message_id: int) -> None:
        device = DeviceId(self.world.message(message_id).device_id)
        try:
            await cancel.cancel(self.world.core, self.world.actor(), device, MessageId(message_id))
        except Problem:
            return
        await self.world.settle()

    @precondition(lambda self: self.with_quota)
    @rule(device=devices, volume=st.integers(1, 3), auto_refill=st.booleans())
    def give(self, device: int, volume: int, auto_refill: bool) -> None:
        self.run(self.world.jump(1))  # so that what was charged before has an earlier time
        wanted = QuotaWanted(volume=volume, expiry_at_ms=self.world.now_ms + 40 * DAY * 1000, auto_refill=auto_refill)
        self.given[device] = (volume, self.world.now_ms)
        self.run(quota.put(self.world.core, self.world.actor(), DeviceId(device), wanted))

    @precondition(lambda self: self.with_quota and self.given)
    @rule(draw=st.data())
    def take_away(self, draw: st.DataObject) -> None:
        device = draw.draw(st.sampled_from(sorted(self.given)))
        del self.given[device]
        self.run(quota.delete(self.world.core, self.world.actor(), DeviceId(device)))

    @rule(off=st.booleans())
    def switch_mt(self, off: bool) -> None:
        self.run(self._change(f"UPDATE service_profile SET mt = {not off:d}"))

    @rule(days=st.sampled_from([0.1, 1, 17]))
    def pass_time(self, days: float) -> None:
        self.run(self.world.jump(days * DAY))
        self.run(self.world.advance(7))

    # what always holds

    @invariant()
    def holds(self) -> None:
        if hasattr(self, "world"):
            messages = self._messages()
            self._limits_hold(messages)
            if self.with_quota:
                self._quotas_hold(messages)

    def _messages(self) -> list[Any]:
        """All of devices that are counted: accepted, and not ended before a first try."""
        columns = "device_id, direction, state, segments, submitted_at_ms, attempts, reason_code"
        rows = self.world.rows(f"SELECT {columns} FROM message WHERE device_id IS NOT NULL ORDER BY id")
        return [row for row in rows if _is_counted(row)]

    def _limits_hold(self, messages: list[Any]) -> None:
        due: Counter[tuple[int, str, str]] = Counter()
        for row in messages:
            traffic = "mo" if row.direction == Direction.MO else "mt"
            due[row.device_id, _month(row.submitted_at_ms), traffic] += row.segments
        counted = {(row.scope_id, row.period, row.traffic): row.used for row in self._counters()}
        assert counted == dict(due), "charged is what was accepted, and nothing else"
        assert self.with_quota or all(used <= LIMITS[traffic] for (_, _, traffic), used in due.items())

    def _counters(self) -> list[Any]:
        columns = "scope_id, period, traffic, used"
        return self.world.rows(
            f"SELECT {columns} FROM usage_counter WHERE scope = 'device' AND length(period) = 7 AND used <> 0"
        )  # fmt: skip

    def _quotas_hold(self, messages: list[Any]) -> None:
        """Since a volume was given no more is used up than it had, and exactly that is gone. What is filled up at midnight becomes what was
        last added, or stays what it was where that is more."""
        for row in self.world.rows("SELECT device_id, volume, last_volume_added, since_ms FROM sms_quota"):
            given, at_ms = self.given[row.device_id]
            used = sum(each.segments for each in messages if each.device_id == row.device_id and each.submitted_at_ms >= row.since_ms)
            assert row.volume >= 0
            least = given if row.since_ms == at_ms else row.last_volume_added
            assert least <= row.volume + used <= given

    def teardown(self) -> None:
        if hasattr(self, "world"):
            self.run(self.world.crash())
        self.loop.close()
        self.directory.cleanup()


def _is_counted(row: Any) -> bool:
    if row.direction == Direction.MO:
        return bool(row.state == State.DELIVERED)
    return row.attempts > 0 or not State(row.state).is_final


def _month(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m")


def test_nothing_gets_past_a_limit_or_a_quota_and_nothing_refused_is_charged() -> None:
    run_state_machine_as_test(Walk, settings=settings(max_examples=settings.default.max_examples // 5, stateful_step_count=20))  # type: ignore[no-untyped-call]
