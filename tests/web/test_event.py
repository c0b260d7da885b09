"""The event list: emnify's shape and filters, our types where emnify has none, the installation's own for the operator."""

from typing import Any

import msgspec
import pytest

from heliograph.service import link_event
from heliograph.store.feed import Emitted
from heliograph.store.transaction import Transaction
from heliograph.web.api.event_type import TYPES
from tests.web.site import ADDRESS, Site

PATH = "/api/v1/event"


def emit(tx: Transaction, *events: Emitted) -> None:
    for event in events:
        tx.emit(event)


async def happen(site: Site, kind: str, device_id: int | None = None, **detail: Any) -> None:
    """Something befalls organisation A."""
    text = msgspec.json.encode(detail).decode() if detail else None
    await site.world.database.write(emit, Emitted(site.a.organisation_id, kind, site.world.now_ms, device_id, None, text))


async def kinds(site: Site, query: str = "", **more: Any) -> list[str]:
    reply = await site.get(f"{PATH}?{query}", **more)
    assert reply.status == 200, reply
    return [event["event_type"]["description"] for event in reply.json]


async def test_what_emnify_has_no_type_for_is_shown_with_our_words_and_no_number(site: Site) -> None:
    await happen(site, "limit.reached", site.a.device_id, scope="device", traffic="mt", limit=100, month="2027-01")
    (event,) = (await site.get(PATH)).json
    assert event["event_type"] == {"id": None, "description": "SMS limit reached"}
    assert event["description"] == f"Limit of 100 MT-SMS per month reached: endpoint {site.a.device_id}"
    assert (event["event_source"]["id"], event["event_severity"]["id"], event["alert"]) == (1, 1, True)
    assert event["detail"] == {"scope": "device", "traffic": "mt", "limit": 100, "month": "2027-01"}


async def test_an_event_of_a_sim_names_sim_and_imsi_as_emnify_does(site: Site) -> None:
    """The contract's 5.9, as recorded: `sim` with its production date, `imsi` with its id and import date."""
    assert (await site.patch(f"/api/v1/sim/{site.a.sim_id}", {"status": {"id": 2}})).status == 204
    event = (await site.get(PATH)).json[-1]
    sim = (await site.get(f"/api/v1/sim/{site.a.sim_id}")).json
    made = sim["production_date"].replace("+0000", "Z")
    assert event["sim"] == {"id": sim["id"], "iccid": sim["iccid"], "production_date": made}
    assert event["imsi"] == {"id": sim["id"], "imsi": sim["imsi"], "import_date": made}
    assert event["event_type"] == {"id": 9, "description": "SIM suspension"}


async def test_who_uses_a_token_in_vain_is_told_of_once_in_a_while_to_its_organisation_alone(site: Site) -> None:
    """emnify's type 7. A token that nobody has belongs to no organisation that could be told."""
    elsewhere = (await site.post("/api/v1/application_token", {"ip": "203.0.113.0/24"})).json["application_token"]
    for token in (elsewhere, elsewhere, "hgt_nobody"):
        assert (await site.post("/api/v1/authenticate", {"application_token": token}, token=None)).status == 401
    (event,) = (await site.get(f"{PATH}?q=type:7")).json
    assert event["event_type"] == {"id": 7, "description": "Application authentication failed"}
    number = event["detail"]["application_token"]["id"]
    assert event["description"] == (
        f"Application authentication failed: application token {number} is for 203.0.113.0/24 only, from {ADDRESS}"
    )
    assert elsewhere not in str(event)
    await site.world.jump(300)
    assert (await site.post("/api/v1/authenticate", {"application_token": elsewhere}, token=None)).status == 401
    assert len((await site.get(f"{PATH}?q=type:7")).json) == 2
    assert (await site.get(f"{PATH}?q=type:7", token=site.b_auth)).json == []


async def test_a_quota_is_shown_as_emnify_shows_it(site: Site) -> None:
    quota = {"volume": 10, "threshold_percentage": 80, "threshold_volume": 8, "traffic_type": {"id": 6, "description": "SMS"}}
    await happen(site, "quota.threshold", site.a.device_id, quota=quota)
    (event,) = (await site.get(f"{PATH}?q=type:20")).json
    assert (event["event_type"]["id"], event["detail"]) == (20, {"quota": quota})


@pytest.mark.parametrize(("traffic", "words"), [("mo", "SMS MO P2P limit reached"), ("mt", "SMS MT P2P limit reached")])
async def test_a_rate_of_p2p_is_named_by_its_direction(site: Site, traffic: str, words: str) -> None:
    await happen(site, "p2p_limit.reached", site.a.device_id, traffic=traffic, limit=5)
    (event,) = (await site.get(PATH)).json
    assert event["event_type"] == {"id": None, "description": words}
    assert event["description"] == f"{words}: endpoint {site.a.device_id}"


