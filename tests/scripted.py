"""The outer edge of the core, made up: a link and a courier that answer what a test says, and remember what they were given."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from heliograph.gsm import alphabet as gsm7
from heliograph.model.link import Accepted, LinkOutcome, Outgoing
from heliograph.model.notification import AccountDelivery, Answered, Delivery
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


TAKEN_BY_ACCOUNT = Answered(0, 2, is_taken=True)
BUSY = Answered(0x64, 2, error="the application cannot take it now", is_taken=False)


class ScriptedAccounts:
    """Applications that bind by SMPP: those in `windows` are bound, each with so many under way at most. Answers as ScriptedCourier."""

    def __init__(self, clock: TestClock, **windows: int) -> None:
        self.clock = clock
        self.windows = windows
        self.delivered: list[tuple[int, AccountDelivery]] = []
        self.open: list[tuple[str, Callable[[Answered], None]]] = []
        self.otherwise: Answered | None = TAKEN_BY_ACCOUNT
        self._script: deque[Answered | None] = deque()

    def says(self, *answers: Answered | None) -> None:
        self._script.extend(answers)

    def accounts(self) -> list[str]:
        return list(self.windows)

    def room(self, account: str) -> int:
        return self.windows.get(account, 0) - sum(each == account for each, _ in self.open)

    def deliver(self, delivery: AccountDelivery, done: Callable[[Answered], None]) -> None:
        self.delivered.append((self.clock.now_ms(), delivery))
        answered = self._script.popleft() if self._script else self.otherwise
        if delivery.account not in self.windows:
            answered = Answered(None, 0, is_tried=False)
        self.open.append((delivery.account, done))
        if answered is not None:
            asyncio.get_running_loop().call_soon(self.answer, self.open[-1], answered)

    def answer(self, waiting: tuple[str, Callable[[Answered], None]], answered: Answered) -> None:
        self.open.remove(waiting)
        waiting[1](answered)

    def unbind(self, account: str) -> None:
        """Its session is gone, and with it all answers."""
        del self.windows[account]
        for waiting in [each for each in self.open if each[0] == account]:
            self.answer(waiting, Answered(None, 0, is_tried=False))

    async def stop(self, grace_s: float) -> None:
        for waiting in list(self.open):
            self.answer(waiting, Answered(None, 0, is_tried=False))
