"""SMS that go round: the same source, destination and octets a third time in 60 s. Two devices that answer each other, or a network that
returns what it was given, would else send for ever.

Kept in memory: whatever goes round comes by a link, and its owner hears all that comes by it. After a takeover the count begins anew.
"""

from collections import OrderedDict, deque

WINDOW_MS = 60_000
THIRD = 3
MOST = 50_000
"""How many different SMS are remembered; beyond it those that were not heard for longest are forgotten, so that a loop among them is found
later."""


class Repeats:
    """When each SMS was heard, by what makes it the same. Used on the event loop."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._heard: OrderedDict[str, deque[int]] = OrderedDict()

    def is_third(self, same: str, now_ms: int) -> bool:
        """Whether an SMS that is heard now was heard twice in the 60 s before."""
        times = self._heard.get(same)
        return times is not None and len(times) == THIRD - 1 and times[0] > now_ms - WINDOW_MS

    def note(self, same: str, now_ms: int) -> None:
        """An SMS was heard and answered."""
        times = self._heard.get(same)
        if times is None:
            times = self._heard[same] = deque(maxlen=THIRD - 1)
        times.append(now_ms)
        self._heard.move_to_end(same)
        while len(self._heard) > self._most or next(iter(self._heard.values()))[-1] <= now_ms - WINDOW_MS:
            self._heard.popitem(last=False)

    def __len__(self) -> int:
        return len(self._heard)
