"""The courier of applications that are bound here (`model.notification.AccountCourier`): receipts and messages by deliver_sm.

Theory of operation. A delivery goes to that session of its account, bound to receive, which has least under way; sessions with as much take
turns. It is over when the last of its PDUs is answered, and the worst answer counts: a message in three parts of which one is refused comes
again whole. Where the session ends before, it is given back untried and goes to another, so an application may get it twice and never not
at all. A session that left one without an answer is asked last, and with one at a time, until it answers again: it would keep each that it
gets from those that answer. `room` and `accounts` are read by the writer's thread.
"""

import asyncio
from collections.abc import Callable, Collection
from typing import Final

from heliograph.gsm.errors import GsmError
from heliograph.model.notification import AccountDelivery, Answered
from heliograph.smpp import status
from heliograph.smpp.errors import ValueNotAllowedError
from heliograph.smpp.event import Ending, Settled
from heliograph.smpp.pdu import DeliverSm
from heliograph.smpp.session import OutOfTurnError
from heliograph.smppd.deliveries import pdus_for
from heliograph.smppd.esme import Esme

RETRIED: Final = frozenset({
    status.RX_T_APPN, status.RSYSERR, status.RMSGQFUL, status.RTHROTTLED, status.RINVBNDSTS,
})  # fmt: skip
"""Answers after which a delivery comes again; after any other error it never does."""
NOT_SENT: Final = Answered(None, 0, is_tried=False)
ROOM_AGAIN_S: Final = 1.0
"""How long a delivery for which its session has no room is kept before it is given back, so that it is not claimed again at once."""

Done = Callable[[Answered], None]


class _Job:
    """A delivery under way. `waiting`: the sequence numbers that are not answered."""

    __slots__ = ("account", "began_at_ms", "done", "waiting", "worst")

    def __init__(self, account: str, done: Done, began_at_ms: int) -> None:
        self.account = account
        self.done = done
        self.began_at_ms = began_at_ms
        self.waiting: set[int] = set()
        self.worst: Answered | None = None


class EsmeCourier:
    """Belongs to the event loop that runs when it is made."""

    def __init__(self, now_ms: Callable[[], int]) -> None:
        self._now_ms = now_ms
        self._loop = asyncio.get_running_loop()
        self._sessions: dict[str, list[Esme]] = {}
        self._jobs: dict[Esme, dict[int, _Job]] = {}
        self._under_way: dict[str, int] = {}
        self._mute: set[Esme] = set()
        self._turn = 0

    # what the server tells

    def joined(self, account: str, esme: Esme) -> None:
        """A session is bound to receive."""
        self._sessions[account] = [*self._sessions.get(account, ()), esme]
        self._jobs[esme] = {}

    def left(self, account: str, esme: Esme) -> None:
        """It is over; what waited for its answers was settled before."""
        self._jobs.pop(esme, None)
        self._mute.discard(esme)
        rest = [each for each in self._sessions.get(account, ()) if each is not esme]
        if rest:
            self._sessions[account] = rest
        else:
            self._sessions.pop(account, None)

    def under_way(self, esme: Esme) -> int:
        """How many PDUs a session has not answered."""
        return len(self._jobs.get(esme, ()))

    def settled(self, esme: Esme, event: Settled) -> None:
        """A request of ours is over."""
        job = self._jobs.get(esme, {}).pop(event.sequence_number, None)
        if job is None:
            return
        (self._mute.add if event.ending is Ending.TIMED_OUT else self._mute.discard)(esme)
        job.waiting.discard(event.sequence_number)
        answered = self._read(event, self._now_ms() - job.began_at_ms)
        job.worst = answered if job.worst is None else _worse(job.worst, answered)
        if not job.waiting:
            self._finish(job, job.worst)

    # the contract

    def accounts(self) -> Collection[str]:
        return list(self._sessions)

    def room(self, account: str) -> int:
        sessions = self._sessions.get(account, ())
        deliveries = sum(self._most(esme) for esme in sessions) - self._under_way.get(account, 0)
        return max(0, min(deliveries, sum(esme.connection.room for esme in sessions)))

    def deliver(self, delivery: AccountDelivery, done: Done) -> None:
        job = _Job(delivery.account, done, self._now_ms())
        self._under_way[job.account] = self._under_way.get(job.account, 0) + 1
        esme = self._next(delivery.account)
        if esme is None or esme.account is None:
            self._loop.call_soon(self._finish, job, NOT_SENT)
            return
        try:
            pdus = pdus_for(delivery, esme.account, esme.version, job.began_at_ms)
            if len(pdus) > esme.connection.room:  # parts sent now would come again with the rest
                self._loop.call_later(ROOM_AGAIN_S, self._finish, job, NOT_SENT)
                return
            for pdu in pdus:
                number = esme.connection.send(pdu)
                if isinstance(pdu, DeliverSm):
                    job.waiting.add(number)
                    self._jobs[esme][number] = job
        except OutOfTurnError:  # it ended, or has no room, after some parts
            self._give_up(esme, job, NOT_SENT)
        except (ValueNotAllowedError, GsmError) as error:
            self._give_up(esme, job, Answered(None, 0, error=f"it cannot be said in SMPP: {error}", is_taken=False, is_refused=True))
        else:
            if not job.waiting:  # an alert is not answered, and old news is not sent
                self._loop.call_soon(self._finish, job, Answered(0, 0, is_taken=True))

    async def stop(self, grace_s: float) -> None:
        """The server ends the sessions, which settles everything, before this is called."""

    # its own

    def _next(self, account: str) -> Esme | None:
        sessions = [each for each in self._sessions.get(account, ()) if each.connection.room > 0]
        if not sessions:
            return None
        self._turn += 1
        at = self._turn % len(sessions)
        return min((*sessions[at:], *sessions[:at]), key=lambda each: (each in self._mute, len(self._jobs[each])))

    def _most(self, esme: Esme) -> int:
        if esme.account is None or esme.connection.room <= 0:
            return 0
        return 1 if esme in self._mute else esme.account.settings.deliver_window

    def _give_up(self, esme: Esme, job: _Job, answered: Answered) -> None:
        """Some of it was sent, the rest cannot be: what comes back for it is nobody's."""
        for number in job.waiting:
            self._jobs.get(esme, {}).pop(number, None)
        self._loop.call_soon(self._finish, job, answered)

    def _finish(self, job: _Job, answered: Answered) -> None:
        left = self._under_way[job.account] - 1
        if left:
            self._under_way[job.account] = left
        else:
            del self._under_way[job.account]
        job.done(answered)

    def _read(self, event: Settled, took_ms: int) -> Answered:
        """What came of one PDU."""
        if event.ending is Ending.SESSION_ENDED:
            return NOT_SENT
        if event.response is None:
            return Answered(None, took_ms, error="the application did not answer, or not so that it could be read", is_taken=False)
        found = event.response.command_status
        if found == status.ROK:
            return Answered(found, took_ms, is_taken=True)
        meaning = status.meaning_of(found)
        words = f"the application answered {meaning.name} (0x{found:02X}): {meaning.words}"
        return Answered(found, took_ms, error=words, is_taken=False, is_refused=found not in RETRIED)


def _worse(first: Answered, second: Answered) -> Answered:
    """A refusal for good, then what is tried again, then what was not tried, then success."""
    return max(first, second, key=lambda each: (each.is_refused, each.error is not None, not each.is_tried))
