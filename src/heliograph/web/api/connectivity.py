"""Whether a device is attached to a network, as far as its SMS tell; and resets, which are taken and have no effect.

Heliograph stands outside the network core: it sees no location and no data session, and resets none. Clients that ask for it, emnify's
SDK among them, go on.
"""

import msgspec

from heliograph.service.manage import device as devices
from heliograph.service.manage.reachable import note_reachable
from heliograph.web.answer import HTML, NO_CONTENT, Answer, json
from heliograph.web.api.endpoint import device_id_of
from heliograph.web.operation import operation
from heliograph.web.resource import Call, Resource


class Attachment(msgspec.Struct, kw_only=True):
    """ATTACHED or OFFLINE."""

    description: str


class Connectivity(msgspec.Struct, kw_only=True):
    status: Attachment
    services: tuple[()] = ()


RESET = Answer(204, (HTML,))


@operation("Say whether a device is attached", answer=Connectivity)
async def retrieve(call: Call) -> Answer:
    """ATTACHED where the device sent or took an SMS in the last 48 hours, else OFFLINE."""
    attached = await devices.is_attached(call.context.core, call.actor, device_id_of(call))
    return json(Connectivity(status=Attachment(description="ATTACHED" if attached else "OFFLINE")))


@operation("Reset the connectivity of a device")
async def reset(call: Call) -> Answer:
    """204 for a device that there is."""
    await devices.view(call.context.core, call.actor, device_id_of(call))
    return RESET


@operation("Try now what waits for a device")
async def reachable(call: Call) -> Answer:
    """Have what waits for the device tried now (ours)."""
    await note_reachable(call.context.core, call.actor, device_id_of(call))
    return NO_CONTENT


ROUTES = {
    "/api/v1/endpoint/{endpoint_id}/connectivity": Resource(GET=retrieve, PATCH=reset),
    "/api/v1/endpoint/{endpoint_id}/reachable": Resource(POST=reachable),
}
