"""Links belong to the installation: an organisation sees name and state of those its devices use, the operator keeps some for some."""

import asyncio
from typing import Any

import pytest

from heliograph.config import Config
from heliograph.daemon.process import StartError
from heliograph.daemon.start import FILE, Installation
from heliograph.model.problem import Problem
from heliograph.service.manage import link as links
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


# made and changed while the program runs

SMSC = {
    "name": "SMSC",
    "kind": "smpp",
    "settings": {"host": "127.0.0.1", "port": 1, "system_id": "meters", "password": "s3cret", "window": 5},
}


async def made(site: Site, **changes: Any) -> int:
    reply = await site.post(PATH, SMSC | changes, token=site.operator_auth)
    assert reply.status == 201, reply
    link_id: int = reply.json["id"]
    assert reply.headers["location"].endswith(f"{PATH}/{link_id}")
    return link_id


async def seen(site: Site, link_id: int) -> Any:
    return (await site.get(f"{PATH}/{link_id}", token=site.operator_auth)).json


async def test_a_link_is_made_shown_changed_and_deleted_and_its_password_never_shown(site: Site) -> None:
    link_id = await made(site)
    found = await seen(site, link_id)
    assert found["settings"] == SMSC["settings"] | {"password": "***"}  # type: ignore[operator]
    assert (found["name"], found["kind"], found["enabled"], found["waiting"]) == ("SMSC", "smpp", True, 0)
    change = {"settings": {"window": None, "rate": 100, "password": "***"}, "name": "Centre", "enabled": False}
    assert (await site.patch(f"{PATH}/{link_id}", change, token=site.operator_auth)).status == 204
    found = await seen(site, link_id)
    assert found["settings"] == {"host": "127.0.0.1", "port": 1, "system_id": "meters", "password": "***", "rate": 100}
    assert (found["name"], found["enabled"], found["state"]) == ("Centre", False, "disabled")
    kept = await site.world.database.read(link_store.view, link_id)
    assert '"s3cret"' in kept.settings
    assert (await site.delete(f"{PATH}/{link_id}", token=site.operator_auth)).status == 204
    assert (await site.get(f"{PATH}/{link_id}", token=site.operator_auth)).status == 404


async def test_the_audit_says_what_changed_and_no_secret(site: Site) -> None:
    link_id = await made(site)
    await site.patch(f"{PATH}/{link_id}", {"settings": {"password": "changed", "outbind_password": "too"}}, token=site.operator_auth)
    entries = (await site.get("/api/v1/audit", token=site.operator_auth)).json
    changed = [each for each in entries if each["action"] == "link.changed"]
    assert changed[0]["changes"]["password"] == ["***", "***"]
    assert not [secret for secret in ("s3cret", '"changed"', '"too"') if secret in str(entries).replace("'", '"')]


async def test_what_a_kind_does_not_accept_is_refused_with_the_setting_at_fault(site: Site) -> None:
    for settings, word in (
        ({"system_id": "meters"}, "host"),
        ({"host": "h"}, "system_id"),
        ({"host": "h", "system_id": "m", "window": 0}, "window"),
        ({"host": "h", "system_id": "m", "password": "longer than 8"}, "password"),
        ({"host": "h", "system_id": "m", "preset": "none"}, "generic-3.4"),
        ({"host": "h", "system_id": "m", "errors": {"x": "permanent"}}, "0x0B"),
        ({"host": "h", "system_id": "m", "unheard_of": 1}, "unheard_of"),
    ):
        reply = await site.post(PATH, SMSC | {"settings": settings}, token=site.operator_auth)
        assert reply.status == 422, reply
        assert word in str(reply.json)
    assert (await site.post(PATH, SMSC | {"kind": "pigeon"}, token=site.operator_auth)).status == 422
    await made(site)
    assert (await site.post(PATH, SMSC, token=site.operator_auth)).status == 409


