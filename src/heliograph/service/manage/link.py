"""Links, as the operator keeps them: add, list, switch off and on. What a kind's settings may be, `links` knows."""

import msgspec

from heliograph.model.account import ANY, Actor
from heliograph.model.ids import LinkId
from heliograph.model.permission import Right, require
from heliograph.model.problem import Code, Problem
from heliograph.service import audit
from heliograph.service.manage.scope import Office, not_found
from heliograph.store import account as account_store
from heliograph.store import lane as lane_store
from heliograph.store import link as store
from heliograph.store.link import LinkView
from heliograph.store.transaction import Transaction

MOST_NAME = 60


async def add(office: Office, actor: Actor, name: str, kind: str, settings: str) -> LinkId:
    """A new link; a daemon runs it within a second. `settings`: JSON that its kind has accepted. Raises Problem."""
    require(actor, Right.OPERATE)
    name = name.strip()
    if not 1 <= len(name) <= MOST_NAME or not name.isprintable():
        raise Problem(Code.INVALID_FORMAT, f"a link's name has 1 to {MOST_NAME} printable characters", field="name")
    return await office.database.write(_add, actor, name, kind, settings, office.clock.now_ms())


async def views(office: Office, actor: Actor) -> list[LinkView]:
    """All links of the installation. Raises Problem."""
    require(actor, Right.OPERATE)
    return await office.database.read(store.views)


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


def _add(tx: Transaction, actor: Actor, name: str, kind: str, settings: str, now_ms: int) -> LinkId:
    if store.exists(tx, name):
        raise Problem(Code.DUPLICATED, f"there is a link '{name}' already: choose another name", field="name")
    link_id = store.insert(tx, name, kind, settings, now_ms)
    after = {"name": name, "kind": kind, **msgspec.json.decode(settings)}
    audit.record(tx, actor, "link.created", actor.organisation_id, now_ms, object_id=link_id, after=after)
    return link_id


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
    lane_store.leave_reserved(tx, link_id)
    after = {"organisation_id": organisation_id}
    audit.record(tx, actor, "link.reserved", actor.organisation_id, now_ms, object_id=link_id, after={"organisation": after})


def _unreserve(tx: Transaction, actor: Actor, link_id: int, organisation_id: int, now_ms: int) -> None:
    _check(tx, link_id, organisation_id)
    if not store.unreserve(tx, link_id, organisation_id):
        raise not_found("Reservation for organisation", organisation_id)
    lane_store.adopt(tx, link_id)
    if store.reservations(tx).get(link_id):
        lane_store.leave_reserved(tx, link_id)
    before = {"organisation_id": organisation_id}
    audit.record(tx, actor, "link.unreserved", actor.organisation_id, now_ms, object_id=link_id, before={"organisation": before})


def _check(tx: Transaction, link_id: int, organisation_id: int) -> None:
    if not store.is_there(tx, link_id):
        raise not_found("Link", link_id)
    if account_store.organisation(tx, organisation_id) is None:
        raise not_found("Organisation", organisation_id)
