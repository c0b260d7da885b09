"""How a message from a device came to its application, as a person reads it."""

from typing import Final

from heliograph.model.message import Direction, State, TrafficClass
from heliograph.model.notification import TRIES, NotificationState
from heliograph.service.thread import Line
from heliograph.web.portal.state import Shown

HANDED: Final = {
    NotificationState.WAITING: Shown("webhook", "Webhook"),
    NotificationState.DELIVERED: Shown("webhook", "Webhook delivered", "ok"),
    NotificationState.GIVEN_UP: Shown("webhook", "Webhook given up", "bad"),
}
HANDED_BY_SMPP: Final = {
    NotificationState.WAITING: Shown("webhook", "SMPP"),
    NotificationState.DELIVERED: Shown("webhook", "SMPP delivered", "ok"),
    NotificationState.GIVEN_UP: Shown("webhook", "SMPP given up", "bad"),
}


def handed_over(line: Line) -> Shown | None:
    """How a message from a device came to its application; None where it is none for one."""
    if line.message.direction != Direction.MO or line.message.traffic_class != TrafficClass.A2P_MO or line.message.state == State.FAILED:
        return None
    if line.handed_over is None:
        return Shown("inbox", "Kept here, no interface")
    state = NotificationState(line.handed_over.state)
    if line.handed_over.account is not None:
        return HANDED_BY_SMPP[state]
    if state is NotificationState.WAITING and line.handed_over.tries:
        return Shown("webhook", f"Webhook retrying, {line.handed_over.tries} of {TRIES}", "warn")
    return HANDED[state]
