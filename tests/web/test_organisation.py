"""Organisations over the API: the operator makes, changes and deletes them; each sees and renames only itself."""

from typing import Any

import pytest

from tests.web.site import Site

PATH = "/api/v1/organisation"


async def made(site: Site, **body: Any) -> int:
    reply = await site.post(PATH, {"name": "Gamma"} | body, token=site.operator_auth)
    assert reply.status == 201, reply
    organisation_id: int = reply.json["id"]
    return organisation_id


async def test_the_operator_makes_one_that_can_have_devices_at_once(site: Site) -> None:
    reply = await site.post(PATH, {"name": "Gamma", "default_source": "Gamma"}, token=site.operator_auth)
    assert reply.headers["location"] == f"https://sms.example.com{PATH}/{reply.json['id']}"
    assert (await site.get(f"{PATH}/{reply.json['id']}", token=site.operator_auth)).json == reply.json
    assert (reply.json["name"], reply.json["default_source"]) == ("Gamma", "Gamma")
    policies = (await site.get("/api/v1/service_profile", token=site.operator_auth)).json
    assert len(policies) == 4, "one of each organisation"


async def test_an_organisation_sees_itself_and_no_other(site: Site) -> None:
    own = (await site.get(f"{PATH}/my")).json
    assert (await site.get(PATH)).json == [own]
    assert (await site.get(f"{PATH}/{site.a.organisation_id}")).json == own
    assert (await site.get(f"{PATH}/{site.b.organisation_id}")).status == 404
    assert len((await site.get(PATH, token=site.operator_auth)).json) == 3


async def test_an_organisation_changes_its_own_name_and_sender_only(site: Site) -> None:
    assert (await site.patch(f"{PATH}/{site.a.organisation_id}", {"name": "Alpha 2", "default_source": "12345"})).status == 204
    assert (await site.get(f"{PATH}/my")).json["name"] == "Alpha 2"
    message_id = await site.send()
    assert (await site.get(f"/api/v1/endpoint/{site.a.device_id}/sms/{message_id}")).json["source_address"] == "12345"
    assert (await site.patch(f"{PATH}/{site.b.organisation_id}", {"name": "mine"})).status == 404
    assert (await site.post(PATH, {"name": "x"})).status == 403
    assert (await site.delete(f"{PATH}/{site.a.organisation_id}")).status == 403


@pytest.mark.parametrize("body", [{}, {"name": ""}, {"name": "  "}, {"name": "x" * 101}, {"name": "x", "default_source": "x" * 30}])
async def test_one_that_cannot_be_is_422(site: Site, body: dict[str, Any]) -> None:
    assert (await site.post(PATH, body, token=site.operator_auth)).status == 422


async def test_one_that_has_something_is_not_deleted_and_neither_is_the_operators_own(site: Site) -> None:
    for organisation_id in (site.b.organisation_id, site.operator.organisation_id):
        assert (await site.delete(f"{PATH}/{organisation_id}", token=site.operator_auth)).status == 409


async def test_the_users_and_tokens_of_a_deleted_one_are_nobody(site: Site) -> None:
    operator = {"token": site.operator_auth}
    await site.patch(f"/api/v1/endpoint/{site.b.device_id}", {"sim": {"id": None}}, **operator)
    await site.delete(f"/api/v1/endpoint/{site.b.device_id}", **operator)
    await site.delete(f"/api/v1/sim/{site.b.sim_id}", **operator)
    assert (await site.delete(f"{PATH}/{site.b.organisation_id}", **operator)).status == 204
    assert (await site.get(f"{PATH}/{site.b.organisation_id}", **operator)).status == 404
    assert (await site.post("/api/v1/authenticate", {"application_token": site.b.application_token}, token=None)).status == 401
    site.world.clock.set_wall_clock(site.world.now_ms + 60_000)
    assert (await site.get(f"{PATH}/my", token=site.b_auth)).status == 401


async def test_what_happens_to_an_organisation_is_in_the_audit(site: Site) -> None:
    organisation_id = await made(site)
    await site.patch(f"{PATH}/{organisation_id}", {"name": "Delta"}, token=site.operator_auth)
    await site.delete(f"{PATH}/{organisation_id}", token=site.operator_auth)
    found = (await site.get("/api/v1/audit?action=organisation", token=site.operator_auth)).json
    assert [entry["action"] for entry in found] == ["organisation.deleted", "organisation.changed", "organisation.created"]
    assert found[1]["changes"] == {"name": ["Gamma", "Delta"]}


async def test_the_operator_makes_no_two_of_one_name(site: Site) -> None:
    first = await made(site)
    again = await site.post(PATH, {"name": "Gamma"}, token=site.operator_auth)
    assert (again.status, again.json["error_token"], again.json["field"]) == (409, "Duplicated", "name")
    assert (await site.patch(f"{PATH}/{first}", {"name": "Gamma"}, token=site.operator_auth)).status == 204, "its own name"
    assert (await site.patch(f"{PATH}/{site.b.organisation_id}", {"name": "Gamma"}, token=site.operator_auth)).status == 409


async def test_no_organisation_learns_by_a_name_which_others_there_are(site: Site) -> None:
    await made(site)
    assert (await site.patch(f"{PATH}/{site.a.organisation_id}", {"name": "Gamma"})).status == 204
