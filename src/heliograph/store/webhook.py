"""Webhooks as their owners make them, how they fare, and up to where the feed was turned into deliveries. Every change has a version."""

from collections.abc import Iterable, Sequence
from operator import attrgetter

import msgspec

from heliograph.model.ids import CallbackId
from heliograph.model.webhook import WebhookSettings, read
from heliograph.store.query import queries
from heliograph.store.transaction import Transaction

Q = queries("webhook")
EVERYTHING = -1
OUTAGE_KEPT_MS = 60 * 86_400_000


class Webhook(msgspec.Struct, array_like=True):
    """`settings`: JSON (`model/webhook.py`). `secret`: its own; a policy may name another. `failures`: in a row; `failed`: since the last
    success, which was before `failing_since_ms`."""

    id: int
    organisation_id: int
    url: str
    purpose: str
    settings: str
    kind: str | None
    secret: str | None
    previous_secret: str | None
    previous_until_ms: int | None
    created_at_ms: int
    deleted_at_ms: int | None
    paused_at_ms: int | None
    disabled_at_ms: int | None
    disabled_reason: str | None
    failures: int
    failed: int
    failing_since_ms: int | None
    degraded_at_ms: int | None
    probe_at_ms: int | None
    version: int

    @property
    def how(self) -> WebhookSettings:
        """What its settings say."""
        return read(self.settings)

    @property
    def status(self) -> str:
        """In one word."""
        if self.disabled_at_ms is not None:
            return "disabled"
        if self.paused_at_ms is not None:
            return "paused"
        return "active" if self.degraded_at_ms is None else "degraded"

    @property
    def is_open(self) -> bool:
        """Whether it is called at all, for what nobody asked for by hand."""
        return self.deleted_at_ms is None and self.paused_at_ms is None and self.disabled_at_ms is None

    @property
    def is_held(self) -> bool:
        """Whether what is due for it waits, but for a probe and what somebody asked for by hand."""
        return not self.is_open or self.degraded_at_ms is not None


class PolicyOf(msgspec.Struct, array_like=True, frozen=True):
    """A policy that names a webhook."""

    webhook_id: int
    id: int
    name: str


class Outage(msgspec.Struct, array_like=True, frozen=True):
    callback_id: int
    began_at_ms: int
    ended_at_ms: int


class _Changed(msgspec.Struct, array_like=True):
    id: int
    url: str
    purpose: str
    settings: str
    secret: str | None
    previous_secret: str | None
    previous_until_ms: int | None
    deleted_at_ms: int | None
    paused_at_ms: int | None
    disabled_at_ms: int | None
    disabled_reason: str | None
    failures: int
    failed: int
    failing_since_ms: int | None
    degraded_at_ms: int | None
    probe_at_ms: int | None
    version: int


def insert(
    tx: Transaction, organisation_id: int, url: str, purpose: str, settings: str, now_ms: int, *,
    kind: str | None = None, hook_key: str | None = None, secret: str | None = None,
) -> CallbackId | None:  # fmt: skip
    """A new webhook; None where one with this key is there."""
    made = tx.one(
        Q["insert"], id=tx.ids("callback")[0], organisation_id=organisation_id, url=url, purpose=purpose, settings=settings, kind=kind,
        hook_key=hook_key, secret=secret, now=now_ms, version=_next_version(tx),
    )  # fmt: skip
    return None if made is None else CallbackId(made[0])


def by_id(tx: Transaction, webhook_id: int) -> Webhook | None:
    """One, also where it is deleted."""
    row = tx.one(Q["by_id"], id=webhook_id)
    return Webhook(*row) if row else None


def by_hook(tx: Transaction, organisation_id: int, hook_key: str) -> Webhook | None:
    """The one with this key."""
    row = tx.one(Q["by_hook"], organisation_id=organisation_id, hook_key=hook_key)
    return Webhook(*row) if row else None


