"""Devices over the API: made, changed, deleted, listed; their SIM; their events, connectivity and blacklist."""

from typing import Any

import pytest

from heliograph.store.device import LISTING
from tests.web.site import Site
from tests.web.test_sim import enter

PATH = "/api/v1/endpoint"


def wanted(site: Site, **more: Any) -> dict[str, Any]:
    """The body of a device that can be made."""
    return {"status": {"id": 0}, "service_profile": {"id": site.a.policy_id}, "tariff_profile": {"id": site.a.tariff_id}} | more


async def make(site: Site, **more: Any) -> dict[str, Any]:
    reply = await site.post(PATH, wanted(site, **more))
    assert reply.status == 201, reply
    made: dict[str, Any] = reply.json
    return made


async def test_a_device_has_the_fields_and_types_of_the_wire(site: Site) -> None:
    device = (await site.get(f"{PATH}/{site.a.device_id}")).json
    sim = device.pop("sim")
    assert sim["status"] == {"id": 1, "description": "Activated"}
    assert {name: type(sim[name]) for name in ("id", "iccid", "imsi", "msisdn")} == {"id": int, "iccid": str, "imsi": str, "msisdn": str}
    assert len(sim["iccid"]) == 19
    assert sim["iccid_with_luhn"].startswith(sim["iccid"])
    assert device == device | {
        "id": site.a.device_id,
        "name": "Alpha one",
        "tags": "Alpha,meter",
        "status": {"id": 0, "description": "Enabled"},
        "service_profile": {"id": site.a.policy_id, "name": "Default"},
        "tariff_profile": {"id": site.a.tariff_id, "name": "Default"},
        "imei_lock": False,
        "ip_address": None,
        "tag_assignments": [],
    }


async def test_a_device_without_sim_and_address_space_lacks_these_fields(site: Site) -> None:
    device = await make(site)
    assert device["name"] == "", "emnify's SDK needs a text"
    assert not {"sim", "ip_address_space"} & device.keys()


@pytest.mark.parametrize(
    ("more", "codes"),
    [
        ({"service_profile": None}, [1402]),
        ({"status": {}, "tariff_profile": {"name": "x"}}, [1402, 1402]),
        ({"service_profile": {"id": -1}, "tariff_profile": {"id": 99}}, [1401, 1401]),
        ({"status": {"id": 7}}, [1401]),
        ({"status": {"id": 2}}, [1406]),
        ({"imei": "12"}, [1403]),
        ({"ip_address": "here"}, [1403]),
        ({"sim": {"id": 999}}, [1401]),
        ({"name": "x" * 256}, [1403]),
        ({"status": {"id": "x"}}, [1403]),
    ],
)
async def test_a_device_that_cannot_be_is_422_with_an_error_for_each_thing(site: Site, more: dict[str, Any], codes: list[int]) -> None:
    reply = await site.post(PATH, wanted(site, **more))
    assert (reply.status, reply.json["error_code"]) == (422, 1400)
    assert [error["error_code"] for error in reply.json["errors"]] == codes
    assert (await site.get(PATH)).headers["x-total-count"] == "1", "nothing was made"


async def test_an_unknown_policy_is_said_in_emnifys_words(site: Site) -> None:
    reply = await site.patch(f"{PATH}/{site.a.device_id}", {"service_profile": {"id": -1}})
    assert reply.json["message"] == "Update endpoint validation error"
    assert reply.json["errors"] == [
        {"error_code": 1401, "error_token": "InvalidReference", "message": "Service profile with Id '-1' not found."}
    ]


@pytest.mark.parametrize(
    ("device", "status", "code"), [("-1", 404, 1401), ("None", 400, 1000), ("99999999999999999999", 400, 1000), ("1.5", 400, 1000)]
)
async def test_a_device_that_is_not_there_is_said_in_emnifys_words(site: Site, device: str, status: int, code: int) -> None:
    reply = await site.patch(f"{PATH}/{device}", {})
    assert (reply.status, reply.json["error_code"]) == (status, code)
    words = "Endpoint with Id '-1' not found." if status == 404 else f'Cannot parse parameter id as Long: For input string: "{device}"'
    assert reply.json["message"] == words


