"""Routes, as the operator keeps them: which link the messages of which devices go by."""

from enum import StrEnum

import msgspec

from heliograph.model.account import Actor
from heliograph.model.number import normalise
from heliograph.model.permission import Right, require
from heliograph.model.problem import Code, Problem
from heliograph.service import audit
from heliograph.service.manage.scope import Office, not_found
from heliograph.store import account as account_store
from heliograph.store import device as device_store
from heliograph.store import link as link_store
from heliograph.store import policy as policy_store
from heliograph.store import route as store
from heliograph.store.route import Route
from heliograph.store.transaction import Transaction

MOST_LINKS = 8


class RouteKind(StrEnum):
    """What a route compares with its value: the beginning of the MSISDN or the IMSI, a device, tag, policy or organisation; or nothing.
    PHONE: for what devices send to others, the beginning of that number."""

    ALL = "all"
    PREFIX = "prefix"
    IMSI = "imsi"
    DEVICE = "device"
    TAG = "tag"
    POLICY = "policy"
    ORGANISATION = "organisation"
    PHONE = "phone"


MOST_POSITION = 1_000_000
MOST_ID_DIGITS = 18


class NewRoute(msgspec.Struct, frozen=True, kw_only=True):
    """`links`: ids, in the order in which they are wanted. `position`: routes of a lower one are asked first; None: behind all."""

    kind: RouteKind
    value: str = ""
    links: tuple[int, ...]
    position: int | None = None


async def views(office: Office, actor: Actor) -> list[Route]:
    """All, in the order in which they are asked. Raises Problem."""
    require(actor, Right.OPERATE)
    return await office.database.read(store.every)


async def add(office: Office, actor: Actor, new: NewRoute) -> int:
    """A new route; messages that wait follow it, but for what is on its way. Raises Problem."""
    require(actor, Right.OPERATE)
    return await office.database.write(_add, actor, new, office.clock.now_ms())


async def delete(office: Office, actor: Actor, route_id: int) -> None:
    """Take a route away. Raises Problem."""
    require(actor, Right.OPERATE)
    await office.database.write(_delete, actor, route_id, office.clock.now_ms())


def _add(tx: Transaction, actor: Actor, new: NewRoute, now_ms: int) -> int:
    value = _checked(tx, new)
    if not 1 <= len(set(new.links)) == len(new.links) <= MOST_LINKS:
        raise Problem(Code.INVALID_FORMAT, f"links: give 1 to {MOST_LINKS} ids of links, each once", field="links")
    for link_id in new.links:
        if not link_store.is_there(tx, link_id):
            raise not_found("Link", link_id)
    routes = store.every(tx)
    position = new.position if new.position is not None else max((each.position for each in routes), default=0) + 10
    route_id = store.insert(tx, position, new.kind, value, list(new.links), now_ms)
    store.reassign(tx)
    after = {"kind": new.kind.value, "value": value, "links": list(new.links), "position": position}
    audit.record(tx, actor, "route.created", actor.organisation_id, now_ms, object_id=route_id, after=after)
    return route_id


def _delete(tx: Transaction, actor: Actor, route_id: int, now_ms: int) -> None:
    found = {each.id: each for each in store.every(tx)}.get(route_id)
    if found is None or not store.delete(tx, route_id):
        raise not_found("Route", route_id)
    store.reassign(tx)
    before = {"kind": found.kind, "value": found.value, "links": found.links, "position": found.position}
    audit.record(tx, actor, "route.deleted", actor.organisation_id, now_ms, object_id=route_id, before=before)


def _checked(tx: Transaction, new: NewRoute) -> str:
    """The value as it is compared. Raises Problem for one that could never fit, and for a place beyond all places."""
    if new.position is not None and not 0 <= new.position <= MOST_POSITION:
        raise Problem(Code.INVALID_FORMAT, f"position: give a number from 0 to {MOST_POSITION}", field="position")
    value = new.value.strip()
    match new.kind:
        case RouteKind.ALL:
            return ""
        case RouteKind.PHONE if not value:
            return ""
        case RouteKind.PREFIX | RouteKind.IMSI | RouteKind.PHONE:
            return normalise(value, "value")
        case RouteKind.TAG:
            if not value or "," in value or "%" in value or "_" in value:
                raise Problem(Code.INVALID_FORMAT, "value: give the name of a tag, without comma, % and _", field="value")
            return value
        case _:
            return _checked_id(tx, new.kind, value)


def _checked_id(tx: Transaction, kind: RouteKind, value: str) -> str:
    if not value.isascii() or not value.isdigit() or len(value) > MOST_ID_DIGITS:
        raise Problem(Code.INVALID_FORMAT, f"value: give the id of a {kind.value}", field="value")
    found: object = None
    if kind is RouteKind.DEVICE:
        found = device_store.view(tx, 0, int(value))
    elif kind is RouteKind.POLICY:
        found = policy_store.view(tx, 0, int(value))
    else:
        found = account_store.organisation(tx, int(value))
    if found is None:
        raise not_found(kind.value.capitalize(), value)
    return value
