"""/webhook and /delivery: made, changed, tested, rotated, replayed; REST hooks; lists that look as the event does."""

import json
from functools import partial
from typing import Any

import pytest

from heliograph.model.notification import Answered
from heliograph.service.manage.webhook import OVERLAP_MS
from heliograph.webhooks.egress import EgressPolicy, check_url
from tests.web.site import Site
from tests.webhooks.test_egress import HOSTILE

URL = "https://app.example.com/events"
EVERYTHING = {"url": URL, "events": ["*"]}


async def made(site: Site, **body: Any) -> dict[str, Any]:
    """A webhook of organisation A."""
    reply = await site.post("/api/v1/webhook", EVERYTHING | body)
    assert reply.status == 201, reply
    found: dict[str, Any] = reply.json
    return found


async def happens(site: Site) -> None:
    """Let events become deliveries."""
    await site.world.advance(1.1)


async def send_test(site: Site, webhook_id: int) -> dict[str, Any]:
    """Send a test, and let it happen."""
    task = site.world.spawn(site.post(f"/api/v1/webhook/{webhook_id}/test", b""))
    await site.world.advance(2)
    reply = await task
    assert reply.status == 200, reply
    found: dict[str, Any] = reply.json
    return found


def told(site: Site) -> list[tuple[str, dict[str, Any]]]:
    """What was delivered: URL and body."""
    return [(delivery.url, json.loads(delivery.body)) for _, delivery in site.world.courier.delivered]


async def test_a_webhook_is_told_what_happens_from_then_on_in_the_native_format(site: Site) -> None:
    await site.send(payload="before")
    webhook = await made(site)
    assert webhook["secret"].startswith("whsec_")
    assert (webhook["format"], webhook["status"], webhook["scope"]["type"]) == ("native", "active", "organisation")
    sms_id = await site.send(payload="after")
    await happens(site)
    events = [body for url, body in told(site) if url == URL]
    assert [each["type"] for each in events] == ["sms.accepted", "sms.delivered"]
    assert list(events[1]) == ["id", "type", "timestamp", "number", "organisation", "data"]
    assert (events[1]["data"]["id"], events[1]["data"]["payload"]) == (sms_id, "after")
    deliveries = [delivery for _, delivery in site.world.courier.delivered if delivery.url == URL]
    assert {(each.method, each.secret, each.has_token) for each in deliveries} == {("POST", webhook["secret"], False)}


async def test_the_secret_is_told_once(site: Site) -> None:
    webhook = await made(site)
    seen = (await site.get(f"/api/v1/webhook/{webhook['id']}")).json
    assert "secret" not in seen
    assert seen["has_secret"] is True
    assert webhook["secret"] not in str((await site.get("/api/v1/webhook")).json)
    assert webhook["secret"] not in (await site.get("/api/v1/audit")).body.decode()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"events": []}, "events"),
        ({"events": ["sms.recieved"]}, "events"),
        ({"events": ["device.enabled"], "format": "emnify"}, "events"),
        ({"scope": {"type": "devices"}}, "scope.endpoints"),
        ({"scope": {"type": "tags", "tags": []}}, "scope.tags"),
        ({"scope": {"endpoints": [{"id": 1}], "tags": ["a"]}}, "scope"),
        ({"parts": "separate"}, "parts"),
        ({"receipt_method": "DELETE"}, "receipt_method"),
        ({"headers": {"Host": "x"}}, "headers"),
        ({"headers": {"webhook-id": "x"}}, "headers"),
        ({"headers": {"X-Line": "a\r\nb"}}, "headers"),
        ({"ca": "no certificate"}, "ca"),
        ({"secret": ""}, "secret"),
        ({"url": "http://169.254.169.254/latest"}, "url"),
        ({"event": "sms.sent", "events": ["sms.sent"]}, "event"),
    ],
)
async def test_what_cannot_be_is_refused_with_the_field_at_fault(site: Site, body: dict[str, Any], field: str) -> None:
    reply = await site.post("/api/v1/webhook", EVERYTHING | body)
    assert reply.status == 422
    assert field in [each.get("field") for each in reply.json["errors"]]


