"""SMS quotas of devices: set, read, taken away (contract 5.8). What one allows, and its refill at midnight: `model/quota.py`."""

from datetime import UTC, datetime

import msgspec
from msgspec import UNSET, UnsetType

from heliograph.model.account import Actor
from heliograph.model.ids import DeviceId, PolicyId
from heliograph.model.policy_settings import MOST_SEGMENTS
from heliograph.model.problem import Code, Problem
from heliograph.model.quota import Quota, QuotaStatus, given
from heliograph.service import audit
from heliograph.service.manage.note import note
from heliograph.service.manage.scope import Office, changed_by, not_found, seen_by
from heliograph.service.meter import detail_of
from heliograph.store import device as device_store
from heliograph.store import policy as policy_store
from heliograph.store import quota as store
from heliograph.store.device import DeviceView
from heliograph.store.transaction import Transaction


class QuotaWanted(msgspec.Struct, frozen=True, kw_only=True):
    """What a device may use up until `expiry_at_ms`. `volume`: segments from now on. `auto_refill`: filled up at each midnight UTC."""

    volume: int
    expiry_at_ms: int
    threshold_percentage: int = 0
    auto_refill: bool = False


class QuotaChange(msgspec.Struct, frozen=True, kw_only=True):
    """What of a quota is to change; UNSET leaves what is."""

    volume: int | UnsetType = UNSET
    expiry_at_ms: int | UnsetType = UNSET
    threshold_percentage: int | UnsetType = UNSET
    auto_refill: bool | UnsetType = UNSET


class QuotaView(msgspec.Struct, frozen=True):
    """A quota as it is now."""

    quota: Quota
    status: QuotaStatus
    status_changed_at_ms: int


async def view(office: Office, actor: Actor, device_id: DeviceId) -> QuotaView:
    """The quota of a device. Raises Problem, also where it has none."""
    return await office.database.read(_view, seen_by(actor), device_id, office.clock.now_ms())


async def put(office: Office, actor: Actor, device_id: DeviceId, wanted: QuotaWanted) -> QuotaView:
    """Give a device a quota, over the one it has. Raises Problem."""
    now_ms = office.clock.now_ms()
    _check(wanted, now_ms)
    return await office.database.write(_put, actor, changed_by(actor), device_id, wanted, now_ms)


async def change(office: Office, actor: Actor, device_id: DeviceId, wanted: QuotaChange) -> QuotaView:
    """Change some of the quota of a device. Raises Problem, also where it has none."""
    return await office.database.write(_change, actor, changed_by(actor), device_id, wanted, office.clock.now_ms())


async def delete(office: Office, actor: Actor, device_id: DeviceId) -> None:
    """Take the quota of a device away. Raises Problem, also where it has none."""
    await office.database.write(_delete, actor, changed_by(actor), device_id, office.clock.now_ms())


async def delete_of_policy(office: Office, actor: Actor, policy_id: PolicyId) -> int:
    """Take the quotas of all devices under a policy away; how many. Raises Problem while the policy applies quotas."""
    return await office.database.write(_delete_of_policy, actor, changed_by(actor), policy_id, office.clock.now_ms())


def _view(tx: Transaction, scope: int, device_id: int, now_ms: int) -> QuotaView:
    _device(tx, scope, device_id)
    quota = store.peek(tx, [device_id]).get(device_id)
    if quota is None:
        raise _none(device_id)
    return _seen(quota, now_ms)


def _put(tx: Transaction, actor: Actor, scope: int, device_id: int, wanted: QuotaWanted, now_ms: int) -> QuotaView:
    device = _device(tx, scope, device_id)
    before = store.hold(tx, [device_id]).get(device_id)
    quota = given(before, **msgspec.structs.asdict(wanted), now_ms=now_ms)
    return _keep(tx, actor, device, before, quota, now_ms)


def _change(tx: Transaction, actor: Actor, scope: int, device_id: int, change: QuotaChange, now_ms: int) -> QuotaView:
    """Where the volume stays, so does what was last added to it."""
    device = _device(tx, scope, device_id)
    before = store.hold(tx, [device_id]).get(device_id)
    if before is None:
        raise _none(device_id)
    now = before.at(now_ms)
    given_fields = {name: getattr(change, name) for name in change.__struct_fields__ if getattr(change, name) is not UNSET}
    wanted = QuotaWanted(**{name: given_fields.get(name, getattr(now, name)) for name in QuotaWanted.__struct_fields__})
    _check(wanted, now_ms, least=1 if "volume" in given_fields else 0)
    if "volume" in given_fields:
        quota = given(before, **msgspec.structs.asdict(wanted), now_ms=now_ms)
    else:
        quota = msgspec.structs.replace(now, **msgspec.structs.asdict(wanted))
    return _keep(tx, actor, device, before, quota, now_ms)


