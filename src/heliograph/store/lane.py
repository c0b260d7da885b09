"""Lanes: the waiting messages for one destination, in the order of their acceptance. The states of a lane stand in the schema."""

from collections.abc import Iterable

import msgspec

from heliograph.model.ids import DeviceId, OrganisationId
from heliograph.store.engine import Request
from heliograph.store.query import queries
from heliograph.store.transaction import Transaction

Q = queries("lane")


class Lane(msgspec.Struct, array_like=True):
    """A lane's row, locked by the transaction that read it."""

    id: int
    organisation_id: int
    next_seq: int
    head_seq: int
    taken_epoch: int | None
    due_at_ms: int | None
    retry_at_ms: int | None
    ladder_step: int
    woken_at_ms: int
    link_id: int
    expire_at_ms: int | None
    had_due_ms: int | None = None
    had_expire_ms: int | None = None

    def __post_init__(self) -> None:
        self.had_due_ms = self.due_at_ms
        self.had_expire_ms = self.expire_at_ms

    @property
    def is_idle(self) -> bool:
        return self.taken_epoch is None and self.due_at_ms is None

    def rest(self) -> None:
        """Nothing waits."""
        self.head_seq = self.next_seq
        self.taken_epoch = self.due_at_ms = self.retry_at_ms = None

    def take(self, epoch: int) -> None:
        """Its head may be on its way from now on."""
        self.taken_epoch = epoch
        self.due_at_ms = self.retry_at_ms = None

    def wait(self, due_at_ms: int, retry_at_ms: int | None = None) -> None:
        """Have the owner look at `due_at_ms`, and send nothing before `retry_at_ms`."""
        self.taken_epoch = None
        self.due_at_ms = due_at_ms
        self.retry_at_ms = retry_at_ms

    def expire_by(self, expiry_at_ms: int) -> None:
        """A message waits in it whose validity ends then."""
        if self.expire_at_ms is None or expiry_at_ms < self.expire_at_ms:
            self.expire_at_ms = expiry_at_ms


class Taken(msgspec.Struct, array_like=True, frozen=True):
    """A lane that an earlier owner of the link had taken, with the head that may have been on its way; None where that has ended."""

    lane_id: int
    taken_epoch: int
    message_id: int | None
    segment_states: str | None


def create_for_device(tx: Transaction, organisation_id: OrganisationId, device_id: DeviceId) -> None:
    """The lane of a new device, on the first link there is; a link made later adopts lanes that have none."""
    tx.run(Q["create"], id=tx.ids("lane")[0], organisation_id=organisation_id, device_id=device_id)


def lock_for_number(tx: Transaction, organisation_id: int, link_id: int, number: str) -> tuple[int, Lane]:
    """The lane of a phone within an organisation, locked, and its link: `link_id`, unless messages wait there for another."""
    lane_id = tx.ids("lane")[0]
    lane = Lane(*tx.run(Q["lock_for_number"], id=lane_id, organisation_id=organisation_id, link_id=link_id, number=number)[0])
    return lane.link_id, lane


def adopt(tx: Transaction, link_id: int) -> None:
    """Give lanes of devices that have no link to `link_id`."""
    tx.run(Q["adopt"], link_id=link_id)


def is_on_its_way(tx: Transaction, link_id: int) -> bool:
    """Whether a head may be on its way by a link."""
    return tx.one(Q["on_its_way"], link_id=link_id) is not None


def leave(tx: Transaction, link_id: int) -> None:
    """Take the lanes that are left off a link; they wait for one that adopts them."""
    tx.run(Q["leave"], link_id=link_id)


def lock(tx: Transaction, lane_ids: Iterable[int]) -> dict[int, Lane]:
    """Lock lanes in the order of their ids and read them."""
    request = locking(lane_ids)
    return {lane.id: lane for lane in tx.many(request.query, request.rows, Lane)}


def locking(lane_ids: Iterable[int]) -> Request[Lane]:
    """What `lock` runs."""
    return Request(Q["lock"], [(lane_id,) for lane_id in sorted(set(lane_ids))], Lane)


