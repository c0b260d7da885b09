"""The core with a real SMPP link over loopback to a scripted message centre: `World`, whose outer edge is the octets.

async with SmppWorld(path, receipts="all") as world:
    message_id = await world.submit()
    await world.report(world.smsc.submits[0], "1")
"""

import msgspec

from heliograph.links.smpp import SmppLink
from heliograph.links.supervisor import Supervisor
from heliograph.metrics import Metrics
from heliograph.smpp.pdu import DeliverSm, SubmitSm
from tests.core_world import Setting, World, statement
from tests.links.smsc import Smsc

QUIET_LOOKS = 6
"""After so many looks, a millisecond apart, at which nothing had moved, all octets have arrived: loopback takes microseconds."""


class SmppWorld(World):
    """`settings` are the link's, over host, port and system_id."""

    def __init__(self, url: str, setting: Setting | None = None, **settings: object) -> None:
        super().__init__(url, setting)
        self.smsc = Smsc(self.clock)
        self.settings = settings
        self._moved: tuple[object, ...] = ()
        self._looks = 0

    async def start(self, *, own: bool = True) -> None:
        await self.smsc.start()
        await super().start(own=False)
        self.clock.busy.append(self._is_moving)
        await self.set(**self.settings)
        self.supervisor = Supervisor(self.core, Metrics())
        if own:
            self.spawn(self.supervisor.run())
            await self.clock.advance(1.5)

    async def crash(self) -> None:
        await super().crash()
        self.clock.busy.clear()
        self.smsc.stop_listening()
        await self.smsc.stop()

    async def set(self, **settings: object) -> None:
        """Other settings of the link; a running one starts again within a second."""
        fields = {"host": "127.0.0.1", "port": self.smsc.port, "system_id": "meters", "password": "secret", "role": "network"} | settings
        text = msgspec.json.encode(fields).decode()
        await self.database.write(lambda tx: tx.run(statement("UPDATE link SET kind = 'smpp', settings = :settings"), settings=text))

    @property
    def smpp(self) -> SmppLink:
        (owned,) = self.supervisor.owned
        assert isinstance(owned.link, SmppLink)
        return owned.link

    async def report(self, submit: SubmitSm, message_id: str = "1", stat: str = "DELIVRD", **fields: object) -> int:
        """A receipt of the centre's; the command_status of our answer."""
        return await self.tell(self.smsc.receipt(submit, message_id, stat, **fields))  # type: ignore[arg-type]

    async def tell(self, pdu: DeliverSm) -> int:
        """A deliver_sm of the centre's; the command_status of our answer."""
        response = await self.smsc.answer(self.smsc.send(pdu))
        await self.clock.settle()
        return response.command_status

    def _is_moving(self) -> bool:
        moved = (self.smsc.events, *self._of_links())
        self._looks = self._looks + 1 if moved == self._moved else 0
        self._moved = moved
        return self._looks % (QUIET_LOOKS + 1) != QUIET_LOOKS

    def _of_links(self) -> list[object]:
        links = [owned.link for owned in self.supervisor.owned] if hasattr(self, "supervisor") else []
        states = [bind.connection and bind.connection.session.state for link in links if isinstance(link, SmppLink) for bind in link.binds]
        return [(link._under_way, len(link._telling)) for link in links if isinstance(link, SmppLink)] + states
