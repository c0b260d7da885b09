"""Send to many devices at once, send again, and ask who one is."""

from typing import Any

import pytest

from heliograph import __version__
from heliograph.model.link import ErrorClass, Refused
from heliograph.service import bulk
from heliograph.service.password import sha1_hex
from heliograph.store import device as device_store
from heliograph.store.device import Device
from heliograph.store.transaction import Transaction
from tests.web.site import PASSWORD, Site

ALL = "/api/v1/sms"
HOUR = 3600


async def add_device(site: Site, tags: str, organisation: str = "a") -> int:
    """Another device, which has no SIM."""
    owner = getattr(site, organisation)

    def insert(tx: Transaction) -> int:
        new = Device(0, owner.organisation_id, "no SIM", tags, None, 0, 0, owner.policy_id, owner.tariff_id)
        return device_store.insert(tx, new, site.world.now_ms)

    return await site.world.database.write(insert)


def counted(site: Site) -> int:
    return len(site.world.rows("SELECT id FROM message"))


async def test_each_device_has_a_result_of_its_own(site: Site) -> None:
    without_sim = await add_device(site, "x")
    wanted = [site.a.device_id, without_sim, site.b.device_id, 999, site.a.device_id]
    reply = await site.post(ALL, {"payload": "hi", "endpoints": wanted})
    assert reply.status == 200
    assert (reply.json["accepted"], reply.json["refused"]) == (1, 3)
    sent, *refused = reply.json["results"]
    row, kept = site.world.rows("SELECT id, device_id, reason_code FROM message ORDER BY id")
    assert (kept.device_id, kept.reason_code) == (without_sim, "no_sim"), "what a rule refuses is kept with it"
    assert sent == {"endpoint": {"id": site.a.device_id}, "id": row.id}
    assert [(each["endpoint"]["id"], each["error"]["error_code"]) for each in refused] == [
        (without_sim, 1406),
        (site.b.device_id, 1401),
        (999, 1401),
    ]
    assert refused[0]["error"]["rule"] == "no_sim"


async def test_where_all_are_accepted_the_answer_is_201_and_says_what_was_changed(site: Site) -> None:
    reply = await site.post(ALL, {"payload": "hi", "endpoints": [str(site.a.device_id)], "expiry_date": "2027-03-01"})
    assert (reply.status, reply.json["accepted"], reply.json["refused"]) == (201, 1, 0)
    assert "shortened" in reply.headers["x-note"]


@pytest.mark.parametrize(
    "wanted", [{"tag": "METER"}, {"tag": "Alpha", "service_profile": {"id": "policy"}}, {"service_profile": {"id": "policy"}}]
)
async def test_a_filter_finds_the_devices_that_are_meant(site: Site, wanted: dict[str, Any]) -> None:
    await add_device(site, "meters,alpha2")
    await add_device(site, "meter", "b")
    if "service_profile" in wanted:
        wanted = wanted | {"service_profile": {"id": site.a.policy_id}}
    reply = await site.post(ALL, {"payload": "hi", "filter": wanted})
    found = [each["endpoint"]["id"] for each in reply.json["results"]]
    assert site.a.device_id in found
    assert len(found) == (1 if "tag" in wanted else 2)


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({}, "endpoints"),
        ({"endpoints": [1], "filter": {"tag": "x"}}, "endpoints"),
        ({"endpoints": []}, "endpoints"),
        ({"endpoints": list(range(1, 2002))}, "2000"),
        ({"endpoints": "1"}, "endpoints"),
        ({"filter": {}}, "filter"),
        ({"filter": {"tag": "nobody has it"}}, "filter"),
        ({"endpoints": [1], "payload": ""}, "payload"),
        ({"endpoints": [1], "payload": "я", "dcs": 0}, "payload"),
    ],
)
async def test_what_is_wrong_with_all_is_refused_at_once(site: Site, body: dict[str, Any], named: str) -> None:
    reply = await site.post(ALL, {"payload": "hi"} | body)
    assert reply.status == 422
    assert named in str(reply.json)
    assert counted(site) == 0


async def test_2000_devices_go_in_one_call(site: Site) -> None:
    reply = await site.post(ALL, {"payload": "hi", "endpoints": [*range(10_000, 10_000 + bulk.MOST - 1), site.a.device_id]})
    assert (reply.json["accepted"], reply.json["refused"]) == (1, bulk.MOST - 1)


