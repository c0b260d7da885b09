"""SIMs: enter, change, delete, list; numbers kept unique in their number space; batches by their code (BIC)."""

from collections.abc import Mapping, Sequence

import msgspec
from msgspec import UNSET, UnsetType

from heliograph.model.account import Actor, Role
from heliograph.model.device import SIM_TRANSITIONS, SimStatus
from heliograph.model.iccid import without_luhn
from heliograph.model.ids import OrganisationId, SimId
from heliograph.model.number import normalise
from heliograph.model.page import Page
from heliograph.model.problem import Code, Problem
from heliograph.service import audit
from heliograph.service.event_body import stamp
from heliograph.service.manage.note import note
from heliograph.service.manage.scope import Office, changed_by, home_of, not_found, seen_by
from heliograph.store import account as account_store
from heliograph.store import link as link_store
from heliograph.store import route as route_store
from heliograph.store import sim as store
from heliograph.store.engine import Scalar
from heliograph.store.listing import Order
from heliograph.store.sim import Sim, SimView
from heliograph.store.transaction import Transaction

MOST_AT_ONCE = 2000
MOST_ALIASES = 20
SLICE = 100  # so that messages of the same process wait for at most so many SIMs
STATUS_EVENTS = {SimStatus.ACTIVATED: "sim.activated", SimStatus.SUSPENDED: "sim.suspended", SimStatus.FACTORY_TEST: "sim.factory_test"}


class NewSim(msgspec.Struct, frozen=True, kw_only=True):
    """A SIM to enter. Numbers as people write them; an ICCID with its Luhn digit is taken, and kept without. `number_space`: that of the
    links that reach it."""

    iccid: str
    imsi: str | None = None
    msisdn: str | None = None
    aliases: tuple[str, ...] = ()
    bic: str | None = None
    model: str | None = None
    status: SimStatus = SimStatus.ISSUED
    number_space: str = ""


class SimChange(msgspec.Struct, frozen=True, kw_only=True):
    """What of a SIM is to change; UNSET leaves what is."""

    status: SimStatus | UnsetType = UNSET
    imsi: str | UnsetType | None = UNSET
    msisdn: str | UnsetType | None = UNSET
    aliases: tuple[str, ...] | UnsetType = UNSET
    organisation_id: int | UnsetType = UNSET
    number_space: str | UnsetType = UNSET


async def enter(office: Office, actor: Actor, wanted: Sequence[NewSim], organisation_id: int | None = None) -> list[SimId | Problem]:
    """Enter SIMs; each is taken or refused for itself. Raises Problem where the actor may not, or brings too many."""
    home = home_of(actor, organisation_id)
    if len(wanted) > MOST_AT_ONCE:
        raise Problem(Code.INVALID, f"{len(wanted)} SIMs are too many: bring at most {MOST_AT_ONCE} at once")
    await office.database.read(may_enter, actor)
    results: list[SimId | Problem] = []
    for start in range(0, len(wanted), SLICE):
        results += await office.database.write(_enter_all, actor, home, wanted[start : start + SLICE], office.clock.now_ms())
    return results


async def update(office: Office, actor: Actor, sim_id: SimId, change: SimChange) -> None:
    """Change a SIM. Raises Problem."""
    await office.database.write(update_one, actor, changed_by(actor), sim_id, change, office.clock.now_ms())


async def delete(office: Office, actor: Actor, sim_id: SimId) -> None:
    """Delete a SIM that is in no device; its ICCID and numbers are free again. Raises Problem."""
    await office.database.write(delete_one, actor, changed_by(actor), sim_id, office.clock.now_ms())


async def view(office: Office, actor: Actor, sim_id: SimId) -> tuple[SimView, list[str]]:
    """One SIM and its other numbers. Raises Problem."""
    return await office.database.read(_view, seen_by(actor), sim_id)


async def page(
    office: Office, actor: Actor, filters: Mapping[str, Scalar], order: Sequence[Order], page: int, per_page: int
) -> Page[SimView]:
    """One page of the SIMs the actor sees. Raises Problem for an order that is not offered."""
    return await office.database.read(store.page, seen_by(actor), filters, order, page, per_page)


