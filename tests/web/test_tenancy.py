"""No call of one organisation sees, changes or names what is another's, whatever id it guesses; the operator sees all."""

import itertools
from typing import Any

import pytest

from heliograph.web.api import ROUTES
from heliograph.web.resource import Resource
from tests.web.site import Reply, Site, Tenant

OPEN = ("/api/v1/authenticate", "/health/live", "/health/ready", "/metrics", "/api/openapi.json")
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
BODIES: dict[str, Any] = {
    "/api/v1/endpoint": {"name": "x", "status": {"id": 0}, "service_profile": {"id": 0}, "tariff_profile": {"id": 0}},
    "/api/v1/endpoint/{endpoint_id}": {"name": "taken over", "sim": {"id": None}},
    "/api/v1/endpoint/{endpoint_id}/sms": {"payload": "x"},
    "/api/v1/sim/{sim_id}": {"status": {"id": 2}},
    "/api/v1/service_profile/{profile_id}": {"name": "taken over"},
    "/api/v1/application_token/{token_id}": {"status": {"id": 1}},
    "/api/v1/simulator/endpoint/{endpoint_id}/mo": {"payload": "x"},
}
# A device of nobody has no events: emnify answers so, and it tells no more than a 404.
EMPTY_FOR_STRANGERS = {("GET", "/api/v1/endpoint/{endpoint_id}/event")}


def ids_of(tenant: Tenant, message_id: int) -> dict[str, Any]:
    return {
        "endpoint_id": tenant.device_id,
        "sms_id": message_id,
        "sim_id": tenant.sim_id,
        "profile_id": tenant.policy_id,
        "callback_id": tenant.callback_id,
        "secret_id": tenant.secret_id,
        "tariff_id": tenant.tariff_id,
        "token_id": tenant.token_id,
        "bic": f"BIC-{tenant.name}",
        "operator_id": 262001,
        "service_id": 38,
        "organisation_id": tenant.organisation_id,
    }


CALLS = [
    (method, template)
    for template, method in itertools.product(ROUTES, METHODS)
    if isinstance(ROUTES[template], Resource) and method in ROUTES[template].handlers
]


def test_every_resource_but_the_open_ones_needs_an_auth_token() -> None:
    assert {template for template, resource in ROUTES.items() if not isinstance(resource, Resource)} == set(OPEN)


@pytest.mark.parametrize(("method", "template"), CALLS)
async def test_nobody_gets_nothing_by_any_call(site: Site, method: str, template: str) -> None:
    reply = await site.call(method, template.format(**ids_of(site.a, 1)), BODIES.get(template, {}), token=None)
    assert reply.status == 401


@pytest.mark.parametrize(("method", "template"), [call for call in CALLS if "{" in call[1]])
async def test_what_is_anothers_is_not_there_by_any_call(site: Site, method: str, template: str) -> None:
    message_id = await site.send()
    before = await picture(site)
    reply = await site.call(method, template.format(**ids_of(site.a, message_id)), BODIES.get(template, {}), token=site.b_auth)
    if (method, template) in EMPTY_FOR_STRANGERS:
        assert (reply.status, reply.json) == (200, [])
    else:
        assert reply.status == (422 if method == "PATCH" and "sim_batch" in template else 404), reply
    assert "Alpha" not in reply.body.decode().replace(f"BIC-{site.a.name}", "")
    assert await picture(site) == before


@pytest.mark.parametrize("template", [template for method, template in CALLS if method == "GET" and "{" not in template])
async def test_a_list_holds_only_what_is_ones_own(site: Site, template: str) -> None:
    await site.send()
    await site.patch(f"/api/v1/endpoint/{site.a.device_id}", {"status": {"id": 1}})
    reply = await site.get(template, token=site.b_auth)
    assert reply.status == 200
    assert "lpha" not in reply.body.decode()
    for query in (f"?q=id:{site.a.device_id}", "?q=iccid:89&sort=-id", "?per_page=1&page=2"):
        assert "lpha" not in (await site.get(template + query, token=site.b_auth)).body.decode()
    assert (await site.get("/api/v1/endpoint?q=name:Alpha", token=site.b_auth)).json == []


@pytest.mark.parametrize("field", ["service_profile", "tariff_profile", "sim", "organisation"])
async def test_what_is_anothers_cannot_be_referred_to(site: Site, field: str) -> None:
    anothers = {
        "service_profile": site.a.policy_id,
        "tariff_profile": site.a.tariff_id,
        "sim": site.a.sim_id,
        "organisation": site.a.organisation_id,
    }
    own = {"status": {"id": 0}, "service_profile": {"id": site.b.policy_id}, "tariff_profile": {"id": site.b.tariff_id}}
    reply = await site.post("/api/v1/endpoint", own | {field: {"id": anothers[field]}}, token=site.b_auth)
    assert reply.status == (403 if field == "organisation" else 422)
    body = {"api_callback": {"id": site.a.callback_id}}
    assert (await site.patch(f"/api/v1/service_profile/{site.b.policy_id}", body, token=site.b_auth)).status == 422
    body = {"api_secret": {"id": site.a.secret_id}}
    assert (await site.patch(f"/api/v1/service_profile/{site.b.policy_id}", body, token=site.b_auth)).status == 422


async def test_the_operator_sees_and_changes_what_is_everybodys(site: Site) -> None:
    names = {device["name"] for device in (await site.get("/api/v1/endpoint", token=site.operator_auth)).json}
    assert names == {"Alpha one", "Beta one", "Operator one"}
    path = f"/api/v1/endpoint/{site.b.device_id}"
    assert (await site.patch(path, {"name": "Beta two"}, token=site.operator_auth)).status == 204
    assert (await site.get(path, token=site.b_auth)).json["name"] == "Beta two"
    assert (await site.post(f"{path}/sms", {"payload": "x"}, token=site.operator_auth)).status == 201
    body = {
        "status": {"id": 0},
        "service_profile": {"id": site.b.policy_id},
        "tariff_profile": {"id": site.b.tariff_id},
        "organisation": {"id": site.b.organisation_id},
    }
    made = await site.post("/api/v1/endpoint", body, token=site.operator_auth)
    assert (await site.get(f"/api/v1/endpoint/{made.json['id']}", token=site.b_auth)).status == 200
    assert (await site.post("/api/v1/endpoint", body | {"organisation": {"id": 999}}, token=site.operator_auth)).status == 422


async def picture(site: Site) -> list[Reply]:
    """All that A sees of what it has."""
    paths = (
        f"/api/v1/endpoint/{site.a.device_id}",
        f"/api/v1/endpoint/{site.a.device_id}/sms",
        f"/api/v1/endpoint/{site.a.device_id}/operator_blacklist",
        f"/api/v1/sim/{site.a.sim_id}",
        f"/api/v1/service_profile/{site.a.policy_id}",
        f"/api/v1/api_callback/{site.a.callback_id}",
        f"/api/v1/api_secret/{site.a.secret_id}",
        "/api/v1/application_token",
    )
    return [await site.get(path) for path in paths]
