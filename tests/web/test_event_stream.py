"""GET /api/v1/event-stream, as a client of server-sent events reads it."""

import asyncio
import json
from typing import Any

from starlette.types import Message

from heliograph.service.event_body import SmsEvent
from heliograph.service.tail import MOST_OF_ONE
from heliograph.store.feed import Emitted
from heliograph.web.api.event_stream import PING_S
from tests.core_world import statement
from tests.web.site import ADDRESS, Site

PATH = "/api/v1/event-stream"


class Client:
    """A client that stays until `leave`. `said`: what came so far."""

    def __init__(self, site: Site, query: str = "", *, token: str | None = None, last_event_id: int | None = None) -> None:
        self.site = site
        self.status = 0
        self.headers: dict[str, str] = {}
        self.said = ""
        self._gone = asyncio.Event()
        headers = [(b"authorization", f"Bearer {token or site.a_auth}".encode())]
        if last_event_id is not None:
            headers.append((b"last-event-id", b"%d" % last_event_id))
        scope = {
            "type": "http", "method": "GET", "scheme": "https", "path": PATH, "query_string": query.encode(), "headers": headers,
            "client": (ADDRESS, 50000), "server": ("127.0.0.1", 8080),
        }  # fmt: skip
        self.task = site.world.spawn(site.app(scope, self._receive, self._send))

    async def _receive(self) -> Message:
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        self.said += message.get("body", b"").decode()

    async def leave(self) -> None:
        self._gone.set()
        await self.site.world.settle()

    @property
    def events(self) -> list[dict[str, Any]]:
        """The frames with data, each as its fields."""
        frames = [dict(line.split(": ", 1) for line in frame.splitlines() if line[0] != ":") for frame in self.said.split("\n\n") if frame]
        return [frame | {"data": json.loads(frame["data"])} for frame in frames if "data" in frame]


async def opened(site: Site, query: str = "", **more: Any) -> Client:
    client = Client(site, query, **more)
    await site.world.settle()
    return client


async def test_a_stream_begins_with_where_it_starts_and_tells_what_comes(site: Site) -> None:
    client = await opened(site)
    assert client.status == 200
    assert client.headers["content-type"] == "text/event-stream; charset=UTF-8"
    assert client.headers["x-accel-buffering"] == "no"
    assert client.said == "retry: 2000\nid: 0\n\n"
    sms_id = await site.send(payload="Grüße")
    await site.world.advance(1)
    assert [(each["event"], each["id"]) for each in client.events] == [("sms.accepted", "1"), ("sms.delivered", "2")]
    told = client.events[1]["data"]
    assert list(told) == list(SmsEvent.__struct_fields__)
    assert told["data"]["id"] == sms_id
    assert (told["data"]["payload"], told["data"]["status"]) == ("Grüße", {"id": 4, "status": "DELIVERED"})
    assert told["id"] == site.a.organisation_id * 10**10 + 2


async def test_a_comment_comes_each_15_s_of_silence(site: Site) -> None:
    client = await opened(site)
    await site.world.advance(2 * PING_S + 1)
    assert client.said.count(": ping\n\n") == 2


async def test_last_event_id_resumes_behind_it_and_so_does_after(site: Site) -> None:
    await site.send()
    for client in (await opened(site, last_event_id=1), await opened(site, "after=1")):
        await site.world.settle()
        assert client.said.startswith("retry: 2000\nid: 1\n\n")
        assert [each["id"] for each in client.events] == ["2"]


async def test_only_the_wanted_types_are_told_and_the_position_moves_over_the_others(site: Site) -> None:
    client = await opened(site, "types=sms.delivered,device.*")
    await site.send()
    await site.world.database.write(lambda tx: tx.emit(Emitted(site.a.organisation_id, "sms.nothing", 0)))
    await site.world.advance(1)
    assert [each["event"] for each in client.events] == ["sms.delivered"]
    assert client.said.endswith("id: 3\n\n")


async def test_one_reload_is_told_in_place_of_what_was_deleted(site: Site) -> None:
    await site.send()
    await site.world.database.write(lambda tx: tx.run(statement("DELETE FROM event WHERE number = 1 AND organisation_id > 0")))
    client = await opened(site, last_event_id=0)
    await site.send()
    await site.world.advance(1)
    assert [(each["event"], each["id"]) for each in client.events] == [("reload", "2"), ("sms.accepted", "3"), ("sms.delivered", "4")]
    assert client.events[0]["data"] == {"type": "reload", "number": 2}


async def test_others_see_nothing_of_it_and_the_operator_chooses(site: Site) -> None:
    other = await opened(site, token=site.b_auth)
    operator = await opened(site, f"organisation={site.a.organisation_id}", token=site.operator_auth)
    refused = await opened(site, f"organisation={site.a.organisation_id}", token=site.b_auth)
    await site.send()
    await site.world.advance(1)
    assert (other.events, len(operator.events), refused.status) == ([], 2, 404)


async def test_a_client_that_leaves_is_forgotten(site: Site) -> None:
    client = await opened(site)
    assert site.world.core.tail.position
    await client.leave()
    assert client.task.done()
    assert site.world.core.tail.position == {}


async def test_more_streams_than_ten_are_refused(site: Site) -> None:
    for _ in range(MOST_OF_ONE):
        await opened(site)
    assert (await opened(site)).status == 429


async def test_a_revoked_token_ends_its_stream(site: Site) -> None:
    client = await opened(site)
    token_id = site.a.token_id
    await site.world.database.write(lambda tx: tx.run(statement(f"UPDATE application_token SET revoked_at_ms = 1 WHERE id = {token_id}")))
    await site.world.jump(3600)
    await site.world.advance(PING_S + 1)
    assert client.task.done()


async def test_the_stop_of_the_process_ends_streams_at_once(site: Site) -> None:
    client = await opened(site)
    site.world.core.tail.stop()
    await site.world.settle()
    assert client.task.done()
    assert client.said.endswith("id: 0\n\n")


async def test_what_is_no_number_and_no_type_is_refused_with_words(site: Site) -> None:
    for query, field in (("after=x", "after"), ("types=sms.recieved", "types"), ("organisation=-1", "organisation")):
        reply = await site.get(f"{PATH}?{query}")
        assert reply.status == 422
        assert reply.json["field"] == field
