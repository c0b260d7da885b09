"""The latest tries of a webhook, for a look at how it fares."""

import msgspec

from heliograph.store.query import queries
from heliograph.store.transaction import Transaction

Q = queries("webhook_glance")


class Tried(msgspec.Struct, array_like=True, frozen=True):
    """`status` None: there was no answer."""

    at_ms: int
    duration_ms: int
    status: int | None

    @property
    def is_success(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


def tries(tx: Transaction, webhook_id: int, deliveries: int, from_ms: int) -> list[Tried]:
    """Those since a time, of so many of its latest deliveries."""
    return [Tried(*row) for row in tx.run(Q["tries"], webhook_id=webhook_id, deliveries=deliveries, from_ms=from_ms)]
