"""Messages. Rows in, rows out; what becomes of a message is decided by its callers."""

from collections.abc import Iterable, Sequence
from operator import attrgetter

import msgspec

from heliograph.model.device import DeviceStatus, SimStatus
from heliograph.store.engine import Request
from heliograph.store.lane import Lane
from heliograph.store.query import queries
from heliograph.store.transaction import Transaction

Q = queries("message")


class NewMessage(msgspec.Struct, array_like=True, kw_only=True):
    """A row to insert; the columns in the order of the query. An MT gets its lane from `service.submit.Intake`."""

    id: int
    organisation_id: int
    device_id: int | None
    sim_id: int | None
    direction: int
    traffic_class: str
    lane_id: int | None = None
    lane_seq: int | None = None
    link_id: int | None = None
    door: str
    user_id: int | None = None
    token_id: int | None = None
    source: str
    source_type: int
    dest: str
    payload: str
    dcs: int
    pid: int
    udh: str
    segments: int
    segment_states: str
    state: int
    reason: str | None = None
    reason_code: str | None = None
    submitted_at_ms: int
    expiry_at_ms: int
    final_at_ms: int | None = None
    callback_id: int | None = None
    secret_id: int | None = None
    peer_id: int | None = None
    note: str | None = None
    user_data: str | None = None
    terms: str | None = None


class Party(msgspec.Struct, array_like=True):
    """A device with its SIM, policy, webhook and lane, the lane locked."""

    position: int
    device_id: int
    organisation_id: int
    name: str | None
    status: DeviceStatus
    deleted_at_ms: int | None
    sim_id: int | None
    sim_status: SimStatus | None
    msisdn: str | None
    imsi: str | None
    policy_id: int
    mt: int
    mo: int
    sms_a2p: int
    sms_p2p_int: int
    sms_p2p_ext: int
    esme_interface_type_id: int
    api_callback_id: int | None
    api_secret_id: int | None
    url: str | None
    secret: str | None
    default_source: str | None
    organisation_mt_limit: int | None
    organisation_mo_limit: int | None
    apply_sms_quota: int
    settings: str
    lane_id: int
    link_id: int
    next_seq: int
    head_seq: int
    taken_epoch: int | None
    due_at_ms: int | None
    retry_at_ms: int | None
    ladder_step: int
    woken_at_ms: int
    heard_at_ms: int | None
    expire_at_ms: int | None

    def lane(self) -> Lane:
        return Lane(
            self.lane_id,
            self.organisation_id,
            self.next_seq,
            self.head_seq,
            self.taken_epoch,
            self.due_at_ms,
            self.retry_at_ms,
            self.ladder_step,
            self.woken_at_ms,
            self.link_id,
            self.expire_at_ms,
        )


class Head(msgspec.Struct, array_like=True):
    """The first waiting message of a lane: what its link's owner needs to send it. `address`: of the SIM the device has now."""

    message_id: int
    lane_id: int
    lane_seq: int
    organisation_id: int
    device_id: int | None
    source: str
    source_type: int
    address: str
    payload: str
    dcs: int
    pid: int
    udh: str
    segment_states: str
    expiry_at_ms: int
    attempts: int = 0
    user_data: str | None = None
    strictness: int = 0
    imsi: str | None = None

    @property
    def is_blocked(self) -> bool:
        """It waits for the receipt of a message before it."""
        return self.strictness == 2

    @property
    def is_free_now(self) -> bool:
        """It would have waited for that, was never tried, and may go now."""
        return self.strictness == 1 and self.attempts == 0


class Addresses(msgspec.Struct, array_like=True, frozen=True):
    """Whom a message is from and to, as `Head` has it."""

    source: str
    source_type: int
    address: str
    imsi: str | None


class Locked(msgspec.Struct, array_like=True):
    """A message's row, locked, with the webhook it reports to."""

    id: int
    organisation_id: int
    device_id: int | None
    device_name: str | None
    lane_id: int | None
    lane_seq: int | None
    link_id: int | None
    direction: int
    door: str
    source: str
    dest: str
    state: int
    reason_code: str | None
    segment_states: str
    submitted_at_ms: int
    expiry_at_ms: int
    attempts: int
    retries: int
    cancel_requested_at_ms: int | None
    callback_id: int | None
    secret_id: int | None
    url: str | None
    secret: str | None
    terms: str | None


class Changed(msgspec.Struct, array_like=True):
    """What a use case writes back of a message. `last_attempt_at_ms` None leaves what was."""

    id: int
    state: int
    segment_states: str
    reason: str | None
    reason_code: str | None
    final_at_ms: int | None
    last_attempt_at_ms: int | None
    retry_at_ms: int | None
    attempts: int
    retries: int


class MessageView(msgspec.Struct, array_like=True):
    """A message as people and clients see it. `udh` is hex."""

    id: int
    organisation_id: int
    device_id: int | None
    device_name: str | None
    sim_id: int | None
    iccid: str | None
    msisdn: str | None
    imsi: str | None
    direction: int
    source: str
    source_type: int
    dest: str
    payload: str
    dcs: int
    pid: int
    udh: str
    state: int
    reason: str | None
    reason_code: str | None
    submitted_at_ms: int
    expiry_at_ms: int
    final_at_ms: int | None
    retry_at_ms: int | None
    last_attempt_at_ms: int | None
    attempts: int
    retries: int
    traffic_class: str
    door: str
    segments: int
    segment_states: str
    interface_type_id: int
    taken_epoch: int | None
    head_seq: int | None
    lane_seq: int | None


