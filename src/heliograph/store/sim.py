"""SIMs, and every number by which one is known: MSISDN, aliases, IMSI."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from heliograph.model.ids import SimId
from heliograph.model.page import Page
from heliograph.store.engine import Scalar
from heliograph.store.listing import Listing, Order
from heliograph.store.query import parts, queries
from heliograph.store.transaction import Transaction

Q = queries("sim")


class Sim(msgspec.Struct, array_like=True):
    """A SIM, locked by the transaction that read it."""

    id: int
    organisation_id: int
    iccid: str
    imsi: str | None
    msisdn: str | None
    status_id: int
    device_id: int | None = None
    bic: str | None = None
    model: str | None = None
    activation_at_ms: int | None = None
    number_space: str = ""
    production_at_ms: int = 0


class SimView(msgspec.Struct, array_like=True, frozen=True):
    """A SIM with its organisation and the device it is in."""

    id: int
    organisation_id: int
    organisation_name: str
    iccid: str
    imsi: str | None
    msisdn: str | None
    status_id: int
    bic: str | None
    model: str | None
    production_at_ms: int
    activation_at_ms: int | None
    device_id: int | None
    device_name: str | None
    device_imei: str | None
    device_tags: str | None
    device_ip_address: str | None
    ip_address_space_id: int | None
    service_profile_id: int | None
    tariff_profile_id: int | None
    device_created_at_ms: int | None
    device_last_updated_at_ms: int | None
    number_space: str


class Alias(msgspec.Struct, array_like=True, frozen=True):
    """Another number of a SIM."""

    sim_id: int
    number: str


LISTING = Listing(
    Q["list"],
    parts("sim"),
    SimView,
    "sim.organisation_id",
    {
        "id": "sim.id",
        "issuer_org": "sim.organisation_id",
        "reseller_org": "sim.organisation_id",
        "customer_org": "sim.organisation_id",
        "iccid": "sim.iccid",
        "imsi": "sim.imsi",
        "msisdn": "sim.msisdn",
        "status": "sim.status_id",
        "production_date": "sim.production_at_ms",
        "endpoint": "sim.device_id",
        "model": "lower(sim.model)",
        "number_space": "sim.number_space",
    },
)


def insert(tx: Transaction, sim: Sim, now_ms: int) -> SimId | None:
    """A new SIM without numbers; None where its ICCID is known. Its `id` is given here."""
    sim.id, sim.production_at_ms = tx.ids("sim")[0], now_ms
    values = msgspec.structs.asdict(sim)
    del values["device_id"]
    return SimId(sim.id) if tx.run(Q["insert"], **values) else None


def lock(tx: Transaction, organisation_id: int, sim_id: int) -> Sim | None:
    """A SIM of an organisation (0: of any) to be changed, or None."""
    row = tx.one(Q["lock"], id=sim_id, organisation_id=organisation_id)
    return Sim(*row) if row else None


def lock_of_device(tx: Transaction, device_id: int) -> Sim | None:
    """The SIM that is in a device, to be changed, or None."""
    row = tx.one(Q["lock_of_device"], device_id=device_id)
    return Sim(*row) if row else None


def of_ids(tx: Transaction, organisation_id: int, sim_ids: Iterable[int]) -> dict[int, Sim]:
    """Those of these SIMs that an organisation (0: any) has, as they are; not locked."""
    found = tx.many(Q["of_ids"], [(each,) for each in sorted(set(sim_ids))], Sim, organisation_id=organisation_id)
    return {sim.id: sim for sim in found}


def lock_batch(tx: Transaction, organisation_id: int, bic: str) -> list[Sim]:
    """The SIMs that were made under one batch identification code."""
    return [Sim(*row) for row in tx.run(Q["lock_batch"], bic=bic, organisation_id=organisation_id)]


def update(tx: Transaction, sim: Sim) -> None:
    """Write a changed SIM back. Its numbers: `replace_numbers`."""
    values = msgspec.structs.asdict(sim)
    for fixed in ("iccid", "bic", "model", "production_at_ms"):
        del values[fixed]
    tx.run(Q["update"], **values)


def delete(tx: Transaction, sim_id: int, now_ms: int) -> None:
    """Hide a SIM and free its numbers and its ICCID."""
    tx.run(Q["delete_numbers"], sim_id=sim_id)
    tx.run(Q["delete"], id=sim_id, now=now_ms)


def aliases_of(tx: Transaction, sim_ids: Iterable[int]) -> dict[int, list[str]]:
    """The same of several SIMs, those that have any."""
    found: dict[int, list[str]] = {}
    for each in tx.many(Q["aliases_of"], [(each,) for each in sim_ids], Alias):
        found.setdefault(each.sim_id, []).append(each.number)
    return found


def aliases(tx: Transaction, sim_id: int) -> list[str]:
    """The other numbers of a SIM, beside its MSISDN."""
    return [number for number, kind in tx.run(Q["numbers"], sim_id=sim_id) if kind == "alias"]


def replace_numbers(tx: Transaction, sim: Sim, aliases: Iterable[str]) -> str | None:
    """Make these the numbers of a SIM; the first that belongs to another SIM, or None."""
    tx.run(Q["delete_numbers"], sim_id=sim.id)
    wanted = {
        number: kind for kind, number in [*(("alias", alias) for alias in aliases), ("imsi", sim.imsi), ("msisdn", sim.msisdn)] if number
    }
    for number, kind in wanted.items():
        if not tx.run(Q["add_number"], number=number, number_space=sim.number_space, kind=kind, sim_id=sim.id):
            return number
    return None


def taken(tx: Transaction, number_space: str, iccid: str, numbers: Iterable[str]) -> str | None:
    """The first of these that belongs to a SIM of the number space already, or None."""
    if is_iccid_taken(tx, number_space, iccid):
        return iccid
    owned = tx.many(Q["owned_numbers"], [(number,) for number in numbers], _Number, number_space=number_space)
    return owned[0].number if owned else None


def is_iccid_taken(tx: Transaction, number_space: str, iccid: str, *, but: int = 0) -> bool:
    """Whether a SIM of the number space, other than the SIM `but`, has this ICCID."""
    return tx.one(Q["by_iccid"], number_space=number_space, iccid=iccid, but=but) is not None


def view(tx: Transaction, organisation_id: int, sim_id: int) -> SimView | None:
    """A SIM of an organisation (0: of any), or None."""
    found = page(tx, organisation_id, {"id": sim_id}, (), 1, 1).items
    return found[0] if found else None


def page(
    tx: Transaction, organisation_id: int, filters: Mapping[str, Scalar], order: Sequence[Order], page: int, per_page: int
) -> Page[SimView]:
    """One page of an organisation's SIMs (0: of all)."""
    return LISTING.page(tx, organisation_id, filters, order, page, per_page)


class _Number(msgspec.Struct, array_like=True, frozen=True):
    number: str
