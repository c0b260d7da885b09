"""The organisation of the caller."""

import msgspec

from heliograph.service.manage import account
from heliograph.web.answer import Answer, json
from heliograph.web.api import wire
from heliograph.web.operation import operation
from heliograph.web.resource import Call, Resource


class MyOrganisation(msgspec.Struct, kw_only=True):
    id: int
    name: str
    created: str


@operation("Retrieve your organisation", answer=MyOrganisation)
async def my(call: Call) -> Answer:
    """What clients ask to see whether their token works, and whose it is."""
    organisation = await account.my_organisation(call.context.core, call.actor)
    return json(MyOrganisation(id=organisation.id, name=organisation.name, created=wire.stamp(organisation.created_at_ms)))


ROUTES = {"/api/v1/organisation/my": Resource(GET=my)}
