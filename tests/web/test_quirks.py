"""The ten things that break emnify's clients if got wrong (contract, section 0), and what its SDK sends that means something else."""

import re

import jwt
import pytest

from tests.web.site import HttpSettings, Settings, Site

STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000")


async def test_quirk_1_the_api_stands_under_api_v1_and_a_double_slash_is_tolerated(site: Site) -> None:
    assert (await site.get("/api/v1/endpoint")).status == 200
    assert (await site.get("//api/v1/endpoint")).status == 200
    assert (await site.get("/api//v1/endpoint/")).status == 200


async def test_quirk_2_sending_answers_201_without_a_body_as_html_with_an_absolute_location(site: Site) -> None:
    reply = await site.post(f"/api/v1/endpoint/{site.a.device_id}/sms", {"payload": "x"})
    assert (reply.status, reply.body, reply.headers["content-type"]) == (201, b"", "text/html; charset=UTF-8")
    assert re.fullmatch(rf"https://sms\.example\.com/api/v1/endpoint/{site.a.device_id}/sms/\d+", reply.headers["location"])
    assert reply.headers["location"].split("/")[8].isdigit(), "two public apps take the id so"


@pytest.mark.parametrize("settings", [Settings(http=HttpSettings("https://public.example/"))], indirect=True)
async def test_quirk_2_the_location_begins_with_the_public_url_where_one_is_set(site: Site) -> None:
    reply = await site.post(f"/api/v1/endpoint/{site.a.device_id}/sms", {"payload": "x"})
    assert reply.headers["location"].startswith("https://public.example/api/v1/endpoint/")


@pytest.mark.parametrize("host", ["evil.example/x?", "a b", "", "ä", "x@y"])
async def test_quirk_2_a_host_header_that_is_none_does_not_get_into_the_location(site: Site, host: str) -> None:
    reply = await site.post(f"/api/v1/endpoint/{site.a.device_id}/sms", {"payload": "x"}, headers={"host": host})
    assert reply.headers["location"].startswith("https://127.0.0.1:8080/api/v1/")


async def test_quirk_3_creating_a_device_answers_its_location_and_the_device(site: Site) -> None:
    body = {"status": {"id": 1}, "service_profile": {"id": site.a.policy_id}, "tariff_profile": {"id": site.a.tariff_id}, "name": "new"}
    reply = await site.post("/api/v1/endpoint", body)
    assert reply.status == 201
    assert int(reply.headers["location"].split("/")[-1]) == reply.json["id"]
    assert reply.headers["location"] == f"https://sms.example.com/api/v1/endpoint/{reply.json['id']}"
    assert reply.json["name"] == "new"


@pytest.mark.parametrize("path", ["/api/v1/endpoint", "/api/v1/sim", "/api/v1/endpoint/{device}/event"])
async def test_quirk_4_lists_are_bare_arrays_with_the_page_in_headers(site: Site, path: str) -> None:
    reply = await site.get(path.format(device=site.a.device_id))
    assert isinstance(reply.json, list)
    assert int(reply.headers["x-total-pages"]) == 1
    for name in ("x-count-per-page", "x-current-page", "x-total-count", "x-count", "x-page", "x-pages", "x-per-page"):
        assert reply.headers[name].isdigit(), name
    assert reply.headers["x-sort"] == "id"


@pytest.mark.parametrize("path", ["/api/v1/endpoint/{device}/sms", "/api/v1/operator", "/api/v1/endpoint/{device}/operator_blacklist"])
async def test_quirk_4_these_lists_have_no_paging_headers(site: Site, path: str) -> None:
    reply = await site.get(path.format(device=site.a.device_id))
    assert isinstance(reply.json, list)
    assert not {"x-total-pages", "x-pages", "link"} & reply.headers.keys()


@pytest.mark.parametrize("authorization", [None, "Bearer None", "Bearer ", "Basic YTpi", "Bearer a.b.c", "None"])
async def test_quirk_5_nobody_gets_401(site: Site, authorization: str | None) -> None:
    reply = await site.get("/api/v1/endpoint", token=None, headers={"authorization": authorization} if authorization else {})
    assert reply.status == 401
    assert reply.json["error_token"] == "InvalidToken"


async def test_quirk_5_somebody_who_may_not_gets_403_never_401(site: Site) -> None:
    reply = await site.post("/api/v1/sim", {"iccid": "8988228000000000001"})
    assert (reply.status, reply.json["error_code"]) == (403, 1104)


async def test_quirk_6_authenticate_does_not_read_the_header_authorization(site: Site) -> None:
    body = {"application_token": site.a.application_token}
    reply = await site.post("/api/v1/authenticate", body, token=None, headers={"authorization": "Bearer None"})
    assert reply.status == 200
    assert reply.json.keys() == {"auth_token"}, "no refresh token for an application"


