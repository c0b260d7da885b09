"""What would become of an SMS that is not sent, over the API: the same answer as sending gives, and nothing is left behind."""

from typing import Any

import pytest

from tests.web.site import Site, Tenant


def number_of(tenant: Tenant) -> str:
    return f"42366392{tenant.organisation_id:07}"


async def explain(site: Site, **body: Any) -> dict[str, Any]:
    """About A's device."""
    reply = await site.post(f"/api/v1/endpoint/{site.a.device_id}/sms/explain", {"payload": "x"} | body)
    assert reply.status == 200, reply
    found: dict[str, Any] = reply.json
    return found


async def under(site: Site, policy: int, **body: Any) -> dict[str, Any]:
    reply = await site.post(f"/api/v1/service_profile/{policy}/explain", {"payload": "x"} | body)
    assert reply.status == 200, reply
    found: dict[str, Any] = reply.json
    return found


async def change(site: Site, **fields: Any) -> None:
    assert (await site.patch(f"/api/v1/service_profile/{site.a.policy_id}", fields)).status == 201


async def test_what_is_allowed_is_told_with_class_encoding_link_and_what_it_uses_up(site: Site) -> None:
    found = await explain(site, payload="ж" * 100, source_address="1000")
    assert found == {
        "allowed": True, "rule": "allowed", "reason": "Allowed by the service policy, from an application to a device (A2P MT)",
        "traffic_class": "a2p_mt", "source_address": "1000",
        "encoding": {"dcs": 8, "alphabet": "UCS-2", "segments": 2}, "link": {"id": site.world.link_id},
        "counted": [{"endpoint_id": site.a.device_id, "sms_type": {"id": 1, "description": "MT"}, "segments": 2, "quota": False}],
    }  # fmt: skip


async def test_nothing_is_sent_counted_or_kept(site: Site) -> None:
    await change(site, mt_limit=5)
    for _ in range(3):
        assert (await explain(site, payload="x" * 400))["allowed"]
        assert not (await explain(site, payload="x" * 1000))["allowed"]
    assert (await site.get(f"/api/v1/endpoint/{site.a.device_id}/sms")).json == []
    assert "current_month" not in (await site.get(f"/api/v1/endpoint/{site.a.device_id}/stats")).json
    assert (await site.get("/api/v1/event")).json == []


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"sms_a2p": False}, "a2p_off"),
        ({"mt_limit": 0}, "mt_limit"),
        ({"apply_sms_quota": True}, "quota_not_set"),
    ],
)
async def test_it_refuses_what_sending_refuses_in_the_same_words(site: Site, fields: dict[str, Any], rule: str) -> None:
    await change(site, **fields)
    found = await explain(site)
    assert (found["allowed"], found["rule"], found["counted"]) == (False, rule, [])
    refused = await site.post(f"/api/v1/endpoint/{site.a.device_id}/sms", {"payload": "x"})
    assert (refused.status, found["reason"] in str(refused.json)) == (422, True)


async def test_a_service_that_is_off_and_a_device_that_is_not_ready_are_told(site: Site) -> None:
    await site.delete(f"/api/v1/service_profile/{site.a.policy_id}/service/6")
    assert (await explain(site))["rule"] == "mt_off"
    await site.patch(f"/api/v1/endpoint/{site.a.device_id}", {"status": {"id": 1}})
    assert (await explain(site))["rule"] == "device_disabled"


async def test_what_was_used_counts(site: Site) -> None:
    await change(site, mt_limit=2)
    await site.send()
    assert (await explain(site))["allowed"]
    await site.send()
    assert "Traffic limit of 2 MT-SMS per month exceeded" in (await explain(site))["reason"]


async def test_an_mo_is_told_where_it_goes_and_by_which_rule(site: Site) -> None:
    short = await explain(site, sms_type={"id": 2}, dest_address=12345)
    assert (short["traffic_class"], short["goes_to"]) == (
        "a2p_mo",
        "12345 is a short number, unless a device of another organisation here has the number",
    )
    assert (short["source_address"], short["counted"][0]["sms_type"]["description"]) == (number_of(site.a), "MO")
    assert "link" not in short, "it ends here"
    assert "no destination" in (await explain(site, sms_type={"id": 2}))["goes_to"]
    await change(site, mo_to_application="all")
    assert "everything to the application" in (await explain(site, sms_type={"id": 2}, dest_address="4917000000001"))["goes_to"]


