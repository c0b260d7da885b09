"""Messages as lists and searches find them, from new to old. How long a search may take is decided by its caller, who asks step by step.

A step looks at a bounded number of messages, in the order of an index, from a place on; what no index serves is decided on those. The
messages of an organisation are in the order of their time, those of a device in the order of their ids. What ended undelivered is rare, and
found in a table of its own (store/undelivered.py), so that nobody walks past a million messages that were delivered; what waits is found
where it stands (store/waiting.py).
"""

from collections.abc import Mapping, Sequence
from functools import cache
from itertools import chain

import msgspec

from heliograph.store import undelivered
from heliograph.store.engine import Scalar
from heliograph.store.message import MessageView
from heliograph.store.query import Query, parts, queries
from heliograph.store.transaction import Transaction

Q = queries("search")
PARTS = parts("search")
FILTERS = ("direction", "traffic_class", "states", "tag", "text")
END_OF_TIME_MS = 2**53
UNDELIVERED_MOST = 1000
"""Of a step: each is looked up by its id."""


class FoundMessage(MessageView, array_like=True):
    """A message with all that is ours. `due_at_ms`: it waits for the time it is scheduled for. `resend_of`: the message it was sent again
    from."""

    note: str | None
    link_id: int | None
    link_name: str | None
    user_id: int | None
    token_id: int | None
    peer_id: int | None
    cancel_requested_at_ms: int | None
    scheduled_at_ms: int | None
    due_at_ms: int | None
    resend_of: int | None
    terms: str | None


class Place(msgspec.Struct, frozen=True, order=True):
    """A place in a list: right behind this message, towards the older ones."""

    at_ms: int = END_OF_TIME_MS
    id: int = END_OF_TIME_MS


class Range(msgspec.Struct, frozen=True):
    """Where is searched: in an organisation (0: any, for a device) or among the messages of a device, within times. `undelivered`: in an
    organisation, for messages of these states alone, FAILED, EXPIRED or CANCELED, which the filter `states` names too."""

    organisation_id: int
    device_id: int | None = None
    from_ms: int = 0
    until_ms: int = END_OF_TIME_MS
    undelivered: tuple[int, ...] = ()


def one(tx: Transaction, organisation_id: int, message_id: int) -> FoundMessage | None:
    """One message, or None. `organisation_id` 0: any."""
    row = tx.one(_one(), organisation_id=organisation_id, id=message_id)
    return FoundMessage(*row) if row else None


def step(
    tx: Transaction, where: Range, filters: Mapping[str, Scalar], place: Place, most: int, size: int
) -> tuple[list[FoundMessage], Place | None]:
    """At most `most` messages behind `place` that pass `filters` (by the names in FILTERS), and the place to go on from, None at the end.
    With filters, `size` messages are looked at."""
    if where.undelivered:
        return _undelivered_step(tx, where, filters, place, most, most if filters.keys() == {"states"} else min(size, UNDELIVERED_MOST))
    kind = "in_organisation" if where.device_id is None else "of_device"
    values = within(where, place)
    last = _last(tx, kind, values, size) if filters else None
    found_in = values | _down_to(where, last)
    found = [FoundMessage(*row) for row in tx.run(_query(kind, tuple(sorted(filters))), **found_in, **filters, most=most)]
    return found, Place(found[-1].submitted_at_ms, found[-1].id) if len(found) == most else last


def chosen(tx: Transaction, places: Sequence[Place], filters: Mapping[str, Scalar], most: int) -> list[FoundMessage]:
    """The first `most` of these messages that pass `filters`, from new to old."""
    return tx.many(_query("chosen", tuple(sorted(filters))), [(each.id,) for each in places], FoundMessage, **filters, most=most)


def _undelivered_step(
    tx: Transaction, where: Range, filters: Mapping[str, Scalar], place: Place, most: int, size: int
) -> tuple[list[FoundMessage], Place | None]:
    values = within(where, place)
    of_states = [undelivered.of_state(tx, state, values, size) for state in where.undelivered]
    looked_at = sorted((Place(*each) for each in chain(*of_states)), reverse=True)[:size]
    found = chosen(tx, looked_at, filters, most)
    if len(found) == most:
        return found, Place(found[-1].submitted_at_ms, found[-1].id)
    return found, looked_at[-1] if len(looked_at) == size else None


def within(where: Range, place: Place) -> dict[str, Scalar]:
    """The values that a query takes for a range, and what lies behind a place."""
    if where.device_id is not None:
        return {"device_id": where.device_id, "id": place.id}
    start = min(place, Place(where.until_ms, 0))
    return {"organisation_id": where.organisation_id, "at_ms": start.at_ms, "id": start.id, "from_ms": where.from_ms}


def _down_to(where: Range, last: Place | None) -> dict[str, Scalar]:
    if where.device_id is None:
        low = last or Place(where.from_ms, 0)
        return {"low_at_ms": low.at_ms, "low_id": low.id}
    low_id = 0 if last is None else last.id
    return {"low_id": low_id, "organisation_id": where.organisation_id, "from_ms": where.from_ms, "until_ms": where.until_ms}


def _last(tx: Transaction, kind: str, values: Mapping[str, Scalar], size: int) -> Place | None:
    """The last message of a step, None where it looks at all that are left."""
    row = tx.one(Q[f"{kind}_last"], **values, passed=size - 1)
    return Place(*row) if row else None


@cache
def _query(kind: str, filters: tuple[str, ...]) -> Query:
    texts = [Q["found"].text, PARTS[kind], *(PARTS[f"if_{name}"] for name in filters), PARTS[f"{kind}_order"]]
    return Query(f"search.{kind}:{','.join(filters)}", "\n".join(texts), (("id", "bigint"),) if kind == "chosen" else ())


@cache
def _one() -> Query:
    return Query("search.one:found", f"{Q['found'].text}\n{PARTS['one']}")
