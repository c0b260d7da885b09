"""How a link is doing and what it brought for nobody: for the operator, from the database, so whichever process runs it."""

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
MOST_STRAYS = 20


class Doing(msgspec.Struct, frozen=True):
    """How a link is doing. `refusals`: the latest tries that were not accepted."""

    pace: Pace
    waiting: Waiting
    refusals: list[Refusal]


class Strays(msgspec.Struct, frozen=True):
    """The newest of what a link brought for nobody."""

    receipts: list[StrayReceipt]
    inbound: list[Unmatched]


async def doing(core: Core, actor: Actor, link_id: int) -> Doing:
    """How a link is doing now. Raises Problem."""
    require(actor, Right.OPERATE)
    return await core.database.read(_doing, link_id, core.clock.now_ms() - PACE_MS)


async def strays(core: Core, actor: Actor, link_id: int) -> Strays:
    """What came by a link and fits nothing. Raises Problem."""
    require(actor, Right.OPERATE)
    return await core.database.read(_strays, link_id)


def _doing(tx: Transaction, link_id: int, since_ms: int) -> Doing:
    return Doing(store.pace(tx, link_id, since_ms), store.waiting(tx, link_id), store.refusals(tx, link_id, MOST_REFUSALS))


def _strays(tx: Transaction, link_id: int) -> Strays:
    receipts = store.unmatched_receipts(tx, link_id, NEWEST, MOST_STRAYS)
    return Strays(receipts, store.unmatched_inbound(tx, link_id, NEWEST, MOST_STRAYS))
