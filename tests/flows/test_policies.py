"""What service policies decide, through a whole daemon: asked by REST, heard by its simulator link, time moved by hand."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import pytest

from heliograph.model.account import Role
from heliograph.model.device import SimStatus
from heliograph.service.manage.sim import NewSim, enter_one
from heliograph.store import device as device_store
from heliograph.store import sim as sim_store
from heliograph.store.device import Device
from heliograph.store.query import Query
from heliograph.store.transaction import Transaction
from tests.flows.world import World
from tests.web.site import Reply, Site, Tenant, tenant

PHONE = "491701234567"
SIBLING, ICCID = "423663929999999", "8942360000000000042"
NEVER_THERE = "http://127.0.0.1:9/sms"
DELIVERY_S = 10
FIELDS = "id, organisation_id, device_id, direction, state, traffic_class, reason_code, source, dest, peer_id"
ROWS = Query("test.rows", f"SELECT {FIELDS} FROM message WHERE payload = :payload ORDER BY direction DESC, id")
EVENTS = Query("test.events", "SELECT type, device_id FROM event WHERE message_id = :message_id ORDER BY number")
HANDED_OVER = Query("test.handed_over", "SELECT count(*) FROM notification WHERE message_id = :message_id AND type = 'sms.received'")
DELIVERED, FAILED = 4, 5


class Installation(Site):
    """A daemon, and its REST API without sockets: organisations A and B, each with a device under a policy made in the portal."""

    def __init__(self, daemon: World) -> None:
        super().__init__(cast(Any, daemon))
        self.daemon = daemon

    async def open(self) -> None:
        names = [("Alpha", Role.ADMINISTRATOR), ("Beta", Role.ADMINISTRATOR)]
        self.a, self.b = [await self.daemon.database.write(tenant, *each, self.daemon.clock.now_ms()) for each in names]
        self.a_auth, self.b_auth = [await self.auth_token(each.application_token) for each in (self.a, self.b)]

    async def policy(self, whose: Tenant, **changes: Any) -> None:
        token = self.a_auth if whose is self.a else self.b_auth
        reply = await self.patch(f"/api/v1/service_profile/{whose.policy_id}", changes, token=token)
        assert reply.status == 201, reply

    async def service(self, number: int, *, on: bool) -> None:
        """Switch MT (6) or MO (32) in A's policy."""
        reply = await self.call("PUT" if on else "DELETE", f"/api/v1/service_profile/{self.a.policy_id}/service/{number}")
        assert reply.status == 204, reply

    async def to_device(self, payload: str = "open valve 3") -> Reply:
        reply = await self.post(f"/api/v1/endpoint/{self.a.device_id}/sms", {"payload": payload})
        await self.daemon.clock.advance(DELIVERY_S)
        return reply

    async def from_device(self, whose: Tenant, to: str, payload: str) -> Reply:
        token = self.a_auth if whose is self.a else self.b_auth
        path = f"/api/v1/simulator/endpoint/{whose.device_id}/mo"
        return await self.played(self.post(path, {"dest_address": to, "payload": payload}, token=token))

    async def from_phone(self, to: str, payload: str) -> Reply:
        body = {"source_address": PHONE, "dest_address": to, "payload": payload}
        return await self.played(self.post("/api/v1/simulator/mt", body))

    async def played(self, call: Any) -> Reply:
        """The simulator answers in its own time, so that has to pass."""
        asked = asyncio.ensure_future(call)
        await self.daemon.clock.advance_until(asked.done, "the answer", 1)
        await self.daemon.clock.advance(DELIVERY_S)
        return cast(Reply, asked.result())

    async def rows(self, payload: str) -> list[dict[str, Any]]:
        """Its messages, that of the sender first."""
        names = FIELDS.split(", ")
        found = await self.daemon.database.read(lambda tx: tx.run(ROWS, payload=payload))
        return [dict(zip(names, row, strict=True)) for row in found]

    async def events(self, message_id: int) -> list[tuple[str, int]]:
        return [tuple(row) for row in await self.daemon.database.read(lambda tx: tx.run(EVENTS, message_id=message_id))]

    async def handed_over(self, message_id: int) -> int:
        ((count,),) = await self.daemon.database.read(lambda tx: tx.run(HANDED_OVER, message_id=message_id))
        return int(count)

    async def told(self) -> set[str]:
        """What kinds of events `/event` tells of."""
        return {each["event_type"]["description"] for each in (await self.get("/api/v1/event")).json}

    async def steps(self, message_id: int, token: str = "A") -> dict[str, Any]:
        reply = await self.get(f"/api/v1/sms/{message_id}/timeline", token=token)
        assert reply.status == 200, reply
        return {step["type"]: step for step in reply.json}


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Installation]:
    async with World(tmp_path) as daemon:
        site = Installation(daemon)
        await site.open()
        yield site


