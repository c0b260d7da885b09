"""SIMs, and batches of them by their code (BIC). Entering SIMs (POST) is ours: on emnify they come with the order."""

import msgspec
from msgspec import UNSET, UnsetType

from heliograph.model.device import SimStatus
from heliograph.model.iccid import luhn_digit
from heliograph.model.ids import SimId
from heliograph.model.problem import Code, Problem
from heliograph.service.manage import sim as sims
from heliograph.service.manage.sim import NewSim, SimChange
from heliograph.store.sim import LISTING, SimView
from heliograph.web import problem as problems
from heliograph.web.answer import HTML, NO_CONTENT, Answer, created, json
from heliograph.web.api import criteria, wire
from heliograph.web.operation import Listed, Reply, operation
from heliograph.web.resource import Call, Resource

PER_PAGE, MOST_PER_PAGE = 2000, 2500
LUHN_LENGTH = 20
UNKNOWN_BATCH = Answer(422, (HTML,))


def _iccid_with_luhn(_field: str, value: str) -> criteria.Filters:
    return criteria.text("iccid", value[:-1] if len(value) == LUHN_LENGTH else value)


def _never(_field: str, value: str) -> criteria.Filters:
    """No SIM here has what this asks for."""
    return {} if value.lower() in ("false", "null", "0") else criteria.NOTHING


CRITERIA = {
    **dict.fromkeys(("id", "status"), criteria.number),
    **dict.fromkeys(("issuer_org", "reseller_org", "customer_org"), criteria.named("organisation", criteria.number)),
    **dict.fromkeys(("iccid", "imsi", "msisdn"), criteria.part_of_number),
    "model": criteria.text,
    **dict.fromkeys(("eid", "satellite_capable"), _never),
    "iccid_with_luhn": _iccid_with_luhn,
    "production_date": criteria.date,
    "endpoint": criteria.number_or_null,
    "bic": criteria.exact,
    "number_space": criteria.exact,
}


class EndpointOfSim(msgspec.Struct, kw_only=True):
    id: int
    name: str | None
    imei: str | None
    created: str
    last_updated: str
    organisation_id: int
    service_profile_id: int | None
    tariff_profile_id: int | None
    tags: str | None
    ip_address: str | None
    ip_address_space_id: int | None


class Sim(msgspec.Struct, kw_only=True):
    """As on the wire; `aliases`, `bic` and `number_space` are ours. `activation_date`, `endpoint` and `model` are absent where there
    is none."""

    id: int
    iccid: str
    iccid_with_luhn: str
    production_date: str
    activation_date: str | UnsetType = UNSET
    status: wire.Described
    customer_org: wire.Named
    issuer_org: wire.Named
    reseller_org: wire.Named | None = None
    endpoint: EndpointOfSim | UnsetType = UNSET
    imsi: str | None
    msisdn: str | None
    model: dict[str, str] | UnsetType = UNSET
    bic: str | None
    number_space: str
    aliases: list[str] | UnsetType = UNSET


class SimEntry(msgspec.Struct, kw_only=True):
    """One SIM to enter. `number_space`: that of the links that reach it; numbers are unique within one. "": the installation's."""

    iccid: wire.Written
    imsi: wire.Written | None = None
    msisdn: wire.Written | None = None
    aliases: list[wire.Written] = []
    bic: wire.Name | None = None
    model: wire.Name | None = None
    status: wire.Ref | None = None
    organisation: wire.Ref | None = None
    number_space: wire.Name = ""


class EnteredSim(msgspec.Struct, kw_only=True):
    """What became of one of several: its id, or an error."""

    iccid: str | None
    id: int | UnsetType = UNSET
    error_code: int | UnsetType = UNSET
    error_token: str | UnsetType = UNSET
    message: str | UnsetType = UNSET
    field: str | UnsetType = UNSET
    rule: str | UnsetType = UNSET


class Batch(msgspec.Struct, kw_only=True):
    sim: list[Sim]


class SimWanted(msgspec.Struct, kw_only=True):
    """The body of PATCH; what is left out stays. Numbers are ours."""

    status: wire.Ref | UnsetType | None = UNSET
    imsi: wire.Written | UnsetType | None = UNSET
    msisdn: wire.Written | UnsetType | None = UNSET
    aliases: list[wire.Written] | UnsetType = UNSET
    customer_org: wire.Ref | UnsetType | None = UNSET
    number_space: wire.Name | UnsetType = UNSET