async def test_scopes_choose_whose_events_are_told(site: Site) -> None:
    device = {"id": site.a.device_id}
    scopes: dict[str, dict[str, Any]] = {
        "organisation": {},
        "this-device": {"endpoints": [device]},
        "another-device": {"endpoints": [{"id": site.b.device_id}]},
        "its-tag": {"tags": ["meter"]},
        "another-tag": {"tags": ["mete"]},
    }
    for name, scope in scopes.items():
        await made(site, url=f"https://{name}.example.com/", events=["sms.accepted"], scope=scope)
    await site.send()
    await happens(site)
    assert {url for url, _ in told(site)} == {f"https://{name}.example.com/" for name in ("organisation", "this-device", "its-tag")}


async def test_a_policys_webhook_of_the_native_format_is_told_of_its_devices_only(site: Site) -> None:
    webhook = await made(site, scope={"service_profiles": [{"id": site.a.policy_id}]}, events=["sms.received", "sms.delivered"])
    profile = (await site.get(f"/api/v1/service_profile/{site.a.policy_id}")).json
    assert profile["api_callback"]["id"] == webhook["id"]
    assert webhook["scope"] == {
        "type": "policy", "service_profiles": [{"id": site.a.policy_id, "name": profile["name"]}], "endpoints": [], "tags": [],
    }  # fmt: skip
    await site.send()
    await happens(site)
    assert [body["type"] for _, body in told(site)] == ["sms.delivered"]
    assert (await site.delete(f"/api/v1/webhook/{webhook['id']}")).status == 409


@pytest.mark.parametrize("headers", [{}, {"headers": {"Authorization": "***"}}], ids=["left_out", "kept_by_stars"])
@pytest.mark.parametrize(
    "elsewhere",
    ["https://mine.example.com/events", "http://app.example.com/events", "https://app.example.com:8443/events"],
    ids=["host", "scheme", "port"],
)
async def test_headers_do_not_go_along_to_another_origin(site: Site, elsewhere: str, headers: dict[str, Any]) -> None:
    webhook = await made(site, headers={"Authorization": "Bearer hush"})
    path = f"/api/v1/webhook/{webhook['id']}"
    refused = await site.patch(path, {"url": elsewhere} | headers)
    assert (refused.status, [each.get("field") for each in refused.json["errors"]]) == (422, ["headers"])
    assert (await site.get(path)).json["url"] == URL


async def test_headers_are_kept_at_the_same_origin_and_given_anew_or_dropped_at_another(site: Site) -> None:
    webhook = await made(site, headers={"Authorization": "Bearer hush"})
    path = f"/api/v1/webhook/{webhook['id']}"
    assert (await site.patch(path, {"url": "https://APP.example.com:443/other"})).status == 200
    assert (await site.patch(path, {"headers": {"Authorization": "***", "X-Line": "1"}})).status == 200
    await send_test(site, webhook["id"])
    anew = {"url": "https://new.example.com/", "headers": {"Authorization": "Bearer new"}}
    assert (await site.patch(path, anew)).status == 200
    await send_test(site, webhook["id"])
    assert (await site.patch(path, {"url": "https://last.example.com/", "headers": {}})).status == 200
    await send_test(site, webhook["id"])
    assert [(delivery.url, delivery.headers) for _, delivery in site.world.courier.delivered] == [
        ("https://APP.example.com:443/other", ("Authorization: Bearer hush", "X-Line: 1")),
        ("https://new.example.com/", ("Authorization: Bearer new",)),
        ("https://last.example.com/", ()),
    ]


