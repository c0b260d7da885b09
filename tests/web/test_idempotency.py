"""Idempotency-Key: a send with a key happens once, and whoever brings it again is told what the first was told."""

import asyncio
from typing import Any

import pytest

from tests.web.site import HttpSettings, Reply, Settings, Site

DAY = 86_400


async def send(site: Site, key: str, *, token: str = "A", device: int | None = None, **body: Any) -> Reply:
    path = f"/api/v1/endpoint/{device or site.a.device_id}/sms"
    return await site.post(path, {"payload": "hello"} | body, token=token, headers={"Idempotency-Key": key})


def count(site: Site) -> int:
    return int(site.world.rows("SELECT count(*) AS n FROM message")[0].n)


def keys(site: Site) -> int:
    return int(site.world.rows("SELECT count(*) AS n FROM idempotency_key")[0].n)


async def test_a_key_brought_again_repeats_the_answer_and_sends_nothing(site: Site) -> None:
    first = await send(site, "k")
    again = await send(site, "k")
    assert first.status == again.status == 201
    assert again.body == first.body == b""
    assert again.headers["location"] == first.headers["location"]
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert {name: value for name, value in again.headers.items() if name != "idempotency-replayed"} == first.headers
    assert count(site) == 1


async def test_the_answer_is_repeated_as_it_was_given_whatever_the_request_says_now(site: Site) -> None:
    first = await send(site, "k")
    path = f"/api/v1/endpoint/{site.a.device_id}/sms"
    again = await site.post(path, {"payload": "hello"}, headers={"Idempotency-Key": "k", "Host": "other.example"})
    assert again.headers["location"] == first.headers["location"]


@pytest.mark.parametrize("change", [{"payload": "hello!"}, {"dcs": 8}, {"device": 2}])
async def test_another_request_under_the_same_key_is_422_and_says_so(site: Site, change: dict[str, Any]) -> None:
    await send(site, "k")
    device = site.b.device_id if "device" in change else None
    refused = await send(site, "k", token=site.a_auth, device=device, **{name: each for name, each in change.items() if name != "device"})
    assert (refused.status, refused.json["rule"]) == (422, "key_reused")
    assert "new key" in refused.json["message"]
    assert count(site) == 1


async def test_a_key_is_of_one_organisation(site: Site) -> None:
    assert (await send(site, "k")).status == 201
    other = await send(site, "k", token=site.b_auth, device=site.b.device_id)
    assert (other.status, "idempotency-replayed" in other.headers) == (201, False)
    assert count(site) == 2


async def test_64_requests_at_once_with_one_key_make_one_message(site: Site) -> None:
    replies = await asyncio.gather(*(send(site, "k") for _ in range(64)))
    assert {reply.status for reply in replies} == {201}
    assert len({reply.headers["location"] for reply in replies}) == 1
    assert sum("idempotency-replayed" not in reply.headers for reply in replies) == 1
    assert count(site) == 1


async def test_of_two_bodies_at_once_under_one_key_one_is_sent_and_the_other_refused(site: Site) -> None:
    replies = await asyncio.gather(*(send(site, "k", payload=f"text {number % 2}") for number in range(10)))
    assert sorted(reply.status for reply in replies) == [201] * 5 + [422] * 5
    assert count(site) == 1


async def test_a_refusal_is_not_kept(site: Site) -> None:
    path = f"/api/v1/endpoint/{site.a.device_id}"
    await site.patch(path, {"status": {"id": 1}})
    replies = await asyncio.gather(*(send(site, "k") for _ in range(3)))
    assert {reply.status for reply in replies} == {422}
    assert keys(site) == 0
    await site.patch(path, {"status": {"id": 0}})
    sent = await send(site, "k")
    assert (sent.status, "idempotency-replayed" in sent.headers) == (201, False)


async def test_what_was_sent_is_told_even_where_it_would_be_refused_by_now(site: Site) -> None:
    first = await send(site, "k", expiry_date="2027-01-15T08:30:00Z")
    assert first.status == 201
    await site.patch(f"/api/v1/endpoint/{site.a.device_id}", {"status": {"id": 1}})
    await site.world.jump(3600)
    again = await send(site, "k", expiry_date="2027-01-15T08:30:00Z")
    assert (again.status, again.headers["location"]) == (201, first.headers["location"])
    assert (await send(site, "other", expiry_date="2027-01-15T08:30:00Z")).status == 422


async def test_a_note_on_what_was_changed_is_repeated_too(site: Site) -> None:
    first = await send(site, "k", expiry_date="2028-01-01")
    assert first.headers["x-note"] == (await send(site, "k", expiry_date="2028-01-01")).headers["x-note"]


@pytest.mark.parametrize("settings", [Settings(http=HttpSettings("https://sms.example"), jwt_minutes=3 * 24 * 60)], indirect=True)
async def test_a_key_is_kept_for_24_hours(site: Site) -> None:
    await send(site, "k")
    await site.world.jump(DAY - 1)
    await site.world.sweep()
    assert (await send(site, "k")).headers["idempotency-replayed"] == "true"
    await site.world.jump(2)
    await site.world.sweep()
    assert keys(site) == 0
    assert "idempotency-replayed" not in (await send(site, "k")).headers
    assert count(site) == 2


@pytest.mark.parametrize(("key", "status"), [("", 422), ("x" * 255, 201), ("x" * 256, 422), ("é", 201), ("a\tb", 422)])
async def test_a_key_has_1_to_255_octets(site: Site, key: str, status: int) -> None:
    assert (await send(site, key)).status == status


async def test_a_browser_may_send_the_key_and_read_that_an_answer_is_repeated(site: Site) -> None:
    preflight = await site.call("OPTIONS", f"/api/v1/endpoint/{site.a.device_id}/sms", token=None)
    assert "Idempotency-Key" in preflight.headers["access-control-allow-headers"].split(",")
    assert "Idempotency-Replayed" in preflight.headers["access-control-expose-headers"].split(",")
