"""How often a device may text other subscribers and be texted by them (rules: Counting). Pure; the store keeps it."""

from dataclasses import dataclass

import msgspec

MINUTE_MS = 60_000
DAY_MS = 86_400_000
TIMES_MOST = 100


@dataclass(frozen=True, slots=True)
class P2pRates:
    """Messages that a device may send in 24 h, from the first, and receive in any 60 s. 0: no limit."""

    sent_per_day: int = 5
    received_per_minute: int = 6


class Record(msgspec.Struct, frozen=True):
    """What a device did of late. `told_...`: when it was said last that this rate was reached."""

    sent_from_ms: int = 0
    sent: int = 0
    received_at_ms: tuple[int, ...] = ()
    told_sent_ms: int = 0
    told_received_ms: int = 0

    def sent_at(self, now_ms: int) -> int:
        """How many it sent in the window of `now_ms`, that began with the first of them."""
        return self.sent if now_ms < self.sent_from_ms + DAY_MS else 0

    def received_lately(self, now_ms: int) -> int:
        return sum(at_ms > now_ms - MINUTE_MS for at_ms in self.received_at_ms)

    def after_sending(self, now_ms: int) -> "Record":
        sent = self.sent_at(now_ms)
        return msgspec.structs.replace(self, sent=sent + 1, sent_from_ms=self.sent_from_ms if sent else now_ms)

    def after_receiving(self, now_ms: int) -> "Record":
        recent = [at_ms for at_ms in self.received_at_ms if at_ms > now_ms - MINUTE_MS]
        return msgspec.structs.replace(self, received_at_ms=(*recent[-TIMES_MOST:], now_ms))

    def after_telling(self, now_ms: int, *, sends: bool) -> "Record":
        """With it noted that a rate is reached; itself where that was noted before, in the same 24 h or the same minute."""
        if sends:
            told = self.told_sent_ms and self.told_sent_ms >= self.sent_from_ms
            return self if told else msgspec.structs.replace(self, told_sent_ms=now_ms)
        told = self.told_received_ms > now_ms - MINUTE_MS
        return self if told else msgspec.structs.replace(self, told_received_ms=now_ms)
