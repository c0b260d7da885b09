"""Service policies, webhooks, secrets and tariffs over the API."""

from typing import Any

import pytest

from tests.web.site import Site
from tests.web.test_endpoint import wanted

PATH = "/api/v1/service_profile"


async def make(site: Site, **more: Any) -> dict[str, Any]:
    reply = await site.post(PATH, {"name": "new"} | more)
    assert reply.status == 201, reply
    made: dict[str, Any] = reply.json
    return made


async def test_the_list_is_short_with_the_count_as_a_text(site: Site) -> None:
    reply = await site.get(PATH)
    (short,) = reply.json
    assert short == short | {"id": site.a.policy_id, "name": "Default", "used_count": "1", "apply_sms_quota": False, "allowed_3g": True}
    assert "service" not in short
    assert "x-total-pages" not in reply.headers


async def test_a_whole_policy_has_its_webhook_secret_interface_and_services(site: Site) -> None:
    body = {"api_callback": {"id": site.a.callback_id}, "api_secret": {"id": site.a.secret_id}}
    changed = await site.patch(f"{PATH}/{site.a.policy_id}", body)
    assert changed.status == 201
    policy = (await site.get(f"{PATH}/{site.a.policy_id}")).json
    assert policy == changed.json
    assert policy["used_count"] == 1
    assert policy["api_callback"]["url"] == "https://Alpha.example/sms"
    assert policy["api_secret"] == {"id": site.a.secret_id, "purpose": "purpose Alpha"}
    assert policy["esme_interface_type"] == {"id": 1, "description": "RestAPI"}
    assert policy["service"] == [
        {"id": 6, "description": "SMS MT", "traffic_limits": []},
        {"id": 32, "description": "SMS MO", "traffic_limits": []},
    ]
    assert "Alpha-secret" not in str(policy)


async def test_null_ids_take_webhook_and_secret_away_and_what_is_left_out_stays(site: Site) -> None:
    path = f"{PATH}/{site.a.policy_id}"
    await site.patch(path, {"api_callback": {"id": site.a.callback_id}, "api_secret": {"id": site.a.secret_id}})
    policy = (await site.patch(path, {"api_callback": {"id": None}, "description": "x"})).json
    assert (policy["api_callback"], policy["api_secret"]["id"], policy["description"]) == (None, site.a.secret_id, "x")
    assert (await site.patch(path, {"api_secret": None})).json["api_secret"] is None


async def test_a_policy_made_by_the_api_has_no_services_until_they_are_put(site: Site) -> None:
    policy = await make(site)
    assert (policy["service"], policy["sms_p2p_int"], policy["sms_p2p_ext"], policy["sms_a2p"]) == ([], True, True, True)
    for service in (6, 32, 38, 0):
        assert (await site.put(f"{PATH}/{policy['id']}/service/{service}")).status == 204
        assert (await site.put(f"{PATH}/{policy['id']}/service/{service}")).status == 409
    listed = (await site.get(f"{PATH}/{policy['id']}")).json["service"]
    assert [service["id"] for service in listed] == [0, 6, 32, 38]
    for service in (6, 38):
        assert (await site.delete(f"{PATH}/{policy['id']}/service/{service}")).status == 204
        assert (await site.delete(f"{PATH}/{policy['id']}/service/{service}")).status == 409
    assert [service["id"] for service in (await site.get(f"{PATH}/{policy['id']}")).json["service"]] == [0, 32]
    assert (await site.put(f"{PATH}/{policy['id']}/service/7")).status == 404


async def test_a_policy_made_smpp_sends_everything_to_the_application_as_on_emnify(site: Site) -> None:
    policy = await make(site, esme_interface_type={"id": 2})
    assert policy["esme_interface_type"] == {"id": 2, "description": "SMPP"}
    assert policy["mo_to_application"] == "all"
    rest = await make(site)
    assert rest["mo_to_application"] == "short_numbers"
    changed = (await site.patch(f"{PATH}/{rest['id']}", {"esme_interface_type": {"id": 2}})).json
    assert changed["mo_to_application"] == "all"
    again = (await site.patch(f"{PATH}/{rest['id']}", {"mo_to_application": None})).json
    assert again["mo_to_application"] == "short_numbers", "what was chosen afterwards stays"
    assert (await site.patch(f"{PATH}/{rest['id']}", {"esme_interface_type": {"id": 2}})).json["mo_to_application"] == "short_numbers"
    chosen = await make(site, esme_interface_type={"id": 2}, mo_to_application="short_numbers")
    assert chosen["mo_to_application"] == "short_numbers"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"api_callback": {"id": 999}}, 1401),
        ({"api_secret": {"id": 999}}, 1401),
        ({"esme_interface_type": {"id": 9}}, 1401),
        ({"name": 5}, 1403),
        ({"sms_p2p_int": "maybe"}, 1403),
    ],
)
async def test_a_change_that_cannot_be_is_422(site: Site, body: dict[str, Any], code: int) -> None:
    reply = await site.patch(f"{PATH}/{site.a.policy_id}", body)
    assert (reply.status, reply.json["errors"][0]["error_code"]) == (422, code)


