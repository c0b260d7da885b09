"""Service policies with their webhooks and secrets, and tariffs. What a policy decides: `model/policy.py`."""

from collections.abc import Iterable

import msgspec

from heliograph.model.ids import PolicyId
from heliograph.store.query import queries
from heliograph.store.transaction import Transaction

Q = queries("policy")


class Callback(msgspec.Struct, array_like=True, frozen=True):
    """A webhook of an application."""

    id: int
    organisation_id: int
    url: str
    purpose: str
    created_at_ms: int
    disabled_at_ms: int | None


class Secret(msgspec.Struct, array_like=True, frozen=True):
    """What signs the calls to a webhook, without the secret itself."""

    id: int
    organisation_id: int
    purpose: str


class Tariff(msgspec.Struct, array_like=True, frozen=True):
    """A tariff has no prices here: it is kept since every device of the compatible API names one."""

    id: int
    organisation_id: int
    name: str
    description: str | None
    used_count: int


class ServicePolicy(msgspec.Struct, array_like=True):
    """What of a policy can be changed. Switches are 0 or 1; `settings` is JSON."""

    id: int
    organisation_id: int
    name: str
    description: str | None = None
    mt: int = 0
    mo: int = 0
    sms_a2p: int = 1
    sms_p2p_int: int = 1
    sms_p2p_ext: int = 1
    esme_interface_type_id: int = 1
    api_callback_id: int | None = None
    api_secret_id: int | None = None
    apply_sms_quota: int = 0
    settings: str = "{}"


class PolicyView(msgspec.Struct, array_like=True, frozen=True):
    """A policy with its webhook and how many devices have it."""

    id: int
    organisation_id: int
    name: str
    description: str | None
    mt: int
    mo: int
    sms_a2p: int
    sms_p2p_int: int
    sms_p2p_ext: int
    esme_interface_type_id: int
    api_callback_id: int | None
    api_secret_id: int | None
    apply_sms_quota: int
    settings: str
    used_count: int
    callback_url: str | None
    callback_purpose: str | None
    callback_created_at_ms: int | None
    secret_purpose: str | None


def callbacks(tx: Transaction, organisation_id: int) -> list[Callback]:
    """The webhooks of an organisation (0: of all)."""
    return [Callback(*row) for row in tx.run(Q["callbacks"], organisation_id=organisation_id)]


def callback(tx: Transaction, organisation_id: int, callback_id: int) -> Callback | None:
    """One webhook of an organisation (0: of any), or None."""
    row = tx.one(Q["callback"], id=callback_id, organisation_id=organisation_id)
    return Callback(*row) if row else None


def delete_callback(tx: Transaction, organisation_id: int, callback_id: int, now_ms: int) -> bool:
    """Hide a webhook; False where there is none or a policy still uses it. Deliveries under way keep its URL."""
    return bool(tx.run(Q["delete_callback"], id=callback_id, organisation_id=organisation_id, now=now_ms))


def insert_secret(tx: Transaction, organisation_id: int, secret: str, purpose: str, now_ms: int) -> int:
    """A new secret. It is kept readable: it must sign."""
    secret_id = tx.ids("secret")[0]
    tx.run(Q["insert_secret"], id=secret_id, organisation_id=organisation_id, secret=secret, purpose=purpose, now=now_ms)
    return secret_id


def secrets(tx: Transaction, organisation_id: int) -> list[Secret]:
    """The secrets of an organisation (0: of all)."""
    return [Secret(*row) for row in tx.run(Q["secrets"], organisation_id=organisation_id)]


def secret(tx: Transaction, organisation_id: int, secret_id: int) -> Secret | None:
    """One secret of an organisation (0: of any), or None."""
    row = tx.one(Q["secret"], id=secret_id, organisation_id=organisation_id)
    return Secret(*row) if row else None


def delete_secret(tx: Transaction, organisation_id: int, secret_id: int, now_ms: int) -> bool:
    """Hide a secret; False where there is none or a policy still uses it."""
    return bool(tx.run(Q["delete_secret"], id=secret_id, organisation_id=organisation_id, now=now_ms))