def save(tx: Transaction, lanes: Iterable[Lane]) -> None:
    """Write locked lanes back."""
    ordered = sorted(lanes, key=lambda lane: lane.id)
    tx.apply(Q["move"], [_moved(lane) for lane in ordered if lane.due_at_ms == lane.had_due_ms])
    tx.apply(Q["update"], [(*_moved(lane), lane.due_at_ms) for lane in ordered if lane.due_at_ms != lane.had_due_ms])
    tx.apply(Q["set_expire"], [(lane.id, lane.expire_at_ms) for lane in ordered if lane.expire_at_ms != lane.had_expire_ms])


def _moved(lane: Lane) -> tuple[int | None, ...]:
    return lane.id, lane.next_seq, lane.head_seq, lane.taken_epoch, lane.retry_at_ms, lane.ladder_step


def lock_due(tx: Transaction, link_id: int, now_ms: int, most: int, turn: int = 0) -> list[Lane]:
    """Lock at most `most` lanes of a link that are due, as many from each organisation as from any other. Locked ones are passed over.
    `turn`: which organisation begins, where there are more of them than `most`; any number."""
    organisations = [row[0] for row in tx.run(Q["organisations_due"], link_id=link_id, now=now_ms)]
    first = turn % len(organisations) if organisations else 0
    organisations = organisations[first:] + organisations[:first]
    lanes: list[Lane] = []
    for left, organisation_id in zip(range(len(organisations), 0, -1), organisations, strict=True):
        share = -(-(most - len(lanes)) // left)
        rows = tx.run(Q["due"], link_id=link_id, organisation_id=organisation_id, now=now_ms, most=share)
        lanes.extend(Lane(*row) for row in rows)
    return lanes


def expiring(tx: Transaction, now_ms: int, most: int) -> list[int]:
    """Ids of lanes that are to be searched for messages whose validity is over."""
    return [row[0] for row in tx.run(Q["expiring"], now=now_ms, most=most)]


def orphaned(tx: Transaction, lane_ids: Iterable[int]) -> set[int]:
    """Of locked lanes, those that are taken though their link has no owner."""
    return {row.id for row in tx.many(Q["orphaned"], [(each,) for each in sorted(set(lane_ids))], _Id)}


def taken_before(tx: Transaction, link_id: int, epoch: int, most: int) -> list[Taken]:
    """Lanes that owners before `epoch` had taken."""
    return [Taken(*row) for row in tx.run(Q["taken_before"], link_id=link_id, epoch=epoch, most=most)]


def taken_by_none(tx: Transaction, link_id: int, epoch: int) -> list[Lane]:
    """Lock the lanes of a link that are taken in this epoch and whose head is over."""
    return [Lane(*row) for row in tx.run(Q["taken_by_none"], link_id=link_id, epoch=epoch)]


def wake(tx: Transaction, device_ids: Iterable[int], now_ms: int, gap_ms: int) -> list[tuple[int, int]]:
    """Devices are heard of: their waiting lanes are due now, at most once in `gap_ms`. Returns (link, due_at_ms) of each."""
    rows = [(device_id, now_ms, gap_ms) for device_id in sorted(set(device_ids))]
    return [(row.link_id, row.due_at_ms) for row in tx.many(Q["wake"], rows, _Woken)]


def begin_ladder_anew(tx: Transaction, device_ids: Iterable[int]) -> None:
    """Devices are heard of: the next time one is absent is the first."""
    tx.apply(Q["begin_ladder_anew"], [(device_id,) for device_id in sorted(set(device_ids))])


def heard(tx: Transaction, device_ids: Iterable[int]) -> list[tuple[int, int, int | None]]:
    """Lock the lanes of devices; (device, organisation, when it was last heard of, to within a day, or never) of each."""
    rows = tx.many(Q["heard"], [(each,) for each in sorted(set(device_ids))], _Heard)
    return [(row.device_id, row.organisation_id, row.heard_at_ms) for row in rows]


def note_heard(tx: Transaction, device_ids: Iterable[int], now_ms: int) -> None:
    """Devices were heard of."""
    tx.apply(Q["note_heard"], [(each, now_ms) for each in sorted(set(device_ids))])


class _Heard(msgspec.Struct, array_like=True, frozen=True):
    device_id: int
    organisation_id: int
    heard_at_ms: int | None


class _Id(msgspec.Struct, array_like=True, frozen=True):
    id: int


class _Woken(msgspec.Struct, array_like=True, frozen=True):
    link_id: int
    due_at_ms: int