def number(whose: Tenant) -> str:
    return f"42366392{whose.organisation_id:07}"


# the switches


@pytest.mark.parametrize(("service", "rule"), [(6, "mt_off"), (None, "a2p_off")])
async def test_an_mt_is_refused_and_explained_everywhere_until_its_policy_allows_it(
    site: Installation, service: int | None, rule: str
) -> None:
    async def switch(on: bool) -> None:
        await (site.policy(site.a, sms_a2p=on) if service is None else site.service(service, on=on))

    await switch(False)
    reply = await site.to_device()
    (row,) = await site.rows("open valve 3")
    assert reply.status == 422
    assert "service policy: switch it on" in str(reply.json)
    assert (row["state"], row["reason_code"]) == (FAILED, rule)
    (listed,) = (await site.get("/api/v1/sms")).json
    assert (listed["id"], listed["status"]["description"], listed["rule"]) == (row["id"], "FAILED", rule)
    steps = await site.steps(row["id"])
    assert steps["decision"]["fields"]["rule"] == rule
    assert "attempt" not in steps
    assert await site.events(row["id"]) == [("sms.refused", site.a.device_id)]
    await switch(True)
    assert (await site.to_device("the same")).status == 201
    (row,) = await site.rows("the same")
    assert (row["state"], row["reason_code"]) == (DELIVERED, None)
    assert (await site.steps(row["id"]))["decision"]["text"].startswith("Allowed by the service policy")


async def test_a_refused_mo_is_kept_with_its_rule_and_not_handed_to_the_webhook(site: Installation) -> None:
    made = await site.post("/api/v1/api_callback", {"url": NEVER_THERE, "purpose": "meters"})
    (callback,) = [each for each in (await site.get("/api/v1/api_callback")).json if each["url"] == NEVER_THERE]
    assert made.status == 201
    await site.policy(site.a, api_callback={"id": callback["id"]})
    await site.service(32, on=False)
    assert (await site.from_device(site.a, "1000", "level 1")).status == 422
    (row,) = await site.rows("level 1")
    assert (row["state"], row["reason_code"], await site.handed_over(row["id"])) == (FAILED, "mo_off", 0)
    assert await site.events(row["id"]) == [("sms.refused", site.a.device_id)]
    assert (await site.steps(row["id"]))["decision"]["fields"]["rule"] == "mo_off"
    await site.service(32, on=True)
    assert (await site.from_device(site.a, "1000", "level 2")).status == 201
    (row,) = await site.rows("level 2")
    assert (row["state"], await site.handed_over(row["id"])) == (DELIVERED, 1)


# P2P, at both ends


def add_sibling(tx: Transaction, whose: Tenant, now_ms: int) -> None:
    """Another device of an organisation, under the same policy."""
    new = Device(0, whose.organisation_id, "Sibling", None, None, 0, 0, whose.policy_id, whose.tariff_id)
    device_id = device_store.insert(tx, new, now_ms)
    sim_id = enter_one(tx, whose.organisation_id, NewSim(iccid=ICCID, msisdn=SIBLING, status=SimStatus.ACTIVATED), now_ms)
    card = sim_store.lock(tx, whose.organisation_id, sim_id)
    assert card is not None
    card.device_id = device_id
    sim_store.update(tx, card)


async def test_from_device_to_device_both_rows_are_linked_and_seen_by_both(site: Installation) -> None:
    await site.daemon.database.write(add_sibling, site.a, site.daemon.clock.now_ms())
    assert (await site.from_device(site.a, SIBLING, "not yet")).status == 422
    assert {row["reason_code"] for row in await site.rows("not yet")} == {"p2p_internal_off"}
    await site.policy(site.a, sms_p2p_int=True)
    assert (await site.from_device(site.a, SIBLING, "wake up")).status == 201
    mo, mt = await site.rows("wake up")
    assert (mo["state"], mo["dest"], mo["traffic_class"], mo["peer_id"]) == (DELIVERED, SIBLING, "p2p_internal", mt["id"])
    assert (mt["state"], mt["source"], mt["traffic_class"], mt["peer_id"]) == (DELIVERED, number(site.a), "p2p_internal", mo["id"])
    assert (await site.steps(mo["id"]))["peer"]["fields"] == {
        "side": "receiver", "message": mt["id"], "endpoint": mt["device_id"], "status": "DELIVERED"
    }  # fmt: skip
    assert (await site.steps(mt["id"]))["peer"]["fields"]["endpoint"] == site.a.device_id


