"""Service policies: make, change, delete, list; and the services in them, as the compatible API switches SMS on and off."""

import msgspec
from msgspec import UNSET, UnsetType

from heliograph.model.account import Actor
from heliograph.model.ids import OrganisationId, PolicyId
from heliograph.model.policy_settings import MoToApplication
from heliograph.model.problem import Code, Problem
from heliograph.service.manage.scope import Office, changed_by, home_of, not_found, seen_by
from heliograph.store import policy as store
from heliograph.store.policy import PolicyView, ServicePolicy, Tariff
from heliograph.store.transaction import Transaction

REST_API, SMPP = 1, 2
INTERFACE_TYPES = {REST_API: "RestAPI", SMPP: "SMPP"}
SMS_MT, SMS_MO = 6, 32
SERVICES = {0: "USSD", 3: "Voice", SMS_MT: "SMS MT", SMS_MO: "SMS MO", 38: "Data"}
OTHER_SERVICES = "services"
MO_TO_APPLICATION = "mo_to_application"


class PolicyChange(msgspec.Struct, frozen=True, kw_only=True):
    """What of a policy is to change; UNSET leaves what is, None takes the webhook or the secret away."""

    name: str | UnsetType = UNSET
    description: str | UnsetType | None = UNSET
    sms_a2p: bool | UnsetType = UNSET
    sms_p2p_int: bool | UnsetType = UNSET
    sms_p2p_ext: bool | UnsetType = UNSET
    apply_sms_quota: bool | UnsetType = UNSET
    esme_interface_type_id: int | UnsetType = UNSET
    api_callback_id: int | UnsetType | None = UNSET
    api_secret_id: int | UnsetType | None = UNSET


async def create(office: Office, actor: Actor, wanted: PolicyChange) -> PolicyView:
    """A new policy, without services: they are put into it one by one, as on emnify. Raises Problem."""
    return await office.database.write(_create, home_of(actor, None), wanted, office.clock.now_ms())


async def update(office: Office, actor: Actor, policy_id: PolicyId, change: PolicyChange) -> PolicyView:
    """Change a policy. Raises Problem."""
    return await office.database.write(_update, changed_by(actor), policy_id, change)


async def delete(office: Office, actor: Actor, policy_id: PolicyId) -> None:
    """Delete a policy that no device has. Raises Problem."""
    await office.database.write(_delete, changed_by(actor), policy_id, office.clock.now_ms())


async def view(office: Office, actor: Actor, policy_id: PolicyId) -> PolicyView:
    """One policy. Raises Problem."""
    return await office.database.read(_view, seen_by(actor), policy_id)


async def views(office: Office, actor: Actor) -> list[PolicyView]:
    """The policies the actor sees."""
    return await office.database.read(store.views, seen_by(actor))


async def add_service(office: Office, actor: Actor, policy_id: PolicyId, service_id: int) -> None:
    """Switch a service on. Raises Problem, also where it is on."""
    await office.database.write(_switch, changed_by(actor), policy_id, service_id, True)


async def remove_service(office: Office, actor: Actor, policy_id: PolicyId, service_id: int) -> None:
    """Switch a service off. Raises Problem, also where it is off."""
    await office.database.write(_switch, changed_by(actor), policy_id, service_id, False)


async def tariffs(office: Office, actor: Actor) -> list[Tariff]:
    """The tariffs the actor sees."""
    return await office.database.read(store.tariffs, seen_by(actor))


async def tariff(office: Office, actor: Actor, tariff_id: int) -> Tariff:
    """One tariff. Raises Problem."""
    found = await office.database.read(store.tariff, seen_by(actor), tariff_id)
    if found is None:
        raise not_found("Tariff profile", tariff_id)
    return found


def services_of(policy: ServicePolicy | PolicyView) -> list[int]:
    """The services that are on, by id."""
    other: list[int] = msgspec.json.decode(policy.settings).get(OTHER_SERVICES, [])
    return sorted([*other, *([SMS_MT] if policy.mt else []), *([SMS_MO] if policy.mo else [])])


