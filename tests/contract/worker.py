"""A process of the installation for tests that need two: it does what it is told over a database that others use too.

    worker = Worker()
    worker.prepare(url, "submit", devices=[1, 2], count=100)      # opens its own database, then waits
    worker.go(); result_of(worker.answer())

One line of JSON each way: a job, `ready`, `go`, the result. What a job does is a function of `tests.contract.jobs`.
"""

import asyncio
import contextlib
import faulthandler
import inspect
import json
import os
import subprocess
import sys
import traceback
from pathlib import Path
from typing import Any

from heliograph.clock import SystemClock
from heliograph.model.account import Actor, Door, Role
from heliograph.model.ids import LinkId, OrganisationId
from heliograph.model.link import Delivery, LinkProfile, LinkRole, OnUnknown
from heliograph.model.p2p import P2pRates
from heliograph.service import housekeeping
from heliograph.service.core import Core
from heliograph.service.dispatch import Queues
from heliograph.service.notify import Notifier
from heliograph.service.settle import LaneUseCases
from heliograph.store.database import Database, engine_of
from tests.manual_clock import TestClock
from tests.scripted import ScriptedCourier
from tests.waits import kill

ROOT = Path(__file__).parents[2]
LIMIT_S = 40
LINK_ID = LinkId(1)


class Worker:
    """The test's side of it."""

    def __init__(self) -> None:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "src")])}
        command = [sys.executable, "-m", "tests.contract.worker"]
        self.process = subprocess.Popen(command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def prepare(self, url: str, job: str, **arguments: Any) -> None:
        """Have it open the database and wait for `go`."""
        self._say(json.dumps({"url": url, "job": job, "arguments": arguments}))
        assert self._hear() == "ready"

    def go(self) -> None:
        self._say("go")

    def answer(self) -> Any:
        """What came of the job, for `result_of`."""
        return self._hear()

    def kill(self) -> None:
        """As a power loss: at once."""
        kill(self.process)
        self._close()

    def stop(self) -> None:
        self.process.stdin.close()  # type: ignore[union-attr]
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            kill(self.process)
        self._close()

    def _close(self) -> None:
        for pipe in (self.process.stdin, self.process.stdout):
            with contextlib.suppress(OSError):
                pipe.close()  # type: ignore[union-attr]

    def _say(self, line: str) -> None:
        self.process.stdin.write(line + "\n")  # type: ignore[union-attr]
        self.process.stdin.flush()  # type: ignore[union-attr]

    def _hear(self) -> Any:
        line = self.process.stdout.readline()  # type: ignore[union-attr]
        assert line, "the worker ended"
        return json.loads(line)


def result_of(answer: Any) -> Any:
    """What the job returned. Raises AssertionError with the trace of what failed."""
    assert isinstance(answer, dict), answer
    assert "failed" not in answer, answer["failed"]
    return answer["result"]


class Process:
    """The worker's side: a core over its own connection to the database."""

    def __init__(self, database: Database, core: Core, spawn: Any) -> None:
        self.database = database
        self.core = core
        self.spawn = spawn

    def profile(self, delivery: Delivery = Delivery.LIVE, on_unknown: OnUnknown = OnUnknown.RETRY, window: int = 1000) -> LinkProfile:
        return LinkProfile(LINK_ID, "Link", LinkRole.NETWORK, delivery, on_unknown, "link", window=window)

    def actor(self) -> Actor:
        return Actor(OrganisationId(1), "Organisation 1", Role.SUPER_ADMIN, Door.REST)


async def work() -> None:
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        job = json.loads(line)
        faulthandler.dump_traceback_later(2 * LIMIT_S, exit=True)  # whatever it waits for then, nobody waits for it
        try:
            async with asyncio.timeout(LIMIT_S):
                _answer({"result": await _do(job, reader)})
        except Exception as error:
            _answer({"failed": "".join(traceback.format_exception(error))})
        faulthandler.cancel_dump_traceback_later()


async def _do(job: dict[str, Any], reader: asyncio.StreamReader) -> Any:
    from tests.contract import jobs  # noqa: PLC0415  (it imports this module)

    tasks: set[asyncio.Task[Any]] = set()

    def spawn(call: Any) -> asyncio.Task[Any]:
        task = asyncio.ensure_future(call)
        tasks.add(task)
        return task

    database = Database(engine_of(job["url"]))
    await database.open()
    clock, use_cases = SystemClock(), LaneUseCases()
    node_id = await housekeeping.start_node(database, f"worker {os.getpid()}", clock.now_ms())
    courier = ScriptedCourier(TestClock())
    notifier = Notifier(database, clock, node_id, courier, spawn)
    core = Core(database, clock, node_id, Queues(clock, spawn, use_cases), notifier, p2p=P2pRates(0, 0))
    use_cases.core = core
    _answer("ready")
    await reader.readline()
    function = getattr(jobs, job["job"])
    assert inspect.iscoroutinefunction(function)
    try:
        return await function(Process(database, core, spawn), **job["arguments"])
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await database.close()


def _answer(value: Any) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(work())