async def test_a_call_with_a_key_sends_once(site: Site) -> None:
    body = {"payload": "hi", "endpoints": [site.a.device_id, 999]}
    first = await site.post(ALL, body, headers={"Idempotency-Key": "k"})
    again = await site.post(ALL, body, headers={"Idempotency-Key": "k"})
    assert (again.status, again.json) == (first.status, first.json)
    assert again.headers["idempotency-replayed"] == "true"
    assert counted(site) == 1


async def test_a_call_with_a_key_is_repeated_also_when_its_time_has_passed(site: Site) -> None:
    body = {"payload": "hi", "endpoints": [site.a.device_id], "scheduled_at": "2027-01-15T09:00:00Z"}
    first = await site.post(ALL, body, headers={"Idempotency-Key": "k"})
    await site.world.jump(2 * HOUR)
    again = await site.post(ALL, body, headers={"Idempotency-Key": "k"})
    assert (first.status, again.status, again.json) == (201, 201, first.json)
    assert counted(site) == 1


async def test_sent_again_is_a_new_sms_that_knows_the_old_one(site: Site) -> None:
    site.world.link.says(Refused(ErrorClass.PERMANENT, "no"))
    first = await site.send(payload="Grüße", source_address="EMnify", source_address_type={"id": 208}, pid=3)
    reply = await site.post(f"{ALL}/{first}/resend", None)
    assert (reply.status, reply.body) == (201, b"")
    await site.world.settle()
    again = int(reply.headers["location"].split("/")[8])
    old, new = [(await site.get(f"{ALL}/{each}")).json for each in (first, again)]
    same = ("payload", "source_address", "source_address_type", "dcs", "pid", "udh", "endpoint", "parts")
    assert {name: new[name] for name in same} == {name: old[name] for name in same}
    assert (new["resend_of"], new["status"]["id"], old["status"]["id"]) == (first, 4, 5)
    assert "resend_of" not in old
    texts = [[step["text"] for step in (await site.get(f"{ALL}/{each}/timeline")).json] for each in (first, again)]
    assert f"Sent again as the SMS {again}" in texts[0]
    assert f"Another sending of the SMS {first}" in texts[1]


async def test_sent_again_has_a_validity_and_a_time_of_its_own(site: Site) -> None:
    first = await site.send(expiry_date="2027-01-15T08:05:00Z")
    body = {"scheduled_at": "2027-01-15T10:00:00Z", "expiry_date": "2027-03-01"}
    reply = await site.post(f"{ALL}/{first}/resend", body)
    assert "shortened" in reply.headers["x-note"]
    new = (await site.get(f"{ALL}/{reply.headers['location'].split('/')[8]}")).json
    assert (new["status"]["id"], new["scheduled_at"][:16], new["expiry_date"][:16]) == (1, "2027-01-15T10:00", "2027-01-22T10:00")


async def test_with_a_key_it_is_sent_again_once(site: Site) -> None:
    first = await site.send()
    replies = [await site.post(f"{ALL}/{first}/resend", None, headers={"Idempotency-Key": "k"}) for _ in range(2)]
    assert replies[0].headers["location"] == replies[1].headers["location"]
    assert counted(site) == 2


async def test_what_still_waits_or_was_heard_is_not_sent_again(site: Site) -> None:
    waiting = await site.send_one_that_waits()
    heard = (await site.world.hear(f"42366392{site.a.organisation_id:07}", "12345", "hi")).message_id
    for message_id in (waiting, heard):
        reply = await site.post(f"{ALL}/{message_id}/resend", None)
        assert (reply.status, reply.json["error_code"]) == (409, 1406)
    assert (await site.post(f"{ALL}/{waiting}/resend", None, token=site.b_auth)).status == 404


async def test_an_application_asks_who_it_is(site: Site) -> None:
    home = {"id": site.a.organisation_id, "name": "Alpha"}
    assert (await site.get("/api/v1/me")).json == {
        "user": None,
        "application_token": {"id": site.a.token_id, "description": "Alpha", "expiry_date": None},
        "role": "Administrator",
        "organisation": home,
        "workspace": home,
        "server": {"name": "Heliograph", "version": __version__},
    }


async def test_a_user_asks_who_they_are(site: Site) -> None:
    login = {"username": site.a.email, "password": sha1_hex(PASSWORD)}
    auth = (await site.post("/api/v1/authenticate", login, token=None)).json["auth_token"]
    me = (await site.get("/api/v1/me", token=auth)).json
    assert (me["user"]["username"], me["application_token"]) == (site.a.email, None)
