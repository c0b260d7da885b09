"""How a link is doing and what it brought for nobody: for the operator, from the database, so whichever process runs it."""

from collections.abc import Sequence

import msgspec

from heliograph.model.account import Actor
from heliograph.model.permission import Right, require
from heliograph.service.core import Core
from heliograph.store import link_watch as store
from heliograph.store.link_watch import Pace, Refusal, StrayReceipt, Waiting
from heliograph.store.part import Unmatched
from heliograph.store.transaction import Transaction

PACE_MS = 60_000
NEWEST = 2**63 - 1
MOST_REFUSALS = 10
MOST_STRAYS = 10


class Doing(msgspec.Struct, frozen=True):
    """How a link is doing."""

    pace: Pace
    waiting: Waiting


class Troubles(msgspec.Struct, frozen=True):
    """The latest tries of a link that were not accepted, and the newest of what it brought for nobody."""

    refusals: list[Refusal]
    receipts: list[StrayReceipt]
    inbound: list[Unmatched]


async def doing(core: Core, actor: Actor, link_ids: Sequence[int]) -> dict[int, Doing]:
    """How links are doing now. Raises Problem."""
    require(actor, Right.OPERATE)
    return await core.database.read(_doing, link_ids, core.clock.now_ms() - PACE_MS)


async def troubles(core: Core, actor: Actor, link_id: int) -> Troubles:
    """What went wrong by a link of late. Raises Problem."""
    require(actor, Right.OPERATE)
    return await core.database.read(_troubles, link_id)


def _doing(tx: Transaction, link_ids: Sequence[int], since_ms: int) -> dict[int, Doing]:
    paces = store.paces(tx, link_ids, since_ms)
    return {link_id: Doing(pace, store.waiting(tx, link_id)) for link_id, pace in paces.items()}


def _troubles(tx: Transaction, link_id: int) -> Troubles:
    receipts = store.unmatched_receipts(tx, link_id, NEWEST, MOST_STRAYS)
    inbound = store.unmatched_inbound(tx, link_id, NEWEST, MOST_STRAYS)
    return Troubles(store.refusals(tx, link_id, MOST_REFUSALS), receipts, inbound)