async def test_links_are_the_operators(site: Site) -> None:
    await site.world.database.write(link_event.tell, "down", 1, "Core", "connection refused", site.world.now_ms)
    assert await kinds(site) == []
    (event,) = (await site.get(PATH, token=site.operator_auth)).json
    assert event["description"] == "Link down: Core, connection refused"
    assert (event["organisation"], event["event_source"]["id"], event["alert"]) == (None, 0, True)


async def test_the_operator_sees_what_happened_in_every_organisation(site: Site) -> None:
    await happen(site, "limit.reached")
    assert await kinds(site, token=site.b_auth) == []
    assert await kinds(site, token=site.operator_auth) == ["SMS limit reached"]
    assert await kinds(site, "q=organisation:alph", token=site.operator_auth) == ["SMS limit reached"]
    assert await kinds(site, "q=organisation:beta", token=site.operator_auth) == []


@pytest.mark.parametrize(
    ("criterion", "found"),
    [
        ("type:42", ["Endpoint enabled"]),
        ("type:42|43", ["Endpoint disabled", "Endpoint enabled"]),
        ("type:limit.reached", ["SMS limit reached"]),
        ("type:999", []),
        ("source:1", ["SMS limit reached"]),
        ("source:2,severity:1", []),
        ("severity:0,type:43", ["Endpoint disabled"]),
        ("alert:true", ["SMS limit reached"]),
        ("description:enabled", ["Endpoint enabled"]),
        ("endpoint:alpha", ["Endpoint disabled", "Endpoint enabled"]),
        ("endpoint:nobody|alpha one", ["Endpoint disabled", "Endpoint enabled"]),
        ("endpoint:nobody", []),
        ("tags:meter", ["Endpoint disabled", "Endpoint enabled"]),
        ("imei:352906", ["Endpoint disabled", "Endpoint enabled"]),
        ("imei:352906,endpoint:nobody", []),
        ("iccid:8942361", ["SIM suspension"]),
        ("iccid:9999999|8942361", ["SIM suspension"]),
        ("iccid_with_luhn:8942361", ["SIM suspension"]),
        ("imsi:29509", ["SIM suspension"]),
        ("imsi:8942361", []),
        ("user:ann", ["SIM suspension"]),
        ("network:Telekom", []),
        ("rat:6", []),
        ("from:2000-01-01,until:2000-01-02", []),
        ("timestamp:2000-01-01", []),
    ],
)
async def test_events_are_filtered_as_documented(site: Site, criterion: str, found: list[str]) -> None:
    await happen(site, "limit.reached")
    for status in (1, 0):
        await site.patch(f"/api/v1/endpoint/{site.a.device_id}", {"status": {"id": status}})
    user = {"id": 1, "username": "ann@example.org"}
    await happen(site, "sim.suspended", sim={"id": 7, "iccid": "8942361"}, imsi="29509", user=user, before=1, after=2)
    assert await kinds(site, f"q={criterion}") == found


@pytest.mark.parametrize("query", ["q=type:1,nonsense:2", "q=endpoint:a|b|c|d|e|f|g", "q=from:never"])
async def test_a_filter_that_there_is_not_is_422(site: Site, query: str) -> None:
    assert (await site.get(f"{PATH}?{query}")).status == 422


async def test_an_order_that_there_is_not_is_400_for_events_as_on_emnify(site: Site) -> None:
    for path in ("/api/v1/event", f"/api/v1/endpoint/{site.a.device_id}/event"):
        reply = await site.get(f"{path}?sort=colour")
        assert (reply.status, reply.json["error_code"]) == (400, 1000)
        assert "sort by one of" in reply.json["message"]
    assert (await site.get("/api/v1/endpoint?sort=colour")).status == 422


async def test_events_are_sorted(site: Site) -> None:
    for kind in ("device.disabled", "limit.reached", "device.enabled"):
        await happen(site, kind)
    for sort, order in (("", "DLE"), ("-id", "ELD"), ("type", "DEL"), ("-type", "LED"), ("endpoint,-id", "ELD")):
        letters = {"Endpoint disabled": "D", "SMS limit reached": "L", "Endpoint enabled": "E"}
        assert "".join(letters[each] for each in await kinds(site, f"sort={sort}")) == order, sort
        assert sorted(await kinds(site, f"sort={sort}", token=site.operator_auth)) == sorted(letters)


async def test_which_of_the_operators_people_did_it_is_not_told(site: Site) -> None:
    reply = await site.post("/api/v1/authenticate", {"application_token": site.operator.application_token}, token=None)
    await site.patch(f"/api/v1/endpoint/{site.a.device_id}", {"status": {"id": 1}}, token=reply.json["auth_token"])
    assert "operator" not in (await site.get(PATH)).body.decode()


async def test_every_type_has_its_words_and_those_of_emnify_their_number(site: Site) -> None:
    listed = (await site.get(f"{PATH}/type")).json
    assert listed == [{"id": row.number, "description": row.words} for row in TYPES.values()]
    numbers = [row.number for row in TYPES.values() if row.number is not None]
    assert len(set(numbers)) == len(numbers)
