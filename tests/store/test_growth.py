"""What the daemon does by itself reads what it is after, not all there is: its plans on SQLite, and what it finds on both engines."""

import itertools
from pathlib import Path
from typing import Any

import pytest

from heliograph.store import cdr, delivery, idempotency, overview, retention, usage
from heliograph.store.database import engine_of
from heliograph.store.delivery import OF_WORD, Delivered
from heliograph.store.engine import Scalar
from heliograph.store.idempotency import Kept
from heliograph.store.query import Query, numbered, queries
from heliograph.store.retention import Fate
from heliograph.store.transaction import Transaction
from tests.core_world import insert, statement
from tests.store.engines import OnPostgres, OnSqlite, Undone, migrated

PLANS = {
    "asked.following": "message USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)",
    "smpp_account.old_alerts": "notification USING INDEX notification_alert",
    "delivery.all": "notification USING INDEX notification_of_webhook (callback_id=? AND id>? AND id<?)",
    "delivery.failed": "notification USING INDEX notification_failed (callback_id=? AND id>? AND id<?)",
    "idempotency.give_back": "idempotency_key USING INDEX sqlite_autoindex_idempotency_key_1 (organisation_id=? AND route=? AND key=?)",
    "idempotency.delete_old": "idempotency_key USING COVERING INDEX idempotency_key_age (created_at_ms>? AND created_at_ms<?)",
    "notification.failing": "notification USING INDEX notification_due",
    "link_watch.refusals": "attempt USING PRIMARY KEY (message_id>? AND message_id<?)",
    "overview.busiest_on": "counter USING PRIMARY KEY (scope=? AND scope_id=? AND period=?)",
    "usage.of_an_organisation": "counter USING PRIMARY KEY (scope=? AND scope_id=? AND period>? AND period<?)",
    "waiting.scheduled": "scheduled USING COVERING INDEX scheduled_due (due_at_ms>? AND due_at_ms<?)",
    "waiting.lanes": "lane USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)",
    "waiting.in_lanes": "message USING INDEX message_of_lane (lane_id=? AND lane_seq>? AND lane_seq<?)",
    "waiting.at_network": "correlation USING INDEX correlation_expiry (expires_at_ms>? AND expires_at_ms<?)",
}


@pytest.mark.parametrize("name", PLANS)
def test_its_plan_on_sqlite_begins_where_it_is_to(name: str, tmp_path: Path) -> None:
    path = str(tmp_path / "plans.db")
    migrated(path)
    session: Any = engine_of(path).connect()
    file, _, query = name.partition(".")
    plans = explained(session, queries(file)[query])
    assert [each for each in plans if PLANS[name] in each], plans
    session.close()


def explained(session: Any, query: Query) -> list[str]:
    """The plan of the statement that the session makes of a query, for two rows where it takes a table of them."""
    texts: list[str] = []
    session._connection.set_trace_callback(texts.append)
    session.begin()
    values: dict[str, Scalar] = dict.fromkeys(numbered(query.text).names, 0)
    if query.columns:
        session.many(query, [[0] * len(query.columns)] * 2, values, list)
    else:
        session.run(query, values)
    session.rollback()
    session._connection.set_trace_callback(None)
    run = [text for text in texts if not text.startswith(("BEGIN", "ROLLBACK"))]
    return [row[3] for text in run for row in session._connection.execute(f"EXPLAIN QUERY PLAN {text}")]


