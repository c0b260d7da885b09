"""Webhooks in the portal: seen with how they fare, tested, paused, rotated, replayed; each delivery looked into and sent again."""

import asyncio
import re
from typing import Any

from heliograph.model.notification import Answered
from heliograph.service.webhook_glance import HOUR_MS, glance_of
from heliograph.store.webhook_glance import Tried
from tests.web.portal.visitor import Visitor, words
from tests.web.site import Reply, Site

URL = "https://app.example.com/events"
FORM = {
    "url": URL,
    "name": "Control room",
    "format": "native",
    "scope": "organisation",
    "tags": "",
    "events": ["sms.received", "sms.delivered"],
}


async def made(admin: Visitor) -> str:
    """Where the new webhook's page is."""
    page = await admin.post("/webhooks", FORM)
    assert page.status == 200, words(page)
    return place(page)


def place(page: Reply) -> str:
    """The path of the webhook that a page is about."""
    found = re.search(r'action="(/webhooks/[0-9]+)/test"', page.text)
    assert found is not None
    return found[1]


async def happens(site: Site, waiting: Any) -> Reply:
    """Let a form be answered that waits for a delivery."""
    task: asyncio.Task[Reply] = site.world.spawn(waiting)
    await site.world.advance(2)
    return await task


async def test_a_webhook_is_made_and_its_secret_shown_once(admin: Visitor) -> None:
    assert "No webhooks" not in words(await admin.get("/webhooks"))  # the site has one of emnify's kind
    page = await admin.post("/webhooks", FORM)
    secret = page.text.split('data-copy="whsec_')[1].split('"')[0]
    where = place(page)
    assert secret not in (await admin.get(where)).text
    listed = words(await admin.get("/webhooks"))
    assert "Control room app.example.com sms.received sms.delivered native format not called – Active" in listed
    assert "beta" not in listed.lower()


async def test_what_is_not_taken_is_said_with_what_was_typed(admin: Visitor) -> None:
    for wrong in ({"url": "http://169.254.169.254/x"}, {"url": "ftp://app.example.com"}, {"events": []}):
        page = await admin.post("/webhooks", FORM | wrong)
        assert (page.status, "Control room" in page.text) == (422, True), wrong


async def test_a_test_says_what_was_answered(admin: Visitor, site: Site) -> None:
    where = await made(admin)
    assert "The test was answered 204" in words(await happens(site, admin.post(f"{where}/test")))
    site.world.courier.says(Answered(500, 3, error="the receiver failed; its own log says why"))
    assert "The test failed: 500, the receiver failed; its own log says why." in words(await happens(site, admin.post(f"{where}/test")))
    site.world.courier.says(Answered(None, 3, error="the connection was refused"))
    assert "The test failed: the connection was refused." in words(await happens(site, admin.post(f"{where}/test")))


async def test_the_log_is_filtered_and_each_delivery_is_looked_into_and_sent_again(admin: Visitor, site: Site) -> None:
    where = await made(admin)
    site.world.courier.says(Answered(500, 12, answer="<b>out of order</b>"))
    await happens(site, admin.post(f"{where}/test"))
    await happens(site, admin.post(f"{where}/test"))
    page = await admin.get(where)
    assert words(page).count("webhook.test") == 2 + words(page).count("link.fault webhook.disabled webhook.test")
    failed = await admin.get(f"{where}?show=failed")
    assert failed.text.count("/deliveries/") == 1
    assert re.search(r"webhook.test POST – 500 12 1/11 Failed", words(failed))
    delivery = "/deliveries/" + failed.text.split("/deliveries/")[1].split('"')[0]
    looked = await admin.get(delivery)
    assert "<b>out of order" not in looked.text
    assert "500 in 12 ms, try 1 of 11" in words(looked)
    assert '"text": "A test from Heliograph' in words(looked)
    assert "webhook-signature: *** As the settings of the webhook are now" in words(looked)
    assert "It goes out once more." in words(await admin.follow(await admin.post(f"{delivery}/resend")))
    await site.world.advance(2)
    assert "Delivered" in words(await admin.get(delivery))