@pytest.mark.parametrize(
    ("address", "method"),
    [
        ("https://hooks.zapier.com/hooks/catch/1234567/abcdef/", "POST"),
        ("https://HOOKS.ZAPIER.COM:443/hooks/catch/1/a/", "POST"),
        ("https://hooks.zapier.com.example.org/hooks/catch/1/a/", "PATCH"),
        ("https://app.example.com/hooks.zapier.com/", "PATCH"),
    ],
    ids=["catch_hook", "written_otherwise", "another_host", "another_path"],
)
async def test_receipts_go_by_post_to_a_catch_hook_of_zapier_that_documents_no_patch(site: Site, address: str, method: str) -> None:
    made = await site.post("/api/v1/api_callback", {"url": address, "purpose": "SmsCallback"})
    assert (await site.get(f"/api/v1/webhook/{made.json['id']}")).json["receipt_method"] == method
    ours = await site.post("/api/v1/webhook", {"url": address, "format": "emnify"})
    assert ours.json["receipt_method"] == method
    asked = await site.post("/api/v1/webhook", {"url": address, "format": "emnify", "receipt_method": "PATCH"})
    assert asked.json["receipt_method"] == "PATCH"


async def test_an_api_callback_is_a_webhook_of_emnifys_format_and_shows_as_one(site: Site) -> None:
    seen = (await site.get(f"/api/v1/webhook/{site.a.callback_id}")).json
    assert (seen["format"], seen["scope"]["type"], seen["receipt_method"]) == ("emnify", "policy", "PATCH")
    assert seen["events"] == ["sms.received", "sms.delivered", "sms.failed", "sms.expired"]
    changed = await site.patch(f"/api/v1/webhook/{site.a.callback_id}", {"receipt_method": "PUT", "headers": {"X-Key": "k"}})
    assert (changed.json["receipt_method"], changed.json["headers"]) == ("PUT", {"X-Key": "***"})
    await happens(site)
    body = {"api_callback": {"id": site.a.callback_id}, "api_secret": {"id": site.a.secret_id}}
    assert (await site.patch(f"/api/v1/service_profile/{site.a.policy_id}", body)).status == 201
    await site.send()
    (delivery,) = [delivery for _, delivery in site.world.courier.delivered]
    assert (delivery.method, delivery.headers, delivery.has_token, delivery.secret) == ("PUT", ("X-Key: k",), True, "Alpha-secret")


async def test_the_format_cannot_be_changed(site: Site) -> None:
    webhook = await made(site)
    reply = await site.patch(f"/api/v1/webhook/{webhook['id']}", {"format": "emnify"})
    assert (reply.status, reply.json["field"]) == (409, "format")


async def test_after_a_rotation_both_secrets_sign_for_24_hours(site: Site) -> None:
    webhook = await made(site, events=["sms.accepted"], secret="the old secret")
    rotated = (await site.post(f"/api/v1/webhook/{webhook['id']}/secret/rotate", {})).json
    assert rotated["secret"].startswith("whsec_")
    await site.send()
    await happens(site)
    await site.world.jump_to(site.world.now_ms + OVERLAP_MS)
    site.a_auth = await site.auth_token(site.a.application_token)
    await site.send()
    await happens(site)
    signed = [(delivery.secret, delivery.previous_secret) for _, delivery in site.world.courier.delivered]
    assert signed == [(rotated["secret"], "the old secret"), (rotated["secret"], None)]


async def test_what_happens_after_a_rotation_is_signed_with_the_new_secret_at_once(site: Site) -> None:
    webhook = await made(site, events=["sms.accepted"], secret="the old secret")
    await site.send()
    await happens(site)  # a process that knows the webhook as it was
    rotated = (await site.post(f"/api/v1/webhook/{webhook['id']}/secret/rotate", {})).json
    await site.send()
    await site.world.advance(0.1)
    signed = [(delivery.secret, delivery.previous_secret) for _, delivery in site.world.courier.delivered]
    assert signed == [("the old secret", None), (rotated["secret"], "the old secret")]


