"""The courier of webhooks keeps the contract of couriers."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from heliograph import webhooks
from heliograph.clock import SystemClock
from heliograph.model.notification import Delivery
from heliograph.webhooks.courier import CourierSettings, WebhookCourier
from heliograph.webhooks.egress import LOOPBACK
from tests.contract.courier_contract import CourierContract, Rig
from tests.webhooks.receiver import Connection, Received, Receiver, answer, delivery


class WebhookRig(Rig):
    package = Path(webhooks.__file__).parent

    def __init__(self, receiver: Receiver) -> None:
        self.receiver = receiver
        self.receiver.mood = self._answer
        self.gate = asyncio.Event()
        self.gate.set()
        self.is_failing = False
        self.courier = WebhookCourier(CourierSettings(egress=LOOPBACK, in_flight_per_receiver=8), SystemClock())

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
            rig = WebhookRig(receiver)
            yield rig
            await rig.courier.stop(0)
