"""Technician links in the portal: made, opened without an account, restricted to commands, refused after revocation."""

import re

from heliograph.model.account import Actor, Door, Role
from heliograph.model.ids import OrganisationId
from heliograph.model.link import ErrorClass, Refused
from heliograph.service.manage import command
from tests.web.portal.visitor import Visitor, words
from tests.web.site import Site

FORM = {"device": "Alpha one", "description": "Anna, pump 3", "lasts": "8", "what": "all"}


async def made(admin: Visitor, **more: object) -> tuple[str, str]:
    """The page of a new link, and what it opens."""
    page = await admin.post("/technician-links", FORM | more)
    assert page.status == 200, words(page)
    opens = re.search(r'data-copy="https://sms.example.com(/technician/hgl_[^"]+)"', page.text)
    where = re.search(r'action="(/technician-links/\d+)/revoke"', page.text)
    assert opens is not None
    assert where is not None
    return where[1], opens[1]


async def test_a_link_is_shown_once_and_opens_one_device_to_a_stranger(admin: Visitor, stranger: Visitor, site: Site) -> None:
    await site.send(payload="before")
    where, opens = await made(admin)
    assert "hgl_" not in (await admin.get(where)).text
    assert "For Anna, pump 3, from Alpha." in words(await stranger.get(opens))
    assert "Not used yet" in words(await admin.get(where))  # it was looked at, not opened
    page = await stranger.follow(await stranger.post(opens))
    assert "before" in words(page)
    await stranger.post("/technician", {"text": "reset <now>"})
    await site.world.settle()
    seen = await stranger.get("/technician")
    assert "reset &lt;now&gt;" in seen.text
    assert "Delivered" in words(seen)
    used = words(await admin.get(where))
    assert "Sent SMS" in used
    assert "Opened" in used
    assert (await stranger.get("/devices")).headers["location"].startswith("/sign-in")


async def test_a_revoked_link_opens_nothing_where_it_is_open_too(admin: Visitor, stranger: Visitor, site: Site) -> None:
    where, opens = await made(admin)
    await stranger.post(opens)
    assert "Revoked" in words(await admin.follow(await admin.post(f"{where}/revoke")))
    for reply in (await stranger.get("/technician"), await stranger.get(opens), await stranger.post("/technician", {"text": "x"})):
        assert (reply.status, "opens nothing any more" in words(reply)) == (403, True)
    assert site.world.rows("SELECT id FROM message") == []


async def test_a_link_for_chosen_commands_offers_and_sends_those_alone(admin: Visitor, stranger: Visitor, site: Site) -> None:
    actor = Actor(OrganisationId(site.a.organisation_id), "Alpha", Role.USER, Door.PORTAL)
    wanted = (("APN", "apn {apn} {password:secret}"), ("Other", "x"))
    ids = [await command.create(site.world.core, actor, name, text, None) for name, text in wanted]
    _, opens = await made(admin, what="commands", commands=[ids[0]])
    page = await stranger.follow(await stranger.post(opens))
    assert "APN" in words(page)
    assert "Other" not in words(page)
    assert 'name="text"' not in page.text
    await stranger.post("/technician", {"command": ids[0], "at_apn": "iot", "at_password": "hush"})
    await stranger.post("/technician", {"command": ids[1]})
    await stranger.post("/technician", {"text": "anything"})
    assert [row.payload for row in site.world.rows("SELECT payload FROM message")] == ["apn iot hush"]
    assert "hush" not in (await stranger.get("/technician")).text
    missing = await stranger.post("/technician", {"command": ids[0], "at_apn": "", "at_password": ""})
    assert (missing.status, "Apn is missing" in words(missing)) == (422, True)


async def test_what_is_not_taken_is_said_at_its_field(admin: Visitor) -> None:
    for wrong, field in (({"device": "Beta one"}, "device"), ({"description": ""}, "description"), ({"what": "commands"}, "commands")):
        page = await admin.post("/technician-links", FORM | wrong)
        assert (page.status, f'id="{field}-error"' in page.text) == (422, True), wrong


async def test_an_observer_makes_and_revokes_none(admin: Visitor, observer: Visitor) -> None:
    where, _ = await made(admin)
    page = words(await observer.get(where))
    assert "Revoke" not in page
    assert "Who used it when" not in page
    assert "New link" not in words(await observer.get("/technician-links"))


async def test_the_page_is_told_what_comes_until_the_link_is_revoked(admin: Visitor, stranger: Visitor, site: Site) -> None:
    where, opens = await made(admin)
    page = await stranger.follow(await stranger.post(opens))
    (path,) = re.findall(r'data-follow="([^"]+)"', page.text)
    stream = await stranger.follow_stream(path.replace("&amp;", "&"))
    await site.send(payload="come in")
    await site.world.advance(1)
    assert "event: sms" in stream.said
    assert "come in" in stream.said
    assert "/technician/cancel" not in stream.said, "what others sent is not theirs to cancel"
    await stranger.post("/technician", {"text": "own words"})
    await site.world.advance(1)
    assert "own words" in stream.said
    site.world.link.says(Refused(ErrorClass.DEVICE_ABSENT, "absent"))
    await stranger.post("/technician", {"text": "wake up"})
    for _ in range(3):
        await site.world.advance(1)
    assert "Waiting for device" in stream.said, "though that is no event"
    await admin.post(f"{where}/revoke")
    await site.send(payload="not for them")
    await site.world.advance(1)
    await stream.leave()
    assert "not for them" not in stream.said
    assert (await stranger.get(path)).status == 403
