"""No call of one organisation sees, changes or names what is another's, whatever id it guesses; an Observer changes nothing.

All of it walks the table of routes. A new route is covered without being named here, if its variables stand in `ids_of` and the body of
a writing one in `BODIES`; where they do not, the test that needs them fails and names the route.
"""

import itertools
import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from heliograph.model.account import Role
from heliograph.model.permission import Right
from heliograph.service.access import new_application_token
from heliograph.service.password import sha1_hex
from heliograph.store import account as account_store
from heliograph.web.api import ROUTES
from heliograph.web.resource import Resource
from heliograph.web.rights import right_of
from tests.web.site import PASSWORD, Reply, Site, Tenant

OPEN = (
    "/api/v1/authenticate",
    "/api/v1/user/activation",
    "/api/v2/user/activation",
    "/health/live",
    "/health/ready",
    "/metrics",
    "/api/openapi.json",
    "/api/docs",
    "/api/docs/{file}",
)
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
NOBODYS = 1_999_999_999
"""An id of nothing."""
BY_SIMULATOR = "/api/v1/simulator/"
"""No simulator runs here, so these are 404 for all: tests/flows asks them."""


class Ref(NamedTuple):
    """In a body: the id, by its name in `ids_of`, of the organisation that the test is about."""

    name: str


