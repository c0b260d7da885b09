"""Service policies: make, change, delete, list; and the services in them, as the compatible API switches SMS on and off.

What a policy decides: `model/policy.py`. The limits on its services as emnify's API puts them there: `manage/traffic_limit.py`.
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from msgspec import UNSET, UnsetType

from heliograph.model import policy_settings
from heliograph.model.account import Actor
from heliograph.model.ids import OrganisationId, PolicyId
from heliograph.model.policy import REST_API, SMPP
from heliograph.model.policy_settings import MoToApplication
from heliograph.model.problem import Code, Problem
from heliograph.service import audit
from heliograph.service.manage import webhook as webhooks
from heliograph.service.manage.note import note
from heliograph.service.manage.scope import Office, changed_by, home_of, not_found, seen_by
from heliograph.store import policy as store
from heliograph.store import smpp_account as smpp_account_store
from heliograph.store import smpp_refusal as smpp_refusal_store
from heliograph.store.policy import PolicyView, ServicePolicy
from heliograph.store.transaction import Transaction

INTERFACE_TYPES = {REST_API: "RestAPI", SMPP: "SMPP"}
SMS_MT, SMS_MO = 6, 32
SERVICES = {0: "USSD", 3: "Voice", SMS_MT: "SMS MT", SMS_MO: "SMS MO", 38: "Data"}
OTHER_SERVICES = "services"
LIMIT_SETTINGS = {SMS_MT: "mt_limit", SMS_MO: "mo_limit"}
MO_TO_APPLICATION = "mo_to_application"

CARRIED: Final[Mapping[str, Any]] = {
    "allowed_3g": True,
    "allowed_4g": True,
    "allowed_nb_iot": True,
    "allowed_nb_iot_geo": False,
    "apply_data_quota": False,
    "retail": False,
    "prepaid": False,
    "nipdp": False,
    "moc_callback": None,
    "breakout_region": None,
    "dns": None,
}
"""What emnify's clients write of radio, data and voice, with emnify's defaults: kept and given back, without any effect here."""


class PolicyChange(msgspec.Struct, frozen=True, kw_only=True):
    """What of a policy is to change; UNSET leaves what is, None takes the webhook or the secret away.

    `mt` and `mo` switch the services on and off, for faces that do not put them in one by one. `settings`: what is ours, by the names of
    `model.policy_settings`; `carried`: what only emnify knows, by the names of CARRIED."""

    name: str | UnsetType = UNSET
    description: str | UnsetType | None = UNSET
    mt: bool | UnsetType = UNSET
    mo: bool | UnsetType = UNSET
    sms_a2p: bool | UnsetType = UNSET
    sms_p2p_int: bool | UnsetType = UNSET
    sms_p2p_ext: bool | UnsetType = UNSET
    apply_sms_quota: bool | UnsetType = UNSET
    esme_interface_type_id: int | UnsetType = UNSET
    api_callback_id: int | UnsetType | None = UNSET
    api_secret_id: int | UnsetType | None = UNSET
    settings: Mapping[str, object] = {}
    carried: Mapping[str, object] = {}


_COLUMNS = tuple(name for name in PolicyChange.__struct_fields__ if name not in ("settings", "carried"))


async def create(office: Office, actor: Actor, wanted: PolicyChange) -> PolicyView:
    """A new policy, without services: they are put into it one by one, as on emnify. Raises Problem."""
    return await office.database.write(_create, actor, home_of(actor, None), wanted, office.clock.now_ms())


async def update(office: Office, actor: Actor, policy_id: PolicyId, change: PolicyChange) -> PolicyView:
    """Change a policy. Raises Problem."""
    return await office.database.write(_update, actor, changed_by(actor), policy_id, change, office.clock.now_ms())


async def delete(office: Office, actor: Actor, policy_id: PolicyId) -> None:
    """Delete a policy that no device has. Raises Problem."""
    await office.database.write(_delete, actor, changed_by(actor), policy_id, office.clock.now_ms())


async def view(office: Office, actor: Actor, policy_id: PolicyId) -> PolicyView:
    """One policy. Raises Problem."""
    return await office.database.read(_view, seen_by(actor), policy_id)


async def views(office: Office, actor: Actor) -> list[PolicyView]:
    """The policies the actor sees."""
    return await office.database.read(store.views, seen_by(actor))


async def add_service(office: Office, actor: Actor, policy_id: PolicyId, service_id: int) -> None:
    """Switch a service on. Raises Problem, also where it is on."""
    await office.database.write(_switch, actor, changed_by(actor), policy_id, service_id, True, office.clock.now_ms())


async def remove_service(office: Office, actor: Actor, policy_id: PolicyId, service_id: int) -> None:
    """Switch a service off. Raises Problem, also where it is off, and where it has a limit."""
    await office.database.write(_switch, actor, changed_by(actor), policy_id, service_id, False, office.clock.now_ms())


def services_of(policy: ServicePolicy | PolicyView) -> list[int]:
    """The services that are on, by id."""
    other: list[int] = msgspec.json.decode(policy.settings).get(OTHER_SERVICES, [])
    return sorted([*other, *([SMS_MT] if policy.mt else []), *([SMS_MO] if policy.mo else [])])


def limit_setting(policy: ServicePolicy | PolicyView, service_id: int) -> int | None:
    """How many segments of a service a device may use in a month; None: any number."""
    name = LIMIT_SETTINGS.get(service_id)
    return None if name is None else getattr(policy_settings.read(policy.settings), name)


def check_service(service_id: int) -> None:
    """Raises Problem for a service there is not."""
    if service_id not in SERVICES:
        raise not_found("Service", service_id)


def carried(settings: str) -> dict[str, Any]:
    """What of a policy is kept for emnify's clients alone, each with its value."""
    kept: dict[str, Any] = msgspec.json.decode(settings).get("carried", {})
    return {name: kept.get(name, default) for name, default in CARRIED.items()}


