"""What an application does with an installation that may die at any moment, what it was promised, and whether the promise was kept."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from itertools import chain, cycle, islice
from types import MappingProxyType

import requests

from heliograph.links.simulator import Behaviour
from heliograph.model.message import State
from tests.flows.crash_world import DEVICES, CrashWorld, device_ids
from tests.flows.program import Api, Program, wait_until

SENDERS = 4
REPORTED = (State.DELIVERED, State.FAILED, State.EXPIRED)
FINAL_EVENTS = ("sms.delivered", "sms.failed", "sms.expired", "sms.canceled")


class Traffic:
    """MT to all devices, MO from some, cancels of what waits for absent ones; each in threads of their own.

    `accepted`: device by MT that was answered with 201 and its Location; `heard`: MO that the simulated network was acknowledged."""

    expected = MappingProxyType(
        {
            Behaviour.DELIVERS: State.DELIVERED,
            Behaviour.ABSENT_THEN_DELIVERS: State.DELIVERED,
            Behaviour.THROTTLED: State.DELIVERED,
            Behaviour.UNDELIVERABLE: State.FAILED,
            Behaviour.ABSENT: State.CANCELED,
        }
    )

    def __init__(self, world: CrashWorld, messages: int = 120, heard: int = 24) -> None:
        self.world = world
        self.accepted: dict[int, int] = {}
        self.heard: set[int] = set()
        absent = () if world.is_stored else device_ids(Behaviour.ABSENT)  # a stored network serves them itself, for as long as it takes
        wanted = (Behaviour.THROTTLED, Behaviour.UNDELIVERABLE, *(() if world.is_stored else (Behaviour.ABSENT_THEN_DELIVERS,)))
        first = device_ids(Behaviour.DELIVERS, *wanted)
        self._messages = messages + len(absent)
        self._lock = threading.Lock()
        self._sends = chain(first, first, cycle(device_ids(Behaviour.DELIVERS)))
        self._speakers = islice(cycle(device_ids(Behaviour.DELIVERS)), heard)
        self._absent = iter(absent)

    def until_dead(self, program: Program) -> None:
        """Make calls until the process is dead."""
        self.go_on(lambda: False)
        assert program.process.wait(timeout=30) == -9, program.said

    def go_on(self, lost: Callable[[], bool]) -> None:
        """Make all calls that were not made yet, each until it is answered. `lost`: asked where the process is gone; False: give up."""
        calls = [*(self._send,) * SENDERS, self._speak, self._cancel]
        threads = [threading.Thread(target=self._calls, args=(call, lost), daemon=True) for call in calls]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def after_restart(self) -> None:
        """Ask for the end of what waits for absent devices and was not cancelled before the kill."""
        listed = ", ".join(map(str, device_ids(Behaviour.ABSENT)))
        rows = self.world.rows(f"SELECT id, device_id FROM message WHERE state < 4 AND device_id IN ({listed})")
        with self.world.api() as api:
            for message_id, device_id in rows:
                api.delete(f"/endpoint/{device_id}/sms/{message_id}")

    def _calls(self, call: Callable[[Api], bool], lost: Callable[[], bool]) -> None:
        api: Api | None = None
        with ExitStack() as stack:
            while True:
                try:
                    api = api or stack.enter_context(self.world.api())
                    api.url = self.world.url
                    while call(api):
                        pass
                except requests.RequestException:
                    if not lost():
                        return
                    time.sleep(0.05)
                else:
                    return

    def _send(self, api: Api) -> bool:
        device_id = self._next(self._sends)
        if device_id is None or len(self.accepted) >= self._messages:
            return False
        text = "long " * 40 if device_id % 10 == 0 else "short"
        self._submit(api, device_id, text)
        return True

    def _speak(self, api: Api) -> bool:
        device_id = self._next(self._speakers)
        if device_id is None:
            return False
        answered = api.post(f"/simulator/endpoint/{device_id}/mo", {"dest_address": "1000", "payload": "42 litres"})
        if answered.ok:
            self.heard.add(answered.json()["id"])
        time.sleep(0.002)
        return True

    def _cancel(self, api: Api) -> bool:
        device_id = self._next(self._absent)
        if device_id is None:
            return False
        message_id = self._submit(api, device_id, "will be cancelled")
        time.sleep(0.05)
        api.delete(f"/endpoint/{device_id}/sms/{message_id}")
        return True

    def _submit(self, api: Api, device_id: int, text: str, **fields: str) -> int:
        """Raises HTTPError for a 503, which acknowledges nothing."""
        answered = api.post(f"/endpoint/{device_id}/sms", {"source_address": "1000", "payload": text} | fields)
        if answered.status_code == 503:
            answered.raise_for_status()
        assert answered.status_code == 201, answered.text
        message_id = int(answered.headers["Location"].rsplit("/", 1)[1])
        assert message_id not in self.accepted
        self.accepted[message_id] = device_id
        return message_id

    def _next(self, items: Iterator[int]) -> int | None:
        with self._lock:
            return next(items, None)


class ExpiringTraffic(Traffic):
    """MT to absent devices, whose validity ends while they wait."""

    expected = MappingProxyType({Behaviour.ABSENT: State.EXPIRED})
    validity_s = 60

    def go_on(self, lost: Callable[[], bool]) -> None:
        self.world.wait_until_ready()
        expiry_date = (datetime.now(UTC) + timedelta(seconds=self.validity_s + 1)).strftime("%Y-%m-%dT%H:%M:%SZ")
        with self.world.api() as api:
            for device_id in device_ids(Behaviour.ABSENT) * 3:
                self._submit(api, device_id, "in vain", expiry_date=expiry_date)
        wait_until(lambda: not self.world.rows("SELECT 1 FROM lane WHERE taken_epoch IS NOT NULL"), "the first tries")
        self.world.age((self.validity_s + 2) * 1000)

    def after_restart(self) -> None:
        """Nothing is asked for: time does it."""


def assert_promises_were_kept(traffic: Traffic, taken: set[int], kills: int = 1) -> None:
    """What was acknowledged has come to its right end and was told; nothing hangs; what came twice was on its way at a kill."""
    world = traffic.world
    found = {row[0]: row for row in world.rows("SELECT id, state, device_id, direction FROM message")}
    lost = (traffic.accepted.keys() | traffic.heard) - found.keys()
    assert not lost, f"acknowledged and lost: {sorted(lost)}"
    wrong = {
        message_id: State(state).name
        for message_id, state, device_id, direction in found.values()
        if state != (State.DELIVERED if direction == 2 else traffic.expected[DEVICES[device_id - 1]])
    }
    assert not wrong, f"not in the right state: {wrong}"
    assert not any(world.open().values()), world.open()
    _assert_webhooks_came(traffic, {message_id: State(row[1]) for message_id, row in found.items()})
    _assert_duplicates_were_taken(world, taken, kills)
    _assert_feed_is_whole(world, set(found))


def _assert_webhooks_came(traffic: Traffic, states: dict[int, State]) -> None:
    calls = traffic.world.hook.calls(traffic.world.path)
    untold = [message_id for message_id in traffic.accepted if states[message_id] in REPORTED and not calls["PATCH", message_id]]
    assert not untold, f"no receipt was sent for {untold}"
    unheard = [message_id for message_id in traffic.heard if not calls["POST", message_id]]
    assert not unheard, f"the application was not told of {unheard}"
    stray = [message_id for _, message_id in calls if message_id not in states]
    assert not stray, f"told of messages that do not exist: {stray}"


def _assert_duplicates_were_taken(world: CrashWorld, taken: set[int], kills: int) -> None:
    received = world.received()
    twice = {message_id for message_id, times in received.items() if times > 1}
    assert twice <= taken, f"came twice and was not taken at a kill: {sorted(twice - taken)}"
    assert max(received.values(), default=1) <= 1 + kills


def _assert_feed_is_whole(world: CrashWorld, messages: set[int]) -> None:
    """Event numbers have no gap, and each message was accepted once and ended once."""
    events = world.rows("SELECT number, type, message_id FROM event WHERE organisation_id = 1 ORDER BY number")
    assert [number for number, _, _ in events] == list(range(1, len(events) + 1))
    begun = Counter(message_id for _, kind, message_id in events if kind in ("sms.accepted", "sms.received"))
    ended = Counter(message_id for _, kind, message_id in events if kind in (*FINAL_EVENTS, "sms.received"))
    assert set(begun.values()) | set(ended.values()) <= {1}
    assert set(begun) == set(ended) == messages
