"""The audit: each change is kept by the transaction that makes it, and read together with the sends, newest first.

A send is not written twice: its message's row says who sent it and by which door. What is secret is kept as changed, never as it is.
"""

import base64
import binascii
from collections.abc import Mapping
from typing import Annotated, Any

import msgspec

from heliograph.model.account import ANY, Actor
from heliograph.model.permission import Right, require
from heliograph.model.problem import Code, Problem
from heliograph.service.manage.scope import Office
from heliograph.store import audit as store
from heliograph.store.audit import LAST, AuditFilter, AuditRow, Sent
from heliograph.store.transaction import Transaction

SEND = "sms.sent"
SECRETS = frozenset({"secret", "password", "outbind_password", "password_hash", "token_hash", "totp_secret"})
REDACTED = "***"
NOT_CHANGES = frozenset({"id", "organisation_id", "created_at_ms", "last_updated_at_ms"})
OPERATOR = "operator"

Thing = msgspec.Struct | Mapping[str, Any] | None
"""What something is: a struct, or its fields by name. None: it is not there."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the audit. `changes`: name of a field to its value before and after. `object_id` of a send is its message."""

    id: int
    organisation_id: int
    at_ms: int
    action: str
    object_id: int | None
    device_id: int | None = None
    user_id: int | None
    token_id: int | None
    who: str | None
    role: str | None
    door: str
    address: str | None = None
    changes: dict[str, Any] = {}


class Place(msgspec.Struct, array_like=True, frozen=True):
    """Where a page ended: what follows lies before it in both lists, of which neither is sorted by time alone."""

    change_id: Annotated[int, msgspec.Meta(ge=0, le=LAST)] = LAST
    sent_at_ms: Annotated[int, msgspec.Meta(ge=0, le=LAST)] = LAST
    message_id: Annotated[int, msgspec.Meta(ge=0, le=LAST)] = LAST


def record(
    tx: Transaction,
    actor: Actor,
    action: str,
    organisation_id: int,
    now_ms: int,
    *,
    object_id: int | None = None,
    before: Thing = None,
    after: Thing = None,
) -> None:
    """Keep that `actor` did `action` (`device.changed`) in an organisation. Nothing is kept where before and after are equal."""
    changes = differences(before, after)
    if not changes and before is not None and after is not None:
        return
    row = AuditRow(
        0,
        organisation_id,
        now_ms,
        actor.organisation_id,
        actor.user_id,
        actor.token_id,
        actor.email,
        actor.role.value,
        actor.door.value,
        actor.address,
        action,
        object_id,
        msgspec.json.encode(changes).decode(),
    )
    store.insert(tx, row)


def differences(before: Thing, after: Thing) -> dict[str, list[Any]]:
    """Each field that differs, with its value before and after; None stands for what is not there."""
    old, new = _fields(before), _fields(after)
    names = [*old, *(name for name in new if name not in old)]
    return {
        name: [_shown(name, old.get(name)), _shown(name, new.get(name))]
        for name in names
        if name not in NOT_CHANGES and old.get(name) != new.get(name)
    }


async def entries(office: Office, actor: Actor, wanted: AuditFilter, place: str | None, most: int) -> tuple[list[Entry], str | None]:
    """The newest entries after `place`, and the place after them, None at the end. Raises Problem."""
    require(actor, Right.ADMINISTER)
    return await office.database.read(_entries, actor.scope, wanted, _place(place), most)


def _entries(tx: Transaction, scope: int, wanted: AuditFilter, place: Place, most: int) -> tuple[list[Entry], str | None]:
    is_send = wanted.action is None or wanted.action in (SEND, SEND.partition(".")[0])
    changes = store.changes(tx, scope, wanted, place.change_id, most + 1)
    sends = store.sends(tx, scope, wanted, (place.sent_at_ms, place.message_id), most + 1) if is_send else []
    taken = 0
    found: list[Entry] = []
    while len(found) < most and (len(changes) > taken or len(sends) > len(found) - taken):
        change = changes[taken] if taken < len(changes) else None
        send = sends[len(found) - taken] if len(found) - taken < len(sends) else None
        if change is not None and (send is None or change.at_ms >= send.at_ms):
            found.append(_of_change(change, scope))
            place = Place(change.id, place.sent_at_ms, place.message_id)
            taken += 1
        elif send is not None:
            found.append(_of_send(send, scope))
            place = Place(place.change_id, send.at_ms, send.id)
    has_more = len(changes) > taken or len(sends) > len(found) - taken
    return found, _written(place) if has_more else None


def _of_change(row: AuditRow, scope: int) -> Entry:
    known = _is_told(scope, row.home_id)
    return Entry(
        id=row.id,
        organisation_id=row.organisation_id,
        at_ms=row.at_ms,
        action=row.action,
        object_id=row.object_id,
        user_id=row.user_id if known else None,
        token_id=row.token_id if known else None,
        who=row.who if known else OPERATOR,
        role=row.role,
        door=row.door,
        address=row.address if known else None,
        changes=msgspec.json.decode(row.changes),
    )


def _of_send(row: Sent, scope: int) -> Entry:
    known = _is_told(scope, row.home_id)
    return Entry(
        id=row.id,
        organisation_id=row.organisation_id,
        at_ms=row.at_ms,
        action=SEND,
        object_id=row.id,
        device_id=row.device_id,
        user_id=row.user_id if known else None,
        token_id=row.token_id if known else None,
        who=row.who if known else OPERATOR,
        role=row.role,
        door=row.door,
        address=row.address if known else None,
    )


def _is_told(scope: int, home_id: int | None) -> bool:
    """Whether the reader may know which person it was: of the operator's people, an organisation is told only that it was one of them."""
    return scope == ANY or home_id is None or home_id == scope


def _fields(thing: Thing) -> dict[str, Any]:
    if thing is None:
        return {}
    return msgspec.structs.asdict(thing) if isinstance(thing, msgspec.Struct) else dict(thing)


def _shown(name: str, value: Any) -> Any:
    return REDACTED if name in SECRETS and value is not None else value


def _written(place: Place) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).decode().rstrip("=")


def _place(text: str | None) -> Place:
    if not text:
        return Place()
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), type=Place)
    except (binascii.Error, ValueError, msgspec.MsgspecError):
        raise Problem(Code.BAD_REQUEST, "after is no place in this list: take it from the header Link of the page before") from None
