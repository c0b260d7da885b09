"""Limits of an organisation: segments that all its devices together may receive and send in a month. Set by the operator."""

import msgspec

from heliograph.model.account import Actor
from heliograph.model.permission import Right, require
from heliograph.model.policy_settings import MOST_SEGMENTS
from heliograph.model.problem import Code, Problem
from heliograph.service import audit
from heliograph.service.manage.scope import Office, not_found, seen_by
from heliograph.store import organisation_limit as store
from heliograph.store import usage
from heliograph.store.transaction import Transaction

ALL_DEVICES = 2**53


class Limits(msgspec.Struct, frozen=True):
    """Segments a month (UTC); None: no limit."""

    mt_limit: int | None = None
    mo_limit: int | None = None


async def view(office: Office, actor: Actor, organisation_id: int) -> Limits:
    """The limits of an organisation that the actor sees. Raises Problem."""
    return await office.database.read(_view, seen_by(actor), organisation_id)


async def put(office: Office, actor: Actor, organisation_id: int, wanted: Limits) -> None:
    """Set the limits of an organisation; what its devices used this month counts. Raises Problem."""
    require(actor, Right.OPERATE)
    for field, limit in msgspec.structs.asdict(wanted).items():
        if limit is not None and not 0 <= limit <= MOST_SEGMENTS:
            raise Problem(Code.INVALID, f"{field} {limit} is not taken: give 0 to {MOST_SEGMENTS} segments, or null", field=field)
    await office.database.write(_put, actor, organisation_id, wanted, office.clock.now_ms())


def _view(tx: Transaction, scope: int, organisation_id: int) -> Limits:
    found = store.limits(tx, organisation_id)
    if found is None or scope not in (0, organisation_id):
        raise not_found("Organisation", organisation_id)
    return Limits(*found)


def _put(tx: Transaction, actor: Actor, organisation_id: int, wanted: Limits, now_ms: int) -> None:
    before = _view(tx, 0, organisation_id)
    store.set_limits(tx, organisation_id, wanted.mt_limit, wanted.mo_limit)
    month = usage.month_of(now_ms)
    used = {each.traffic: each.used for each in usage.of_an_organisation(tx, organisation_id, month, month, 0, ALL_DEVICES)[0]}
    for traffic in ("mt", "mo"):
        usage.put(tx, ("organisation", organisation_id, month, traffic), used.get(traffic, 0))
    audit.record(tx, actor, "organisation.limited", organisation_id, now_ms, object_id=organisation_id, before=before, after=wanted)
