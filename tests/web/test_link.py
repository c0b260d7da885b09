"""Links belong to the installation: an organisation sees name and state of those its devices use, the operator keeps some for some."""

from typing import Any

from heliograph.store import link as link_store
from heliograph.store.query import Query
from tests.web.site import Site

PATH = "/api/v1/link"


async def another(site: Site, name: str) -> int:
    link_id: int = await site.world.database.write(link_store.insert, name, "scripted", '{"password": "x"}', site.world.now_ms)
    return link_id


async def device(site: Site, tenant: Any) -> int:
    body = {
        "name": "new",
        "status": {"id": 0},
        "service_profile": {"id": tenant.policy_id},
        "tariff_profile": {"id": tenant.tariff_id},
        "organisation": {"id": tenant.organisation_id},
    }
    made: int = (await site.post("/api/v1/endpoint", body, token=site.operator_auth)).json["id"]
    return made


async def link_of(site: Site, device_id: int) -> int:
    query = Query("test.link_of", "SELECT link_id FROM lane WHERE device_id = :device_id")
    rows = await site.world.database.read(lambda tx: tx.run(query, device_id=device_id))
    return int(rows[0][0])


async def change(site: Site, method: str, link_id: int, organisation_id: int) -> int:
    return (await site.call(method, f"{PATH}/{link_id}/organisation/{organisation_id}", token=site.operator_auth)).status


async def test_an_organisation_sees_name_and_state_of_what_it_uses_and_the_operator_all(site: Site) -> None:
    unused = await another(site, "Second")
    (seen,) = (await site.get(PATH)).json
    assert seen == {"id": site.world.link_id, "name": seen["name"], "state": seen["state"], "changed": seen["changed"]}
    every = (await site.get(PATH, token=site.operator_auth)).json
    assert [each["id"] for each in every] == [site.world.link_id, unused]
    assert every[1] == every[1] | {"kind": "scripted", "organisations": []}
    assert "password" not in str(every)


async def test_a_reserved_link_is_for_its_organisations_and_others_send_by_another(site: Site) -> None:
    first, second = site.world.link_id, await another(site, "Second")
    assert await change(site, "PUT", first, site.a.organisation_id) == 204
    assert await link_of(site, site.a.device_id) == first
    assert await link_of(site, site.b.device_id) == second
    assert await link_of(site, await device(site, site.b)) == second
    assert await link_of(site, await device(site, site.a)) == first
    (seen,) = (await site.get(PATH, token=site.b_auth)).json
    assert seen["name"] == "Second"
    assert (await site.get(PATH, token=site.operator_auth)).json[0]["organisations"] == [{"id": site.a.organisation_id}]
    assert await change(site, "PUT", first, site.a.organisation_id) == 409
    assert await change(site, "PUT", first, site.b.organisation_id) == 204
    assert await link_of(site, await device(site, site.b)) == first


async def test_who_has_no_link_left_waits_for_one_that_is_theirs(site: Site) -> None:
    assert await change(site, "PUT", site.world.link_id, site.a.organisation_id) == 204
    assert await link_of(site, site.b.device_id) == 0
    assert await change(site, "DELETE", site.world.link_id, site.a.organisation_id) == 204
    assert await link_of(site, site.b.device_id) == site.world.link_id
    assert await change(site, "DELETE", site.world.link_id, site.a.organisation_id) == 404


async def test_what_is_not_there_is_404_and_only_the_operator_reserves(site: Site) -> None:
    assert await change(site, "PUT", 999, site.a.organisation_id) == 404
    assert await change(site, "PUT", site.world.link_id, 999) == 404
    path = f"{PATH}/{site.world.link_id}/organisation/{site.a.organisation_id}"
    assert (await site.put(path)).status == 403
    assert (await site.delete(path)).status == 403
