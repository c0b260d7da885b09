"""A message: its states, what its segments went through, and what an outcome makes of it. Pure; the store keeps what this decides."""

from enum import IntEnum, StrEnum
from functools import lru_cache

import msgspec

from heliograph.model.esme import Asked
from heliograph.model.link import Delivery, ErrorClass, Outcome, Receipts, Refused, Unknown


class Direction(IntEnum):
    """`sms_type` of the wire."""

    MT = 1
    MO = 2


class State(IntEnum):
    """States by their number on the wire. IN_PROGRESS is derived when read and never written."""

    PENDING = 1
    IN_PROGRESS = 2
    BUFFERED = 3
    DELIVERED = 4
    FAILED = 5
    EXPIRED = 6
    CANCELED = 7

    @property
    def is_final(self) -> bool:
        return self >= State.DELIVERED


STATE_NAMES = {
    State.PENDING: "DELIVERY ATTEMPT PENDING",
    State.IN_PROGRESS: "IN PROGRESS",
    State.BUFFERED: "BUFFERED",
    State.DELIVERED: "DELIVERED",
    State.FAILED: "FAILED",
    State.EXPIRED: "EXPIRED",
    State.CANCELED: "CANCELED",
}

TRANSITIONS: dict[State, frozenset[State]] = {
    State.PENDING: frozenset({State.BUFFERED, State.DELIVERED, State.FAILED, State.EXPIRED, State.CANCELED}),
    State.BUFFERED: frozenset({State.BUFFERED, State.DELIVERED, State.FAILED, State.EXPIRED, State.CANCELED}),
    State.DELIVERED: frozenset(),
    State.FAILED: frozenset(),
    State.EXPIRED: frozenset({State.DELIVERED}),  # only a late DELIVERED after no_receipt
    State.CANCELED: frozenset(),
}

FINAL_EVENTS = {
    State.DELIVERED: "sms.delivered",
    State.FAILED: "sms.failed",
    State.EXPIRED: "sms.expired",
    State.CANCELED: "sms.canceled",
}


class TrafficClass(StrEnum):
    """Rules, The traffic classes."""

    A2P_MT = "a2p_mt"
    A2P_MO = "a2p_mo"
    P2P_INTERNAL = "p2p_internal"
    P2P_EXTERNAL_IN = "p2p_external_in"
    P2P_EXTERNAL_OUT = "p2p_external_out"


CLASS_WORDS = {
    TrafficClass.A2P_MT: "from an application to a device (A2P MT)",
    TrafficClass.A2P_MO: "from a device to its application (A2P MO)",
    TrafficClass.P2P_INTERNAL: "between two devices of the organisation (P2P internal)",
    TrafficClass.P2P_EXTERNAL_IN: "from outside to a device (P2P external in)",
    TrafficClass.P2P_EXTERNAL_OUT: "from a device to the outside (P2P external out)",
}


class SourceType(IntEnum):
    """`source_address_type` of the wire: the type-of-address octet (3GPP TS 23.040 9.1.2.5)."""

    INTERNATIONAL = 145
    NATIONAL = 161
    ALPHANUMERIC = 208


SOURCE_TYPE_NAMES = {
    SourceType.INTERNATIONAL: "International",
    SourceType.NATIONAL: "National",
    SourceType.ALPHANUMERIC: "Alphanumeric",
}


class Segment(StrEnum):
    """One letter a segment in `message.segment_states`."""

    WAITING = "w"
    UNKNOWN = "u"
    ACCEPTED = "a"
    DELIVERED = "d"
    FAILED = "f"
    EXPIRED = "e"

    @property
    def is_open(self) -> bool:
        """Still to be sent, or sent with an unknown fate."""
        return self in (Segment.WAITING, Segment.UNKNOWN)

    @property
    def is_final(self) -> bool:
        return self in (Segment.DELIVERED, Segment.FAILED, Segment.EXPIRED)


WHOLE = 0
"""In place of the number of a segment: all of them."""

MIN_VALIDITY_MS = 60_000
MAX_VALIDITY_MS = 7 * 86_400_000
DEFAULT_VALIDITY_MS = 86_400_000


def fresh_segments(total: int) -> str:
    """The segment states of a message nobody has tried to send."""
    return Segment.WAITING.value * total


@lru_cache(maxsize=1024)
def open_segments(states: str) -> tuple[int, ...]:
    """Numbers (from 1) of the segments that are still to be sent."""
    return tuple(number for number, letter in enumerate(states, 1) if Segment(letter).is_open)


