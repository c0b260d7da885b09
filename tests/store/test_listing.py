"""Lists of devices and SIMs: every filter and order is understood by both engines, and what is skipped or counted costs no row."""

import itertools
from collections.abc import Iterator
from typing import Any

import pytest

from heliograph.store import device, sim
from heliograph.store.database import engine_of
from heliograph.store.engine import Scalar, Session
from heliograph.store.ids import IdBlocks
from heliograph.store.listing import Listing, Order
from heliograph.store.query import Query
from heliograph.store.transaction import Transaction
from tests.core_world import Setting, seed
from tests.store.engines import OnPostgres, OnSqlite

LISTINGS: list[tuple[Listing[Any], str]] = [(device.LISTING, "device_present"), (sim.LISTING, "sim_present")]
TEXTS = {"name", "tags", "ip_address", "imei", "iccid", "imsi", "msisdn", "model", "bic", "anything", "words", "tag", "number_space"}


class Lists:
    @pytest.fixture
    def session(self, url: str) -> Iterator[Session]:
        session = engine_of(url).connect()
        session.begin()
        yield session
        session.rollback()
        session.close()

    @pytest.fixture
    def tx(self, session: Session) -> Transaction:
        tx = Transaction(session, IdBlocks())
        seed(tx, Setting(devices=25, organisations=2, link=False), 0)
        return tx

    @pytest.mark.parametrize("listing", [each for each, _ in LISTINGS])
    def test_every_filter_and_every_order_is_understood(self, tx: Transaction, listing: Listing[Any]) -> None:
        everything: dict[str, Scalar] = {name: "%8%" if name in TEXTS else 1 for name in listing.filters}
        for organisation_id, name in itertools.product((0, 1), everything):
            listing.page(tx, organisation_id, {name: everything[name]}, (), 1, 10)
        for field, descending in itertools.product(listing.columns, (False, True)):
            found = listing.page(tx, 0, everything | {"bic": None, "model": None}, (Order(field, descending=descending),), 1, 10)
            assert found.total <= 1

    @pytest.mark.parametrize("listing", [each for each, _ in LISTINGS])
    @pytest.mark.parametrize("order", [(), (Order("status"),), (Order("iccid", descending=True),), (Order("id", descending=True),)])
    def test_its_pages_hold_everything_once(self, tx: Transaction, listing: Listing[Any], order: tuple[Order, ...]) -> None:
        pages = [listing.page(tx, 1, {}, order, number, 5) for number in (1, 2, 3)]
        found = [each.id for page in pages for each in page.items]
        assert (len(found), len(set(found)), pages[0].total) == (13, 13, 13)
        if order in ((), (Order("id", descending=True),)):
            assert found == sorted(found, reverse=bool(order))

    @pytest.mark.parametrize(("listing", "index"), LISTINGS)
    def test_what_is_skipped_or_counted_is_read_from_an_index(
        self, tx: Transaction, session: Session, listing: Listing[Any], index: str
    ) -> None:
        del tx
        is_sqlite = type(session).__name__ == "SqliteSession"
        session.script("ANALYZE;")  # else all indexes of a table that may be empty cost the same
        for query, values in zip(listing.statements(True, (), ()), ({"most": 10, "skipped": 5}, {}), strict=True):
            word = "EXPLAIN QUERY PLAN" if is_sqlite else "EXPLAIN"
            plan = "\n".join(
                str(row[-1]) for row in session.run(Query(f"x{query.name}", f"{word} {query.text}"), {**values, "organisation_id": 1})
            )
            assert (f"COVERING INDEX {index}" if is_sqlite else "Index Only Scan") in plan, plan


class TestOnSqlite(Lists, OnSqlite):
    pass


class TestOnPostgres(Lists, OnPostgres):
    pass
