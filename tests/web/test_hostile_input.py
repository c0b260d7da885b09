"""No request makes the API fail: whatever comes, the answer is a status that names whose fault it is, and never 500."""

import itertools
import json
import random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from heliograph.web.api import ROUTES
from heliograph.web.resource import Resource
from tests.core_world import World
from tests.web.site import EMPTY, Site

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "TRACE")
EDGES: list[Any] = [
    None, True, 0, -1, 1.5, 1e308, 2**31, 2**53, 2**63, -(2**63), 2**64, "", "null", "0", "\x00", "\u2028", "💧", "x" * 300, "1" * 40,
    [], {}, [None], {"id": None}, {"id": -1}, {"id": 2**63}, {"id": "x"}, {"id": 2**100}, "2027-01-16",
    "9999-12-31T23:59:59Z", "0001-01-01", "🕐", "%", "'", "\\",
]  # fmt: skip
FIELDS = (
    "id", "name", "tags", "imei", "imei_lock", "status", "service_profile", "tariff_profile", "ip_address", "ip_address_space", "sim",
    "organisation", "payload", "source_address", "source_address_type", "dest_address", "udh", "dcs", "pid", "expiry_date", "iccid",
    "imsi", "msisdn", "aliases", "bic", "model", "customer_org", "sim_status", "api_callback", "api_secret", "esme_interface_type", "url",
    "purpose", "secret", "description", "ip", "role", "application_token", "username", "password", "refresh_token",
    "apply_sms_quota", "sms_p2p_int",
    "activate",
)  # fmt: skip
PATHS = ["1", "-1", "0", "None", "9" * 30, "1.5", "%00", "x\x00y", "💧", "..", "null", " 1", "+1", "１", "1_0"]
QUERIES = [
    "", "q=", "q=:", "q=name:%00", "q=name:\x00", "q=status:9e99", "q=id:99999999999999999999999", "sort=", "sort=-", "sort=,,,",
    "page=%00", "page=-9", "per_page=9e9", "page=99999999999999999999", "q=created:9999-12-31", "q=created:0001-01-01",
    "q=name:%25%27%22--",
    "q=type:%7C", "q=from:0001-01-01", "a=b&a=c", "%ff=%ff", "q=last_updated:2027-01-15T00:00:00%2B99:99", "q=name:💧",
    "sort=id,-id,id", "q=endpoint:null", "q=xendpoint:null",
    "after=x", "after=WzEsLTJd", "after=💧", "object=9e9", "object=-1", "from=x", "until=9999-12-31", "user=" + "9" * 30,
    "link=-" + "9" * 30,
]  # fmt: skip

leaves = st.sampled_from(EDGES) | st.text(max_size=20) | st.integers() | st.floats(allow_nan=False)
fields = st.sampled_from(FIELDS)
values = st.recursive(leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(fields, inner, max_size=4), max_leaves=8)
bodies = st.dictionaries(fields, values, max_size=6) | values
seeds = st.integers(0, 3)
requests = st.tuples(
    st.sampled_from(METHODS), st.sampled_from(list(ROUTES)), st.sampled_from(PATHS), st.sampled_from(QUERIES), bodies, seeds
)


async def answers(site: Site, method: str, template: str, value: str, query: str, body: bytes) -> int:
    """Ask; the status. Fails where the answer is a fault of ours, or an error that is no JSON."""
    path = template
    for name in [part for part in template.split("/") if part.startswith("{")]:
        path = path.replace(name, value)
    reply = await site.call(method, f"{path}?{query}", body, token=site.operator_auth)
    said = f"{method} {path}?{query} {body!r}: {reply}"
    assert reply.status in {200, 201, 204, 400, 401, 403, 404, 405, 409, 422, 429}, said
    if reply.status >= 400 and reply.body:
        assert {"error_code", "error_token", "message"} <= reply.json.keys() or isinstance(reply.json, list), said
    return reply.status


