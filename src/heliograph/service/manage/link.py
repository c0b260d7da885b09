"""Links, as the operator keeps them: made, changed, switched, tried and watched while the program runs. What a kind's settings may be,
`links` knows (`service/link_kinds.py`)."""

from collections.abc import AsyncIterator, Mapping
from typing import Any, Protocol

import msgspec
from msgspec import UNSET, UnsetType

from heliograph.model.account import ANY, Actor
from heliograph.model.ids import LinkId
from heliograph.model.link import Finding
from heliograph.model.number import normalise
from heliograph.model.permission import Right, require
from heliograph.model.problem import Code, Problem
from heliograph.service import audit
from heliograph.service.link_kinds import HIDDEN, LinkKinds
from heliograph.service.manage.scope import Office, not_found
from heliograph.store import account as account_store
from heliograph.store import lane as lane_store
from heliograph.store import link as store
from heliograph.store import route as route_store
from heliograph.store.link import LinkView, Told, Traced
from heliograph.store.transaction import Transaction

MOST_NAME = 60
MOST_TRACED = 500
MOST_SHOWN = 200
MOST_TOLD = 10
SILENT_MS = 30_000
"""A process beats every 2 s; clocks of two machines may differ by some seconds."""
TRACE_S = 30
"""How long a link's PDUs are written down after somebody asked for them."""


class LinkOffice(Office, Protocol):
    """An office that knows the kinds of links."""

    @property
    def link_kinds(self) -> LinkKinds: ...


class LinkDetail(msgspec.Struct, frozen=True):
    """A link as the operator sees it alone. `waiting`: destinations that have messages; `organisations`: those it is kept for."""

    link: LinkView
    settings: dict[str, Any]
    waiting: int
    organisations: tuple[int, ...]


