"""Lists and searches of messages, on both engines: all that fits, once, from new to old, by an index."""

import itertools
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from heliograph.store import search, undelivered
from heliograph.store.database import engine_of
from heliograph.store.engine import Scalar, Session
from heliograph.store.ids import IdBlocks
from heliograph.store.query import Query
from heliograph.store.search import FILTERS, FoundMessage, Place, Range
from heliograph.store.transaction import Transaction
from tests.core_world import insert, statement
from tests.store.engines import OnPostgres, OnSqlite

MESSAGES = 60
STATES = (4, 5, 1, 7, 5)
VALUES: dict[str, Scalar] = {"direction": 1, "traffic_class": "a2p_mt", "states": "|4|2|", "tag": "%,water,%", "text": "%meter 1%"}


def fill(tx: Transaction) -> None:
    """Two organisations, three devices each; messages by turns, several of one time, a head on its way."""
    for organisation in (1, 2):
        insert(tx, "organisation", id=organisation, name="O", created_at_ms=0)
        insert(tx, "tariff_profile", id=organisation, organisation_id=organisation, name="T")
        switches = dict.fromkeys(("mt", "mo", "sms_a2p", "sms_p2p_int", "sms_p2p_ext", "esme_interface_type_id"), 1)
        insert(tx, "service_profile", id=organisation, organisation_id=organisation, name="P", created_at_ms=0, **switches)
    for device in range(1, 7):
        insert(
            tx, "device", id=device, organisation_id=1 + device % 2, name=f"D{device}", tags="meter, Water" if device == 3 else "meter",
            status_id=0, service_profile_id=1 + device % 2, tariff_profile_id=1, created_at_ms=0, last_updated_at_ms=0,
        )  # fmt: skip
        insert(tx, "lane", id=device, organisation_id=1 + device % 2, link_id=0, device_id=device, head_seq=0, taken_epoch=1)
    for number in range(1, MESSAGES + 1):
        device = 1 + number % 6
        insert(
            tx, "message", id=number, organisation_id=1 + device % 2, device_id=device, direction=1 + number % 5 // 4,
            traffic_class=("a2p_mt", "a2p_mo")[number % 5 // 4], door="rest", source="", source_type=161, dest="",
            payload=f"Meter {number} 50%", dcs=0, pid=0, udh="", segments=1, segment_states="d", state=STATES[number % 5],
            submitted_at_ms=1000 + number // 4,
            expiry_at_ms=0, lane_id=device, lane_seq=number // 6,
        )  # fmt: skip
    undelivered.note(tx, [(number, STATES[number % 5]) for number in range(1, MESSAGES + 1)])


def all_of(tx: Transaction, where: Range, filters: Mapping[str, Scalar], most: int, size: int) -> list[FoundMessage]:
    """A whole list, page by page."""
    found: list[FoundMessage] = []
    place: Place | None = Place()
    steps = 0
    while place is not None:
        items, place = search.step(tx, where, filters, place, most, size)
        found += items
        steps += 1
        assert steps < 10 * MESSAGES
    return found


def fits(message: FoundMessage, where: Range, filters: Mapping[str, Scalar]) -> bool:
    on_its_way = message.state < 4 and message.lane_seq == 0
    return (
        where.organisation_id in (0, message.organisation_id)
        and where.device_id in (None, message.device_id)
        and where.from_ms <= message.submitted_at_ms < where.until_ms
        and ("direction" not in filters or message.direction == 1)
        and ("traffic_class" not in filters or message.traffic_class == "a2p_mt")
        and ("states" not in filters or message.state == 4 or on_its_way)
        and ("tag" not in filters or message.device_id == 3)
        and ("text" not in filters or message.payload.startswith("Meter 1"))
    )


class Searches:
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
        fill(tx)
        return tx

    @pytest.mark.parametrize("size", [7, 1000])
    @pytest.mark.parametrize("most", [4, 1000])
    @pytest.mark.parametrize("where", [Range(1), Range(2), Range(1, from_ms=1003, until_ms=1010), Range(1, 3), Range(0, 3, 1002, 1010)])
    def test_a_list_holds_all_that_fits_once_from_new_to_old(self, tx: Transaction, where: Range, most: int, size: int) -> None:
        everything = [*all_of(tx, Range(1), {}, 1000, 1000), *all_of(tx, Range(2), {}, 1000, 1000)]
        assert len(everything) == MESSAGES
        for names in itertools.chain(*(itertools.combinations(FILTERS, count) for count in (0, 1, 2))):
            filters = {name: VALUES[name] for name in names}
            expected = [each for each in everything if fits(each, where, filters)]
            expected.sort(key=lambda each: (each.submitted_at_ms, each.id), reverse=True)
            found = all_of(tx, where, filters, most, size)
            assert [each.id for each in found] == [each.id for each in expected], names

    def test_what_ended_undelivered_is_found_apart_as_it_is_among_all(self, tx: Transaction) -> None:
        tx.run(statement("UPDATE message SET state = 4 WHERE id = 31"))  # delivered late
        times: list[dict[str, int]] = [{}, {"from_ms": 1003, "until_ms": 1010}]
        for states, names, within in itertools.product([(5,), (7, 5), (6,)], [[], ["tag"], ["direction", "text"]], times):
            filters = {name: VALUES[name] for name in names} | {"states": f"|{'|'.join(map(str, states))}|"}
            expected = [each.id for each in all_of(tx, Range(1, **within), filters, 1000, 1000)]
            assert expected or states == (6,) or names
            for most, size in itertools.product((4, 1000), (7, 1000)):
                found = all_of(tx, Range(1, **within, undelivered=states), filters, most, size)
                assert [each.id for each in found] == expected, (states, names, within, most, size)

    def test_nobody_finds_what_is_anothers(self, tx: Transaction) -> None:
        assert all_of(tx, Range(1, 1), {}, 1000, 1000) == []
        assert search.one(tx, 1, 1) is None or search.one(tx, 2, 1) is None
        assert search.one(tx, 0, 1) is not None

    def test_a_percent_sign_in_a_text_is_one(self, tx: Transaction) -> None:
        assert len(all_of(tx, Range(1), {"text": "%50!%%"}, 1000, 1000)) == MESSAGES / 2
        assert all_of(tx, Range(1), {"text": "%5!%0%"}, 1000, 1000) == []

    def test_what_comes_while_somebody_pages_shifts_nothing(self, tx: Transaction) -> None:
        expected = [each.id for each in all_of(tx, Range(1), {}, 1000, 1000)]
        first, place = search.step(tx, Range(1), {}, Place(), 10, 1000)
        assert place is not None
        insert(
            tx, "message", id=999, organisation_id=1, device_id=1, direction=1, traffic_class="a2p_mt", door="rest", source="",
            source_type=161, dest="", payload="new", dcs=0, pid=0, udh="", segments=1, segment_states="w", state=1,
            submitted_at_ms=5000, expiry_at_ms=0,
        )  # fmt: skip
        rest, _ = search.step(tx, Range(1), {}, place, 1000, 1000)
        assert [each.id for each in [*first, *rest]] == expected

    @pytest.mark.parametrize("where", [Range(1), Range(1, from_ms=5), Range(1, 3), Range(0, 3)])
    @pytest.mark.parametrize("filters", [(), *((name,) for name in FILTERS), FILTERS])
    def test_its_plan_walks_an_index_in_order(self, tx: Transaction, session: Session, where: Range, filters: tuple[str, ...]) -> None:
        plans = "\n".join(explained(session, where, filters))
        index = "message_of_organisation" if where.device_id is None else "message_of_device"
        assert plans.count(index) == (2 if filters else 1), plans
        assert not [word for word in ("SCAN message", "Seq Scan", "Sort", "TEMP B-TREE") if word in plans], plans


class TestOnSqlite(Searches, OnSqlite):
    pass


class TestOnPostgres(Searches, OnPostgres):
    pass


def explained(session: Session, where: Range, filters: tuple[str, ...]) -> Iterator[str]:
    """The plans of the statements of a step."""
    run: Callable[..., list[object]] = session.run
    ran: list[tuple[Query, Mapping[str, Scalar]]] = []

    class Watched:
        def run(self, query: Query, values: Mapping[str, Scalar]) -> list[object]:
            ran.append((query, values))
            return run(query, values)

    search.step(Transaction(Watched(), IdBlocks()), where, {name: VALUES[name] for name in filters}, Place(), 10, 20)  # type: ignore[arg-type]
    word = "EXPLAIN QUERY PLAN" if type(session).__name__ == "SqliteSession" else "EXPLAIN"
    for query, values in ran:
        for row in session.run(Query(f"explain {query.name}", f"{word} {query.text}"), values):
            yield str(row[-1])


def test_a_text_is_found_in_any_case_by_the_like_that_sqlite_has(tmp_path: Path) -> None:
    session = engine_of(str(tmp_path / "any.db")).connect()
    for text, pattern, found in (("Meter ON", "%meter on%", 1), ("meter on", "%METER%", 1), ("50 %", "%50 !%%", 1), ("50x", "%50!%%", 0)):
        query = Query(
            "any.case", "SELECT count(*) FROM (SELECT :text AS payload) AS m WHERE lower(m.payload) LIKE lower(:pattern) ESCAPE '!'"
        )
        assert session.run(query, {"text": text, "pattern": pattern})[0][0] == found
    session.close()
