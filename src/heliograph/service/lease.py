"""Who owns a link: acquire, beat, release. No clocks are compared: a process takes over when it saw one beat for long enough."""

from collections.abc import Sequence
from dataclasses import dataclass

from heliograph.model.ids import LinkId
from heliograph.service.core import Core
from heliograph.service.link_event import tell
from heliograph.service.unanswered import note_unanswered
from heliograph.store import lane as lane_store
from heliograph.store import link as store
from heliograph.store.link import LinkRow
from heliograph.store.transaction import Transaction

BEAT_S = 2.0
SILENT_AFTER_S = 6.0
TAKEOVER_AFTER_S = 10.0


@dataclass(frozen=True, slots=True)
class Lease:
    """This process owns the link in this epoch, until another takes it over."""

    link_id: LinkId
    epoch: int


async def links(core: Core) -> list[LinkRow]:
    """All links that are to run, with their leases as they stand now."""
    return await core.database.read(store.enabled)


async def acquire(core: Core, seen: LinkRow) -> Lease | None:
    """Take a link whose lease is still as `seen`; None when somebody was faster. Call it for a link without owner, or whose owner's
    beat stood still for TAKEOVER_AFTER_S of our own clock."""
    return await core.database.write(_acquire, core, seen, core.clock.now_ms())


async def beat(core: Core, lease: Lease) -> bool:
    """Show that we live; False when we are the owner no more. Send nothing once SILENT_AFTER_S passed since the last that was True."""
    return await core.database.write(store.beat, lease.link_id, core.node_id, lease.epoch)


async def set_state(core: Core, lease: Lease, state: str, reason: str | None) -> None:
    """Note that the link is up, down or at fault, for people; that it has become so is an event."""
    await core.database.write(_set_state, lease, state, reason, core.clock.now_ms())


async def keep_trace(core: Core, link_id: LinkId, pdus: Sequence[tuple[int, str, bool, str]]) -> None:
    """Write down PDUs of a link, for whoever watches it."""
    await core.database.write(store.keep_trace, link_id, pdus)


async def release(core: Core, lease: Lease) -> None:
    """Give the link up, so that another process need not wait."""
    await core.database.write(store.release, lease.link_id, core.node_id, lease.epoch, core.clock.now_ms())


def _acquire(tx: Transaction, core: Core, seen: LinkRow, now_ms: int) -> Lease | None:
    epoch = store.acquire(tx, seen.id, core.node_id, seen.epoch, seen.beat, now_ms)
    if epoch is None:
        return None
    lane_store.adopt(tx, seen.id)
    if seen.node_id is not None and seen.node_id != core.node_id:
        note_unanswered(tx, seen.id, seen.node_id, now_ms)
    return Lease(LinkId(seen.id), epoch)


def _set_state(tx: Transaction, lease: Lease, state: str, reason: str | None, now_ms: int) -> None:
    name, before = store.state(tx, lease.link_id)
    if store.set_state(tx, lease.link_id, lease.epoch, state, reason, now_ms) and state != before:
        tell(tx, state, lease.link_id, name, reason, now_ms)
