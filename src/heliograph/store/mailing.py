"""Sendings of one SMS to many devices, and what became of each."""

from collections.abc import Sequence

import msgspec

from heliograph.store.query import queries
from heliograph.store.transaction import Transaction

Q = queries("mailing")
REFUSED = 0
"""In place of a message's state where there is no message."""


class Mailing(msgspec.Struct, array_like=True, frozen=True):
    """`again_of`: the one whose failures it sends again. `dcs` None: chosen from the text; `validity_ms` None: the usual one. `email`: of
    who sent it."""

    id: int
    organisation_id: int
    user_id: int | None
    again_of: int | None
    payload: str
    source: str
    total: int
    created_at_ms: int
    dcs: int | None
    validity_ms: int | None
    email: str | None


class NewItem(msgspec.Struct, array_like=True, frozen=True):
    """A device of a mailing: its message, or why there is none."""

    mailing_id: int
    device_id: int
    message_id: int | None
    reason: str | None
    reason_code: str | None


class Item(msgspec.Struct, array_like=True, frozen=True):
    """A device of a mailing as it stands. `state`: of its message, or REFUSED."""

    device_id: int
    device_name: str | None
    message_id: int | None
    state: int
    reason: str | None
    reason_code: str | None
    retry_at_ms: int | None
    due_at_ms: int | None


def insert(tx: Transaction, new: Mailing, key: str) -> int:
    """A new one; its id, which is given here."""
    mailing_id = tx.ids("mailing")[0]
    values = msgspec.structs.asdict(new) | {"id": mailing_id, "key": key}
    del values["email"]
    tx.run(Q["insert"], **values)
    return mailing_id


def by_key(tx: Transaction, organisation_id: int, key: str) -> int | None:
    """The mailing that a form with this key made, or None."""
    row = tx.one(Q["by_key"], organisation_id=organisation_id, key=key)
    return int(row[0]) if row else None


def insert_items(tx: Transaction, items: Sequence[NewItem]) -> None:
    """The devices of a mailing."""
    tx.apply(Q["insert_items"], items)


def one(tx: Transaction, organisation_id: int, mailing_id: int) -> Mailing | None:
    """A mailing of an organisation (0: of any), or None."""
    row = tx.one(Q["one"], organisation_id=organisation_id, id=mailing_id)
    return Mailing(*row) if row else None


def latest(tx: Transaction, organisation_id: int, most: int) -> list[Mailing]:
    """The latest mailings of an organisation (0: of all)."""
    return [Mailing(*row) for row in tx.run(Q["latest"], organisation_id=organisation_id, most=most)]


def counts(tx: Transaction, mailing_id: int) -> dict[int, int]:
    """How many devices of a mailing there are in each state of their message."""
    return {row[0]: row[1] for row in tx.run(Q["counts"], id=mailing_id)}


def items(tx: Transaction, mailing_id: int, skipped: int, most: int) -> list[Item]:
    """The devices of a mailing, those that were not reached first."""
    return [Item(*row) for row in tx.run(Q["items"], id=mailing_id, skipped=skipped, most=most)]


def unreached(tx: Transaction, mailing_id: int) -> list[int]:
    """The devices whose message failed or expired, or was refused."""
    return [row[0] for row in tx.run(Q["unreached"], id=mailing_id)]
