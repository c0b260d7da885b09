"""Section 6 of emnify's contract, to the letter, and what of a policy is ours: every field is read, written, and refused clearly."""

from typing import Any

import pytest

from tests.web.site import Site
from tests.web.test_endpoint import wanted

PATH = "/api/v1/service_profile"
DEFAULTS = {
    "allowed_3g": True, "allowed_4g": True, "allowed_nb_iot": True, "allowed_nb_iot_geo": False, "apply_sms_quota": False,
    "apply_data_quota": False, "retail": False, "sms_p2p_int": True, "sms_p2p_ext": True, "prepaid": False, "nipdp": False,
    "api_callback": None, "api_secret": None, "moc_callback": None, "breakout_region": None, "dns": None, "service": [], "used_count": 0,
    "ip_firewall_rule_set": {"ip_firewall_profiles": [], "enforce": False}, "esme_interface_type": {"id": 1, "description": "RestAPI"},
    "sms_a2p": True, "mt_limit": None, "mo_limit": None, "mo_to_application": "short_numbers", "short_number_max_digits": None,
    "application_numbers": [], "sender_allow_list": [], "default_source": None, "on_unknown": None, "order": None,
}  # fmt: skip
OTHERWISE = {
    "name": "other", "description": "text", "allowed_3g": False, "allowed_4g": False, "allowed_nb_iot": False, "allowed_nb_iot_geo": True,
    "apply_sms_quota": True, "apply_data_quota": True, "retail": True, "sms_p2p_int": False, "sms_p2p_ext": False, "prepaid": True,
    "nipdp": True, "moc_callback": {"id": 7}, "breakout_region": {"id": 2}, "dns": {"id": 3},
    "sms_a2p": False, "mt_limit": 33, "mo_limit": 0, "mo_to_application": "all", "short_number_max_digits": 7,
    "application_numbers": ["423663920001", "4236*"], "sender_allow_list": ["491700000001"], "default_source": "Meter",
    "on_unknown": "wait", "order": "strict",
}  # fmt: skip


@pytest.fixture
async def path(site: Site) -> str:
    """A policy that no device has, with the services SMS MT and SMS MO."""
    made = await site.post(PATH, {"name": "new"})
    path = f"{PATH}/{made.json['id']}"
    for service in (6, 32):
        assert (await site.put(f"{path}/service/{service}")).status == 204
    return path


async def limits(site: Site, path: str) -> dict[int, list[int]]:
    """Of each service that is on, the size of its limit, if any."""
    services = (await site.get(path)).json["service"]
    return {service["id"]: [limit["volume"] for limit in service["traffic_limits"]] for service in services}


async def test_a_policy_begins_with_emnifys_defaults_and_no_services(site: Site) -> None:
    reply = await site.post(PATH, {"name": "new"})
    assert reply.status == 201
    assert reply.headers["location"] == f"https://sms.example.com{PATH}/{reply.json['id']}"
    assert reply.json == DEFAULTS | {"id": reply.json["id"], "name": "new", "description": None}
    assert (await site.get(f"{PATH}/{reply.json['id']}")).json == reply.json


async def test_the_list_is_short_and_its_count_a_text(site: Site) -> None:
    await site.patch(f"{PATH}/{site.a.policy_id}", {"allowed_4g": False, "apply_data_quota": True})
    (short,) = (await site.get(PATH)).json
    assert short == {
        "id": site.a.policy_id, "name": "Default", "description": None, "used_count": "1", "allowed_3g": True, "allowed_4g": False,
        "allowed_nb_iot": True, "allowed_nb_iot_geo": False, "apply_sms_quota": False, "apply_data_quota": True,
        "ip_firewall_rule_set": {"ip_firewall_profiles": [], "enforce": False},
    }  # fmt: skip


