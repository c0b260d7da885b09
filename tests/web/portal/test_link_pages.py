"""Links as the operator makes them: by a form of their kind that a preset fills in, with every error at its field, or as JSON."""

import re
from typing import Any

import msgspec

from heliograph.service import link_event
from heliograph.store import link as link_store
from tests.core_world import statement
from tests.web.portal.form import form_at
from tests.web.portal.visitor import Visitor, words
from tests.web.site import Reply, Site

SMSC = {"name": "SMSC", "host": "smsc.example", "system_id": "meters", "password": "s3cret"}
SMSC_SET = {name: value for name, value in SMSC.items() if name != "name"}


async def add(operator: Visitor, **changes: str) -> Reply:
    page = await operator.get("/links/new")
    return await operator.post("/links", form_at(page.text, "/links", changes=SMSC | changes))


async def added(operator: Visitor, site: Site, **changes: str) -> int:
    """A link made by the form; its id."""
    made = await add(operator, **changes)
    assert made.status == 303, words(made)
    return int(made.headers["location"].rsplit("/", 1)[1])


async def settings_of(site: Site, link_id: int) -> dict[str, Any]:
    view = await site.world.database.read(link_store.view, link_id)
    assert view is not None
    found: dict[str, Any] = msgspec.json.decode(view.settings)
    return found


async def test_a_link_is_added_by_its_form_and_only_what_was_filled_in_is_set(operator: Visitor, site: Site) -> None:
    link_id = await added(operator, site)
    assert await settings_of(site, link_id) == {"host": "smsc.example", "system_id": "meters", "password": "s3cret"}
    assert "Added the link SMSC" in words(await operator.get(f"/links/{link_id}"))


async def test_the_form_unchanged_changes_nothing_and_keeps_the_password(operator: Visitor, site: Site) -> None:
    link_id = await added(operator, site, rate="123456.75", numbers="4915900\n88*", preset="generic-3.4")
    before = await settings_of(site, link_id)
    assert before == SMSC_SET | {"rate": 123456.75, "numbers": ["4915900", "88*"]}
    page = await operator.get(f"/links/{link_id}/settings")
    assert "s3cret" not in page.text
    where = f"/links/{link_id}/settings"
    assert (await operator.post(where, form_at(page.text, where))).status == 303
    assert await settings_of(site, link_id) == before
    assert (await operator.post(where, form_at(page.text, where, changes={"rate": "", "gone": "password"}))).status == 303
    assert await settings_of(site, link_id) == {"host": "smsc.example", "system_id": "meters", "numbers": ["4915900", "88*"]}


async def test_a_preset_fills_in_what_was_not_changed_with_or_without_its_button(operator: Visitor, site: Site) -> None:
    page = await operator.get("/links/new")
    form = form_at(page.text, "/links", changes=SMSC | {"preset": "osmomsc", "window": "77"})
    filled = await operator.post("/links", [*form, ("fill", "1")])
    assert filled.status == 200
    typed = dict(form_at(filled.text, "/links"))
    assert (typed["delivery"], typed["mode"], typed["window"], typed["response_s"], typed["host"]) == (
        "live", "transaction", "77", "60", "smsc.example",
    )  # fmt: skip
    assert "OsmoMSC 1.x" in words(filled)
    made = await operator.post("/links", form)
    link_id = int(made.headers["location"].rsplit("/", 1)[1])
    assert await settings_of(site, link_id) == SMSC_SET | {"preset": "osmomsc", "window": 77}
    where = f"/links/{link_id}/settings"
    page = await operator.get(where)
    await operator.post(where, form_at(page.text, where, changes={"preset": "generic-3.4"}))
    assert (await settings_of(site, link_id)).get("preset", "generic-3.4") == "generic-3.4"
    assert "mode" not in await settings_of(site, link_id)


async def test_all_that_is_wrong_stands_beside_its_field_and_what_was_typed_stays(operator: Visitor) -> None:
    wrong = {
        "name": " ",
        "host": "",
        "port": "many",
        "window": "0",
        "system_id": "longer than fifteen",
        "version": "3.3",
        "errors.key": "x",
    }
    page = await add(operator, **wrong)
    assert page.status == 422
    for field in ("name", "host", "port", "window", "system_id", "bind_type", "errors"):
        assert f'id="{field}-error"' in page.text, field
    assert 'value="many"' in page.text
    assert "Something is not taken yet: see below." in words(page)


