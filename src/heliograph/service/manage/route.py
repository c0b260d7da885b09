"""Routes, as the operator keeps them: which link the messages of which devices go by."""

from collections.abc import Sequence
from enum import StrEnum

import msgspec

from heliograph.model.account import Actor
from heliograph.model.number import normalise
from heliograph.model.permission import Right, require
from heliograph.model.problem import Code, Problem
from heliograph.service import audit
from heliograph.service.manage.scope import Office, not_found
from heliograph.service.routing import take_working
from heliograph.store import account as account_store
from heliograph.store import device as device_store
from heliograph.store import link as link_store
from heliograph.store import number as number_store
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
STEP = 10
"""Between two positions, so that one more fits in."""
MOST_ID_DIGITS = 18


class NewRoute(msgspec.Struct, frozen=True, kw_only=True):
    """`links`: ids, in the order in which they are wanted. `position`: routes of a lower one are asked first; None: behind all."""

    kind: RouteKind
    value: str = ""
    links: tuple[int, ...]
    position: int | None = None


class Way(msgspec.Struct, frozen=True):
    """By which link an SMS to a number goes. `device_id` None: the number is a phone's. `link_id` 0: by none; None: back over the link that
    brought it. `route_id` None: no route says so. `organisations`: whose devices' it is, where the link is kept for some; () for all that
    no way before this one was for."""

    device_id: int | None
    link_id: int | None
    route_id: int | None
    organisations: tuple[int, ...] = ()


async def views(office: Office, actor: Actor) -> list[Route]:
    """All, in the order in which they are asked. Raises Problem."""
    require(actor, Right.OPERATE)
    return await office.database.read(store.every)


async def add(office: Office, actor: Actor, new: NewRoute) -> Route:
    """A new route; messages that wait follow it, but for what is on its way. Raises Problem."""
    require(actor, Right.OPERATE)
    return await office.database.write(_add, actor, new, office.clock.now_ms())


async def update(office: Office, actor: Actor, route_id: int, new: NewRoute) -> Route:
    """Have a route be otherwise; `position` None: it stays at its place. What waits follows it. Raises Problem."""
    require(actor, Right.OPERATE)
    return await office.database.write(_update, actor, route_id, new, office.clock.now_ms())


async def move(office: Office, actor: Actor, route_id: int, step: int) -> None:
    """Have a route asked before the one before it (`step` -1), or after the one behind it (1). Raises Problem."""
    require(actor, Right.OPERATE)
    await office.database.write(_move, actor, route_id, step, office.clock.now_ms())


async def ways_to(office: Office, actor: Actor, number: str) -> list[Way]:
    """By which link an SMS to a number goes now: to each device that has it, one in each number space, or to a phone, which
    may depend on whose device sends it. Raises Problem."""
    require(actor, Right.OPERATE)
    return await office.database.read(_ways_to, normalise(number, "number"))


async def delete(office: Office, actor: Actor, route_id: int) -> None:
    """Take a route away. Raises Problem."""
    require(actor, Right.OPERATE)
    await office.database.write(_delete, actor, route_id, office.clock.now_ms())


def _add(tx: Transaction, actor: Actor, new: NewRoute, now_ms: int) -> Route:
    value = _checked(tx, new)
    last = max((each.position for each in store.every(tx)), default=0)
    position = new.position if new.position is not None else last + STEP
    route_id = store.insert(tx, position, new.kind, value, list(new.links), now_ms)
    take_working(tx, now_ms)
    made = _found(tx, route_id)
    audit.record(tx, actor, "route.created", actor.organisation_id, now_ms, object_id=route_id, after=_told(made))
    return made


def _update(tx: Transaction, actor: Actor, route_id: int, new: NewRoute, now_ms: int) -> Route:
    before = _found(tx, route_id)
    value = _checked(tx, new)
    position = before.position if new.position is None else new.position
    stays = before.link_id in new.links
    after = Route(route_id, position, new.kind.value, value, _written(new.links), before.link_id if stays else new.links[0])
    store.update(tx, after)
    if stays:
        store.reassign(tx)
    else:
        take_working(tx, now_ms)
    audit.record(tx, actor, "route.changed", actor.organisation_id, now_ms, object_id=route_id, before=_told(before), after=_told(after))
    return _found(tx, route_id)


def _move(tx: Transaction, actor: Actor, route_id: int, step: int, now_ms: int) -> None:
    before = _found(tx, route_id)
    routes = store.every(tx)
    at = routes.index(before)
    to = at + step
    if not 0 <= to < len(routes):
        return
    routes.insert(to, routes.pop(at))
    for number, each in enumerate(routes, 1):
        if each.position != number * STEP:
            store.place(tx, each.id, number * STEP)
    store.reassign(tx)
    changes = {"before": {"position": before.position}, "after": {"position": (to + 1) * STEP}}
    audit.record(tx, actor, "route.changed", actor.organisation_id, now_ms, object_id=route_id, **changes)


def _ways_to(tx: Transaction, number: str) -> list[Way]:
    devices = sorted({each.device_id for each in number_store.owned(tx, [number]).get(number, [])})
    if devices:
        found = [(device_id, store.of_device(tx, device_id)) for device_id in devices]
        return [Way(device_id, *way) for device_id, way in found if way is not None]
    return _ways_to_phone([each for each in store.every(tx) if each.kind == RouteKind.PHONE and number.startswith(each.value)], tx)


def _ways_to_phone(fitting: Sequence[Route], tx: Transaction) -> list[Way]:
    """A way for each organisation that has one of its own, then that of all others."""
    reserved = link_store.reservations(tx)
    ways: list[Way] = []
    told: set[int] = set()
    for route in fitting:
        organisations = reserved.get(route.link_id)
        if organisations is None:
            return [*ways, Way(None, route.link_id, route.id)]
        if new := tuple(each for each in organisations if each not in told):
            ways.append(Way(None, route.link_id, route.id, new))
            told.update(new)
    return [*ways, Way(None, None, None)]


def _delete(tx: Transaction, actor: Actor, route_id: int, now_ms: int) -> None:
    before = _found(tx, route_id)
    store.delete(tx, route_id)
    store.reassign(tx)
    audit.record(tx, actor, "route.deleted", actor.organisation_id, now_ms, object_id=route_id, before=_told(before))


def _found(tx: Transaction, route_id: int) -> Route:
    found = {each.id: each for each in store.every(tx)}.get(route_id)
    if found is None:
        raise not_found("Route", route_id)
    return found


def _written(links: Sequence[int]) -> str:
    return msgspec.json.encode(list(links)).decode()


def _told(route: Route) -> dict[str, object]:
    """As the audit tells it."""
    return {"kind": str(route.kind), "value": route.value, "links": route.links, "position": route.position}


def _checked(tx: Transaction, new: NewRoute) -> str:
    """The value as it is compared. Raises Problem for one that could never fit, for links that are none, and for a place beyond all."""
    if not 1 <= len(set(new.links)) == len(new.links) <= MOST_LINKS:
        raise Problem(Code.INVALID_FORMAT, f"links: give 1 to {MOST_LINKS} ids of links, each once", field="links")
    for link_id in new.links:
        if not link_store.is_there(tx, link_id):
            raise not_found("Link", link_id)
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
