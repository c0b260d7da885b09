"""Random walks: whatever comes in whatever order, each message ends once, in time, and is told of once (rules: States)."""

import asyncio
import tempfile
from collections import Counter
from collections.abc import Coroutine
from contextlib import suppress
from math import inf
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test

from heliograph.model.account import Door
from heliograph.model.ids import DeviceId, MessageId
from heliograph.model.link import Accepted, Delivery, ErrorClass, LinkOutcome, OnUnknown, ReceiptState, Refused, Unknown
from heliograph.model.message import FINAL_EVENTS, TRANSITIONS, State
from heliograph.model.problem import Problem
from heliograph.service import cancel, waiting
from heliograph.store.search import Place, Range
from tests.core_world import Setting, World, msisdn
from tests.scripted import Sent

DEVICES = (1, 2)
GRACE_MS = 600_000
LIVE = Setting(devices=len(DEVICES))
FAILS = Setting(devices=len(DEVICES), on_unknown=OnUnknown.FAIL)
STORED = Setting(devices=len(DEVICES), delivery=Delivery.STORED, on_unknown=OnUnknown.WAIT)
REPORTED = (State.DELIVERED, State.FAILED, State.EXPIRED)

refusals = st.sampled_from(ErrorClass).map(lambda error_class: Refused(error_class, error_class.value))
unknowns = st.just(Unknown("no answer"))