class LinkChange(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be otherwise; UNSET leaves a field. `settings` are put over those there are: null takes one away, HIDDEN leaves it."""

    name: str | UnsetType = UNSET
    settings: dict[str, Any] | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET


async def countries(office: Office) -> set[str]:
    """The codes of the countries whose national numbers links that are switched on complete."""
    settings = [msgspec.json.decode(each.settings) for each in await office.database.read(store.enabled)]
    return {str(each["country"]).lstrip("+") for each in settings if each.get("country")}


async def add(office: LinkOffice, actor: Actor, name: str, kind: str, settings: Mapping[str, Any], *, enabled: bool = True) -> LinkId:
    """A new link; a daemon runs it within a second. Raises Problem."""
    require(actor, Right.OPERATE)
    name = _checked(name)
    written = office.link_kinds.accept(kind, settings)
    disabled_at_ms = None if enabled else office.clock.now_ms()
    return await office.database.write(_add, actor, name, kind, written, disabled_at_ms, office.clock.now_ms())


async def declare(office: LinkOffice, actor: Actor, name: str, declared: Mapping[str, Any]) -> None:
    """Have a link of this name with exactly these settings; `kind` is smpp where they name none. Raises Problem."""
    settings = {key: value for key, value in declared.items() if key != "kind"}
    kind = str(declared.get("kind", "smpp"))
    known = {each.name: each for each in await office.database.read(store.views)}.get(name)
    if known is None:
        await add(office, actor, name, kind, settings)
        return
    if known.kind != kind:
        raise Problem(Code.INVALID_FORMAT, f"the link '{name}' is of kind {known.kind}, and a link does not change its kind", field="kind")
    gone = dict.fromkeys(msgspec.json.decode(known.settings).keys() - settings.keys())
    await update(office, actor, known.id, LinkChange(settings={**settings, **gone}))


async def update(office: LinkOffice, actor: Actor, link_id: int, change: LinkChange) -> None:
    """Change a link; one that runs drains, and starts again so within a second. Raises Problem."""
    require(actor, Right.OPERATE)
    await office.database.write(_update, office.link_kinds, actor, link_id, change, office.clock.now_ms())


async def delete(office: LinkOffice, actor: Actor, link_id: int) -> None:
    """Take away a link that is switched off; what waits for it goes by another that may, or waits for one. Raises Problem."""
    require(actor, Right.OPERATE)
    await office.database.write(_delete, office.link_kinds, actor, link_id, office.clock.now_ms())


async def view(office: LinkOffice, actor: Actor, link_id: int) -> LinkDetail:
    """One link with its settings, without what is secret. Raises Problem."""
    require(actor, Right.OPERATE)
    return await office.database.read(_view, office.link_kinds, link_id)


async def check(office: LinkOffice, actor: Actor, link_id: int, send_to: str | None, *, try_all: bool) -> AsyncIterator[Finding]:
    """Try a link's peer from this process, and say what is found as it is found. Raises Problem."""
    require(actor, Right.OPERATE)
    found = await office.database.read(store.view, link_id)
    if found is None:
        raise not_found("Link", link_id)
    number = None if send_to is None else normalise(send_to, "send_to")
    return office.link_kinds.check(found.kind, found.name, found.settings, number, try_all=try_all)


async def trace(office: Office, actor: Actor, link_id: int, after: int | None, for_s: int = TRACE_S) -> tuple[list[Traced], int]:
    """The PDUs of a link after `after`, an id; its owner writes them down from now on, for so long. The ids to go on after. None: from
    now. Raises Problem."""
    require(actor, Right.OPERATE)
    now_ms = office.clock.now_ms()
    if not await office.database.write(store.trace_until, link_id, now_ms + for_s * 1000):
        raise not_found("Link", link_id)
    if after is None:
        return [], await office.database.read(store.last_trace)
    found = await office.database.read(store.trace, link_id, after, MOST_TRACED)
    return found, found[-1].id if found else after


async def latest_trace(office: Office, actor: Actor, link_id: int) -> list[Traced]:
    """The latest PDUs of a link that were written down, oldest first; its owner writes them down from now on. Raises Problem."""
    await trace(office, actor, link_id, None)
    return await office.database.read(store.latest_trace, link_id, MOST_SHOWN)


async def views(office: Office, actor: Actor) -> list[LinkView]:
    """All links of the installation. Raises Problem."""
    require(actor, Right.OPERATE)
    return await office.database.read(store.views)


async def told(office: Office, actor: Actor, link_id: int, most: int = MOST_TOLD) -> list[Told]:
    """The latest that befell a link: up, down, at fault; newest first. Raises Problem."""
    require(actor, Right.OPERATE)
    return await office.database.read(store.told, link_id, most)


def is_abandoned(view: LinkView, now_ms: int) -> bool:
    """Whether the process that ran it died, and no other has taken it: its state is the last that was heard."""
    return view.beat_at_ms is not None and view.beat_at_ms < now_ms - SILENT_MS


async def seen(office: Office, actor: Actor) -> list[tuple[LinkView, list[int]]]:
    """The links the actor sees, each with the organisations it is reserved for: the operator all and everything; others those that their
    devices use, by name and state."""
    return await office.database.read(_seen, actor)


async def reserve(office: Office, actor: Actor, link_id: int, organisation_id: int) -> None:
    """Keep a link for an organisation, and others it is kept for already. Devices of others send by another link from now on, or by none
    until there is one; what is on its way ends where it is. Raises Problem, also where that was so."""
    require(actor, Right.OPERATE)
    await office.database.write(_reserve, actor, link_id, organisation_id, office.clock.now_ms())


async def unreserve(office: Office, actor: Actor, link_id: int, organisation_id: int) -> None:
    """Take that back; a link that is kept for nobody is for all. Raises Problem where it was not so."""
    require(actor, Right.OPERATE)
    await office.database.write(_unreserve, actor, link_id, organisation_id, office.clock.now_ms())


async def switch(office: Office, actor: Actor, link_id: int, *, on: bool) -> None:
    """Switch a link on or off; off, it drains, and messages wait for it. Raises Problem."""
    require(actor, Right.OPERATE)
    await office.database.write(_switch, actor, link_id, office.clock.now_ms(), on=on)


def _checked(name: str) -> str:
    name = name.strip()
    if not 1 <= len(name) <= MOST_NAME or not name.isprintable():
        raise Problem(Code.INVALID_FORMAT, f"a link's name has 1 to {MOST_NAME} printable characters", field="name")
    return name


def _add(tx: Transaction, actor: Actor, name: str, kind: str, settings: str, disabled_at_ms: int | None, now_ms: int) -> LinkId:
    _refuse_second(tx, name)
    link_id = store.insert(tx, name, kind, settings, now_ms)
    if disabled_at_ms is not None:
        store.set_disabled(tx, link_id, disabled_at_ms)
    after = {"name": name, "kind": kind, **msgspec.json.decode(settings)}
    audit.record(tx, actor, "link.created", actor.organisation_id, now_ms, object_id=link_id, after=after)
    return link_id


def _refuse_second(tx: Transaction, name: str) -> None:
    if store.exists(tx, name):
        raise Problem(Code.DUPLICATED, f"there is a link '{name}' already: choose another name", field="name")


def _update(tx: Transaction, kinds: LinkKinds, actor: Actor, link_id: int, change: LinkChange, now_ms: int) -> None:
    found = store.lock(tx, link_id)
    if found is None:
        raise not_found("Link", link_id)
    before: dict[str, Any] = msgspec.json.decode(found.settings)
    name, settings = found.name, before
    if change.name is not UNSET and (name := _checked(change.name)) != found.name:
        _refuse_second(tx, name)
        store.rename(tx, link_id, name)
    if change.settings is not UNSET:
        settings = _merged(before, change.settings, kinds.secrets(found.kind))
        store.update_settings(tx, LinkId(link_id), kinds.accept(found.kind, settings))
        if settings.get("number_space") != before.get("number_space"):
            if lane_store.is_on_its_way(tx, link_id):
                text = "something is on its way by the link, and its next would go by another number space: stop the link, or try again"
                raise Problem(Code.IN_USE, text, field="number_space")
            route_store.reassign(tx)
            lane_store.adopt(tx, link_id)
    was = {"name": found.name, **before}
    audit.record(tx, actor, "link.changed", actor.organisation_id, now_ms, object_id=link_id, before=was, after={"name": name, **settings})
    if change.enabled is not UNSET and change.enabled is not (found.disabled_at_ms is None):
        _switch(tx, actor, link_id, now_ms, on=change.enabled)


def _merged(before: dict[str, Any], given: dict[str, Any], secrets: frozenset[str]) -> dict[str, Any]:
    known = {name: value for name, value in given.items() if not (name in secrets and value == HIDDEN)}
    return {name: value for name, value in (before | known).items() if value is not None}


def _delete(tx: Transaction, kinds: LinkKinds, actor: Actor, link_id: int, now_ms: int) -> None:
    found = store.lock(tx, link_id)
    if found is None:
        raise not_found("Link", link_id)
    if found.disabled_at_ms is None:
        raise Problem(Code.IN_USE, f"Link with Id '{link_id}' is switched on: stop it first")
    routes = [each.id for each in route_store.every(tx) if link_id in each.links]
    if routes:
        raise Problem(Code.IN_USE, f"Link with Id '{link_id}' is in the route {routes[0]}: delete that first")
    if lane_store.is_on_its_way(tx, link_id):
        raise Problem(Code.IN_USE, f"something is still on its way by the link with Id '{link_id}': try again in a moment")
    store.delete(tx, link_id)
    lane_store.leave(tx, link_id)
    route_store.reassign(tx)
    before = {"name": found.name, "kind": found.kind, **msgspec.json.decode(found.settings)}
    audit.record(tx, actor, "link.deleted", actor.organisation_id, now_ms, object_id=link_id, before=before)


def _view(tx: Transaction, kinds: LinkKinds, link_id: int) -> LinkDetail:
    found = store.view(tx, link_id)
    if found is None:
        raise not_found("Link", link_id)
    settings = kinds.shown(found.kind, found.settings)
    return LinkDetail(found, settings, store.waiting(tx, link_id), tuple(store.reservations(tx).get(link_id, ())))


def _switch(tx: Transaction, actor: Actor, link_id: int, now_ms: int, *, on: bool) -> None:
    if not store.set_disabled(tx, LinkId(link_id), None if on else now_ms):
        raise not_found("Link", link_id)
    audit.record(tx, actor, "link.enabled" if on else "link.disabled", actor.organisation_id, now_ms, object_id=link_id)


def _seen(tx: Transaction, actor: Actor) -> list[tuple[LinkView, list[int]]]:
    if actor.scope != ANY:
        return [(view, []) for view in store.views_of_organisation(tx, actor.scope)]
    reserved = store.reservations(tx)
    return [(view, reserved.get(view.id, [])) for view in store.views(tx)]


def _reserve(tx: Transaction, actor: Actor, link_id: int, organisation_id: int, now_ms: int) -> None:
    _check(tx, link_id, organisation_id)
    if not store.reserve(tx, link_id, organisation_id):
        raise Problem(Code.DUPLICATED, f"Link with Id '{link_id}' is already reserved for Organisation with Id '{organisation_id}'")
    route_store.reassign(tx)
    after = {"organisation_id": organisation_id}
    audit.record(tx, actor, "link.reserved", actor.organisation_id, now_ms, object_id=link_id, after={"organisation": after})


def _unreserve(tx: Transaction, actor: Actor, link_id: int, organisation_id: int, now_ms: int) -> None:
    _check(tx, link_id, organisation_id)
    if not store.unreserve(tx, link_id, organisation_id):
        raise not_found("Reservation for organisation", organisation_id)
    lane_store.adopt(tx, link_id)
    route_store.reassign(tx)
    before = {"organisation_id": organisation_id}
    audit.record(tx, actor, "link.unreserved", actor.organisation_id, now_ms, object_id=link_id, before={"organisation": before})


def _check(tx: Transaction, link_id: int, organisation_id: int) -> None:
    if not store.is_there(tx, link_id):
        raise not_found("Link", link_id)
    if account_store.organisation(tx, organisation_id) is None:
        raise not_found("Organisation", organisation_id)