DEVICE = {"status": {"id": 0}, "service_profile": {"id": Ref("profile_id")}, "tariff_profile": {"id": Ref("tariff_id")}}
BODIES: dict[tuple[str, str], Any] = {
    ("POST", "/api/v1/application_token"): {"description": "another"},
    ("PATCH", "/api/v1/application_token/{token_id}"): {"description": "changed"},
    ("POST", "/api/v1/user"): {"username": "new@example.org", "name": "New", "organisation": {"id": Ref("organisation_id")}},
    ("POST", "/api/v2/user/invitation"): {"username": "new@example.org", "organisation": {"id": Ref("organisation_id")}},
    ("PATCH", "/api/v1/user/{user_id}"): {"name": "changed"},
    ("POST", "/api/v1/user/{user_id}/password_link"): {},
    ("PATCH", "/api/v1/user/password"): {"old_password": "0" * 40, "new_password": "1" * 40},
    ("POST", "/api/v1/user/mfa"): {"password": "0" * 40},
    ("PATCH", "/api/v1/user/mfa/{key_id}"): {"code": "123456"},
    ("POST", "/api/v1/authenticate/workspace"): {"target_organisation": {"id": Ref("organisation_id")}},
    ("POST", "/api/v1/api_callback"): {"url": "https://new.example/sms", "purpose": "x"},
    ("POST", "/api/v1/api_secret"): {"secret": "s3cret", "purpose": "x"},
    ("POST", "/api/v1/endpoint"): DEVICE | {"name": "new", "organisation": {"id": Ref("organisation_id")}},
    ("PATCH", "/api/v1/endpoint/{endpoint_id}"): {
        "name": "changed",
        "service_profile": {"id": Ref("profile_id")},
        "tariff_profile": {"id": Ref("tariff_id")},
        "sim": {"id": Ref("sim_id")},
    },
    ("PATCH", "/api/v1/endpoint/{endpoint_id}/connectivity"): {"location": None},
    ("POST", "/api/v1/endpoint/{endpoint_id}/reachable"): {},
    ("POST", "/api/v1/endpoint/{endpoint_id}/sms"): {"payload": "x"},
    ("PATCH", "/api/v1/organisation/{organisation_id}"): {"name": "Renamed"},
    ("POST", "/api/v1/sms"): {"payload": "x", "filter": {"service_profile": {"id": Ref("profile_id")}}},
    ("POST", "/api/v1/sms/{sms_id}/resend"): {},
    ("PATCH", "/api/v1/sim/{sim_id}"): {"status": {"id": 2}},
    ("PATCH", "/api/v1/sim_batch/bic/{bic}"): {"sim_status": {"id": 1}},
    ("DELETE", "/api/v1/sim/multi"): [{"id": Ref("sim_id")}],
    ("POST", "/api/v2/endpoint/multi"): DEVICE | {"organisation": {"id": Ref("organisation_id")}, "endpoints": [{"name": "new"}]},
    ("PATCH", "/api/v2/endpoint/multi"): [
        {"id": Ref("endpoint_id"), "service_profile": {"id": Ref("profile_id")}, "sim": {"id": Ref("sim_id")}}
    ],
    ("DELETE", "/api/v2/endpoint/multi"): [{"id": Ref("endpoint_id")}],
    ("POST", "/api/v2/tags"): {"name": "new"},
    ("PATCH", "/api/v2/tags/{tag_id}"): {"name": "changed"},
    ("POST", "/api/v2/endpoint/{endpoint_id}/tags"): {"id": Ref("tag_id")},
    ("POST", "/api/v1/service_profile"): {"name": "new"},
    ("PATCH", "/api/v1/service_profile/{profile_id}"): {
        "name": "changed",
        "api_callback": {"id": Ref("callback_id")},
        "api_secret": {"id": Ref("secret_id")},
    },
    ("POST", "/api/v1/endpoint/{endpoint_id}/quota/sms"): {
        "volume": 5,
        "expiry_date": "2040-01-01",
        "status": {"id": 1},
        "threshold_percentage": 10,
    },
    ("PATCH", "/api/v1/endpoint/{endpoint_id}/quota/sms"): {"volume": 5},
    ("POST", "/api/v1/endpoint/{endpoint_id}/sms/explain"): {"payload": "x"},
    ("POST", "/api/v1/service_profile/{profile_id}/explain"): {"payload": "x"},
    ("POST", "/api/v1/smpp_account"): {"max_binds": 4},
    ("PATCH", "/api/v1/smpp_account/{system_id}"): {"rate": 5, "alerts": True},
    ("POST", "/api/v1/smpp_account/{system_id}/password"): {},
    ("POST", "/api/v1/webhook"): {
        "url": "https://new.example/x",
        "events": ["*"],
        "scope": {"service_profiles": [{"id": Ref("profile_id")}]},
    },
    ("PATCH", "/api/v1/webhook/{webhook_id}"): {"name": "changed", "headers": {"X-Key": "k"}},
    ("POST", "/api/v1/webhook/{webhook_id}/secret/rotate"): {},
    ("POST", "/api/v1/webhook/{webhook_id}/pause"): {},
    ("POST", "/api/v1/webhook/{webhook_id}/resume"): {},
    ("POST", "/api/v1/webhook/{webhook_id}/test"): {},
    ("POST", "/api/v1/webhook/{webhook_id}/replay"): {},
    ("POST", "/api/v1/delivery/{delivery_id}/resend"): {},
    ("POST", "/api/v1/tariff_profile"): {"name": "new"},
    ("PATCH", "/api/v1/tariff_profile/{tariff_id}"): {"name": "changed"},
    ("POST", "/api/v1/technician_link"): {"endpoint": {"id": Ref("endpoint_id")}, "description": "Anna"},
}
NOT_OURS_TO_DO = {
    ("POST", "/api/v1/sim"),
    ("POST", "/api/v1/organisation"),
    ("DELETE", "/api/v1/organisation/{organisation_id}"),
    ("POST", "/api/v1/link"),
    ("GET", "/api/v1/link/{link_id}"),
    ("PATCH", "/api/v1/link/{link_id}"),
    ("DELETE", "/api/v1/link/{link_id}"),
    ("POST", "/api/v1/link/{link_id}/start"),
    ("POST", "/api/v1/link/{link_id}/stop"),
    ("POST", "/api/v1/link/{link_id}/check"),
    ("POST", "/api/v1/link/{link_id}/trace"),
    ("GET", "/api/v1/link_preset"),
    ("GET", "/api/v1/route"),
    ("POST", "/api/v1/route"),
    ("PUT", "/api/v1/route/{route_id}"),
    ("DELETE", "/api/v1/route/{route_id}"),
    ("PUT", "/api/v1/link/{link_id}/organisation/{organisation_id}"),
    ("DELETE", "/api/v1/link/{link_id}/organisation/{organisation_id}"),
    ("GET", "/api/v1/unmatched_inbound"),
    ("GET", "/api/v1/unmatched_receipt"),
}
"""What only the operator does here, where there are several organisations."""