def locked(tx: Transaction, scope: int, policy_id: int) -> ServicePolicy:
    """A policy to be changed. Raises Problem where there is none in `scope`."""
    policy = store.lock(tx, scope, policy_id)
    if policy is None:
        raise not_found("Service profile", policy_id)
    return policy


def save(tx: Transaction, actor: Actor, before: ServicePolicy, policy: ServicePolicy, now_ms: int) -> None:
    """Write a changed policy, and who changed what."""
    store.update(tx, policy)
    audit.record(
        tx, actor, "policy.changed", policy.organisation_id, now_ms, object_id=policy.id, before=_told(before), after=_told(policy)
    )


def _create(tx: Transaction, actor: Actor, home: OrganisationId, wanted: PolicyChange, now_ms: int) -> PolicyView:
    policy = ServicePolicy(0, home, "")
    _apply(tx, policy, wanted)
    policy_id = store.insert(tx, policy, now_ms)
    audit.record(tx, actor, "policy.created", home, now_ms, object_id=policy_id, after=_told(policy))
    return _view(tx, home, policy_id)


def _update(tx: Transaction, actor: Actor, scope: int, policy_id: int, change: PolicyChange, now_ms: int) -> PolicyView:
    policy = locked(tx, scope, policy_id)
    before = msgspec.structs.replace(policy)
    _apply(tx, policy, change)
    save(tx, actor, before, policy, now_ms)
    if policy.api_secret_id is not None and policy.api_secret_id != before.api_secret_id and policy.api_callback_id is not None:
        is_same = policy.api_callback_id == before.api_callback_id
        webhooks.take_policys_secret(tx, policy.api_callback_id, before.api_secret_id if is_same else None, now_ms)
    if policy.apply_sms_quota != before.apply_sms_quota:
        kind = "quota.enabled" if policy.apply_sms_quota else "quota.disabled"
        note(tx, actor, kind, policy.organisation_id, now_ms, service_profile={"id": policy_id, "name": policy.name})
    return _view(tx, scope, policy_id)


