"""A new SIM together with the device it is in: both are entered, or neither."""

import msgspec

from heliograph.model.account import Actor
from heliograph.model.ids import DeviceId, OrganisationId
from heliograph.service.manage import device as devices
from heliograph.service.manage.device import DeviceChange, SimChange
from heliograph.service.manage.scope import Office, changed_by, home_of
from heliograph.service.manage.sim import NewSim, enter_recorded, may_enter
from heliograph.store.device import DeviceView
from heliograph.store.transaction import Transaction


async def create(office: Office, actor: Actor, wanted: DeviceChange, new: NewSim) -> DeviceView:
    """A new device with a new SIM in it. Raises Problem."""
    return await office.database.write(_create, actor, home_of(actor, None), wanted, new, office.clock.now_ms())


async def update(office: Office, actor: Actor, device_id: DeviceId, change: DeviceChange, new: NewSim) -> None:
    """Change a device and give it a new SIM, of its organisation. Raises Problem."""
    home = (await devices.view(office, actor, device_id)).organisation_id
    await office.database.write(_update, actor, OrganisationId(home), device_id, change, new, office.clock.now_ms())


def _create(tx: Transaction, actor: Actor, home: OrganisationId, wanted: DeviceChange, new: NewSim, now_ms: int) -> DeviceView:
    return devices.create_one(tx, actor, home, _with_sim(tx, actor, home, wanted, new, now_ms), now_ms)


def _update(
    tx: Transaction, actor: Actor, home: OrganisationId, device_id: DeviceId, change: DeviceChange, new: NewSim, now_ms: int
) -> None:
    devices.update_one(tx, actor, changed_by(actor), device_id, _with_sim(tx, actor, home, change, new, now_ms), now_ms)


def _with_sim(tx: Transaction, actor: Actor, home: OrganisationId, change: DeviceChange, new: NewSim, now_ms: int) -> DeviceChange:
    may_enter(tx, actor)
    return msgspec.structs.replace(change, sim=SimChange(enter_recorded(tx, actor, home, new, now_ms)))
