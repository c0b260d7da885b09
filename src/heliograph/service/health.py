"""Whether this installation can do its work."""

import asyncio

from heliograph.service.manage.scope import Office
from heliograph.store import link
from heliograph.store.database import DatabaseLost
from heliograph.store.link import LinkRow

ANSWERS_WITHIN_S = 2.0


async def missing(office: Office) -> list[str]:
    """What is not as it should be, in plain words; nothing where messages can flow. Answers within 2 s."""
    try:
        async with asyncio.timeout(ANSWERS_WITHIN_S):
            links: list[LinkRow] = await office.database.read(link.enabled)
    except (TimeoutError, DatabaseLost):
        return ["the database does not answer"]
    if office.database.is_failing:
        return ["the database takes nothing that is new: is its disk full?"]
    return [f"link {each.name} has no owner: no process that runs links is up" for each in links if each.node_id is None]
