"""Tariffs, which have no prices here: every device of the compatible API names one."""

import msgspec

from heliograph.service.manage import policy as policies
from heliograph.store.policy import Tariff
from heliograph.web.answer import Answer, json
from heliograph.web.operation import operation
from heliograph.web.resource import Call, Resource


class TariffProfile(msgspec.Struct, kw_only=True):
    """`used_count`: how many devices name it."""

    id: int
    name: str
    description: str | None
    used_count: str
    organisation_id: str


@operation("List tariffs", answer=list[TariffProfile])
async def list_tariffs(call: Call) -> Answer:
    """All."""
    return json([_tariff(each) for each in await policies.tariffs(call.context.core, call.actor)])


@operation("Retrieve a tariff", answer=TariffProfile)
async def retrieve(call: Call) -> Answer:
    """One."""
    return json(_tariff(await policies.tariff(call.context.core, call.actor, call.id("tariff_id"))))


def _tariff(tariff: Tariff) -> TariffProfile:
    return TariffProfile(
        id=tariff.id,
        name=tariff.name,
        description=tariff.description,
        used_count=str(tariff.used_count),
        organisation_id=str(tariff.organisation_id),
    )


ROUTES = {
    "/api/v1/tariff_profile": Resource(GET=list_tariffs),
    "/api/v1/tariff_profile/{tariff_id}": Resource(GET=retrieve),
}