def _create(tx: Transaction, home: OrganisationId, wanted: PolicyChange, now_ms: int) -> PolicyView:
    policy = ServicePolicy(0, home, "")
    _apply(tx, policy, wanted)
    if not policy.name:
        raise Problem(Code.REQUIRED, "name is required", field="name")
    return _view(tx, home, store.insert(tx, policy, now_ms))


def _update(tx: Transaction, scope: int, policy_id: int, change: PolicyChange) -> PolicyView:
    policy = _lock(tx, scope, policy_id)
    _apply(tx, policy, change)
    store.update(tx, policy)
    return _view(tx, scope, policy_id)


def _apply(tx: Transaction, policy: ServicePolicy, change: PolicyChange) -> None:
    problems: list[Problem] = []
    if change.api_callback_id and store.callback(tx, policy.organisation_id, change.api_callback_id) is None:
        problems.append(not_found("API callback", change.api_callback_id))
    if change.api_secret_id and store.secret(tx, policy.organisation_id, change.api_secret_id) is None:
        problems.append(not_found("API secret", change.api_secret_id))
    if isinstance(change.esme_interface_type_id, int) and change.esme_interface_type_id not in INTERFACE_TYPES:
        problems.append(not_found("ESME interface type", change.esme_interface_type_id))
    if problems:
        raise Problem(Code.INVALID, "Service profile validation error", parts=tuple(problems))
    if change.esme_interface_type_id == SMPP and policy.esme_interface_type_id != SMPP:
        _send_everything_to_the_application(policy)
    for name in change.__struct_fields__:
        value = getattr(change, name)
        if value is not UNSET:
            setattr(policy, name, int(value) if isinstance(value, bool) else value)


def _send_everything_to_the_application(policy: ServicePolicy) -> None:
    """A policy made SMPP starts so, as on emnify, unless somebody chose otherwise (rules: Where a device's message goes)."""
    settings = msgspec.json.decode(policy.settings)
    settings.setdefault(MO_TO_APPLICATION, MoToApplication.ALL.value)
    policy.settings = msgspec.json.encode(settings).decode()


def _switch(tx: Transaction, scope: int, policy_id: int, service_id: int, on: bool) -> None:
    policy = _lock(tx, scope, policy_id)
    if service_id not in SERVICES:
        raise not_found("Service", service_id)
    is_on = service_id in services_of(policy)
    if is_on == on:
        raise Problem(
            Code.DUPLICATED if on else Code.IN_USE, f"{SERVICES[service_id]} is {'already' if on else 'not'} in service profile {policy_id}"
        )
    if service_id == SMS_MT:
        policy.mt = int(on)
    elif service_id == SMS_MO:
        policy.mo = int(on)
    else:
        settings = msgspec.json.decode(policy.settings)
        kept = [each for each in settings.get(OTHER_SERVICES, []) if each != service_id]
        settings[OTHER_SERVICES] = [*kept, service_id] if on else kept
        policy.settings = msgspec.json.encode(settings).decode()
    store.update(tx, policy)


def _delete(tx: Transaction, scope: int, policy_id: int, now_ms: int) -> None:
    _lock(tx, scope, policy_id)
    if not store.delete(tx, policy_id, now_ms):
        raise Problem(Code.IN_USE, f"Service profile with Id '{policy_id}' is used by endpoints: give them another one first")


def _lock(tx: Transaction, scope: int, policy_id: int) -> ServicePolicy:
    policy = store.lock(tx, scope, policy_id)
    if policy is None:
        raise not_found("Service profile", policy_id)
    return policy


def _view(tx: Transaction, scope: int, policy_id: int) -> PolicyView:
    found = store.view(tx, scope, policy_id)
    if found is None:
        raise not_found("Service profile", policy_id)
    return found
