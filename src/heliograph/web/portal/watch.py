"""What of a thread may look different without an event: a page that shows it looks at those messages each second."""

from collections.abc import Iterable
from typing import Final

from heliograph.model.notification import NotificationState
from heliograph.service.thread import Line
from heliograph.web.portal.handed_over import handed_over
from heliograph.web.portal.state import QUEUED, SENDING, Shown, shown

MOST_HANDED_OVER: Final = 5
CHANGING: Final = (QUEUED, SENDING)


class Watch:
    """That a message waits for its device from now on is no event, and how its hand-over to the application stands is none."""

    def __init__(self, lines: Iterable[Line]) -> None:
        self._sights: dict[int, tuple[Shown, Shown | None]] = {}
        for line in lines:
            self.sees(line.message.id, line)

    def is_restless(self) -> bool:
        """Whether there is something to look at."""
        return bool(self._sights)

    def next(self) -> list[int]:
        """What to look at: all that is on its way; of what is queued the first, which is the next to go; of what is handed over, the
        newest few."""
        sending = [each for each, (now, _) in self._sights.items() if now is SENDING]
        queued = sorted(each for each, (now, _) in self._sights.items() if now is QUEUED)
        handed = sorted(each for each, (now, _) in self._sights.items() if now not in CHANGING)
        return sending + queued[:1] + handed[-MOST_HANDED_OVER:]

    def sees(self, message_id: int, line: Line | None) -> bool:
        """Take a look at a message, None where it is gone; whether it looks different."""
        before = self._sights.pop(message_id, None)
        if line is None:
            return False
        now = shown(line.message), handed_over(line)
        waits = line.handed_over is not None and line.handed_over.state == NotificationState.WAITING and now[1] is not None
        if now[0] in CHANGING or waits:
            self._sights[message_id] = now
        return now != before