def mutated(body: bytes, seed: int) -> bytes:
    """A valid body with some of its octets changed, cut or doubled."""
    chance = random.Random(seed)
    octets = bytearray(body)
    for _ in range(chance.randrange(4)):
        position = chance.randrange(len(octets) + 1)
        octets[position : position + chance.randrange(3)] = chance.choice([b"", b"\x00", b"\xff", b"{", b'"', b"\\u0000", octets[:5]])
    return bytes(octets)


def valid_bodies(site: Site) -> dict[tuple[str, str], Any]:
    """A body that each call takes, with all that it knows."""
    tenant = site.operator
    device = {
        "name": "n", "tags": "t", "imei": "35290600000001", "imei_lock": True, "status": {"id": 0},
        "service_profile": {"id": tenant.policy_id}, "tariff_profile": {"id": tenant.tariff_id}, "ip_address": "10.0.0.1",
        "ip_address_space": {"id": 1}, "sim": {"id": None},
        "organisation": {"id": tenant.organisation_id},
    }  # fmt: skip
    policy = {
        "name": "n", "description": "d", "apply_sms_quota": True, "sms_p2p_int": True, "sms_p2p_ext": False, "sms_a2p": True,
        "api_callback": {"id": tenant.callback_id}, "api_secret": {"id": tenant.secret_id}, "esme_interface_type": {"id": 1},
        "allowed_3g": False, "retail": True, "moc_callback": {"id": 1}, "breakout_region": {"id": 2}, "dns": {"id": 3}, "mt_limit": 5,
        "mo_limit": None, "mo_to_application": "all", "short_number_max_digits": 7, "application_numbers": ["1000", "42*"],
        "sender_allow_list": ["+49 170 1"], "default_source": "Meter", "on_unknown": "wait", "order": "strict",
    }  # fmt: skip
    quota = {"volume": 10, "expiry_date": "2040-01-01", "status": {"id": 1}, "threshold_percentage": 20, "auto_refill": 1}
    sms = {
        "payload": "x", "source_address": "1000", "source_address_type": {"id": 161}, "dest_address": "1", "udh": "050003CC0201", "dcs": 0,
        "pid": 0, "expiry_date": "2027-01-16",
    }  # fmt: skip
    supposed = sms | {"sms_type": {"id": 2}}
    sim = {"imsi": "901280000000001", "msisdn": "882285000000001", "aliases": ["49170000001"], "status": {"id": 1}}
    new_sim = sim | {"iccid": "8988228000000000001", "bic": "B", "model": "M", "organisation": {"id": tenant.organisation_id}}
    token = {"description": "d", "expiry_date": "2027-06-01", "ip": "10.0.0.0/8", "role": "User"}
    user = {"username": "new@example.org", "name": "n", "organisation": {"id": tenant.organisation_id}, "roles": [{"id": 2}]}
    activation = {"activationKey": "hgl_x", "password": "0" * 40, "name": "n"}
    webhook = {
        "url": "https://x.example/", "name": "n", "scope": {"type": "tags", "endpoints": [{"id": 1}], "tags": ["t"]},
        "parts": "joined", "receipt_method": "PUT", "headers": {"X-Key": "k"}, "ca": None, "secret": "s",
    }  # fmt: skip
    account = {
        "allowed_addresses": ["10.0.0.0/8"], "max_binds": 2, "window": 10, "rate": None, "deliver_window": 5, "default_coding": "gsm7",
        "coding_1": "ascii", "long_messages": "udh", "alerts": True,
    }  # fmt: skip
    device_of_user = {"fingerprint": "f", "operating_system": "o", "browser": "b", "name": "n"}
    return {
        ("POST", "/api/v1/authenticate"): {
            "username": "x",
            "password": "0" * 40,
            "fingerprint": "f",
            "mfa_token": "x",
            "code": 123456,
            "refresh_token": "x",
            "trusted_device": device_of_user,
        },
        ("POST", "/api/v1/user"): user,
        ("POST", "/api/v2/user/invitation"): user,
        ("PATCH", "/api/v1/user/{user_id}"): {"username": f"colleague@{tenant.name.lower()}.example", "name": "n", "status": {"id": 2}},
        ("PATCH", "/api/v1/user/password"): {"old_password": "0" * 40, "new_password": "1" * 40},
        ("POST", "/api/v1/user/activation"): activation,
        ("POST", "/api/v2/user/activation"): activation,
        ("POST", "/api/v1/user/mfa"): {"type": {"id": 1}, "password": "0" * 40},
        ("PATCH", "/api/v1/user/mfa/{key_id}"): {"status": {"id": 1}, "code": "123456"},
        ("POST", "/api/v1/application_token"): token,
        ("PATCH", "/api/v1/application_token/{token_id}"): {"description": "d", "status": {"id": 0}},
        ("POST", "/api/v1/endpoint"): device,
        ("PATCH", "/api/v1/endpoint/{endpoint_id}"): device,
        ("POST", "/api/v1/endpoint/{endpoint_id}/sms"): sms,
        ("POST", "/api/v1/authenticate/workspace"): {"target_organisation": {"id": tenant.organisation_id}},
        ("POST", "/api/v1/sms"): {"payload": "x", "endpoints": [{"id": 3}], "filter": {"tags": "t"}, "expiry_date": "2027-01-16"},
        ("POST", "/api/v1/sms/{sms_id}/resend"): {"expiry_date": "2027-01-16", "scheduled_at": "2027-01-16"},
        ("POST", "/api/v2/tags"): {"name": "n", "color": {"id": 1}},
        ("PATCH", "/api/v2/tags/{tag_id}"): {"name": "n", "color": {"id": 1}},
        ("POST", "/api/v2/endpoint/{endpoint_id}/tags"): {"id": 1},
        ("POST", "/api/v2/endpoint/multi"): {name: device[name] for name in ("status", "service_profile", "tariff_profile")}
        | {"endpoints": [{name: device[name] for name in ("name", "tags", "imei", "imei_lock", "ip_address")}]},
        ("PATCH", "/api/v2/endpoint/multi"): [{name: value for name, value in device.items() if name != "organisation"} | {"id": 3}],
        ("DELETE", "/api/v2/endpoint/multi"): [{"id": 99}],
        ("DELETE", "/api/v1/sim/multi"): [{"id": 99}],
        ("POST", "/api/v1/organisation"): {"name": "n", "default_source": "1000"},
        ("PATCH", "/api/v1/organisation/{organisation_id}"): {"name": "n", "default_source": None},
        ("POST", "/api/v1/sim"): new_sim,
        ("PATCH", "/api/v1/sim/{sim_id}"): sim | {"customer_org": {"id": tenant.organisation_id}},
        ("PATCH", "/api/v1/sim_batch/bic/{bic}"): {"sim_status": {"id": 1}, "id": 1},
        ("POST", "/api/v1/service_profile"): policy,
        ("PATCH", "/api/v1/service_profile/{profile_id}"): policy,
        ("POST", "/api/v1/endpoint/{endpoint_id}/quota/sms"): quota,
        ("PATCH", "/api/v1/endpoint/{endpoint_id}/quota/sms"): quota,
        ("POST", "/api/v1/endpoint/{endpoint_id}/sms/explain"): supposed,
        ("POST", "/api/v1/service_profile/{profile_id}/explain"): supposed,
        ("POST", "/api/v1/tariff_profile"): {"name": "n", "description": "d"},
        ("PATCH", "/api/v1/tariff_profile/{tariff_id}"): {"name": "n", "description": None},
        ("POST", "/api/v1/api_callback"): {"url": "https://x.example/", "purpose": "p"},
        ("POST", "/api/v1/api_secret"): {"secret": "s", "purpose": "p"},
        ("POST", "/api/v1/webhook"): webhook | {"format": "emnify", "event": "sms.received", "kind": "zapier"},
        ("PATCH", "/api/v1/webhook/{webhook_id}"): webhook | {"events": ["*"]},
        ("POST", "/api/v1/webhook/{webhook_id}/secret/rotate"): {"secret": "s"},
        ("POST", "/api/v1/link"): {"name": "n", "kind": "smpp", "settings": {"host": "127.0.0.1", "window": 1}, "enabled": False},
        ("PATCH", "/api/v1/link/{link_id}"): {"name": "n", "settings": {"window": None}, "enabled": False},
        ("POST", "/api/v1/link/{link_id}/check"): {"send_to": None, "try_all": True},
        ("POST", "/api/v1/route"): {"kind": "prefix", "value": "88228", "links": [{"id": 1}], "position": 1},
        ("PUT", "/api/v1/route/{route_id}"): {"kind": "tag", "value": "roof", "links": [{"id": 1}], "position": 1},
        ("POST", "/api/v1/smpp_account"): {"service_profile": {"id": tenant.policy_id}} | account,
        ("PATCH", "/api/v1/smpp_account/{system_id}"): {"status": {"id": 0}} | account,
        ("POST", "/api/v1/technician_link"): {"endpoint": {"id": 3}, "description": "d", "expiry_date": "2027-01-16"},
        ("POST", "/api/v1/simulator/endpoint/{endpoint_id}/mo"): {"payload": "x", "dest_address": "1000", "dcs": 0, "udh": ""},
        ("POST", "/api/v1/simulator/mt"): {"payload": "x", "source_address": "1", "dest_address": "2"},
    }


