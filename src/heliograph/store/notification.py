"""Deliveries to applications: durable rows, claimed by the process that delivers them."""

from collections.abc import Mapping, Sequence
from operator import attrgetter

import msgspec

from heliograph.store.query import queries
from heliograph.store.transaction import Transaction

Q = queries("notification")


class NewNotification(msgspec.Struct, array_like=True):
    """A row to insert: claimed by a process, or due at a time for any. To a webhook, or where `account` is set to that SMPP account."""

    id: int
    organisation_id: int
    callback_id: int
    secret_id: int | None
    account: str | None
    message_id: int
    device_id: int | None
    number: int | None
    type: str
    method: str
    body: str
    created_at_ms: int
    claimed_by: int | None
    due_at_ms: int | None


class Claimed(msgspec.Struct, array_like=True):
    """A notification that this process claimed: for a webhook, or where `account` is set for that SMPP account. `is_urgent`: it is
    delivered though the webhook is not called now."""

    id: int
    organisation_id: int
    callback_id: int
    account: str | None
    message_id: int
    tries: int
    type: str
    method: str
    secret: str | None
    body: str
    created_at_ms: int
    is_urgent: bool = False


class Locked(msgspec.Struct, array_like=True):
    """`since_ms`: when it was made, or when somebody last had it delivered again, before which it was tried `tries_before` times."""

    id: int
    callback_id: int
    claimed_by: int | None
    tries: int
    state: int
    tries_before: int
    since_ms: int


class Settled(msgspec.Struct, array_like=True):
    """What a try leaves of a notification. `failed_at_ms`: when its last try failed, None where it is delivered."""

    id: int
    state: int
    tries: int
    due_at_ms: int | None
    final_at_ms: int | None
    failed_at_ms: int | None


class Waiting(msgspec.Struct, array_like=True, frozen=True):
    """A webhook for which something waits, and when the first of it is due."""

    callback_id: int
    due_at_ms: int


class Seen(msgspec.Struct, array_like=True):
    """A notification as its message's history shows it."""

    id: int
    type: str
    state: int
    tries: int
    due_at_ms: int | None
    final_at_ms: int | None
    created_at_ms: int


class Failing(msgspec.Struct, array_like=True, frozen=True):
    """A webhook with deliveries that wait after a failed try; `since_ms`: when the oldest was made."""

    callback_id: int
    url: str
    waiting: int
    since_ms: int


def insert(tx: Transaction, rows: Sequence[NewNotification]) -> None:
    """Insert notifications."""
    tx.apply(Q["insert"], rows)


class _Account(msgspec.Struct, array_like=True, frozen=True):
    account: str


def waiting_webhooks(tx: Transaction, after: int, most: int) -> list[Waiting]:
    """The webhooks above an id for which something waits, each found by one look at the index."""
    return [Waiting(*row) for row in tx.run(Q["waiting_webhooks"], after=after, most=most)]


def due_of(tx: Transaction, callback_id: int, until_ms: int, most: int) -> list[int]:
    """What is due for a webhook, longest waiting first; what others are claiming now is passed over."""
    return [int(row[0]) for row in tx.run(Q["due_of"], callback_id=callback_id, until=until_ms, most=most)]


def claim(tx: Transaction, node_id: int, ids: Sequence[int]) -> list[Claimed]:
    """Claim notifications that were found due, in this order."""
    tx.apply(Q["claim"], [(notification_id, node_id) for notification_id in ids])
    return tx.many(Q["claimed"], list(enumerate(ids)), Claimed)


def give_up_waiting(tx: Transaction, callback_id: int, now_ms: int, most: int) -> int:
    """Give up what waits for a webhook that is called no more, without a try; how many."""
    return len(tx.run(Q["give_up_waiting"], callback_id=callback_id, now=now_ms, most=most))


def due_for(tx: Transaction, rooms: Mapping[str, int], now_ms: int) -> list[int]:
    """What is due for SMPP accounts, longest waiting first, for each at most its room."""
    found: list[int] = []
    for row in tx.many(Q["waiting_accounts"], [(account,) for account in sorted(rooms)], _Account, now=now_ms):
        found += [each[0] for each in tx.run(Q["due_for"], account=row.account, now=now_ms, most=rooms[row.account])]
    return found


def accounts_with_old(tx: Transaction, before_ms: int) -> list[str]:
    """The SMPP accounts for which something waits that was due before a time."""
    return [str(row[0]) for row in tx.run(Q["accounts_with_old"], before=before_ms)]


def give_up_old(tx: Transaction, account: str, before_ms: int, now_ms: int, most: int) -> int:
    """Give up what waits for an account and was due before a time; how many."""
    return len(tx.run(Q["give_up_old"], account=account, before=before_ms, now=now_ms, most=most))


def claimed_by(tx: Transaction, node_id: int) -> list[Claimed]:
    """All that is claimed for a process and not settled."""
    return [Claimed(*row) for row in tx.run(Q["claimed_by"], node_id=node_id)]


def lock(tx: Transaction, ids: Sequence[int]) -> dict[int, Locked]:
    """Lock notifications in the order of their ids."""
    return {row.id: row for row in tx.many(Q["lock"], [(each,) for each in sorted(set(ids))], Locked)}


def settle(tx: Transaction, rows: Sequence[Settled], attempts: Sequence[Sequence[int | str | None]]) -> None:
    """Write what tries left, and the tries."""
    tx.apply(Q["settle"], sorted(rows, key=attrgetter("id")))
    tx.apply(Q["insert_attempts"], attempts)


def give_back(tx: Transaction, ids: Sequence[int], due_at_ms: int) -> None:
    """Give up the claim of notifications that were not tried."""
    tx.apply(Q["give_back"], [(each, due_at_ms) for each in sorted(ids)])


def free_claims(tx: Transaction, node_id: int, open_from: int, now_ms: int) -> None:
    """Make what a dead process had claimed due for others."""
    tx.run(Q["free_claims"], node_id=node_id, open_from=open_from, now=now_ms)


def of_message(tx: Transaction, message_id: int) -> list[Seen]:
    """The notifications about a message, oldest first."""
    return [Seen(*row) for row in tx.run(Q["of_message"], message_id=message_id)]


def failing(tx: Transaction) -> list[Failing]:
    """The webhooks for which deliveries wait that were tried in vain."""
    return [Failing(*row) for row in tx.run(Q["failing"])]
