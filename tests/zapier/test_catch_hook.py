"""Without the app: the webhook of a service policy is a Catch Hook of "Webhooks by Zapier", which takes POST and answers 405 to PATCH."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.flows.program import Api, Program
from tests.webhooks.receiver import Connection, Received, Receiver, answer

WITHIN_S = 30.0
DOCS = (Path(__file__).parents[2] / "docs" / "zapier.md").read_text(encoding="utf-8").partition("## Without the app")[2]
TAKEN = answer(200, b'{"attempt": "01", "id": "01", "status": "success"}', "Content-Type: application/json")
NOT_ALLOWED = answer(405, b"", "Allow: GET, POST, PUT")


async def catch_hook(connection: Connection, received: Received) -> None:
    await (NOT_ALLOWED if received.method == "PATCH" else TAKEN)(connection, received)


@pytest.fixture
async def hook() -> AsyncIterator[Receiver]:
    async with Receiver(mood=catch_hook) as receiver:
        yield receiver


@pytest.fixture
def api(program: Program) -> Iterator[Api]:
    with Api(program.ready["api_url"], program.ready["application_token"]) as api:
        yield api


def device_that(program: Program, behaviour: str) -> int:
    return next(each["id"] for each in program.ready["devices"] if each["behaviour"] == behaviour)


async def wait_for(condition: Callable[[], Any], why: str) -> Any:
    until = asyncio.get_running_loop().time() + WITHIN_S
    while not (found := await asyncio.to_thread(condition)):
        assert asyncio.get_running_loop().time() < until, f"not within {WITHIN_S} s: {why}"
        await asyncio.sleep(0.05)
    return found


async def give(api: Api, hook: Receiver, **changed: Any) -> int:
    """Make the Catch Hook the webhook of the demo policy, by the call that docs/zapier.md shows; its id."""
    shown = re.search(r"/webhook -H \"\$AUTH\" -d '(\{.*?\})'", DOCS, re.DOTALL)
    assert shown
    made = await asyncio.to_thread(api.post, "/webhook", json.loads(shown[1]) | {"url": hook.url} | changed)
    assert made.status_code == 201, made.text
    return int(made.json()["id"])


async def test_sms_of_devices_and_receipts_reach_a_catch_hook_by_post(program: Program, api: Api, hook: Receiver) -> None:
    await give(api, hook)
    device, lost = device_that(program, "delivers"), device_that(program, "undeliverable")
    said = {"payload": "ALARM 0.2 bar", "dest_address": "1000"}
    heard = (await asyncio.to_thread(api.post, f"/simulator/endpoint/{device}/mo", said)).json()["id"]
    delivered, failed = await asyncio.to_thread(api.send, device, "valve open"), await asyncio.to_thread(api.send, lost, "anybody there?")

    def bodies() -> dict[int, dict[str, Any]]:
        return {body["id"]: body for body in (json.loads(each.body) for each in hook.received)}

    await wait_for(lambda: {heard, delivered, failed} <= bodies().keys(), "an SMS and two receipts")
    assert {each.method for each in hook.received} == {"POST"}
    found = bodies()
    assert (found[heard]["payload"], "status" in found[heard]) == ("ALARM 0.2 bar", False)
    assert found[delivered]["status"] == {"id": 4, "status": "DELIVERED"}
    assert found[failed]["status"] == {"id": 5, "status": "FAILED"}
    assert "payload" not in found[delivered]
    shown = [json.loads(each) for each in re.findall(r"```json\n(.*?)```", DOCS, re.DOTALL)]
    assert [each.keys() for each in shown] == [found[heard].keys(), found[delivered].keys()], "the bodies that the page shows"


async def test_a_receipt_by_patch_is_refused_and_the_log_says_so(program: Program, api: Api, hook: Receiver) -> None:
    webhook = await give(api, hook, receipt_method="PATCH")
    sent = await asyncio.to_thread(api.send, device_that(program, "delivers"), "valve open")

    def refused() -> list[dict[str, Any]]:
        log: list[dict[str, Any]] = api.get(f"/webhook/{webhook}/delivery")
        return [each for each in log if each["http_status"] == 405]

    (delivery,) = await wait_for(refused, "the receipt refused")
    assert (delivery["method"], delivery["status"], delivery["sms"]) == ("PATCH", "retrying", {"id": sent})


async def test_a_catch_hook_takes_a_test(api: Api, hook: Receiver) -> None:
    webhook = await give(api, hook)
    tested = await asyncio.to_thread(api.post, f"/webhook/{webhook}/test", {})
    assert (tested.status_code, tested.json()["http_status"]) == (200, 200), tested.text
    assert [each.method for each in hook.received] == ["POST"]
    assert json.loads(hook.received[0].body)
