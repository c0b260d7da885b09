"""What links heard from nobody for nobody is shown to the operator, and to no organisation."""

from typing import Any

from heliograph.store import part as store
from heliograph.store.part import Unmatched
from tests.web.site import Site

PATH = "/api/v1/unmatched_inbound"


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
