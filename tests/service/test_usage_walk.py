"""Random walks: whatever is sent, texted from one to another, cancelled, refilled and changed, in whichever month, nothing gets past a
limit, a quota or a rate, and what is refused or never sent is not charged (rules: Counting). On both engines."""

import asyncio
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test

from heliograph.model.ids import DeviceId, MessageId
from heliograph.model.link import ErrorClass, LinkOutcome, Refused
from heliograph.model.message import Direction, State
from heliograph.model.p2p import DAY_MS, MINUTE_MS, P2pRates
from heliograph.model.problem import Problem
from heliograph.service import cancel, receive
from heliograph.service.manage import quota
from heliograph.service.manage.quota import QuotaWanted
from tests.core_world import DAY, HOUR, NO_RATES, Setting, World, msisdn, statement
from tests.postgres_server import PostgresServer
from tests.scripted import DELIVERED
from tests.store.engines import migrated

DEVICES = (1, 2, 3)
"""The third is another organisation's."""
LIMITS = {"mt": 4, "mo": 3}
OF_ORGANISATION = {"mt": 6, "mo": 5}
RATES = [NO_RATES, P2pRates(sent_per_day=1, received_per_minute=1), P2pRates(sent_per_day=2, received_per_minute=2)]
PHONE = "491701234567"
SHORT, LONG = "hello", "0123456789" * 17
pytestmark = pytest.mark.timeout(1800)  # for the many examples of make test-long
ABSENT = Refused(ErrorClass.DEVICE_ABSENT, "absent")
devices = st.sampled_from(DEVICES)
texts = st.sampled_from([SHORT, LONG])
bursts = st.lists(st.integers(1, 9), min_size=1, max_size=4)
outcomes = st.sampled_from([DELIVERED, ABSENT, Refused(ErrorClass.PERMANENT, "no")])


