"""What a session says: values, in the order things happened."""

from enum import Enum

import msgspec

from heliograph.smpp.errors import PduError
from heliograph.smpp.pdu import Pdu
from heliograph.smpp.state import State


class Ending(Enum):
    """How a request came to its end."""

    ANSWERED = "answered"
    """`response` is its response or a generic_nack."""
    UNREADABLE = "unreadable"
    """It was answered by octets that are no PDU: nobody knows what they said."""
    TIMED_OUT = "timed_out"
    SESSION_ENDED = "session_ended"


class Received(msgspec.Struct, frozen=True):
    """A request to be answered by `send(response_to(pdu, ...))`, or an outbind or alert_notification, which is not answered."""

    pdu: Pdu


class Settled(msgspec.Struct, frozen=True):
    """A request of ours is over; said exactly once for each."""

    request: Pdu
    sequence_number: int
    ending: Ending
    response: Pdu | None = None


class Bound(msgspec.Struct, frozen=True):
    """The session is bound. `version`: the lower of both ends' interface_version."""

    state: State
    version: int


class Flawed(msgspec.Struct, frozen=True):
    """The peer sent octets that are no PDU, or a PDU out of turn; it was answered as is due. The session goes on."""

    error: PduError


class Unexpected(msgspec.Struct, frozen=True):
    """A response to nothing that waits: late, or of a wrong number or command."""

    pdu: Pdu


class Closed(msgspec.Struct, frozen=True):
    """The session is over: write what there is, then close the connection. The last event, said once; all that waited is settled before."""

    reason: str


Event = Received | Settled | Bound | Flawed | Unexpected | Closed


class Output(msgspec.Struct, frozen=True):
    """Octets to write now, and what happened. `sequence_number`: of the request that `send` was given."""

    octets: bytes = b""
    events: tuple[Event, ...] = ()
    sequence_number: int = 0
