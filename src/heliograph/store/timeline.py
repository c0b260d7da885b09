"""All that is kept about one message, for its timeline."""

import msgspec

from heliograph.store.query import queries
from heliograph.store.search import FoundMessage
from heliograph.store.transaction import Transaction

Q = queries("timeline")


class Attempt(msgspec.Struct, array_like=True, frozen=True):
    """One try of one segment."""

    number: int
    segment: int
    at_ms: int
    answered_at_ms: int
    outcome: str
    error_class: str | None
    code: int | None
    reason: str | None
    ref: str | None
    link: str | None


class Receipt(msgspec.Struct, array_like=True, frozen=True):
    """A delivery receipt that was found to be about the message."""

    received_at_ms: int
    segment: int | None
    state: str
    word: str
    error: str | None
    disposition: str
    link: str | None


class Delivery(msgspec.Struct, array_like=True, frozen=True):
    """What an application was, or is to be, told: at a webhook, or by SMPP at an account."""

    id: int
    type: str
    method: str
    state: int
    due_at_ms: int | None
    final_at_ms: int | None
    created_at_ms: int
    url: str | None
    account: str | None = None


class Try(msgspec.Struct, array_like=True, frozen=True):
    """One try of a delivery."""

    delivery_id: int
    number: int
    at_ms: int
    duration_ms: int
    status: int | None
    error: str | None


class Peer(msgspec.Struct, array_like=True, frozen=True):
    """The other end of a P2P message."""

    organisation_id: int
    device_id: int | None
    device_name: str | None
    state: int
    dest: str


class LinkNow(msgspec.Struct, array_like=True, frozen=True):
    """A link, and how it is: the state that its owner noted, or disabled."""

    name: str
    state: str


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """All of one message. `user`, `token`: who sent it. `ahead`: messages of its lane that go first. `sent_again`: (message, when).
    `link`: by which it is to go now, where it is not over."""

    attempts: list[Attempt]
    receipts: list[Receipt]
    deliveries: list[Delivery]
    tries: list[Try]
    user: str | None
    token: str | None
    peer: Peer | None
    sent_again: list[tuple[int, int]]
    ahead: int
    link: LinkNow | None


def kept_of(tx: Transaction, found: FoundMessage) -> Kept:
    """Read all that is kept about a message."""
    user, token = tx.run(Q["who"], message_id=found.id)[0]
    peer = None if found.peer_id is None else tx.one(Q["peer"], message_id=found.peer_id)
    return Kept(
        attempts=[Attempt(*row) for row in tx.run(Q["attempts"], message_id=found.id)],
        receipts=[Receipt(*row) for row in tx.run(Q["receipts"], message_id=found.id)],
        deliveries=[Delivery(*row) for row in tx.run(Q["deliveries"], message_id=found.id)],
        tries=[Try(*row) for row in tx.run(Q["tries"], message_id=found.id)],
        user=user,
        token=token,
        peer=Peer(*peer) if peer else None,
        sent_again=[(row[0], row[1]) for row in tx.run(Q["sent_again"], message_id=found.id)],
        ahead=_ahead(tx, found),
        link=_link(tx, found),
    )


def _link(tx: Transaction, found: FoundMessage) -> LinkNow | None:
    row = None if found.final_at_ms is not None else tx.one(Q["link"], message_id=found.id)
    return LinkNow(*row) if row else None


def _ahead(tx: Transaction, found: FoundMessage) -> int:
    if found.final_at_ms is not None or found.head_seq is None or found.lane_seq is None or found.lane_seq <= found.head_seq:
        return 0
    row = tx.one(Q["ahead"], message_id=found.id, head_seq=found.head_seq, lane_seq=found.lane_seq)
    return int(row[0]) if row else 0
