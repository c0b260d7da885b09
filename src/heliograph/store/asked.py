"""Messages that applications sent over SMPP, as they ask about them afterwards."""

import msgspec

from heliograph.model.esme import Asked
from heliograph.model.message import read_terms
from heliograph.store.query import queries
from heliograph.store.transaction import Transaction

Q = queries("asked")


class Sent(msgspec.Struct, array_like=True, frozen=True):
    """`scheduled_at_ms`: while it waits for that time."""

    id: int
    organisation_id: int
    device_id: int | None
    source: str
    dest: str
    state: int
    reason_code: str | None
    submitted_at_ms: int
    expiry_at_ms: int
    final_at_ms: int | None
    attempts: int
    segments: int
    terms: str | None
    scheduled_at_ms: int | None

    @property
    def asked(self) -> Asked | None:
        """What was asked for with it; None where it was refused at once."""
        return read_terms(self.terms).asked


class Replacement(msgspec.Struct, frozen=True):
    """What a message is to be from now on. `udh` and `user_data` are hex."""

    payload: str
    dcs: int
    udh: str
    user_data: str | None
    segments: int
    segment_states: str
    expiry_at_ms: int
    terms: str | None


def one(tx: Transaction, organisation_id: int, message_id: int) -> Sent | None:
    """A message of an organisation, or None."""
    row = tx.one(Q["one"], id=message_id, organisation_id=organisation_id)
    return Sent(*row) if row else None


def following(tx: Transaction, organisation_id: int, first: int, last: int) -> list[Sent]:
    """The messages of an organisation with these ids."""
    return [Sent(*row) for row in tx.run(Q["following"], organisation_id=organisation_id, first=first, last=last)]


def waiting(tx: Transaction, organisation_id: int, device_id: int, most: int) -> list[Sent]:
    """What was sent to a device and is not over, newest first."""
    rows = tx.run(Q["waiting"], organisation_id=organisation_id, device_id=device_id, most=most)
    return [Sent(*row) for row in rows]


def replace(tx: Transaction, message_id: int, new: Replacement) -> None:
    """Write what a locked message is from now on."""
    tx.run(Q["replace"], id=message_id, **msgspec.structs.asdict(new))


def reschedule(tx: Transaction, message_id: int, scheduled_at_ms: int) -> None:
    """Have a message that waits for a time wait for another."""
    tx.run(Q["reschedule"], message_id=message_id, scheduled_at_ms=scheduled_at_ms)


def lock_scheduled(tx: Transaction, message_id: int) -> bool:
    """Whether a message waits for a time; it goes on waiting until the end of the transaction."""
    return bool(tx.run(Q["lock_scheduled"], message_id=message_id))
