"""Sessions of the portal: a cookie, kept as its hash, that stands for a user who has logged in (`service/login.py`).

A session ends 12 h after it was last seen, 30 days after it began, when its user says so, and when the user's password, second factor or
account changes. Seeing it is written once a minute at most.
"""

from dataclasses import dataclass

from heliograph.model.account import Actor, Door
from heliograph.model.problem import Code, Problem
from heliograph.service.access import actor_by_user, may_work_in, user_of
from heliograph.service.manage.scope import Office, not_found
from heliograph.service.secret import hash_of, new_secret
from heliograph.store import account as account_store
from heliograph.store import session as store
from heliograph.store.account import User
from heliograph.store.session import Session
from heliograph.store.transaction import Transaction

PREFIX = "hgs_"
IDLE_MS = 12 * 3_600_000
LONGEST_MS = 30 * 86_400_000
SEEN_EVERY_MS = 60_000
MOST_USER_AGENT = 300
SLICE = 500


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of the portal: which session, and who it acts as."""

    session_id: int
    actor: Actor


async def begin(office: Office, user: User, address: str, user_agent: str) -> str:
    """Open a session for a user who has just logged in; the cookie, which is known to nobody after this."""
    cookie, cookie_hash = new_secret(PREFIX)
    now_ms = office.clock.now_ms()
    new = Session(0, user.id, user.organisation_id, now_ms, now_ms, now_ms + LONGEST_MS, address, user_agent[:MOST_USER_AGENT])
    await office.database.write(store.insert, cookie_hash, new)
    return cookie


async def visit(office: Office, cookie: str, address: str) -> Visit | None:
    """Whose cookie it is; None where it is nobody's, or its session is over."""
    now_ms = office.clock.now_ms()
    found = await office.database.read(_visit, hash_of(cookie), now_ms)
    if found is None:
        return None
    session, actor = found
    if now_ms - session.seen_at_ms >= SEEN_EVERY_MS:
        await office.database.write(store.touch, session.id, now_ms, address)
    return Visit(session.id, actor)


async def list_of(office: Office, actor: Actor) -> list[Session]:
    """The open sessions of the actor, the one seen last first. Raises Problem for an application."""
    now_ms = office.clock.now_ms()
    return await office.database.read(store.of_user, user_of(actor), now_ms, now_ms - IDLE_MS)


async def end(office: Office, actor: Actor, session_id: int) -> None:
    """End one of the actor's sessions. Raises Problem where it is none."""
    if not await office.database.write(store.delete, user_of(actor), session_id):
        raise not_found("Session", session_id)


async def end_others(office: Office, visit: Visit) -> None:
    """End all sessions of a user but the one that asks."""
    await office.database.write(store.delete_of_user, user_of(visit.actor), visit.session_id)


async def work_in(office: Office, visit: Visit, organisation_id: int) -> None:
    """Have the session work in another organisation from its next request on: its user's own, or, for the operator, any. Raises Problem."""
    await office.database.write(_work_in, visit, organisation_id)


async def forget_old(office: Office) -> None:
    """Delete the sessions that are over, slice by slice."""
    while await office.database.write(store.delete_old, office.clock.now_ms(), SLICE) >= SLICE:
        continue


def _visit(tx: Transaction, cookie_hash: str, now_ms: int) -> tuple[Session, Actor] | None:
    session = store.by_hash(tx, cookie_hash)
    if session is None or now_ms >= min(session.expires_at_ms, session.seen_at_ms + IDLE_MS):
        return None
    user = account_store.user(tx, session.user_id)
    if user is None or user.disabled_at_ms is not None or not may_work_in(user, session.organisation_id):
        return None
    workspace = account_store.organisation(tx, session.organisation_id)
    return (session, actor_by_user(user, Door.PORTAL, workspace)) if workspace is not None else None


def _work_in(tx: Transaction, visit: Visit, organisation_id: int) -> None:
    user = account_store.user(tx, user_of(visit.actor))
    if user is None or account_store.organisation(tx, organisation_id) is None or not may_work_in(user, organisation_id):
        raise Problem(Code.INVALID_REFERENCE, f"Organisation with Id '{organisation_id}' not found.")
    store.move(tx, visit.session_id, organisation_id)
