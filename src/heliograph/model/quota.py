"""The SMS quota of a device: a volume of segments, used up by what it sends and receives until it expires. Pure; the store keeps it."""

from enum import IntEnum

import msgspec

DAY_MS = 86_400_000


class QuotaStatus(IntEnum):
    """As on the wire."""

    ACTIVE = 1
    EXHAUSTED = 2
    EXPIRED = 3


class Told(IntEnum):
    """Which of the events of this volume were emitted."""

    NOTHING = 0
    THRESHOLD = 1
    EXHAUSTED = 2


class Quota(msgspec.Struct, frozen=True):
    """`volume`: segments left. `since_ms`: when this volume was given, by hand or at midnight; what was charged to an earlier one is not
    given back to it. `threshold_percentage`: of `last_volume_added`; once no more is left, that is an event. Midnight is of UTC."""

    volume: int
    expiry_at_ms: int
    threshold_percentage: int
    auto_refill: bool
    last_volume_added: int
    since_ms: int
    status_changed_at_ms: int
    told: int = Told.NOTHING

    @property
    def threshold_volume(self) -> int:
        return self.last_volume_added * self.threshold_percentage // 100

    def status(self, now_ms: int) -> QuotaStatus:
        if now_ms >= self.expiry_at_ms:
            return QuotaStatus.EXPIRED
        return QuotaStatus.ACTIVE if self.volume > 0 else QuotaStatus.EXHAUSTED

    def at(self, now_ms: int) -> "Quota":
        """What it is at `now_ms`: filled up again with what was last added, if a midnight before its expiry has passed since."""
        midnight_ms = min(now_ms, self.expiry_at_ms - 1) // DAY_MS * DAY_MS
        if not self.auto_refill or midnight_ms <= self.since_ms:
            return self
        volume = max(self.volume, self.last_volume_added)
        changed_at_ms = midnight_ms if self.volume <= 0 else self.status_changed_at_ms
        return msgspec.structs.replace(self, volume=volume, since_ms=midnight_ms, status_changed_at_ms=changed_at_ms, told=Told.NOTHING)

    def charged(self, segments: int, now_ms: int) -> "Quota":
        """With `segments` less, which it has."""
        volume = self.volume - segments
        return msgspec.structs.replace(self, volume=volume, status_changed_at_ms=self.status_changed_at_ms if volume > 0 else now_ms)

    def news(self) -> Told:
        """The gravest event that its volume gives reason for, whether emitted or not."""
        if self.volume <= 0:
            return Told.EXHAUSTED
        return Told.THRESHOLD if self.volume <= self.threshold_volume else Told.NOTHING


def given(before: Quota | None, *, volume: int, expiry_at_ms: int, threshold_percentage: int, auto_refill: bool, now_ms: int) -> Quota:
    """The quota that is written over `before`. A volume above what is left is a top-up by the difference, unless it is a daily one."""
    left = before.at(now_ms).volume if before is not None and now_ms < before.expiry_at_ms else 0
    added = volume - left if volume > left and not auto_refill else volume
    return Quota(volume, expiry_at_ms, threshold_percentage, auto_refill, added, now_ms, now_ms)