def ids_of(tenant: Tenant, message_id: int) -> dict[str, Any]:
    """The variables of routes, with what the organisation has."""
    return {
        "organisation_id": tenant.organisation_id,
        "endpoint_id": tenant.device_id,
        "sms_id": message_id,
        "sim_id": tenant.sim_id,
        "profile_id": tenant.policy_id,
        "callback_id": tenant.callback_id,
        "secret_id": tenant.secret_id,
        "tariff_id": tenant.tariff_id,
        "token_id": tenant.token_id,
        "bic": f"BIC-{tenant.name}",
        "file": "docs.css",
        "operator_id": 262001,
        "link_id": 1,
        "route_id": 1,
        "tag_id": tenant.tag_id,
        "service_id": 38,
        "limit_id": 506,
        "user_id": tenant.user_id,
        "key_id": tenant.key_id,
        "trusted_device_id": tenant.trusted_device_id,
        "webhook_id": tenant.callback_id,
        "delivery_id": tenant.delivery_id,
        "role_id": 3,
        "system_id": f"pol_{tenant.policy_id}",
        "technician_link_id": tenant.technician_link_id,
    }


SHARED = {"operator_id", "link_id", "route_id", "service_id", "limit_id", "role_id"}
"""Variables that name what is nobody's own."""


def handlers_of(resource: Any) -> Any:
    """The methods that a resource knows."""
    return getattr(resource, "handlers", None) or resource._handlers


CALLS = [
    (method, template)
    for template, method in itertools.product(ROUTES, METHODS)
    if isinstance(ROUTES[template], Resource) and method in handlers_of(ROUTES[template])
]
WRITES = [(method, template) for method, template in CALLS if method != "GET"]


def variables(template: str) -> list[str]:
    return [part.strip("{}") for part in template.split("/") if part.startswith("{")]


OF_SOMETHING = [(method, template) for method, template in CALLS if set(variables(template)) - SHARED and BY_SIMULATOR not in template]


def references(body: Any) -> Iterator[Ref]:
    """Every reference in a body, in its order."""
    if isinstance(body, Ref):
        yield body
    elif isinstance(body, dict | list):
        for inner in body.values() if isinstance(body, dict) else body:
            yield from references(inner)


def with_ids(body: Any, ids: Iterator[Any]) -> Any:
    """A body with its references replaced, in their order."""
    if isinstance(body, Ref):
        return next(ids)
    if isinstance(body, dict):
        return {name: with_ids(inner, ids) for name, inner in body.items()}
    return [with_ids(inner, ids) for inner in body] if isinstance(body, list) else body


REFERRING = [
    (method, template, number) for (method, template), body in BODIES.items() for number, _ in enumerate(references(body))
]  # fmt: skip


class Neighbours:
    """A and B, each with a message, and how B asks."""

    def __init__(self, site: Site, a_message: int, b_message: int) -> None:
        self.site = site
        self.a, self.b = ids_of(site.a, a_message), ids_of(site.b, b_message)
        self.nobody = {name: "BIC-Nobody" if name == "bic" else NOBODYS for name in self.a} | {name: self.a[name] for name in SHARED}

    async def ask(self, method: str, template: str, path: dict[str, Any], body: dict[str, Any] | list[Any] | None, token: str) -> Reply:
        limited = {"service_id": 6} if "{limit_id}" in template else {}
        return await self.site.call(method, template.format(**(path | limited)), body, token=token)

    def body(self, method: str, template: str, ids: dict[str, Any], only: int | None = None) -> Any:
        """The body of a call with `ids` in its references, or only in one of them and B's own in the others."""
        body = BODIES.get((method, template))
        wanted = (ids if only in (None, number) else self.b for number, _ in enumerate(references(body)))
        return with_ids(body, iter([each[ref.name] for each, ref in zip(wanted, references(body), strict=True)]))