def _keep(tx: Transaction, actor: Actor, device: DeviceView, before: Quota | None, quota: Quota, now_ms: int) -> QuotaView:
    device_id = device.id
    store.save(tx, {device_id: quota})
    home = device.organisation_id
    note(tx, actor, "quota.assigned", home, now_ms, device_id=device_id, quota=_assigned(quota))
    audit.record(tx, actor, "quota.set", home, now_ms, object_id=device_id, before=before, after=quota)
    return _seen(quota, now_ms)


def _delete(tx: Transaction, actor: Actor, scope: int, device_id: int, now_ms: int) -> None:
    device = _device(tx, scope, device_id)
    if not _take_away(tx, actor, device.organisation_id, [device_id], now_ms):
        raise _none(device_id)


def _delete_of_policy(tx: Transaction, actor: Actor, scope: int, policy_id: int, now_ms: int) -> int:
    policy = policy_store.lock(tx, scope, policy_id)
    if policy is None:
        raise not_found("Service profile", policy_id)
    if policy.apply_sms_quota:
        text = (
            f"service profile {policy_id} applies SMS quotas: set its apply_sms_quota to false first, else its devices could send nothing"
        )
        raise Problem(Code.IN_USE, text)
    return _take_away(tx, actor, policy.organisation_id, store.devices_of_policy(tx, policy_id), now_ms)


def _take_away(tx: Transaction, actor: Actor, home: int, device_ids: list[int], now_ms: int) -> int:
    before = store.hold(tx, device_ids)
    for device_id in store.delete(tx, before):
        note(tx, actor, "quota.deleted", home, now_ms, device_id=device_id, quota=detail_of(before[device_id]))
        audit.record(tx, actor, "quota.deleted", home, now_ms, object_id=device_id, before=before[device_id])
    return len(before)


def _device(tx: Transaction, scope: int, device_id: int) -> DeviceView:
    found = device_store.view(tx, scope, device_id)
    if found is None:
        raise not_found("Endpoint", device_id)
    return found


def _none(device_id: int) -> Problem:
    return Problem(Code.NOT_FOUND, f"Endpoint {device_id} has no SMS quota: POST sets one")


def _seen(quota: Quota, now_ms: int) -> QuotaView:
    now = quota.at(now_ms)
    status = now.status(now_ms)
    return QuotaView(now, status, now.expiry_at_ms if status is QuotaStatus.EXPIRED else now.status_changed_at_ms)


def _assigned(quota: Quota) -> dict[str, object]:
    """As emnify's event shows a quota that was assigned: in camel case."""
    return {
        "volume": quota.volume,
        "expiryDate": f"{datetime.fromtimestamp(quota.expiry_at_ms // 1000, UTC):%Y-%m-%dT%H:%M:%S}.000+0000",
        "lastVolumeAdded": quota.last_volume_added,
        "thresholdPercentage": quota.threshold_percentage,
        "thresholdVolume": quota.threshold_volume,
        "autoRefill": quota.auto_refill,
        "trafficType": {"id": 6, "description": "SMS"},
    }


def _check(wanted: QuotaWanted, now_ms: int, least: int = 1) -> None:
    problems = []
    if not least <= wanted.volume <= MOST_SEGMENTS:
        problems.append(Problem(Code.INVALID, f"volume {wanted.volume} is not taken: give 1 to {MOST_SEGMENTS} segments", field="volume"))
    if wanted.expiry_at_ms <= now_ms:
        problems.append(Problem(Code.INVALID, "expiry_date is in the past: give a time to come", field="expiry_date"))
    if not 0 <= wanted.threshold_percentage <= 100:
        text = f"threshold_percentage {wanted.threshold_percentage} is not taken: give 0 to 100"
        problems.append(Problem(Code.INVALID, text, field="threshold_percentage"))
    if problems:
        raise Problem(Code.INVALID, "Quota validation error", parts=tuple(problems))
