"""Which days have their file of usage, who writes the next, and what stands in it. Writes no file: see `service/cdr.py`."""

from collections.abc import Iterable
from datetime import date

import msgspec

from heliograph.store.query import queries
from heliograph.store.transaction import Transaction

Q = queries("cdr")


class Range(msgspec.Struct, array_like=True, frozen=True):
    """The events of a day in the feed of an organisation: numbers above `after` and below `before`."""

    organisation_id: int
    after: int
    before: int


class Counted(msgspec.Struct, array_like=True, frozen=True):
    """A message that is final and was counted. `number`: of the event that says so."""

    number: int
    organisation_id: int
    device_id: int
    iccid: str | None
    direction: int
    traffic_class: str
    link: str | None
    state: int
    message_id: int
    segments: int
    submitted_at_ms: int
    final_at_ms: int | None


def next_day(tx: Transaction) -> date | None:
    """The day whose file is next; None where nobody has begun."""
    row = tx.one(Q["next"])
    return date.fromisoformat(str(row[0])) if row else None


def begin(tx: Transaction, today: date) -> None:
    """Have the first file be that of today, unless somebody has begun."""
    tx.run(Q["begin"], today=today.isoformat())


def claim(tx: Transaction, node_id: int, day: date) -> bool:
    """Whether this process is to write the file of `day`: nobody else alive does, and it is still the next."""
    return tx.one(Q["claim"], node=node_id, day=day.isoformat()) is not None


def ranges(tx: Transaction, until_ms: int) -> list[Range]:
    """What of each feed belongs to the file of the day that ends at `until_ms`."""
    feeds = [Range(*row) for row in tx.run(Q["feeds"])]
    return [Range(each.organisation_id, each.after, _end_of_day(tx, each, until_ms)) for each in feeds]


def counted(tx: Transaction, part: Range, most: int) -> list[Counted]:
    """The first `most` messages of a range that are final and counted, in the order of the feed."""
    found = tx.run(Q["lines"], organisation_id=part.organisation_id, after=part.after, before=part.before, most=most)
    return [Counted(*row) for row in found]


def release(tx: Transaction, node_id: int, day: date, following: date) -> bool:
    """Give the claim back; the next file is that of `following`. False where the claim was lost."""
    return tx.one(Q["release"], node=node_id, day=day.isoformat(), next_day=following.isoformat()) is not None


def advance(tx: Transaction, done: Iterable[Range]) -> None:
    """What these ranges hold is in a file."""
    tx.apply(Q["advance"], [(each.organisation_id, each.before - 1) for each in done])


def _end_of_day(tx: Transaction, feed: Range, until_ms: int) -> int:
    """The number of the first event of the next day, by halves: a day may have millions, and their times rise with their numbers."""
    after, before = feed.after, feed.before
    while before - after > 1:
        middle = (after + before) // 2
        row = tx.one(Q["first_from"], organisation_id=feed.organisation_id, from_number=middle, before=before)
        if row is None or row[1] >= until_ms:
            before = middle
        else:
            after = int(row[0])
    return before