async def can_enter(office: Office, actor: Actor) -> bool:
    """Whether the actor may enter SIMs."""
    return await office.database.read(_can_enter, actor)


async def number_spaces(office: Office, actor: Actor) -> list[str]:
    """The number spaces that the actor may put SIMs into, beside that of the installation; none where it enters no SIMs."""
    return await office.database.read(_number_spaces, actor)


async def batch(office: Office, actor: Actor, bic: str) -> list[SimView]:
    """The SIMs of a batch, by its code. Raises Problem where there is none of the actor's."""
    found = await office.database.read(store.page, seen_by(actor), {"bic": bic}, (), 1, MOST_AT_ONCE)
    if not found.items:
        raise not_found("SIM batch", bic)
    return list(found.items)


async def register_batch(office: Office, actor: Actor, bic: str, status: SimStatus) -> list[SimView]:
    """Give all SIMs of a batch a status, where they do not have it yet. Raises Problem."""
    await office.database.write(_register_batch, actor, changed_by(actor), bic, status, office.clock.now_ms())
    return await batch(office, actor, bic)


def change_status(tx: Transaction, actor: Actor, sim: Sim, status: SimStatus, now_ms: int) -> None:
    """Change the status of a locked SIM, which the caller writes back; the same status is no change.

    Raises Problem for a step that is not allowed."""
    before = SimStatus(sim.status_id)
    if status is before:
        return
    if status not in SIM_TRANSITIONS[before]:
        step = f"from {before.name} to {status.name}".replace("_", " ")
        raise Problem(Code.NOT_ALLOWED, f"SIM with Id '{sim.id}' cannot change {step}", field="status")
    sim.status_id = int(status)
    if status is SimStatus.ACTIVATED and sim.activation_at_ms is None:
        sim.activation_at_ms = now_ms
    note_sim(tx, actor, STATUS_EVENTS[status], sim, now_ms, sim.device_id, before=int(before), after=int(status))


def write_back(tx: Transaction, actor: Actor, before: Sim, sim: Sim, now_ms: int) -> None:
    """Write a changed SIM back, and who changed it. Where it went to another organisation, both are told."""
    store.update(tx, sim)
    if sim.organisation_id == before.organisation_id:
        audit.record(tx, actor, "sim.changed", sim.organisation_id, now_ms, object_id=sim.id, before=before, after=sim)
        return
    audit.record(tx, actor, "sim.taken", before.organisation_id, now_ms, object_id=sim.id, before=before)
    audit.record(tx, actor, "sim.given", sim.organisation_id, now_ms, object_id=sim.id, after=sim)


def note_sim(tx: Transaction, actor: Actor, kind: str, sim: Sim, now_ms: int, device_id: int | None, **detail: object) -> None:
    """Emit what was done to a SIM."""
    about = {"id": sim.id, "iccid": sim.iccid, "production_date": stamp(sim.production_at_ms)}
    note(tx, actor, kind, sim.organisation_id, now_ms, device_id=device_id, sim=about, imsi=sim.imsi, **detail)


def _view(tx: Transaction, scope: int, sim_id: int) -> tuple[SimView, list[str]]:
    found = store.view(tx, scope, sim_id)
    if found is None:
        raise not_found("SIM", sim_id)
    return found, store.aliases(tx, sim_id)


def may_enter(tx: Transaction, actor: Actor) -> None:
    """Raises Problem where the actor may not enter SIMs."""
    _operator_only(tx, actor, "enters SIMs")


def _can_enter(tx: Transaction, actor: Actor) -> bool:
    """Where organisations share an installation, nobody takes a number that is another's by entering it (rules: Who owns what)."""
    return actor.role is Role.SUPER_ADMIN or account_store.count_organisations(tx) == 1


def _number_spaces(tx: Transaction, actor: Actor) -> list[str]:
    if not _can_enter(tx, actor):
        return []
    return [each for each in link_store.number_spaces(tx) if each]


def _operator_only(tx: Transaction, actor: Actor, does: str) -> None:
    if not _can_enter(tx, actor):
        raise Problem(Code.FORBIDDEN, f"only the operator {does} where several organisations share the installation")


