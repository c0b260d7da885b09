"""SMS quotas over the API (contract, section 5.8)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.web.site import Site

DAY_S = 86_400


def path_of(site: Site) -> str:
    return f"/api/v1/endpoint/{site.a.device_id}/quota/sms"


def at(site: Site, days: float) -> str:
    """A moment so many days from now, as clients write it."""
    moment = datetime.fromtimestamp(site.world.now_ms / 1000, UTC) + timedelta(days=days)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.000+0000"


async def put(site: Site, **more: Any) -> Any:
    body = {"volume": 10, "expiry_date": at(site, 30), "status": {"id": 1}, "threshold_percentage": 20} | more
    return await site.post(path_of(site), body)


async def apply(site: Site, on: bool = True) -> None:
    """Have the policy of A's device apply quotas."""
    assert (await site.patch(f"/api/v1/service_profile/{site.a.policy_id}", {"apply_sms_quota": on})).status == 201


async def send(site: Site, payload: str = "x", token: str = "A") -> int:
    reply = await site.post(f"/api/v1/endpoint/{site.a.device_id}/sms", {"payload": payload}, token=token)
    await site.world.settle()
    return reply.status


async def test_a_quota_is_set_and_read_with_emnifys_fields(site: Site) -> None:
    made = await put(site, auto_refill=1, action_on_exhaustion={"id": 1})
    assert (made.status, made.headers["location"]) == (201, f"https://sms.example.com{path_of(site)}")
    assert made.json == {
        "volume": 10, "expiry_date": at(site, 30), "status": {"id": 1, "description": "ACTIVE"}, "threshold_percentage": 20,
        "threshold_volume": 2, "last_volume_added": 10, "last_status_change_date": at(site, 0), "auto_refill": 1,
        "action_on_exhaustion": {"id": 1, "description": "Block"},
    }  # fmt: skip
    assert (await site.get(path_of(site))).json == made.json


@pytest.mark.parametrize(("refill", "shown"), [(True, 1), (False, 0), (1, 1), (0, 0), ("true", 1)])
async def test_auto_refill_comes_as_number_or_as_boolean(site: Site, refill: object, shown: int) -> None:
    assert (await put(site, auto_refill=refill)).json["auto_refill"] == shown


async def test_where_none_is_set_there_is_none(site: Site) -> None:
    for method, body in (("GET", None), ("DELETE", None), ("PATCH", {"volume": 1})):
        reply = await site.call(method, path_of(site), body)
        assert (reply.status, "POST sets one" in reply.json["message"]) == (404, True)


async def test_one_that_is_deleted_is_gone(site: Site) -> None:
    await put(site)
    assert (await site.delete(path_of(site))).status == 204
    assert (await site.get(path_of(site))).status == 404


async def test_after_its_end_it_is_expired(site: Site) -> None:
    await put(site, expiry_date=at(site, 1))
    await site.world.jump(DAY_S)
    token = await site.auth_token(site.a.application_token)
    assert (await site.get(path_of(site), token=token)).json["status"] == {"id": 3, "description": "EXPIRED"}


async def test_patch_changes_some_of_it(site: Site) -> None:
    await put(site, auto_refill=True)
    reply = await site.patch(path_of(site), {"threshold_percentage": 50})
    assert (reply.status, reply.json["threshold_volume"], reply.json["volume"], reply.json["auto_refill"]) == (200, 5, 10, 1)
    topped_up = (await site.patch(path_of(site), {"volume": 25, "auto_refill": False})).json
    assert (topped_up["volume"], topped_up["last_volume_added"], topped_up["auto_refill"]) == (25, 15, 0)
    assert (await site.patch(path_of(site), {"expiry_date": at(site, 60)})).json == topped_up | {"expiry_date": at(site, 60)}


@pytest.mark.parametrize("missing", ["volume", "expiry_date", "status", "threshold_percentage"])
async def test_four_fields_are_required(site: Site, missing: str) -> None:
    body = {"volume": 10, "expiry_date": at(site, 30), "status": {"id": 1}, "threshold_percentage": 20}
    del body[missing]
    reply = await site.post(path_of(site), body)
    assert reply.status == 422
    (error,) = reply.json["errors"]
    assert (error["error_code"], missing in error["message"]) == (1402, True)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("volume", -1),
        ("volume", 0),
        ("volume", 10**12),
        ("volume", 1.5),
        ("volume", "ten"),
        ("expiry_date", "2020-01-01"),
        ("expiry_date", "soon"),
        ("status", {"id": 4}),
        ("threshold_percentage", 101),
        ("threshold_percentage", -1),
        ("auto_refill", "perhaps"),
    ],
)
async def test_what_cannot_be_is_422_and_names_its_field(site: Site, field: str, value: object) -> None:
    reply = await put(site, **{field: value})
    assert (reply.status, field in str(reply.json)) == (422, True)
    assert (await site.get(path_of(site))).status == 404


async def test_clearing_the_quotas_of_a_policy_clears_those_of_its_devices(site: Site) -> None:
    await put(site)
    path = f"/api/v1/service_profile/{site.a.policy_id}/quota/sms"
    await apply(site)
    assert (await site.delete(path)).status == 409, "its devices would be blocked"
    await apply(site, on=False)
    assert (await site.delete(path)).status == 204
    assert (await site.get(path_of(site))).status == 404
    assert (await site.delete(path)).status == 204, "also where there is none"
    assert (await site.delete(f"/api/v1/service_profile/{site.b.policy_id}/quota/sms")).status == 404


async def test_assigning_and_deleting_are_events_and_stand_in_the_audit(site: Site) -> None:
    await put(site)
    await site.delete(path_of(site))
    events = (await site.get(f"/api/v1/endpoint/{site.a.device_id}/event")).json
    assert [each["event_type"]["id"] for each in events] == [58, 59]
    quota = events[0]["detail"]["quota"]
    assert (quota["volume"], quota["lastVolumeAdded"], quota["expiryDate"], quota["autoRefill"]) == (10, 10, at(site, 30), 0)
    audit = (await site.get("/api/v1/audit")).json
    assert [(each["action"], each["object"]["id"]) for each in audit] == [
        ("quota.deleted", site.a.device_id), ("quota.set", site.a.device_id),
    ]  # fmt: skip
    assert audit[1]["changes"]["volume"] == [None, 10]


async def test_a_policy_that_applies_quotas_blocks_devices_without_one_and_those_whose_is_used_up(site: Site) -> None:
    await apply(site)
    assert await send(site) == 422
    await put(site, volume=3)
    assert [await send(site, "x" * 200), await send(site), await send(site)] == [201, 201, 422]
    now = (await site.get(path_of(site))).json
    assert (now["volume"], now["status"]["description"]) == (0, "EXHAUSTED")
    await apply(site, on=False)
    assert await send(site) == 201


async def test_a_daily_quota_is_filled_up_at_midnight_utc(site: Site) -> None:
    await apply(site)
    await put(site, volume=1, auto_refill=True)
    assert [await send(site), await send(site)] == [201, 422]
    await site.world.jump(DAY_S)
    token = await site.auth_token(site.a.application_token)
    assert (await site.get(path_of(site), token=token)).json["volume"] == 1
    assert [await send(site, token=token), await send(site, token=token)] == [201, 422]
