"""A device is heard of for the first time, or after long: that is an event, so that it can be configured at its first contact."""

from collections.abc import Iterable

import msgspec

from heliograph.store import lane as lane_store
from heliograph.store.feed import Emitted
from heliograph.store.transaction import Transaction

DAY_MS = 86_400_000
LONG_MS = 30 * DAY_MS


def note(tx: Transaction, heard: Iterable[tuple[int, int, int | None]], now_ms: int) -> None:
    """Devices were heard of: (device, organisation, when it was heard of before, to within a day, or never). Their lanes are locked."""
    stale = [(device_id, organisation, at_ms) for device_id, organisation, at_ms in heard if at_ms is None or at_ms <= now_ms - DAY_MS]
    for device_id, organisation_id, at_ms in stale:
        if at_ms is None or at_ms <= now_ms - LONG_MS:
            detail = {"first_contact": at_ms is None, "last_heard_at_ms": at_ms}
            tx.emit(Emitted(organisation_id, "device.reachable", now_ms, device_id, None, msgspec.json.encode(detail).decode()))
    lane_store.note_heard(tx, [device_id for device_id, _, _ in stale], now_ms)