def enter_recorded(tx: Transaction, actor: Actor, home: OrganisationId, wanted: NewSim, now_ms: int) -> SimId:
    """The same as `enter_one`, and the audit says who did it."""
    sim_id = enter_one(tx, home, wanted, now_ms)
    audit.record(tx, actor, "sim.entered", home, now_ms, object_id=sim_id, after=wanted)
    return sim_id


def enter_one(tx: Transaction, organisation_id: OrganisationId, wanted: NewSim, now_ms: int) -> SimId:
    """Enter one SIM. Part of a transaction. Raises Problem, and has then written nothing."""
    sim = _sim_of(organisation_id, wanted, now_ms)
    aliases = _aliases(wanted.aliases)
    _check_space(tx, sim.number_space)
    taken = store.taken(tx, sim.number_space, sim.iccid, [number for number in (sim.msisdn, sim.imsi, *aliases) if number is not None])
    if taken is not None:
        raise _in_use(taken, sim)
    sim_id = store.insert(tx, sim, now_ms)
    if sim_id is None:
        raise Problem(Code.DUPLICATED, f"'{sim.iccid}' was just taken by another SIM", field="iccid")
    if clash := store.replace_numbers(tx, sim, aliases):
        store.delete(tx, sim.id, now_ms)
        raise Problem(Code.DUPLICATED, f"'{clash}' was just taken by another SIM")
    return sim_id


def _enter_all(tx: Transaction, actor: Actor, home: OrganisationId, wanted: Sequence[NewSim], now_ms: int) -> list[SimId | Problem]:
    if account_store.organisation(tx, home) is None:
        raise not_found("Organisation", home)
    results: list[SimId | Problem] = []
    for each in wanted:
        try:
            results.append(enter_recorded(tx, actor, home, each, now_ms))
        except Problem as problem:
            results.append(problem)
    return results


def _sim_of(organisation_id: OrganisationId, wanted: NewSim, now_ms: int) -> Sim:
    if wanted.status not in (SimStatus.ISSUED, SimStatus.ACTIVATED, SimStatus.FACTORY_TEST):
        raise Problem(Code.INVALID, "a new SIM is Issued, Activated or in Factory Test", field="status")
    return Sim(
        0,
        organisation_id,
        without_luhn(wanted.iccid),
        None if wanted.imsi is None else _imsi(wanted.imsi),
        None if wanted.msisdn is None else normalise(wanted.msisdn, "msisdn"),
        int(wanted.status),
        bic=wanted.bic,
        model=wanted.model,
        activation_at_ms=now_ms if wanted.status is SimStatus.ACTIVATED else None,
        number_space=wanted.number_space,
    )


def _check_space(tx: Transaction, number_space: str) -> None:
    """No link would ever reach the SIM otherwise. Raises Problem."""
    if number_space and number_space not in (known := link_store.number_spaces(tx)):
        named = ", ".join(f"'{each}'" for each in known if each)
        there = f"links have {named}" if named else "none has one"
        raise Problem(
            Code.INVALID_REFERENCE, f"no link has the number space '{number_space}' ({there}): set it on a link first", field="number_space"
        )


def _in_use(taken: str, sim: Sim) -> Problem:
    where = f" of the number space '{sim.number_space}'" if sim.number_space else ""
    text = f"'{taken}' is in use: every ICCID, MSISDN, alias and IMSI belongs to one SIM{where}"
    return Problem(Code.DUPLICATED, text, field=_field_of(taken, sim))


def _aliases(aliases: Sequence[str]) -> list[str]:
    if len(aliases) > MOST_ALIASES:
        raise Problem(Code.INVALID, f"a SIM has at most {MOST_ALIASES} aliases", field="aliases")
    return [normalise(alias, "aliases") for alias in aliases]


def _imsi(text: str) -> str:
    digits = text.strip()
    if not digits.isascii() or not digits.isdigit() or not 6 <= len(digits) <= 15:
        raise Problem(Code.INVALID_FORMAT, f"imsi '{text}' is not 6 to 15 digits", field="imsi")
    return digits


def _field_of(taken: str, sim: Sim) -> str:
    return {sim.iccid: "iccid", sim.msisdn: "msisdn", sim.imsi: "imsi"}.get(taken, "aliases")