async def test_a_change_changes_what_it_names_and_leaves_the_rest(site: Site) -> None:
    path = f"{PATH}/{site.a.device_id}"
    before = (await site.get(path)).json
    await site.world.advance(5)
    change = {
        "name": "renamed",
        "tags": None,
        "imei": 3554631177373901,
        "imei_lock": True,
        "ip_address": "10.0.0.1",
        "ip_address_space": {"id": 5},
    }
    assert (await site.patch(path, change)).status == 204
    after = (await site.get(path)).json
    changed = {
        "name": "renamed",
        "tags": None,
        "imei": "3554631177373901",
        "imei_with_luhn": "355463117737396",
        "imei_lock": True,
        "ip_address": "10.0.0.1",
        "ip_address_space": {"id": 5},
    }
    assert after == before | changed | {"last_updated": after["last_updated"]}
    assert after["last_updated"] > before["last_updated"]


async def test_a_policy_of_another_organisation_is_none(site: Site) -> None:
    reply = await site.patch(f"{PATH}/{site.a.device_id}", {"service_profile": {"id": site.b.policy_id}})
    assert (reply.status, reply.json["errors"][0]["error_code"]) == (422, 1401)


# its SIM


async def test_a_sim_that_is_assigned_is_activated_as_recorded(site: Site) -> None:
    sim_id = await enter(site)
    device = await make(site, sim={"id": sim_id})
    assert device["sim"]["status"]["description"] == "Activated"


@pytest.mark.parametrize(
    ("sim", "status"), [({"activate": False}, "Issued"), ({"status": {"id": 4}}, "Factory Test"), ({"status": {"id": 1}}, "Activated")]
)
async def test_a_client_may_say_what_becomes_of_an_assigned_sim(site: Site, sim: dict[str, Any], status: str) -> None:
    device = await make(site, sim={"id": await enter(site)} | sim)
    assert device["sim"]["status"]["description"] == status


@pytest.mark.parametrize("release", [{"sim": {"id": None}}, {"sim": None}])
async def test_a_sim_is_released_by_null_and_assigned_elsewhere(site: Site, release: dict[str, Any]) -> None:
    path = f"{PATH}/{site.a.device_id}"
    assert (await site.patch(path, release)).status == 204
    assert "sim" not in (await site.get(path)).json
    other = await make(site, sim={"id": site.a.sim_id})
    assert other["sim"]["id"] == site.a.sim_id


async def test_an_empty_sim_object_changes_nothing(site: Site) -> None:
    path = f"{PATH}/{site.a.device_id}"
    assert (await site.patch(path, {"sim": {}})).status == 204
    assert (await site.get(path)).json["sim"]["id"] == site.a.sim_id


async def test_another_sim_takes_the_place_of_the_one_before(site: Site) -> None:
    sim_id = await enter(site)
    assert (await site.patch(f"{PATH}/{site.a.device_id}", {"sim": {"id": sim_id}})).status == 204
    assert (await site.get(f"{PATH}/{site.a.device_id}")).json["sim"]["id"] == sim_id
    assert "endpoint" not in (await site.get(f"/api/v1/sim/{site.a.sim_id}")).json


async def test_a_sim_in_another_device_is_not_taken_out_of_it(site: Site) -> None:
    reply = await site.post(PATH, wanted(site, sim={"id": site.a.sim_id}))
    assert (reply.status, reply.json["errors"][0]["error_code"]) == (422, 1406)
    assert (await site.get(PATH)).headers["x-total-count"] == "1", "the device was not made either"