async def test_an_mo_to_a_phone_needs_p2p_external_and_a_link_that_takes_it(site: Site) -> None:
    asked = {"sms_type": {"id": 2}, "dest_address": "4917000000001"}
    off = await explain(site, **asked)
    assert (off["traffic_class"], off["rule"]) == ("p2p_external_out", "p2p_external_off")
    await change(site, sms_p2p_ext=True)
    assert (await explain(site, **asked))["rule"] == "no_route"


async def test_between_devices_of_one_organisation_both_are_asked_and_both_use_something_up(site: Site) -> None:
    await change(site, sms_p2p_int=True)
    found = await explain(site, sms_type={"id": 2}, dest_address=number_of(site.a))
    assert (found["allowed"], found["traffic_class"]) == (True, "p2p_internal")
    assert [each["sms_type"]["description"] for each in found["counted"]] == ["MO", "MT"]
    await change(site, sender_allow_list=["491*"])
    assert (await explain(site, sms_type={"id": 2}, dest_address=number_of(site.a)))["rule"] == "sender_not_allowed"


async def test_no_answer_says_whose_a_foreign_number_is(site: Site) -> None:
    await change(site, sms_p2p_ext=True)
    found = await explain(site, sms_type={"id": 2}, dest_address=number_of(site.b))
    assert found["traffic_class"] == "p2p_external_out"
    assert "Beta" not in str(found)
    assert str(site.b.device_id) not in [str(each["endpoint_id"]) for each in found["counted"]]


async def test_a_policy_is_explained_for_a_device_that_is_only_supposed(site: Site) -> None:
    made = (await site.post("/api/v1/service_profile", {"name": "new"})).json["id"]
    assert (await under(site, made))["rule"] == "mt_off"
    for service in (6, 32):
        await site.put(f"/api/v1/service_profile/{made}/service/{service}")
    allowed = await under(site, made, payload="x" * 200)
    assert (allowed["allowed"], allowed["traffic_class"], allowed["encoding"]["segments"]) == (True, "a2p_mt", 2)
    assert allowed["counted"] == [{"sms_type": {"id": 1, "description": "MT"}, "segments": 2, "quota": False}]
    assert "link" not in allowed
    assert (await under(site, made, sms_type={"id": 2}, dest_address="1000"))["traffic_class"] == "a2p_mo"
    assert (await under(site, made, sms_type={"id": 2}, dest_address="4917000000001"))["traffic_class"] == "p2p_external_out"
    await site.patch(f"/api/v1/service_profile/{made}", {"mt_limit": 1})
    assert (await under(site, made, payload="x" * 200))["rule"] == "mt_limit"


async def test_the_default_source_of_the_policy_is_what_the_device_would_see(site: Site) -> None:
    await change(site, default_source="Meter")
    assert (await explain(site))["source_address"] == "Meter"
    assert (await under(site, site.a.policy_id))["source_address"] == "Meter"


@pytest.mark.parametrize(
    "body",
    [
        {"payload": "€" * 10, "dcs": 4},
        {"payload": "x" * 99999},
        {"sms_type": {"id": 3}},
        {"source_address": "a name too long"},
        {"direction": "mo"},
    ],
)
async def test_what_is_no_sms_is_422(site: Site, body: dict[str, Any]) -> None:
    for path in (f"/api/v1/endpoint/{site.a.device_id}/sms/explain", f"/api/v1/service_profile/{site.a.policy_id}/explain"):
        assert (await site.post(path, {"payload": "x"} | body)).status == 422


async def test_only_ones_own_is_explained(site: Site) -> None:
    for path in (f"/api/v1/endpoint/{site.b.device_id}/sms/explain", f"/api/v1/service_profile/{site.b.policy_id}/explain"):
        assert (await site.post(path, {"payload": "x"})).status == 404
        assert (await site.post(path, {"payload": "x"}, token=site.operator_auth)).status == 200
