"""Refusals of SMPP on both engines: added up, the latest kept, seen by whose account it is."""

import msgspec

from heliograph.store import smpp_account, smpp_refusal
from heliograph.store.database import engine_of
from heliograph.store.ids import IdBlocks
from heliograph.store.smpp_refusal import KEPT_MOST, SmppRefusal
from heliograph.store.transaction import Transaction
from tests.core_world import insert
from tests.store.engines import OnPostgres, OnSqlite, Undone

ONE = SmppRefusal("org_1", "bind", "wrong_password", "192.0.2.1", 13, "", 2, 1000, 2000)
CHANGES = msgspec.structs.replace


def organisation(tx: Transaction, number: int) -> None:
    insert(tx, "organisation", id=number, name=f"O{number}", created_at_ms=0)
    smpp_account.insert(tx, f"org_{number}", number, None, "hash", "{}", 0)


class Refusals(Undone):
    def test_what_is_alike_is_added_up(self, tx: Transaction) -> None:
        smpp_refusal.note(tx, [ONE])
        smpp_refusal.note(
            tx, [CHANGES(ONE, count=3, first_at_ms=3000, last_at_ms=4000), CHANGES(ONE, address="192.0.2.2", last_at_ms=3500)]
        )
        first, second = smpp_refusal.refusals(tx, 0, 10)
        assert first == CHANGES(ONE, count=5, last_at_ms=4000)
        assert second.address == "192.0.2.2"
        assert len(smpp_refusal.refusals(tx, 0, 1)) == 1

    def test_the_latest_of_each_account_are_kept(self, tx: Transaction) -> None:
        smpp_refusal.note(tx, [CHANGES(ONE, system_id="org_2")])
        many = [CHANGES(ONE, address=f"a{number:03}", last_at_ms=5000 + number) for number in range(KEPT_MOST + 5)]
        smpp_refusal.note(tx, many)
        found = smpp_refusal.refusals_of(tx, "org_1")
        assert [each.last_at_ms for each in found] == [each.last_at_ms for each in reversed(many[5:])]
        assert len(smpp_refusal.refusals_of(tx, "org_2")) == 1

    def test_an_organisation_sees_those_of_its_accounts(self, tx: Transaction) -> None:
        for number in (1, 2):
            organisation(tx, number)
        smpp_refusal.note(tx, [ONE, CHANGES(ONE, system_id="org_2"), CHANGES(ONE, system_id="", detail="org_7")])
        assert [each.system_id for each in smpp_refusal.refusals(tx, 1, 10)] == ["org_1"]
        assert len(smpp_refusal.refusals(tx, 0, 10)) == 3

    def test_they_go_with_their_time_and_their_account(self, tx: Transaction) -> None:
        organisation(tx, 1)
        switches = dict.fromkeys(("mt", "mo", "sms_a2p", "sms_p2p_int", "sms_p2p_ext", "esme_interface_type_id"), 1)
        insert(tx, "service_profile", id=5, organisation_id=1, name="P", created_at_ms=0, **switches)
        smpp_account.insert(tx, "pol_5", 1, 5, "hash", "{}", 0)
        smpp_refusal.note(tx, [ONE, CHANGES(ONE, system_id="pol_5"), CHANGES(ONE, system_id="org_2", last_at_ms=9000)])
        smpp_refusal.forget_of_policy(tx, 5)
        smpp_refusal.forget(tx, "org_1")
        assert [each.system_id for each in smpp_refusal.refusals(tx, 0, 10)] == ["org_2"]
        smpp_refusal.forget_old(tx, 9001)
        assert smpp_refusal.refusals(tx, 0, 10) == []


class TestOnSqlite(OnSqlite, Refusals):
    pass


class TestOnPostgres(OnPostgres, Refusals):
    def test_what_is_forgotten_does_not_wait_for_another_process(self, url: str) -> None:
        session, other = engine_of(url).connect(), engine_of(url).connect()
        session.script("SET lock_timeout = '1s'")
        first, second = Transaction(session, IdBlocks()), Transaction(other, IdBlocks())
        session.begin()
        smpp_refusal.note(first, [ONE, CHANGES(ONE, address="192.0.2.2")])
        session.commit()
        other.begin()
        smpp_refusal.note(second, [CHANGES(ONE, count=1, last_at_ms=9000)])
        assert smpp_refusal.refusals_of(second, "org_1")[0].count == 3, "it is written, and no longer only sent"
        session.begin()
        smpp_refusal.note(first, [CHANGES(ONE, address=f"a{number:03}", last_at_ms=5000) for number in range(KEPT_MOST)])
        smpp_refusal.forget_old(first, 5000)
        session.commit()
        other.commit()
        session.begin()
        kept = smpp_refusal.refusals_of(first, "org_1")
        session.rollback()
        assert kept[0] == CHANGES(ONE, count=3, last_at_ms=9000)
        assert "192.0.2.2" not in {each.address for each in kept}
        session.close()
        other.close()
