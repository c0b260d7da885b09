"""Devices without a browser: found, entered, changed, given SIMs; brought in and taken out as CSV; many at once."""

import re
from datetime import datetime
from typing import Any

import pytest

from heliograph.model.link import ErrorClass, Refused
from heliograph.store import link as link_store
from tests.web.portal.visitor import Visitor, words
from tests.web.site import Site


async def add(site: Site, count: int, **fields: Any) -> list[int]:
    """Devices of organisation A, without SIMs."""
    made = []
    for number in range(count):
        wanted = {
            "name": f"Pump {number:03}",
            "status": {"id": 0},
            "service_profile": {"id": site.a.policy_id},
            "tariff_profile": {"id": site.a.tariff_id},
        }
        reply = await site.post("/api/v1/endpoint", wanted | fields)
        assert reply.status == 201, reply
        made.append(int(reply.json["id"]))
    return made


async def test_the_list_is_found_by_any_word_filtered_by_its_address_and_paged(admin: Visitor, site: Site) -> None:
    await add(site, 60, tags="pump,north")
    page = words(await admin.get("/devices"))
    assert "1–50 of 61 devices" in page
    assert "51–61 of 61 devices" in words(await admin.get("/devices?page=2"))
    assert "Pump 007" in words(await admin.get("/devices?q=pump 007"))
    assert "1–1 of 1" in words(await admin.get(f"/devices?q={site.a.organisation_id:07}")), "by its number"
    assert "1–1 of 1" in words(await admin.get(f"/devices?q=%2B42 366 392-{site.a.organisation_id:07}")), "as people write it"
    assert "1–50 of 60" in words(await admin.get("/devices?tag=north"))
    assert "No device is like that" in words(await admin.get("/devices?tag=nor"))
    assert "1–50 of 61" in words(await admin.get(f"/devices?policy={site.a.policy_id}"))
    assert "No device is like that" in words(await admin.get("/devices?status=disabled"))
    assert (await admin.get("/devices?policy=x")).status == 422
    assert "Pump 059" in words(await admin.get("/devices?sort=-name"))


async def test_a_device_is_entered_with_a_new_sim_changed_released_and_deleted(operator: Visitor, site: Site) -> None:
    form = {
        "name": "Pump 1",
        "policy": site.operator.policy_id,
        "enabled": "1",
        "tags": "pump",
    }
    sim = {"iccid": "8988000000000000012", "msisdn": "88239000012"}
    reply = await operator.post("/devices/new", form | sim)
    assert reply.status == 303, words(reply)
    path = reply.headers["location"]
    page = words(await operator.get(f"{path}/settings"))
    assert "Activated" in page
    assert "8988000000000000012" in page or "898800000000000001" in page
    assert (await operator.post(f"{path}/settings", form | {"name": "Pump one", "enabled": ""})).status == 303
    assert "Disabled" in words(await operator.get(path))
    assert "still has a SIM" in words(await operator.post(f"{path}/settings/delete"))
    await operator.post(f"{path}/settings/sim", {"activate": "0"})
    assert "Suspended" in words(await operator.get(f"{path}/settings"))
    await operator.post(f"{path}/settings/release")
    assert "898800000000000001" in words(await operator.get(f"{path}/settings")), "it is offered again"
    reply = await operator.post(f"{path}/settings/delete")
    assert "Pump one is deleted" in words(await operator.follow(reply))


async def test_what_no_device_can_be_is_said_at_its_field(admin: Visitor, site: Site) -> None:
    reply = await admin.post("/devices/new", {"name": "x", "policy": site.a.policy_id, "imei": "12"})
    assert reply.status == 422
    assert 'id="imei-error"' in reply.text
    assert 'value="12"' in reply.text


async def test_who_may_enter_no_sims_is_not_asked_for_one(admin: Visitor, site: Site) -> None:
    assert "new SIM" not in words(await admin.get("/devices/new"))
    assert "/devices/import" not in (await admin.get("/devices")).text
    page = await admin.get("/devices/import")
    assert "only its operator brings in new SIMs" in words(page)
    assert "<textarea" not in page.text
    reply = await admin.post("/devices/new", {"name": "x", "policy": site.a.policy_id, "iccid": "8988000000000000012"})
    assert "Only the operator enters SIMs" in words(reply)


