"""SMS of all devices: listed, searched, exported, looked at by their id alone."""

import csv
import io
from typing import Any

import pytest

from heliograph.model.link import ErrorClass, Refused
from heliograph.service import search
from tests.web.site import Reply, Site

ALL = "/api/v1/sms"


def ids(reply: Reply) -> list[int]:
    assert reply.status == 200, reply
    return [each["id"] for each in reply.json]


async def hear(site: Site, text: str = "from the device") -> int:
    answer = await site.world.hear(f"42366392{site.a.organisation_id:07}", "12345", text)
    assert answer.message_id is not None
    return answer.message_id


async def test_an_item_is_the_sms_of_the_contract_and_what_is_ours(site: Site) -> None:
    message_id = await site.send(payload="ä" * 100 + "я", expiry_date="2027-03-01")
    (item,) = (await site.get(ALL)).json
    contract = (await site.get(f"/api/v1/endpoint/{site.a.device_id}/sms/{message_id}")).json
    ours = {key: value for key, value in item.items() if key not in contract}
    assert {key: value for key, value in item.items() if key in contract} == contract
    assert ours == {
        "class": "a2p_mt",
        "parts": 2,
        "attempts": 1,
        "door": "rest",
        "rule": None,
        "note": "expiry_date was more than 7 days ahead and was shortened to 7 days",
        "link": {"id": site.world.link_id, "name": "Link"},
    }
    assert (await site.get(f"{ALL}/{message_id}")).json == item


async def test_pages_go_from_new_to_old_and_miss_nothing_while_new_ones_come(site: Site) -> None:
    sent = [await site.send(payload=str(number)) for number in range(5)]
    first = await site.get(f"{ALL}?per_page=2")
    await site.send(payload="new")
    second = await site.get(f"{ALL}?per_page=2&cursor={first.headers['x-next-cursor']}")
    third = await site.get(f"{ALL}?per_page=2&cursor={second.headers['x-next-cursor']}")
    assert ids(first) + ids(second) + ids(third) == sent[::-1]
    assert f"cursor={second.headers['x-next-cursor']}" in second.headers["link"]
    assert third.headers.keys() & {"x-next-cursor", "link"} == set()
    assert third.headers["x-search-complete"] == "true"


async def test_each_filter_finds_what_it_names(site: Site) -> None:
    site.world.link.says(Refused(ErrorClass.PERMANENT, "unknown subscriber"))
    failed = await site.send(payload="Restart now")
    delivered = await site.send(payload="hello")
    heard = await hear(site)
    await site.world.jump(3600)
    later = await site.send(payload="Later")
    everything = [later, heard, delivered, failed]
    for query, expected in {
        "": everything,
        f"?device={site.a.device_id}": everything,
        "?device=999": [],
        "?tag=METER": everything,
        "?tag=mete": [],
        "?direction=MO": [heard],
        "?direction=1": [later, delivered, failed],
        "?class=a2p_mo": [heard],
        "?status=FAILED": [failed],
        "?status=failed|4": everything,
        "?status=delivery_attempt_pending": [],
        "?from=2027-01-15T09:00:00Z": [later],
        "?until=2027-01-15T09:00:00Z": everything[1:],
        f"?text=restart&device={site.a.device_id}": [failed],
        "?text=LATE&from=2027-01-15": [later],
        "?status=FAILED&direction=MT&tag=Alpha&class=a2p_mt": [failed],
        f"?organisation={site.a.organisation_id}": everything,
    }.items():
        assert ids(await site.get(ALL + query)) == expected, query


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("device=x", "device"),
        ("direction=UP", "MT (1), MO (2)"),
        ("class=sms", "p2p_internal"),
        ("status=LOST", "DELIVERY ATTEMPT PENDING (1)"),
        ("from=yesterday", "2027-01-15"),
        ("until=0", "2027-01-15"),
        ("text=x", "31 days"),
        ("text=x&from=2026-12-01&until=2027-01-15", "31 days"),
        ("per_page=-1", "per_page"),
        ("cursor=17", "X-Next-Cursor"),
        ("cursor=1.99999999999999999999", "X-Next-Cursor"),
        ("format=xml", "json, csv"),
        ("organisation=2", "operator"),
        ("colour=red", "device, tag, direction, class, status, from, until, text"),
    ],
)
async def test_a_bad_filter_is_named_with_what_it_takes(site: Site, query: str, named: str) -> None:
    reply = await site.get(f"{ALL}?{query}")
    assert (reply.status, reply.json["error_code"]) == (422, 1301)
    assert named in reply.json["message"]
    assert reply.json["field"] == query.partition("=")[0]


