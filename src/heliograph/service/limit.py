"""Rate limits of this process: how often one key may do something in a window of time. Not shared with other processes, not kept."""

from dataclasses import dataclass, field

from heliograph.clock import Clock
from heliograph.model.problem import Code, Problem

MOST_KEYS = 50_000


@dataclass(slots=True)
class Limit:
    """At most `most` times in `window_s`, counted from a key's first time. `most` 0: no limit.

    When too many keys come, the oldest window is forgotten."""

    clock: Clock
    most: int
    window_s: float
    _windows: dict[str | int, tuple[float, int]] = field(default_factory=dict)

    def take(self, key: str | int) -> None:
        """Count one; raises Problem where `key` had all of its window."""
        if not self.most:
            return
        now = self.clock.monotonic()
        until, used = self._windows.get(key, (0.0, 0))
        if now >= until:
            self._windows.pop(key, None)  # a new window stands behind the older ones
            until, used = now + self.window_s, 0
            if len(self._windows) >= MOST_KEYS:
                self._windows.pop(next(iter(self._windows)))
        if used >= self.most:
            raise TooMany(f"more than {self.most} requests in {self.window_s:g} s: wait {until - now:.0f} s", until - now)
        self._windows[key] = (until, used + 1)


class TooMany(Problem):
    """Refused by a limit that ends in `retry_after_s`."""

    def __init__(self, text: str, retry_after_s: float) -> None:
        super().__init__(Code.TOO_MANY_REQUESTS, text)
        self.retry_after_s = max(1, round(retry_after_s))