async def test_what_fails_shows_as_failing_with_the_reason_and_the_device(admin: Visitor, site: Site) -> None:
    where = await made(admin)
    site.world.courier.says(Answered(500, 12, error="the receiver failed; its own log says why"))
    await site.post(f"/api/v1/endpoint/{site.a.device_id}/sms", {"payload": "hello"})
    await site.world.advance(2)
    page = words(await admin.get(where))
    device = (await site.get(f"/api/v1/endpoint/{site.a.device_id}")).json["name"]
    assert re.search(rf"sms.delivered POST, SMS \d+ {device} 500 12 1/11 Retrying the receiver failed", page)
    assert "The last try failed: the receiver failed; its own log says why." in page
    assert "Failing" in words(await admin.get("/webhooks"))


async def test_it_is_paused_resumed_rotated_replayed_and_deleted(admin: Visitor, site: Site) -> None:
    where = await made(admin)
    assert "Paused" in words(await admin.follow(await admin.post(f"{where}/switch", {"to": "pause"})))
    assert "Resumed." in words(await admin.follow(await admin.post(f"{where}/switch", {"to": "resume"})))
    rotated = await admin.post(f"{where}/rotate")
    assert 'data-copy="whsec_' in rotated.text
    assert "the one before until" in words(rotated)
    assert "0 deliveries go out again." in words(await admin.follow(await admin.post(f"{where}/replay", {"since": "2026-01-01T00:00"})))
    assert (await admin.post(f"{where}/replay", {"since": "yesterday"})).status == 422
    assert "Deleted the webhook." in words(await admin.follow(await admin.post(f"{where}/delete")))


async def test_settings_are_saved_and_one_of_a_policy_is_not_deleted(admin: Visitor, site: Site) -> None:
    where = await made(admin)
    await admin.post(where, {"url": URL, "name": "Night shift", "events": ["sms.failed"]})
    found = next(each for each in (await site.get("/api/v1/webhook")).json if each["name"] == "Night shift")
    assert found["events"] == ["sms.failed"]
    body = {"api_callback": {"id": site.a.callback_id}}
    assert (await site.patch(f"/api/v1/service_profile/{site.a.policy_id}", body)).status == 201
    refused = await admin.post(f"/webhooks/{site.a.callback_id}/delete")
    assert refused.status == 409


async def test_a_zapier_hook_of_a_policy_gets_receipts_by_post_and_is_tested_there(admin: Visitor, site: Site) -> None:
    form = {
        "name": "Trackers",
        "mo": "1",
        "mt": "1",
        "sms_a2p": "1",
        "interface": "webhook",
        "url": "https://hooks.zapier.com/hooks/catch/1/a",
    }
    where = f"/policies/{site.a.policy_id}"
    assert (await admin.post(where, form)).status == 303
    callback_id = (await site.get(f"/api/v1/service_profile/{site.a.policy_id}")).json["api_callback"]["id"]
    assert (await site.get(f"/api/v1/webhook/{callback_id}")).json["receipt_method"] == "POST"
    assert "The test was answered 204" in words(await happens(site, admin.post(f"{where}/test")))


async def test_secret_headers_do_not_go_along_to_another_address(admin: Visitor, site: Site) -> None:
    where = await made(admin)
    headers = {"Authorization": "Bearer hush"}
    assert (await site.patch(f"/api/v1{where.replace('webhooks', 'webhook')}", {"headers": headers})).status == 200
    page = await admin.post(where, FORM | {"url": "https://mine.example.com/"})
    assert page.status == 422
    assert "Its headers (Authorization) do not go along to another scheme, host or port" in words(page)
    assert (await admin.post(where, FORM | {"url": "https://app.example.com/other"})).status == 303


async def test_an_observer_sees_and_changes_nothing(admin: Visitor, observer: Visitor) -> None:
    where = await made(admin)
    page = await observer.get(where)
    assert page.status == 200
    assert not any(each in words(page) for each in ("Send test", "Pause", "Rotate secret", "Replay", "Settings"))


async def test_anothers_webhook_is_not_there(admin: Visitor, site: Site) -> None:
    assert (await admin.get(f"/webhooks/{site.b.callback_id}")).status == 404


def test_a_glance_counts_by_the_hour_and_knows_the_slow_ones() -> None:
    tries = [Tried(5 * HOUR_MS + number, 10 * number, 200 if number > 5 else 500) for number in range(1, 101)]
    glance = glance_of([*tries, Tried(4 * HOUR_MS, 9, None), Tried(999 * HOUR_MS, 9, 200)], 4)
    assert glance.hours[:2] == ((0, 1), (95, 5))
    assert (glance.tries, glance.p95_ms) == (101, 950)
    assert glance_of([], 4).share is None
