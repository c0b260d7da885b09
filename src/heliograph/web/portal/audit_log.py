"""The audit: who changed and sent what, when, by which door, from where."""

from datetime import UTC, datetime
from typing import Final

from heliograph.model.account import Door
from heliograph.model.permission import Right
from heliograph.service import audit
from heliograph.store.audit import LAST, AuditFilter
from heliograph.web.portal.page import Asked, Page
from heliograph.web.portal.reply import Reply

PER_PAGE: Final = 50
DOORS: Final = {
    Door.PORTAL: "Portal",
    Door.REST: "REST API",
    Door.CLI: "Command line",
    Door.SMPP: "SMPP",
    Door.ZAPIER: "Zapier",
    Door.TECHNICIAN: "Technician link",
}
KINDS: Final = ("sms", "device", "sim", "policy", "webhook", "delivery", "user", "token", "link", "technician_link", "organisation")
DAY_MS: Final = 86_400_000


async def show(asked: Asked) -> Reply:
    """One page of it, the newest first."""
    chosen = {name: asked.query.text(name) for name in ("door", "action", "from", "until")}
    wanted = AuditFilter(
        from_ms=_day(chosen["from"], 0), until_ms=_day(chosen["until"], LAST - DAY_MS) + DAY_MS, action=chosen["action"] or None,
        door=chosen["door"] or None,
    )  # fmt: skip
    entries, following = await audit.entries(asked.core, asked.actor, wanted, asked.query.text("after") or None, PER_PAGE)
    return asked.render(
        "audit.html", entries=entries, following=following, chosen=chosen, doors=DOORS, kinds=KINDS, is_filtered=any(chosen.values())
    )


def _day(typed: str, default: int) -> int:
    """The beginning of a day (UTC) as a field for dates has it; what is none is passed over."""
    try:
        return int(datetime.strptime(typed, "%Y-%m-%d").replace(tzinfo=UTC).timestamp() * 1000)
    except ValueError:
        return default


PAGES: Final[dict[str, Page]] = {"/audit": Page(get=show, read=Right.ADMINISTER)}
