"""What links heard from nobody for nobody, SMS and receipts, is shown to the operator, and to no organisation."""

from collections.abc import Callable
from typing import Any

from heliograph.store import part as store
from heliograph.store.part import Unmatched
from heliograph.store.transaction import Transaction
from tests.core_world import insert
from tests.web.site import Site
from tests.web.test_link import another

PATH = "/api/v1/unmatched_inbound"
RECEIPTS = "/api/v1/unmatched_receipt"


def heard(number: int) -> Unmatched:
    return Unmatched(number, 1, "491701234567", None if number == 1 else "4711", "", f"text {number}", 0, 1_800_000_000_000, "unmatched")


async def listed(site: Site, query: str = "") -> Any:
    return await site.get(f"{PATH}?{query}", token=site.operator_auth)


async def test_the_operator_sees_all_of_it(site: Site) -> None:
    await site.world.database.write(store.keep_unmatched, [heard(1)])
    assert (await listed(site)).json == [
        {
            "id": 1,
            "timestamp": "2027-01-15T08:00:00.000+0000",
            "link": {"id": 1},
            "source_address": "491701234567",
            "dest_address": None,
            "payload": "text 1",
            "dcs": 0,
            "udh": "",
            "rule": "unmatched",
        }
    ]


async def test_pages_show_each_once_newest_first(site: Site) -> None:
    await site.world.database.write(store.keep_unmatched, [heard(number) for number in range(1, 8)])
    found: list[int] = []
    query: str | None = "per_page=3"
    while query is not None:
        reply = await listed(site, query)
        found += [each["id"] for each in reply.json]
        link = reply.headers["link"]
        query = link.partition("?")[2].partition(">")[0] if link else None
        assert len(found) <= 7
    assert found == [7, 6, 5, 4, 3, 2, 1]


async def test_a_place_that_is_none_is_said_so(site: Site) -> None:
    for wrong in ("x", "-1", "9" * 19, "0" * 20 + "9" * 20):
        assert (await listed(site, f"after={wrong}")).status == 400


async def test_no_organisation_sees_it(site: Site) -> None:
    assert (await site.get(PATH)).status == 403
    assert (await site.get(RECEIPTS)).status == 403


def stray(number: int, link_id: int, source: str) -> Callable[[Transaction], None]:
    """A receipt that fits no SMS."""

    def keep(tx: Transaction) -> None:
        insert(
            tx, "receipt", id=number, link_id=link_id, received_at_ms=1_800_000_000_000, keys='["id:4711"]', source=source, dest="1000",
            state="delivered", word="DELIVRD", error=None, message_id=None, disposition="early",
        )  # fmt: skip

    return keep


async def test_receipts_that_fit_no_sms_are_listed_by_link_and_number_each_once(site: Site) -> None:
    first, second = site.world.link_id, await another(site, "Second")
    for number in range(1, 8):
        await site.world.database.write(stray(number, second if number % 2 else first, "491701" if number < 3 else "491702"))
    found = (await site.get(f"{RECEIPTS}?per_page=1", token=site.operator_auth)).json
    assert found == [
        {
            "id": 7,
            "timestamp": "2027-01-15T08:00:00.000+0000",
            "link": {"id": second},
            "source_address": "491702",
            "dest_address": "1000",
            "status": "DELIVRD",
            "error": None,
            "keys": ["id:4711"],
            "reason": "early",
        }
    ]
    for query, ids in (
        ("", [7, 6, 5, 4, 3, 2, 1]),
        ("link=2", [7, 5, 3, 1]),
        ("number=%2B491701", [2, 1]),
        ("number=1000&link=1", [6, 4, 2]),
    ):
        seen: list[int] = []
        following = f"per_page=2&{query}"
        while following:
            reply = await site.get(f"{RECEIPTS}?{following}", token=site.operator_auth)
            seen += [each["id"] for each in reply.json]
            following = reply.headers["link"].partition("?")[2].partition(">")[0]
            assert len(seen) <= 7
        assert seen == ids, query


async def test_inbound_sms_are_listed_by_link_and_number(site: Site) -> None:
    await site.world.database.write(store.keep_unmatched, [heard(1), heard(2)])
    assert [each["id"] for each in (await listed(site, "link=1&number=4711")).json] == [2]
    for none in ("9", "9" * 30, "-" + "9" * 30):
        assert (await listed(site, f"link={none}")).json == []
        assert (await site.get(f"{RECEIPTS}?link={none}", token=site.operator_auth)).json == []
    assert (await listed(site, "number=letters")).status == 422
