"""SMS quotas of devices. What one allows: `model/quota.py`."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from heliograph.model.quota import Quota
from heliograph.store.query import queries
from heliograph.store.transaction import Transaction

Q = queries("quota")


def hold(tx: Transaction, device_ids: Iterable[int]) -> dict[int, Quota]:
    """Lock the quotas of devices, in the order of their ids, and read them; devices that have none are absent."""
    return _by_device(tx.many(Q["hold"], _column(device_ids), _Row))


def peek(tx: Transaction, device_ids: Iterable[int]) -> dict[int, Quota]:
    """The quotas of devices as they stand."""
    return _by_device(tx.many(Q["peek"], _column(device_ids), _Row))


def save(tx: Transaction, quotas: Mapping[int, Quota]) -> None:
    """Write the quotas of devices, new ones too."""
    tx.apply(Q["save"], [_row(device_id, quota) for device_id, quota in sorted(quotas.items())])


def give_back(tx: Transaction, charged: Sequence[tuple[int, int, int]]) -> None:
    """Give back (device, `since_ms` of the quota that was charged, segments)."""
    sums: Counter[tuple[int, int]] = Counter()
    for device_id, since_ms, segments in charged:
        sums[device_id, since_ms] += segments
    tx.apply(Q["give_back"], [(*key, segments) for key, segments in sorted(sums.items())])


def delete(tx: Transaction, device_ids: Iterable[int]) -> list[int]:
    """Take quotas away; the devices that had one."""
    return sorted(row.device_id for row in tx.many(Q["delete"], _column(device_ids), _Device))


def devices_of_policy(tx: Transaction, policy_id: int) -> list[int]:
    """All devices under a policy."""
    return [row[0] for row in tx.run(Q["devices_of_policy"], policy_id=policy_id)]


class _Device(msgspec.Struct, array_like=True, frozen=True):
    device_id: int


class _Row(msgspec.Struct, array_like=True, frozen=True):
    device_id: int
    volume: int
    expiry_at_ms: int
    threshold_percentage: int
    auto_refill: int
    last_volume_added: int
    since_ms: int
    status_changed_at_ms: int
    told: int


def _column(device_ids: Iterable[int]) -> list[tuple[int]]:
    return [(each,) for each in sorted(set(device_ids))]


def _row(device_id: int, quota: Quota) -> _Row:
    return _Row(
        device_id,
        quota.volume,
        quota.expiry_at_ms,
        quota.threshold_percentage,
        int(quota.auto_refill),
        quota.last_volume_added,
        quota.since_ms,
        quota.status_changed_at_ms,
        int(quota.told),
    )


def _by_device(rows: Iterable[_Row]) -> dict[int, Quota]:
    return {
        row.device_id: Quota(
            row.volume,
            row.expiry_at_ms,
            row.threshold_percentage,
            bool(row.auto_refill),
            row.last_volume_added,
            row.since_ms,
            row.status_changed_at_ms,
            row.told,
        )
        for row in rows
    }
