"""The simulator keeps the link contract, live and stored."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from heliograph.links import KINDS, simulator
from heliograph.metrics import Metrics
from heliograph.model.ids import LinkId
from heliograph.model.link import Answer, Delivery, ErrorClass
from tests.contract.link_contract import LinkContract, Listener, Rig
from tests.manual_clock import TestClock

WINDOW = 10


class SimulatorRig(Rig):
    """Time does not pass by itself: a submit that is to be held travels for a while, one that is to be answered does not."""

    window = WINDOW
    package = Path(simulator.__file__).parent

    def __init__(self, delivery: Delivery) -> None:
        settings = msgspec.json.encode({"window": WINDOW, "delivery": delivery}).decode()
        self.clock = TestClock()
        self.listener = Listener()
        self.metrics = Metrics()
        kind = KINDS["simulator"]
        profile = kind.profile(LinkId(1), "Simulator", settings)
        link = kind.make(profile, settings, self.listener, self.clock, self.metrics)
        assert isinstance(link, simulator.SimulatorLink)
        self.link = self.simulator = link
        self.running = asyncio.create_task(link.run())

    def hold(self) -> None:
        self.simulator._delay_s = 60.0

    async def release(self) -> None:
        self.simulator._delay_s = 0.0
        for serial in list(self.simulator._travelling):
            self.simulator._arrive(*self.simulator._travelling.pop(serial))
        await self.clock.settle()

    def refuse(self) -> None:
        self.simulator._network._errors = [(ErrorClass.LINK, 1.0)]
        self.refused = 0
        submit = self.simulator._network.submit

        def counted(outgoing):  # type: ignore[no-untyped-def]
            self.refused += 1
            return submit(outgoing)

        self.simulator._network.submit = counted  # type: ignore[method-assign]

    def submits(self) -> int:
        return self.refused

    def lose(self) -> None:
        self.simulator.lose_connection("the test cut it")

    async def speak(self) -> Answer:
        return await self.simulator.originate("423663920000001", "1000", b"Hi", b"", 0)


class TestSimulator(LinkContract):
    @pytest.fixture(params=list(Delivery))
    async def rig(self, request: pytest.FixtureRequest) -> AsyncIterator[Rig]:
        rig = SimulatorRig(request.param)
        await rig.until(lambda: rig.listener.states == ["up"], "the connection")
        yield rig
        await rig.link.stop(0)
        await rig.running