def _apply(tx: Transaction, policy: ServicePolicy, change: PolicyChange) -> None:
    """Raises Problem with a part for everything that is wrong."""
    smpp_from_now_on = change.esme_interface_type_id == SMPP and policy.esme_interface_type_id != SMPP
    problems = _problems(tx, policy, change)
    settings = policy.settings
    try:
        settings = policy_settings.changed(settings, change.settings)
    except Problem as problem:
        problems += problem.parts
    if problems:
        raise Problem(Code.INVALID, "Service profile validation error", parts=tuple(problems))
    for name in _COLUMNS:
        value = getattr(change, name)
        if value is not UNSET:
            setattr(policy, name, int(value) if isinstance(value, bool) else value)
    kept = msgspec.json.decode(settings)
    if change.carried:
        values = carried(settings) | dict(change.carried)
        kept["carried"] = {name: value for name, value in values.items() if value != CARRIED[name]}
    if smpp_from_now_on:
        # As on emnify, unless somebody chose otherwise (rules: Where a device's message goes).
        kept.setdefault(MO_TO_APPLICATION, MoToApplication.ALL.value)
    policy.settings = msgspec.json.encode(kept).decode()


def _problems(tx: Transaction, policy: ServicePolicy, change: PolicyChange) -> list[Problem]:
    problems: list[Problem] = []
    if not (policy.name if change.name is UNSET else change.name).strip():
        problems.append(Problem(Code.REQUIRED, "name is required: give the policy one", field="name"))
    if isinstance(change.api_callback_id, int) and store.callback(tx, policy.organisation_id, change.api_callback_id) is None:
        problems.append(not_found("API callback", change.api_callback_id))
    if isinstance(change.api_secret_id, int) and store.secret(tx, policy.organisation_id, change.api_secret_id) is None:
        problems.append(not_found("API secret", change.api_secret_id))
    if isinstance(change.esme_interface_type_id, int) and change.esme_interface_type_id not in INTERFACE_TYPES:
        problems.append(not_found("ESME interface type", change.esme_interface_type_id))
    return problems


def _switch(tx: Transaction, actor: Actor, scope: int, policy_id: int, service_id: int, on: bool, now_ms: int) -> None:
    policy = locked(tx, scope, policy_id)
    before = msgspec.structs.replace(policy)
    check_service(service_id)
    if (service_id in services_of(policy)) == on:
        code, word = (Code.DUPLICATED, "already") if on else (Code.NOT_ALLOWED, "not")
        raise Problem(code, f"{SERVICES[service_id]} is {word} in service profile {policy_id}: nothing is to be done")
    if not on and limit_setting(policy, service_id) is not None:
        raise Problem(Code.IN_USE, f"{SERVICES[service_id]} has a traffic limit in service profile {policy_id}: remove the limit first")
    if service_id == SMS_MT:
        policy.mt = int(on)
    elif service_id == SMS_MO:
        policy.mo = int(on)
    else:
        settings = msgspec.json.decode(policy.settings)
        kept = [each for each in settings.get(OTHER_SERVICES, []) if each != service_id]
        settings[OTHER_SERVICES] = [*kept, service_id] if on else kept
        policy.settings = msgspec.json.encode(settings).decode()
    save(tx, actor, before, policy, now_ms)


def _delete(tx: Transaction, actor: Actor, scope: int, policy_id: int, now_ms: int) -> None:
    policy = locked(tx, scope, policy_id)
    if not store.delete(tx, policy_id, now_ms):
        raise Problem(Code.IN_USE, f"Service profile with Id '{policy_id}' is used by endpoints: give them another one first")
    smpp_refusal_store.forget_of_policy(tx, policy_id)
    smpp_account_store.delete_of_policy(tx, policy_id)
    audit.record(tx, actor, "policy.deleted", policy.organisation_id, now_ms, object_id=policy_id, before=_told(policy))


def _view(tx: Transaction, scope: int, policy_id: int) -> PolicyView:
    found = store.view(tx, scope, policy_id)
    if found is None:
        raise not_found("Service profile", policy_id)
    return found


def _told(policy: ServicePolicy) -> dict[str, Any]:
    """A policy for the audit, with each setting under its name."""
    fields = msgspec.structs.asdict(policy)
    settings: dict[str, Any] = msgspec.json.decode(fields.pop("settings"))
    return fields | settings
