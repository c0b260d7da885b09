"""Webhooks of a whole daemon: receivers of every kind, as the log tells of them."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
import requests

from tests.flows.program import Api, Program, try_arguments, wait_until
from tests.flows.receivers import Receivers, webhook
from tests.webhooks.receiver import Connection, Mood, Received, answer, hold

WITHIN_S = 90.0


async def reset(connection: Connection, _received: Received) -> None:
    connection.reset()


async def drip(connection: Connection, _received: Received) -> None:
    for octet in b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + b"x" * 1000:
        await connection.write(bytes([octet]))
        await asyncio.sleep(0.2)


async def only_post(connection: Connection, received: Received) -> None:
    await answer(200 if received.method == "POST" else 405)(connection, received)


MOODS: dict[str, tuple[Mood, str, str | None, int | None]] = {
    "good": (answer(204), "delivered", None, 204),
    "resets": (reset, "failed", "connection reset by", None),
    "hangs": (hold, "failed", "no answer in 15 s", None),
    "drips": (drip, "failed", "no complete answer in 15 s", None),
    "much": (answer(200, b"x" * 10_000_000), "delivered", None, 200),
    "moves": (answer(301, b"", "Location: http://169.254.169.254/"), "failed", "redirects are not followed", 301),
    "breaks": (answer(500, b"oops"), "failed", "the receiver failed; its own log says why", 500),
}


@pytest.fixture(scope="module")
def receivers() -> Iterator[Receivers]:
    moods = {name: row[0] for name, row in MOODS.items()} | {"gone": answer(410), "posts": only_post}
    with Receivers(**moods, later=answer(429, b"", "Retry-After: 600")) as running:
        yield running


@pytest.fixture(scope="module")
def api(receivers: Receivers) -> Iterator[Api]:
    with Program(*try_arguments()) as program, Api(program.ready["api_url"], program.ready["application_token"]) as made:
        yield made


def test_what_a_receiver_does_is_said_in_plain_words(api: Api, receivers: Receivers) -> None:
    """All at the same time, since some take the whole time that a call may take."""
    made = {mood: webhook(api, receivers.url(mood), events=["webhook.disabled"])["id"] for mood in MOODS}
    with ThreadPoolExecutor(len(MOODS)) as pool:
        ended = dict(zip(MOODS, pool.map(lambda mood: end_of_test(api, made[mood]), MOODS), strict=True))
    for mood, (_, status, error, http_status) in MOODS.items():
        found = ended[mood]
        assert (found["status"], found["http_status"], found["attempts"]) == (status, http_status, 1), found
        assert error is None or error in found["error"]
        (attempt,) = found["tries"]
        assert len(attempt["answer"] or "") <= 16_384
        assert attempt["address"] == "127.0.0.1"
        assert attempt["milliseconds"] < 25_000
    (request,) = receivers.received("good")
    assert request.headers["webhook-id"] == str(ended["good"]["id"])
    assert request.headers["webhook-signature"].startswith("v1,")


def end_of_test(api: Api, webhook_id: int) -> dict[str, Any]:
    """What came of a test."""
    answered = requests.post(f"{api.url}/v1/webhook/{webhook_id}/test", headers=api.authorization, timeout=60)
    found: dict[str, Any] = answered.json()
    return found


def test_a_receiver_that_refuses_is_said_to(api: Api) -> None:
    made = webhook(api, "http://127.0.0.1:1/", events=["webhook.disabled"])
    ended = api.post(f"/webhook/{made['id']}/test", {}).json()
    assert ended["error"] == "connection refused by 127.0.0.1:1"


def test_410_disables_and_429_waits_as_long_as_it_was_asked_to(api: Api, receivers: Receivers) -> None:
    gone, later = webhook(api, receivers.url("gone")), webhook(api, receivers.url("later"))
    api.send(1, "hello")
    wait_until(lambda: bool(api.get(f"/webhook/{gone['id']}")["status"] == "disabled"), "disabled", WITHIN_S)
    wait_until(lambda: len(api.get(f"/webhook/{later['id']}/delivery?status=retrying")) == 1, "retrying", WITHIN_S)
    (delivery,) = api.get(f"/webhook/{later['id']}/delivery")
    assert (delivery["http_status"], delivery["attempts"]) == (429, 1)
    assert delivery["error"] == "the receiver is called too often; it asks to wait 600 s"
    waits = datetime.fromisoformat(delivery["next_attempt"]) - datetime.fromisoformat(delivery["last_attempt"])
    assert timedelta(seconds=590) <= waits <= timedelta(seconds=720), "as long as it asked to, give or take the jitter"
    assert api.get(f"/webhook/{gone['id']}/delivery")[0]["error"] == "the receiver wants nothing more"
    assert any(each["event_type"]["description"] == "Webhook disabled" for each in api.get("/event?per_page=1000"))


def test_a_receiver_that_takes_no_patch_gets_receipts_by_post_when_it_is_told_so(api: Api, receivers: Receivers) -> None:
    made = webhook(api, receivers.url("posts"), format="emnify", events=["sms.delivered"], scope={"endpoints": [{"id": 1}]})
    api.send(1, "hello")
    path = f"/webhook/{made['id']}/delivery"
    wait_until(lambda: any(each["http_status"] == 405 for each in api.get(path)), "405", WITHIN_S)
    words = "the receiver takes no PATCH at this URL: receipt_method POST may help"
    assert {each["error"] for each in api.get(path) if each["http_status"]} == {words}
    changed = api._session.patch(f"{api.url}/v1/webhook/{made['id']}", json={"receipt_method": "POST"}, timeout=10)
    assert changed.status_code == 200
    api.send(1, "again")
    wait_until(lambda: any(each["status"] == "delivered" for each in api.get(path)), "delivered by POST", WITHIN_S)
