"""The courier of webhooks in a process of its own (`model.notification.Courier`): deliveries go there in batches, answers come back so.

Theory of operation. To call a webhook is a fifth of the daemon's work for a message and needs nothing of it but the delivery, so it is done
on another core (docs/decisions/0068). The process is started by the first delivery; what one turn of the event loop gives goes out in one
frame. It ends with the socket to it, so that none outlives its daemon, and its daemon outlives it: what it had is given back untried and
is claimed anew, as after a crash of the daemon, and the next delivery starts another process, one a second at most. What several died with
counts as tried, or one delivery that none survives would keep all others from being made.
"""

import asyncio
import contextlib
import socket
import sys
from asyncio import subprocess
from collections.abc import Callable, Coroutine
from itertools import count
from typing import Any, Final

from heliograph import log
from heliograph.clock import Clock
from heliograph.model.notification import Answered, Delivery
from heliograph.webhooks.line import Line, Stop, plain, read_told
from heliograph.webhooks.settings import NOT_SENT, CourierSettings

Done = Callable[[Answered], None]

PROGRAM: Final = "heliograph.webhooks.child"
START_AGAIN_S: Final = 1.0
END_S: Final = 1.0
"""A process whose line is closed ends at once; after so long it is killed."""
SILENT_S: Final = 15.0
"""A process that has something to do and sent not even a beat (`line.BEAT_S`) for so long is killed."""
LAST_ANSWERS_S: Final = 0.5
"""How long after the grace the process may take to say what it did not send."""
ENDED: Final = Answered(None, 0, error="the process that calls webhooks ended", is_tried=False)
DEATHS_MOST: Final = 3
"""What a process had at each of so many deaths in a row may be what it died of: that counts as a try, so that others have their turn."""
SUSPECT: Final = Answered(None, 0, error="the process that calls webhooks ended each time that this was called")
STOPPED: Final = Answered(None, 0, error=NOT_SENT, is_tried=False)

_log = log.get("webhooks")


class CourierProcess:
    """Belongs to the event loop that runs when it is made. `spawn` runs what watches the process."""

    def __init__(self, settings: CourierSettings, clock: Clock, spawn: Callable[[Coroutine[Any, Any, None]], object]) -> None:
        self._settings = settings
        self._clock = clock
        self._spawn = spawn
        self._loop = asyncio.get_running_loop()
        self._numbers = count()
        self._open: dict[int, tuple[int, Done]] = {}
        self._deaths: dict[int, int] = {}
        self._given: list[tuple[int, Delivery]] = []
        self._line: Line | None = None
        self._is_alive = False
        self._told_frames = 0
        self._start_at = clock.monotonic()
        self._stops_at: float | None = None
        self._ended = asyncio.Event()

    def deliver(self, delivery: Delivery, done: Done) -> None:
        """Send `delivery` when its turn comes; `done` is called once, on the event loop, not from inside this call."""
        if self._stops_at is not None:
            self._loop.call_soon(done, STOPPED)
            return
        number = next(self._numbers)
        self._open[number] = delivery.notification_id, done
        if not self._given:
            self._loop.call_soon(self._hand_over)
        self._given.append((number, delivery))
        if not self._is_alive:
            self._is_alive = True
            self._ended.clear()
            self._spawn(self._live())

    async def stop(self, grace_s: float) -> None:
        """Take no more, let what waits and what is under way finish within the grace, then answer the rest with an error and close."""
        if self._stops_at is not None:
            return
        self._stops_at = self._clock.monotonic() + grace_s
        if self._is_alive:
            self._tell_to_stop()
            await self._clock.wait(self._ended, grace_s + LAST_ANSWERS_S)
        if self._line is not None:
            self._line.break_off()
        self._give_back(STOPPED)

    async def _live(self) -> None:
        """One process, from its start to its end."""
        await self._clock.sleep_until(self._start_at)
        self._start_at = self._clock.monotonic() + START_AGAIN_S
        try:
            process, line = await self._start()
        except OSError as error:
            _log.error("the process that calls webhooks cannot be started", error=str(error))
        else:
            try:
                await self._talk(line)
            finally:
                line.break_off()
                code = await self._code_of(process)
            if self._stops_at is None:
                _log.error("the process that calls webhooks ended", code=code, given_back=len(self._open))
            self._count_a_death()
        self._is_alive = False
        self._ended.set()
        self._give_back(ENDED)  # by which more may be given, and another process be begun

    async def _start(self) -> tuple[subprocess.Process, Line]:
        """Our end of the line first: so whoever cancels this leaves no process that nobody waits for."""
        ours, theirs = socket.socketpair()
        with theirs, contextlib.ExitStack() as undone:
            _, line = await self._loop.create_connection(lambda: Line(self._told), sock=ours)
            undone.callback(line.break_off)
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-P", "-m", PROGRAM, stdin=theirs.fileno(), stdout=subprocess.DEVNULL, start_new_session=True
            )
            undone.pop_all()
        return process, line

    async def _talk(self, line: Line) -> None:
        line.send(plain(self._settings))
        self._line = line
        self._hand_over()
        self._tell_to_stop()
        await self._until_over(line)
        self._line = None

    async def _until_over(self, line: Line) -> None:
        """Return when the line is over, or the process hangs: at most twice `SILENT_S` after it began to."""
        owes, frames = False, 0
        while not (owes and frames == self._told_frames):
            owes, frames = bool(self._open), self._told_frames
            if await self._clock.wait(line.is_over, SILENT_S):
                return
        _log.error("the process that calls webhooks answers nothing any more: it is killed", silent_s=SILENT_S)

    async def _code_of(self, process: subprocess.Process) -> int:
        """How it ended. One that does not, though nobody is at the other end of its line, is killed."""
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(END_S):
                    await process.wait()
        finally:
            if process.returncode is None:
                process.kill()
        return await process.wait()

    def _tell_to_stop(self) -> None:
        """Where we stop, behind all that was given."""
        if self._line is not None and self._stops_at is not None:
            self._hand_over()
            self._line.send(Stop(max(0.0, self._stops_at - self._clock.monotonic())))

    def _hand_over(self) -> None:
        if self._line is not None and self._given:
            self._line.send(self._given)
            self._given = []

    def _told(self, frame: bytes) -> None:
        self._told_frames += 1
        for number, answered in read_told(frame):
            if (found := self._open.pop(number, None)) is not None:  # else it was given back when we stopped
                self._loop.call_soon(found[1], answered)  # what it raises is a bug, and would be taken for the line's here

    def _count_a_death(self) -> None:
        not_sent = {number for number, _ in self._given}
        had = [notification_id for number, (notification_id, _) in self._open.items() if number not in not_sent]
        self._deaths = {each: self._deaths.get(each, 0) + 1 for each in had}

    def _give_back(self, answered: Answered) -> None:
        given_back, self._open = self._open, {}
        self._given = []
        for notification_id, done in given_back.values():
            done(SUSPECT if answered is ENDED and self._deaths.get(notification_id, 0) >= DEATHS_MOST else answered)
