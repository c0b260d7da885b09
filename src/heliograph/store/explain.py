"""What decides about messages, read without any lock: to say what would be."""

from collections.abc import Sequence
from dataclasses import replace

from heliograph.store.message import Party
from heliograph.store.query import queries
from heliograph.store.transaction import Transaction

_LOCKED = queries("message")["parties"]
_PARTIES = replace(_LOCKED, name="explain.parties", text=_LOCKED.text.removesuffix("FOR UPDATE OF lane"))


def parties(tx: Transaction, wanted: Sequence[tuple[int, int, int]]) -> list[Party]:
    """As `message.lock_parties` reads them."""
    return tx.many(_PARTIES, wanted, Party)
