"""What of a thread looks different without an event, and when to look at it."""

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from heliograph.model.notification import NotificationState
from heliograph.service.thread import Line
from heliograph.store.feed import FeedEvent
from heliograph.web.portal.handed_over import handed_over
from heliograph.web.portal.state import QUEUED, SENDING, WAITING, Shown, shown

SOON_MS: Final = 1_000
MOST_HANDED_OVER: Final = 5
"""So many of the newest messages whose hand-over to the application is under way are looked at."""


class _Sight(msgspec.Struct, frozen=True):
    """How a message looked. `again_at_ms`: when it may look different though nothing is told; None: not by itself."""

    state: Shown
    handed: Shown | None
    retry_at_ms: int | None
    again_at_ms: int | None


class Watch:
    """The messages of a page that are not over. No event tells that one is on its way, that its next try has another time, or how its
    hand-over to the application stands: so they are looked at when that may be. What is queued looks different when something else of its
    device is told."""

    def __init__(self, lines: Iterable[Line], now_ms: int) -> None:
        self._sights: dict[int, _Sight] = {}
        for line in lines:
            self.sees(line.message.id, line, now_ms)

    def wait_s(self, now_ms: int) -> float | None:
        """How long until there is something to look at; None where there is nothing."""
        times = [sight.again_at_ms for sight in self._sights.values() if sight.again_at_ms is not None]
        return max(0, min(times) - now_ms) / 1000 if times else None

    def looked_at(self, events: Sequence[FeedEvent], device_id: int, now_ms: int) -> dict[int, bool]:
        """What to look at after these events: each message that they tell of (True), what may look different by now, and what is queued
        and goes next once what was ahead of it is over."""
        told = {each.message_id: True for each in events if each.device_id == device_id and each.message_id is not None}
        queued = sorted(each for each, sight in self._sights.items() if sight.state is QUEUED) if told else []
        due = [each for each, sight in self._sights.items() if sight.again_at_ms is not None and sight.again_at_ms <= now_ms]
        return dict.fromkeys([*due, *queued[:1]], False) | told

    def sees(self, message_id: int, line: Line | None, now_ms: int) -> bool:
        """Take a look at a message, None where it is gone; whether it looks different."""
        before = self._sights.pop(message_id, None)
        if line is None:
            return False
        now = _sight(line, now_ms)
        if now.again_at_ms is not None or now.state is QUEUED:
            self._sights[message_id] = now
            self._forget_handed_over()
        return before is None or (before.state, before.handed, before.retry_at_ms) != (now.state, now.handed, now.retry_at_ms)

    def _forget_handed_over(self) -> None:
        handed = sorted(each for each, sight in self._sights.items() if sight.handed is not None)
        for each in handed[:-MOST_HANDED_OVER]:
            del self._sights[each]


def _sight(line: Line, now_ms: int) -> _Sight:
    state, handed = shown(line.message), handed_over(line)
    soon = now_ms + SOON_MS
    again: int | None = None
    if state is SENDING:
        again = soon
    elif state is WAITING:
        again = max(soon, (line.message.retry_at_ms or 0) + SOON_MS)
    elif handed is not None and line.handed_over is not None and line.handed_over.state == NotificationState.WAITING:
        again = max(soon, (line.handed_over.due_at_ms or 0) + SOON_MS)
    return _Sight(state, handed, line.message.retry_at_ms, again)