def with_segment(states: str, number: int, state: Segment) -> str:
    """`states` with the segment `number` (from 1, or WHOLE) changed."""
    if number == WHOLE:
        return state.value * len(states)
    return states[: number - 1] + state.value + states[number:]


def grown(states: str, total: int) -> str:
    """As many states as the link cut segments, where these are more than were counted: nothing of the message was taken before."""
    if total <= len(states):
        return states
    return (Segment.UNKNOWN if Segment.UNKNOWN in states else Segment.WAITING).value * total


class Terms(msgspec.Struct, frozen=True, omit_defaults=True):
    """What of its policy mattered when a message was accepted, and matters later. `quota`: the one it was charged to, by its `since_ms`.
    `strict`: it waits for the receipt of the one before. `asked`: by the application that sent it over SMPP. `secrets`: where in its
    payload, from start to end, stands what people are not shown again."""

    strict: bool = False
    quota: int | None = None
    asked: Asked | None = None
    secrets: tuple[tuple[int, int], ...] = ()


NO_TERMS = Terms()


def written(terms: Terms) -> str | None:
    """Terms as they are kept with the message."""
    return None if terms == NO_TERMS else msgspec.json.encode(terms).decode()


def read_terms(text: str | None) -> Terms:
    """Terms as they were kept."""
    return NO_TERMS if text is None else _terms.decode(text)


def is_strict(text: str | None) -> bool:
    """Whether terms as they are kept are strict, without reading the rest; the queries of the lanes look for the same."""
    return text is not None and '"strict":true' in text


def secrets_of(text: str | None) -> tuple[tuple[int, int], ...]:
    """The secrets of terms as they are kept, reading the rest only where there are some."""
    return () if text is None or '"secrets":' not in text else _terms.decode(text).secrets


_terms = msgspec.json.Decoder(Terms)


class Verdict(msgspec.Struct, frozen=True):
    """What the states of its segments make of a message. `state` None: it is still to be sent. `error`, `network_error`: the network's own,
    of the receipt or the refusal that made it so."""

    state: State | None
    reason: str | None = None
    reason_code: str | None = None
    error: str | None = None
    network_error: int | None = None


def verdict(states: str, reason: str | None = None, reason_code: str | None = None) -> Verdict:
    """DELIVERED when all segments are, FAILED or EXPIRED as soon as one is final otherwise, BUFFERED when all are with the network."""
    if states.count(Segment.DELIVERED) == len(states):
        return Verdict(State.DELIVERED)
    if Segment.FAILED in states or Segment.EXPIRED in states:
        state = State.FAILED if Segment.FAILED in states else State.EXPIRED
        share = f" ({states.count(Segment.DELIVERED)} of {len(states)} delivered)" if len(states) > 1 else ""
        return Verdict(state, f"{reason or 'not delivered'}{share}", reason_code)
    if Segment.WAITING in states or Segment.UNKNOWN in states:
        return Verdict(None)
    return Verdict(State.BUFFERED)


def accepted_segment(delivery: Delivery, receipts: Receipts, *, receipt_owed: bool) -> Segment:
    """What acceptance means: with a live link the device has it, unless the link says that a receipt is owed; with a stored one that
    sends no receipts it is all that will ever be known."""
    is_reported = delivery is Delivery.STORED and receipts is not Receipts.NONE
    return Segment.ACCEPTED if is_reported or receipt_owed else Segment.DELIVERED


UNCONFIRMED = Verdict(State.DELIVERED, "Sent, not confirmed: the network took it and sends no delivery receipts", "not_confirmed")
"""What `receipts = none` on a stored link makes of a message that was taken whole."""


def is_temporary(outcome: Outcome) -> bool:
    """Whether the ladder of temporary errors counts it: neither an absence nor pacing, and not the end."""
    return isinstance(outcome, Unknown) or (isinstance(outcome, Refused) and outcome.error_class is ErrorClass.UNKNOWN)


def worse(worst: Outcome | None, outcome: Outcome) -> Outcome:
    """Of the outcomes of a message's segments, the one that decides when it is tried again: Unknown, then a refusal."""
    if worst is None or isinstance(outcome, Unknown) or (isinstance(outcome, Refused) and not isinstance(worst, Unknown)):
        return outcome
    return worst


def words(outcome: Outcome | None) -> tuple[str | None, str | None]:
    """Reason and code of a message by the outcome that decides; none for an acceptance."""
    match outcome:
        case Refused(error_class, reason):
            return reason, error_class.value
        case Unknown(reason):
            return reason, "unknown"
        case _:
            return None, None


BURNS_NO_ATTEMPT = frozenset({ErrorClass.THROTTLE, ErrorClass.LINK, ErrorClass.FAULT})