async def test_every_field_can_be_made_and_changed_otherwise_and_is_given_back(site: Site) -> None:
    made = await site.post(PATH, OTHERWISE)
    assert made.json == DEFAULTS | OTHERWISE | {"id": made.json["id"]}
    plain = (await site.post(PATH, {"name": "plain"})).json["id"]
    changed = await site.patch(f"{PATH}/{plain}", OTHERWISE)
    assert (changed.status, changed.json) == (201, made.json | {"id": plain})
    for field, value in OTHERWISE.items():
        if field in DEFAULTS:
            back = await site.patch(f"{PATH}/{plain}", {field: DEFAULTS[field]})
            assert (field, back.json[field]) == (field, DEFAULTS[field])
            assert back.json | {field: value} == made.json | {"id": plain}, "and nothing else changes"
            await site.patch(f"{PATH}/{plain}", {field: value})


@pytest.mark.parametrize("field", ["api_callback", "api_secret", "moc_callback", "breakout_region", "dns"])
async def test_references_are_cleared_by_null_ids(site: Site, field: str) -> None:
    reference = {"api_callback": site.a.callback_id, "api_secret": site.a.secret_id}.get(field, 5)
    path = f"{PATH}/{site.a.policy_id}"
    assert (await site.patch(path, {field: {"id": reference}})).json[field]["id"] == reference
    assert (await site.patch(path, {field: {"id": None}})).json[field] is None


async def test_the_services_are_emnifys(site: Site) -> None:
    services = (await site.get("/api/v1/service")).json
    assert [(each["id"], each["description"]) for each in services] == [
        (0, "USSD"), (3, "Voice"), (6, "SMS MT"), (32, "SMS MO"), (38, "Data"),
    ]  # fmt: skip
    assert services[2].keys() == {
        "id", "description", "teleservice_code", "used_with_vlr", "used_with_sgsn", "traffic_type", "traffic_limits",
    }  # fmt: skip
    assert services[2]["traffic_type"] == {"id": 6, "description": "SMS", "unit": "SMS"}
    assert (services[2]["teleservice_code"], services[3]["teleservice_code"]) == (33, 34)


async def test_five_limits_are_offered_for_each_direction(site: Site) -> None:
    offered = (await site.get("/api/v1/traffic_limit")).json
    for service in (6, 32):
        of_service = (await site.get(f"/api/v1/service/{service}/traffic_limit")).json
        assert [limit["volume"] for limit in of_service] == [5, 10, 25, 50, 100]
        assert [limit["id"] for limit in of_service] == [each["id"] for each in offered if each["service"]["id"] == service]
        assert of_service[0]["period"] == {"id": 2, "time_units": 1, "unit": "Month"}
    assert len({limit["id"] for limit in offered}) == len(offered) == 10
    assert (await site.get("/api/v1/service/38/traffic_limit")).json == []
    assert (await site.get("/api/v1/service/7/traffic_limit")).status == 404


async def test_a_limit_is_put_replaced_and_taken_away(site: Site, path: str) -> None:
    ids = {limit["volume"]: limit["id"] for limit in (await site.get("/api/v1/service/6/traffic_limit")).json}
    put = await site.put(f"{path}/service/6/traffic_limit/{ids[100]}")
    assert (put.status, put.json) == (200, {})
    assert await limits(site, path) == {6: [100], 32: []}
    assert (await site.get(path)).json["mt_limit"] == 100
    assert (await site.put(f"{path}/service/6/traffic_limit/{ids[5]}")).status == 200
    assert await limits(site, path) == {6: [5], 32: []}
    assert (await site.delete(f"{path}/service/6/traffic_limit/{ids[100]}")).status == 404, "it is the other one that holds"
    assert (await site.delete(f"{path}/service/6/traffic_limit/{ids[5]}")).status == 200
    assert (await site.delete(f"{path}/service/6/traffic_limit/{ids[5]}")).status == 404
    assert await limits(site, path) == {6: [], 32: []}


async def test_a_limit_of_any_size_is_put_by_its_id_or_by_its_setting(site: Site, path: str) -> None:
    assert (await site.put(f"{path}/service/32/traffic_limit/3332")).status == 200
    assert (await site.get(path)).json["mo_limit"] == 33
    await site.patch(path, {"mt_limit": 1_000_000})
    assert await limits(site, path) == {6: [1_000_000], 32: [33]}