async def test_rotating_what_a_policys_secret_signed_keeps_that_good_too(site: Site) -> None:
    body = {"api_callback": {"id": site.a.callback_id}, "api_secret": {"id": site.a.secret_id}}
    await site.patch(f"/api/v1/service_profile/{site.a.policy_id}", body)
    await site.send()
    await site.post(f"/api/v1/webhook/{site.a.callback_id}/secret/rotate", {"secret": "new"})
    await site.send()
    signed = [(delivery.secret, delivery.previous_secret) for _, delivery in site.world.courier.delivered]
    assert signed == [("Alpha-secret", None), ("new", "Alpha-secret")], "at once, with no time between"


async def test_a_policy_that_is_given_another_secret_has_both_sign_for_24_hours(site: Site) -> None:
    body = {"api_callback": {"id": site.a.callback_id}, "api_secret": {"id": site.a.secret_id}}
    await site.patch(f"/api/v1/service_profile/{site.a.policy_id}", body)
    other = (await site.post("/api/v1/api_secret", {"secret": "another secret", "purpose": "the next"})).json
    await site.patch(f"/api/v1/service_profile/{site.a.policy_id}", {"api_secret": {"id": other["id"]}})
    await site.send()
    await site.world.jump_to(site.world.now_ms + OVERLAP_MS)
    site.a_auth = await site.auth_token(site.a.application_token)
    await site.send()
    signed = [(delivery.secret, delivery.previous_secret) for _, delivery in site.world.courier.delivered]
    assert signed == [("another secret", "Alpha-secret"), ("another secret", None)]


async def test_a_secret_of_less_than_32_octets_is_taken_with_a_warning(site: Site) -> None:
    weak = await made(site, secret="short")
    assert weak["warning"] == "the secret is shorter than 32 octets: it is easier to guess"
    strong = await site.patch(f"/api/v1/webhook/{weak['id']}", {"secret": "s" * 32})
    assert "warning" not in strong.json
    assert "warning" not in await made(site)


async def test_a_second_rotation_ends_the_time_of_the_secret_before_the_last(site: Site) -> None:
    webhook = await made(site, events=["sms.accepted"], secret="the first")
    for secret in ("the second", "the third"):
        await site.post(f"/api/v1/webhook/{webhook['id']}/secret/rotate", {"secret": secret})
    await site.send()
    await happens(site)
    signed = [(delivery.secret, delivery.previous_secret) for _, delivery in site.world.courier.delivered]
    assert signed == [("the third", "the second")]


async def test_a_test_is_sent_once_and_answered_with_what_the_receiver_said(site: Site) -> None:
    webhook = await made(site)
    site.world.courier.says(Answered(500, 12, answer="no", address="192.0.2.1"))
    ended = await send_test(site, webhook["id"])
    assert (ended["status"], ended["attempts"], ended["http_status"]) == ("failed", 1, 500)
    assert ended["tries"][0]["answer"] == "no"
    assert json.loads(ended["body"])["type"] == "webhook.test"
    assert (await site.get(f"/api/v1/webhook/{webhook['id']}")).json["failures"] == 0
    assert (await send_test(site, site.a.callback_id))["status"] == "delivered"
    assert json.loads(site.world.courier.delivered[-1][1].body)["multi_part_info"]["total"] == 1


async def test_a_paused_webhook_gets_nothing_but_a_test_until_it_is_resumed(site: Site) -> None:
    webhook = await made(site, events=["sms.accepted"])
    paused = (await site.post(f"/api/v1/webhook/{webhook['id']}/pause", b"")).json
    assert paused["status"] == "paused"
    await happens(site)
    await site.send()
    await happens(site)
    assert told(site) == []
    assert (await site.get(f"/api/v1/webhook/{webhook['id']}")).json["waiting"] == 1
    assert (await send_test(site, webhook["id"]))["status"] == "delivered"
    await site.post(f"/api/v1/webhook/{webhook['id']}/resume", b"")
    await happens(site)
    assert [body["type"] for _, body in told(site)] == ["webhook.test", "sms.accepted"]


