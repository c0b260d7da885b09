"""What came in and belongs to nobody: SMS that no device sent and none was texted, receipts that fit no SMS of ours. Kept for the operator,
handed on to nobody."""

import msgspec

from heliograph.model.account import Actor
from heliograph.model.permission import Right, require
from heliograph.service.core import Core
from heliograph.store import link as link_store
from heliograph.store import link_watch as store
from heliograph.store.link_watch import StrayReceipt
from heliograph.store.part import Unmatched
from heliograph.store.transaction import Transaction

NEWEST = 2**63 - 1


class Sought(msgspec.Struct, frozen=True, kw_only=True):
    """`link_id` 0: by any link. `number` "": of any, else what is from it or to it. `before`: ids below."""

    link_id: int = 0
    number: str = ""
    before: int = NEWEST
    most: int = 100


async def inbound(core: Core, actor: Actor, sought: Sought) -> tuple[list[Unmatched], int | None]:
    """SMS, newest first, and the id below which the list goes on, None at its end. Raises Problem."""
    require(actor, Right.OPERATE)
    found = await core.database.read(store.unmatched_inbound, sought.link_id, sought.before, sought.most + 1, sought.number)
    return found[: sought.most], found[sought.most - 1].message_id if len(found) > sought.most else None


async def receipts(core: Core, actor: Actor, sought: Sought) -> tuple[list[StrayReceipt], int | None]:
    """The same of receipts, of the links that are there. Raises Problem."""
    require(actor, Right.OPERATE)
    found = await core.database.read(_receipts, sought)
    return found[: sought.most], found[sought.most - 1].id if len(found) > sought.most else None


def _receipts(tx: Transaction, sought: Sought) -> list[StrayReceipt]:
    """One more than is wanted, read link by link: the index of those that fit nothing is by link."""
    link_ids = [sought.link_id] if sought.link_id else [each.id for each in link_store.views(tx)]
    found = [
        each
        for link_id in link_ids
        for each in store.unmatched_receipts(tx, link_id, sought.before, sought.most + 1, sought.number)
    ]  # fmt: skip
    return sorted(found, key=lambda each: each.id, reverse=True)[: sought.most + 1]