def update_one(tx: Transaction, actor: Actor, scope: int, sim_id: int, change: SimChange, now_ms: int) -> None:
    """Change a SIM. Part of a transaction. Raises Problem."""
    sim = store.lock(tx, scope, sim_id)
    if sim is None:
        raise not_found("SIM", sim_id)
    before, aliases = msgspec.structs.replace(sim), store.aliases(tx, sim_id)
    if isinstance(change.status, SimStatus):
        change_status(tx, actor, sim, change.status, now_ms)
    if change.organisation_id is not UNSET:
        _move(tx, actor, sim, change.organisation_id)
    if (change.msisdn, change.imsi, change.aliases, change.number_space) != (UNSET, UNSET, UNSET, UNSET):
        _renumber(tx, actor, sim, change)
    write_back(tx, actor, before, sim, now_ms)
    if sim.device_id is not None:
        route_store.reassign(tx, sim.device_id)
        if sim.number_space != before.number_space:
            refuse_if_held(tx, sim.device_id)
    if (now := store.aliases(tx, sim_id)) != aliases:
        before_after = {"before": {"aliases": aliases}, "after": {"aliases": now}}
        audit.record(tx, actor, "sim.changed", sim.organisation_id, now_ms, object_id=sim_id, **before_after)


def refuse_if_held(tx: Transaction, device_id: int) -> None:
    """Raises Problem where an SMS that is on its way holds a device at a link of another number space than its SIM's: the next would go by
    that link too, to whoever has the number there."""
    if route_store.is_held_elsewhere(tx, device_id):
        text = "an SMS is on its way to the device by a link of another number space: try again in a moment"
        raise Problem(Code.IN_USE, text, field="number_space")


def _renumber(tx: Transaction, actor: Actor, sim: Sim, change: SimChange) -> None:
    _operator_only(tx, actor, "changes the numbers of a SIM")
    if change.msisdn is not UNSET:
        sim.msisdn = None if change.msisdn is None else normalise(change.msisdn, "msisdn")
    if change.imsi is not UNSET:
        sim.imsi = None if change.imsi is None else _imsi(change.imsi)
    aliases = store.aliases(tx, sim.id) if change.aliases is UNSET else _aliases(change.aliases)
    if change.number_space is not UNSET:
        sim.number_space = change.number_space
        _check_space(tx, sim.number_space)
        if store.is_iccid_taken(tx, sim.number_space, sim.iccid, but=sim.id):
            raise _in_use(sim.iccid, sim)
    if clash := store.replace_numbers(tx, sim, aliases):
        raise _in_use(clash, sim)


def _move(tx: Transaction, actor: Actor, sim: Sim, organisation_id: int) -> None:
    if organisation_id == sim.organisation_id:
        return
    if actor.role is not Role.SUPER_ADMIN:
        raise Problem(Code.FORBIDDEN, "only the operator gives a SIM to another organisation")
    if sim.device_id is not None:
        raise Problem(Code.IN_USE, f"SIM with Id '{sim.id}' is in a device: release it first")
    if account_store.organisation(tx, organisation_id) is None:
        raise not_found("Organisation", organisation_id)
    sim.organisation_id = organisation_id


def delete_one(tx: Transaction, actor: Actor, scope: int, sim_id: int, now_ms: int) -> None:
    """Delete a SIM that is in no device. Part of a transaction. Raises Problem."""
    sim = store.lock(tx, scope, sim_id)
    if sim is None:
        raise not_found("SIM", sim_id)
    if sim.device_id is not None:
        raise Problem(Code.FORBIDDEN, f"SIM with Id '{sim_id}' is in a device: release it, then delete the SIM")
    store.delete(tx, sim_id, now_ms)
    audit.record(tx, actor, "sim.deleted", sim.organisation_id, now_ms, object_id=sim_id, before=sim)
    note_sim(tx, actor, "sim.deleted", sim, now_ms, None)


def _register_batch(tx: Transaction, actor: Actor, scope: int, bic: str, status: SimStatus, now_ms: int) -> None:
    for sim in store.lock_batch(tx, scope, bic):
        before = msgspec.structs.replace(sim)
        change_status(tx, actor, sim, status, now_ms)
        write_back(tx, actor, before, sim, now_ms)
