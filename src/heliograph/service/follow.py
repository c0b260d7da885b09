"""Follow what happens to messages, from now on, whichever process does it: the event feed, read again and again."""

from collections.abc import AsyncIterator, Sequence

from heliograph.model.account import Actor
from heliograph.service.manage.scope import Office, seen_by
from heliograph.store import feed
from heliograph.store.feed import SmsEvent

LOOK_AGAIN_S = 0.5
MOST_AT_ONCE = 1000


async def follow(office: Office, actor: Actor) -> AsyncIterator[Sequence[SmsEvent]]:
    """What happened since the last look, without end; nothing is missed, and each organisation's events come in their order."""
    scope = seen_by(actor)
    seen = await office.database.read(feed.positions, scope)
    yield ()
    while True:
        begun = dict.fromkeys(await office.database.read(feed.positions, scope), 0)
        seen = begun | seen
        events = await office.database.read(feed.sms_after, seen, MOST_AT_ONCE)
        for event in events:
            seen[event.organisation_id] = event.number
        if events:
            yield sorted(events, key=lambda event: event.at_ms)
        if len(events) < MOST_AT_ONCE:
            await office.clock.sleep_until(office.clock.monotonic() + LOOK_AGAIN_S)