async def test_a_new_sim_and_its_device_are_entered_together_or_not_at_all(operator: Visitor, site: Site) -> None:
    form = {"name": "Pump 1", "policy": site.operator.policy_id, "iccid": "8988000000000000012", "imei": "twelve"}
    assert 'id="imei-error"' in (await operator.post("/devices/new", form)).text
    reply = await operator.post("/devices/new", form | {"imei": ""})
    assert reply.status == 303, "the SIM of the first try was not kept"
    settings = f"{reply.headers['location']}/settings"
    assert "898800000000000001" in words(await operator.get(settings))
    await operator.post(f"{settings}/release")
    page = await operator.get(settings)
    (free,) = re.findall(r'<option value="(\d+)">898800000000000001', page.text)
    new = {"name": "Pump 1", "policy": site.operator.policy_id, "iccid": "8988000000000000103"}
    assert "not both" in words(await operator.post(settings, new | {"sim": free}))
    assert "needs its ICCID" in words(await operator.post(settings, new | {"iccid": "", "msisdn": "882390000"}))
    assert (await operator.post(settings, new | {"imei": "x"})).status == 422
    assert (await operator.post(settings, new)).status == 303
    assert "898800000000000010" in words(await operator.get(settings))


CSV = """name;iccid;msisdn;status
One;8988000000000000101;882390101;enabled
Two;;882390102;
Three;8988000000000000103;882390103;asleep
Four;8988000000000000104;882390101;
"""


async def test_a_file_is_looked_at_first_and_every_bad_row_is_shown(operator: Visitor, site: Site) -> None:
    page = words(await operator.post("/devices/import", {"text": CSV}))
    assert "1 would be made" in page
    assert "3 bad rows" in page
    for said in ("3 ICCID is missing", "4 Status 'asleep'", "5 '882390101' is in use"):
        assert said in page
    assert "Pump" not in words(await operator.get("/devices")), "nothing is made"
    assert (await operator.post("/devices/import", {"text": CSV, "make": "1"})).status == 200, "not while a row is bad"
    reply = await operator.post("/devices/import", {"text": CSV, "make": "1", "skip_bad": "1"})
    assert "1 device made, 3 bad rows left out" in words(await operator.follow(reply))


async def test_a_number_space_is_offered_where_a_link_has_one(operator: Visitor, site: Site) -> None:
    assert "Number space" not in words(await operator.get("/devices/new"))
    await site.world.database.write(link_store.insert, "Lab", "simulator", '{"number_space": "lab"}', site.world.now_ms)
    assert "Number space" in words(await operator.get("/devices/new"))
    form = {"name": "Twin", "policy": site.operator.policy_id, "enabled": "1", "iccid": "8988000000000000012"}
    path = (await operator.post("/devices/new", form | {"msisdn": "1001"})).headers["location"]
    assert "is in use" in words(await operator.post("/devices/new", form | {"msisdn": "1001"}))
    reply = await operator.post("/devices/new", form | {"msisdn": "1001", "number_space": "lab"})
    assert reply.status == 303, words(reply)
    assert "Number space" in words(await operator.get(f"{reply.headers['location']}/settings"))
    assert "Number space" not in words(await operator.get(f"{path}/settings")), "it is the installation's"


async def test_a_file_comes_as_a_file_too(operator: Visitor) -> None:
    body = (
        '--x\r\nContent-Disposition: form-data; name="policy"\r\n\r\n\r\n'
        '--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\nContent-Type: text/csv\r\n\r\n\ufeff'
        + CSV
        + "\r\n--x--\r\n"
    )
    page = words(await operator.post("/devices/import", body.encode(), content_type="multipart/form-data; boundary=x"))
    assert "1 would be made" in page


@pytest.mark.parametrize(("text", "said"), [("", "Choose a file"), ("a,b\n1,2\n", "There is no column 'a'"), ('iccid\n"1', "Line 2")])
async def test_what_is_no_such_file_is_said(operator: Visitor, text: str, said: str) -> None:
    reply = await operator.post("/devices/import", {"text": text})
    assert (reply.status, said in words(reply)) == (422, True)


async def test_the_list_as_csv_is_what_the_import_takes(admin: Visitor, site: Site) -> None:
    await add(site, 3, tags="=1+1")
    reply = await admin.get("/devices.csv?q=pump")
    assert reply.headers["content-disposition"] == 'attachment; filename="devices.csv"'
    lines = reply.text.splitlines()
    assert lines[0] == "name,iccid,msisdn,imsi,aliases,imei,tags,policy,status,number_space"
    assert lines[1].startswith("Pump 000,,,,,")
    assert "'=1+1" in lines[1], "no spreadsheet takes it for a formula"
    assert len(lines) == 4


