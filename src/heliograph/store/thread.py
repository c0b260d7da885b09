"""What a person sees beside the messages of one device: how their hand-over stands, and which devices were in touch lately."""

from collections.abc import Iterable

import msgspec

from heliograph.store.query import queries
from heliograph.store.transaction import Transaction

Q = queries("thread")
LOOKED_AT = 500


class HandedOver(msgspec.Struct, array_like=True, frozen=True):
    """The latest delivery of a message to its application. `state`: of model/notification; `account`: of SMPP, None for a webhook."""

    message_id: int
    state: int
    tries: int
    due_at_ms: int | None
    account: str | None = None


def deliveries(tx: Transaction, message_ids: Iterable[int]) -> dict[int, HandedOver]:
    """By message; one that is handed to nobody is not there."""
    found = tx.many(Q["deliveries"], [(each,) for each in message_ids], HandedOver)
    return {each.message_id: each for each in found}


def recent_devices(tx: Transaction, organisation_id: int, most: int) -> list[int]:
    """The devices among the latest messages of an organisation, the latest first."""
    return [row[0] for row in tx.run(Q["recent"], organisation_id=organisation_id, looked_at=LOOKED_AT, most=most)]
