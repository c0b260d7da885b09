"""The courier of webhooks keeps the contract of couriers."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from heliograph import webhooks
from heliograph.clock import SystemClock
from heliograph.model.notification import Courier, Delivery
from heliograph.webhooks.courier import WebhookCourier
from heliograph.webhooks.egress import LOOPBACK
from heliograph.webhooks.process import CourierProcess
from heliograph.webhooks.settings import CourierSettings
from tests.contract.courier_contract import CourierContract, Rig
from tests.webhooks.receiver import Connection, Received, Receiver, answer, delivery

Make = Callable[[CourierSettings], Courier]


class WebhookRig(Rig):
    package = Path(webhooks.__file__).parent

    def __init__(self, receiver: Receiver, make: Make) -> None:
        self.receiver = receiver
        self.receiver.mood = self._answer
        self.gate = asyncio.Event()
        self.gate.set()
        self.is_failing = False
        self.courier = make(CourierSettings(egress=LOOPBACK, in_flight_per_receiver=8))

    def delivery(self, number: int) -> Delivery:
        return delivery(self.receiver.url, number, secret="s" * 32)

    def hold(self) -> None:
        self.gate.clear()

    def release(self) -> None:
        self.gate.set()

    def fail(self) -> None:
        self.is_failing = True

    def tries(self) -> int:
        return len(self.receiver.received)

    async def _answer(self, connection: Connection, received: Received) -> None:
        await self.gate.wait()
        if self.is_failing:
            connection.reset()
        else:
            await answer()(connection, received)


class TestWebhookCourier(CourierContract):
    @pytest.fixture
    async def rig(self) -> AsyncIterator[Rig]:  # type: ignore[override]
        async with Receiver() as receiver:
            rig = WebhookRig(receiver, lambda settings: WebhookCourier(settings, SystemClock()))
            yield rig
            await rig.courier.stop(0)


class TestCourierProcess(CourierContract):
    @pytest.fixture
    async def rig(self) -> AsyncIterator[Rig]:  # type: ignore[override]
        async with Receiver() as receiver, asyncio.TaskGroup() as tasks:
            rig = WebhookRig(receiver, lambda settings: CourierProcess(settings, SystemClock(), tasks.create_task))
            yield rig
            await rig.courier.stop(0)
