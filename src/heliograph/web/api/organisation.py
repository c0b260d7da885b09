"""Organisations: the caller's own for everybody; all of them, made, changed and deleted, for the operator (ours, in emnify's style)."""

import msgspec
from msgspec import UNSET, UnsetType

from heliograph.model.problem import Code
from heliograph.service.manage import account
from heliograph.service.manage import organisation as organisations
from heliograph.service.manage.organisation import OrganisationChange
from heliograph.store.account import Organisation
from heliograph.web.answer import NO_CONTENT, Answer, created, json
from heliograph.web.api import wire
from heliograph.web.operation import operation
from heliograph.web.resource import Call, Resource


class OrganisationView(msgspec.Struct, kw_only=True):
    """`default_source` is ours: the sender of messages that name none."""

    id: int
    name: str
    created: str
    default_source: str | None


class OrganisationWanted(msgspec.Struct, kw_only=True):
    """The body of POST and PATCH; what is left out stays."""

    name: wire.Name | UnsetType = UNSET
    default_source: wire.Written | UnsetType | None = UNSET


_WANTED = wire.decoder(OrganisationWanted)


@operation("Retrieve your organisation", answer=OrganisationView)
async def my(call: Call) -> Answer:
    """What clients ask to see whether their token works, and whose it is."""
    return json(view_of(await organisations.view(call.context.core, call.actor, call.actor.organisation_id)))


@operation("List organisations", answer=list[OrganisationView])
async def list_organisations(call: Call) -> Answer:
    """Those the caller sees: the operator all, others their own."""
    return json([view_of(each) for each in await account.list_organisations(call.context.core, call.actor)])


@operation(
    "Create an organisation",
    body=OrganisationWanted,
    example={"name": "Waterworks", "default_source": "Waterworks"},
    answer=OrganisationView,
    status=201,
    location=True,
    refuses=(Code.FORBIDDEN, Code.INVALID_FORMAT, Code.DUPLICATED),
)
async def create(call: Call) -> Answer:
    """A new one, with a service policy and a tariff to begin with: 201, where it is, and itself."""
    made = await organisations.create(call.context.core, call.actor, _change(call))
    return created(f"{call.context.origin(call.scope)}/api/v1/organisation/{made.id}", view_of(made))


@operation("Retrieve an organisation", answer=OrganisationView)
async def retrieve(call: Call) -> Answer:
    """One."""
    return json(view_of(await organisations.view(call.context.core, call.actor, call.id("organisation_id"))))


@operation(
    "Change an organisation",
    body=OrganisationWanted,
    example={"default_source": "12345"},
    refuses=(Code.FORBIDDEN, Code.INVALID_FORMAT, Code.DUPLICATED),
)
async def update(call: Call) -> Answer:
    """Another name, or another sender."""
    await organisations.update(call.context.core, call.actor, call.id("organisation_id"), _change(call))
    return NO_CONTENT


@operation("Delete an organisation", refuses=(Code.FORBIDDEN, Code.IN_USE, Code.NOT_ALLOWED))
async def delete(call: Call) -> Answer:
    """Delete one that has neither devices nor SIMs."""
    await organisations.delete(call.context.core, call.actor, call.id("organisation_id"))
    return NO_CONTENT


def view_of(organisation: Organisation) -> OrganisationView:
    """An organisation as the API shows it."""
    return OrganisationView(
        id=organisation.id,
        name=organisation.name,
        created=wire.stamp(organisation.created_at_ms),
        default_source=organisation.default_source,
    )


def _change(call: Call) -> OrganisationChange:
    wanted = call.decode(_WANTED)
    source = wanted.default_source
    return OrganisationChange(name=wanted.name, default_source=UNSET if source is UNSET else wire.written(source) or None)


ROUTES = {
    "/api/v1/organisation": Resource(GET=list_organisations, POST=create),
    "/api/v1/organisation/my": Resource(GET=my),
    "/api/v1/organisation/{organisation_id}": Resource(GET=retrieve, PATCH=update, DELETE=delete),
}