async def test_quirk_7_every_200_has_a_json_body(site: Site) -> None:
    message_id = await site.send_one_that_waits()
    callback = (await site.post("/api/v1/api_callback", {"url": "https://x.example/"})).json["id"]
    for path in (f"/api/v1/endpoint/{site.a.device_id}/sms/{message_id}", f"/api/v1/api_callback/{callback}"):
        reply = await site.delete(path)
        assert (reply.status, reply.json) == (200, {})


@pytest.mark.parametrize(
    ("status", "method", "path", "body"),
    [
        (400, "POST", "/api/v1/endpoint", b"{"),
        (400, "GET", "/api/v1/endpoint/None", None),
        (404, "GET", "/api/v1/endpoint/-1", None),
        (409, "DELETE", "/api/v1/endpoint/{device}", None),
        (422, "POST", "/api/v1/endpoint", {}),
    ],
)
async def test_quirk_8_errors_are_json(site: Site, status: int, method: str, path: str, body: object) -> None:
    reply = await site.call(method, path.format(device=site.a.device_id), body)
    assert reply.status == status
    assert reply.json.keys() >= {"error_code", "error_token", "message"}
    assert reply.headers["content-type"] == "application/json; charset=UTF-8"


@pytest.mark.parametrize("status", [1, 1.0, "1", "1.0"])
async def test_quirk_9_ids_come_as_numbers_with_and_without_fraction_and_as_texts(site: Site, status: object) -> None:
    path = f"/api/v1/endpoint/{site.a.device_id}"
    reply = await site.patch(path, {"status": {"id": status, "description": "Disabled"}})
    assert (reply.status, reply.body) == (204, b"")
    assert (await site.get(path)).json["status"] == {"id": 1, "description": "Disabled"}


async def test_quirk_10_moments_have_milliseconds_and_a_zone_without_colon(site: Site) -> None:
    await site.send()
    device = (await site.get(f"/api/v1/endpoint/{site.a.device_id}")).json
    (sms,) = (await site.get(f"/api/v1/endpoint/{site.a.device_id}/sms")).json
    sim = (await site.get(f"/api/v1/sim/{site.a.sim_id}")).json
    moments = [device["created"], device["last_updated"], sms["submit_date"], sms["expiry_date"], sms["final_date"], sim["production_date"]]
    assert [moment for moment in moments if not STAMP.fullmatch(moment)] == []


async def test_the_auth_token_is_a_jwt_with_emnifys_claims(site: Site) -> None:
    assert jwt.get_unverified_header(site.a_auth)["alg"] == "HS384"
    claims = jwt.decode(site.a_auth, options={"verify_signature": False})
    assert claims["aud"] == "/api/v1/authentication"
    assert (claims["esc.app"], claims["esc.org"], claims["esc.orgName"]) == (site.a.token_id, site.a.organisation_id, "Alpha")
    assert claims["exp"] - claims["iat"] == 14_400
    assert claims.keys() >= {"api_key", "iss"}


@pytest.mark.parametrize("sort", ["DeviceSort.NAME", "DeviceSort.IP_ADDRESS", "DeviceSort.ALTITUDE", "-name,id", "+name", "name"])
async def test_the_sdk_sorts_by_the_name_of_a_member_of_its_enumeration(site: Site, sort: str) -> None:
    assert (await site.get(f"/api/v1/endpoint?sort={sort}")).status == 200


@pytest.mark.parametrize("sort", ["SimSort.id", "SimSort.production_date", "SimSort.customer_org", "SimSort.eid"])
async def test_the_sdk_sorts_sims_so_too(site: Site, sort: str) -> None:
    assert (await site.get(f"/api/v1/sim?sort={sort}")).status == 200


async def test_the_sdk_forgets_the_comma_before_endpoint_null(site: Site) -> None:
    free = (await site.post("/api/v1/sim", {"iccid": "8988228000000000001"}, token=site.operator_auth)).json["id"]
    found = (await site.get("/api/v1/sim?q=iccid:8988endpoint:null", token=site.operator_auth)).json
    assert [sim["id"] for sim in found] == [free]
    assert (await site.get("/api/v1/sim?q=iccid:894236endpoint:null")).json == [], "that SIM is in a device"


async def test_the_java_sdk_sends_page_0_and_per_page_0_for_what_it_leaves_out(site: Site) -> None:
    for path, usual in (("sms", 100), ("audit", 100), (f"webhook/{site.a.callback_id}/delivery", None)):
        reply = await site.get(f"/api/v1/{path}?per_page=0")
        assert reply.headers.get("x-count-per-page") == (None if usual is None else str(usual)), path
    reply = await site.get("/api/v1/endpoint?page=0&per_page=0")
    assert (reply.headers["x-current-page"], reply.headers["x-count-per-page"]) == ("1", "1000")


async def test_bodies_on_get_and_delete_are_not_read(site: Site) -> None:
    assert (await site.call("GET", "/api/v1/endpoint", {"q": "x"})).status == 200
    assert (await site.call("DELETE", f"/api/v1/endpoint/{site.a.device_id}/operator_blacklist/1", {"x": 1})).status == 404
