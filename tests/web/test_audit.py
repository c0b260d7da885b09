"""Every change and every send stands in the audit: who, by which door, from where, what before and after."""

from typing import Any

from heliograph.model.account import Role
from heliograph.service import audit
from heliograph.service.access import new_application_token
from heliograph.store import account as account_store
from tests.web.site import ADDRESS, Site

PATH = "/api/v1/audit"


async def entries(site: Site, query: str = "", **more: Any) -> list[dict[str, Any]]:
    reply = await site.get(f"{PATH}?{query}", **more)
    assert reply.status == 200, reply
    found: list[dict[str, Any]] = reply.json
    return found


async def test_a_change_is_kept_with_who_from_where_and_what_was_before(site: Site) -> None:
    await site.patch(f"/api/v1/endpoint/{site.a.device_id}", {"name": "Gate", "status": {"id": 1}})
    (entry,) = await entries(site)
    assert entry == entry | {
        "action": "device.changed",
        "object": {"kind": "device", "id": site.a.device_id},
        "organisation": {"id": site.a.organisation_id},
        "user": None,
        "application_token": {"id": site.a.token_id},
        "who": "alpha@example.org",
        "role": "Administrator",
        "door": "rest",
        "address": ADDRESS,
        "changes": {"name": ["Alpha one", "Gate"], "status_id": [0, 1]},
    }


async def test_a_change_that_changes_nothing_or_is_refused_is_not_kept(site: Site) -> None:
    await site.patch(f"/api/v1/endpoint/{site.a.device_id}", {"name": "Alpha one"})
    await site.patch(f"/api/v1/endpoint/{site.a.device_id}", {"name": "x", "imei": "wrong"})
    await site.delete(f"/api/v1/endpoint/{site.a.device_id}")
    assert await entries(site) == []


async def test_what_zapier_does_is_told_apart_from_other_clients(site: Site) -> None:
    path = f"/api/v1/endpoint/{site.a.device_id}/sms"
    sent = await site.post(path, {"payload": "hello"}, headers={"User-Agent": "Zapier"})
    message_id = int(sent.headers["location"].rsplit("/", 1)[1])
    (entry,) = await entries(site, "door=zapier")
    assert (entry["action"], entry["object"]["id"]) == ("sms.sent", message_id)
    assert (await site.get(f"/api/v1/sms/{message_id}")).json["door"] == "zapier"
    assert "Zapier" in (await site.get(f"/api/v1/sms/{message_id}/timeline")).json[0]["text"]


async def test_what_is_made_and_what_is_deleted_is_kept_whole(site: Site) -> None:
    body = {"name": "new", "status": {"id": 0}, "service_profile": {"id": site.a.policy_id}, "tariff_profile": {"id": site.a.tariff_id}}
    made = (await site.post("/api/v1/endpoint", body)).json["id"]
    await site.delete(f"/api/v1/endpoint/{made}")
    deleted, created = await entries(site, f"object={made}&action=device")
    assert (created["action"], created["changes"]["name"]) == ("device.created", [None, "new"])
    assert (deleted["action"], deleted["changes"]["name"]) == ("device.deleted", ["new", None])


async def test_a_send_stands_in_the_list_without_its_text_and_without_a_row_of_its_own(site: Site) -> None:
    await site.patch(f"/api/v1/endpoint/{site.a.device_id}", {"name": "before"})
    site.world.clock.set_wall_clock(site.world.now_ms + 1000)
    message_id = await site.send(payload="open sesame")
    site.world.clock.set_wall_clock(site.world.now_ms + 1000)
    await site.patch(f"/api/v1/endpoint/{site.a.device_id}", {"name": "after"})
    found = await entries(site)
    assert [entry["action"] for entry in found] == ["device.changed", "sms.sent", "device.changed"]
    assert found[1] == found[1] | {
        "id": message_id,
        "object": {"kind": "sms", "id": message_id},
        "endpoint": {"id": site.a.device_id},
        "application_token": {"id": site.a.token_id},
        "who": "alpha@example.org",
        "door": "rest",
    }
    assert "sesame" not in str(found)
    assert [entry["action"] for entry in await entries(site, "action=sms")] == ["sms.sent"]
    assert [entry["action"] for entry in await entries(site, "action=device")] == ["device.changed"] * 2
    assert await entries(site, "door=portal") == []


async def test_pages_show_every_entry_once_newest_first(site: Site) -> None:
    for number in range(4):
        site.world.clock.set_wall_clock(site.world.now_ms + 1000)
        await site.patch(f"/api/v1/endpoint/{site.a.device_id}", {"name": str(number)})
        await site.send()
    whole = await entries(site)
    assert len(whole) == 8
    paged: list[Any] = []
    path: str | None = f"{PATH}?per_page=3"
    while path:
        reply = await site.get(path)
        paged += reply.json
        link = reply.headers["link"]
        path = link.partition(">")[0].removeprefix("<https://sms.example.com") if link else None
        assert len(paged) <= 8
    assert paged == whole
    assert [entry["timestamp"] for entry in whole] == sorted((entry["timestamp"] for entry in whole), reverse=True)


async def test_another_organisation_sees_nothing_of_it_and_the_operator_all(site: Site) -> None:
    await site.patch(f"/api/v1/endpoint/{site.a.device_id}", {"name": "mine"})
    await site.send()
    assert await entries(site, token=site.b_auth) == []
    assert len(await entries(site, token=site.operator_auth)) == 2


async def test_an_organisation_sees_that_the_operator_changed_something_and_not_which_person(site: Site) -> None:
    await site.patch(f"/api/v1/endpoint/{site.a.device_id}", {"name": "by the operator"}, token=site.operator_auth)
    await site.post(f"/api/v1/endpoint/{site.a.device_id}/sms", {"payload": "x"}, token=site.operator_auth)
    for entry in await entries(site):
        assert (entry["who"], entry["user"], entry["application_token"], entry["address"]) == ("operator", None, None, None)
    assert {entry["who"] for entry in await entries(site, token=site.operator_auth)} == {"operator@example.org"}


async def test_only_an_administrator_reads_it(site: Site) -> None:
    for role in (Role.USER, Role.OBSERVER):
        token, token_hash = new_application_token()
        await site.world.database.write(account_store.insert_token, site.a.organisation_id, token_hash, role, site.world.now_ms)
        assert (await site.get(PATH, token=await site.auth_token(token))).status == 403


async def test_a_sim_that_is_given_away_is_told_to_both(site: Site) -> None:
    await site.patch(f"/api/v1/endpoint/{site.a.device_id}", {"sim": {"id": None}})
    moved = await site.patch(f"/api/v1/sim/{site.a.sim_id}", {"customer_org": {"id": site.b.organisation_id}}, token=site.operator_auth)
    assert moved.status == 204
    assert (await entries(site))[0]["action"] == "sim.taken"
    (given,) = await entries(site, token=site.b_auth)
    assert (given["action"], given["changes"]["iccid"][0]) == ("sim.given", None)


def test_what_is_secret_is_kept_as_changed_and_never_as_it_is() -> None:
    changes = audit.differences({"secret": "old", "password_hash": None}, {"secret": "new", "password_hash": "x"})
    assert changes == {"secret": ["***", "***"], "password_hash": [None, "***"]}
