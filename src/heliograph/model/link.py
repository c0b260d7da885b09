"""The contract between a link and the queue that feeds it.

A link is our leg toward a mobile network: a simulator, an SMPP client, a modem. Its contract, held by `tests/contract`:

1. `send` never blocks and never raises for what the outside world does.
2. Each `send` settles exactly once: its `done` is called once, with an Outcome, on the event loop, never from inside `send`.
3. `room` says how many segments may be given to `send` now; giving more is an error of the caller.
4. When the connection is lost, everything under way settles as Unknown.
5. `stop` lets what is under way settle within the grace, settles the rest as Unknown, then closes. Nothing settles later.
6. A link makes no retries of its own and keeps nothing that a crash could lose.
7. A link knows no policy, no organisation and no message state.
8. What it hears it reports by `LinkListener`, and it answers the network only after the listener's call has returned.
9. `room_changed` is called whenever `room` may have grown from nothing.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from typing import Protocol, runtime_checkable

import msgspec

from heliograph.model.ids import LinkId, MessageId


class ErrorClass(StrEnum):
    """What a refusal means for the message and for the link (rules: Links, error classes)."""

    THROTTLE = "throttle"
    LINK = "link"
    DEVICE_ABSENT = "device_absent"
    DEVICE_BUSY = "device_busy"
    PERMANENT = "permanent"
    FAULT = "fault"
    UNKNOWN = "unknown"


class Accepted(msgspec.Struct, frozen=True):
    """The network took the segment. `receipt_owed`: its fate comes later by a receipt; else the device itself has it.

    `ref` is the id the network gave, as the link reads ids, or None. `source`, `destination`: as a receipt will name them, None where that
    is as they were given."""

    ref: str | None = None
    receipt_owed: bool = False
    source: str | None = None
    destination: str | None = None


class Refused(msgspec.Struct, frozen=True):
    """The network said no. `code` is its raw code, `reason` a sentence in plain words. `most_tries`: after so many it is permanent.
    `network_error` as of a Receipt."""

    error_class: ErrorClass
    reason: str
    code: int | None = None
    most_tries: int | None = None
    network_error: int | None = None


class Unknown(msgspec.Struct, frozen=True):
    """Nobody knows whether the network took it: no answer in time, or the connection or the process died."""

    reason: str


class Withdrawn(msgspec.Struct, frozen=True):
    """The queue itself took the segment back before it was given to the link: cancelled, expired, or the owner stops."""

    reason: str


LinkOutcome = Accepted | Refused | Unknown
Outcome = LinkOutcome | Withdrawn


class Outgoing(msgspec.Struct, frozen=True):
    """One segment to send, or a whole message: `number` and `total` 0, `user_data` as long as it takes. Addresses are digits without `+`,
    or letters for an alphanumeric source; "": the network's default.

    `user_data`: GSM 7-bit as one septet per octet, 8-bit octets, or UCS-2 big-endian, without the UDH. `udh` includes its length octet.
    `reference` is the same on every try of the segment (SMPP user_message_reference)."""

    message_id: MessageId
    number: int
    total: int
    source: str
    source_type: int
    destination: str
    udh: bytes
    user_data: bytes
    dcs: int
    pid: int
    reference: int
    expiry_at_ms: int
    want_receipt: bool


def reference_of(message_id: int, number: int) -> int:
    """Our reference of a segment (from 1), 16 bits. Those of messages that follow each other are apart, whatever their segments: with
    steps of one the second segment of a message had the reference of the next message."""
    return (message_id + (number - 1) * 24_593) % 0x10000


def without_nul(text: str) -> str:
    """U+FFFD for U+0000, which no database keeps and networks do send: for what is looked up again as it was kept."""
    return text.replace("\0", "\ufffd")


class Inbound(msgspec.Struct, frozen=True):
    """One SMS (or one part of one) that a link heard. Octets as in `Outgoing`; numbers already completed to international digits.

    `destination` is None where the network gives none; `transaction_id`: an id that the network repeats with a repeated SMS.
    `alphabet`: the network's own, where that is none of the air: parts of one text may then be in GSM 7-bit and in UCS-2, and a part
    longer than an SMS."""

    link_id: LinkId
    source: str
    destination: str | None
    udh: bytes
    user_data: bytes
    dcs: int
    pid: int
    received_at_ms: int
    transaction_id: str | None = None
    alphabet: str | None = None


class ReceiptState(StrEnum):
    """What a receipt says, whatever words it used. TIMELINE: not final."""

    DELIVERED = "delivered"
    FAILED = "failed"
    EXPIRED = "expired"
    DELETED = "deleted"
    TIMELINE = "timeline"


class Receipt(msgspec.Struct, frozen=True):
    """A delivery receipt as a link read it. `keys`: in the order of the link's profile, each `id:REF` with the reference as it was in
    `Accepted.ref` (the link brings both into one reading) or `umr:NUMBER` with the reference of `Outgoing`.

    `source` and `destination` are those of the receipt, so those of the submit swapped. `error`: the network's own word for why.
    `network_error`: type and code of SMPP's network_error_code as one number, where the network gave one."""

    link_id: LinkId
    correlation_group: str
    keys: tuple[str, ...]
    source: str
    destination: str
    state: ReceiptState
    word: str
    error: str | None
    received_at_ms: int
    network_error: int | None = None


