"""The SMPP link keeps the link contract, live and stored, with one bind and with several."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import msgspec
import pytest

from heliograph.links import KINDS, smpp
from heliograph.links.smpp.link import SmppLink
from heliograph.metrics import Metrics
from heliograph.model.ids import LinkId
from heliograph.model.link import Answer, Delivery
from heliograph.smpp import status
from heliograph.smpp.state import BOUND
from tests.contract.link_contract import LinkContract, Listener, Rig
from tests.links.smsc import Smsc
from tests.manual_clock import TestClock

WINDOW = 6


class SmppRig(Rig):
    """A centre on loopback. While octets are on their way between the two no time passes."""

    window = WINDOW
    package = Path(smpp.__file__).parent

    def __init__(self, port: int, smsc: Smsc, clock: TestClock, delivery: Delivery, binds: int) -> None:
        fields = {"host": "127.0.0.1", "port": port, "system_id": "meters", "password": "secret", "window": WINDOW // binds, "binds": binds}
        settings = msgspec.json.encode(fields | {"delivery": delivery, "role": "network"}).decode()
        self.smsc = smsc
        self.clock = clock
        self.listener = Listener()
        kind = KINDS["smpp"]
        link = kind.make(kind.profile(LinkId(1), "SMSC", settings), settings, self.listener, clock, Metrics())
        assert isinstance(link, SmppLink)
        self.link = self.smpp = link
        clock.busy.append(self._is_busy)
        self.running = asyncio.create_task(link.run())

    def _is_busy(self) -> bool:
        """Whether one end waits for the other's octets: a connection is made or being bound, or an end is over and its socket is not."""
        ours = [bind.connection for bind in self.smpp.binds if bind.connection is not None]
        theirs = self.smsc.connections
        return any(each.session.state not in BOUND for each in ours) or any(each.is_over and each._transport for each in (*ours, *theirs))

    def hold(self) -> None:
        self.smsc.on_submit = lambda submit: None

    async def release(self) -> None:
        self.smsc.on_submit = lambda submit: status.ROK
        self.smsc.release()
        await self.clock.settle()

    def refuse(self) -> None:
        self.smsc.on_submit = lambda submit: status.RSYSERR

    def submits(self) -> int:
        return len(self.smsc.submits)

    def lose(self) -> None:
        self.smsc.lose()
        for bind in self.smpp.binds:
            bind.drop("the test cut it")

    async def speak(self) -> Answer:
        code = await self.smsc.deliver("423663920000001", "1000")
        return Answer(refused=None if code == status.ROK else hex(code))

    async def until(self, condition: Callable[[], bool], why: str) -> None:
        give_up_at = time.monotonic() + 30
        while not condition():
            assert time.monotonic() < give_up_at, f"never came: {why}"
            await self.clock.settle()
            await asyncio.sleep(0.0002)


class TestSmpp(LinkContract):
    @pytest.fixture(params=[(Delivery.LIVE, 1), (Delivery.STORED, 1), (Delivery.STORED, 3)], ids=str)
    async def rig(self, request: pytest.FixtureRequest) -> AsyncIterator[Rig]:
        clock = TestClock()
        smsc = Smsc(clock)
        await smsc.start()
        rig = SmppRig(smsc.port, smsc, clock, *request.param)
        await rig.until(lambda: rig.link.room() == WINDOW, "the binds")
        yield rig
        await rig.link.stop(0)
        await rig.running
        clock.busy.clear()
        await smsc.stop()
