"""Technician links: made over the API, used by somebody without an account, seen in the audit, refused after revocation."""

from typing import Any

import pytest

from heliograph.model.account import Actor, Door, Role
from heliograph.model.ids import MessageId, OrganisationId
from heliograph.model.problem import Code, Problem
from heliograph.service import technician
from heliograph.service.draft import Draft
from heliograph.service.manage import command
from heliograph.service.secret import hash_of
from heliograph.service.technician import Visit
from heliograph.store import technician as store
from tests.core_world import statement
from tests.web.site import Site

PATH = "/api/v1/technician_link"
WHERE = "198.51.100.9"


async def made(site: Site, **more: Any) -> tuple[dict[str, Any], str]:
    """A link to A's device, and its secret."""
    reply = await site.post(PATH, {"endpoint": {"id": site.a.device_id}, "description": "Anna, pump 3"} | more)
    assert reply.status == 201, reply
    return reply.json, reply.json["url"].rsplit("/", 1)[1]


async def visit(site: Site, token: str) -> Visit:
    found = await technician.visit(site.world.core, token, WHERE)
    assert found is not None
    return found


async def test_a_link_is_shown_once_and_kept_as_a_hash(site: Site) -> None:
    link, token = await made(site)
    assert link["url"] == f"https://sms.example.com/technician/{token}"
    assert token.startswith("hgl_")
    (listed, _) = (await site.get(PATH)).json
    assert listed == {name: value for name, value in link.items() if name != "url"}
    assert (listed["status"], listed["uses"], listed["created_by"]) == ("active", 0, site.a.email)
    assert token not in str(site.world.rows("SELECT token_hash, description FROM technician_link")) + str(
        site.world.rows("SELECT changes FROM audit")
    )
    assert (await site.get(f"{PATH}?q=endpoint:{site.b.device_id}")).json == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"description": " "}, "description"),
        ({"description": "x" * 101}, "description"),
        ({"expiry_date": "2020-01-01"}, "expiry_date"),
        ({"expiry_date": "2099-01-01"}, "expiry_date"),
    ],
)
async def test_a_link_is_for_somebody_and_lasts_at_most_seven_days(site: Site, body: dict[str, str], field: str) -> None:
    reply = await site.post(PATH, {"endpoint": {"id": site.a.device_id}, "description": "Anna"} | body)
    assert (reply.status, reply.json["field"]) == (422, field)


async def test_whoever_has_a_link_sees_and_texts_its_device_and_the_audit_says_who(site: Site) -> None:
    await site.send(payload="before")
    link, token = await made(site)
    at = await visit(site, token)
    await technician.opened(site.world.core, at)
    await site.world.jump(1)
    sent = await technician.send(site.world.core, at, Draft(payload="reset"))
    await site.world.settle()
    assert [each.payload for each in (await technician.thread(site.world.core, at)).messages] == ["reset", "before"]
    who = f"technician link {link['id']} (Anna, pump 3)"
    entries = (await site.get("/api/v1/audit?door=technician")).json
    assert [(each["action"], each["who"], each["address"]) for each in entries] == [
        ("sms.sent", who, WHERE),
        ("technician_link.opened", who, WHERE),
    ]
    uses = (await site.get(f"{PATH}/{link['id']}/use")).json
    assert [(each["action"], each["sms"], each["address"]) for each in uses] == [
        ("sms.sent", {"id": sent}, WHERE),
        ("technician_link.opened", None, WHERE),
    ]
    assert (await site.get(f"{PATH}/{link['id']}")).json["uses"] == 2
    steps = (await site.get(f"/api/v1/sms/{sent}/timeline")).json
    assert f"Accepted over the portal by {who}" in str(steps)


async def test_what_the_policy_refuses_is_kept_with_the_link_it_came_by(site: Site) -> None:
    _, token = await made(site)
    await site.world.database.write(lambda tx: tx.run(statement("UPDATE service_profile SET mt = 0")))
    with pytest.raises(Problem) as refused:
        await technician.send(site.world.core, await visit(site, token), Draft(payload="reset"))
    assert refused.value.code is Code.MT_OFF
    (message,) = site.world.rows("SELECT id, state, door FROM message")
    (sent,) = site.world.rows("SELECT message_id FROM technician_sent")
    assert (message.state, message.door, sent.message_id) == (5, "technician", message.id)