async def test_a_device_may_be_enabled_before_it_has_a_sim_and_is_asked_for_it_when_something_is_sent(site: Site) -> None:
    device = await make(site)
    assert (await site.patch(f"{PATH}/{device['id']}", {"status": {"id": 0}})).status == 204
    reply = await site.post(f"{PATH}/{device['id']}/sms", {"payload": "x"})
    assert (reply.status, reply.json["rule"]) == (422, "no_sim")


# deleted


async def test_a_device_is_deleted_once_its_sim_is_released(site: Site) -> None:
    path = f"{PATH}/{site.a.device_id}"
    refused = await site.delete(path)
    assert (refused.status, refused.json["error_code"]) == (409, 1406)
    await site.patch(path, {"sim": {"id": None}})
    assert (await site.delete(path)).status == 204
    assert (await site.get(path)).status == 404
    assert (await site.delete(path)).status == 404
    assert (await site.get(PATH)).json == []
    assert (await site.get(f"{path}/sms")).status == 404


# listed


async def test_a_list_is_cut_into_pages_that_say_where_the_others_are(site: Site) -> None:
    for number in range(4):
        await make(site, name=f"nn{number}")
    reply = await site.get(f"{PATH}?q=name:nn&sort=-name&per_page=2&page=2")
    assert [device["name"] for device in reply.json] == ["nn1", "nn0"]
    page = {name: reply.headers[f"x-{name}"] for name in ("count-per-page", "current-page", "total-count", "total-pages", "sort")}
    assert page == {"count-per-page": "2", "current-page": "2", "total-count": "4", "total-pages": "2", "sort": "-name"}
    link = reply.headers["link"]
    assert '<https://sms.example.com/api/v1/endpoint?q=name%3Ann&sort=-name&per_page=2&page=1>; rel="prev"' in link
    assert 'rel="first"' in link
    assert 'rel="last"' in link
    assert 'rel="next"' not in link


@pytest.mark.parametrize(("page", "shown"), [("-3", "1"), ("0", "1"), ("1", "1"), ("2", "2"), ("99", "2"), ("999999999999999999999", "2")])
async def test_a_page_that_is_not_there_is_the_nearest_that_is(site: Site, page: str, shown: str) -> None:
    await make(site)
    reply = await site.get(f"{PATH}?per_page=1&page={page}")
    assert (reply.headers["x-current-page"], len(reply.json)) == (shown, 1)


@pytest.mark.parametrize(("per_page", "used"), [("-1", "1000"), ("5000", "1000"), ("7", "7")])
async def test_the_length_of_a_page_is_kept_within_its_bounds(site: Site, per_page: str, used: str) -> None:
    assert (await site.get(f"{PATH}?per_page={per_page}")).headers["x-count-per-page"] == used


async def test_a_page_that_is_no_number_is_400(site: Site) -> None:
    assert (await site.get(f"{PATH}?page=x")).status == 400


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("status:0", True), ("status:1", False), ("name:ALPHA", True), ("name:", True), ("name:%25", False), ("name:_", False),
        ("name:!", False), ("tags:meter", True), ("tags:Alpha,meter", True), ("tags:meter,status:0", True),
        ("status:0,name:nothing", False), ("imei:352906", True), ("imei:9999", False), ("ip_address:10", False),
        ("sim_status:1", True), ("sim_status:0", False), ("iccid:894236", True), ("msisdn:4236", True), ("imsi:29509", True),
        ("msisdn:%2B42 366-39", True), ("msisdn:%2B49", False), ("iccid:8942 36", True),
        ("sim:null", False), ("id:1.0", True), ("id:99999999999999999999", False), ("created:2027-01-15", True),
        ("created:2027-01-14", False), ("last_updated:2027-01-15T08:00:00.000%2B0000", True),
        ("last_updated:2027-01-15 07:59:59", False), ("service_profile:999", False), ("tariff_profile:999", False), ("", True),
    ],
)  # fmt: skip
async def test_a_list_is_filtered(site: Site, query: str, found: bool) -> None:
    reply = await site.get(f"{PATH}?q={query}")
    assert reply.status == 200, reply
    assert bool(reply.json) is found
    assert int(reply.headers["x-total-count"]) == len(reply.json)


