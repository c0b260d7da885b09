"""How a link is doing, for the operator who looks at it: what waits, how fast, what was refused, what belonged to nobody."""

from collections.abc import Iterable

import msgspec

from heliograph.store.part import Unmatched
from heliograph.store.query import queries
from heliograph.store.transaction import Transaction

Q = queries("link_watch")
LAST_ID = 2**63 - 1
LATEST = 5000
"""How many of the newest messages are looked through: no index stands on the link of a message or of a try."""


class Pace(msgspec.Struct, frozen=True):
    """How many messages went by a link and came by it since `since_ms`."""

    sent: int
    received: int
    since_ms: int


class Waiting(msgspec.Struct, array_like=True, frozen=True):
    """Destinations that have messages for a link, and how many those are. What is on its way counts."""

    destinations: int
    messages: int


class Refusal(msgspec.Struct, array_like=True, frozen=True):
    """A try that the network did not accept. `device_id` None: it went to a phone."""

    message_id: int
    device_id: int | None
    at_ms: int
    outcome: str
    error_class: str | None
    code: int | None
    reason: str | None


class StrayReceipt(msgspec.Struct, array_like=True, frozen=True):
    """A receipt that fits no message. `keys`: JSON; `disposition`: early, nobody has claimed its ids; ambiguous, several have."""

    id: int
    link_id: int
    received_at_ms: int
    source: str
    dest: str
    word: str
    error: str | None
    keys: str
    disposition: str


def paces(tx: Transaction, link_ids: Iterable[int], since_ms: int) -> dict[int, Pace]:
    """Of each link, since then, or since as long ago as the newest messages reach back."""
    reach = tx.one(Q["reach"], latest=LATEST)
    since_ms = max(since_ms, int(reach[0]) if reach else 0)
    found = {row[0]: Pace(int(row[1]), int(row[2]), since_ms) for row in tx.run(Q["paces"], since=since_ms, latest=LATEST)}
    return {link_id: found.get(link_id, Pace(0, 0, since_ms)) for link_id in link_ids}


def waiting(tx: Transaction, link_id: int) -> Waiting:
    """What waits for a link."""
    row = tx.one(Q["waiting"], link_id=link_id)
    return Waiting(int(row[0]), int(row[1])) if row else Waiting(0, 0)


def waiting_for_links(tx: Transaction) -> dict[str, Waiting]:
    """What waits for each link there is, by its name."""
    found = {link_id: Waiting(int(lanes), int(messages)) for link_id, lanes, messages in tx.run(Q["waiting_for_links"])}
    return {str(name): found.get(link_id, Waiting(0, 0)) for link_id, name in tx.run(Q["links"])}


def refusals(tx: Transaction, link_id: int, most: int) -> list[Refusal]:
    """The latest tries that were not accepted, among those of the newest messages."""
    row = tx.one(Q["before_latest"], latest=LATEST)
    after = int(row[0]) if row else 0
    return [Refusal(*each) for each in tx.run(Q["refusals"], link_id=link_id, after=after, last=LAST_ID, most=most)]


def unmatched_receipts(tx: Transaction, link_id: int, before: int, most: int, number: str = "") -> list[StrayReceipt]:
    """Receipts that came by a link and fit no message, newest first, with ids below one; of a number, where one is given."""
    return [StrayReceipt(*row) for row in tx.run(Q["unmatched_receipts"], link_id=link_id, before=before, most=most, number=number)]


def unmatched_inbound(tx: Transaction, link_id: int, before: int, most: int, number: str = "") -> list[Unmatched]:
    """SMS that came by a link (0: by any) and belong to nobody, newest first, with ids below one; of a number, where one is given."""
    values: dict[str, int | str | None] = {"before": before, "most": most, "number": number}
    found = tx.run(Q["unmatched_inbound"], link_id=link_id, **values) if link_id else tx.run(Q["unmatched_inbound_of_all"], **values)
    return [Unmatched(*row) for row in found]
