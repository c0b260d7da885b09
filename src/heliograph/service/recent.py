"""The latest events of a type, exactly as webhooks and the event stream tell them: by what no-code tools show what they will get."""

from heliograph.model.account import Actor
from heliograph.model.event import TYPES
from heliograph.model.problem import Code, Problem
from heliograph.service.manage.scope import Office
from heliograph.store import feed
from heliograph.store.feed import FeedEvent
from heliograph.store.listing import containing

AMONG = 50_000
"""Of an organisation's last events, since those of a rare type may lie far apart."""


async def recent(
    office: Office, actor: Actor, kind: str, *, most: int, device_id: int = 0, policy_id: int = 0, tag: str = ""
) -> list[FeedEvent]:  # fmt: skip
    """Newest first, of the actor's own organisation: of a device, of those with a policy, of those with a tag, or all. Raises Problem."""
    if kind not in TYPES:
        raise Problem(Code.INVALID_QUERY, f"as_event: there is no event type '{kind}': give one of {', '.join(TYPES)}", field="as_event")
    pattern = containing(f",{tag},") if tag else ""
    return await office.database.read(
        feed.latest, actor.organisation_id, kind, among=AMONG, device_id=device_id, policy_id=policy_id, tag=pattern, most=most
    )