async def test_no_value_in_any_field_of_any_call_makes_it_fail(site: Site) -> None:
    for (method, template), body in valid_bodies(site).items():
        item = body[0] if isinstance(body, list) else body
        for field, value in itertools.product(item, EDGES):
            changed = item | {field: value}
            await answers(site, method, template, "3", "", json.dumps([changed] if isinstance(body, list) else changed).encode())
        for value in EDGES:
            await answers(site, method, template, "3", "", json.dumps(value).encode())


async def test_every_call_with_a_body_is_tried(site: Site) -> None:
    with_body = {(method, template) for template, resource in ROUTES.items() for method in resource.handlers if method in ("POST", "PATCH")}
    unread = {
        ("PATCH", "/api/v1/endpoint/{endpoint_id}/connectivity"),
        ("POST", "/api/v1/endpoint/{endpoint_id}/reachable"),
        ("POST", "/api/v1/link/{link_id}/start"),
        ("POST", "/api/v1/link/{link_id}/stop"),
        ("POST", "/api/v1/link/{link_id}/trace"),
        ("POST", "/api/v1/smpp_account/{system_id}/password"),
        ("POST", "/api/v1/user/{user_id}/password_link"),
        ("POST", "/api/v1/webhook/{webhook_id}/pause"),
        ("POST", "/api/v1/webhook/{webhook_id}/resume"),
        ("POST", "/api/v1/webhook/{webhook_id}/test"),
        ("POST", "/api/v1/webhook/{webhook_id}/replay"),
        ("POST", "/api/v1/delivery/{delivery_id}/resend"),
    }
    assert with_body - valid_bodies(site).keys() == unread, "a body that is read"


async def test_no_path_and_no_query_makes_any_call_fail(site: Site) -> None:
    for template, resource in ROUTES.items():
        if not isinstance(resource, Resource):
            continue
        for value in PATHS:
            await answers(site, "GET", template, value, "", b"")
            await answers(site, "DELETE", template, value, "", b"")
        for query in QUERIES:
            await answers(site, "GET", template, "1", query, b"")


@given(requests=st.lists(requests, min_size=1, max_size=30))
@settings(max_examples=20)
async def test_no_request_makes_the_api_fail(tmp_path_factory: Any, requests: list[Any]) -> None:
    url = str(tmp_path_factory.mktemp("hostile") / "heliograph.db")
    async with World(url, EMPTY) as world:
        site = Site(world)
        await site.open()
        for method, template, value, query, body, seed in requests:
            await answers(
                site, method, template, value, query, mutated(json.dumps(body).encode(), seed) if seed else json.dumps(body).encode()
            )
