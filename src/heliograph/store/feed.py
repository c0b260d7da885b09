"""The event feed: what happened, numbered per organisation in the order of commits, so that a reader resumes and misses nothing."""

from collections.abc import Sequence
from itertools import groupby
from operator import attrgetter

import msgspec

from heliograph.store.engine import Row, Session
from heliograph.store.query import queries

Q = queries("feed")


class Emitted(msgspec.Struct, frozen=True):
    """An event as a transaction emits it, not yet numbered. `detail`: JSON text, or None where device and message say all."""

    organisation_id: int
    type: str
    at_ms: int
    device_id: int | None = None
    message_id: int | None = None
    detail: str | None = None


class _Last(msgspec.Struct, array_like=True, frozen=True):
    organisation_id: int
    last_number: int


def append_events(session: Session, events: Sequence[Emitted]) -> None:
    """Number the events and write them: the last statements of a transaction, since the feed's row is locked until its commit."""
    if not events:
        return
    ordered = sorted(events, key=attrgetter("organisation_id"))
    groups = {organisation: list(group) for organisation, group in groupby(ordered, key=attrgetter("organisation_id"))}
    last = session.many(Q["advance"], [(organisation, len(group)) for organisation, group in groups.items()], {}, _Last)
    rows: list[Row] = []
    for row in last:
        group = groups[row.organisation_id]
        first = row.last_number - len(group) + 1
        rows.extend(
            (event.organisation_id, number, event.type, event.at_ms, event.device_id, event.message_id, event.detail)
            for number, event in enumerate(group, first)
        )
    session.many(Q["insert"], rows, {}, _Last)