@pytest.mark.parametrize("query", ["nothing:1", "status", "status:x", "created:yesterday", "name:x,bogus:1", ":", "id:1e999"])
async def test_a_filter_that_is_none_is_422_1301(site: Site, query: str) -> None:
    reply = await site.get(f"{PATH}?q={query}")
    assert (reply.status, reply.json["error_code"]) == (422, 1301)


@pytest.mark.parametrize("sort", ["nothing", "id;DROP TABLE device", "name,status,id,tags"])
async def test_an_order_that_is_none_is_422_1302(site: Site, sort: str) -> None:
    reply = await site.get(f"{PATH}?sort={sort}")
    assert (reply.status, reply.json["error_code"]) == (422, 1302)


@pytest.mark.parametrize("field", LISTING.columns)
async def test_a_list_is_sorted_by_each_field_both_ways_with_nothing_last(site: Site, field: str) -> None:
    first, second = await make(site, name="b", tags="b"), await make(site, name="A", tags="A", status={"id": 1})
    ids = {first["id"], second["id"], site.a.device_id}
    for sort in (field, f"-{field}"):
        assert {device["id"] for device in (await site.get(f"{PATH}?sort={sort}")).json} == ids
    if field in ("name", "tags"):
        assert [device["name"] for device in (await site.get(f"{PATH}?sort={field}&q=name:")).json] == ["A", "Alpha one", "b"]
    if field == "iccid":
        assert (await site.get(f"{PATH}?sort=-iccid")).json[0]["id"] == site.a.device_id


async def test_a_name_may_hold_any_character(site: Site) -> None:
    name = "Zähler № 1 💧 %_!'\";--"
    device = await make(site, name=name)
    assert device["name"] == name
    found = (await site.get(f"{PATH}?q=name:%21%27%22")).json
    assert [each["name"] for each in found] == [name]


async def test_the_statuses_of_devices_and_sims_and_sms_are_listed(site: Site) -> None:
    assert (await site.get(f"{PATH}/status")).json[0] == {"id": 0, "description": "Enabled"}
    assert (await site.get("/api/v1/sim/status")).json[4] == {"id": 4, "description": "Factory Test"}
    assert (await site.get("/api/v1/sms/status")).json[2] == {"id": 3, "description": "BUFFERED"}


# what was done to it


async def test_what_is_done_to_a_device_is_in_its_events(site: Site) -> None:
    device = await make(site, sim={"id": await enter(site)}, name="watched")
    path = f"{PATH}/{device['id']}"
    await site.patch(path, {"status": {"id": 1}})
    await site.patch(path, {"status": {"id": 1}})
    await site.patch(path, {"sim": {"id": None}})
    reply = await site.get(f"{path}/event?sort=-timestamp")
    words = [event["event_type"]["description"] for event in reply.json]
    assert words == ["SIM Released", "Endpoint disabled", "SIM Assigned", "SIM activation"]
    assert [event["event_type"]["id"] for event in reply.json] == [50, 43, 51, 8]
    event = reply.json[-1]
    assert event["description"] == "Status of SIM changed from 'Issued' to 'Activated'"
    assert event["endpoint"]["name"] == "watched"
    assert event["organisation"] == {"id": site.a.organisation_id, "name": "Alpha"}
    assert (event["event_source"]["description"], event["event_severity"]["description"], event["alert"]) == ("API", "Info", False)
    assert (await site.get(f"{path}/event")).json == reply.json[::-1], "oldest first, as recorded"
    assert {event["id"] for event in reply.json} <= {event["id"] for event in (await site.get("/api/v1/event")).json}
    assert reply.headers["x-count-per-page"] == "100"


