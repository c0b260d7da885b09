"""Which deliveries this process takes next: for each webhook as many as it has room for, whatever waits for the others.

Webhooks with something due are found by one look at the index for each, and each has its own rows behind it, so a million that wait for a
dead one cost the others nothing. They take turns: a claim begins behind the webhook at which the one before ended. What a webhook may have
is its share (`service/share.py`), but

- paused: nothing; disabled: nothing, and what waits is given up, where it is seen and can be replayed;
- degraded: one probe a minute, the oldest that is due, whichever process makes it: the row of the webhook decides;
- deleted: all, so that they end;
- what somebody asked for by hand (a due time of 0): always.
"""

from collections.abc import Mapping

import msgspec

from heliograph.model.ids import NodeId
from heliograph.model.notification import ACCOUNT_KEPT_MS
from heliograph.model.webhook_health import PROBE_MS
from heliograph.service.share import Shares
from heliograph.service.webhooks import Webhooks
from heliograph.store import node as node_store
from heliograph.store import notification as store
from heliograph.store import webhook as webhook_store
from heliograph.store.database import Database
from heliograph.store.notification import Claimed, Waiting
from heliograph.store.transaction import Transaction
from heliograph.store.webhook import Webhook

ASKED_FOR = 0
"""The due time of what somebody asked for by hand."""
WEBHOOKS_AT_ONCE = 100
END_BATCH = 500


class Found(msgspec.Struct):
    """What a claim brought. `waiting`: webhooks that had more than they had room for; `is_full`: one had nothing because there was no room
    in all. `next_due_ms`: when the next is due. `after`: the webhook behind which the next claim begins; `is_more`: at once."""

    claimed: list[Claimed] = []
    urgent: set[int] = set()
    asked_of: set[int] = set()
    waiting: set[int] = set()
    is_full: bool = False
    next_due_ms: int | None = None
    after: int = 0
    is_more: bool = False


def claim(
    tx: Transaction, node_id: NodeId, webhooks: Webhooks, shares: Shares, after: int, accounts: Mapping[str, int], now_ms: int
) -> Found:
    """Claim what is due for webhooks by their shares, and for SMPP accounts by what they may have. Nothing for a process that another
    took for dead."""
    changed = webhooks.refresh(tx)
    found = Found()
    ids: list[int] = []
    left = shares.room_in_all
    listed = store.waiting_webhooks(tx, after, WEBHOOKS_AT_ONCE)
    for each in listed:
        if each.due_at_ms > now_ms:
            found.next_due_ms = min(each.due_at_ms, found.next_due_ms or each.due_at_ms)
            continue
        webhook = changed.get(each.callback_id) or webhooks.known(tx, each.callback_id)
        taken = _of_webhook(tx, webhook, shares, each, left, now_ms, found)
        left = max(0, left - len(taken))
        ids += taken
    if len(listed) == WEBHOOKS_AT_ONCE:
        found.after = listed[-1].callback_id
    found.is_more = found.is_more or after != found.after
    ids += store.due_for(tx, accounts, now_ms) if accounts else []
    if ids and not node_store.lower(tx, node_id, min(ids)):
        return Found()
    found.claimed = store.claim(tx, node_id, ids)
    for claimed in found.claimed:
        claimed.is_urgent = claimed.id in found.urgent
    return found


def _of_webhook(
    tx: Transaction, webhook: Webhook | None, shares: Shares, each: Waiting, left: int, now_ms: int, found: Found
) -> list[int]:  # fmt: skip
    webhook_id = each.callback_id
    found.asked_of.add(webhook_id)
    if webhook is None or webhook.deleted_at_ms is not None:
        return store.due_of(tx, webhook_id, now_ms, END_BATCH)
    if webhook.is_held:
        by_hand = store.due_of(tx, webhook_id, ASKED_FOR, max(1, left)) if each.due_at_ms == ASKED_FOR else []
        if webhook.disabled_at_ms is not None and store.give_up_waiting(tx, webhook_id, now_ms, END_BATCH) == END_BATCH:
            found.is_more = True
        is_probe_due = webhook.is_open and webhook.probe_at_ms is not None and webhook.probe_at_ms <= now_ms
        urgent = by_hand or (_probe(tx, webhook_id, now_ms) if is_probe_due else [])
        found.urgent.update(urgent)
        return urgent
    room = min(left, shares.room(webhook_id))
    taken = store.due_of(tx, webhook_id, now_ms, room) if room > 0 else []
    if len(taken) == room:
        found.waiting.add(webhook_id)
        found.is_full = found.is_full or left <= room
    return taken


def _probe(tx: Transaction, webhook_id: int, now_ms: int) -> list[int]:
    """The oldest that is due, if it is time and no other process was first."""
    webhook: Webhook | None = webhook_store.lock(tx, [webhook_id]).get(webhook_id)
    if webhook is None or webhook.probe_at_ms is None or webhook.probe_at_ms > now_ms:
        return []
    webhook.probe_at_ms = now_ms + PROBE_MS
    webhook_store.update(tx, [webhook])
    return store.due_of(tx, webhook_id, now_ms, 1)


async def give_up_old(database: Database, now_ms: int) -> None:
    """Give up what waited for an SMPP account for 7 days: nobody was bound. What was tried is given up by its last try."""
    before_ms = now_ms - ACCOUNT_KEPT_MS
    for account in await database.read(store.accounts_with_old, before_ms):
        while await database.write(store.give_up_old, account, before_ms, now_ms, END_BATCH) == END_BATCH:
            continue