def of_organisation(tx: Transaction, organisation_id: int) -> list[Webhook]:
    """Those of an organisation (0: of all) that are not deleted."""
    return [Webhook(*row) for row in tx.run(Q["of_organisation"], organisation_id=organisation_id)]


def version(tx: Transaction) -> int:
    """That of the latest change of any webhook."""
    row = tx.one(Q["version"])
    return 0 if row is None else int(row[0])


def changed_since(tx: Transaction, known_version: int) -> list[Webhook]:
    """Those with a later version, also where they are deleted; EVERYTHING: all that are not."""
    return [Webhook(*row) for row in tx.run(Q["all_since"], version=known_version)]


def lock(tx: Transaction, webhook_ids: Iterable[int]) -> dict[int, Webhook]:
    """Lock webhooks to be changed, in the order of their ids, after notifications and before the feed."""
    return {row.id: row for row in tx.many(Q["lock"], [(each,) for each in sorted(set(webhook_ids))], Webhook)}


def update(tx: Transaction, webhooks: Sequence[Webhook]) -> None:
    """Write changed webhooks back, with a version of their own."""
    if not webhooks:
        return
    of_now = _next_version(tx)
    for each in webhooks:
        each.version = of_now
    fields = _Changed.__struct_fields__
    tx.apply(Q["update"], [_Changed(*(getattr(each, field) for field in fields)) for each in sorted(webhooks, key=attrgetter("id"))])


def touch(tx: Transaction, webhook_id: int) -> None:
    """Have all processes read a webhook anew."""
    update(tx, list(lock(tx, [webhook_id]).values()))


def policies(tx: Transaction, organisation_id: int) -> list[PolicyOf]:
    """The policies of an organisation (0: of all) that name a webhook, each with that."""
    return [PolicyOf(*row) for row in tx.run(Q["policies"], organisation_id=organisation_id)]


def secret_of(tx: Transaction, secret_id: int) -> str | None:
    """What a policy's secret is, None where there is none of this id."""
    row = tx.one(Q["secret_of"], id=secret_id)
    return None if row is None else str(row[0])


def policy_secret(tx: Transaction, webhook_id: int) -> str | None:
    """The secret by which a policy has its calls signed."""
    row = tx.one(Q["policy_secret"], id=webhook_id)
    return None if row is None else str(row[0])


def begin_cursor(tx: Transaction, organisation_id: int) -> None:
    """Turn the organisation's events into deliveries, from the next one on; where that is done already, go on."""
    tx.run(Q["begin_cursor"], organisation_id=organisation_id)


def end_cursor(tx: Transaction, organisation_id: int) -> None:
    """Do so no more."""
    tx.run(Q["end_cursor"], organisation_id=organisation_id)


def behind(tx: Transaction) -> list[int]:
    """The organisations with events that were not turned into deliveries yet."""
    return [int(row[0]) for row in tx.run(Q["behind"])]


def lock_cursor(tx: Transaction, organisation_id: int) -> int | None:
    """The number up to which it was done; None where there is none, or another process is at it."""
    row = tx.one(Q["lock_cursor"], organisation_id=organisation_id)
    return None if row is None else int(row[0])


def move_cursor(tx: Transaction, organisation_id: int, number: int) -> None:
    """It was done up to this number."""
    tx.run(Q["move_cursor"], organisation_id=organisation_id, number=number)


def note_outages(tx: Transaction, outages: Sequence[Outage]) -> None:
    """Keep when webhooks could not be reached, for as long as a delivery may be open."""
    tx.apply(Q["insert_outages"], outages)
    for each in outages:
        tx.run(Q["forget_outages"], id=each.callback_id, before=each.ended_at_ms - OUTAGE_KEPT_MS)


def outage_ms(tx: Transaction, webhook_id: int, since_ms: int) -> int:
    """For how long since a time a webhook could not be reached."""
    found = tx.run(Q["outages"], id=webhook_id, since=since_ms)
    return sum(int(ended) - max(int(began), since_ms) for began, ended in found)


def _next_version(tx: Transaction) -> int:
    return int(tx.run(Q["next_version"])[0][0])
