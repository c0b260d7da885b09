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
KINDS: Final = (
    "sms", "device", "sim", "policy", "quota", "webhook", "delivery", "secret", "smpp_account", "command", "technician_link", "user",
    "token", "link", "route", "tag", "tariff", "organisation",
)  # fmt: skip
PLACES: Final = {
    "device": "/devices",
    "policy": "/policies",
    "webhook": "/webhooks",
    "delivery": "/deliveries",
    "command": "/commands",
    "technician_link": "/technician-links",
    "user": "/users",
    "link": "/links",
    "route": "/routes",
}
"""Where a thing of a kind has its page."""
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
        "audit.html",
        entries=entries,
        following=following,
        chosen=chosen,
        doors=DOORS,
        kinds=KINDS,
        page_of=page_of,
        is_filtered=any(chosen.values()),
    )


def page_of(entry: audit.Entry) -> str:
    """Where what an entry is about is seen; empty for what has no page, or is gone."""
    kind, _, done = entry.action.partition(".")
    if entry.object_id is None or done == "deleted":
        return ""
    if kind == "sms":
        return f"/devices/{entry.device_id}/sms/{entry.object_id}" if entry.device_id else ""
    return f"{PLACES[kind]}/{entry.object_id}" if kind in PLACES else ""


def _day(typed: str, default: int) -> int:
    """The beginning of a day (UTC) as a field for dates has it; what is none is passed over."""
    try:
        return int(datetime.strptime(typed, "%Y-%m-%d").replace(tzinfo=UTC).timestamp() * 1000)
    except ValueError:
        return default


PAGES: Final[dict[str, Page]] = {"/audit": Page(get=show, read=Right.ADMINISTER)}