class BatchWanted(msgspec.Struct, kw_only=True):
    """Documented `{"sim_status": {"id": 1}}`; emnify's SDK 0.5.3 sends the status itself."""

    id: wire.Id | UnsetType | None = UNSET
    sim_status: wire.Ref | UnsetType | None = UNSET


_ENTRIES = wire.decoder(SimEntry | list[SimEntry])  # type: ignore[arg-type]  # mypy takes no union for a type
_WANTED = wire.decoder(SimWanted)
_BATCH = wire.decoder(BatchWanted)


@operation("List SIMs", answer=list[Sim], listing=Listed(CRITERIA, LISTING.columns, PER_PAGE, MOST_PER_PAGE))
async def list_sims(call: Call) -> Answer:
    """One page."""
    asked = criteria.criteria_of(call, CRITERIA, LISTING.columns, PER_PAGE, MOST_PER_PAGE)
    page = await sims.page(call.context.core, call.actor, asked.filters, asked.order, asked.page, asked.per_page)
    return criteria.paged(call, page, [sim_of(view) for view in page.items], asked.order)


@operation(
    "Enter one SIM, or several",
    body=SimEntry | list[SimEntry],
    example={"iccid": "8988228000000000001", "imsi": "901280000000001", "msisdn": "882285000000001", "status": {"id": 1}},
    answer=Sim | list[EnteredSim],
    status=201,
    tells={"Location": "The absolute address of the SIM, where it is one."},
    refuses=(Code.INVALID_REFERENCE, Code.DUPLICATED, Code.INVALID_FORMAT),
    also={422: Reply("None of several was taken: an error for each.", list[EnteredSim])},
)
async def enter(call: Call) -> Answer:
    """One SIM: 201, where it is and the SIM. Several: 201 and an id or an error for each, in their order; 422 where none was taken."""
    entries: SimEntry | list[SimEntry] = call.decode(_ENTRIES)
    if isinstance(entries, SimEntry):
        (result,) = await sims.enter(call.context.core, call.actor, [_new(entries)], _organisation_of([entries]))
        if isinstance(result, Problem):
            raise result
        view, aliases = await sims.view(call.context.core, call.actor, result)
        return created(f"{call.context.origin(call.scope)}/api/v1/sim/{result}", sim_of(view, aliases))
    results = await sims.enter(call.context.core, call.actor, [_new(entry) for entry in entries], _organisation_of(entries))
    body = [_result(entry, result) for entry, result in zip(entries, results, strict=True)]
    return json(body, status=422 if results and all(isinstance(result, Problem) for result in results) else 201)


@operation("Retrieve a SIM", answer=Sim)
async def retrieve(call: Call) -> Answer:
    """One."""
    view, aliases = await sims.view(call.context.core, call.actor, SimId(call.id("sim_id")))
    return json(sim_of(view, aliases))


@operation("Change a SIM", body=SimWanted, example={"status": {"id": 1}}, refuses=(Code.DUPLICATED, Code.NOT_ALLOWED, Code.IN_USE))
async def update(call: Call) -> Answer:
    """Change its status, its numbers, or whose it is."""
    wanted = call.decode(_WANTED)
    organisation_id = wire.id_of(wanted.customer_org)
    change = SimChange(
        status=wire.one_of(SimStatus, wanted.status, "status"),
        imsi=UNSET if wanted.imsi is UNSET else wire.written(wanted.imsi),
        msisdn=UNSET if wanted.msisdn is UNSET else wire.written(wanted.msisdn),
        aliases=UNSET if wanted.aliases is UNSET else tuple(str(wire.written(alias)) for alias in wanted.aliases),
        organisation_id=organisation_id if isinstance(organisation_id, int) else UNSET,
        number_space=wanted.number_space,
    )
    await sims.update(call.context.core, call.actor, SimId(call.id("sim_id")), change)
    return NO_CONTENT


@operation("Delete a SIM", refuses=(Code.IN_USE, Code.NOT_ALLOWED))
async def delete(call: Call) -> Answer:
    """Delete one that is in no device."""
    await sims.delete(call.context.core, call.actor, SimId(call.id("sim_id")))
    return NO_CONTENT


@operation("List the statuses of SIMs", answer=list[wire.Described])
async def statuses(_call: Call) -> Answer:
    """The statuses there are."""
    return json(wire.listed(SimStatus))