async def test_the_log_shows_each_delivery_with_its_tries_and_filters_them(site: Site) -> None:
    webhook = await made(site, events=["sms.accepted"], headers={"X-Api-Key": "hush"})
    site.world.courier.says(Answered(None, 15000, error="no answer in 15 s"), Answered(200, 5, answer="ok"))
    sent = [await site.send(payload=f"{number}") for number in range(2)]
    await happens(site)
    path = f"/api/v1/webhook/{webhook['id']}/delivery"
    listed = (await site.get(path)).json
    assert [(each["sms"]["id"], each["status"], each["error"]) for each in listed] == [
        (sent[1], "delivered", None),
        (sent[0], "retrying", "no answer in 15 s"),
    ]
    assert [each["sms"]["id"] for each in (await site.get(f"{path}?status=retrying")).json] == [sent[0]]
    assert (await site.get(f"{path}?status=failed")).json == []
    assert len((await site.get(f"{path}?endpoint_id={site.a.device_id}&type=sms.accepted&since=2027-01-15")).json) == 2
    assert (await site.get(f"{path}?endpoint_id={site.b.device_id}")).json == []
    page = await site.get(f"{path}?per_page=1")
    assert [each["sms"]["id"] for each in (await site.get(f"{path}?cursor={page.headers['x-next-cursor']}")).json] == [sent[0]]
    whole = (await site.get(f"/api/v1/delivery/{listed[0]['id']}")).json
    assert whole["request_headers"]["X-Api-Key"] == "***"
    assert whole["tries"] == [
        {
            "number": 1,
            "time": whole["tries"][0]["time"],
            "http_status": 200,
            "milliseconds": 5,
            "address": None,
            "error": None,
            "answer": "ok",
        }
    ]
    assert (await site.get(f"{path}?status=lost")).status == 422


async def test_one_is_sent_again_with_the_same_id(site: Site) -> None:
    webhook = await made(site, events=["sms.accepted"])
    await site.send()
    await happens(site)
    (delivery,) = (await site.get(f"/api/v1/webhook/{webhook['id']}/delivery")).json
    again = await site.post(f"/api/v1/delivery/{delivery['id']}/resend", b"")
    assert again.json["status"] == "waiting"
    await happens(site)
    sent = [each for _, each in site.world.courier.delivered]
    assert [(each.notification_id, each.number) for each in sent] == [(delivery["id"], 1), (delivery["id"], 2)]


async def test_all_that_failed_is_replayed_and_what_was_delivered_is_not(site: Site) -> None:
    webhook = await made(site, events=["sms.accepted"])
    await site.send(payload="delivered")
    await happens(site)
    site.world.courier.otherwise = Answered(410, 1)
    await site.send(payload="failed")
    await happens(site)
    assert (await site.get(f"/api/v1/webhook/{webhook['id']}")).json["status"] == "disabled"
    await site.send(payload="missed")
    await happens(site)
    replay = f"/api/v1/webhook/{webhook['id']}/replay?since=2027-01-15T00:00:00Z"
    assert (await site.post(replay, b"")).status == 409
    site.world.courier.otherwise = Answered(200, 1)
    resumed = (await site.post(f"/api/v1/webhook/{webhook['id']}/resume", b"")).json
    assert (resumed["status"], resumed["missed"]) == ("active", 2)
    before = len(told(site))
    assert (await site.post(replay, b"")).json == {"replayed": 2}
    await happens(site)
    assert [body["data"]["payload"] for _, body in told(site)[before:]] == ["failed", "missed"]
    assert (await site.post(replay, b"")).json == {"replayed": 0}
    assert (await site.post(f"/api/v1/webhook/{webhook['id']}/replay?since=yesterday", b"")).status == 422


