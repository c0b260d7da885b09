"""The names of organisations, for the operator, who sees the things of all."""

from heliograph.model.permission import Right
from heliograph.service.manage import account
from heliograph.web.portal.page import Asked


async def names(asked: Asked) -> dict[int, str]:
    """By id; none where the reader sees one organisation only, or there is but one."""
    if not asked.can(Right.OPERATE):
        return {}
    found = {int(each.id): each.name for each in await account.every_organisation(asked.core)}
    return found if len(found) > 1 else {}
