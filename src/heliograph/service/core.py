"""What every use case needs: the database, the clock, the installation's settings, and the loops that run in this process."""

from dataclasses import dataclass, field
from typing import Protocol

from heliograph.clock import Clock
from heliograph.model.ids import LinkId, NodeId
from heliograph.model.link import Answer
from heliograph.model.p2p import P2pRates
from heliograph.model.route import NumberRules
from heliograph.service.dispatch import Queues
from heliograph.service.link_kinds import LinkKinds
from heliograph.service.loop import Repeats
from heliograph.service.notify import Notifier
from heliograph.service.tail import Tail
from heliograph.store.database import Database


class Simulator(Protocol):
    """What the simulator link offers beside being a link: its devices can be made to speak."""

    async def originate(self, number: str, destination: str | None, user_data: bytes, udh: bytes, dcs: int) -> Answer: ...

    async def call_in(self, source: str, destination: str, text: str) -> Answer: ...


@dataclass(slots=True)
class Core:
    """One process of the installation. Made by the daemon; tests make one with a clock of their own. `tail`: follows the event feed.
    `link_kinds`: set by whoever makes it; links are made and changed by them."""

    database: Database
    clock: Clock
    node_id: NodeId
    queues: Queues
    notifier: Notifier
    numbers: NumberRules = field(default_factory=NumberRules)
    p2p: P2pRates = field(default_factory=P2pRates)
    simulators: dict[LinkId, Simulator] = field(default_factory=dict)
    repeats: Repeats = field(default_factory=Repeats)
    link_kinds: LinkKinds = field(init=False)
    tail: Tail = field(init=False)

    def __post_init__(self) -> None:
        self.tail = Tail(self.database, self.clock, self.queues.spawn)
