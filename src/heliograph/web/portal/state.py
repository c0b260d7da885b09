"""The state of a message as a person reads it: an icon and a word, never colour alone."""

from collections.abc import Mapping
from typing import Final, NamedTuple, Protocol

from heliograph.model.message import Direction, State


class Shown(NamedTuple):
    """`tone`: a class of the stylesheet."""

    icon: str
    word: str
    tone: str = ""


class Underway(Protocol):
    """What of a message to a device decides how its state is shown."""

    @property
    def state(self) -> int: ...

    @property
    def retry_at_ms(self) -> int | None: ...

    @property
    def due_at_ms(self) -> int | None: ...


class Stated(Underway, Protocol):
    """The same of any message."""

    @property
    def direction(self) -> int: ...


QUEUED: Final = Shown("clock", "Queued")
SENDING: Final = Shown("loader", "Sending")
SENT: Final = Shown("check", "Sent")
WAITING: Final = Shown("clock", "Waiting for device", "warn")
SCHEDULED: Final = Shown("calendar-clock", "Scheduled")
RECEIVED: Final = Shown("arrow-down-left", "Received")
REFUSED: Final = Shown("ban", "Refused", "bad")

MT: Final[Mapping[State, Shown]] = {
    State.PENDING: QUEUED,
    State.IN_PROGRESS: SENDING,
    State.BUFFERED: SENT,
    State.DELIVERED: Shown("check-check", "Delivered", "ok"),
    State.FAILED: Shown("circle-x", "Failed", "bad"),
    State.EXPIRED: Shown("alarm-clock-off", "Expired", "warn"),
    State.CANCELED: Shown("ban", "Canceled"),
}


def shown(message: Stated) -> Shown:
    """By direction and state."""
    if message.direction == Direction.MO:
        return REFUSED if message.state == State.FAILED else RECEIVED
    return shown_mt(message)


def shown_mt(message: Underway) -> Shown:
    """Of one to a device. `retry_at_ms` and `due_at_ms` tell what it waits for."""
    state = State(message.state)
    if not state.is_final and message.due_at_ms is not None:
        return SCHEDULED
    if state is State.BUFFERED and message.retry_at_ms is not None:
        return WAITING
    return MT[state]
