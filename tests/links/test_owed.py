"""What a stored network took outlives the process, and what nothing says was kept comes again."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from heliograph.links import simulator
from heliograph.links.simulator import SimulatorLink
from heliograph.links.simulator.link import AGAIN_S
from heliograph.links.simulator.owed import Owed, Result
from heliograph.metrics import Metrics
from heliograph.model.ids import LinkId
from heliograph.model.link import Accepted, Answer, LinkOutcome, Receipt, ReceiptState
from heliograph.model.problem import Code
from tests.contract.link_contract import Listener, outgoing
from tests.manual_clock import TestClock

DELIVERED = Result(ReceiptState.DELIVERED, "DELIVRD")


class ForgetfulListener(Listener):
    """Keeps no receipt but from the third on."""

    def __init__(self) -> None:
        super().__init__()
        self.refused = 0

    async def receipts(self, receipts: Sequence[Receipt]) -> list[Answer]:
        if self.refused < 2:
            self.refused += 1
            return [Answer(refused=Code.UNAVAILABLE.value)] * len(receipts)
        return await super().receipts(receipts)


def running(clock: TestClock, listener: Listener, **settings: Any) -> tuple[SimulatorLink, asyncio.Task[None]]:
    text = msgspec.json.encode({"delivery": "stored", "receipt_delay_ms": 2000} | settings).decode()
    link = simulator.make(simulator.profile_of(LinkId(1), "Simulator", text), text, listener, clock, Metrics())
    return link, asyncio.create_task(link.run())


async def test_what_was_taken_is_delivered_and_reported_by_the_next_process(clock: TestClock, tmp_path: Path) -> None:
    first, task = running(clock, Listener(), network_log=str(tmp_path / "owed"))
    await clock.settle()
    outcomes: list[LinkOutcome] = []
    first.send(outgoing(1), outcomes.append)
    first.send(outgoing(2), outcomes.append)
    await clock.settle()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    listener = Listener()
    second, task = running(clock, listener, network_log=str(tmp_path / "owed"), received_log=str(tmp_path / "received"))
    await clock.advance(3)
    refs = [f"id:{outcome.ref}" for outcome in outcomes if isinstance(outcome, Accepted)]
    assert [receipt.keys[0] for receipt in listener.receipts_heard] == refs
    assert (tmp_path / "received").read_text() == "1 1\n2 1\n"
    await second.stop(0)
    await task
    assert list(Owed(str(tmp_path / "owed")).left()) == []


async def test_a_receipt_that_was_not_kept_comes_again(clock: TestClock, tmp_path: Path) -> None:
    listener = ForgetfulListener()
    link, task = running(clock, listener, network_log=str(tmp_path / "owed"), received_log=str(tmp_path / "received"))
    await clock.settle()
    link.send(outgoing(1), lambda _: None)
    await clock.advance(2)
    assert (listener.refused, listener.receipts_heard) == (1, [])
    assert [result for _, _, result in Owed(str(tmp_path / "owed")).left()] == [DELIVERED]
    await clock.advance(2 * AGAIN_S)
    assert [receipt.state for receipt in listener.receipts_heard] == [ReceiptState.DELIVERED]
    assert (tmp_path / "received").read_text() == "1 1\n"
    await link.stop(0)
    await task


def test_without_a_file_nothing_is_owed_later() -> None:
    owed = Owed(None)
    owed.took("1", outgoing(1))
    owed.write()
    owed.close()
    assert list(owed.left()) == []
