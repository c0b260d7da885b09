"""The simulator link: the link contract (`model/link.py`) over a simulated network. What happens beyond it is `network` and `devices`.

Theory of operation. A segment waits in `_arrived` until the end of the loop turn, or first in `_travelling` for its delay. One call a turn
then takes all that arrived: the network's answers to all, one write of the log, and only then each `done`; so a segment costs no timer
and no task of its own. What devices say and what the network reports are tasks of `run`, each an awaited call of the listener. A link
that loses its connection settles all that waits, and connects again; a listener's call that was under way meanwhile is answered into
a dead session: the listener is told so, and the SMS comes again, as from a network that heard no answer.
"""

import asyncio
import random
from collections.abc import Callable, Coroutine
from itertools import count
from typing import Any

from heliograph.clock import Clock
from heliograph.links.simulator import speech
from heliograph.links.simulator.devices import Devices
from heliograph.links.simulator.network import Network
from heliograph.links.simulator.owed import Owed, Result
from heliograph.links.simulator.record import Record
from heliograph.links.simulator.schedule import Schedule
from heliograph.links.simulator.settings import SimulatorSettings
from heliograph.metrics import Metrics
from heliograph.model.ids import LinkId
from heliograph.model.link import Answer, Inbound, LinkListener, LinkOutcome, LinkProfile, Outgoing, Receipt, Unknown
from heliograph.model.problem import Code, Problem

Done = Callable[[LinkOutcome], None]

TELLING_MOST = 10_000
"""Calls of the listener under way at once; above it the network takes no more, as one whose own queue is full."""
OWED_MOST = 200_000
"""Receipts and other later events that the network holds in memory; above it, the same."""
RECONNECT_S = 1.0
AGAIN_S = 1.0
"""After how long the network comes again with what was not kept."""
STOPPED = Unknown("the link stopped before the network answered")


