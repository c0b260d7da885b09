"""What can happen (rules: Events), how an event is named to the outside, and which of them somebody wants to hear of."""

from collections.abc import Sequence
from typing import Final

from heliograph.model.message import State

IDS: Final = 10**10
"""An event's id is its organisation's, and behind it the event's number in it, so that it says where the event is."""

OF_MESSAGES: Final = {
    "sms.received": State.DELIVERED,
    "sms.accepted": State.PENDING,
    "sms.sent": State.BUFFERED,
    "sms.waiting": State.BUFFERED,
    "sms.delivered": State.DELIVERED,
    "sms.failed": State.FAILED,
    "sms.expired": State.EXPIRED,
    "sms.canceled": State.CANCELED,
    "sms.refused": State.FAILED,
}
"""The state that a message enters by its event."""
OF_MANAGEMENT: Final = (
    "device.enabled",
    "device.disabled",
    "device.blocked",
    "device.reachable",
    "sim.activated",
    "sim.suspended",
    "sim.deleted",
    "sim.factory_test",
    "sim.released",
    "sim.assigned",
    "token.refused",
    "limit.reached",
    "quota.enabled",
    "quota.disabled",
    "quota.assigned",
    "quota.deleted",
    "quota.threshold",
    "quota.exhausted",
    "p2p_limit.reached",
    "link.up",
    "link.down",
    "link.fault",
    "webhook.disabled",
    "webhook.test",
)
TYPES: Final = (*OF_MESSAGES, *OF_MANAGEMENT)


def event_id(organisation_id: int, number: int) -> int:
    """The id of an event, unique in the installation."""
    return organisation_id * IDS + number


def is_pattern(text: str) -> bool:
    """Whether it is a type, all of a kind (`sms.*`), or everything (`*`)."""
    return text == "*" or text in TYPES or (text.endswith(".*") and any(each.startswith(text[:-1]) for each in TYPES))


def wants(patterns: Sequence[str], kind: str) -> bool:
    """Whether one of the patterns means the type. Nobody who wants everything means a test."""
    if "*" in patterns:
        return kind != "webhook.test"
    return kind in patterns or f"{kind.partition('.')[0]}.*" in patterns