@operation("List the SIMs of a batch", answer=Batch)
async def validate_batch(call: Call) -> Answer:
    """The SIMs of a batch."""
    return json({"sim": [sim_of(view) for view in await sims.batch(call.context.core, call.actor, call.text("bic"))]})


@operation(
    "Register the SIMs of a batch",
    body=BatchWanted,
    example={"sim_status": {"id": 1}},
    answer=Batch,
    refuses=(Code.NOT_ALLOWED,),
    also={422: Reply("There is no such batch (no body), or the body does not fit.", str, "text/html")},
)
async def register_batch(call: Call) -> Answer:
    """Give the SIMs of a batch a status: Activated, where the body names none. 422 without a body for an unknown code, as recorded."""
    wanted = call.decode(_BATCH)
    given = wire.id_of(wanted.sim_status) if wanted.sim_status is not UNSET else wanted.id
    status = wire.one_of(SimStatus, wire.Ref(given), "sim_status")
    try:
        views = await sims.register_batch(
            call.context.core, call.actor, call.text("bic"), SimStatus.ACTIVATED if status is UNSET else status
        )
    except Problem as problem:
        if problem.code is Code.INVALID_REFERENCE:
            return UNKNOWN_BATCH
        raise
    return json({"sim": [sim_of(view) for view in views]})


def sim_of(view: SimView, aliases: list[str] | UnsetType = UNSET) -> Sim:
    """A SIM as the API shows it. A list does without the aliases."""
    organisation = wire.Named(view.organisation_id, view.organisation_name)
    return Sim(
        id=view.id,
        iccid=view.iccid,
        iccid_with_luhn=view.iccid + luhn_digit(view.iccid),
        production_date=wire.stamp(view.production_at_ms),
        activation_date=UNSET if view.activation_at_ms is None else wire.stamp(view.activation_at_ms),
        status=wire.described(SimStatus(view.status_id)),
        customer_org=organisation,
        issuer_org=organisation,
        endpoint=_endpoint_of(view),
        imsi=view.imsi,
        msisdn=view.msisdn,
        model=UNSET if view.model is None else {"description": view.model},
        bic=view.bic,
        number_space=view.number_space,
        aliases=aliases,
    )


def _endpoint_of(view: SimView) -> EndpointOfSim | UnsetType:
    if view.device_id is None:
        return UNSET
    return EndpointOfSim(
        id=view.device_id,
        name=view.device_name,
        imei=view.device_imei,
        created=wire.stamp(view.device_created_at_ms or 0),
        last_updated=wire.stamp(view.device_last_updated_at_ms or 0),
        organisation_id=view.organisation_id,
        service_profile_id=view.service_profile_id,
        tariff_profile_id=view.tariff_profile_id,
        tags=view.device_tags,
        ip_address=view.device_ip_address,
        ip_address_space_id=view.ip_address_space_id,
    )


def _new(entry: SimEntry) -> NewSim:
    status = wire.one_of(SimStatus, entry.status, "status")
    return NewSim(
        iccid=str(wire.written(entry.iccid)),
        imsi=wire.written(entry.imsi),
        msisdn=wire.written(entry.msisdn),
        aliases=tuple(str(wire.written(alias)) for alias in entry.aliases),
        bic=entry.bic,
        model=entry.model,
        status=SimStatus.ISSUED if status is UNSET else status,
        number_space=entry.number_space,
    )


def _organisation_of(entries: list[SimEntry]) -> int | None:
    """The one organisation that all are for. Raises Problem where they are for several."""
    wanted = {wire.id_of(entry.organisation) for entry in entries}
    if len(wanted) > 1:
        raise Problem(Code.INVALID, "SIMs entered together belong to one organisation", field="organisation")
    found = next(iter(wanted), None)
    return found if isinstance(found, int) else None


def _result(entry: SimEntry, result: SimId | Problem) -> dict[str, object]:
    iccid = wire.written(entry.iccid)
    if isinstance(result, Problem):
        return {"iccid": iccid, **problems.error(result)}
    return {"id": result, "iccid": iccid}


ROUTES = {
    "/api/v1/sim": Resource(GET=list_sims, POST=enter),
    "/api/v1/sim/status": Resource(GET=statuses),
    "/api/v1/sim/{sim_id}": Resource(GET=retrieve, PATCH=update, DELETE=delete),
    "/api/v1/sim_batch/bic/{bic}": Resource(GET=validate_batch, PATCH=register_batch),
}