class Walk(RuleBasedStateMachine):
    """On a database of its own, that `drop` removes. `given`: the volume of a device's quota as it was last set, and when. What is charged
    is told from the messages alone."""

    def __init__(self, new_database: Callable[[], str], drop: Callable[[str], None]) -> None:
        super().__init__()
        self.drop = drop
        self.loop = asyncio.new_event_loop()
        self.url = new_database()
        self.sent: list[int] = []
        self.given: dict[int, tuple[int, int]] = {}

    def run(self, call: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(call)

    @initialize(with_quota=st.booleans(), rates=st.sampled_from(RATES))
    def start(self, with_quota: bool, rates: P2pRates) -> None:
        self.with_quota, self.rates = with_quota, rates
        self.run(self._start())

    async def _start(self) -> None:
        setting = Setting(devices=len(DEVICES), organisations=2, webhook=False, may_return=True, p2p=self.rates)
        self.world = World(self.url, setting)
        await self.world.start()
        await self._change("UPDATE device SET organisation_id = 1, service_profile_id = 1 WHERE id = 2")
        await self._change("UPDATE device SET organisation_id = 2, service_profile_id = 2 WHERE id = 3")
        limits = "{}" if self.with_quota else f'{{"mt_limit":{LIMITS["mt"]},"mo_limit":{LIMITS["mo"]}}}'
        await self._change(f"UPDATE service_profile SET settings = '{limits}', apply_sms_quota = {self.with_quota:d}")
        await self._change(f"UPDATE organisation SET mt_limit = {OF_ORGANISATION['mt']}, mo_limit = {OF_ORGANISATION['mo']}")

    async def _change(self, text: str) -> None:
        await self.world.database.write(lambda tx: tx.run(statement(text)))

    # what happens

    @rule(device=devices, text=texts, outcome=outcomes)
    def send(self, device: int, text: str, outcome: LinkOutcome) -> None:
        self.world.link.otherwise = outcome
        self._sent(self._send(device, text))
        self.world.link.otherwise = DELIVERED

    @rule(device=devices, text=texts, hours=st.sampled_from([1, 24 * 20]))
    def schedule(self, device: int, text: str, hours: int) -> None:
        self._sent(self._send(device, text, scheduled_at_ms=self.world.now_ms + hours * HOUR * 1000))

    def _sent(self, call: Coroutine[Any, Any, MessageId | None]) -> None:
        message_id = self.run(call)
        if message_id is not None:
            self.sent.append(message_id)

    async def _send(self, device: int, text: str, **draft: Any) -> MessageId | None:
        try:
            return await self.world.submit(device, text, **draft)
        except Problem:
            return None

    @rule(sender=devices, to=st.sampled_from(["1000", msisdn(1), msisdn(2), msisdn(3), PHONE]), numbers=bursts)
    def hear(self, sender: int, to: str, numbers: list[int]) -> None:
        self.run(self._hear(msisdn(sender), to, numbers))

    @rule(receiver=devices, numbers=bursts, outcome=outcomes)
    def phone_texts(self, receiver: int, numbers: list[int], outcome: LinkOutcome) -> None:
        self.world.link.otherwise = outcome
        self.run(self._hear(PHONE, msisdn(receiver), numbers))
        self.world.link.otherwise = DELIVERED

    async def _hear(self, source: str, to: str, numbers: list[int]) -> None:
        """All at once, so that one batch decides about them."""
        heard = [self.world.inbound(source, to, b"%d" % number) for number in numbers]
        await asyncio.gather(*(receive.receive(self.world.core, each) for each in heard))
        await self.world.settle()

    @precondition(lambda self: self.sent)
    @rule(draw=st.data())
    def cancel(self, draw: st.DataObject) -> None:
        message_id = draw.draw(st.sampled_from(self.sent))
        self.sent.remove(message_id)
        self.run(self._cancel(message_id))

    async def _cancel(self, message_id: int) -> None:
        message = self.world.message(message_id)
        actor = self.world.actor(message.organisation_id)
        try:
            await cancel.cancel(self.world.core, actor, DeviceId(message.device_id), MessageId(message_id))
        except Problem:
            return
        await self.world.settle()

    @precondition(lambda self: self.with_quota)
    @rule(device=devices, volume=st.integers(1, 3), auto_refill=st.booleans())
    def give(self, device: int, volume: int, auto_refill: bool) -> None:
        self.run(self.world.jump(1))  # so that what was charged before has an earlier time
        wanted = QuotaWanted(volume=volume, expiry_at_ms=self.world.now_ms + 40 * DAY * 1000, auto_refill=auto_refill)
        self.given[device] = (volume, self.world.now_ms)
        self.run(quota.put(self.world.core, self.world.actor(_organisation_of(device)), DeviceId(device), wanted))

    @precondition(lambda self: self.with_quota and self.given)
    @rule(draw=st.data())
    def take_away(self, draw: st.DataObject) -> None:
        device = draw.draw(st.sampled_from(sorted(self.given)))
        del self.given[device]
        self.run(quota.delete(self.world.core, self.world.actor(_organisation_of(device)), DeviceId(device)))

    @rule(off=st.booleans())
    def switch_mt(self, off: bool) -> None:
        self.run(self._change(f"UPDATE service_profile SET mt = {not off:d}"))

    @rule(days=st.sampled_from([0.0005, 0.1, 1, 17]))
    def pass_time(self, days: float) -> None:
        self.run(self.world.jump(days * DAY))
        self.run(self.world.advance(7))

    # what always holds

    @invariant()
    def holds(self) -> None:
        if hasattr(self, "world"):
            messages = self._messages()
            self._limits_hold(messages)
            self._rates_hold(messages)
            if self.with_quota:
                self._quotas_hold(messages)

    def _messages(self) -> list[Any]:
        """All of devices that are counted: accepted, and not ended before a first try."""
        columns = "device_id, organisation_id, direction, traffic_class, state, segments, submitted_at_ms, attempts"
        rows = self.world.rows(f"SELECT {columns} FROM message WHERE device_id IS NOT NULL ORDER BY id")
        return [row for row in rows if _is_counted(row)]

    def _limits_hold(self, messages: list[Any]) -> None:
        due: Counter[tuple[int, str, str]] = Counter()
        for row in messages:
            traffic = "mo" if row.direction == Direction.MO else "mt"
            due[row.device_id, _month(row.submitted_at_ms), traffic] += row.segments
        assert self._counted("device") == dict(due), "charged is what was accepted, and nothing else"
        assert self.with_quota or all(used <= LIMITS[traffic] for (_, _, traffic), used in due.items())
        of_all: Counter[tuple[int, str, str]] = Counter()
        for (device, month, traffic), used in due.items():
            of_all[_organisation_of(device), month, traffic] += used
        assert self._counted("organisation") == dict(of_all)
        assert all(used <= OF_ORGANISATION[traffic] for (_, _, traffic), used in of_all.items())

    def _counted(self, scope: str) -> dict[tuple[int, str, str], int]:
        text = "SELECT scope_id, period, traffic, used FROM usage_counter WHERE scope = :scope AND length(period) = 7 AND used <> 0"
        return {(row.scope_id, row.period, row.traffic): row.used for row in self.world.rows(text, scope=scope)}

    def _rates_hold(self, messages: list[Any]) -> None:
        """Of P2P a device sends so many in 24 h from the first of them, and receives so many in any minute."""
        at: defaultdict[tuple[int, int], list[int]] = defaultdict(list)
        for row in messages:
            if row.traffic_class.startswith("p2p"):
                at[row.device_id, row.direction].append(row.submitted_at_ms)
        for (_, direction), times in at.items():
            if direction == Direction.MO and self.rates.sent_per_day:
                assert all(number <= self.rates.sent_per_day for number in _places(times))
            elif direction == Direction.MT and (most := self.rates.received_per_minute):
                assert all(later - earlier >= MINUTE_MS for earlier, later in zip(times, times[most:], strict=False))

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
        self.drop(self.url)


def _is_counted(row: Any) -> bool:
    if row.direction == Direction.MO:
        return bool(row.state == State.DELIVERED)
    return row.attempts > 0 or not State(row.state).is_final


def _organisation_of(device: int) -> int:
    return 2 if device == 3 else 1


def _places(times: list[int]) -> list[int]:
    """Of each moment, the how manyth it is in 24 h from the first."""
    first_ms, number, places = -DAY_MS, 0, []
    for at_ms in times:
        if at_ms >= first_ms + DAY_MS:
            first_ms, number = at_ms, 0
        number += 1
        places.append(number)
    return places


def _month(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m")


def walk(new_database: Callable[[], str], share: int, drop: Callable[[str], None] = lambda _: None) -> None:
    """One example of so many that a property has. `drop`: hundreds of databases at once fill a disk in memory."""
    examples = settings(max_examples=max(2, settings.default.max_examples // share), stateful_step_count=20)
    run_state_machine_as_test(lambda: Walk(new_database, drop), settings=examples)  # type: ignore[no-untyped-call]


def test_on_sqlite_nothing_gets_past_what_limits_it_and_nothing_refused_is_charged(tmp_path: Path) -> None:
    def new_database() -> str:
        return tempfile.mkdtemp(dir=tmp_path) + "/walk.db"

    walk(new_database, 4)


def test_on_postgres_nothing_gets_past_what_limits_it_and_nothing_refused_is_charged(
    new_postgres_database: Callable[..., str], postgres_server: PostgresServer
) -> None:
    walk(lambda: new_postgres_database(migrated), 10, postgres_server.drop_database)