def insert(tx: Transaction, rows: Sequence[NewMessage]) -> None:
    """Insert messages."""
    tx.apply(Q["insert"], rows)


def lock_parties(tx: Transaction, wanted: Sequence[tuple[int, int, int]]) -> list[Party]:
    """Devices with all that decides about their messages, their lanes locked. `wanted`: (position, device, organisation, or 0 for any)."""
    return tx.many(Q["parties"], wanted, Party)


def lock(tx: Transaction, message_ids: Iterable[int]) -> dict[int, Locked]:
    """Lock messages in the order of their ids and read them."""
    request = locking(message_ids)
    return {row.id: row for row in tx.many(request.query, request.rows, Locked)}


def locking(message_ids: Iterable[int]) -> Request[Locked]:
    """What `lock` runs."""
    return Request(Q["lock"], [(each,) for each in sorted(set(message_ids))], Locked)


def lanes_of(tx: Transaction, message_ids: Iterable[int]) -> dict[int, int]:
    """The lane of each message that has one."""
    return {row.id: row.lane_id for row in tx.many(Q["lanes_of"], [(each,) for each in sorted(set(message_ids))], _OfLane)}


def update(tx: Transaction, changes: Sequence[Changed]) -> None:
    """Write changed messages back, in the order of their ids."""
    tx.apply(Q["update"], sorted(changes, key=attrgetter("id")))


def update_segments(tx: Transaction, rows: Iterable[tuple[int, str]]) -> None:
    """Write the segment states of messages back, and nothing else of them."""
    tx.apply(Q["update_segments"], sorted(rows))


def heads(tx: Transaction, lanes: Iterable[Lane]) -> dict[int, Head]:
    """The first waiting message of each lane at or after its `head_seq`, by lane; lanes where none waits are absent."""
    return {head.lane_id: head for head in tx.many(Q["heads"], [(lane.id, lane.head_seq) for lane in lanes], Head)}


def heads_taken(tx: Transaction, link_id: int, epoch: int) -> list[Head]:
    """The heads of all lanes of a link that are taken in this epoch, but for those that are over."""
    return [Head(*row) for row in tx.run(Q["heads_taken"], link_id=link_id, epoch=epoch)]


def expired(tx: Transaction, searched: Iterable[tuple[int, int]], now_ms: int) -> list[int]:
    """Ids of the waiting messages whose validity is over, in each lane from a place on: (lane, lane_seq)."""
    return [row.id for row in tx.many(Q["expired"], [(*each, now_ms) for each in searched], _Id)]


def next_expiry(tx: Transaction, lanes: Iterable[Lane]) -> dict[int, int]:
    """When the first of the waiting messages of each lane expires."""
    rows = tx.many(Q["next_expiry"], [(lane.id, lane.head_seq) for lane in lanes], _Expiry)
    return {row.lane_id: row.expiry_at_ms for row in rows}


def addresses(tx: Transaction, message_id: int) -> Addresses:
    """Those of a message that is there."""
    (row,) = tx.run(Q["addresses"], id=message_id)
    return Addresses(*row)


def ask_cancel(tx: Transaction, message_id: int, link_id: int, now_ms: int) -> None:
    """Note on the message, and for the owner of its link, that it is to be taken back."""
    tx.run(Q["ask_cancel"], id=message_id, now=now_ms)
    tx.run(Q["insert_cancel_request"], message_id=message_id, link_id=link_id, now=now_ms)


def take_cancel_requests(tx: Transaction, link_id: int) -> list[int]:
    """Messages that the owner of the link is asked to take back; each is handed out once."""
    return [row[0] for row in tx.run(Q["take_cancel_requests"], link_id=link_id)]


def delete_old_cancel_requests(tx: Transaction, before_ms: int) -> None:
    """Drop requests that no owner took."""
    tx.run(Q["delete_old_cancel_requests"], before=before_ms)


def device_exists(tx: Transaction, organisation_id: int, device_id: int) -> bool:
    """Whether the organisation (0: any) has the device."""
    return tx.one(Q["device_exists"], organisation_id=organisation_id, device_id=device_id) is not None


def views_of_device(tx: Transaction, organisation_id: int, device_id: int, skipped: int, most: int) -> list[MessageView]:
    """Messages of a device, newest first. `organisation_id` 0: any."""
    rows = tx.run(Q["views_of_device"], organisation_id=organisation_id, device_id=device_id, skipped=skipped, most=most)
    return [MessageView(*row) for row in rows]


def view(tx: Transaction, organisation_id: int, device_id: int, message_id: int) -> MessageView | None:
    """One message of a device, or None."""
    row = tx.one(Q["view"], organisation_id=organisation_id, device_id=device_id, id=message_id)
    return MessageView(*row) if row else None


def count_of_device(tx: Transaction, device_id: int) -> int:
    """How many messages a device has."""
    return int(tx.run(Q["count_of_device"], device_id=device_id)[0][0])


class _Id(msgspec.Struct, array_like=True, frozen=True):
    id: int


class _OfLane(msgspec.Struct, array_like=True, frozen=True):
    id: int
    lane_id: int


class _Expiry(msgspec.Struct, array_like=True, frozen=True):
    lane_id: int
    expiry_at_ms: int
