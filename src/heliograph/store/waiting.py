"""Where what is not over is found without a walk past all that is: by what is scheduled, by lanes, and by keys that wait for receipts.

No index stands on a state, since it would change with each message. But a message that is not over stands in one of three places, which
hold little else, and each is looked at a piece at a time. It goes through them in this order: who looks in it misses none that moves on.
"""

from collections.abc import Mapping, Sequence

import msgspec

from heliograph.store.engine import Scalar
from heliograph.store.query import queries
from heliograph.store.search import END_OF_TIME_MS, Place
from heliograph.store.transaction import Transaction

Q = queries("waiting")
Due = tuple[int, int]


class Stretch(msgspec.Struct, array_like=True, frozen=True):
    """A part of a lane: places from one until before another."""

    lane_id: int
    from_seq: int
    before_seq: int


class Row(msgspec.Struct, array_like=True, frozen=True):
    at_ms: int
    id: int


def scheduled(tx: Transaction, within: Mapping[str, Scalar], after: Due, size: int) -> tuple[list[Place], Due | None]:
    """Of the next `size` that are scheduled for later, those `within` an organisation and times; and where the next look begins, None at
    the end."""
    behind = {"due_at_ms": after[0], "message_id": after[1]}
    row = tx.one(Q["last_scheduled"], **behind, passed=size - 1)
    following = (int(row[0]), int(row[1])) if row else None
    last_due_at_ms, last_message_id = following or (END_OF_TIME_MS, END_OF_TIME_MS)
    found = tx.run(Q["scheduled"], **within, **behind, last_due_at_ms=last_due_at_ms, last_message_id=last_message_id)
    return [Place(*each) for each in found], following


def lanes(tx: Transaction, organisation_id: int, after: int, size: int) -> tuple[list[Stretch], int | None]:
    """Of the next `size` lanes, those of the organisation in which something waits, from the head on; and where the next look begins."""
    row = tx.one(Q["last_lane"], after=after, passed=size - 1)
    following = int(row[0]) if row else None
    last = END_OF_TIME_MS if following is None else following
    return [Stretch(*each) for each in tx.run(Q["lanes"], after=after, last=last, organisation_id=organisation_id)], following


def in_lanes(tx: Transaction, within: Mapping[str, Scalar], stretches: Sequence[Stretch]) -> list[Place]:
    """What waits in parts of lanes."""
    return [Place(each.at_ms, each.id) for each in tx.many(Q["in_lanes"], stretches, Row, **within)]


def at_network(tx: Transaction, within: Mapping[str, Scalar], after: int, size: int) -> tuple[list[Place], int | None]:
    """Of the next `size` keys, and those that are over at the same moment, the messages that wait for receipts by them; and where the next
    look begins."""
    row = tx.one(Q["last_key"], after=after, passed=size - 1)
    following = int(row[0]) if row else None
    last = END_OF_TIME_MS if following is None else following
    return [Place(*each) for each in tx.run(Q["at_network"], **within, after=after, last=last)], following