class SimulatorLink:
    """A `model.link.Link`. `record` is what its devices received; `originate` and `call_in` make devices and phones speak."""

    def __init__(self, profile: LinkProfile, settings: SimulatorSettings, listener: LinkListener, clock: Clock, metrics: Metrics) -> None:
        self._link_id: LinkId = profile.link_id
        self._correlation_group = profile.correlation_group
        self._window = settings.window
        self._delay_s = settings.delay_ms / 1000
        self._jitter_s = settings.jitter_ms / 1000
        self._random = random.Random(settings.seed)  # noqa: S311 (chance, not secrecy)
        self._listener = listener
        self._clock = clock
        self._schedule = Schedule(clock)
        self.record = Record(settings.received_log, metrics, profile.name)
        self.devices = Devices(settings, self.record, clock, self)
        self._owed = Owed(settings.network_log)
        self._network = Network(settings, self.devices, clock, self, self._owed)
        self._originated = metrics.counter("simulator_originated", "SMS parts that simulated devices and phones sent.", link=profile.name)
        self._serials = count()
        self._travelling: dict[int, tuple[Outgoing, Done]] = {}
        self._arrived: list[tuple[Outgoing, Done]] = []
        self._under_way = 0
        self._starved = True
        self._session = 0
        self._connected = asyncio.Event()
        self._quiet = asyncio.Event()
        self._ended = asyncio.Event()
        self._stopping = False
        self._running = False
        self._tasks: asyncio.TaskGroup | None = None
        self._telling: set[asyncio.Task[None]] = set()

    # the contract

    def room(self) -> int:
        room = self._room()
        self._starved = self._starved or room == 0
        return room

    def send(self, outgoing: Outgoing, done: Done) -> None:
        if self._under_way >= self._window or not self._connected.is_set():
            raise RuntimeError("more was sent than the link has room for")
        self._under_way += 1
        self._starved = self._starved or self._under_way == self._window
        if self._delay_s or self._jitter_s:
            self._travel(outgoing, done)
        else:
            self._arrive(outgoing, done)

    async def run(self) -> None:
        self._running = True
        try:
            async with asyncio.TaskGroup() as self._tasks:
                if not self._stopping:
                    self._connect()
                    self._network.resume()
                    await self._schedule.run()
        finally:
            self._tasks = None
            self._connected.clear()
            self._settle_all(STOPPED)
            self.record.close()
            self._owed.close()
            self._ended.set()

    async def stop(self, grace_s: float) -> None:
        self._stopping = True
        if not self._is_quiet():
            await self._clock.wait(self._quiet, grace_s)
        self._connected.clear()
        self._settle_all(STOPPED)
        self._schedule.end()
        for task in self._telling:
            task.cancel()
        if self._running:
            await self._ended.wait()

    # what makes it a simulator

    async def originate(self, number: str, destination: str | None, user_data: bytes, udh: bytes, dcs: int) -> Answer:
        """Have a device send an SMS, in parts where it is longer than one; the answer to the last part, or the first that refuses.

        Problem UNAVAILABLE while the link is not connected."""
        self.devices.heard_of(number)
        return self._answered(await self._say(number, destination, speech.of_octets(user_data, udh, dcs, self.devices.reference())))

    async def call_in(self, source: str, destination: str, text: str) -> Answer:
        """Play a phone that texts a device of ours; otherwise as `originate`."""
        return self._answered(await self._say(source, destination, speech.of_text(text, self.devices.reference())))

    def lose_connection(self, reason: str, for_s: float = RECONNECT_S) -> None:
        """Break the connection; it comes back by itself."""
        if not self._connected.is_set():
            return
        self._connected.clear()
        self._starved = True
        self._listener.down(reason)
        self._settle_all(Unknown(reason))
        self._schedule.after(for_s, self._connect)

    # what devices and network do over the link (devices.Air, network.Exchange)

    def after(self, delay_s: float, call: Callable[[], None]) -> None:
        self._schedule.after(delay_s, call)
        self._starved = self._starved or self._schedule.waiting >= OWED_MOST

    def speak(self, number: str, destination: str, said: speech.Speech) -> None:
        self._tell(self._speak(number, destination, said))

    def attach(self, number: str) -> None:
        self._tell(self._listener.reachable(number))

    def report(self, outgoing: Outgoing, ref: str, result: Result) -> None:
        self._write_logs()
        self._tell(self._report(outgoing, ref, result))

    # the way of a segment

    def _travel(self, outgoing: Outgoing, done: Done) -> None:
        serial = next(self._serials)
        self._travelling[serial] = (outgoing, done)

        def arrive() -> None:
            if (entry := self._travelling.pop(serial, None)) is not None:
                self._arrive(*entry)

        self._schedule.after(self._delay_s + self._random.random() * self._jitter_s, arrive)

    def _arrive(self, outgoing: Outgoing, done: Done) -> None:
        if not self._arrived:
            asyncio.get_running_loop().call_soon(self._answer_arrived)
        self._arrived.append((outgoing, done))

    def _answer_arrived(self) -> None:
        arrived, self._arrived = self._arrived, []
        submit = self._network.submit
        answers = [(done, submit(outgoing)) for outgoing, done in arrived]
        self._write_logs()
        self._under_way -= len(answers)
        for done, outcome in answers:
            done(outcome)
        self._tell_room()

    def _write_logs(self) -> None:
        self.record.write_log()
        self._owed.write()

    def _settle_all(self, outcome: Unknown) -> None:
        waiting = [*self._travelling.values(), *self._arrived]
        self._travelling.clear()
        self._arrived = []
        self._under_way = 0
        for _, done in waiting:
            done(outcome)
        self._tell_quiet()

    def _connect(self) -> None:
        if self._stopping:
            return
        self._session += 1
        self._connected.set()
        self._listener.up()
        self._tell_room()

    def _room(self) -> int:
        if self._stopping or not self._connected.is_set() or len(self._telling) >= TELLING_MOST or self._schedule.waiting >= OWED_MOST:
            return 0
        return self._window - self._under_way

    def _tell_room(self) -> None:
        if self._starved and self._room() > 0:
            self._starved = False
            self._listener.room_changed()
        self._tell_quiet()

    def _is_quiet(self) -> bool:
        return not self._under_way and not self._telling

    def _tell_quiet(self) -> None:
        if self._stopping and self._is_quiet():
            self._quiet.set()

    # calls of the listener

    def _tell(self, call: Coroutine[Any, Any, None]) -> None:
        """Make a call of the listener in a task of `run`; where that has ended the network is gone, and what it had to tell with it."""
        if self._tasks is None:
            call.close()
            return
        task = self._tasks.create_task(call)
        self._telling.add(task)
        self._starved = self._starved or len(self._telling) >= TELLING_MOST
        task.add_done_callback(self._told)

    def _told(self, task: asyncio.Task[None]) -> None:
        self._telling.discard(task)
        if task.cancelled() or task.exception() is not None:
            self._tasks = None  # its group ends, and takes no more
        self._tell_room()

    async def _report(self, outgoing: Outgoing, ref: str, result: Result) -> None:
        keys = f"id:{ref}", f"umr:{outgoing.reference}"
        parties = outgoing.destination, outgoing.source
        now = self._clock.now_ms()
        receipt = Receipt(self._link_id, self._correlation_group, keys, *parties, result.state, result.word, result.error, now)
        if await self._until_kept(lambda: self._hand_in_receipt(receipt)):
            self._owed.told(ref)

    async def _hand_in_receipt(self, receipt: Receipt) -> Answer:
        (answer,) = await self._listener.receipts([receipt])
        return answer

    async def _speak(self, number: str, destination: str, said: speech.Speech) -> None:
        await self._until_kept(lambda: self._say(number, destination, said))

    async def _until_kept(self, tell: Callable[[], Coroutine[Any, Any, Answer | None]]) -> bool:
        """Tell something, again and again while nothing says that it was kept; whether it was answered in the end."""
        while True:
            answer = await tell()
            if answer is None or answer.refused != Code.UNAVAILABLE:
                return answer is not None
            if self._stopping:
                return False
            await self._clock.sleep_until(self._clock.monotonic() + AGAIN_S)

    async def _say(self, source: str, destination: str | None, said: speech.Speech) -> Answer | None:
        answer: Answer | None = None
        for part in said.parts:
            answer = await self._hand_in(source, destination, said.dcs, part.udh, part.user_data)
            if answer is None or answer.refused is not None:
                break
        return answer

    async def _hand_in(self, source: str, destination: str | None, dcs: int, udh: bytes, user_data: bytes) -> Answer | None:
        """Bring one SMS to the listener until an answer came back over the session that asked; None where there is no session."""
        while self._connected.is_set() and not self._stopping:
            session = self._session
            self._originated.add()
            inbound = Inbound(self._link_id, source, destination, udh, user_data, dcs, 0, self._clock.now_ms())
            answer = await self._listener.inbound(inbound)
            if session == self._session and self._connected.is_set():
                return answer
            await self._listener.answer_lost(inbound, answer)
            await self._clock.wait(self._connected, 2 * RECONNECT_S)
        return None

    def _answered(self, answer: Answer | None) -> Answer:
        if answer is None:
            raise Problem(Code.UNAVAILABLE, "the simulator link is not connected: try again when it is up")
        if answer.refused == Code.UNAVAILABLE:
            raise Problem(Code.UNAVAILABLE, "the database did not confirm that it kept the SMS: it may have, or not")
        return answer