async def test_a_hook_of_a_no_code_tool_is_made_once_and_removed_by_410(site: Site) -> None:
    hook = {"url": "https://hooks.example.com/1", "event": "sms.received", "kind": "zapier", "scope": {"tags": ["meter"]}}
    first = await site.post("/api/v1/webhook", hook)
    again = await site.post("/api/v1/webhook", hook)
    assert (first.status, again.status) == (201, 200)
    assert first.json["id"] == again.json["id"]
    assert "secret" not in again.json
    other = await site.post("/api/v1/webhook", hook | {"event": "sms.delivered"})
    assert (other.status, other.json["id"] != first.json["id"]) == (201, True)
    assert (await site.delete(f"/api/v1/webhook/{first.json['id']}")).status == 204
    assert (await site.delete(f"/api/v1/webhook/{first.json['id']}")).status == 404
    assert (await site.post("/api/v1/webhook", hook)).json["id"] != first.json["id"]
    site.world.courier.otherwise = Answered(410, 1)
    await site.send()
    await happens(site)
    assert (await site.get(f"/api/v1/webhook/{other.json['id']}")).status == 404


async def test_lists_as_an_event_have_exactly_its_keys_in_order_type_and_nesting(site: Site) -> None:
    await made(site, events=["*"])
    await site.send(payload="one")
    await site.send(payload="two")
    await site.patch(f"/api/v1/endpoint/{site.a.device_id}", {"status": {"id": 1}})
    await happens(site)
    for path, kind in (("sms", "sms.delivered"), ("event", "device.disabled")):
        delivered = [delivery.body for _, delivery in site.world.courier.delivered if json.loads(delivery.body)["type"] == kind]
        listed = await site.get(f"/api/v1/{path}?as_event={kind}")
        assert delivered or kind == "device.disabled"
        assert listed.body.decode() == "[" + ",".join(reversed(delivered)) + "]"
    assert len((await site.get("/api/v1/sms?as_event=sms.delivered&per_page=1")).json) == 1
    assert len((await site.get(f"/api/v1/sms?as_event=sms.delivered&endpoint_id={site.a.device_id}&tag=meter")).json) == 2
    assert (await site.get("/api/v1/sms?as_event=sms.delivered&tag=mete")).json == []
    assert (await site.get("/api/v1/sms?as_event=sms.delivered", token=site.b_auth)).json == []
    assert (await site.get("/api/v1/sms?as_event=nothing")).status == 422


async def test_others_see_nothing_of_a_webhook_and_its_deliveries(site: Site) -> None:
    webhook = await made(site, events=["sms.accepted"])
    await site.send()
    await happens(site)
    (delivery,) = (await site.get(f"/api/v1/webhook/{webhook['id']}/delivery")).json
    for path in (f"webhook/{webhook['id']}", f"webhook/{webhook['id']}/delivery", f"delivery/{delivery['id']}"):
        assert (await site.get(f"/api/v1/{path}", token=site.b_auth)).status == 404
        assert (await site.get(f"/api/v1/{path}", token=site.operator_auth)).status == 200
    for path in ("test", "pause", "resume", "secret/rotate", "replay?since=2027-01-01"):
        assert (await site.post(f"/api/v1/webhook/{webhook['id']}/{path}", b"", token=site.b_auth)).status == 404
    assert (await site.post(f"/api/v1/delivery/{delivery['id']}/resend", b"", token=site.b_auth)).status == 404


async def test_the_types_of_events_are_listed(site: Site) -> None:
    types = (await site.get("/api/v1/webhook/event_type")).json
    assert {"sms.received", "device.reachable", "webhook.disabled"} <= set(types)


async def test_no_hostile_url_is_saved(site: Site) -> None:
    site.app.context.check_url = partial(check_url, policy=EgressPolicy())
    for url in HOSTILE:
        reply = await site.post("/api/v1/webhook", {"url": url})
        assert reply.status == 422, url
        assert "url" in [each.get("field") for each in reply.json["errors"]] or "\0" in url, url
    made = await site.post("/api/v1/webhook", {"url": "https://app.example.com/x"})
    assert made.status == 201
    for url in HOSTILE:
        assert (await site.patch(f"/api/v1/webhook/{made.json['id']}", {"url": url})).status == 422, url
        assert (await site.post("/api/v1/api_callback", {"url": url, "purpose": "x"})).status == 422, url
    assert (await site.get(f"/api/v1/webhook/{made.json['id']}")).json["url"] == "https://app.example.com/x"