class Answer(msgspec.Struct, frozen=True):
    """What to tell the network about an inbound SMS or a receipt: kept, or refused with the rule that refused it (a `Code`).

    Refused as `unavailable`: nothing says that it was kept, the network is to come again with it."""

    refused: str | None = None
    message_id: MessageId | None = None


class LinkListener(Protocol):
    """What a link tells. Each awaited call returns after the commit that keeps what was told."""

    async def inbound(self, inbound: Inbound) -> Answer: ...

    async def receipts(self, receipts: Sequence[Receipt]) -> list[Answer]:
        """Receipts that came together; an answer for each."""

    async def answer_lost(self, inbound: Inbound, answer: Answer) -> None:
        """The answer to `inbound` was not written before its session died: the network may send it again."""

    async def reachable(self, number: str) -> None:
        """A device is heard of: its lane is due now."""

    def room_changed(self) -> None: ...

    def up(self) -> None: ...

    def down(self, reason: str) -> None: ...

    def fault(self, reason: str) -> None:
        """Credentials or protocol are wrong: the queue holds until someone mends it."""


class Link(Protocol):
    """One running link. Made by its kind's constructor from settings and a listener; see the contract above."""

    def room(self) -> int: ...

    def send(self, outgoing: Outgoing, done: Callable[[LinkOutcome], None]) -> None: ...

    async def run(self) -> None:
        """Connect, serve and reconnect until `stop`; returns after it."""

    async def stop(self, grace_s: float) -> None: ...


class Taken(msgspec.Struct, frozen=True):
    """A segment that the network took: the id it gave, and the addresses as in the `Outgoing`."""

    ref: str
    source: str
    source_type: int
    destination: str


@runtime_checkable
class Canceller(Protocol):
    """A link that can ask the network to forget what it took."""

    async def cancel(self, taken: Taken) -> bool:
        """Ask; whether the network says that it did."""
        ...


class Delivery(StrEnum):
    """Who serves an absent device: LIVE, our ladder does; STORED, the network's SMSC does."""

    LIVE = "live"
    STORED = "stored"


class OnUnknown(StrEnum):
    """What becomes of a message when nobody knows whether the network took it."""

    WAIT = "wait"
    RETRY = "retry"
    FAIL = "fail"


class LinkRole(StrEnum):
    NETWORK = "network"
    INTERCONNECT = "interconnect"


class Receipts(StrEnum):
    """Whether a stored network says what became of what it took. NONE: it never does, so taken is all there is to know. FAILURES: of
    what failed alone, so what it says nothing of by the end arrived as far as anybody knows."""

    EXPECTED = "expected"
    FAILURES = "failures"
    NONE = "none"


_NUMBER_SPACE = re.compile(r"[A-Za-z0-9.-]{0,40}")


def number_space_faults(name: str) -> Iterator[tuple[str, str]]:
    """What is wrong with the name of a number space. Numbers are looked up and unique within one; "" is that of the installation."""
    if not _NUMBER_SPACE.fullmatch(name):
        yield "number_space", "number_space is a name of at most 40 letters, digits, dots and hyphens: write it so, or leave it out"


class LinkProfile(msgspec.Struct, frozen=True):
    """What the queue needs to know of a link, whatever its kind. Times in seconds. `receipts_by_reference`: its receipts may carry our
    reference (`umr:`) and no id, though it gave one. References come again after 65,536 segments, so it is said where it is so.
    `receipt_of_message`: one receipt is about all segments of its message. `whole_messages`: it takes a message of several segments at
    once. `cancels`: it can ask the network to forget what it took. `by_imsi`: devices are addressed by their IMSI. `charset`: in place of
    GSM 7-bit it has another alphabet, by Python's name for it; what that lacks goes in UCS-2."""

    link_id: LinkId
    name: str
    role: LinkRole
    delivery: Delivery
    on_unknown: OnUnknown
    correlation_group: str
    numbers: tuple[str, ...] = ()
    receipt_grace_s: int = 600
    max_validity_s: int | None = None
    country: str | None = None
    national_prefix: str | None = None
    number_space: str = ""
    may_return: bool = False
    window: int = 1000
    receipts: Receipts = Receipts.EXPECTED
    receipts_by_reference: bool = False
    receipt_of_message: bool = False
    whole_messages: bool = False
    cancels: bool = False
    by_imsi: bool = False
    charset: str | None = None


class Finding(msgspec.Struct, frozen=True):
    """One thing that a check found. `level`: ok, hint or wrong. `settings`: what to set so that it is right."""

    level: str
    text: str
    settings: dict[str, str | bool] = {}
