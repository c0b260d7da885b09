"""Many devices, or many SIMs, at once: made, changed, deleted, up to 2,000 in one call.

All are looked at first, by a reader; where one cannot be, nothing is done and each fault is named. They are then written in slices, so
that messages of the same process wait for one slice at most. Only what another changed between the look and the write can still refuse
one; then the slices before it are done, and the refusal says so.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from heliograph.model.account import Actor
from heliograph.model.device import SimStatus
from heliograph.model.ids import DeviceId, OrganisationId
from heliograph.model.problem import Code, Problem
from heliograph.service.manage import device as devices
from heliograph.service.manage import sim as sims
from heliograph.service.manage.device import DeviceChange, SimChange
from heliograph.service.manage.scope import Office, changed_by, home_of, not_found
from heliograph.store import account as account_store
from heliograph.store import device as device_store
from heliograph.store import sim as sim_store
from heliograph.store.device import DeviceView
from heliograph.store.sim import Sim
from heliograph.store.transaction import Transaction

MOST_AT_ONCE = 2000
SLICE = 100
T = TypeVar("T")
R = TypeVar("R")


async def create(office: Office, actor: Actor, wanted: Sequence[DeviceChange], organisation_id: int | None = None) -> list[DeviceView]:
    """New devices, in their order. Each names both policies. Raises Problem."""
    home = home_of(actor, organisation_id)
    _bounded(wanted)
    await office.database.read(_check_new, home, wanted)
    now_ms = office.clock.now_ms()

    def create_slice(tx: Transaction, part: Sequence[DeviceChange]) -> list[DeviceView]:
        return [devices.create_one(tx, actor, home, each, now_ms) for each in part]

    return [view for views in await _by_slices(office, create_slice, wanted) for view in views]


async def update(office: Office, actor: Actor, changes: Sequence[tuple[DeviceId, DeviceChange]]) -> None:
    """Change devices. Raises Problem."""
    scope = changed_by(actor)
    _bounded(changes)
    await office.database.read(_check_changes, scope, changes)
    now_ms = office.clock.now_ms()

    def update_slice(tx: Transaction, part: Sequence[tuple[DeviceId, DeviceChange]]) -> None:
        for device_id, change in part:
            devices.update_one(tx, actor, scope, device_id, change, now_ms)

    await _by_slices(office, update_slice, changes)


async def delete(office: Office, actor: Actor, device_ids: Sequence[DeviceId], *, with_sims: bool) -> None:
    """Delete devices; what is left of them are their SIMs, released and suspended, unless they are deleted too. Raises Problem."""
    scope = changed_by(actor)
    _bounded(device_ids)
    await office.database.read(_check_devices, scope, device_ids)
    now_ms = office.clock.now_ms()

    def delete_slice(tx: Transaction, part: Sequence[DeviceId]) -> None:
        for device_id in part:
            _release_sim(tx, actor, scope, device_id, now_ms, with_sims=with_sims)
            devices.delete_one(tx, actor, scope, device_id, now_ms)

    await _by_slices(office, delete_slice, device_ids)


async def delete_sims(office: Office, actor: Actor, sim_ids: Sequence[int]) -> None:
    """Delete SIMs that are in no device. Raises Problem."""
    scope = changed_by(actor)
    _bounded(sim_ids)
    await office.database.read(_check_sims, scope, sim_ids)
    now_ms = office.clock.now_ms()

    def delete_slice(tx: Transaction, part: Sequence[int]) -> None:
        for sim_id in part:
            sims.delete_one(tx, actor, scope, sim_id, now_ms)

    await _by_slices(office, delete_slice, sim_ids)


async def _by_slices(office: Office, write: Callable[[Transaction, Sequence[T]], R], items: Sequence[T]) -> list[R]:
    results: list[R] = []
    for start in range(0, len(items), SLICE):
        try:
            results.append(await office.database.write(write, items[start : start + SLICE]))
        except Problem as problem:
            if start == 0:
                raise
            text = f"the first {start} are done, the others are not, since something changed meanwhile: {problem.text}"
            raise Problem(problem.code, text, field=problem.field, parts=problem.parts) from None
    return results


def _bounded(items: Sequence[object]) -> None:
    if len(items) > MOST_AT_ONCE:
        raise Problem(Code.INVALID, f"{len(items)} are too many: bring at most {MOST_AT_ONCE} at once")


def _check_new(tx: Transaction, home: OrganisationId, wanted: Sequence[DeviceChange]) -> None:
    if account_store.organisation(tx, home) is None:
        raise not_found("Organisation", home)
    found = sim_store.of_ids(tx, home, _sim_ids(wanted))
    policies: dict[tuple[Any, Any], list[Problem]] = {}
    problems = _twice(wanted)
    for place, each in enumerate(wanted):
        named = (each.service_profile_id, each.tariff_profile_id)
        if named not in policies:
            policies[named] = devices.unknown_policies(tx, home, each)
            problems += policies[named]
        problems += [_at(place, problem) for problem in (*devices.malformed(each), *_unassignable(each, found, None))]
    _refuse("create", problems)


def _check_changes(tx: Transaction, scope: int, changes: Sequence[tuple[DeviceId, DeviceChange]]) -> None:
    known = _known(device_store.of_ids(tx, scope, [device_id for device_id, _ in changes]), [device_id for device_id, _ in changes])
    found = sim_store.of_ids(tx, scope, _sim_ids(change for _, change in changes))
    policies: dict[tuple[Any, ...], list[Problem]] = {}
    problems = _twice([change for _, change in changes])
    for place, (device_id, change) in enumerate(changes):
        device = known[device_id]
        named = (device.organisation_id, change.service_profile_id, change.tariff_profile_id)
        if named not in policies:
            policies[named] = devices.unknown_policies(tx, device.organisation_id, change)
        own = {sim_id: sim for sim_id, sim in found.items() if sim.organisation_id == device.organisation_id}
        faults = (*policies[named], *devices.malformed(change), *_unassignable(change, own, device_id))
        problems += [_at(place, problem) for problem in faults]
    _refuse("update", problems)


def _check_devices(tx: Transaction, scope: int, device_ids: Sequence[DeviceId]) -> None:
    _known(device_store.of_ids(tx, scope, device_ids), device_ids)


def _check_sims(tx: Transaction, scope: int, sim_ids: Sequence[int]) -> None:
    found = _known(sim_store.of_ids(tx, scope, sim_ids), sim_ids, "SIM")
    if used := [sim.id for sim in found.values() if sim.device_id is not None]:
        raise Problem(Code.FORBIDDEN, f"SIM with Id '{used[0]}' is in a device: release it, then delete the SIM")


def _known(found: Mapping[int, T], ids: Sequence[int], kind: str = "Endpoint") -> Mapping[int, T]:
    for each in ids:
        if each not in found:
            raise not_found(kind, each)
    if again := [each for each, times in Counter(ids).items() if times > 1]:
        raise Problem(Code.INVALID, f"{kind} with Id '{again[0]}' stands twice: name each once")
    return found


def _twice(wanted: Sequence[DeviceChange]) -> list[Problem]:
    """What several devices are to have and only one can."""
    values: dict[str, list[Any]] = {
        "imei": [each.imei for each in wanted if each.imei],
        "ip_address": [each.ip_address for each in wanted if each.ip_address],
        "sim": list(_sim_ids(wanted)),
    }
    return [
        Problem(Code.INVALID, f"{field} '{value}' stands twice: only one endpoint can have it", field=field)
        for field, given in values.items()
        for value, times in Counter(given).items()
        if times > 1
    ]


def _sim_ids(wanted: Iterable[DeviceChange]) -> list[int]:
    return [each.sim.sim_id for each in wanted if isinstance(each.sim, SimChange) and each.sim.sim_id is not None]


def _unassignable(change: DeviceChange, found: Mapping[int, Sim], device_id: int | None) -> list[Problem]:
    if not isinstance(change.sim, SimChange) or change.sim.sim_id is None:
        return []
    sim = found.get(change.sim.sim_id)
    if sim is None:
        return [not_found("SIM", change.sim.sim_id)]
    if sim.device_id not in (None, device_id):
        return [Problem(Code.IN_USE, f"SIM with Id '{sim.id}' is assigned to another endpoint: release it there first", field="sim")]
    return []


def _at(place: int, problem: Problem) -> Problem:
    return Problem(problem.code, f"endpoints[{place}]: {problem.text}", field=problem.field)


def _refuse(verb: str, problems: Sequence[Problem]) -> None:
    if problems:
        raise Problem(Code.INVALID, f"Bulk {verb} endpoint validation error: nothing was done", parts=tuple(problems[:100]))


def _release_sim(tx: Transaction, actor: Actor, scope: int, device_id: int, now_ms: int, *, with_sims: bool) -> None:
    """Take the SIM out of a device that is about to go."""
    sim = sim_store.lock_of_device(tx, device_id)
    if sim is None:
        return
    devices.update_one(tx, actor, scope, device_id, DeviceChange(sim=SimChange(None)), now_ms)
    if with_sims:
        sims.delete_one(tx, actor, scope, sim.id, now_ms)
    elif sim.status_id == SimStatus.ACTIVATED:
        sims.update_one(tx, actor, scope, sim.id, sims.SimChange(status=SimStatus.SUSPENDED), now_ms)