async def test_a_service_with_a_limit_cannot_be_taken_away_before_it(site: Site, path: str) -> None:
    await site.put(f"{path}/service/6/traffic_limit/506")
    refused = await site.delete(f"{path}/service/6")
    assert (refused.status, refused.json["error_code"]) == (409, 1406)
    assert "limit" in refused.json["message"]
    await site.delete(f"{path}/service/6/traffic_limit/506")
    assert (await site.delete(f"{path}/service/6")).status == 204


@pytest.mark.parametrize(
    ("service", "limit", "status"), [(6, 532, 404), (6, 1, 404), (6, 6, 404), (6, -594, 404), (38, 538, 404), (7, 507, 404), (0, 500, 404)]
)
async def test_a_limit_that_is_none_is_404(site: Site, path: str, service: int, limit: int, status: int) -> None:
    reply = await site.put(f"{path}/service/{service}/traffic_limit/{limit}")
    assert (reply.status, reply.json["error_code"]) == (status, 1401)


async def test_a_limit_needs_its_service(site: Site) -> None:
    made = (await site.post(PATH, {"name": "without services"})).json["id"]
    reply = await site.put(f"{PATH}/{made}/service/6/traffic_limit/506")
    assert (reply.status, "put the service there first" in str(reply.json)) == (422, True)


async def test_a_policy_in_use_is_409_and_one_that_is_not_204(site: Site, path: str) -> None:
    assert (await site.delete(f"{PATH}/{site.a.policy_id}")).status == 409
    assert (await site.delete(path)).status == 204
    assert (await site.get(path)).status == 404


async def test_a_secret_is_never_read(site: Site) -> None:
    made = await site.post("/api/v1/api_secret", {"secret": "a secret that nobody reads back, ever", "purpose": "p"})
    assert made.json == {"id": made.json["id"], "purpose": "p", "organisation_id": str(site.a.organisation_id)}
    await site.patch(f"{PATH}/{site.a.policy_id}", {"api_secret": {"id": made.json["id"]}})
    for path in (f"/api/v1/api_secret/{made.json['id']}", "/api/v1/api_secret", f"{PATH}/{site.a.policy_id}", "/api/v1/audit"):
        assert b"nobody reads" not in (await site.get(path)).body


async def test_a_callback_has_emnifys_fields(site: Site) -> None:
    made = await site.post("/api/v1/api_callback", {"url": "https://x.example/sms", "purpose": "SmsCallback"})
    assert made.status == 201
    assert made.json.keys() == {"id", "url", "purpose", "organisation_id", "created"}
    assert made.json["organisation_id"] == str(site.a.organisation_id)
    assert len(made.json["created"]) == len("2021-10-29 07:16:45")
    policy = (await site.patch(f"{PATH}/{site.a.policy_id}", {"api_callback": {"id": made.json["id"]}})).json
    assert policy["api_callback"] == made.json
    assert (await site.delete(f"/api/v1/api_callback/{made.json['id']}")).status == 409


