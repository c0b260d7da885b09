"""How a link is doing, on both engines: its pace and errors among the newest messages, what waits, and by an index what is nobody's."""

import json

import pytest

from heliograph.store import link, link_watch
from heliograph.store.link import Told
from heliograph.store.link_watch import Pace, Waiting
from heliograph.store.transaction import Transaction
from tests.core_world import insert
from tests.store.engines import OnPostgres, OnSqlite, Undone

NEWEST = 2**62


def message(tx: Transaction, number: int, link_id: int, direction: int, at_ms: int, tried_at_ms: int | None) -> None:
    insert(
        tx, "message", id=number, organisation_id=1, device_id=7, direction=direction, traffic_class="a2p_mt", link_id=link_id,
        door="rest", source="", source_type=161, dest="", payload="x", dcs=0, pid=0, udh="", segments=1, segment_states="d", state=4,
        submitted_at_ms=at_ms, expiry_at_ms=0, last_attempt_at_ms=tried_at_ms,
    )  # fmt: skip


def attempt(tx: Transaction, message_id: int, number: int, link_id: int, outcome: str, code: int | None = None) -> None:
    insert(
        tx, "attempt", message_id=message_id, number=number, segment=1, link_id=link_id, at_ms=1000 + number, answered_at_ms=0,
        outcome=outcome, error_class="throttle" if code else None, code=code, reason="no more" if code else None,
    )  # fmt: skip


class Watches(Undone):
    def test_its_pace_counts_what_was_tried_and_heard_since(self, tx: Transaction) -> None:
        for number, (link_id, direction, at_ms, tried) in enumerate(
            ((1, 1, 500, 1500), (1, 1, 500, 900), (1, 1, 1400, None), (1, 2, 1200, None), (1, 2, 900, None), (2, 1, 1200, 1200)), 1
        ):
            message(tx, number, link_id, direction, at_ms, tried)
        assert link_watch.paces(tx, [1, 2, 3], 1000) == {1: Pace(1, 1, 1000), 2: Pace(1, 0, 1000), 3: Pace(0, 0, 1000)}

    def test_its_pace_reaches_as_far_back_as_the_newest_messages(self, tx: Transaction, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(link_watch, "LATEST", 2)
        for number in (1, 2, 3, 4):
            message(tx, number, 1, 1, 1000 * number, 1000 * number)
        assert link_watch.paces(tx, [1], 0) == {1: Pace(2, 0, 2000)}

    def test_what_befell_a_link_is_told_newest_first_among_that_of_all(self, tx: Transaction, monkeypatch: pytest.MonkeyPatch) -> None:
        for number, (kind, link_id, reason) in enumerate((("up", 1, None), ("down", 2, "refused"), ("down", 1, "it closed")), 1):
            detail = json.dumps({"link": {"id": link_id, "name": "Main"}, "reason": reason})
            insert(tx, "event", organisation_id=0, number=number, type=f"link.{kind}", at_ms=1000 * number, detail=detail)
        insert(tx, "event", organisation_id=0, number=4, type="sms.received", at_ms=4000)
        assert link.told(tx, 1, 10) == [Told("down", 3000, "it closed"), Told("up", 1000, None)]
        assert link.told(tx, 1, 1) == [Told("down", 3000, "it closed")]
        assert link.told(tx, 3, 10) == []
        monkeypatch.setattr(link, "LATEST_TOLD", 2)
        assert [each.kind for each in link.told(tx, 1, 10)] == ["down"]

    def test_what_waits_is_counted_in_messages_and_in_destinations(self, tx: Transaction) -> None:
        for number, (link_id, head, following) in enumerate(((1, 1, 4), (1, 2, 2), (1, 5, 6), (2, 1, 9)), 1):
            insert(tx, "lane", id=number, organisation_id=1, link_id=link_id, device_id=number, head_seq=head, next_seq=following)
        assert link_watch.waiting(tx, 1) == Waiting(2, 4)
        assert link_watch.waiting(tx, 3) == Waiting(0, 0)
        for link_id, name in ((1, "Main"), (3, "Idle")):
            insert(tx, "link", id=link_id, name=name, kind="smpp", settings="{}", created_at_ms=0)
        assert link_watch.waiting_for_links(tx) == {"Main": Waiting(2, 4), "Idle": Waiting(0, 0)}

    def test_its_last_errors_are_its_own_and_the_latest_first(self, tx: Transaction) -> None:
        message(tx, 1, 1, 1, 500, 500)
        for number, (link_id, outcome, code) in enumerate(
            ((1, "refused", 0x58), (1, "accepted", None), (2, "refused", 1), (1, "unknown", None)), 1
        ):
            attempt(tx, 1, number, link_id, outcome, code)
        found = link_watch.refusals(tx, 1, 10)
        assert [(each.at_ms, each.outcome, each.code, each.device_id) for each in found] == [
            (1004, "unknown", None, 7),
            (1001, "refused", 0x58, 7),
        ]
        assert len(link_watch.refusals(tx, 1, 1)) == 1

    def test_what_belongs_to_nobody_is_listed_from_new_to_old(self, tx: Transaction) -> None:
        for number, (link_id, message_id) in enumerate(((1, None), (1, 5), (1, None), (2, None)), 1):
            insert(
                tx, "receipt", id=number, link_id=link_id, received_at_ms=1, keys="[]", source="1", dest="2", state="delivered",
                word="DELIVRD", message_id=message_id, disposition="early",
            )  # fmt: skip
            insert(
                tx, "unmatched_inbound", message_id=number, link_id=link_id, source="1", dest=None, udh="", user_data=f"text {number}",
                dcs=0, received_at_ms=1, reason="unmatched",
            )  # fmt: skip
        assert [each.id for each in link_watch.unmatched_receipts(tx, 1, NEWEST, 10)] == [3, 1]
        assert [each.id for each in link_watch.unmatched_receipts(tx, 1, 3, 10)] == [1]
        assert [each.payload for each in link_watch.unmatched_inbound(tx, 1, NEWEST, 2)] == ["text 3", "text 2"]
        assert [each.payload for each in link_watch.unmatched_inbound(tx, 0, 4, 2)] == ["text 3", "text 2"]
        assert len(link_watch.unmatched_receipts(tx, 1, NEWEST, 10, "2")) == 2
        assert link_watch.unmatched_inbound(tx, 1, NEWEST, 10, "2") == []


class TestOnSqlite(OnSqlite, Watches):
    def test_what_belongs_to_nobody_is_read_by_an_index(self, tx: Transaction) -> None:
        values = {"link_id": 1, "before": NEWEST, "most": 10, "number": ""}
        for name, index in (("unmatched_receipts", "receipt_unmatched"), ("unmatched_inbound", "unmatched_inbound_of_link")):
            rows = tx._session._connection.execute(f"EXPLAIN QUERY PLAN {link_watch.Q[name].text}", values)  # type: ignore[attr-defined]
            plan = "\n".join(row[3] for row in rows)
            assert index in plan
            assert "TEMP B-TREE" not in plan


class TestOnPostgres(OnPostgres, Watches):
    pass
