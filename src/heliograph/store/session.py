"""Logins of the portal, known by the hash of the cookie."""

import msgspec

from heliograph.store.query import queries
from heliograph.store.transaction import Transaction

Q = queries("session")
NONE = 0
"""No session has this id."""


class Session(msgspec.Struct, array_like=True, frozen=True):
    """`organisation_id`: the one it works in. `address`: where it was seen last."""

    id: int
    user_id: int
    organisation_id: int
    created_at_ms: int
    seen_at_ms: int
    expires_at_ms: int
    address: str
    user_agent: str


def insert(tx: Transaction, token_hash: str, new: Session) -> int:
    """A new one; its id, which is given here."""
    session_id = tx.ids("portal_session")[0]
    tx.run(
        Q["insert"],
        id=session_id,
        token_hash=token_hash,
        user_id=new.user_id,
        organisation_id=new.organisation_id,
        now=new.created_at_ms,
        expires_at_ms=new.expires_at_ms,
        address=new.address,
        user_agent=new.user_agent,
    )
    return session_id


def by_hash(tx: Transaction, token_hash: str) -> Session | None:
    """The session of a cookie, or None; it may be over."""
    row = tx.one(Q["by_hash"], token_hash=token_hash)
    return Session(*row) if row else None


def of_user(tx: Transaction, user_id: int, now_ms: int, idle_since_ms: int) -> list[Session]:
    """Those of a user that are open, the one seen last first."""
    return [Session(*row) for row in tx.run(Q["of_user"], user_id=user_id, now=now_ms, idle_since=idle_since_ms)]


def touch(tx: Transaction, session_id: int, now_ms: int, address: str) -> None:
    """It was seen."""
    tx.run(Q["touch"], id=session_id, now=now_ms, address=address)


def move(tx: Transaction, session_id: int, organisation_id: int) -> None:
    """It works in another organisation."""
    tx.run(Q["move"], id=session_id, organisation_id=organisation_id)


def delete(tx: Transaction, user_id: int, session_id: int) -> bool:
    """False where the user has no such session."""
    return bool(tx.run(Q["delete"], id=session_id, user_id=user_id))


def delete_of_user(tx: Transaction, user_id: int, but: int = NONE) -> None:
    """End all of a user's, but one."""
    tx.run(Q["delete_of_user"], user_id=user_id, but=but)


def delete_old(tx: Transaction, now_ms: int, most: int) -> int:
    """Delete up to `most` that are over; how many."""
    return len(tx.run(Q["delete_old"], now=now_ms, most=most))