async def test_a_revoked_link_is_refused_at_once_even_where_it_is_open(site: Site) -> None:
    link, token = await made(site)
    at = await visit(site, token)
    assert (await site.delete(f"{PATH}/{link['id']}")).status == 204
    assert (await site.delete(f"{PATH}/{link['id']}")).json["error_code"] == 1406
    assert (await site.get(f"{PATH}/{link['id']}")).json["status"] == "revoked"
    assert await technician.visit(site.world.core, token, WHERE) is None
    for attempt in (technician.opened(site.world.core, at), technician.send(site.world.core, at, Draft(payload="reset"))):
        with pytest.raises(Problem) as refused:
            await attempt
        assert refused.value.code is Code.FORBIDDEN
    assert site.world.rows("SELECT id FROM message") == []


async def test_a_link_ends_by_itself_and_with_its_device(site: Site) -> None:
    _, token = await made(site)
    await site.world.jump(8 * 3600 - 1)
    await visit(site, token)
    await site.world.jump(2)
    assert await technician.visit(site.world.core, token, WHERE) is None
    site.a_auth = await site.auth_token(site.a.application_token)
    _, token = await made(site)
    await site.world.database.write(lambda tx: tx.run(statement("UPDATE device SET deleted_at_ms = 1 WHERE id = :id"), id=site.a.device_id))
    assert await technician.visit(site.world.core, token, WHERE) is None
    assert await technician.visit(site.world.core, "hgl_guessed", WHERE) is None


async def test_a_technician_takes_back_what_came_by_their_link_and_nothing_else(site: Site) -> None:
    others = await site.send_one_that_waits()
    _, token = await made(site)
    at = await visit(site, token)
    with pytest.raises(Problem) as refused:
        await technician.take_back(site.world.core, at, MessageId(others))
    assert refused.value.code is Code.INVALID_REFERENCE
    own = await technician.send(site.world.core, at, Draft(payload="wrong"))
    await technician.take_back(site.world.core, at, own)
    (found,) = [each for each in (await technician.thread(site.world.core, at)).messages if each.id == own]
    assert found.reason_code == "canceled"


async def test_a_link_for_chosen_commands_sends_nothing_else_and_shows_what_came_since(site: Site) -> None:
    await site.send(payload="a secret of last year")
    now_ms = site.world.now_ms + 1
    await site.world.database.write(
        store.insert, site.a.organisation_id, site.a.device_id, hash_of("hgl_x"), "Anna", "[1,2]", None, now_ms, now_ms + 1000
    )
    at = await visit(site, "hgl_x")
    assert at.link.command_ids == (1, 2)
    with pytest.raises(Problem) as refused:
        await technician.send(site.world.core, at, Draft(payload="anything"))
    assert refused.value.code is Code.FORBIDDEN
    assert (await technician.thread(site.world.core, at)).messages == []


async def test_an_observer_sees_links_but_not_who_used_them(site: Site) -> None:
    link, _ = await made(site)
    await site.world.database.write(lambda tx: tx.run(statement("UPDATE app_user SET role = 'Observer'")))
    await site.world.database.write(lambda tx: tx.run(statement("UPDATE application_token SET role = 'Observer'")))
    observer = await site.auth_token(site.a.application_token)
    assert (await site.get(f"{PATH}/{link['id']}", token=observer)).status == 200
    assert (await site.get(f"{PATH}/{link['id']}/use", token=observer)).status == 403


async def test_commands_are_chosen_by_name_or_id_and_one_that_is_not_there_is_named(site: Site) -> None:
    actor = Actor(OrganisationId(site.a.organisation_id), "Alpha", Role.USER, Door.PORTAL)
    ids = [await command.create(site.world.core, actor, name, "x", None) for name in ("APN", "Status", "Reset")]
    link, _ = await made(site, commands=["Status", ids[0]])
    assert link["commands"] == [ids[0], ids[1]]
    assert (await made(site))[0]["commands"] is None
    for wrong, said in (([], "commands is empty"), (["Reboot"], "'Reboot' not found")):
        reply = await site.post(PATH, {"endpoint": {"id": site.a.device_id}, "description": "Anna", "commands": wrong})
        assert (reply.status // 100, said in reply.text) == (4, True), reply.text
