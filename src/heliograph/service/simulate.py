"""Make a simulated device, or a simulated phone, speak. Only where a simulator link runs in this process."""

from typing import Final

from heliograph.model.account import Actor
from heliograph.model.explain import advice_on
from heliograph.model.ids import DeviceId, MessageId
from heliograph.model.link import Answer
from heliograph.model.number import as_dialled, normalise
from heliograph.model.permission import Right, require
from heliograph.model.problem import Code, Problem
from heliograph.service.core import Core, Simulator
from heliograph.service.draft import Draft
from heliograph.service.encode import encode, split
from heliograph.store import number as number_store
from heliograph.store.transaction import Transaction

WHY: Final = {
    Code.NO_RELAY: "neither number is a device here: give the MSISDN of a device as dest_address, or send from one",
    Code.DEVICE_DISABLED: "the device is disabled: enable it, then send again",
    Code.SIM_NOT_ACTIVE: "the device's SIM is not activated: activate it, then send again",
    Code.NO_SIM: "the device has no SIM: assign one, then send again",
    Code.LOOP: "the same SMS came three times within a minute: change its text, or wait",
}
"""What the network would not say to a sender; who plays it wants to know."""


async def originate(
    core: Core, actor: Actor, device_id: DeviceId, dest_address: str | None, payload: str, dcs: int | None, udh_hex: str | None
) -> MessageId | None:
    """Have a simulated device send an SMS; its message, or None for a part of a long one. Raises Problem, also where a rule refuses it."""
    require(actor, Right.CHANGE)
    destination = as_dialled(dest_address, "dest_address") if dest_address else None
    number, space = await core.database.read(_number_of, actor, device_id)
    simulator = _simulator(core, space)
    encoded = encode(Draft(payload, dcs=dcs, udh=udh_hex))
    answer = Answer()
    for part in split(payload, encoded.dcs, encoded.udh, core.clock.now_ms() & 0xFF):
        answer = await simulator.originate(number, destination, part.user_data, part.udh, encoded.dcs)
        if answer.refused is not None:
            break
    return _accepted(answer)


async def call_in(core: Core, actor: Actor, source: str, destination: str, payload: str) -> MessageId | None:
    """Play a phone that texts a device. Raises Problem where a rule refuses it."""
    require(actor, Right.CHANGE)
    simulator = _simulator(core)
    return _accepted(await simulator.call_in(normalise(source, "source_address"), normalise(destination, "dest_address"), payload))


def _simulator(core: Core, number_space: str = "") -> Simulator:
    fitting = [each for link_id, each in core.simulators.items() if core.queues.profile(link_id).number_space == number_space]
    if not fitting:
        where = f" with the number space '{number_space}'" if number_space else ""
        raise Problem(Code.NOT_FOUND, f"no simulator link{where} runs here: start `heliograph try`, or add a link of kind simulator{where}")
    return fitting[0]


def _accepted(answer: Answer) -> MessageId | None:
    if answer.refused is not None:
        code = Code(answer.refused)
        raise Problem(code, WHY.get(code) or f"the SMS was refused: {advice_on(code) or 'its record says why'}")
    return answer.message_id


def _number_of(tx: Transaction, actor: Actor, device_id: DeviceId) -> number_store.InSpace:
    found = number_store.address_of_device(tx, actor.scope, device_id)
    if found is None:
        raise Problem(Code.INVALID_REFERENCE, f"Endpoint with Id '{device_id}' not found.")
    number, space = found
    if number is None:
        raise Problem(Code.NO_SIM, "the device has no SIM with a number: assign one, then it can send")
    return number, space