async def test_many_are_texted_with_a_result_for_each_and_again_where_it_failed(admin: Visitor, site: Site) -> None:
    without_sim = await add(site, 2)
    chosen = [site.a.device_id, *without_sim]
    page = await admin.post("/devices/many", [("id", each) for each in chosen])
    assert "3 devices" in words(page)
    site.world.link.says(Refused(ErrorClass.PERMANENT, "no such number"))
    form = {"ids": ",".join(map(str, chosen)), "text": "to all", "key": "k"}
    reply = await admin.post("/devices/many/send", form)
    again = await admin.post("/devices/many/send", form)
    assert reply.headers["location"] == again.headers["location"], "a form that comes twice sends once"
    await site.world.settle()
    page_text = words(await admin.follow(reply))
    for said in ("0 Delivered", "3 Not reached", "No such number", "The device has no SIM", "Send again to 3 not reached"):
        assert said in page_text
    site.world.link.says()
    retried = await admin.post(f"{reply.headers['location']}/again", {"key": "k2"})
    await site.world.settle()
    assert "1 Delivered" in words(await admin.follow(retried))
    assert "2 Not reached" in words(await admin.get(retried.headers["location"]))
    assert "3 Not reached" in words(await admin.get(reply.headers["location"])), "what was, stays readable"
    history = words(await admin.get("/mailings"))
    assert history.count("to all") == 2


async def test_what_was_binary_and_given_up_early_is_sent_again_like_that_while_others_are_under_way(admin: Visitor, site: Site) -> None:
    chosen = [site.a.device_id, *(await add(site, 1))]
    site.world.link.otherwise = Refused(ErrorClass.DEVICE_ABSENT, "absent")
    form = {"ids": ",".join(map(str, chosen)), "text": "0A 0B", "kind": "binary", "expiry": "10", "key": "k"}
    reply = await admin.post("/devices/many/send", form)
    page = words(await admin.follow(reply))
    for said in ("0a0b Binary", "1 Under way", "1 Not reached", "Send again to 1 not reached"):
        assert said.lower() in page.lower(), page
    await site.world.jump(11 * 60)
    await site.world.settle()
    assert "Send again to 2 not reached" in words(await admin.get(reply.headers["location"]))
    retried = await admin.post(f"{reply.headers['location']}/again", {"key": "k2"})
    assert "Binary" in words(await admin.get(retried.headers["location"]))
    (again, first) = (await site.get(f"/api/v1/endpoint/{site.a.device_id}/sms")).json
    for name in ("payload", "dcs"):
        assert again[name] == first[name]
    assert [lasts_s(each) for each in (again, first)] == [600, 600]


def lasts_s(sms: dict[str, Any]) -> float:
    """How long an SMS is tried."""
    return (datetime.fromisoformat(sms["expiry_date"]) - datetime.fromisoformat(sms["submit_date"])).total_seconds()


async def test_all_that_a_list_finds_can_be_chosen(admin: Visitor, site: Site) -> None:
    await add(site, 60)
    assert "60 devices" in words(await admin.post("/devices/many", {"all": "1", "q": "pump"}))
    assert (await admin.post("/devices/many", {})).status == 422
    assert (await admin.post("/devices/many", {"id": "9" * 5000, "ids": "9" * 5000})).status == 422


async def test_many_get_another_policy(admin: Visitor, site: Site) -> None:
    made = await add(site, 3)
    other = (await site.post("/api/v1/service_profile", {"name": "Other"})).json["id"]
    reply = await admin.post("/devices/many/policy", {"ids": ",".join(map(str, made)), "policy": other})
    assert "The policy of 3 devices is changed" in words(await admin.follow(reply))
    refused = await admin.post("/devices/many/policy", {"ids": str(made[0]), "policy": site.b.policy_id})
    assert (refused.status, "There is no" in words(refused)) == (422, True)


async def test_what_is_of_others_is_not_touched(admin: Visitor, site: Site) -> None:
    theirs = site.b.device_id
    assert (await admin.get(f"/devices/{theirs}/settings")).status == 404
    reply = await admin.post("/devices/many/send", {"ids": str(theirs), "text": "x"})
    await site.world.settle()
    assert "There is no" in words(await admin.follow(reply))
    assert (await site.get(f"/api/v1/endpoint/{theirs}/sms", token=site.b_auth)).json == []


async def test_a_mailing_is_told_as_it_goes_on(admin: Visitor, site: Site) -> None:
    site.world.link.says(None)
    reply = await admin.post("/devices/many/send", {"ids": str(site.a.device_id), "text": "slow"})
    path = reply.headers["location"]
    assert "1 Under way" in words(await admin.get(path))
    stream = await admin.follow_stream(f"{path}/stream?after=0")
    await site.world.advance(1)
    assert "event: swap" in stream.said
    assert 'id="progress"' in stream.said
    await stream.leave()