async def test_tables_are_rows_and_those_of_a_preset_stay(operator: Visitor, site: Site) -> None:
    changes = {
        "preset": "osmomsc",
        "errors.key": "0x14",
        "errors.value": "device_busy",
        "rewrite_source.match": "49",
        "rewrite_source.strip": "2",
    }
    link_id = await added(operator, site, **changes)
    found = await settings_of(site, link_id)
    assert found["errors"] == {"0x14": "device_busy"}
    assert found["rewrite_source"] == [{"match": "49", "strip": 2}]
    where = f"/links/{link_id}/settings"
    page = await operator.get(where)
    form = form_at(page.text, where)
    assert [value for name, value in form if name == "errors.key"] == ["0x0B", "0xFE", "0x14", ""]
    form.remove(("errors.key", "0x0B"))
    form.remove(("errors.value", "device_absent"))
    refused = await operator.post(where, form)
    assert refused.status == 422
    assert "The preset has a row for 0x0B" in words(refused)
    half = await operator.post(where, form_at(page.text, where, changes={"addresses.value2": ""}))
    assert "is not whole: fill it in" in words(half)
    assert (await operator.post(where, form_at(page.text, where, changes={"addresses.value2": "1"}))).status == 303
    assert (await settings_of(site, link_id))["addresses"] == {"imsi": [0, 1]}


async def test_json_stays_for_who_wants_it(operator: Visitor, site: Site) -> None:
    link_id = await added(operator, site)
    where = f"/links/{link_id}/settings"
    page = await operator.get(where)
    form = dict(form_at(page.text, where, 1))
    assert msgspec.json.decode(form["settings"]) == SMSC_SET | {"password": "***"}
    wanted = {"host": "other.example", "system_id": "m", "password": "***"}
    assert (await operator.post(where, form | {"settings": msgspec.json.encode(wanted).decode()})).status == 303
    assert await settings_of(site, link_id) == {"host": "other.example", "system_id": "m", "password": "s3cret"}
    refused = await operator.post(where, form | {"settings": '{"host": "", "port": 0}'})
    assert refused.status == 422
    assert 'id="settings-error"' in refused.text
    assert "Host is missing" in words(refused)
    fields = dict(form_at(refused.text, where))
    assert (fields["host"], fields["system_id"]) == ("other.example", "m"), "the form beside it still says what is set"
    assert '<details class="panel fold" open><summary><h2>Advanced' in refused.text


async def test_a_simulator_has_a_form_of_its_own(operator: Visitor, site: Site) -> None:
    page = await operator.get("/links/new?kind=simulator")
    changes = {"name": "Lab", "delivery": "stored", "error_rates.value": "", "behaviours.key": "88201", "behaviours.value": "absent"}
    made = await operator.post("/links", form_at(page.text, "/links", changes=changes))
    link_id = int(made.headers["location"].rsplit("/", 1)[1])
    assert await settings_of(site, link_id) == {"delivery": "stored", "behaviours": {"88201": "absent"}}
    assert "has nobody at its other end" in words(await operator.post(f"/links/{link_id}/check", {}))
    assert "Nothing to watch" in words(await operator.get(f"/links/{link_id}/trace"))


async def test_a_link_is_stopped_started_and_deleted(operator: Visitor, site: Site) -> None:
    link_id = await added(operator, site)
    where = f"/links/{link_id}"
    assert (await operator.post(f"{where}/delete", {})).status == 409
    assert "Stopped" in words(await operator.follow(await operator.post(f"{where}/switch", {"to": "stop"})))
    assert "Started" in words(await operator.follow(await operator.post(f"{where}/switch", {"to": "start"})))
    await operator.post(f"{where}/switch", {"to": "stop"})
    assert "Deleted the link." in words(await operator.follow(await operator.post(f"{where}/delete", {})))


async def test_a_check_says_in_words_what_is_wrong(operator: Visitor, site: Site) -> None:
    link_id = await added(operator, site, host="127.0.0.1", port="1")
    page = await operator.post(f"/links/{link_id}/check", {"send_to": ""})
    assert page.status == 200
    assert "127.0.0.1:1" in words(page)
    assert (await operator.post(f"/links/{link_id}/set", {"settings": '{"version": "5.0"}'})).status == 303
    assert (await settings_of(site, link_id))["version"] == "5.0"


async def test_a_link_says_by_name_for_whom_it_is_kept(operator: Visitor, site: Site) -> None:
    link_id = await added(operator, site)
    assert "Kept for everybody" in words(await operator.get(f"/links/{link_id}"))
    await site.call("PUT", f"/api/v1/link/{link_id}/organisation/{site.b.organisation_id}", token=site.operator_auth)
    name = (await site.get(f"/api/v1/organisation/{site.b.organisation_id}", token=site.operator_auth)).json["name"]
    assert f"Kept for {name}" in words(await operator.get(f"/links/{link_id}"))


