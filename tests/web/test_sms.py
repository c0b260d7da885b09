"""SMS over the API: sent, listed, looked at, cancelled, refused; and simulated devices that speak."""

from typing import Any

import pytest

from heliograph.model.link import ErrorClass, Refused
from tests.web.site import Site

HOUR = 3600


def path(site: Site) -> str:
    return f"/api/v1/endpoint/{site.a.device_id}/sms"


async def test_an_sms_has_the_fields_and_types_of_the_wire(site: Site) -> None:
    message_id = await site.send(payload="qwe", source_address="EMnify", source_address_type={"id": 208})
    (sms,) = (await site.get(path(site))).json
    assert sms == sms | {
        "dlr_status_id": "4",
        "organisation_id": str(site.a.organisation_id),
        "retry_date": None,
        "retry_count": "0",
        "gsm_map_error": None,
        "dcs": "0",
        "pid": "0",
        "source_address": "EMnify",
        "endpoint_id": str(site.a.device_id),
        "endpoint": {"id": site.a.device_id, "name": "Alpha one"},
        "sim_id": str(site.a.sim_id),
        "called_party_prefix": None,
        "msc": None,
        "udh": "",
        "payload": "qwe",
        "registered_delivery": "0",
        "smpp_bind_id": None,
        "p2p_ext": 0,
        "smpp_dlr_bind_id": None,
        "id": message_id,
        "status": {"description": "DELIVERED", "id": 4},
        "sms_type": {"description": "MT", "id": 1},
        "source_address_type": {"description": "Alphanumeric", "id": 208},
        "esme_interface_type": {"description": "RestAPI", "id": 1},
    }
    assert sms["delivery_date"] == sms["submit_date"]
    assert sms["expiry_date"][:19] == "2027-01-16T08:00:00", "24 hours later"
    assert isinstance(sms["iccid"], str)
    assert sms["msisdn"] == sms["dest_address"]
    assert (await site.get(f"{path(site)}/{message_id}")).json == sms


async def test_an_sms_without_a_source_is_stored_without_one_as_national(site: Site) -> None:
    await site.send()
    (sms,) = (await site.get(path(site))).json
    assert (sms["source_address"], sms["source_address_type"]) == ("", {"description": "National", "id": 161})


async def test_a_source_may_be_a_number_in_json(site: Site) -> None:
    await site.send(source_address=12345)
    assert (await site.get(path(site))).json[0]["source_address"] == "12345"


async def test_the_newest_comes_first_and_no_part_of_the_list_is_lost_when_paged(site: Site) -> None:
    ids = [await site.send(payload=str(number)) for number in range(3)]
    assert [sms["id"] for sms in (await site.get(path(site))).json] == ids[::-1]
    reply = await site.get(f"{path(site)}?per_page=2&page=2")
    assert ([sms["id"] for sms in reply.json], reply.headers["x-total-count"]) == ([ids[0]], "3")


async def test_a_list_without_criteria_says_so(site: Site) -> None:
    for query, code in (("q=status:4", 1301), ("sort=status", 1302)):
        reply = await site.get(f"{path(site)}?{query}")
        assert (reply.status, reply.json["error_code"]) == (422, code)
        assert "this list has" in reply.json["message"]


@pytest.mark.parametrize("expiry", ["2027-01-16", "2027-01-15T10:00:00Z", "2027-01-15T11:30:00.500+0130", "2027-01-15 10:00:00"])
async def test_an_expiry_date_is_taken_in_every_form(site: Site, expiry: str) -> None:
    await site.send(expiry_date=expiry)
    (sms,) = (await site.get(path(site))).json
    assert sms["expiry_date"][:16] == ("2027-01-16T00:00" if len(expiry) == 10 else "2027-01-15T10:00")


@pytest.mark.parametrize(
    ("body", "codes"),
    [
        ({}, [1402]),
        ({"payload": None}, [1403]),
        ({"payload": 5}, [1403]),
        ({"payload": "x", "expiry_date": "soon"}, [1403]),
        ({"payload": "x", "dcs": "eight"}, [1403]),
        ({"payload": "x", "udh": 5}, [1403]),
    ],
)
async def test_a_body_that_does_not_fit_names_the_field(site: Site, body: dict[str, Any], codes: list[int]) -> None:
    reply = await site.post(path(site), body)
    assert (reply.status, [error["error_code"] for error in reply.json["errors"]]) == (422, codes)
    assert (await site.get(path(site))).json == []


