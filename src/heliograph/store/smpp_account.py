"""Accounts that applications bind with, and the sessions that are bound. What an account may do: `model/esme.py`."""

from collections.abc import Iterable, Sequence

import msgspec

from heliograph.store.query import queries
from heliograph.store.transaction import Transaction

Q = queries("smpp_account")


class SmppAccount(msgspec.Struct, array_like=True, frozen=True):
    """`policy_id` None: it is the organisation's. `settings` is JSON."""

    system_id: str
    organisation_id: int
    organisation_name: str
    policy_id: int | None
    password_hash: str
    settings: str
    created_at_ms: int
    password_at_ms: int
    disabled_at_ms: int | None


class SmppSession(msgspec.Struct, array_like=True, frozen=True):
    """A session that is bound. `bind`: transmitter, receiver or transceiver; `tls` 0 or 1. The rest as in `SessionNow`."""

    id: int
    system_id: str
    node_id: int
    bind: str
    version: int
    address: str
    tls: int
    bound_at_ms: int
    submits: int = 0
    delivers: int = 0
    submits_a_minute: int = 0
    delivers_a_minute: int = 0
    unanswered: int = 0
    owed: int = 0


class SessionNow(msgspec.Struct, array_like=True, frozen=True):
    """How a session does: submits of it and PDUs sent to it that were answered, since its bind and a minute; `unanswered`: requests of it
    that wait for our answers, `owed`: of ours that wait for its."""

    id: int
    submits: int = 0
    delivers: int = 0
    submits_a_minute: int = 0
    delivers_a_minute: int = 0
    unanswered: int = 0
    owed: int = 0


class Alerted(msgspec.Struct, array_like=True, frozen=True):
    """An account that is told when a device is back, and the device's number."""

    system_id: str
    organisation_id: int
    number: str


def insert(
    tx: Transaction, system_id: str, organisation_id: int, policy_id: int | None, password_hash: str, settings: str, now_ms: int
) -> bool:
    """A new account; False where there is one of that name."""
    made = tx.one(
        Q["insert"], system_id=system_id, organisation_id=organisation_id, policy_id=policy_id, password_hash=password_hash,
        settings=settings, now=now_ms,
    )  # fmt: skip
    return made is not None


def account(tx: Transaction, organisation_id: int, system_id: str) -> SmppAccount | None:
    """One account of an organisation (0: of any), or None."""
    row = tx.one(Q["account"], system_id=system_id, organisation_id=organisation_id)
    return SmppAccount(*row) if row else None


def accounts(tx: Transaction, organisation_id: int) -> list[SmppAccount]:
    """The accounts of an organisation (0: of all)."""
    return [SmppAccount(*row) for row in tx.run(Q["accounts"], organisation_id=organisation_id)]


def lock(tx: Transaction, system_id: str) -> None:
    """Lock an account, so that its sessions are counted by one at a time."""
    tx.run(Q["lock"], system_id=system_id)


def update(tx: Transaction, system_id: str, settings: str, disabled_at_ms: int | None) -> None:
    """Write a changed account back."""
    tx.run(Q["update"], system_id=system_id, settings=settings, disabled_at_ms=disabled_at_ms)


def set_password(tx: Transaction, system_id: str, password_hash: str, now_ms: int) -> None:
    """Replace the hash of its password."""
    tx.run(Q["set_password"], system_id=system_id, password_hash=password_hash, now=now_ms)


def delete(tx: Transaction, system_id: str) -> None:
    """Forget an account. What waits for it waits on, in case it is made again."""
    tx.run(Q["delete"], system_id=system_id)


def delete_of_policy(tx: Transaction, policy_id: int) -> None:
    """Forget the account of a policy that is deleted."""
    tx.run(Q["delete_of_policy"], policy_id=policy_id)


def alerted(tx: Transaction, device_ids: Iterable[int]) -> list[Alerted]:
    """Of devices for which something was tried in vain: who wants to be told that they are back."""
    return tx.many(Q["alerted"], [(each,) for each in sorted(set(device_ids))], Alerted)


def old_alerts(tx: Transaction, before_ms: int, most: int) -> list[int]:
    """Alerts that were over before a time: they belong to no message, so nothing else deletes them."""
    return [int(row[0]) for row in tx.run(Q["old_alerts"], before=before_ms, most=most)]


def delete_alerts(tx: Transaction, ids: Iterable[int]) -> None:
    """Delete alerts and their tries."""
    rows = [(each,) for each in sorted(ids)]
    tx.apply(Q["delete_alert_attempts"], rows)
    tx.apply(Q["delete_alerts"], rows)


def insert_session(tx: Transaction, session: SmppSession) -> None:
    """A session is bound."""
    tx.run(
        Q["insert_session"], id=session.id, system_id=session.system_id, node_id=session.node_id, bind=session.bind,
        version=session.version, address=session.address, tls=session.tls, now=session.bound_at_ms,
    )  # fmt: skip


def note_sessions(tx: Transaction, now: Sequence[SessionNow]) -> None:
    """Keep how sessions do."""
    tx.apply(Q["note_sessions"], now)


def count_sessions(tx: Transaction, system_id: str) -> int:
    """How many sessions an account has, in the whole installation."""
    (row,) = tx.run(Q["count_sessions"], system_id=system_id)
    return int(row[0])


def waiting(tx: Transaction, system_id: str, most: int) -> int:
    """How many deliveries wait for an account, counted up to `most`; those under way are not among them."""
    (row,) = tx.run(Q["waiting"], account=system_id, most=most)
    return int(row[0])


def delete_sessions(tx: Transaction, ids: Iterable[int]) -> None:
    """Sessions are over."""
    tx.apply(Q["delete_sessions"], [(each,) for each in sorted(ids)])


def delete_sessions_of_node(tx: Transaction, node_id: int) -> None:
    """A process is over, and its connections with it."""
    tx.run(Q["delete_sessions_of_node"], node_id=node_id)


def sessions(tx: Transaction, organisation_id: int) -> list[SmppSession]:
    """The sessions of an organisation (0: of all)."""
    return [SmppSession(*row) for row in tx.run(Q["sessions"], organisation_id=organisation_id)]
