"""Use cases that meet in the database, hammered from two processes, on both engines (architecture: rules that keep it right)."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from heliograph.model.message import State
from heliograph.model.notification import NotificationState
from heliograph.store.database import Database, engine_of
from heliograph.store.query import Query
from tests.contract.worker import Worker, result_of
from tests.core_world import Setting, World, msisdn, seed, statement

DEVICES = list(range(1, 11))
SETTING = Setting(devices=len(DEVICES), organisations=2)
SECOND = Setting(devices=len(DEVICES), organisations=2, alone=False)

LIMITS_OF_100 = {
    "of the device": """UPDATE service_profile SET settings = '{"mt_limit": 100}'""",
    "of the organisation": "UPDATE organisation SET mt_limit = 100",
    "of its quota": "UPDATE service_profile SET apply_sms_quota = 1",
}
_COLUMNS = "device_id, volume, expiry_at_ms, threshold_percentage, auto_refill, last_volume_added, since_ms, status_changed_at_ms, told"
QUOTA_OF_100 = f"INSERT INTO sms_quota ({_COLUMNS}) VALUES (1, 100, {2**52}, 0, 0, 100, 0, 0, 0)"
ENDLESS_QUOTAS = [f"INSERT INTO sms_quota ({_COLUMNS}) VALUES ({device}, 9999, {2**52}, 0, 0, 9999, 0, 0, 0)" for device in (3, 5)]


def seeded(url: str) -> None:
    """Give an empty database the world of `SETTING`."""

    async def fill() -> None:
        database = Database(engine_of(url))
        await database.open()
        await database.write(seed, SETTING, 0)
        await database.close()

    asyncio.run(fill())


@pytest.fixture(scope="module")
def pair() -> Iterator[tuple[Worker, Worker]]:
    workers = (Worker(), Worker())
    yield workers
    for worker in workers:
        worker.stop()


class TwoProcesses:
    @pytest.fixture
    def hammer(self, pair: tuple[Worker, Worker], url: str) -> Callable[..., list[Any]]:
        """Do two jobs at once; what each returned."""

        def both(one: tuple[str, dict[str, Any]], other: tuple[str, dict[str, Any]]) -> list[Any]:
            for worker, (job, arguments) in zip(pair, (one, other), strict=True):
                worker.prepare(url, job, **arguments)
            for worker in pair:
                worker.go()
            answers = [worker.answer() for worker in pair]
            return [result_of(answer) for answer in answers]

        return both

    def rows(self, url: str, text: str) -> list[tuple[Any, ...]]:
        session = engine_of(url).connect(read_only=True)
        found = [tuple(row) for row in session.run(Query(f"test.{text}", text), {})]
        session.close()
        return found

    def change(self, url: str, *texts: str) -> None:
        session = engine_of(url).connect()
        for text in texts:
            session.run(statement(text), {})
        session.close()

    def is_in_order(self, url: str, count: int) -> None:
        """Every device has so many messages in places 1, 2, ... of its lane; every organisation its events in numbers 1, 2, ..."""
        for device in DEVICES:
            places = self.rows(url, f"SELECT lane_seq FROM message WHERE device_id = {device} AND lane_seq IS NOT NULL ORDER BY lane_seq")
            assert [place for (place,) in places] == list(range(1, count + 1))
            assert self.rows(url, f"SELECT next_seq FROM lane WHERE device_id = {device}") == [(count + 1,)]
        self.feed_has_no_gaps(url)

    def feed_has_no_gaps(self, url: str) -> None:
        for organisation_id, last in self.rows(url, "SELECT organisation_id, last_number FROM feed"):
            numbers = self.rows(url, f"SELECT number FROM event WHERE organisation_id = {organisation_id} ORDER BY number")
            assert [number for (number,) in numbers] == list(range(1, last + 1))

    def lanes_are_idle(self, url: str) -> None:
        assert self.rows(url, "SELECT id FROM lane WHERE taken_epoch IS NOT NULL OR due_at_ms IS NOT NULL OR head_seq <> next_seq") == []

    def test_submit_and_submit_give_each_message_its_own_place_in_its_lane(self, hammer: Callable[..., list[Any]], url: str) -> None:
        job = ("submit", {"devices": DEVICES, "count": 40})
        one, other = hammer(job, job)
        assert len({*one, *other}) == 2 * 40 * len(DEVICES)
        self.is_in_order(url, 80)
        assert self.rows(url, "SELECT sum(used), count(*) FROM usage_counter WHERE traffic = 'mt' AND length(period) = 7") == [
            (800, len(DEVICES))
        ]

    def test_followers_in_both_are_told_every_event_once_and_in_order(self, hammer: Callable[..., list[Any]], url: str) -> None:
        events = 2 * 40 * len(DEVICES)
        for told in hammer(*[("follow", {"devices": DEVICES, "count": 40, "events": events})] * 2):
            for numbers in told.values():
                assert numbers == list(range(1, len(numbers) + 1))
            assert sum(map(len, told.values())) == events

    def test_submit_and_serve_send_everything_once_and_in_order(self, hammer: Callable[..., list[Any]], url: str) -> None:
        total = 2 * 30 * len(DEVICES)
        serve = ("serve", {"devices": DEVICES, "count": 30, "total": total})
        sent, _ = hammer(serve, ("submit", {"devices": DEVICES, "count": 30}))
        assert Counter(sent) == Counter(column(self.rows(url, "SELECT id FROM message")))
        for device in DEVICES:
            order = column(self.rows(url, f"SELECT id FROM message WHERE device_id = {device} ORDER BY lane_seq"))
            assert [message_id for message_id in sent if message_id in set(order)] == order
        assert self.rows(url, "SELECT state, attempts, count(*) FROM message GROUP BY state, attempts") == [(State.DELIVERED, 1, total)]
        self.is_in_order(url, 60)
        self.lanes_are_idle(url)

    def test_take_and_take_never_take_one_lane_both(self, hammer: Callable[..., list[Any]], url: str) -> None:
        self.change(url, "UPDATE link_lease SET epoch = 1, node_id = 1")
        hammer(*[("submit", {"devices": DEVICES, "count": 1})] * 2)
        one, other = hammer(*[("take_lanes", {"most": 2})] * 2)
        heads = column(self.rows(url, "SELECT id FROM message WHERE lane_seq = 1"))
        assert sorted([*one, *other]) == sorted(heads)
        assert self.rows(url, "SELECT count(*) FROM lane WHERE taken_epoch = 1 AND due_at_ms IS NULL") == [(len(DEVICES),)]

    @pytest.mark.parametrize("delay_s", [0.0, 0.02])
    def test_settle_and_receipt_always_find_each_other_whichever_comes_first(
        self, hammer: Callable[..., list[Any]], url: str, delay_s: float
    ) -> None:
        count, total = 30, 30 * len(DEVICES)
        serve = ("serve", {"devices": DEVICES, "count": count, "total": total, "stored": True, "delay_s": delay_s})
        hammer(serve, ("report", {"devices": DEVICES, "count": count, "seed": 7}))
        assert self.rows(url, "SELECT state, count(*) FROM message GROUP BY state") == [(State.DELIVERED, total)]
        matched = self.rows(
            url,
            "SELECT receipt.keys, message.dest, message.lane_seq, disposition FROM receipt JOIN message ON message.id = receipt.message_id",
        )
        assert len(matched) == total
        for keys, destination, place, disposition in matched:
            assert json.loads(keys) == [f"id:A-{destination}-{place}"]
            assert disposition == "matched"
        self.lanes_are_idle(url)

    def test_keys_brought_by_both_at_once_make_one_message_each_and_both_are_told_of_it(
        self, hammer: Callable[..., list[Any]], url: str
    ) -> None:
        keys = 40
        one, other = hammer(*[("submit_once", {"devices": DEVICES, "keys": keys, "times": 16})] * 2)
        assert self.rows(url, "SELECT count(*) FROM message") == [(keys,)]
        for key, told in one.items():
            assert len(set(told) | set(other[key])) == 1, key
            assert len(told) == len(other[key]) == 16
        kept = {int(answer) for (answer,) in self.rows(url, "SELECT answer FROM idempotency_key")}
        assert kept == set(column(self.rows(url, "SELECT id FROM message")))

    def test_parts_of_one_set_heard_by_both_are_joined_once(self, hammer: Callable[..., list[Any]], url: str) -> None:
        sets, devices = 30, DEVICES[:5]
        parts = {"devices": devices, "sets": sets, "total": 4}
        joined = hammer(("hear_parts", parts | {"numbers": [1, 4], "seed": 1}), ("hear_parts", parts | {"numbers": [2, 3], "seed": 2}))
        assert sum(joined) == sets * len(devices)
        expected = {"".join(f"{device}.{reference}.{number};" for number in range(1, 5)) for device in devices for reference in range(sets)}
        payloads = [payload for (payload,) in self.rows(url, "SELECT payload FROM message")]
        assert Counter(payloads) == Counter(expected)
        assert self.rows(url, "SELECT id FROM part_set") == self.rows(url, "SELECT set_id FROM part") == []
        assert self.rows(url, "SELECT count(*) FROM notification WHERE method = 'POST'") == [(len(expected),)]
        self.feed_has_no_gaps(url)

    def test_devices_that_text_each_other_through_both_wait_for_each_other_and_not_for_ever(
        self, hammer: Callable[..., list[Any]], url: str
    ) -> None:
        devices = DEVICES[:4]
        taken = hammer(*[("chatter", {"devices": devices, "rounds": 15})] * 2)
        assert taken == [180, 180]
        peers = "SELECT count(*) FROM message AS mo JOIN message AS mt ON mt.id = mo.peer_id AND mt.peer_id = mo.id WHERE mo.direction = 2"
        assert self.rows(url, peers) == [(360,)]
        assert self.rows(
            url, "SELECT traffic, sum(used) FROM usage_counter WHERE length(period) = 7 GROUP BY traffic ORDER BY traffic"
        ) == [
            ("mo", 360),
            ("mt", 360),
        ]
        self.feed_has_no_gaps(url)

    def test_after_a_takeover_the_old_owner_changes_nothing(self, hammer: Callable[..., list[Any]], url: str) -> None:
        total = 20 * len(DEVICES)
        old = ("serve", {"devices": DEVICES, "count": 20, "total": total, "name": "old", "delay_s": 0.05})
        new = ("serve", {"devices": [], "count": 0, "total": total, "name": "new", "delay_s": 0.01, "late_s": 0.3})
        sent_by_old, sent_by_new = hammer(old, new)
        assert self.rows(url, "SELECT state, count(*) FROM message GROUP BY state") == [(State.DELIVERED, total)]
        assert self.rows(url, "SELECT epoch FROM link_lease") == [(2,)]
        history: dict[int, list[str]] = {}
        for message_id, outcome, ref in self.rows(url, "SELECT message_id, outcome, ref FROM attempt ORDER BY message_id, number"):
            history.setdefault(message_id, []).append(outcome if outcome == "unknown" else ref.partition("-")[0])
        assert {tuple(each) for each in history.values()} == {("old",), ("unknown", "new"), ("new",)}
        unknown = {message_id for message_id, each in history.items() if each[0] == "unknown"}
        assert unknown <= set(sent_by_new)
        assert set(sent_by_old) & set(sent_by_new) <= unknown, "sent by both only what nobody knew about"
        delivered = self.rows(url, "SELECT count(*), count(DISTINCT message_id) FROM event WHERE type = 'sms.delivered'")
        assert delivered == [(total, total)]
        self.lanes_are_idle(url)

    def test_claim_and_claim_have_each_notification_once(self, hammer: Callable[..., list[Any]], url: str) -> None:
        fields = "id, organisation_id, callback_id, message_id, type, method, body, created_at_ms, state, due_at_ms"
        rows = [f"({number}, 1, 1, 1, 'sms.received', 'POST', '', 0, 1, {number})" for number in range(1, 301)]
        self.change(url, f"INSERT INTO notification ({fields}) VALUES {', '.join(rows)}")
        one, other = hammer(*[("claim", {"most": 7})] * 2)
        assert sorted([*one, *other]) == list(range(1, 301))
        for claimed in (one, other):
            if claimed:
                owner = f"SELECT count(*), count(DISTINCT claimed_by) FROM notification WHERE id IN ({','.join(map(str, claimed))})"
                assert self.rows(url, owner) == [(len(claimed), 1)]

    @pytest.mark.parametrize("limit", LIMITS_OF_100.values(), ids=LIMITS_OF_100)
    def test_200_sends_from_both_pass_a_limit_of_100_exactly_100_times(
        self, hammer: Callable[..., list[Any]], url: str, limit: str
    ) -> None:
        self.change(url, limit, QUOTA_OF_100)
        passed = hammer(*[("submit_within", {"device": 1, "times": 100})] * 2)
        assert sum(passed) == 100
        assert min(passed) >= 40, "the first two rounds of both were let in"
        assert self.rows(url, "SELECT state, count(*) FROM message GROUP BY state ORDER BY state") == [(1, 100), (State.FAILED, 100)]
        month = "SELECT used FROM usage_counter WHERE scope = 'device' AND length(period) = 7"
        assert self.rows(url, month) == [(100,)]

    @pytest.mark.parametrize("limit", LIMITS_OF_100.values(), ids=LIMITS_OF_100)
    @pytest.mark.parametrize("senders", [[3, 5], [4, 6]], ids=["internal", "from another organisation"])
    def test_200_sms_from_devices_heard_by_both_pass_a_limit_of_100_of_the_receiver_exactly_100_times(
        self, hammer: Callable[..., list[Any]], url: str, limit: str, senders: list[int]
    ) -> None:
        of_receiver = limit if limit.startswith("UPDATE organisation") else limit + " WHERE id = 1"
        self.change(url, of_receiver, QUOTA_OF_100, *ENDLESS_QUOTAS)
        passed = hammer(*[("hear_within", {"devices": senders, "receiver": 1, "times": 100})] * 2)
        assert sum(passed) == 100
        assert min(passed) >= 40, "the first two rounds of both were let in"
        ends = "SELECT direction, state, count(*) FROM message GROUP BY direction, state ORDER BY direction, state"
        assert self.rows(url, ends) == [(1, 1, 100), (1, State.FAILED, 100), (2, State.DELIVERED, 100), (2, State.FAILED, 100)]
        counted = "SELECT traffic, sum(used) FROM usage_counter WHERE scope = 'device' AND length(period) = 7 GROUP BY traffic"
        assert sorted(self.rows(url, counted)) == [("mo", 100), ("mt", 100)], "a refused SMS is counted at neither end"
        self.feed_has_no_gaps(url)

    def test_cancel_and_settle_end_each_message_once(self, hammer: Callable[..., list[Any]], url: str) -> None:
        total = 12 * len(DEVICES)
        serve = ("serve", {"devices": DEVICES, "count": 12, "total": total, "delay_s": 0.2})
        sent, _ = hammer(serve, ("cancel_all", {"total": total}))
        ended = dict(self.rows(url, "SELECT state, count(*) FROM message GROUP BY state"))
        assert sum(ended.values()) == total
        assert set(ended) == {State.DELIVERED, State.CANCELED}
        canceled = set(column(self.rows(url, f"SELECT id FROM message WHERE state = {State.CANCELED:d}")))
        assert canceled.isdisjoint(sent)
        finals = self.rows(url, "SELECT message_id FROM event WHERE type IN ('sms.delivered', 'sms.canceled')")
        assert Counter(column(finals)) == Counter(column(self.rows(url, "SELECT id FROM message")))
        assert self.rows(url, "SELECT sum(used) FROM usage_counter WHERE length(period) = 7") == [(ended[State.DELIVERED],)]
        self.lanes_are_idle(url)

    async def test_what_a_killed_process_had_claimed_is_delivered_by_another_and_nothing_else(self, url: str) -> None:
        victim = Worker()
        await asyncio.to_thread(victim.prepare, url, "hang", devices=DEVICES, done=4)
        victim.go()
        until = time.monotonic() + 20
        while self.rows(url, "SELECT count(*) FROM notification WHERE claimed_by IS NOT NULL AND state = 1") != [(6,)]:
            assert time.monotonic() < until
            await asyncio.sleep(0.02)
        victim.kill()
        async with World(url, SECOND) as world:
            world.courier.otherwise = None
            ours = await world.hear(msisdn(1), "12345")
            assert ours.message_id is not None
            await world.advance(9)
            assert len(world.courier.delivered) == 1, "it may still live"
            await world.advance(6)
            delivered = [delivery.message_id for _, delivery in world.courier.delivered[1:]]
            open_ones = "SELECT message_id FROM notification WHERE state = 1 AND method = 'PATCH' ORDER BY message_id"
            assert sorted(delivered) == column(self.rows(url, open_ones))
            assert len(delivered) == 6
            assert [row[0] for row in self.rows(url, "SELECT node_id FROM link_lease")] == [world.core.node_id]
            assert world.notifications(ours.message_id)[0].claimed_by == world.core.node_id
            assert self.rows(url, f"SELECT count(*) FROM notification WHERE state = {NotificationState.DELIVERED:d}") == [(4,)]


def column(rows: list[tuple[Any, ...]]) -> list[int]:
    return [row[0] for row in rows]


class TestTwoProcessesOnSqlite(TwoProcesses):
    @pytest.fixture
    def url(self, tmp_path: Path) -> str:
        url = str(tmp_path / "heliograph.db")
        seeded(url)
        return url


class TestTwoProcessesOnPostgres(TwoProcesses):
    @pytest.fixture
    def url(self, new_postgres_database: Callable[..., str]) -> str:
        return new_postgres_database(seeded)