async def test_a_link_that_runs_or_is_in_a_route_is_not_deleted(site: Site) -> None:
    link_id = await made(site)
    assert (await site.delete(f"{PATH}/{link_id}", token=site.operator_auth)).status == 409
    assert (await site.post(f"{PATH}/{link_id}/stop", {}, token=site.operator_auth)).status == 204
    route = {"kind": "all", "links": [{"id": link_id}]}
    route_id = (await site.post("/api/v1/route", route, token=site.operator_auth)).json["id"]
    assert (await site.delete(f"{PATH}/{link_id}", token=site.operator_auth)).status == 409
    assert (await site.delete(f"/api/v1/route/{route_id}", token=site.operator_auth)).status == 204
    assert (await site.delete(f"{PATH}/{link_id}", token=site.operator_auth)).status == 204
    assert await link_of(site, site.a.device_id) == site.world.link_id


async def test_a_check_says_that_nobody_is_there(site: Site) -> None:
    link_id = await made(site)
    reply = await site.post(f"{PATH}/{link_id}/check", {}, token=site.operator_auth)
    assert reply.status == 200
    assert [(each["level"], "cannot connect to 127.0.0.1:1" in each["text"]) for each in reply.json] == [("wrong", True)]
    assert (await site.post(f"{PATH}/{site.world.link_id}/check", {}, token=site.operator_auth)).status == 422


async def test_presets_say_where_each_value_is_from(site: Site) -> None:
    found = {each["name"]: each for each in (await site.get("/api/v1/link_preset", token=site.operator_auth)).json}
    assert {"generic-3.4", "generic-3.3", "osmomsc", "kannel", "jasmin", "emnify"} <= found.keys()
    for preset in found.values():
        assert preset["settings"].keys() == preset["sources"].keys()
        assert all(preset["sources"].values())


# routes


async def route(site: Site, *links: int, kind: str = "all", value: str = "", **more: Any) -> int:
    body = {"kind": kind, "value": value, "links": [{"id": each} for each in links]} | more
    reply = await site.post("/api/v1/route", body, token=site.operator_auth)
    assert reply.status == 201, reply
    route_id: int = reply.json["id"]
    return route_id


async def test_the_first_route_that_fits_says_by_which_link_a_device_sends(site: Site) -> None:
    first, second = site.world.link_id, await another(site, "Second")
    a, b = site.a.device_id, site.b.device_id
    await route(site, second, kind="policy", value=str(site.a.policy_id))
    assert (await link_of(site, a), await link_of(site, b)) == (second, first)
    await route(site, first, kind="organisation", value=str(site.a.organisation_id), position=1)
    assert await link_of(site, a) == first
    await route(site, second, kind="device", value=str(b))
    assert await link_of(site, b) == second


async def test_a_device_follows_its_tag_and_its_number(site: Site) -> None:
    first, second = site.world.link_id, await another(site, "Second")
    device_id = site.a.device_id
    await route(site, second, kind="tag", value="far")
    assert await link_of(site, device_id) == first
    assert (await site.patch(f"/api/v1/endpoint/{device_id}", {"tags": "near, Far"})).status == 204
    assert await link_of(site, device_id) == second
    assert (await site.patch(f"/api/v1/endpoint/{device_id}", {"tags": "near"})).status == 204
    assert await link_of(site, device_id) == second, "no route fits, so it stays where it is"
    await route(site, first, kind="prefix", value="4999")
    assert (await site.patch(f"/api/v1/sim/{site.a.sim_id}", {"msisdn": "49991234567"}, token=site.operator_auth)).status == 204
    assert await link_of(site, device_id) == first


async def test_a_route_does_not_lead_to_a_link_that_is_kept_for_others(site: Site) -> None:
    second = await another(site, "Second")
    assert await change(site, "PUT", second, site.a.organisation_id) == 204
    await route(site, second)
    assert await link_of(site, site.a.device_id) == second
    assert await link_of(site, site.b.device_id) == site.world.link_id


