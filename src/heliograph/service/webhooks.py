"""What this process knows of webhooks: read from the database as they change, so that no message asks for them.

Every change of a webhook has a version, from one row. A look at that row says whether anything changed, so what is kept here is no older
than the last look: each claim of deliveries is one, at least every second. What is not here yet is read once, by the transaction that
needs it. Read by the writer's thread and by the event loop: a webhook here is replaced as a whole and never changed.
"""

from collections.abc import Mapping, Sequence

from heliograph.store import webhook as store
from heliograph.store.transaction import Transaction
from heliograph.store.webhook import EVERYTHING, Webhook


class Webhooks:
    def __init__(self) -> None:
        self._known: dict[int, Webhook] = {}
        self._version = EVERYTHING
        self.by_feed: set[int] = set()
        """Those that are told of events by the feed."""

    def get(self, webhook_id: int) -> Webhook | None:
        """As it was at the last look."""
        return self._known.get(webhook_id)

    def refresh(self, tx: Transaction) -> Mapping[int, Webhook]:
        """Those that changed since the last look; they are known here once the transaction is committed."""
        version = store.version(tx)
        if version == self._version:
            return {}
        changed = store.changed_since(tx, self._version)
        tx.after_commit(self._adopt, version, changed)
        return {each.id: each for each in changed}

    def known(self, tx: Transaction, webhook_id: int) -> Webhook | None:
        """The same as `get`, read where it was never seen. None: there is none, or it is deleted."""
        found = self._known.get(webhook_id)
        if found is None and (found := store.by_id(tx, webhook_id)) is not None:
            tx.after_commit(self.put, found)
        return None if found is None or found.deleted_at_ms is not None else found

    def told_at_once(self, tx: Transaction, webhook_id: int | None, kind: str) -> Webhook | None:
        """The webhook, where the transaction that emits an event of this type is to write its delivery."""
        webhook = None if webhook_id is None else self.known(tx, webhook_id)
        return webhook if webhook is not None and webhook.how.is_told_at_once and webhook.how.wants(kind) else None

    def put(self, webhook: Webhook) -> None:
        """One as it is now."""
        self._known[webhook.id] = webhook
        if is_told_by_feed(webhook):
            self.by_feed.add(webhook.id)
        else:
            self.by_feed.discard(webhook.id)

    def _adopt(self, version: int, changed: Sequence[Webhook]) -> None:
        for each in changed:
            self.put(each)
        self._version = version


def is_told_by_feed(webhook: Webhook) -> bool:
    """Whether the feed's events are turned into deliveries to it."""
    return webhook.deleted_at_ms is None and not webhook.how.is_told_at_once