@pytest.mark.parametrize(
    "body",
    [
        {"expiry_date": "2001-01-01"},
        {"dcs": 0, "payload": "日"},
        {"udh": "zz"},
        {"pid": 256},
        {"dcs": 256},
        {"source_address": "x" * 30},
        {"source_address": "123", "source_address_type": {"id": 7}},
    ],
)
async def test_a_message_that_cannot_be_is_422(site: Site, body: dict[str, Any]) -> None:
    reply = await site.post(path(site), {"payload": "x"} | body)
    assert reply.status == 422, reply
    assert reply.json["error_code"] == 1400


async def test_a_refused_send_names_its_rule(site: Site) -> None:
    await site.patch(f"/api/v1/sim/{site.a.sim_id}", {"status": {"id": 2}})
    reply = await site.post(path(site), {"payload": "x"})
    assert (reply.status, reply.json["error_code"], reply.json["rule"]) == (422, 1406, "sim_not_active")
    await site.patch(f"/api/v1/endpoint/{site.a.device_id}", {"status": {"id": 1}})
    reply = await site.post(path(site), {"payload": "x"})
    assert (reply.status, reply.json["rule"]) == (422, "device_disabled")


@pytest.mark.parametrize("device", [-1, 999_999])
async def test_a_device_that_is_not_there_takes_no_sms(site: Site, device: int) -> None:
    for reply in (await site.post(f"/api/v1/endpoint/{device}/sms", {"payload": "x"}), await site.get(f"/api/v1/endpoint/{device}/sms")):
        assert (reply.status, reply.json["error_code"]) == (404, 1401)
        assert reply.json["message"] == f"Endpoint with Id '{device}' not found."


async def test_a_message_of_another_device_is_not_found(site: Site) -> None:
    message_id = await site.send()
    reply = await site.get(f"/api/v1/endpoint/{site.b.device_id}/sms/{message_id}", token=site.b_auth)
    assert (reply.status, reply.json["error_code"]) == (404, 1401)
    assert (await site.delete(f"/api/v1/endpoint/{site.b.device_id}/sms/{message_id}", token=site.b_auth)).status == 404
    assert (await site.get(f"{path(site)}/999999")).status == 404
    assert (await site.get(f"{path(site)}/None")).status == 400


async def test_a_message_that_waits_is_pending_and_is_cancelled_once(site: Site) -> None:
    message_id = await site.send_one_that_waits()
    one = f"{path(site)}/{message_id}"
    assert (await site.get(one)).json["status"] == {"id": 1, "description": "DELIVERY ATTEMPT PENDING"}
    assert (await site.delete(one)).status == 200
    sms = (await site.get(one)).json
    assert (sms["status"], sms["dlr_status_id"]) == ({"id": 7, "description": "CANCELED"}, "1")
    again = await site.delete(one)
    assert (again.status, again.json["error_code"], again.json["rule"]) == (409, 1406, "already_final")


async def test_a_delivered_message_is_not_cancelled(site: Site) -> None:
    reply = await site.delete(f"{path(site)}/{await site.send()}")
    assert (reply.status, reply.json["error_code"]) == (409, 1406)


async def test_a_message_on_its_way_is_in_progress(site: Site) -> None:
    site.world.link.says(None)
    message_id = await site.send()
    assert (await site.get(f"{path(site)}/{message_id}")).json["status"] == {"id": 2, "description": "IN PROGRESS"}


async def test_a_failed_message_says_why(site: Site) -> None:
    site.world.link.says(Refused(ErrorClass.PERMANENT, "the number is unknown", 1))
    message_id = await site.send()
    sms = (await site.get(f"{path(site)}/{message_id}")).json
    assert (sms["status"]["description"], sms["dlr_status_id"], sms["reason"]) == ("FAILED", "4", "the number is unknown")


async def test_an_absent_device_is_buffered_with_the_time_of_the_next_try(site: Site) -> None:
    site.world.link.says(Refused(ErrorClass.DEVICE_ABSENT, "absent", 27))
    message_id = await site.send()
    sms = (await site.get(f"{path(site)}/{message_id}")).json
    assert sms["status"] == {"id": 3, "description": "BUFFERED"}
    assert sms["retry_date"][:19] == "2027-01-15T08:00:20"
    assert sms["last_delivery_attempt"][:19] == "2027-01-15T08:00:00"