class Finds(Undone):
    def test_keys_are_given_back_of_their_organisation_and_route_alone(self, tx: Transaction) -> None:
        keys = [*itertools.product((1, 2), ("a", "b"), ("k", "l"))]
        idempotency.claim(tx, [Kept(*key, "f", "") for key in keys], 5)
        idempotency.give_back(tx, [(1, "a", "k"), (2, "b", "l")])
        assert set(idempotency.find(tx, keys)) == {*keys} - {(1, "a", "k"), (2, "b", "l")}

    def test_old_keys_go_and_those_of_one_moment_together(self, tx: Transaction) -> None:
        keys = [(1, "a", str(number)) for number in range(9)]
        for number, key in enumerate(keys):
            idempotency.claim(tx, [Kept(*key, "f", "")], number // 3)
        assert idempotency.delete_old(tx, 2, 2) == 3
        assert idempotency.delete_old(tx, 2, 2) == 3
        assert idempotency.delete_old(tx, 2, 2) == 0
        assert set(idempotency.find(tx, keys)) == {*keys[6:]}

    @pytest.mark.parametrize("done", [0, 40, 99])
    def test_a_day_ends_before_the_first_event_of_the_next(self, tx: Transaction, done: int) -> None:
        tx.run(statement("INSERT INTO feed (organisation_id, last_number) VALUES (1, 100)"))
        tx.run(statement("INSERT INTO cdr_cursor (organisation_id, last_number) VALUES (1, :done)"), done=done)
        kept = [number for number in range(1, 101) if number % 7]
        for number in kept:
            insert(tx, "event", organisation_id=1, number=number, type="sms.delivered", at_ms=number // 10)
        for until_ms in range(12):
            [found] = cdr.ranges(tx, until_ms)
            assert found.after == done
            inside = [number for number in kept if found.after < number < found.before]
            assert inside == [number for number in kept if number > done and number // 10 < until_ms], until_ms

    def test_usage_is_looked_up_of_so_many_devices_at_once(self, tx: Transaction) -> None:
        insert(tx, "organisation", id=1, name="O", created_at_ms=0)
        insert(tx, "tariff_profile", id=1, organisation_id=1, name="T")
        switches = dict.fromkeys(("mt", "mo", "sms_a2p", "sms_p2p_int", "sms_p2p_ext", "esme_interface_type_id"), 1)
        insert(tx, "service_profile", id=1, organisation_id=1, name="P", created_at_ms=0, **switches)
        for number in range(1, 8):
            insert(
                tx, "device", id=number, organisation_id=1, status_id=0, service_profile_id=1, tariff_profile_id=1, created_at_ms=0,
                last_updated_at_ms=0,
            )  # fmt: skip
            usage.add(tx, [("device", number, "2026-11-22", "mt", number % 4), ("device", number, "2026-11-21", "mt", 100)])
        first, after = overview.busiest_on(tx, 1, "2026-11-22", 0, 4, 2)
        assert (first, after) == ([(3, 3, 0), (2, 2, 0)], 4)
        assert overview.busiest_on(tx, 1, "2026-11-22", 4, 4, 2) == ([(7, 3, 0), (6, 2, 0)], None)
        first_used, after = usage.of_an_organisation(tx, 1, "2026-11-21", "2026-11-22", 0, 4)
        assert ([each.used for each in first_used], after) == ([400, 6], 4)
        last_used, after = usage.of_an_organisation(tx, 0, "2026-11-21", "2026-11-22", 4, 4)
        assert ([each.used for each in last_used], after) == ([300, 6], None)

    def test_what_was_emptied_is_looked_at_too_so_that_a_look_has_an_end(self, tx: Transaction) -> None:
        for number in range(1, 6):
            insert(
                tx, "message", id=number, organisation_id=1, direction=1, traffic_class="a2p_mt", door="rest", source="", source_type=161,
                dest="", payload="" if number < 4 else "x", dcs=0, pid=0, udh="", segments=1, segment_states="d",
                state=4 if number < 5 else 1, submitted_at_ms=0, expiry_at_ms=0,
            )  # fmt: skip
            insert(
                tx, "notification", id=number, organisation_id=1, callback_id=1, message_id=0, type="sms.sent", method="POST",
                body="" if number < 4 else "x", created_at_ms=0, state=2, final_at_ms=1 if number < 5 else None,
            )  # fmt: skip
        for kind in ("bodies", "delivery_payloads"):
            found = [Fate(row.may_go) for row in (*retention.look(tx, kind, 0, 3), *retention.look(tx, kind, 3, 3))]
            assert found == [Fate.GONE, Fate.GONE, Fate.GONE, Fate.MAY_GO, Fate.STAYS], kind

    @pytest.mark.parametrize("word", OF_WORD)
    def test_a_log_is_looked_through_a_piece_at_a_time(self, tx: Transaction, word: str) -> None:
        for number in range(1, 41):
            insert(
                tx, "notification", id=number, organisation_id=1, callback_id=1 + number % 2, message_id=0, type="sms.sent", method="POST",
                body="x", created_at_ms=0, state=1 + number % 3, failed_at_ms=None if number % 3 == 1 else 5,
            )  # fmt: skip
        wanted, most = OF_WORD[word], 1000
        [*expected], end = delivery.step(tx, 2, wanted, delivery.NEWEST, most, most)
        assert len(expected) > 3
        assert end is None
        found: list[Delivered] = []
        before: int | None = delivery.NEWEST
        while before is not None:
            some, before = delivery.step(tx, 2, wanted, before, most, 3)
            found += some
        assert [each.id for each in found] == [each.id for each in expected]


class TestOnSqlite(Finds, OnSqlite):
    pass


class TestOnPostgres(Finds, OnPostgres):
    pass
