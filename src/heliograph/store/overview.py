"""The roll-up of the overview: messages by hour, the busiest devices of each day, and how far in each feed it has come."""

from collections.abc import Mapping, Sequence

import msgspec

from heliograph.store.query import queries
from heliograph.store.transaction import Transaction

Q = queries("overview")


class Behind(msgspec.Struct, array_like=True, frozen=True):
    """An organisation whose feed goes on after what was added up."""

    organisation_id: int
    number: int
    last_number: int


class Happened(msgspec.Struct, array_like=True, frozen=True):
    """Events of one type in an hour, counted from 1970, of messages with one reason and one delay: since each was accepted, or since the
    time it was scheduled for. The delay is cut to three digits, and 0 where nothing was delivered."""

    type: str
    hour: int
    reason: str
    delay_ms: int
    messages: int


class Sums(msgspec.Struct, frozen=True):
    """What a part of a feed adds up to. `hours`: by hour, figure and reason; `delays`: by hour and bucket."""

    hours: Mapping[tuple[int, str, str], int]
    delays: Mapping[tuple[int, int], int]


class Busy(msgspec.Struct, array_like=True, frozen=True):
    """What a device received (`sent` to it) and sent, in segments. `name` None: it is no more."""

    device_id: int
    name: str | None
    sent: int
    received: int


class Reason(msgspec.Struct, array_like=True, frozen=True):
    """How many messages did not arrive for a reason. `figure`: failed, expired or refused."""

    figure: str
    reason: str
    messages: int


def behind(tx: Transaction) -> list[Behind]:
    """The organisations of which something is to be added up."""
    return [Behind(*row) for row in tx.run(Q["behind"])]


def happened(tx: Transaction, organisation_id: int, after: int, up_to: int) -> list[Happened]:
    """What happened to messages after a number of a feed, up to another, counted."""
    return [Happened(*row) for row in tx.run(Q["happened"], organisation_id=organisation_id, after=after, up_to=up_to)]


def add(tx: Transaction, organisation_id: int, after: int, up_to: int, sums: Sums) -> bool:
    """Add up what a part of a feed makes; False, and nothing is added, where another process has been there. Serialised by the cursor."""
    if tx.one(Q["advance"], organisation_id=organisation_id, after=after, up_to=up_to) is None:
        return False
    tx.apply(Q["add_hours"], [(*key, count) for key, count in sums.hours.items()], organisation_id=organisation_id)
    tx.apply(Q["add_delays"], [(*key, count) for key, count in sums.delays.items()], organisation_id=organisation_id)
    return True


def busiest_on(
    tx: Transaction, organisation_id: int, period: str, after: int, size: int, most: int
) -> tuple[list[tuple[int, int, int]], int | None]:
    """Device, segments sent to it and received from it, of those of the next `size` devices that did most on a day (`2026-11-22`); and
    behind which device the next look begins, None at the end."""
    row = tx.one(Q["last_device"], organisation_id=organisation_id, after=after, passed=size - 1)
    rows = tx.run(Q["busiest_on"], organisation_id=organisation_id, period=period, after=after, size=size, most=most)
    return [(each[0], each[1], each[2]) for each in rows], int(row[0]) if row else None


def put_busiest(tx: Transaction, organisation_id: int, day: int, devices: Sequence[tuple[int, int, int]]) -> None:
    """Have these be the busiest devices of a day, counted from 1970."""
    tx.run(Q["clear_busiest"], organisation_id=organisation_id, day=day)
    tx.apply(Q["insert_busiest"], devices, organisation_id=organisation_id, day=day)


def points(tx: Transaction, organisation_id: int, hours: int, first: int, until: int) -> list[tuple[int, str, int]]:
    """Point, figure, messages, of an organisation (0: of all): points of so many hours, from `first` until before `until`."""
    return [(row[0], row[1], row[2]) for row in tx.run(Q["points"], organisation_id=organisation_id, hours=hours, first=first, until=until)]


def delays(tx: Transaction, organisation_id: int, hours: int, first: int, until: int) -> list[tuple[int, int, int]]:
    """Point, bucket, deliveries, likewise."""
    return [(row[0], row[1], row[2]) for row in tx.run(Q["delays"], organisation_id=organisation_id, hours=hours, first=first, until=until)]


def reasons(tx: Transaction, organisation_id: int, hours: int, first: int, until: int, most: int) -> list[Reason]:
    """Why messages did not arrive, the commonest reason first."""
    rows = tx.run(Q["reasons"], organisation_id=organisation_id, from_hour=first * hours, until_hour=until * hours, most=most)
    return [Reason(*row) for row in rows]


def busiest(tx: Transaction, organisation_id: int, first_day: int, most: int) -> list[Busy]:
    """The devices that sent and received most since a day, of those that were among the busiest of one."""
    return [Busy(*row) for row in tx.run(Q["busiest"], organisation_id=organisation_id, first=first_day, most=most)]


def organisations(tx: Transaction) -> list[int]:
    """Those of which something was added up."""
    return [int(row[0]) for row in tx.run(Q["organisations"])]


def delete_old(tx: Transaction, organisation_id: int, before_hour: int, before_day: int, most: int) -> int:
    """Delete what is older, of the hours some; how many rows."""
    gone = len(tx.run(Q["delete_devices"], organisation_id=organisation_id, before=before_day))
    for name in ("delete_hours", "delete_delays"):
        gone += len(tx.run(Q[name], organisation_id=organisation_id, before=before_hour, most=most))
    return gone