async def test_from_a_phone_to_a_device_only_where_its_policy_lets_others_in(site: Installation) -> None:
    assert (await site.from_phone(number(site.a), "unlock")).status == 422
    (refused,) = await site.rows("unlock")
    assert (refused["state"], refused["reason_code"], refused["source"]) == (FAILED, "p2p_external_off", PHONE)
    await site.policy(site.a, sms_p2p_ext=True)
    assert (await site.from_phone(number(site.a), "unlock now")).status == 201
    (row,) = await site.rows("unlock now")
    assert (row["state"], row["traffic_class"], row["device_id"]) == (DELIVERED, "p2p_external_in", site.a.device_id)


async def test_from_a_device_to_a_phone_there_is_a_row_for_what_goes_out(site: Installation) -> None:
    assert (await site.from_device(site.a, PHONE, "alarm")).status == 422
    assert [row["reason_code"] for row in await site.rows("alarm")] == ["p2p_external_off"]
    await site.policy(site.a, sms_p2p_ext=True)
    assert (await site.from_device(site.a, PHONE, "alarm again")).status == 201
    mo, out = await site.rows("alarm again")
    assert (mo["state"], mo["traffic_class"], mo["peer_id"]) == (DELIVERED, "p2p_external_out", out["id"])
    assert (out["device_id"], out["dest"], out["source"], out["peer_id"]) == (None, PHONE, number(site.a), mo["id"])
    assert out["state"] == DELIVERED


async def test_between_two_organisations_each_sees_its_own_row_and_no_more(site: Installation) -> None:
    await site.policy(site.a, sms_p2p_ext=True)
    await site.policy(site.b, sms_p2p_ext=True)
    assert (await site.from_device(site.a, number(site.b), "hello")).status == 201
    mo, mt = await site.rows("hello")
    assert (mo["organisation_id"], mo["traffic_class"], mo["peer_id"]) == (site.a.organisation_id, "p2p_external_out", mt["id"])
    assert (mt["organisation_id"], mt["traffic_class"], mt["peer_id"]) == (site.b.organisation_id, "p2p_external_in", mo["id"])
    assert (mo["state"], mt["state"]) == (DELIVERED, DELIVERED)
    for own, other, token in ((mo, mt, site.a_auth), (mt, mo, site.b_auth)):
        assert [each["id"] for each in (await site.get("/api/v1/sms", token=token)).json] == [own["id"]]
        assert (await site.get(f"/api/v1/sms/{other['id']}/timeline", token=token)).status == 404
        steps = await site.steps(own["id"], token)
        assert "Beta" not in str(steps) or token == site.b_auth
        assert "Alpha" not in str(steps) or token == site.a_auth
    assert (await site.steps(mo["id"]))["peer"]["fields"] == {"side": "receiver", "status": "DELIVERED"}
    assert "peer" not in await site.steps(mt["id"], site.b_auth), "as of a phone"


# limits and quotas


async def test_the_third_of_a_limit_of_two_is_refused_with_emnifys_words_until_the_month_is_over(site: Installation) -> None:
    await site.policy(site.a, mt_limit=2)
    replies = [await site.to_device(f"text {each}") for each in range(3)]
    assert [reply.status for reply in replies] == [201, 201, 422]
    assert replies[2].json["message"] == "Traffic limit of 2 MT-SMS per month exceeded"
    (row,) = await site.rows("text 2")
    assert (row["state"], row["reason_code"]) == (FAILED, "mt_limit")
    assert "SMS limit reached" in await site.told()
    site.daemon.clock.set_wall_clock(site.daemon.clock.now_ms() + 31 * 86_400_000)
    site.a_auth = await site.auth_token(site.a.application_token)
    assert (await site.to_device("a new month")).status == 201


async def test_a_quota_that_is_used_up_blocks_and_is_told(site: Installation) -> None:
    await site.policy(site.a, apply_sms_quota=True)
    assert (await site.to_device("none is set")).status == 422
    quota = {"volume": 1, "expiry_date": "2040-01-01", "status": {"id": 1}, "auto_refill": 0, "threshold_percentage": 0}
    assert (await site.post(f"/api/v1/endpoint/{site.a.device_id}/quota/sms", quota)).status == 201
    assert [(await site.to_device(text)).status for text in ("the last", "too much")] == [201, 422]
    assert [(await site.rows(text))[0]["reason_code"] for text in ("none is set", "too much")] == ["quota_not_set", "quota"]
    assert await site.told() >= {"SMS quota used up", "Endpoint blocked"}
