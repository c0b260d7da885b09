"""Keys of requests that are to happen once, and the answers they got. The row of a key serialises those who bring it."""

from collections.abc import Sequence

import msgspec

from heliograph.store.query import queries
from heliograph.store.transaction import Transaction

Q = queries("idempotency")

Key = tuple[int, str, str]
"""Organisation, route, and what the client sent."""


class Kept(msgspec.Struct, array_like=True, frozen=True):
    """What stands under a key."""

    organisation_id: int
    route: str
    key: str
    fingerprint: str
    answer: str


def claim(tx: Transaction, new: Sequence[Kept], now_ms: int) -> set[Key]:
    """Insert keys, no two alike; those that were not there. Waits for the commit of whoever inserted one meanwhile."""
    return {(each.organisation_id, each.route, each.key) for each in tx.many(Q["claim"], new, _Claimed, now=now_ms)}


def find(tx: Transaction, keys: Sequence[Key]) -> dict[Key, Kept]:
    """What stands under keys."""
    return {(kept.organisation_id, kept.route, kept.key): kept for kept in tx.many(Q["find"], keys, Kept)}


def keep(tx: Transaction, key: Key, answer: str) -> None:
    """The answer to a key claimed in this transaction."""
    tx.run(Q["keep"], organisation_id=key[0], route=key[1], key=key[2], answer=answer)


def give_back(tx: Transaction, keys: Sequence[Key]) -> None:
    """Forget keys claimed in this transaction."""
    tx.apply(Q["give_back"], keys)


def delete_old(tx: Transaction, before_ms: int, most: int) -> int:
    """Delete up to `most` of the keys made before; how many."""
    return len(tx.run(Q["delete_old"], before=before_ms, most=most))


class _Claimed(msgspec.Struct, array_like=True, frozen=True):
    organisation_id: int
    route: str
    key: str
