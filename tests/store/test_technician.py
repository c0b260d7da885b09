"""Technician links, on both engines: found by their hash, counted when used, gone when revoked or over, and who used them when."""

from collections.abc import Iterator

import pytest

from heliograph.store import technician as store
from heliograph.store.database import engine_of
from heliograph.store.ids import IdBlocks
from heliograph.store.transaction import Transaction
from tests.core_world import insert
from tests.store.engines import OnPostgres, OnSqlite

HOUR_MS = 3_600_000


def fill(tx: Transaction) -> None:
    """Two organisations with a device each."""
    for organisation in (1, 2):
        insert(tx, "organisation", id=organisation, name="O", created_at_ms=0)
        insert(tx, "tariff_profile", id=organisation, organisation_id=organisation, name="T")
        switches = dict.fromkeys(("mt", "mo", "sms_a2p", "sms_p2p_int", "sms_p2p_ext", "esme_interface_type_id"), 1)
        insert(tx, "service_profile", id=organisation, organisation_id=organisation, name="P", created_at_ms=0, **switches)
        insert(
            tx, "device", id=organisation, organisation_id=organisation, name=f"D{organisation}", status_id=0,
            service_profile_id=organisation, tariff_profile_id=organisation, created_at_ms=0, last_updated_at_ms=0,
        )  # fmt: skip


def made(tx: Transaction, organisation: int, hashed: str, commands: str | None = None) -> int:
    return store.insert(tx, organisation, organisation, hashed, "Anna", commands, "Boss", 1000, 1000 + HOUR_MS)


class Links:
    @pytest.fixture
    def tx(self, url: str) -> Iterator[Transaction]:
        session = engine_of(url).connect()
        session.begin()
        tx = Transaction(session, IdBlocks())
        fill(tx)
        yield tx
        session.rollback()
        session.close()

    def test_a_link_is_found_by_its_hash_with_its_device(self, tx: Transaction) -> None:
        link_id = made(tx, 1, "h1", "[3,4]")
        found = store.by_hash(tx, "h1")
        assert found is not None
        assert (found.id, found.device_name, found.command_ids, found.uses, found.used_at_ms) == (link_id, "D1", (3, 4), 0, None)
        assert store.by_hash(tx, "h2") is None

    def test_an_organisation_has_its_own_and_the_operator_all(self, tx: Transaction) -> None:
        first, second, theirs = made(tx, 1, "a"), made(tx, 1, "b"), made(tx, 2, "c")
        assert [each.id for each in store.links(tx, 1, 0, 0, 10)] == [second, first]
        assert {each.id for each in store.links(tx, 0, 0, 0, 10)} == {first, second, theirs}
        assert [each.id for each in store.links(tx, 0, 2, 0, 10)] == [theirs]
        assert [each.id for each in store.links(tx, 1, 0, 1, 10)] == [first]
        assert (store.count(tx, 1, 0), store.count(tx, 0, 0), store.count(tx, 0, 2)) == (2, 3, 1)
        assert store.link(tx, 2, first) is None
        assert store.link(tx, 0, first) is not None

    def test_a_use_counts_until_it_is_over_or_revoked(self, tx: Transaction) -> None:
        link_id, other = made(tx, 1, "a"), made(tx, 1, "b")
        assert store.use(tx, link_id, 2000)
        assert store.use(tx, link_id, 3000)
        assert not store.use(tx, link_id, 1000 + HOUR_MS)
        found = store.link(tx, 1, link_id)
        assert found is not None
        assert (found.uses, found.used_at_ms) == (2, 3000)
        assert not store.revoke(tx, 2, other, 4000), "it is another organisation's"
        assert store.revoke(tx, 1, other, 4000)
        assert not store.revoke(tx, 1, other, 5000)
        assert not store.use(tx, other, 4001)

    def test_what_was_sent_by_it_is_known(self, tx: Transaction) -> None:
        link_id = made(tx, 1, "a")
        insert(
            tx, "message", id=9, organisation_id=1, device_id=1, direction=1, traffic_class="a2p_mt", door="technician", source="",
            source_type=161, dest="", payload="x", dcs=0, pid=0, udh="", segments=1, segment_states="d", state=4, submitted_at_ms=2000,
            expiry_at_ms=0,
        )  # fmt: skip
        store.insert_sent(tx, link_id, 9, "192.0.2.1")
        assert store.has_sent(tx, link_id, 9)
        assert not store.has_sent(tx, link_id, 10)
        found = store.link(tx, 1, link_id)
        assert found is not None
        assert [(each.at_ms, each.action, each.address, each.message_id) for each in store.uses(tx, found, 10)] == [
            (2000, "sms.sent", "192.0.2.1", 9)
        ]


class TestOnSqlite(OnSqlite, Links):
    pass


class TestOnPostgres(OnPostgres, Links):
    pass