@pytest.fixture
async def neighbours(site: Site) -> Neighbours:
    """A and B, each with a message."""
    return await settled(site)


async def settled(site: Site) -> Neighbours:
    """Have A and B each send a message."""
    quota = {"volume": 9, "expiry_date": "2040-01-01", "status": {"id": 1}, "threshold_percentage": 10}
    for tenant, token in ((site.a, site.a_auth), (site.b, site.b_auth)):
        assert (await site.post(f"/api/v1/endpoint/{tenant.device_id}/quota/sms", quota, token=token)).status == 201
    first = await site.send()
    reply = await site.post(f"/api/v1/endpoint/{site.b.device_id}/sms", {"payload": "of Beta"}, token=site.b_auth)
    await site.world.settle()
    return Neighbours(site, first, int(reply.headers["location"].rsplit("/", 1)[1]))


def test_every_variable_and_every_body_of_a_route_is_known_here() -> None:
    known = set(ids_of(Tenant("x", *range(8), "", ""), 0))
    assert [template for template in ROUTES if set(variables(template)) - known] == [], "add what these name to `ids_of`"
    needed = {call for call in WRITES if call[0] in ("POST", "PATCH") and BY_SIMULATOR not in call[1]} - NOT_OURS_TO_DO
    assert sorted(needed - set(BODIES)) == [], "add a body that is accepted to `BODIES`"


def test_every_resource_but_the_open_ones_needs_an_auth_token() -> None:
    assert {template for template, resource in ROUTES.items() if not isinstance(resource, Resource)} == set(OPEN)


async def test_nobody_gets_nothing_by_any_call(site: Site) -> None:
    for method, template in CALLS:
        reply = await site.call(method, template.format(**ids_of(site.a, 1)), {}, token=None)
        assert reply.status == 401, f"{method} {template}"


@pytest.mark.parametrize(("method", "template"), OF_SOMETHING)
async def test_what_is_anothers_answers_like_what_is_nobodys(neighbours: Neighbours, method: str, template: str) -> None:
    site, body = neighbours.site, neighbours.body(method, template, neighbours.b)
    before = await picture(site)
    anothers = await neighbours.ask(method, template, neighbours.a, body, site.b_auth)
    assert await picture(site) == before
    nobodys = await neighbours.ask(method, template, neighbours.nobody, body, site.b_auth)
    assert told(anothers, neighbours.a) == told(nobodys, neighbours.nobody)
    assert anothers.status >= 400 or anothers.json == []
    if len(variables(template)) > 1:
        mixed = neighbours.b | {variables(template)[-1]: neighbours.a[variables(template)[-1]]}
        missing = neighbours.b | {variables(template)[-1]: neighbours.nobody[variables(template)[-1]]}
        if variables(template)[-1] not in SHARED:
            found = await neighbours.ask(method, template, mixed, body, site.b_auth)
            assert told(found, mixed) == told(await neighbours.ask(method, template, missing, body, site.b_auth), missing)
            assert await picture(site) == before


@pytest.mark.parametrize(("method", "template", "number"), REFERRING)
async def test_what_is_anothers_cannot_be_referred_to(neighbours: Neighbours, method: str, template: str, number: int) -> None:
    site = neighbours.site
    before = await picture(site)
    replies = []
    for ids in (neighbours.a, neighbours.nobody):
        reply = await neighbours.ask(method, template, neighbours.b, neighbours.body(method, template, ids, number), site.b_auth)
        assert reply.status >= 400
        replies.append(told(reply, ids))
    assert replies[0] == replies[1]
    assert await picture(site) == before