@pytest.mark.parametrize(("given", "kept"), [("", ""), ("+49 151", "49151"), ("0044", "44")])
async def test_a_route_to_phones_has_the_beginning_of_a_number_or_none_and_moves_no_device(site: Site, given: str, kept: str) -> None:
    second = await another(site, "Second")
    await route(site, second, kind="phone", value=given)
    (shown,) = (await site.get("/api/v1/route", token=site.operator_auth)).json
    assert (shown["kind"], shown["value"], shown["link"]) == ("phone", kept, {"id": second})
    assert await link_of(site, site.a.device_id) == site.world.link_id


async def test_a_route_is_changed_in_its_place_and_what_waits_follows(site: Site) -> None:
    first, second = site.world.link_id, await another(site, "Second")
    route_id = await route(site, first, second, kind="policy", value=str(site.a.policy_id), position=7)
    where = f"/api/v1/route/{route_id}"
    changed = {"kind": "device", "value": str(site.a.device_id), "links": [{"id": second}]}
    reply = await site.call("PUT", where, changed, token=site.operator_auth)
    assert (reply.status, reply.json) == (200, {"id": route_id, "position": 7, "link": {"id": second}} | changed)
    assert await link_of(site, site.a.device_id) == second
    both = changed | {"links": [{"id": first}, {"id": second}]}
    assert (await site.call("PUT", where, both, token=site.operator_auth)).json["link"] == {"id": second}, "the one that was taken still is"
    assert (await site.call("PUT", where, changed | {"links": []}, token=site.operator_auth)).status == 422
    assert (await site.call("PUT", "/api/v1/route/999", changed, token=site.operator_auth)).status == 404


async def test_a_route_that_is_deleted_while_it_is_changed_is_answered_as_it_was_changed(site: Site) -> None:
    route_id = await route(site, site.world.link_id)
    where, changed = f"/api/v1/route/{route_id}", {"kind": "prefix", "value": "49", "links": [{"id": site.world.link_id}]}
    put, deleted = await asyncio.gather(
        site.call("PUT", where, changed, token=site.operator_auth), site.delete(where, token=site.operator_auth)
    )
    assert (put.status, put.json["value"], deleted.status) == (200, "49", 204)


async def test_a_route_that_cannot_be_is_refused(site: Site) -> None:
    link = site.world.link_id
    for kind, value, by in (
        ("all", "", []),
        ("all", "", [{"id": 999}]),
        ("all", "", [{"id": link}, {"id": link}]),
        ("prefix", "letters", [{"id": link}]),
        ("device", "999", [{"id": link}]),
        ("tag", "", [{"id": link}]),
        ("phone", "letters", [{"id": link}]),
        ("planet", "1", [{"id": link}]),
    ):
        reply = await site.post("/api/v1/route", {"kind": kind, "value": value, "links": by}, token=site.operator_auth)
        assert reply.status in (404, 422), (kind, value, by, reply)
    assert (await site.delete("/api/v1/route/999", token=site.operator_auth)).status == 404


async def test_a_link_of_the_file_is_made_and_changed_to_what_the_file_says(site: Site) -> None:
    core = site.world.core
    await links.declare(core, FILE, "SMSC", {"host": "h", "system_id": "s", "window": 5})
    await links.declare(core, FILE, "SMSC", {"kind": "smpp", "host": "h2", "system_id": "s"})
    (found,) = [each for each in (await site.get(PATH, token=site.operator_auth)).json if each["name"] == "SMSC"]
    assert (await seen(site, found["id"]))["settings"] == {"host": "h2", "system_id": "s"}
    for wrong in ({"kind": "simulator"}, {"host": "h"}):
        with pytest.raises(Problem):
            await links.declare(core, FILE, "SMSC", wrong)


async def test_a_link_of_the_file_that_cannot_be_ends_the_start_and_says_what_is_wrong_with_it(site: Site) -> None:
    config = Config(links={"SMSC": {"kind": "smpp", "host": "h", "window": 0}})
    with pytest.raises(StartError, match=r"the link SMSC .* system_id is missing"):
        await Installation(config).prepare(site.world.core)