async def test_a_device_said_to_be_reachable_is_tried_at_once(site: Site) -> None:
    site.world.link.says(Refused(ErrorClass.DEVICE_ABSENT, "absent", 27))
    message_id = await site.send()
    assert (await site.post(f"/api/v1/endpoint/{site.a.device_id}/reachable", None)).status == 204
    await site.world.settle()
    assert (await site.get(f"{path(site)}/{message_id}")).json["status"]["description"] == "DELIVERED"
    assert (await site.post("/api/v1/endpoint/999/reachable", None)).status == 404


async def test_an_expired_message_is_as_recorded(site: Site) -> None:
    site.world.link.otherwise = Refused(ErrorClass.DEVICE_ABSENT, "absent", 27)
    message_id = await site.send(expiry_date="2027-01-15T09:00:00Z")
    await site.world.jump(HOUR + 120)
    sms = (await site.get(f"{path(site)}/{message_id}")).json
    assert (sms["status"], sms["dlr_status_id"]) == ({"id": 6, "description": "EXPIRED"}, "4")


async def test_an_mo_is_in_the_list_with_its_type(site: Site) -> None:
    device = (await site.get(f"/api/v1/endpoint/{site.a.device_id}")).json
    await site.world.hear(device["sim"]["msisdn"], "1000", "21.5 C")
    (sms,) = (await site.get(path(site))).json
    assert sms["sms_type"] == {"id": 2, "description": "MO"}
    assert (sms["payload"], sms["dest_address"], sms["source_address"]) == ("21.5 C", "1000", device["sim"]["msisdn"])


async def test_where_no_simulator_runs_nobody_can_be_made_to_speak(site: Site) -> None:
    mo = await site.post(f"/api/v1/simulator/endpoint/{site.a.device_id}/mo", {"dest_address": "1000", "payload": "x"})
    mt = await site.post("/api/v1/simulator/mt", {"source_address": "491701", "dest_address": 4236, "payload": "x"})
    assert (mo.status, mt.status) == (404, 404)


@pytest.mark.parametrize(
    ("expiry", "kept", "note"),
    [
        ("2027-02-15", "2027-01-22T08:00:00", "expiry_date was more than 7 days ahead and was shortened to 7 days"),
        ("2027-01-15T08:00:10Z", "2027-01-15T08:01:00", "expiry_date was less than a minute ahead and was moved to one minute"),
        ("2027-01-15T10:00:00Z", "2027-01-15T10:00:00", None),
    ],
)
async def test_a_validity_that_was_changed_is_said_in_the_answer(site: Site, expiry: str, kept: str, note: str | None) -> None:
    reply = await site.post(path(site), {"payload": "hi", "expiry_date": expiry})
    assert (reply.status, reply.headers.get("x-note")) == (201, note)
    assert (await site.get(path(site))).json[0]["expiry_date"][:19] == kept


async def test_a_scheduled_sms_waits_for_its_time(site: Site) -> None:
    message_id = await site.send(scheduled_at="2027-01-15T09:00:00Z")
    sms = (await site.get(f"{path(site)}/{message_id}")).json
    assert (sms["status"]["id"], sms["expiry_date"][:19]) == (1, "2027-01-16T09:00:00")
    await site.world.jump(HOUR)
    await site.world.advance(3)
    assert (await site.get(f"{path(site)}/{message_id}")).json["status"]["id"] == 4


@pytest.mark.parametrize("body", [{"payload": ""}, {"payload": "", "dcs": 8}, {"payload": "x", "scheduled_at": "2027-01-15"}])
async def test_a_send_that_can_not_be_meant_is_refused_by_name(site: Site, body: dict[str, Any]) -> None:
    reply = await site.post(path(site), body)
    assert (reply.status, reply.json["error_code"]) == (422, 1400)
    assert body.keys() & {each["field"] for each in reply.json.get("errors", [reply.json])}


async def test_an_sms_without_text_may_have_a_header_or_a_protocol_of_its_own(site: Site) -> None:
    await site.send(payload="", pid=64)
    await site.send(payload="", udh="050003CC0201")


async def test_fields_that_nobody_knows_are_not_read(site: Site) -> None:
    await site.send(payload="hi", mystery={"id": 1})
