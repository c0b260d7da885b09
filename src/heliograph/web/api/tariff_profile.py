"""Tariffs, which have no prices here: every device of the compatible API names one."""

import msgspec
from msgspec import UNSET, UnsetType

from heliograph.model.problem import Code
from heliograph.service.manage import tariff as tariffs
from heliograph.service.manage.tariff import TariffChange
from heliograph.store.policy import Tariff
from heliograph.web.answer import NO_CONTENT, Answer, created, json
from heliograph.web.api import wire
from heliograph.web.operation import operation
from heliograph.web.resource import Call, Resource


class TariffProfile(msgspec.Struct, kw_only=True):
    """`used_count`: how many devices name it."""

    id: int
    name: str
    description: str | None
    used_count: str
    organisation_id: str


class TariffWanted(msgspec.Struct, kw_only=True):
    """The body of POST and PATCH. What else emnify knows of tariffs is not read."""

    name: wire.Name | UnsetType = UNSET
    description: wire.Text | UnsetType | None = UNSET


_WANTED = wire.decoder(TariffWanted)


@operation("List tariffs", answer=list[TariffProfile])
async def list_tariffs(call: Call) -> Answer:
    """All."""
    return json([_tariff(each) for each in await tariffs.views(call.context.core, call.actor)])


@operation(
    "Create a tariff",
    body=TariffWanted,
    example={"name": "Standard"},
    answer=TariffProfile,
    status=201,
    location=True,
    refuses=(Code.INVALID,),
)
async def create(call: Call) -> Answer:
    """201, where it is, and the tariff."""
    made = await tariffs.create(call.context.core, call.actor, _change(call))
    return created(f"{call.context.origin(call.scope)}/api/v1/tariff_profile/{made.id}", _tariff(made))


@operation("Retrieve a tariff", answer=TariffProfile)
async def retrieve(call: Call) -> Answer:
    """One."""
    return json(_tariff(await tariffs.view(call.context.core, call.actor, call.id("tariff_id"))))


@operation("Change a tariff", body=TariffWanted, example={"description": "for the north"}, refuses=(Code.INVALID,))
async def update(call: Call) -> Answer:
    """Change some of it."""
    await tariffs.update(call.context.core, call.actor, call.id("tariff_id"), _change(call))
    return NO_CONTENT


@operation("Delete a tariff", refuses=(Code.IN_USE,))
async def delete(call: Call) -> Answer:
    """Delete one that no device has."""
    await tariffs.delete(call.context.core, call.actor, call.id("tariff_id"))
    return NO_CONTENT


def _change(call: Call) -> TariffChange:
    wanted = call.decode(_WANTED)
    return TariffChange(name=wanted.name, description=wanted.description)


def _tariff(tariff: Tariff) -> TariffProfile:
    return TariffProfile(
        id=tariff.id,
        name=tariff.name,
        description=tariff.description,
        used_count=str(tariff.used_count),
        organisation_id=str(tariff.organisation_id),
    )


ROUTES = {
    "/api/v1/tariff_profile": Resource(GET=list_tariffs, POST=create),
    "/api/v1/tariff_profile/{tariff_id}": Resource(GET=retrieve, PATCH=update, DELETE=delete),
}
