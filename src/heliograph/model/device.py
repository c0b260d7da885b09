"""A device and its SIM, as far as sending depends on them."""

from enum import IntEnum

import msgspec

from heliograph.model.ids import DeviceId, OrganisationId, SimId
from heliograph.model.problem import Code, Problem


class DeviceStatus(IntEnum):
    ENABLED = 0
    DISABLED = 1
    DELETED = 2


class SimStatus(IntEnum):
    ISSUED = 0
    ACTIVATED = 1
    SUSPENDED = 2
    DELETED = 3
    FACTORY_TEST = 4


SIM_TRANSITIONS: dict[SimStatus, frozenset[SimStatus]] = {
    SimStatus.ISSUED: frozenset({SimStatus.ACTIVATED, SimStatus.FACTORY_TEST}),
    SimStatus.ACTIVATED: frozenset({SimStatus.SUSPENDED}),
    SimStatus.SUSPENDED: frozenset({SimStatus.ACTIVATED}),
    SimStatus.DELETED: frozenset(),
    SimStatus.FACTORY_TEST: frozenset({SimStatus.ACTIVATED}),
}


class Subscriber(msgspec.Struct, frozen=True):
    """A device with the SIM it has now. `sim_id` None: no SIM assigned."""

    device_id: DeviceId
    organisation_id: OrganisationId
    status: DeviceStatus
    sim_id: SimId | None
    sim_status: SimStatus | None
    msisdn: str | None
    imsi: str | None

    @property
    def address(self) -> str | None:
        """What a link addresses it by: its MSISDN, else its IMSI."""
        return self.msisdn or self.imsi


def ready(subscriber: Subscriber) -> Problem | None:
    """Why a device can neither send nor receive now, or None. Checked when sending, never when the device is changed."""
    if subscriber.status is not DeviceStatus.ENABLED:
        return Problem(Code.DEVICE_DISABLED, "the device is disabled: enable it, then send again")
    if subscriber.sim_id is None:
        return Problem(Code.NO_SIM, "the device has no SIM: assign one, then send again")
    if subscriber.sim_status is not SimStatus.ACTIVATED:
        return Problem(Code.SIM_NOT_ACTIVE, "the device's SIM is not activated: activate it, then send again")
    if subscriber.address is None:
        return Problem(Code.NO_SIM, "the device's SIM has neither MSISDN nor IMSI: enter one, then send again")
    return None
