"""The list of all messages without a browser: nothing, one, many; filters, pages, a stream, CSV."""

import pytest

from tests.web.portal.visitor import Visitor, words
from tests.web.site import Site


async def test_nothing_one_and_many(admin: Visitor, site: Site) -> None:
    assert "No messages yet" in words(await admin.get("/messages"))
    await site.send(payload="only one")
    page = await admin.get("/messages")
    assert "only one" in words(page)
    assert "Older" not in words(page)
    for number in range(60):
        await site.send(payload=f"number {number:02}")
    page = await admin.get("/messages")
    assert "number 59" in words(page)
    assert "number 05" not in words(page)
    older = page.text.partition("/messages?behind=")[2].partition('"')[0]
    assert "number 05" in words(await admin.get(f"/messages?behind={older}"))


async def test_the_address_filters(admin: Visitor, site: Site) -> None:
    await site.send(payload="needle here")
    await site.send(payload="hay")
    assert "hay" not in words(await admin.get("/messages?q=NEEDLE"))
    assert "needle here" in words(await admin.get("/messages?q=needle&direction=to&state=delivered&class=a2p_mt"))
    assert "No message is like that" in words(await admin.get("/messages?direction=from"))
    assert "No message is like that" in words(await admin.get("/messages?until=2001-01-01"))
    assert "needle here" in words(await admin.get("/messages?from=2001-01-01&state=delivered"))


@pytest.mark.parametrize("address", ["/messages?from=yesterday", "/messages?behind=x", "/messages?q=a&from=2001-01-01"])
async def test_an_address_that_asks_for_what_cannot_be_is_told_why(admin: Visitor, address: str) -> None:
    assert (await admin.get(address)).status == 422


async def test_the_csv_holds_what_the_list_shows_and_no_formula(admin: Visitor, site: Site) -> None:
    await site.send(payload="=cmd()")
    await site.send(payload='with "quotes", and comma')
    reply = await admin.get("/messages.csv?direction=to")
    lines = reply.text.splitlines()
    assert lines[0].startswith("id,time,direction,class,device")
    assert '"with ""quotes"", and comma"' in lines[1]
    assert ",'=cmd()," in lines[2]
    assert len(lines) == 3


async def test_a_page_without_a_search_is_told_of_what_comes(admin: Visitor, site: Site) -> None:
    stream = await admin.follow_stream("/messages/stream?after=0&direction=to")
    message_id = await site.send(payload="just in")
    await site.world.advance(1)
    assert "event: row" in stream.said
    assert f'id="r{message_id}"' in stream.said
    assert "just in" in stream.said
    await stream.leave()


async def test_messages_of_others_are_not_there(admin: Visitor, site: Site) -> None:
    await site.post(f"/api/v1/endpoint/{site.b.device_id}/sms", {"payload": "secret of Beta"}, token=site.b_auth)
    assert "secret of Beta" not in words(await admin.get("/messages"))
    assert "secret of Beta" not in (await admin.get("/messages.csv")).text
