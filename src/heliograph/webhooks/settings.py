"""What a courier of webhooks is told when it is made, and what it says of a delivery that it did not send."""

from dataclasses import dataclass, field
from typing import Final

from heliograph.webhooks.egress import EgressPolicy

NOT_SENT: Final = "not sent: the service stopped"


@dataclass(frozen=True, slots=True)
class CourierSettings:
    """`in_flight`: requests under way at once, and so connections kept; `ca_file`: PEM of what is trusted instead of the system's list.
    `proxy`: by which everything is called."""

    egress: EgressPolicy = field(default_factory=EgressPolicy)
    in_flight: int = 1000
    in_flight_per_receiver: int = 64
    connect_timeout_s: float = 5.0
    timeout_s: float = 15.0
    answer_octets: int = 16 * 1024
    ca_file: str | None = None
    proxy: str | None = None
