"""Makes simulated devices and phones speak (ours). 404 where no simulator link runs."""

import msgspec

from heliograph.model.problem import Code
from heliograph.service import simulate
from heliograph.web.answer import Answer, json
from heliograph.web.api import wire
from heliograph.web.api.endpoint import device_id_of
from heliograph.web.operation import BETWEEN_SUBSCRIBERS, SENDING, operation
from heliograph.web.resource import Call, Resource


class MoWanted(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What a device sends. No `dest_address`: the network names none. `udh` is hex."""

    payload: str
    dest_address: wire.Written | None = None
    dcs: int | None = None
    udh: str | None = None


class MtWanted(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What a phone sends to a device."""

    source_address: wire.Written
    dest_address: wire.Written
    payload: str


class Made(msgspec.Struct, kw_only=True):
    """`id` of the message; null for a part of a long SMS that is not yet whole."""

    id: int | None


_MO = wire.decoder(MoWanted)
_MT = wire.decoder(MtWanted)


@operation(
    "Have a simulated device send an SMS",
    body=MoWanted,
    example={"payload": "level 42 cm", "dest_address": "1000"},
    answer=Made,
    status=201,
    refuses=(Code.NOT_FOUND, Code.NO_SIM, Code.INVALID_FORMAT),
)
async def originate(call: Call) -> Answer:
    """Have a device send an SMS; `id` is null for a part of a long one that is not yet whole."""
    wanted = call.decode(_MO)
    message_id = await simulate.originate(
        call.context.core, call.actor, device_id_of(call), wire.written(wanted.dest_address), wanted.payload, wanted.dcs, wanted.udh
    )
    return json(Made(id=message_id), status=201)


@operation(
    "Have a simulated phone text a device",
    body=MtWanted,
    example={"source_address": "491701234567", "dest_address": "882285000000001", "payload": "status?"},
    answer=Made,
    status=201,
    refuses=(Code.NOT_FOUND, *SENDING, *BETWEEN_SUBSCRIBERS, Code.INVALID_FORMAT),
)
async def call_in(call: Call) -> Answer:
    """Have a phone text a device."""
    wanted = call.decode(_MT)
    source, destination = str(wire.written(wanted.source_address)), str(wire.written(wanted.dest_address))
    message_id = await simulate.call_in(call.context.core, call.actor, source, destination, wanted.payload)
    return json(Made(id=message_id), status=201)


ROUTES = {
    "/api/v1/simulator/endpoint/{endpoint_id}/mo": Resource(POST=originate),
    "/api/v1/simulator/mt": Resource(POST=call_in),
}
