"""What a cancel needs to know of a message that a network has. The requests themselves are `message.ask_cancel`'s."""

import msgspec

from heliograph.store.query import queries
from heliograph.store.transaction import Transaction

Q = queries("cancel")


class Addresses(msgspec.Struct, array_like=True, frozen=True):
    """Whom a message is from and to, as `message.Head` has it."""

    source: str
    source_type: int
    address: str
    imsi: str | None


def addresses(tx: Transaction, message_id: int) -> Addresses:
    """Of a message that is there."""
    (row,) = tx.run(Q["addresses"], id=message_id)
    return Addresses(*row)
