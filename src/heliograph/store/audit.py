"""The audit: who changed what, and, read from the messages, who sent what."""

import msgspec

from heliograph.store.query import Query, queries
from heliograph.store.transaction import Transaction

Q = queries("audit")
LAST = 2**63 - 1


class AuditRow(msgspec.Struct, array_like=True, frozen=True):
    """One change. `who`: the e-mail address of the user, or of who made the token. `changes`: JSON."""

    id: int
    organisation_id: int
    at_ms: int
    home_id: int
    user_id: int | None
    token_id: int | None
    who: str | None
    role: str
    door: str
    address: str | None
    action: str
    object_id: int | None
    changes: str


class Sent(msgspec.Struct, array_like=True, frozen=True):
    """One send, as its message's row tells it. `who` as in `AuditRow`; `home_id`: the organisation of that user or token, if any."""

    id: int
    organisation_id: int
    at_ms: int
    home_id: int | None
    user_id: int | None
    token_id: int | None
    who: str | None
    role: str | None
    door: str
    device_id: int
    address: str | None


class AuditFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which entries; None and 0 for any. `action`: an action, or what actions begin with (`device`). `until_ms`: before it."""

    from_ms: int = 0
    until_ms: int = LAST
    action: str | None = None
    object_id: int | None = None
    user_id: int | None = None
    token_id: int | None = None
    door: str | None = None


def insert(tx: Transaction, row: AuditRow) -> None:
    """Keep one; its id is given here."""
    values = msgspec.structs.asdict(row)
    values["id"] = tx.ids("audit")[0]
    tx.run(Q["insert"], **values)


def changes(tx: Transaction, organisation_id: int, wanted: AuditFilter, before_id: int, most: int) -> list[AuditRow]:
    """The newest changes in an organisation (0: in all) below an id."""
    rows = tx.run(_scoped("changes", organisation_id), **_values(wanted, organisation_id, before_id, most))
    return [AuditRow(*row) for row in rows]


def sends(tx: Transaction, organisation_id: int, wanted: AuditFilter, before: tuple[int, int], most: int) -> list[Sent]:
    """The newest sends in an organisation (0: in all) before a moment and an id of a message."""
    values = _values(wanted, organisation_id, before[1], most)
    del values["action"]
    if organisation_id:
        values["before_ms"] = before[0]
    return [Sent(*row) for row in tx.run(_scoped("sends", organisation_id), **values)]


def _values(wanted: AuditFilter, organisation_id: int, before_id: int, most: int) -> dict[str, int | str | None]:
    values: dict[str, int | str | None] = {
        "from_ms": wanted.from_ms,
        "until_ms": wanted.until_ms,
        "action": wanted.action or "",
        "object_id": wanted.object_id or 0,
        "user_id": wanted.user_id or 0,
        "token_id": wanted.token_id or 0,
        "door": wanted.door or "",
        "before_id": before_id,
        "most": most,
    }
    return values | {"organisation_id": organisation_id} if organisation_id else values


def _scoped(name: str, organisation_id: int) -> Query:
    """One organisation's list has a text of its own, so that its index is used."""
    return Q[f"{name}_of_organisation" if organisation_id else name]
