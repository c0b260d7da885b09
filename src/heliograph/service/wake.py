"""A device is heard of: what waits for it is tried now."""

from heliograph.model import retry
from heliograph.model.ids import LinkId
from heliograph.service.core import Core
from heliograph.store import lane as lane_store
from heliograph.store import message as message_store
from heliograph.store.transaction import Transaction


async def reachable(core: Core, link_id: LinkId, number: str) -> None:
    """A link says that the device with this number answers again. Unknown numbers are nobody's news."""
    await core.database.write(wake_number, core, number, core.clock.now_ms())


def wake_number(tx: Transaction, core: Core, number: str, now_ms: int) -> None:
    """Make the lane of the device with this number due, at most once in 20 s."""
    wake(tx, core, list(message_store.devices_by_number(tx, [number]).values()), now_ms)


def wake(tx: Transaction, core: Core, device_ids: list[int], now_ms: int) -> None:
    """Make the lanes of these devices due, each at most once in 20 s."""
    for link_id, due_at_ms in lane_store.wake(tx, device_ids, now_ms, retry.WAKE_GAP):
        tx.after_commit(core.queues.hint, link_id, due_at_ms)
