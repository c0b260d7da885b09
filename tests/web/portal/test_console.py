"""The console of a device without a browser: what it shows, what a form of it sends, and what it refuses."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from heliograph.model.link import Accepted, ErrorClass, Refused
from heliograph.model.notification import Answered
from tests.core_world import statement
from tests.web.portal.visitor import Visitor, words
from tests.web.site import Site


async def shown(admin: Visitor, site: Site) -> str:
    reply = await admin.get(f"/devices/{site.a.device_id}")
    assert reply.status == 200
    return words(reply)


async def send(admin: Visitor, site: Site, **fields: Any) -> Any:
    return await admin.post(f"/devices/{site.a.device_id}", {"text": "hello", "sender": "1234"} | fields)


async def messages(site: Site) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await site.get(f"/api/v1/endpoint/{site.a.device_id}/sms")).json
    return found


async def test_nothing_one_and_many_messages_are_shown(admin: Visitor, site: Site) -> None:
    assert "No messages yet" in await shown(admin, site)
    reply = await send(admin, site, text="first <b>")
    assert (reply.status, reply.headers["location"]) == (303, f"/devices/{site.a.device_id}")
    page = await shown(admin, site)
    assert "first <b>" in page
    assert "From 1234" in page
    for number in range(60):
        await send(admin, site, text=f"number {number:02}")
    page = await shown(admin, site)
    assert "number 59" in page
    assert "number 09" not in page
    assert "Older messages" in page
    older = await admin.get(f"/devices/{site.a.device_id}?before={(await messages(site))[29]['id']}")
    assert "number 09" in words(older)
    assert ">number 59</p>" not in older.text


async def test_a_send_may_be_flash_binary_scheduled_and_given_up_early(admin: Visitor, site: Site) -> None:
    await send(admin, site, kind="flash")
    await send(admin, site, kind="flash", text="nützlich ✓")
    await send(admin, site, kind="binary", text="0A 1b\n2C")
    flash, wide, binary = reversed(await messages(site))
    assert (flash["dcs"], wide["dcs"]) == ("16", "24")
    assert (int(binary["dcs"]) & 0x0C, binary["payload"]) == (4, "0A1b2C")
    admin.cookies["tz"] = "Europe%2FBerlin"
    then = datetime.fromtimestamp(site.world.now_ms / 1000 + 7 * 3600, ZoneInfo("Europe/Berlin")).replace(second=0, microsecond=0)
    assert (await send(admin, site, text="later", scheduled_at=f"{then:%Y-%m-%dT%H:%M}", expiry="60")).status == 303
    (later, *_) = await messages(site)
    sms = (await site.get(f"/api/v1/sms/{later['id']}")).json
    assert sms["scheduled_at"] == then.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000"), "typed on the reader's clock"
    assert "Scheduled" in await shown(admin, site)


async def test_a_form_that_comes_twice_sends_once(admin: Visitor, site: Site) -> None:
    for _ in range(2):
        assert (await send(admin, site, key="k1")).status == 303
    assert len(await messages(site)) == 1


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"text": ""}, "Text is empty"),
        ({"sender": "a name that is too long"}, "at most"),
        ({"kind": "binary", "text": "xyz"}, "the text is hex"),
        ({"scheduled_at": "2001-01-01T00:00"}, "is in the past"),
        ({"scheduled_at": "tomorrow"}, "no date and time"),
        ({"scheduled_at": "0001-01-01T00:00+14:00"}, "in the past"),
        ({"expiry": "soon"}, "no whole number"),
    ],
)
async def test_what_is_refused_is_said_in_words_and_nothing_that_was_written_is_lost(
    admin: Visitor, site: Site, fields: dict[str, str], said: str
) -> None:
    reply = await send(admin, site, **({"text": "keep me"} | fields))
    assert reply.status == 422
    assert said in words(reply)
    assert fields.get("text", "keep me") in reply.text
    part = await admin.post(f"/devices/{site.a.device_id}", {"text": "keep me", "sender": "1"} | fields, hx_request="true")
    assert part.status == 422
    assert "<" not in part.text
    assert await messages(site) == []


async def test_a_script_gets_the_message_alone(admin: Visitor, site: Site) -> None:
    reply = await admin.post(f"/devices/{site.a.device_id}", {"text": "hello"}, hx_request="true")
    assert reply.status == 200
    assert reply.text.lstrip().startswith('<li class="msg mt')


async def test_what_waits_can_be_cancelled_and_what_failed_sent_again(admin: Visitor, site: Site) -> None:
    waiting = await site.send_one_that_waits()
    page = await admin.get(f"/devices/{site.a.device_id}")
    assert f"/sms/{waiting}/cancel" in page.text
    reply = await admin.post(f"/devices/{site.a.device_id}/sms/{waiting}/cancel", hx_request="true")
    assert "Canceled" in words(reply)
    again = await admin.post(f"/devices/{site.a.device_id}/sms/{waiting}/cancel")
    assert "already CANCELED" in words(await admin.follow(again))
    assert f"/sms/{waiting}/retry" in (await admin.get(f"/devices/{site.a.device_id}")).text
    assert (await admin.post(f"/devices/{site.a.device_id}/sms/{waiting}/retry")).status == 303
    assert len(await messages(site)) == 3


async def test_a_failure_is_shown_with_its_reason_in_words_and_its_code(admin: Visitor, site: Site) -> None:
    site.world.link.says(Refused(ErrorClass.PERMANENT, "absent for good"))
    await send(admin, site)
    await site.world.settle()
    page = await shown(admin, site)
    assert "Failed" in page
    assert "Absent for good permanent" in page
    assert "Retry" in page


async def test_a_message_is_looked_into_beside_the_thread_and_alone(admin: Visitor, site: Site) -> None:
    message_id = await site.send(payload="ABC")
    page = words(await admin.get(f"/devices/{site.a.device_id}/sms/{message_id}"))
    assert "What happened" in page
    assert "Accepted over the REST API" in page
    assert "41 E1 10" in page, "ABC in packed septets (3GPP TS 23.038 6.1.2.1)"
    part = await admin.get(f"/devices/{site.a.device_id}/sms/{message_id}", hx_request="true")
    assert "<html" not in part.text
    assert (await admin.get(f"/devices/{site.a.device_id}/sms/999999")).status == 404


async def test_segments_show_their_header_and_their_part_of_the_text(admin: Visitor, site: Site) -> None:
    message_id = await site.send(payload="x" * 153 + "y" * 10)
    page = words(await admin.get(f"/devices/{site.a.device_id}/sms/{message_id}", hx_request="true"))
    assert "2 segments" in page
    assert f"05 00 03 {message_id & 0xFF:02X} 02 01" in page


async def test_what_a_policy_forbids_closes_the_box_with_its_reason(admin: Visitor, site: Site) -> None:
    await site.world.database.write(lambda tx: tx.run(statement("UPDATE service_profile SET mt = 0")))
    reply = await admin.get(f"/devices/{site.a.device_id}")
    assert "MT, receiving SMS, is" in words(reply)
    assert "data-compose disabled" in reply.text


async def test_an_observer_looks_and_has_nothing_to_send_with(observer: Visitor, site: Site) -> None:
    message_id = await site.send()
    page = await observer.get(f"/devices/{site.a.device_id}")
    assert "hello" in words(page)
    assert "<textarea" not in page.text
    assert "/cancel" not in page.text
    assert (await observer.get(f"/devices/{site.a.device_id}/sms/{message_id}")).status == 200


async def test_a_device_of_others_is_not_there(admin: Visitor, operator: Visitor, site: Site) -> None:
    theirs = f"/devices/{site.b.device_id}"
    for path in (theirs, f"{theirs}/stream", f"{theirs}/sms/1"):
        assert (await admin.get(path)).status == 404
    assert (await admin.post(theirs, {"text": "x"})).status == 404
    assert (await operator.get(theirs)).status == 200


async def test_the_stream_tells_of_each_change_drawn_anew_and_of_nothing_twice(admin: Visitor, site: Site) -> None:
    path = f"/devices/{site.a.device_id}/stream?after=0"
    stream = await admin.follow_stream(path)
    assert stream.headers["x-accel-buffering"] == "no"
    assert stream.said == "retry: 2000\nid: 0\n\n"
    message_id = await site.send()
    await site.world.advance(1)
    assert 'data: <li class="msg mt' in stream.said
    assert f'id="m{message_id}"' in stream.said
    assert "Delivered" in stream.said
    last = [line.removeprefix("id: ") for line in stream.said.splitlines() if line.startswith("id: ")][-1]
    await stream.leave()
    resumed = await admin.follow_stream(path, last_event_id=last)
    await site.world.advance(16)
    assert "<li" not in resumed.said
    assert ": ping" in resumed.said
    await resumed.leave()


async def test_what_was_queued_is_told_once_it_is_on_its_way_and_once_it_waits_for_its_device(admin: Visitor, site: Site) -> None:
    site.world.link.says(None, None)
    await site.send(payload="on its way")
    queued = await site.send(payload="next")
    stream = await admin.follow_stream(f"/devices/{site.a.device_id}/stream?after=0")
    await site.world.advance(1)
    assert f'id="m{queued}"' in stream.said
    site.world.link.open[0].answer(Accepted())
    await site.world.advance(0.1)
    assert "Sending" in stream.said.rpartition(f'id="m{queued}"')[2]
    site.world.link.open[0].answer(Refused(ErrorClass.DEVICE_ABSENT, "absent"))
    await site.world.advance(0.1)
    assert "Waiting for device" in stream.said
    await stream.leave()


async def test_a_waiting_message_is_drawn_anew_when_its_next_try_has_another_time(admin: Visitor, site: Site) -> None:
    site.world.link.otherwise = Refused(ErrorClass.DEVICE_ABSENT, "absent")
    await site.send()
    stream = await admin.follow_stream(f"/devices/{site.a.device_id}/stream?after=0")
    await site.world.advance(19)
    before = stream.said.count("<li")
    await site.world.advance(3)
    assert stream.said.count("<li") == before + 1
    await site.world.advance(30)
    assert stream.said.count("<li") == before + 1
    await stream.leave()


async def test_a_stream_ends_with_its_session(admin: Visitor, site: Site) -> None:
    stream = await admin.follow_stream(f"/devices/{site.a.device_id}/stream?after=0")
    await admin.post("/sign-out")
    await site.world.advance(16)
    await site.world.advance(16)
    assert stream.task.done()


async def test_how_the_hand_over_of_what_a_device_sent_stands_is_told_though_that_is_no_event(admin: Visitor, site: Site) -> None:
    webhook = statement(
        "UPDATE service_profile SET esme_interface_type_id = 1, mo = 1, api_callback_id = (SELECT min(id) FROM api_callback)"
    )
    await site.world.database.write(lambda tx: tx.run(webhook))
    site.world.courier.says(Answered(500, 3), None)
    stream = await admin.follow_stream(f"/devices/{site.a.device_id}/stream?after=0")
    await site.world.hear(f"42366392{site.a.organisation_id:07}", "1000", "tank full")
    for _ in range(3):
        await site.world.advance(1)
    assert "Webhook retrying, 1 of" in stream.said
    for _ in range(40):
        await site.world.advance(1)
        if site.world.courier.open:
            break
    site.world.courier.open[0](Answered(204, 3))
    for _ in range(3):
        await site.world.advance(1)
    assert "Webhook delivered" in stream.said
    await stream.leave()
