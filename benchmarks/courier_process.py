"""What a webhook costs the daemon's process where the courier is in it, and where it is beside it (docs/decisions/0068).

    .venv/bin/python benchmarks/courier_process.py

Deliveries come in batches, as commits bring them, to a receiver in another process that answers at once. Microseconds of CPU a delivery.
"""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import uvloop

from heliograph.clock import SystemClock
from heliograph.model.ids import NotificationId
from heliograph.model.notification import Answered, Courier, Delivery
from heliograph.webhooks.courier import WebhookCourier
from heliograph.webhooks.egress import LOOPBACK
from heliograph.webhooks.process import CourierProcess
from heliograph.webhooks.settings import CourierSettings

SINK = Path(__file__).parent / "kit" / "hook_sink.py"
SETTINGS = CourierSettings(egress=LOOPBACK)
COUNT, ROUNDS = 6000, 2
BODY = '{"id": 1, "status": {"id": 4, "description": "DELIVERED"}, "endpoint": {"id": 7, "name": "meter 12345"}, "organisation": {"id": 1}}'


async def measure(port: int, batch: int, *, is_beside: bool) -> tuple[float, float]:
    """Of this process, and of its child."""
    async with asyncio.TaskGroup() as tasks:
        clock = SystemClock()
        courier: Courier = CourierProcess(SETTINGS, clock, tasks.create_task) if is_beside else WebhookCourier(SETTINGS, clock)
        await deliver(courier, port, batch)
        children = [pid for pid in _children() if b"heliograph" in Path(f"/proc/{pid}/cmdline").read_bytes()]
        before = _cpu_us(os.getpid()), sum(map(_cpu_us, children))
        for _ in range(COUNT // batch):
            await deliver(courier, port, batch)
            await asyncio.sleep(0.002)
        after = _cpu_us(os.getpid()), sum(map(_cpu_us, children))
        await courier.stop(1)
    return (after[0] - before[0]) / COUNT, (after[1] - before[1]) / COUNT


async def deliver(courier: Courier, port: int, count: int) -> None:
    """A batch, and all its answers."""
    left, ended = count, asyncio.Event()

    def done(answered: Answered) -> None:
        nonlocal left
        assert answered.is_success
        left -= 1
        if not left:
            ended.set()

    for number in range(count):
        courier.deliver(Delivery(NotificationId(number), number, 1, f"http://127.0.0.1:{port}/hook", "PATCH", None, BODY, 0), done)
    await ended.wait()


def _children() -> list[int]:
    return [int(pid) for pid in Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()]


def _cpu_us(pid: int) -> float:
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1000


def main() -> None:
    sink = subprocess.Popen([sys.executable, str(SINK)], stdout=subprocess.PIPE, text=True)
    assert sink.stdout is not None
    port = int(sink.stdout.readline())
    try:
        for batch in (5, 20, 60):
            for _ in range(ROUNDS):
                for is_beside in (False, True):
                    own, child = uvloop.run(measure(port, batch, is_beside=is_beside))
                    print(
                        f"batches of {batch}, {'beside' if is_beside else 'inside'}: {own:.0f} us here, {child:.0f} us in the child",
                        flush=True,
                    )
    finally:
        sink.terminate()
        sink.wait(10)


if __name__ == "__main__":
    main()
