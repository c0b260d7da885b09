"""Saved commands without a browser: kept, taken over, filled in and sent; their secrets hidden in the thread."""

import re

from heliograph.model.link import ErrorClass, Refused
from tests.core_world import statement
from tests.web.portal.visitor import Visitor, words
from tests.web.site import Site


async def test_a_command_is_saved_changed_sent_with_its_places_filled_and_its_secret_is_hidden(admin: Visitor, site: Site) -> None:
    assert "No saved commands yet" in words(await admin.get("/commands"))
    await admin.post("/commands/new", {"name": "APN", "text": "apn{password:secret} {apn}", "description": "sets it"})
    page = await admin.get("/commands")
    (command_id,) = set(re.findall(r"/commands/(\d+)", page.text))
    assert "there is a command" in words(await admin.post("/commands/new", {"name": "APN", "text": "x"})).lower()
    path = f"/devices/{site.a.device_id}/commands/{command_id}"
    form = await admin.get(path)
    assert 'type="password"' in form.text
    refused = await admin.post(path, {"at_apn": "iot.example"})
    assert (refused.status, "Password is missing" in words(refused)) == (422, True)
    assert (await admin.post(path, {"at_apn": "iot.example", "at_password": "hunter2"})).status == 303
    (sent,) = (await site.get(f"/api/v1/endpoint/{site.a.device_id}/sms")).json
    assert sent["payload"] == "apnhunter2 iot.example"
    thread = await admin.get(f"/devices/{site.a.device_id}")
    assert "apn•••• iot.example" in words(thread)
    assert await shows(admin, site, sent["id"], "hunter2") == []
    await admin.post(f"/commands/{command_id}", {"name": "APN", "text": "other {x}"})
    assert "other {x}" in words(await admin.get("/commands"))
    await admin.post(f"/commands/{command_id}/delete")
    assert "No saved commands yet" in words(await admin.get("/commands"))
    assert await shows(admin, site, sent["id"], "hunter2") == [], "what is hidden stays hidden without its command"


async def test_a_secret_stays_hidden_where_it_is_refused_and_where_it_is_sent_again(admin: Visitor, site: Site) -> None:
    await admin.post("/commands/new", {"name": "PW", "text": "pw{password:secret}"})
    site.world.link.says(Refused(ErrorClass.PERMANENT, "no such number"))
    await admin.post(f"/devices/{site.a.device_id}/commands/1", {"at_password": "hunter2"})
    await site.world.settle()
    (failed,) = (await site.get(f"/api/v1/endpoint/{site.a.device_id}/sms")).json
    await admin.post(f"/devices/{site.a.device_id}/sms/{failed['id']}/retry")
    await site.world.database.write(lambda tx: tx.run(statement("UPDATE service_profile SET mt = 0")))
    await admin.post(f"/devices/{site.a.device_id}/commands/1", {"at_password": "hunter2"})
    found = (await site.get(f"/api/v1/endpoint/{site.a.device_id}/sms")).json
    assert [each["payload"] for each in found] == ["pwhunter2"] * 3
    for each in found:
        assert await shows(admin, site, each["id"], "hunter2") == []


async def test_a_search_does_not_find_what_is_hidden(admin: Visitor, site: Site) -> None:
    """Who may not see a secret could read it by searching for it letter by letter."""
    await admin.post("/commands/new", {"name": "PW", "text": "login {password:secret} ok"})
    await admin.post(f"/devices/{site.a.device_id}/commands/1", {"at_password": "hunter2"})
    await site.send(payload="the word hunter2 in the open")
    api = f"/api/v1/sms?device={site.a.device_id}&text="
    for text, found in {"hunter2": 1, "HUNTER": 1, "login": 1, " ok": 1, "login hunter2": 0, "login h": 0, "2 ok": 0}.items():
        address = f"q={text.replace(' ', '+')}"
        assert (await admin.get(f"/messages?{address}")).text.count('<tr id="r') == found, text
        assert len((await admin.get(f"/messages.csv?{address}")).text.splitlines()) == found + 1, text
        assert len((await site.get(f"{api}{text.replace(' ', '%20')}")).json) == found, text


async def shows(admin: Visitor, site: Site, message_id: int, text: str) -> list[str]:
    """Pages that show a text."""
    paths = (f"/devices/{site.a.device_id}", f"/devices/{site.a.device_id}/sms/{message_id}", "/messages", "/messages.csv")
    return [path for path in paths if text in (await admin.get(path)).text]


async def test_a_family_of_the_starter_set_is_taken_over_once(admin: Visitor, site: Site) -> None:
    assert "6 commands saved" in words(await admin.follow(await admin.post("/commands", {"family": "teltonika"})))
    assert "saved already" in words(await admin.follow(await admin.post("/commands", {"family": "teltonika"})))
    page = words(await admin.get("/commands"))
    assert "wiki.teltonika-gps.com" in page
    assert "Teltonika: status" in words(await admin.get(f"/devices/{site.a.device_id}"))


async def test_commands_of_others_are_not_there(admin: Visitor, operator: Visitor, site: Site) -> None:
    await operator.post("/commands/new", {"name": "Theirs", "text": "x"})
    assert "Theirs" not in words(await admin.get("/commands"))
    assert (await admin.get("/commands/1")).status == 404
    assert (await admin.post("/commands/1/delete")).status == 404