@pytest.mark.parametrize(("method", "template"), [call for call in CALLS if BY_SIMULATOR not in call[1] and call not in NOT_OURS_TO_DO])
async def test_what_is_ones_own_is_there_by_every_call(neighbours: Neighbours, method: str, template: str) -> None:
    """What the tests above find refused is not refused for another reason. What users do for themselves is in tests of its own."""
    if right_of(method, template) is Right.OWN_ACCOUNT and "/user/" in template:
        return
    body = neighbours.body(method, template, neighbours.a)
    reply = await neighbours.ask(method, template, neighbours.a, body, neighbours.site.a_auth)
    if reply.status == 403 and "for users" in reply.body.decode():
        who = {"username": neighbours.site.a.email, "password": sha1_hex(PASSWORD)}
        token = (await neighbours.site.post("/api/v1/authenticate", who, token=None)).json["auth_token"]
        reply = await neighbours.ask(method, template, neighbours.a, body, token)
    is_in_use = method == "DELETE" and reply.status in (403, 404, 409) and "not found" not in reply.body.decode()
    assert reply.status in (200, 201, 204) or is_in_use, reply


async def test_a_list_holds_only_what_is_ones_own(site: Site) -> None:
    await site.send()
    await site.patch(f"/api/v1/endpoint/{site.a.device_id}", {"status": {"id": 1}})
    assert (await site.get("/api/v1/endpoint?q=name:Alpha", token=site.b_auth)).json == []
    ids = {f"{name}:{value}" for name, value in ids_of(site.a, 1).items() if name != "bic"}
    queries = (f"?q=id:{site.a.device_id}", "?q=iccid:89&sort=-id", "?per_page=1&page=2", *(f"?q={each}" for each in ids))
    for template in [each[1] for each in CALLS if each[0] == "GET" and "{" not in each[1] and each not in NOT_OURS_TO_DO]:
        reply = await site.get(template, token=site.b_auth)
        assert reply.status == 200, template
        assert "lpha" not in reply.body.decode(), template
        for query in queries:
            assert "lpha" not in (await site.get(template + query, token=site.b_auth)).body.decode(), template + query


@pytest.mark.parametrize(("method", "template"), WRITES)
async def test_an_observer_changes_nothing_by_any_call(neighbours: Neighbours, method: str, template: str) -> None:
    site = neighbours.site
    if right_of(method, template) is Right.OWN_ACCOUNT:
        return
    token, token_hash = new_application_token()
    await site.world.database.write(account_store.insert_token, site.a.organisation_id, token_hash, Role.OBSERVER, site.world.now_ms)
    observer = await site.auth_token(token)
    before = await picture(site)
    reply = await neighbours.ask(method, template, neighbours.a, neighbours.body(method, template, neighbours.a), observer)
    assert reply.status == 403, reply
    assert await picture(site) == before


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


def told(reply: Reply, ids: dict[str, Any]) -> tuple[int, str]:
    """What an answer tells, apart from the ids that were asked for."""
    text = reply.body.decode()
    for value in sorted({str(value) for name, value in ids.items() if name not in SHARED}, key=len, reverse=True):
        text = text.replace(f"'{value}'", "'?'").replace(f'"{value}"', '"?"').replace(f" {value}", " ?")
    return reply.status, text


# These change with everybody's calls, or say nothing of anybody.
PASSING = {"id_counter", "node", "link_lease", "login_failure", "feed", "schema_version", "signing_key"}


async def picture(site: Site) -> str:
    """Every row of the database that is not B's, also of tables that are new; it does not ask the API, which could hide what it did."""
    import sqlite3  # noqa: PLC0415

    with sqlite3.connect(site.world.url) as connection:
        rows = {}
        for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"):
            if table in PASSING:
                continue
            cursor = connection.execute(f"SELECT * FROM {table}")
            names = [column[0] for column in cursor.description]
            place = names.index("organisation_id") if "organisation_id" in names else None
            rows[table] = [row for row in cursor if place is None or row[place] != site.b.organisation_id]
    return json.dumps(rows, default=str, indent=1)
