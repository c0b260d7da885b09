"""Receivers of webhooks beside a running program, and what is made and asked of its webhooks."""

import asyncio
import json
import threading
from collections import Counter
from typing import Any, Self

from tests.flows.program import Api
from tests.waits import join
from tests.webhooks.receiver import Connection, Mood, Received, Receiver, answer


class Receivers:
    """Receivers in a thread, one a path, whose moods may be changed; one without a mood takes all."""

    def __init__(self, **moods: Mood) -> None:
        self.moods = moods
        self._receiver = Receiver(mood=self._by_path)
        self._loop = asyncio.new_event_loop()
        self._end = asyncio.Event()
        self._serving = threading.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._serve(),), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._serving.wait(30)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        join(self._thread, "the receivers")
        self._loop.close()

    @property
    def port(self) -> int:
        return self._receiver.port

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self._receiver.port}/{path}"

    def received(self, path: str) -> list[Received]:
        return [each for each in list(self._receiver.received) if each.path == f"/{path}"]

    async def _by_path(self, connection: Connection, received: Received) -> None:
        await self.moods.get(received.path.strip("/"), answer())(connection, received)

    async def _serve(self) -> None:
        async with self._receiver:
            self._serving.set()
            await self._end.wait()


def webhook(api: Api, url: str, **fields: Any) -> dict[str, Any]:
    made = api.post("/webhook", {"url": url, "events": ["sms.accepted"]} | fields)
    assert made.status_code == 201, made.text
    found: dict[str, Any] = made.json()
    return found


def told(receivers: Receivers, path: str) -> Counter[tuple[int, str]]:
    """How often each (message, type) was told on this path, in the native format."""
    bodies = [json.loads(each.body) for each in receivers.received(path)]
    return Counter((body["data"]["id"], body["type"]) for body in bodies)