async def test_sms_have_no_events_there_and_an_unknown_device_has_none_at_all(site: Site) -> None:
    await site.send()
    assert (await site.get(f"{PATH}/{site.a.device_id}/event")).json == []
    reply = await site.get(f"{PATH}/987654/event")
    assert (reply.status, reply.json, reply.headers["x-total-pages"]) == (200, [], "1")


async def test_an_event_says_which_user_did_it(site: Site) -> None:
    from tests.web.test_authenticate import log_in  # noqa: PLC0415 (its tests are not this module's)

    token = (await log_in(site, site.a.email)).json["auth_token"]
    await site.patch(f"{PATH}/{site.a.device_id}", {"status": {"id": 1}}, token=token)
    (event,) = (await site.get(f"{PATH}/{site.a.device_id}/event")).json
    assert event["user"]["username"] == site.a.email


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("type:43", 1),
        ("type:42|43", 2),
        ("type:8", 0),
        ("type:7", 0),
        ("from:2027-01-15T08:00:00Z", 2),
        ("from:2027-01-16", 0),
        ("until:2027-01-15", 2),
        ("from:2027-01-14,until:2027-01-14T23:59:59", 0),
    ],
)
async def test_events_are_filtered(site: Site, query: str, found: int) -> None:
    for status in (1, 0):
        await site.patch(f"{PATH}/{site.a.device_id}", {"status": {"id": status}})
    for path in (f"{PATH}/{site.a.device_id}/event", "/api/v1/event"):
        assert len((await site.get(f"{path}?q={query}")).json) == found


async def test_events_are_paged(site: Site) -> None:
    for status in (1, 0, 1):
        await site.patch(f"{PATH}/{site.a.device_id}", {"status": {"id": status}})
    for path in (f"{PATH}/{site.a.device_id}/event", "/api/v1/event"):
        reply = await site.get(f"{path}?per_page=2&page=2")
        assert (len(reply.json), reply.headers["x-total-pages"]) == (1, "2")
    assert len((await site.get("/api/v1/event/type")).json) >= 10


async def test_a_device_is_attached_after_an_sms_and_offline_without_one(site: Site) -> None:
    path = f"{PATH}/{site.a.device_id}/connectivity"
    assert (await site.get(path)).json == {"status": {"description": "OFFLINE"}, "services": []}
    await site.send()
    assert (await site.get(path)).json["status"]["description"] == "ATTACHED"
    assert (await site.get(f"{PATH}/999/connectivity")).status == 404


@pytest.mark.parametrize("body", [{"location": None}, {"pdp_context": None}])
async def test_a_reset_is_taken_for_a_device_that_there_is(site: Site, body: dict[str, None]) -> None:
    reply = await site.patch(f"{PATH}/{site.a.device_id}/connectivity", body)
    assert (reply.status, reply.body, reply.headers["content-type"]) == (204, b"", "text/html; charset=UTF-8")
    assert (await site.patch(f"{PATH}/999/connectivity", body)).status == 404


async def test_networks_are_put_on_the_blacklist_once_and_taken_off_once(site: Site) -> None:
    operator = (await site.get("/api/v1/operator")).json[0]
    path = f"{PATH}/{site.a.device_id}/operator_blacklist"
    one = f"{path}/{operator['id']}"
    assert (await site.put(one)).status == 204
    again = await site.put(one)
    words = f"Operator with Id '{operator['id']}' is already blacklisted on Endpoint with Id '{site.a.device_id}'."
    assert (again.status, again.json) == (409, {"error_code": 1405, "error_token": "Duplicated", "message": words})
    (listed,) = (await site.get(path)).json
    assert listed == {name: operator[name] for name in ("id", "name", "country", "tapcode", "mnc")}
    assert (await site.delete(one)).status == 204
    assert (await site.delete(one)).status == 404
    assert (await site.put(f"{path}/1")).status == 404
