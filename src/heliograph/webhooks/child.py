"""The process that calls webhooks: `WebhookCourier` at the other end of a `Line`, which is its standard input. Started by `process.py`.

It ends when the line does, by whatever its daemon died of; signals are the daemon's, which says when to stop. A bug ends it, loudly.
"""

import asyncio
import os
import signal
import socket
import sys
from functools import partial
from typing import Any

import uvloop

from heliograph.clock import SystemClock
from heliograph.model.notification import Answered
from heliograph.webhooks.courier import WebhookCourier
from heliograph.webhooks.line import BEAT_S, Line, Stop, Told, read_given, settings_of


class _Child:
    def __init__(self) -> None:
        self.line = Line(self._heard)
        self._loop = asyncio.get_running_loop()
        self._courier: WebhookCourier | None = None
        self._answers: Told = []
        self._stopping: asyncio.Task[None] | None = None

    def _heard(self, frame: bytes) -> None:
        if self._courier is None:
            self._courier = WebhookCourier(settings_of(frame), SystemClock())
            return
        given = read_given(frame)
        if isinstance(given, Stop):
            self._stopping = self._loop.create_task(self._stop(self._courier, given.grace_s))
            return
        for number, delivery in given:
            self._courier.deliver(delivery, partial(self._answered, number))

    def _answered(self, number: int, answered: Answered) -> None:
        """What one turn of the event loop answers goes out together."""
        if not self._answers:
            self._loop.call_soon(self._tell)
        self._answers.append((number, answered))

    def _tell(self) -> None:
        answers, self._answers = self._answers, []
        self.line.send(answers)

    async def _stop(self, courier: WebhookCourier, grace_s: float) -> None:
        await courier.stop(grace_s)
        await asyncio.sleep(0)  # what it answered last is told
        self.line.close()


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(_end_by_a_bug)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, int)
    child = _Child()
    await loop.create_connection(lambda: child.line, sock=socket.socket(fileno=sys.stdin.fileno()))
    while not await SystemClock().wait(child.line.is_over, BEAT_S):
        child.line.send([])
    if child.line.failure is not None:  # an OSError, which an event loop takes for the end of the connection
        raise child.line.failure


def _end_by_a_bug(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    loop.default_exception_handler(context)
    if "exception" in context:
        os._exit(1)


if __name__ == "__main__":
    uvloop.run(_serve())