async def test_a_search_whose_time_is_up_says_so_and_from_where_to_go_on(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = await site.send(payload="needle")
    for number in range(4):
        await site.send(payload=f"hay {number}")
    monkeypatch.setattr(search, "SEARCH_S", 0.0)
    monkeypatch.setattr(search, "STEP", 2)
    path = f"{ALL}?text=needle&device={site.a.device_id}"
    reply = await site.get(path)
    assert (ids(reply), reply.headers["x-search-complete"]) == ([], "false")
    pages = 0
    while "x-next-cursor" in reply.headers and not ids(reply):
        reply = await site.get(f"{path}&cursor={reply.headers['x-next-cursor']}")
        pages += 1
        assert pages < 5
    assert ids(reply) == [wanted]


@pytest.mark.parametrize("more", ["", "&from=2027-01-15&text=1"])
async def test_a_table_has_one_line_of_names_and_a_line_for_each_sms(site: Site, more: str) -> None:
    sent = [await site.send(payload=text) for text in ("1", '=HYPERLINK("http://x")1', '1, "two"\nlines', "-1")]
    reply = await site.get(f"{ALL}?format=csv{more}")
    assert reply.headers["content-type"].startswith("text/csv")
    names, *lines = csv.reader(io.StringIO(reply.body.decode()))
    table = [dict(zip(names, line, strict=True)) for line in lines]
    assert [int(line["id"]) for line in table] == sent[::-1]
    assert [line["payload"] for line in table] == ["'-1", '1, "two"\nlines', '\'=HYPERLINK("http://x")1', "1"]
    assert (table[0]["status"], table[0]["class"], table[0]["endpoint_name"]) == ("DELIVERED", "a2p_mt", "Alpha one")


async def test_a_table_holds_more_than_a_page(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "EXPORT_PAGE", 2)
    for _ in range(5):
        await site.send()
    assert len((await site.get(f"{ALL}?format=csv")).body.splitlines()) == 6


async def test_nobody_sees_what_is_anothers(site: Site) -> None:
    message_id = await site.send()
    assert ids(await site.get(ALL, token=site.b_auth)) == []
    assert ids(await site.get(f"{ALL}?device={site.a.device_id}", token=site.b_auth)) == []
    assert (await site.get(f"{ALL}/{message_id}", token=site.b_auth)).status == 404
    assert len((await site.get(f"{ALL}?format=csv", token=site.b_auth)).body.splitlines()) == 1


async def test_an_operator_looks_into_any_organisation(site: Site) -> None:
    message_id = await site.send()
    for query in (f"?organisation={site.a.organisation_id}", f"?device={site.a.device_id}"):
        assert ids(await site.get(ALL + query, token=site.operator_auth)) == [message_id]
    assert ids(await site.get(ALL, token=site.operator_auth)) == [], "of its own organisation"


@pytest.mark.parametrize("message_id", ["17", "-1", str(2**63 - 1)])
async def test_an_sms_that_is_not_there_is_not_found(site: Site, message_id: str) -> None:
    reply = await site.get(f"{ALL}/{message_id}")
    assert (reply.status, reply.json["error_code"]) == (404, 1401)


async def test_a_scheduled_sms_shows_its_time_until_and_after_it(site: Site) -> None:
    message_id = await site.send(scheduled_at="2027-01-15T09:00:00Z")

    async def shown() -> Any:
        return (await site.get(f"{ALL}/{message_id}")).json

    assert ((await shown())["status"]["id"], (await shown())["scheduled_at"][:19]) == (1, "2027-01-15T09:00:00")
    await site.world.jump(3600)
    await site.world.advance(3)
    assert ((await shown())["status"]["id"], (await shown())["scheduled_at"][:19]) == (4, "2027-01-15T09:00:00")


async def test_a_timeline_is_a_list_of_steps_with_type_time_text_and_fields(site: Site) -> None:
    message_id = await site.send(payload="я")
    reply = await site.get(f"{ALL}/{message_id}/timeline")
    assert [set(step) for step in reply.json] == [{"type", "at", "text", "fields"}] * len(reply.json)
    accepted = reply.json[0]
    assert (accepted["type"], accepted["at"]) == ("accepted", "2027-01-15T08:00:00.000+0000")
    assert accepted["text"] == "Accepted over the REST API by the application token Alpha, valid until 2027-01-16 08:00:00 UTC"
    assert accepted["fields"] == {
        "door": "rest",
        "expiry_at": "2027-01-16T08:00:00.000+0000",
        "token": site.a.token_id,
        "token_description": "Alpha",
    }
    assert reply.json[-1]["type"] == "final"
    assert (await site.get(f"{ALL}/{message_id}/timeline", token=site.b_auth)).status == 404
