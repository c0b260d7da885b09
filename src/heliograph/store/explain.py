"""What decides about messages, read without any lock: to say what would be."""

from collections.abc import Sequence
from dataclasses import replace

from heliograph.store.message import Party
from heliograph.store.query import Query, queries
from heliograph.store.transaction import Transaction

_LOCKED = queries("message")["parties"]
_PARTIES = replace(_LOCKED, name="explain.parties", text=_LOCKED.text.removesuffix("FOR UPDATE OF lane"))
_HAS_OTHERS = Query("explain.has_others", "SELECT 1 FROM organisation WHERE id <> :organisation_id LIMIT 1")


def has_others(tx: Transaction, organisation_id: int) -> bool:
    """Whether there is an organisation beside this one."""
    return tx.one(_HAS_OTHERS, organisation_id=organisation_id) is not None


def parties(tx: Transaction, wanted: Sequence[tuple[int, int, int]]) -> list[Party]:
    """As `message.lock_parties` reads them."""
    return tx.many(_PARTIES, wanted, Party)
