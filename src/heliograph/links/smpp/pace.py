"""How fast a link may send: a bucket of tokens, filled at its rate."""

from math import ceil

from heliograph.clock import Clock

BURST_S = 0.1
"""So much of a second's worth may go at once."""
ROUNDING = 1e-9
"""A token that is whole but for the last digits of its arithmetic is whole."""


class Pace:
    """Tokens of one link; without a rate there is no limit."""

    def __init__(self, rate: float | None, clock: Clock) -> None:
        self._rate = rate
        self._clock = clock
        self._most = max(2.0, (rate or 0) * BURST_S)  # one to send, and the beginning of the next
        self._tokens = 1.0
        self._filled_at = clock.monotonic()

    def tokens(self) -> int | None:
        """How many may go now; None: any number."""
        if self._rate is None:
            return None
        now = self._clock.monotonic()
        self._tokens = min(self._most, self._tokens + (now - self._filled_at) * self._rate)
        self._filled_at = now
        return int(self._tokens + ROUNDING)

    def take(self) -> bool:
        """Take one; whether there was one."""
        tokens = self.tokens()
        if tokens is None:
            return True
        if tokens < 1:
            return False
        self._tokens -= 1
        return True

    def wait_ms(self) -> int:
        """How long until the next, in milliseconds, 1 at least."""
        return 0 if self._rate is None else max(1, ceil((1 - self._tokens) / self._rate * 1000))
