"""The monthly limits on the services of a policy, as emnify's API puts them there.

A traffic limit there is a thing of its own with an id; here it is a number of segments. So an id says it all: 100 times the segments, plus
the service, 506 for 5 SMS MT a month. Five sizes are offered, and any other can be put by its id.
"""

import msgspec

from heliograph.model import policy_settings
from heliograph.model.account import Actor
from heliograph.model.ids import PolicyId
from heliograph.model.problem import Code, Problem
from heliograph.service.manage.policy import LIMIT_SETTINGS, SERVICES, check_service, limit_setting, locked, save, services_of
from heliograph.service.manage.scope import Office, changed_by, not_found
from heliograph.store.policy import PolicyView, ServicePolicy
from heliograph.store.transaction import Transaction

OFFERED = (5, 10, 25, 50, 100)
SERVICE_DIGITS = 100


class TrafficLimit(msgspec.Struct, frozen=True):
    """So many segments a month and device."""

    service_id: int
    volume: int

    @property
    def id(self) -> int:
        return self.volume * SERVICE_DIGITS + self.service_id


async def add_limit(office: Office, actor: Actor, policy_id: PolicyId, service_id: int, limit_id: int) -> None:
    """Limit a service that is on; another limit on it gives way. Raises Problem."""
    await office.database.write(_add_limit, actor, changed_by(actor), policy_id, service_id, limit_id, office.clock.now_ms())


async def remove_limit(office: Office, actor: Actor, policy_id: PolicyId, service_id: int, limit_id: int) -> None:
    """Take a limit away. Raises Problem where the service has no such one."""
    await office.database.write(_remove_limit, actor, changed_by(actor), policy_id, service_id, limit_id, office.clock.now_ms())


def limit_of(policy: ServicePolicy | PolicyView, service_id: int) -> TrafficLimit | None:
    """The limit on a service of a policy, or None."""
    volume = limit_setting(policy, service_id)
    return None if volume is None else TrafficLimit(service_id, volume)


def offered(service_id: int | None = None) -> list[TrafficLimit]:
    """The limits that are offered, of one service or of all. Raises Problem for a service there is not."""
    if service_id is not None:
        check_service(service_id)
    return [TrafficLimit(each, volume) for each in LIMIT_SETTINGS if service_id in (None, each) for volume in OFFERED]


def _add_limit(tx: Transaction, actor: Actor, scope: int, policy_id: int, service_id: int, limit_id: int, now_ms: int) -> None:
    policy = locked(tx, scope, policy_id)
    check_service(service_id)
    volume, of_service = divmod(limit_id, SERVICE_DIGITS)
    if service_id not in LIMIT_SETTINGS or of_service != service_id or not 1 <= volume <= policy_settings.MOST_SEGMENTS:
        raise not_found("Traffic limit", limit_id)
    if service_id not in services_of(policy):
        text = f"{SERVICES[service_id]} is not in service profile {policy_id}: put the service there first"
        raise Problem(Code.INVALID, "Service profile validation error", parts=(Problem(Code.INVALID_REFERENCE, text, field="service_id"),))
    _limit(tx, actor, policy, service_id, volume, now_ms)


def _remove_limit(tx: Transaction, actor: Actor, scope: int, policy_id: int, service_id: int, limit_id: int, now_ms: int) -> None:
    policy = locked(tx, scope, policy_id)
    check_service(service_id)
    limit = limit_of(policy, service_id)
    if limit is None or limit.id != limit_id:
        has = f"has the limit {limit.id}" if limit else "has no limit"
        raise Problem(Code.INVALID_REFERENCE, f"{SERVICES[service_id]} {has} in service profile {policy_id}, not {limit_id}")
    _limit(tx, actor, policy, service_id, None, now_ms)


def _limit(tx: Transaction, actor: Actor, policy: ServicePolicy, service_id: int, volume: int | None, now_ms: int) -> None:
    before = msgspec.structs.replace(policy)
    policy.settings = policy_settings.changed(policy.settings, {LIMIT_SETTINGS[service_id]: volume})
    save(tx, actor, before, policy, now_ms)
