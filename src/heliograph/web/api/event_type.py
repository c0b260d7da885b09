"""The types of events, ours and emnify's: which number and words emnify has for each, who says it, how grave it is.

What emnify has no type for keeps our word, and its number is null: clients that know only emnify's numbers pass it by.
"""

from typing import Final, NamedTuple

from heliograph.web.api import wire

NETWORK, POLICY_CONTROL, API = wire.Described(0, "Network"), wire.Described(1, "Policy Control"), wire.Described(2, "API")
INFO, WARN, CRITICAL = wire.Described(0, "Info"), wire.Described(1, "Warn"), wire.Described(2, "Critical")


class EventType(NamedTuple):
    """`number` None: emnify has none."""

    number: int | None
    words: str
    source: wire.Described
    severity: wire.Described

    @property
    def is_alert(self) -> bool:
        return self.severity.id > INFO.id


TYPES: Final[dict[str, EventType]] = {
    "token.refused": EventType(7, "Application authentication failed", API, WARN),
    "sim.activated": EventType(8, "SIM activation", API, INFO),
    "sim.suspended": EventType(9, "SIM suspension", API, INFO),
    "sim.deleted": EventType(10, "SIM deletion", API, INFO),
    "device.blocked": EventType(11, "Endpoint blocked", POLICY_CONTROL, WARN),
    "quota.threshold": EventType(20, "SMS quota threshold reached", POLICY_CONTROL, INFO),
    "quota.exhausted": EventType(21, "SMS quota used up", POLICY_CONTROL, WARN),
    "device.enabled": EventType(42, "Endpoint enabled", API, INFO),
    "device.disabled": EventType(43, "Endpoint disabled", API, INFO),
    "sim.factory_test": EventType(45, "SIM factory test", API, INFO),
    "sim.released": EventType(50, "SIM Released", API, INFO),
    "sim.assigned": EventType(51, "SIM Assigned", API, INFO),
    "quota.enabled": EventType(54, "SMS quota enabled", API, INFO),
    "quota.disabled": EventType(55, "SMS quota disabled", API, INFO),
    "quota.assigned": EventType(58, "SMS quota assigned", API, INFO),
    "quota.deleted": EventType(59, "SMS quota deleted", API, INFO),
    "limit.reached": EventType(None, "SMS limit reached", POLICY_CONTROL, WARN),
    "p2p_limit.reached": EventType(None, "SMS MO P2P limit reached", POLICY_CONTROL, WARN),
    "device.reachable": EventType(None, "Endpoint reachable", NETWORK, INFO),
    "link.up": EventType(None, "Link up", NETWORK, INFO),
    "link.down": EventType(None, "Link down", NETWORK, WARN),
    "link.fault": EventType(None, "Link fault", NETWORK, CRITICAL),
    "webhook.disabled": EventType(None, "Webhook disabled", POLICY_CONTROL, WARN),
    "webhook.test": EventType(None, "Webhook test", API, INFO),
}


def type_of(kind: str) -> EventType:
    """The type of an event; of one that is not in the table, our word for it."""
    return TYPES.get(kind) or EventType(None, kind, API, INFO)