async def test_a_policy_needs_a_name(site: Site) -> None:
    for body in ({}, {"name": ""}):
        reply = await site.post(PATH, body)
        assert (reply.status, reply.json["errors"][0]["error_code"]) == (422, 1402)


async def test_a_policy_is_deleted_once_no_device_has_it(site: Site) -> None:
    policy = await make(site)
    device = (await site.post("/api/v1/endpoint", wanted(site, service_profile={"id": policy["id"]}))).json
    assert (await site.delete(f"{PATH}/{policy['id']}")).status == 409
    await site.delete(f"/api/v1/endpoint/{device['id']}")
    assert (await site.delete(f"{PATH}/{policy['id']}")).status == 204
    assert (await site.get(f"{PATH}/{policy['id']}")).status == 404
    assert (await site.delete(f"{PATH}/{policy['id']}")).status == 404
    assert (await site.post("/api/v1/endpoint", wanted(site, service_profile={"id": policy["id"]}))).status == 422


# webhooks


async def test_a_webhook_is_made_found_and_deleted(site: Site) -> None:
    reply = await site.post("/api/v1/api_callback", {"url": "https://hook.example/x?y=1", "purpose": "mine"})
    assert reply.status == 201
    assert reply.headers["location"].endswith(f"/api/v1/api_callback/{reply.json['id']}")
    assert reply.json == {
        "id": reply.json["id"],
        "url": "https://hook.example/x?y=1",
        "purpose": "mine",
        "organisation_id": str(site.a.organisation_id),
        "created": "2027-01-15 08:00:00",
    }
    one = f"/api/v1/api_callback/{reply.json['id']}"
    assert (await site.get(one)).json == reply.json
    assert reply.json in (await site.get("/api/v1/api_callback")).json
    assert (await site.delete(one)).status == 200
    assert (await site.get(one)).status == 404
    assert (await site.delete(one)).status == 404


@pytest.mark.parametrize(
    "address",
    [
        "ftp://x.example/",
        "hook.example",
        "https://u:p@x.example/",
        "https://",
        "http://x.example/ y",
        "http://169.254.169.254/",
        "http://x:99999/",
        5,
    ],
)
async def test_an_address_that_may_not_be_called_is_refused_when_it_is_saved(site: Site, address: object) -> None:
    assert (await site.post("/api/v1/api_callback", {"url": address})).status == 422


async def test_a_webhook_or_a_secret_that_a_policy_has_stays(site: Site) -> None:
    await site.patch(f"{PATH}/{site.a.policy_id}", {"api_callback": {"id": site.a.callback_id}, "api_secret": {"id": site.a.secret_id}})
    for path in (f"/api/v1/api_callback/{site.a.callback_id}", f"/api/v1/api_secret/{site.a.secret_id}"):
        assert (await site.delete(path)).status == 409


async def test_a_secret_is_never_shown_again(site: Site) -> None:
    reply = await site.post("/api/v1/api_secret", {"secret": "a secret that is longer than 32 octets", "purpose": "sign"})
    assert reply.status == 201
    assert reply.json == {"id": reply.json["id"], "purpose": "sign", "organisation_id": str(site.a.organisation_id)}
    one = f"/api/v1/api_secret/{reply.json['id']}"
    assert (await site.get(one)).json == reply.json
    assert "longer than 32" not in str((await site.get("/api/v1/api_secret")).json)
    assert (await site.delete(one)).status == 200
    assert (await site.get(one)).status == 404
    assert (await site.delete(one)).status == 404


async def test_a_short_secret_is_taken_with_a_warning_and_an_empty_one_is_not(site: Site) -> None:
    assert "warning" in (await site.post("/api/v1/api_secret", {"secret": "short"})).json
    assert (await site.post("/api/v1/api_secret", {"secret": ""})).status == 422
    assert (await site.post("/api/v1/api_secret", {"purpose": "x"})).status == 422


async def test_interface_types_and_tariffs_are_listed(site: Site) -> None:
    assert (await site.get("/api/v1/esme_interface_type")).json == [{"id": 1, "description": "RestAPI"}, {"id": 2, "description": "SMPP"}]
    (tariff,) = (await site.get("/api/v1/tariff_profile")).json
    assert (tariff["id"], tariff["used_count"]) == (site.a.tariff_id, "1")
    assert (await site.get(f"/api/v1/tariff_profile/{site.a.tariff_id}")).json == tariff
    assert (await site.get("/api/v1/tariff_profile/999")).status == 404


@pytest.mark.parametrize("field", ["api_callback", "api_secret"])
@pytest.mark.parametrize("number", [0, -1, 2**63 - 1])
async def test_a_reference_that_leads_nowhere_is_422_whatever_its_number(site: Site, field: str, number: int) -> None:
    """Found by schemathesis: 0 was taken for no reference at all, and refused by the database."""
    reply = await site.post("/api/v1/service_profile", {"name": "Meters", field: {"id": number}})
    assert (reply.status, reply.json["errors"][0]["error_code"]) == (422, 1401)
