"""The outer edge of the core, made up: a link and a courier that answer what a test says, and remember what they were given."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from heliograph.gsm import alphabet as gsm7
from heliograph.model.link import Accepted, LinkOutcome, Outgoing
from heliograph.model.notification import Answered, Delivery
from tests.manual_clock import TestClock

DELIVERED = Accepted()
"""The answer of a live link: the device has it."""
TAKEN = Accepted("ref", receipt_owed=True)
"""The answer of a network that owes a receipt."""


@dataclass
class Sent:
    """A segment that was given to a link, and when. `answer` it where the script left it open."""

    outgoing: Outgoing
    at_ms: int
    done: Callable[[LinkOutcome], None]
    answered: bool = False

    @property
    def text(self) -> str:
        return gsm7.decode(self.outgoing.user_data)

    def answer(self, outcome: LinkOutcome) -> None:
        assert not self.answered
        self.answered = True
        self.done(outcome)


class ScriptedLink:
    """Answers each segment as it was told: first what `says` queued, then `otherwise`; None leaves it on its way."""

    def __init__(self, clock: TestClock) -> None:
        self.clock = clock
        self.sent: list[Sent] = []
        self.most = 1000
        self.otherwise: LinkOutcome | Callable[[Outgoing], LinkOutcome | None] | None = DELIVERED
        self._script: deque[LinkOutcome | None] = deque()

    def says(self, *outcomes: LinkOutcome | None) -> None:
        self._script.extend(outcomes)

    def room(self) -> int:
        return max(0, self.most - len(self.open))

    @property
    def open(self) -> list[Sent]:
        """What was sent and not answered."""
        return [sent for sent in self.sent if not sent.answered]

    def send(self, outgoing: Outgoing, done: Callable[[LinkOutcome], None]) -> None:
        sent = Sent(outgoing, self.clock.now_ms(), done)
        self.sent.append(sent)
        if self._script:
            outcome = self._script.popleft()
        else:
            outcome = self.otherwise(outgoing) if callable(self.otherwise) else self.otherwise
        if outcome is not None:
            asyncio.get_running_loop().call_soon(sent.answer, outcome)

    def lose_connection(self, outcome: LinkOutcome) -> None:
        """Everything on its way is answered with `outcome`."""
        for sent in self.open:
            sent.answer(outcome)

    async def run(self) -> None:
        raise NotImplementedError

    async def stop(self, grace_s: float) -> None:
        raise NotImplementedError


class ScriptedCourier:
    """Answers each delivery with what `says` queued, then with `otherwise`; None leaves it under way."""

    def __init__(self, clock: TestClock) -> None:
        self.clock = clock
        self.delivered: list[tuple[int, Delivery]] = []
        self.open: list[Callable[[Answered], None]] = []
        self.otherwise: Answered | None = Answered(204, 3)
        self._script: deque[Answered | None] = deque()

    def says(self, *answers: Answered | None) -> None:
        self._script.extend(answers)

    def deliver(self, delivery: Delivery, done: Callable[[Answered], None]) -> None:
        self.delivered.append((self.clock.now_ms(), delivery))
        answered = self._script.popleft() if self._script else self.otherwise
        if answered is None:
            self.open.append(done)
        else:
            asyncio.get_running_loop().call_soon(done, answered)

    async def stop(self, grace_s: float) -> None:
        for done in self.open:
            done(Answered(None, 0, error="stopped"))
