"""Somebody outside, a network core for example, says that a device is there again: what waits for it is tried now."""

from heliograph.model.account import Actor
from heliograph.model.ids import DeviceId
from heliograph.service.core import Core
from heliograph.service.manage.scope import changed_by, not_found
from heliograph.service.wake import wake
from heliograph.store import device as store
from heliograph.store.transaction import Transaction


async def note_reachable(core: Core, actor: Actor, device_id: DeviceId) -> None:
    """Have what waits for the device tried at once, at most once in 20 s (rules: Links, the ladder). Raises Problem."""
    await core.database.write(_wake, core, changed_by(actor), device_id, core.clock.now_ms())


def _wake(tx: Transaction, core: Core, scope: int, device_id: DeviceId, now_ms: int) -> None:
    if store.view(tx, scope, device_id) is None:
        raise not_found("Endpoint", device_id)
    wake(tx, core, [device_id], now_ms)
