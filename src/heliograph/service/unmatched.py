"""What came in and belongs to nobody: no device sent it and none was texted. Kept for the operator, handed on to nobody."""

from heliograph.model.account import Actor
from heliograph.model.permission import Right, require
from heliograph.service.core import Core
from heliograph.store import part as store
from heliograph.store.part import Unmatched


async def unmatched(core: Core, actor: Actor, before_id: int, most: int) -> tuple[list[Unmatched], int | None]:
    """The newest with ids below `before_id`, and the id below which the list goes on, None at its end. Raises Problem."""
    require(actor, Right.OPERATE)
    found = await core.database.read(store.unmatched, before_id, most + 1)
    return found[:most], found[most - 1].message_id if len(found) > most else None
