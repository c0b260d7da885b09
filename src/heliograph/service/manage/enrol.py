"""Enrol devices from a list: each with its SIM, all of them or none, in one transaction. Does not read files: `cli/device.py` does."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from heliograph.model.account import Actor
from heliograph.model.device import DeviceStatus
from heliograph.model.ids import DeviceId, OrganisationId
from heliograph.model.problem import Code, Problem
from heliograph.service.manage.device import DeviceChange, SimChange, create_one
from heliograph.service.manage.scope import Office, home_of, not_found
from heliograph.service.manage.sim import NewSim, enter_recorded, may_enter
from heliograph.store import account, policy
from heliograph.store.transaction import Transaction

MOST_AT_ONCE = 10_000
"""2,000 rows are written in about 2 s, during which nothing else is on SQLite: what daemons write waits up to 30 s for it."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A device to enrol. `policy`: name or id of a service policy; None where the organisation has only one."""

    name: str
    sim: NewSim
    tags: str | None = None
    imei: str | None = None
    policy: str | None = None
    status: DeviceStatus = DeviceStatus.ENABLED


@dataclass(frozen=True, slots=True)
class Enrolled:
    """What became of each row, by its place in the list: the device it made, or why it was refused."""

    made: Mapping[int, DeviceId] = field(default_factory=dict)
    refused: Mapping[int, Problem] = field(default_factory=dict)


async def enrol(office: Office, actor: Actor, rows: Sequence[Row], *, dry_run: bool = False, skip_refused: bool = False) -> Enrolled:
    """Make all these devices, activate their SIMs; where one is refused, none is made, unless `skip_refused`. With `dry_run` nothing is
    kept. Raises Problem where the actor may not, or brings too many."""
    home = home_of(actor, None)
    if len(rows) > MOST_AT_ONCE:
        raise Problem(Code.INVALID, f"{len(rows)} devices are too many: bring at most {MOST_AT_ONCE} at once")
    await office.database.read(may_enter, actor)
    refused: dict[int, Problem] = {}
    while True:
        chosen = {place: row for place, row in enumerate(rows) if place not in refused}
        try:
            made = await office.database.write(_enrol_all, actor, home, chosen, office.clock.now_ms(), keep=not dry_run)
        except _Undone as undone:
            refused |= undone.refused
            if dry_run or not skip_refused:
                return Enrolled(undone.made if dry_run else {}, refused)
        else:
            return Enrolled(made, refused)


class _Undone(Exception):
    """Undoes the transaction, and says what would have been."""

    def __init__(self, made: dict[int, DeviceId], refused: dict[int, Problem]) -> None:
        super().__init__()
        self.made = made
        self.refused = refused


def _enrol_all(
    tx: Transaction, actor: Actor, home: OrganisationId, rows: Mapping[int, Row], now_ms: int, *, keep: bool
) -> dict[int, DeviceId]:
    if account.organisation(tx, home) is None:
        raise not_found("Organisation", home)
    policies = _Policies(tx, home)
    made: dict[int, DeviceId] = {}
    refused: dict[int, Problem] = {}
    for place, row in rows.items():
        try:
            made[place] = _enrol_one(tx, actor, home, policies, row, now_ms)
        except Problem as problem:
            refused[place] = problem
    if refused or not keep:
        raise _Undone(made, refused)
    return made


def _enrol_one(tx: Transaction, actor: Actor, home: OrganisationId, policies: "_Policies", row: Row, now_ms: int) -> DeviceId:
    wanted = DeviceChange(
        name=row.name,
        tags=row.tags,
        imei=row.imei,
        status=row.status,
        service_profile_id=policies.id_of(row.policy),
        tariff_profile_id=policies.tariff_id,
        sim=SimChange(enter_recorded(tx, actor, home, row.sim, now_ms)),
    )
    return DeviceId(create_one(tx, actor, home, wanted, now_ms).id)


class _Policies:
    """The service policies of an organisation, by name and id, and its first tariff."""

    def __init__(self, tx: Transaction, home: OrganisationId) -> None:
        found = policy.views(tx, home)
        self._ids = {each.name: each.id for each in found} | {str(each.id): each.id for each in found}
        self._only = found[0].id if len(found) == 1 else None
        self._names = ", ".join(each.name for each in found)
        tariffs = policy.tariffs(tx, home)
        self.tariff_id = tariffs[0].id if tariffs else 0

    def id_of(self, wanted: str | None) -> int:
        """Raises Problem where it is not there, or unclear which."""
        found = self._only if wanted is None else self._ids.get(wanted)
        if found is None:
            why = "several" if wanted is None else f"no '{wanted}'"
            raise Problem(
                Code.INVALID_REFERENCE, f"policy: there is {why} among the service policies {self._names}: name one", field="policy"
            )
        return found
