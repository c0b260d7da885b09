"""Many devices or SIMs in one call: all or nothing, each fault named, each change kept in the audit."""

from typing import Any

import pytest

from tests.web.site import Reply, Site
from tests.web.test_sim import enter

PATH = "/api/v2/endpoint/multi"


def shared(site: Site) -> dict[str, Any]:
    return {"status": {"id": 0}, "service_profile": {"id": site.a.policy_id}, "tariff_profile": {"id": site.a.tariff_id}}


async def make(site: Site, *endpoints: dict[str, Any]) -> Reply:
    return await site.post(PATH, shared(site) | {"endpoints": endpoints})


async def names(site: Site) -> list[str]:
    return [each["name"] for each in (await site.get("/api/v1/endpoint?sort=id")).json]


async def test_devices_are_made_in_their_order_with_their_sims(site: Site) -> None:
    idle, active = await enter(site), await enter(site)
    reply = await make(
        site,
        {"name": "one", "tags": "x", "imei": "35290600000011", "sim": {"id": idle}},
        {"name": "two", "sim": {"id": active, "activate": True}},
        {"name": "three", "imei_lock": True},
    )
    assert (reply.status, [each["name"] for each in reply.json]) == (201, ["one", "two", "three"])
    assert [each.get("sim", {}).get("status", {}).get("id") for each in reply.json] == [0, 1, None], "activate is false where left out"
    assert (await site.get(f"/api/v1/endpoint/{reply.json[0]['id']}")).json == reply.json[0]


async def test_where_one_cannot_be_nothing_is_done_and_each_fault_names_its_place(site: Site) -> None:
    sim_id = await enter(site)
    reply = await make(
        site, {"name": "good"}, {"imei": "x"}, {"sim": {"id": 999}}, {"sim": {"id": sim_id}}, {"sim": {"id": sim_id}}, {"ip_address": "no"}
    )
    assert (reply.status, reply.json["error_code"]) == (422, 1400)
    said = [part["message"] for part in reply.json["errors"]]
    assert [message.partition(":")[0] for message in said if message.startswith("endpoints[")] == [
        "endpoints[1]",
        "endpoints[2]",
        "endpoints[5]",
    ]
    assert any("stands twice" in message for message in said)
    assert await names(site) == ["Alpha one"]


@pytest.mark.parametrize("field", ["service_profile", "tariff_profile", "status"])
async def test_what_is_for_all_is_required_and_must_be_there(site: Site, field: str) -> None:
    body = shared(site) | {"endpoints": [{"name": "x"}]}
    assert (await site.post(PATH, body | {field: {"id": 999}})).status == 422
    del body[field]
    assert (await site.post(PATH, body)).status == 422
    assert await names(site) == ["Alpha one"]


async def test_devices_are_changed_together(site: Site) -> None:
    made = [each["id"] for each in (await make(site, {"name": "one"}, {"name": "two"})).json]
    reply = await site.patch(PATH, [{"id": made[0], "name": "first"}, {"id": float(made[1]), "status": {"id": 1.0}}])
    assert reply.status == 204
    assert await names(site) == ["Alpha one", "first", "two"]
    assert (await site.get(f"/api/v1/endpoint/{made[1]}")).json["status"]["id"] == 1
    refused = await site.patch(PATH, [{"id": made[0], "name": "again"}, {"id": made[1], "service_profile": {"id": 999}}])
    assert refused.status == 422
    assert (await site.patch(PATH, [{"id": made[0], "name": "again"}, {"id": 999}])).status == 404
    assert (await site.patch(PATH, [{"id": made[0]}, {"id": made[0]}])).status == 422
    assert await names(site) == ["Alpha one", "first", "two"]


@pytest.mark.parametrize(("query", "left"), [("", {"id": 2, "description": "Suspended"}), ("?delete_sims=true", None)])
async def test_devices_are_deleted_together_and_their_sims_are_suspended_or_deleted_too(
    site: Site, query: str, left: dict[str, Any] | None
) -> None:
    made = (await make(site, {"name": "one"})).json[0]["id"]
    assert (await site.delete(PATH + query, body=[{"id": made}, {"id": site.a.device_id}])).status == 204
    assert await names(site) == []
    sim = await site.get(f"/api/v1/sim/{site.a.sim_id}")
    assert (sim.json["status"], sim.json.get("endpoint")) == (left, None) if left else sim.status == 404


async def test_an_unknown_device_is_404_and_none_is_deleted(site: Site) -> None:
    assert (await site.delete(PATH, body=[{"id": site.a.device_id}, {"id": 999}])).status == 404
    assert await names(site) == ["Alpha one"]


async def test_two_thousand_are_made_and_deleted_and_one_more_is_too_many(site: Site) -> None:
    assert (await make(site, *({"name": str(number)} for number in range(2001)))).status == 422
    reply = await make(site, *({"name": str(number)} for number in range(2000)))
    assert (reply.status, len(reply.json)) == (201, 2000)
    assert (await site.delete(PATH, body=[{"id": each["id"]} for each in reply.json])).status == 204
    assert await names(site) == ["Alpha one"]


async def test_each_of_many_stands_in_the_audit(site: Site) -> None:
    made = [each["id"] for each in (await make(site, {"name": "one"}, {"name": "two"})).json]
    await site.delete(PATH, body=[{"id": each} for each in made])
    found = (await site.get("/api/v1/audit?action=device")).json
    assert sorted((entry["action"], entry["object"]["id"]) for entry in found) == sorted(
        (action, device_id) for action in ("device.created", "device.deleted") for device_id in made
    )


async def test_sims_are_deleted_together_unless_one_is_in_a_device_or_unknown(site: Site) -> None:
    sims = [await enter(site), await enter(site)]
    bodies = [[{"id": each} for each in (*sims, more)] for more in (site.a.sim_id, 999)]
    assert [(await site.delete("/api/v1/sim/multi", body=body)).status for body in bodies] == [403, 404]
    assert (await site.delete("/api/v1/sim/multi", body=[{"id": each} for each in sims])).status == 204
    assert (await site.get(f"/api/v1/sim/{sims[0]}")).status == 404