class Walk(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.directory = tempfile.TemporaryDirectory()
        self.states: dict[int, State] = {}
        self.keys: list[tuple[str, int]] = []

    def run(self, call: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(call)

    @initialize(setting=st.sampled_from([LIVE, FAILS, STORED]))
    def start(self, setting: Setting) -> None:
        self.run(self._start(setting))

    async def _start(self, setting: Setting) -> None:
        self.world = World(str(Path(self.directory.name) / "walk.db"), setting)
        self.world.link.otherwise = None
        await self.world.start()

    # what happens

    @rule(
        device=st.sampled_from(DEVICES),
        segments=st.sampled_from([1, 1, 2]),
        validity_s=st.sampled_from([60, 300, 3600]),
        door=st.sampled_from([Door.REST, Door.SMPP]),
    )
    def submit(self, device: int, segments: int, validity_s: int, door: Door) -> None:
        self.run(self.world.submit(device, "0123456789" * (1 + 15 * segments if segments > 1 else 1), validity_s=validity_s, door=door))

    @precondition(lambda self: self.world.link.open)
    @rule(draw=st.data(), outcome=st.just(Accepted()) | st.just(Accepted()) | refusals | unknowns)
    def answer(self, draw: st.DataObject, outcome: LinkOutcome) -> None:
        self.run(self._answer([draw.draw(st.sampled_from(self.world.link.open))], outcome))

    @precondition(lambda self: self.world.link.open)
    @rule(outcome=st.just(Accepted()) | refusals | unknowns)
    def answer_all(self, outcome: LinkOutcome) -> None:
        self.run(self._answer(self.world.link.open, outcome))

    async def _answer(self, segments: list[Sent], outcome: LinkOutcome) -> None:
        """On a stored link every second acceptance has a reference of the network, and ours is the key of the others."""
        for sent in segments:
            given = outcome
            if self.world.setting is STORED and isinstance(outcome, Accepted):
                ref = f"ref{len(self.keys)}" if len(self.keys) % 2 else None
                given = Accepted(ref, receipt_owed=True)
                self.keys.append((f"id:{ref}" if ref else f"umr:{sent.outgoing.reference}", int(sent.outgoing.destination[-7:])))
            sent.answer(given)
        await self.world.settle()

    @precondition(lambda self: self.keys)
    @rule(draw=st.data(), state=st.sampled_from(ReceiptState))
    def receipt(self, draw: st.DataObject, state: ReceiptState) -> None:
        key, device = draw.draw(st.sampled_from(self.keys))
        self.run(self.world.receipt(key, state=state, device=device))

    @rule(device=st.sampled_from(DEVICES))
    def reachable(self, device: int) -> None:
        self.run(self.world.reachable(device))

    @rule(device=st.sampled_from(DEVICES), to_device=st.booleans())
    def hear(self, device: int, to_device: bool) -> None:
        self.run(self.world.hear(msisdn(device), msisdn(3 - device) if to_device else "12345"))

    @precondition(lambda self: self.states)
    @rule(draw=st.data())
    def cancel(self, draw: st.DataObject) -> None:
        self.run(self._cancel(draw.draw(st.sampled_from(sorted(self.states)))))

    async def _cancel(self, message_id: int) -> None:
        world, device = self.world, self.world.message(message_id).device_id

        async def call() -> None:
            with suppress(Problem):
                await cancel.cancel(world.core, world.actor(), DeviceId(device), MessageId(message_id))

        asking = asyncio.ensure_future(call())
        await world.advance(2.5)
        await asking

    @rule(seconds=st.sampled_from([1, 20, 60, 300, 1200]))
    def pass_time(self, seconds: int) -> None:
        self.run(self.world.jump(seconds))
        self.run(self.world.advance(7))  # housekeeping sweeps every 5 s

    @rule()
    def crash(self) -> None:
        self.run(self._crash())

    async def _crash(self) -> None:
        await self.world.crash()
        self.world.link.sent.clear()
        await self.world.start()

    @rule()
    def take_over(self) -> None:
        self.run(self.world.own())
        self.run(self.world.settle())

    # what holds at any time

    @invariant()
    def states_follow_the_table(self) -> None:
        for row in self._messages():
            after, before = State(row.state), self.states.get(row.id)
            if before is not None and after is not before:
                assert after in TRANSITIONS[before], (row.id, before, after)
            self.states[row.id] = after

    @invariant()
    def each_end_is_told_once(self) -> None:
        told: dict[int, list[str]] = {}
        for event in self._rows("SELECT message_id, type FROM event ORDER BY number"):
            told.setdefault(event.message_id, []).append(event.type)
        posted = Counter(row.message_id for row in self._rows("SELECT message_id FROM notification WHERE method = 'PATCH'"))
        for row in self._messages():
            events = told[row.id]
            finals = [state for state, event in FINAL_EVENTS.items() for found in events if found == event]
            assert events.count("sms.accepted") == 1
            assert events.count("sms.sent") <= 1
            assert events.count("sms.waiting") <= 1
            if not State(row.state).is_final:
                assert finals == []
            else:
                assert finals in ([row.state], [State.DELIVERED, State.EXPIRED]), events
            wanted = sum(state in REPORTED for state in finals) if row.door == Door.REST else 0
            assert posted[row.id] == wanted

    @invariant()
    def what_ended_undelivered_is_kept_apart(self) -> None:
        ended = {(row.id, row.state) for row in self._rows("SELECT id, state FROM message WHERE state > 4")}
        apart = {(row.message_id, row.state) for row in self._rows("SELECT message_id, state FROM undelivered")}
        assert ended <= apart
        assert all(state == State.EXPIRED for _, state in apart - ended), "only what was delivered late is no more what it was kept for"

    @invariant()
    def what_is_not_over_is_found_where_it_stands(self) -> None:
        open_messages = {row.id: State(row.state) for row in self._messages() if not State(row.state).is_final}
        for states in ({State.PENDING}, {State.BUFFERED, State.IN_PROGRESS}) if open_messages else ():
            places = self.run(waiting.gather(self.world.core, Range(1), states, Place(), inf))
            found = {place.id for place in places}
            assert found >= {each for each, state in open_messages.items() if state in states}
            assert State.IN_PROGRESS not in states or found >= {sent.outgoing.message_id for sent in self.world.link.open} & set(
                open_messages
            )

    @invariant()
    def nothing_outlives_its_time(self) -> None:
        on_its_way = {sent.outgoing.message_id for sent in self.world.link.open}
        for row in self._messages():
            if row.id not in on_its_way and self.world.now_ms > row.expiry_at_ms + GRACE_MS + 60_000:
                assert State(row.state).is_final, row

    @invariant()
    def counters_match(self) -> None:
        for device in DEVICES if hasattr(self, "world") else ():
            kept = [row for row in self._messages() if row.device_id == device and not (State(row.state).is_final and row.attempts == 0)]
            assert self.world.used(device) == sum(row.segments for row in kept)

    @invariant()
    def lanes_are_sound(self) -> None:
        for device in DEVICES if hasattr(self, "world") else ():
            lane = self.world.lane(device)
            assert lane.head_seq <= lane.next_seq
            assert lane.taken_epoch is None or lane.due_at_ms is None
            waiting = [row for row in self._messages() if row.device_id == device and row.state < State.DELIVERED and _is_to_send(row)]
            assert not waiting or lane.taken_epoch is not None or lane.due_at_ms is not None, "nobody would ever look at it"

    def _messages(self) -> list[Any]:
        columns = "id, state, door, device_id, segments, segment_states, attempts, expiry_at_ms"
        return self._rows(f"SELECT {columns} FROM message WHERE direction = 1 ORDER BY id")

    def _rows(self, text: str) -> list[Any]:
        return self.world.rows(text) if hasattr(self, "world") else []

    # and in the end

    def teardown(self) -> None:
        try:
            if hasattr(self, "world"):
                self.run(self._end())
                self.run(self.world.crash())
        finally:
            self.loop.close()
            self.directory.cleanup()

    async def _end(self) -> None:
        world = self.world
        world.link.otherwise = Accepted()
        for sent in world.link.open:
            sent.answer(Accepted())
        await world.settle()
        last_ms = max((row.expiry_at_ms for row in self._messages()), default=world.now_ms)
        await world.jump_to(max(world.now_ms, last_ms))
        await world.advance(7)
        await world.jump(GRACE_MS / 1000)
        await world.advance(7)
        assert [row for row in self._messages() if not State(row.state).is_final] == []
        lanes = world.rows("SELECT id, next_seq, head_seq, taken_epoch, due_at_ms FROM lane")
        assert [lane for lane in lanes if lane.taken_epoch or lane.due_at_ms or lane.head_seq != lane.next_seq] == []


def _is_to_send(row: Any) -> bool:
    return "w" in row.segment_states or "u" in row.segment_states


def test_every_walk_ends_every_message_once_in_time_and_tells_of_it_once() -> None:
    examples = settings.default.max_examples // 4
    run_state_machine_as_test(Walk, settings=settings(max_examples=examples, stateful_step_count=25))