async def test_what_a_link_brought_for_nobody_stands_on_its_page(operator: Visitor, site: Site) -> None:
    link_id = await added(operator, site)
    receipts = "INSERT INTO receipt (id, link_id, received_at_ms, keys, source, dest, state, word, disposition) VALUES "
    rows = f"(1, {link_id}, 1, '[\"id:4711\"]', '49170', '1000', 'delivered', 'DELIVRD', 'early')"
    await site.world.database.write(lambda tx: tx.run(statement(receipts + rows)))
    sms = "INSERT INTO unmatched_inbound (message_id, link_id, source, dest, udh, user_data, dcs, received_at_ms, reason) VALUES "
    await site.world.database.write(lambda tx: tx.run(statement(sms + f"(1, {link_id}, '49170', '1000', '', 'lost', 0, 1, 'unmatched')")))
    page = words(await operator.get(f"/links/{link_id}"))
    assert "DELIVRD id:4711 no SMS has this id" in page
    assert "lost no device has the sender's number" in page
    assert "lost" not in words(await operator.get("/links/1"))


async def test_all_that_links_brought_for_nobody_is_found_by_link_and_number_page_by_page(operator: Visitor, site: Site) -> None:
    link_id = await added(operator, site)
    sms = "INSERT INTO unmatched_inbound (message_id, link_id, source, dest, udh, user_data, dcs, received_at_ms, reason) VALUES "
    rows = [f"({number}, {link_id}, '4917{number % 2}', '1000', '', 'text {number}', 0, 1, 'unmatched')" for number in range(1, 121)]
    await site.world.database.write(lambda tx: tx.run(statement(sms + ", ".join(rows))))
    assert "All of them" in words(await operator.get(f"/links/{link_id}"))
    where: str | None = f"/links/unmatched?link={link_id}"
    seen: list[str] = []
    while where:
        page = (await operator.get(where)).text
        seen += re.findall(r">(text \d+)<", page)
        found = re.search(r'rel="next" href="([^"]+)"', page)
        where = found[1].replace("&amp;", "&") if found else None
    assert seen == [f"text {number}" for number in range(120, 0, -1)]
    odd = words(await operator.get("/links/unmatched?number=%2B49171"))
    assert ("text 119" in odd, "text 118" in odd) == (True, False)
    assert "text 119" not in words(await operator.get("/links/unmatched?link=1"))
    assert (await operator.get("/links/unmatched?number=letters")).status == 422
    assert "None Every receipt that came" in words(await operator.get("/links/unmatched_receipts"))


async def test_the_pages_of_links_are_drawn_anew_as_they_change_and_only_then(operator: Visitor, site: Site) -> None:
    link_id = await added(operator, site)
    paths = {f"/links/{link_id}/stream": "now", "/links/stream": "links", f"/links/{link_id}/trace/stream": "trace"}
    streams = {path: await operator.follow_stream(f"{path}?after=0") for path in paths}
    await site.world.advance(3)
    drawn = {path: stream.said for path, stream in streams.items()}
    for path, part in paths.items():
        assert f' id="{part}"' in drawn[path], path
    await site.world.advance(3)
    assert [path for path, stream in streams.items() if "event: swap" in stream.said.removeprefix(drawn[path])] == []
    await operator.post(f"/links/{link_id}/switch", {"to": "stop"})
    await site.world.advance(3)
    for path, part in ((f"/links/{link_id}/stream", "now"), ("/links/stream", "links")):
        fresh = streams[path].said.removeprefix(drawn[path])
        assert f' id="{part}"' in fresh
        assert "Stopped" in fresh
    for stream in streams.values():
        await stream.leave()


async def test_nobody_else_sees_what_belongs_to_nobody(admin: Visitor) -> None:
    for path in ("/links/unmatched", "/links/unmatched_receipts", "/links/stream", "/links/1/stream", "/links/1/trace/stream"):
        assert (await admin.get(path)).status == 403


async def test_the_ups_and_downs_of_a_link_are_told_and_not_those_of_another(operator: Visitor, site: Site) -> None:
    link_id, other = await added(operator, site), await added(operator, site, name="Other")
    assert "it was never connected" in words(await operator.get(f"/links/{link_id}"))
    for each, why in ((link_id, "the peer closed the connection"), (other, "refused")):
        await site.world.database.write(link_event.tell, "down", each, "SMSC", why, site.world.now_ms)
    page = words(await operator.get(f"/links/{link_id}"))
    assert "the peer closed the connection" in page
    assert "refused" not in page.partition("Ups and downs")[2]