async def test_a_tariff_is_made_changed_and_deleted_once_unused(site: Site) -> None:
    made = await site.post("/api/v1/tariff_profile", {"name": "Standard", "description": "d"})
    assert (made.status, made.headers["location"]) == (201, f"https://sms.example.com/api/v1/tariff_profile/{made.json['id']}")
    path = f"/api/v1/tariff_profile/{made.json['id']}"
    assert (await site.patch(path, {"name": "Other"})).status == 204
    assert (await site.get(path)).json == made.json | {"name": "Other"}
    device = (await site.post("/api/v1/endpoint", wanted(site, tariff_profile={"id": made.json["id"]}))).json["id"]
    assert (await site.delete(path)).status == 409
    await site.delete(f"/api/v1/endpoint/{device}")
    assert (await site.delete(path)).status == 204
    assert (await site.get(path)).status == 404
    assert (await site.delete(path)).status == 404
    assert made.json["id"] not in [each["id"] for each in (await site.get("/api/v1/tariff_profile")).json]
    refused = await site.post("/api/v1/endpoint", wanted(site, tariff_profile={"id": made.json["id"]}))
    assert refused.status == 422
    for body in ({}, {"name": " "}):
        assert (await site.post("/api/v1/tariff_profile", body)).status == 422


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("mo_to_application", "everything", "short_numbers, all"),
        ("mo_to_application", 5, "write a text"),
        ("short_number_max_digits", 16, "0 to 15"),
        ("short_number_max_digits", -1, "0 to 15"),
        ("short_number_max_digits", "seven", "write a whole number"),
        ("application_numbers", "1000", "write a list"),
        ("application_numbers", [None], "a text"),
        ("sender_allow_list", ["+-"], "sender_allow_list"),
        ("sender_allow_list", {"a": 1}, "write a list"),
        ("default_source", "a name that is too long", "11 characters"),
        ("default_source", "1" * 30, "default_source"),
        ("on_unknown", "perhaps", "wait, retry, fail"),
        ("order", "loose", "strict"),
        ("mt_limit", -1, "0 to"),
        ("mt_limit", 5.5, "write a whole number"),
        ("mo_limit", 10**12, "0 to"),
        ("mo_limit", "many", "write a whole number"),
        ("allowed_3g", "perhaps", "true or false"),
        ("apply_sms_quota", 7, "true or false"),
    ],
)
async def test_a_value_that_cannot_be_is_422_and_names_its_field(site: Site, field: str, value: Any, says: str) -> None:
    reply = await site.patch(f"{PATH}/{site.a.policy_id}", {field: value, "name": "not this either"})
    assert reply.status == 422
    (error,) = reply.json["errors"]
    assert field in error["message"]
    assert says in error["message"]
    assert (await site.get(f"{PATH}/{site.a.policy_id}")).json["name"] == "Default"


async def test_all_that_is_wrong_is_said_at_once(site: Site) -> None:
    body = {"name": "", "api_callback": {"id": 999}, "esme_interface_type": {"id": 9}, "order": "x", "mt_limit": -1}
    reply = await site.patch(f"{PATH}/{site.a.policy_id}", body)
    assert (reply.status, reply.json["error_code"], len(reply.json["errors"])) == (422, 1400, 5)


async def test_numbers_are_kept_as_digits_however_they_are_written(site: Site) -> None:
    body = {"application_numbers": ["+423 663-920 001", 4236639, "4236*"], "default_source": 12345, "short_number_max_digits": "7"}
    policy = (await site.patch(f"{PATH}/{site.a.policy_id}", body)).json
    assert policy["application_numbers"] == ["423663920001", "4236639", "4236*"]
    assert (policy["default_source"], policy["short_number_max_digits"]) == ("12345", 7)


async def test_switching_the_quota_on_and_off_is_an_event_of_emnifys(site: Site) -> None:
    path = f"{PATH}/{site.a.policy_id}"
    for on in (True, True, False):
        await site.patch(path, {"apply_sms_quota": on})
    events = (await site.get("/api/v1/event")).json
    assert [(each["event_type"]["id"], each["event_type"]["description"]) for each in events] == [
        (54, "SMS quota enabled"), (55, "SMS quota disabled"),
    ]  # fmt: skip


async def test_what_is_changed_of_a_policy_stands_in_the_audit(site: Site, path: str) -> None:
    await site.patch(path, {"order": "strict", "sms_a2p": False})
    await site.put(f"{path}/service/6/traffic_limit/506")
    await site.post("/api/v1/api_callback", {"url": "https://x.example/sms"})
    await site.delete(path)
    found = {entry["action"]: entry["changes"] for entry in reversed((await site.get("/api/v1/audit")).json)}
    assert found["policy.changed"] == {"mt_limit": [None, 5]}
    assert found.keys() == {"policy.created", "policy.changed", "policy.deleted", "webhook.created"}
    assert found["policy.deleted"]["order"] == ["strict", None]
