"""The overview over the API: of one's own organisation, of a range there is."""

import pytest

from heliograph.service import rollup
from tests.web.site import Site

PATH = "/api/v1/overview"


async def test_nothing_yet_is_zeros_and_nulls(site: Site) -> None:
    found = (await site.get(PATH)).json
    assert (found["range"], found["now"]["sent"], found["now"]["delivery_rate"], found["now"]["median_ms"]) == ("24h", 0, None, None)
    assert (len(found["points"]), found["reasons"], found["busiest"]) == (24, [], [])


async def test_it_counts_ones_own_messages_and_names_the_busiest_devices(site: Site) -> None:
    await site.send()
    await site.send()
    assert (await site.post(f"/api/v1/endpoint/{site.b.device_id}/sms", {"payload": "x"}, token=site.b_auth)).status == 201
    await site.world.settle()
    await rollup.catch_up(site.world.core)
    await rollup.look_for_busiest(site.world.core)
    found = (await site.get(f"{PATH}?range=7d")).json
    assert (found["now"]["sent"], found["now"]["delivered"], found["now"]["delivery_rate"]) == (2, 2, 1.0)
    assert found["before"]["sent"] == 0
    assert found["busiest"] == [{"endpoint": {"id": site.a.device_id}, "name": "Alpha one", "sent": 2, "received": 0}]
    assert (await site.get(PATH, token=site.operator_auth)).json["now"]["sent"] == 3


@pytest.mark.parametrize("name", ["1y", "24H", "x" * 500])
async def test_a_range_there_is_not_is_refused(site: Site, name: str) -> None:
    reply = await site.get(f"{PATH}?range={name}")
    assert (reply.status, reply.json["error_code"]) == (422, 1301)
