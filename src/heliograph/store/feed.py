"""The event feed: what happened, numbered per organisation in the order of commits, so that a reader resumes and misses nothing."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from heliograph.store.engine import Session
from heliograph.store.query import queries

if TYPE_CHECKING:
    from heliograph.store.transaction import Transaction

Q = queries("feed")


class Emitted(msgspec.Struct, frozen=True):
    """An event as a transaction emits it, not yet numbered. `detail`: JSON text, or None where device and message say all."""

    organisation_id: int
    type: str
    at_ms: int
    device_id: int | None = None
    message_id: int | None = None
    detail: str | None = None


class SmsEvent(msgspec.Struct, array_like=True, frozen=True):
    """What happened to a message, with the message as it is now."""

    organisation_id: int
    number: int
    type: str
    at_ms: int
    device_id: int | None
    device_name: str | None
    message_id: int
    direction: int
    source: str
    dest: str
    payload: str
    reason: str | None


class FeedEvent(msgspec.Struct, array_like=True, frozen=True):
    """An event of any kind, with its device and its message as they are now. `policy_callback_id`: the webhook that the device's policy
    names; what stands behind `message_id` is None where it is about no message."""

    organisation_id: int
    number: int
    type: str
    at_ms: int
    device_id: int | None
    device_name: str | None
    tags: str | None
    policy_callback_id: int | None
    detail: str | None
    message_id: int | None
    direction: int | None
    traffic_class: str | None
    door: str | None
    callback_id: int | None
    source: str | None
    dest: str | None
    payload: str | None
    dcs: int | None
    pid: int | None
    segments: int | None
    reason: str | None
    reason_code: str | None
    submitted_at_ms: int | None
    final_at_ms: int | None


class Head(msgspec.Struct, array_like=True, frozen=True):
    """How far an organisation's feed has come."""

    organisation_id: int
    number: int


def append_events(session: Session, events: Sequence[Emitted]) -> None:
    """Number the events and write them: the last statements of a transaction, since the feed's row is locked until its commit."""
    if not events:
        return
    groups: dict[int, list[Emitted]] = {}
    for event in events:
        groups.setdefault(event.organisation_id, []).append(event)
    session.many(Q["advance"], [(organisation, len(group)) for organisation, group in groups.items()], {}, object)
    rows = [
        (event.organisation_id, before_last, event.type, event.at_ms, event.device_id, event.message_id, event.detail)
        for group in groups.values()
        for event, before_last in zip(group, range(len(group) - 1, -1, -1), strict=True)
    ]
    session.many(Q["insert"], rows, {}, object)


def positions(tx: "Transaction", organisation_id: int) -> dict[int, int]:
    """The number of the latest event of each organisation that has any (0: of all)."""
    return {int(row[0]): int(row[1]) for row in tx.run(Q["positions"], organisation_id=organisation_id)}


def sms_after(tx: "Transaction", seen: Mapping[int, int], most: int) -> list[SmsEvent]:
    """What happened to messages after what was seen of each organisation, in the order of the organisation's feed."""
    return tx.many(Q["sms_after"], list(seen.items()), SmsEvent, most=most)


def heads(tx: "Transaction", organisation_ids: Iterable[int]) -> list[Head]:
    """The number of the latest event of each of the organisations that has any."""
    return tx.many(Q["heads"], [(each,) for each in sorted(organisation_ids)], Head)


def page(tx: "Transaction", organisation_id: int, after: int, most: int) -> list[FeedEvent]:
    """The next events of an organisation. Their numbers follow on `after` without a gap, unless some were deleted for their age."""
    return [FeedEvent(*row) for row in tx.run(Q["page"], organisation_id=organisation_id, number=after, most=most)]


def latest(
    tx: "Transaction", organisation_id: int, kind: str, *, among: int, device_id: int, policy_id: int, tag: str, most: int
) -> list[FeedEvent]:
    """The latest events of a type, newest first, among the last `among` of the organisation: of a device (0: any), of a policy (0: any),
    with a tag (a LIKE pattern; empty: any)."""
    after = positions(tx, organisation_id).get(organisation_id, 0) - among
    found = tx.run(
        Q["latest"], organisation_id=organisation_id, after=after, type=kind, device_id=device_id, policy_id=policy_id, tag=tag, most=most
    )
    return [FeedEvent(*row) for row in found]