def insert_tariff(tx: Transaction, organisation_id: int, name: str, description: str | None) -> int:
    """A new tariff."""
    tariff_id = tx.ids("tariff")[0]
    tx.run(Q["insert_tariff"], id=tariff_id, organisation_id=organisation_id, name=name, description=description)
    return tariff_id


def tariffs(tx: Transaction, organisation_id: int) -> list[Tariff]:
    """The tariffs of an organisation (0: of all)."""
    return [Tariff(*row) for row in tx.run(Q["tariffs"], organisation_id=organisation_id)]


def tariff(tx: Transaction, organisation_id: int, tariff_id: int) -> Tariff | None:
    """One tariff of an organisation (0: of any), or None."""
    row = tx.one(Q["tariff"], id=tariff_id, organisation_id=organisation_id)
    return Tariff(*row) if row else None


def update_tariff(tx: Transaction, tariff_id: int, name: str, description: str | None) -> None:
    """Write a changed tariff back."""
    tx.run(Q["update_tariff"], id=tariff_id, name=name, description=description)


def delete_tariff(tx: Transaction, tariff_id: int, now_ms: int) -> bool:
    """Hide a tariff; False where a device has it."""
    return bool(tx.run(Q["delete_tariff"], id=tariff_id, now=now_ms))


def insert(tx: Transaction, policy: ServicePolicy, now_ms: int) -> PolicyId:
    """A new policy. Its `id` is given here."""
    policy.id = tx.ids("policy")[0]
    tx.run(Q["insert"], now=now_ms, **msgspec.structs.asdict(policy))
    return PolicyId(policy.id)


def lock(tx: Transaction, organisation_id: int, policy_id: int) -> ServicePolicy | None:
    """A policy of an organisation (0: of any) to be changed, or None."""
    row = tx.one(Q["lock"], id=policy_id, organisation_id=organisation_id)
    return ServicePolicy(*row) if row else None


def update(tx: Transaction, policy: ServicePolicy) -> None:
    """Write a changed policy back."""
    values = msgspec.structs.asdict(policy)
    del values["organisation_id"]
    tx.run(Q["update"], **values)


def delete(tx: Transaction, policy_id: int, now_ms: int) -> bool:
    """Hide a policy; False where a device has it."""
    return bool(tx.run(Q["delete"], id=policy_id, now=now_ms))


def views(tx: Transaction, organisation_id: int) -> list[PolicyView]:
    """The policies of an organisation (0: of all)."""
    return [PolicyView(*row) for row in tx.run(Q["policies"], organisation_id=organisation_id)]


def with_application_numbers(tx: Transaction) -> list[str]:
    """The settings of all policies, of whichever organisation, that list numbers of the application."""
    return [str(row[0]) for row in tx.run(Q["with_application_numbers"])]


def view(tx: Transaction, organisation_id: int, policy_id: int) -> PolicyView | None:
    """One policy of an organisation (0: of any), or None."""
    row = tx.one(Q["policy"], id=policy_id, organisation_id=organisation_id)
    return PolicyView(*row) if row else None


def exists(tx: Transaction, organisation_id: int, policy_id: int) -> bool:
    """Whether the organisation has the policy."""
    return tx.one(Q["exists"], id=policy_id, organisation_id=organisation_id) is not None


def tariff_exists(tx: Transaction, organisation_id: int, tariff_id: int) -> bool:
    """Whether the organisation has the tariff."""
    return tx.one(Q["tariff_exists"], id=tariff_id, organisation_id=organisation_id) is not None


def settings_of_messages(tx: Transaction, message_ids: Iterable[int]) -> dict[int, str]:
    """The settings, JSON, of the policy of each message's device."""
    rows = tx.many(Q["of_messages"], [(each,) for each in sorted(set(message_ids))], _OfMessage)
    return {row.message_id: row.settings for row in rows}


class _OfMessage(msgspec.Struct, array_like=True, frozen=True):
    message_id: int
    settings: str
