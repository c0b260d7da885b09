"""The door for a message centre that connects to us: its connections until an outbind says who it is. SMPP 3.4 2.2.1, 4.1.7."""

import hmac
from collections.abc import Callable
from typing import Final

from heliograph.links.smpp.settings import SmppSettings
from heliograph.smpp.aio import Connection, Owner
from heliograph.smpp.event import Closed, Event, Received
from heliograph.smpp.pdu import Outbind

WAITING_MOST: Final = 100
"""Connections that have not said who they are; the session's own timer ends each."""


class Door:
    """`adopt` is given each connection that has said the right names, `refuse` the peer that has not; `make` makes a connection that tells
    its owner."""

    def __init__(
        self,
        settings: SmppSettings,
        make: Callable[[Owner], Connection],
        adopt: Callable[[Connection], None],
        refuse: Callable[[str], None],
    ) -> None:
        self._expected = f"{settings.outbind_system_id}\0{settings.outbind_password}".encode()
        self._is_open = not settings.outbind_system_id
        self._make = make
        self._adopt = adopt
        self._refuse = refuse
        self._waiting: set[Connection] = set()

    def connection(self) -> Connection:
        """For a server's protocol factory."""
        return self._make(self)

    def close(self) -> None:
        """Give up all that wait."""
        for connection in list(self._waiting):
            connection.close("the link stops")

    # what a connection tells (smpp.aio.Owner)

    def opened(self, connection: Connection) -> None:
        if len(self._waiting) >= WAITING_MOST:
            connection.close("too many connections wait to say who they are")
            return
        self._waiting.add(connection)

    def told(self, connection: Connection, events: tuple[Event, ...]) -> None:
        for event in events:
            match event:
                case Received(Outbind() as pdu):
                    said = f"{pdu.system_id}\0{pdu.password}".encode()
                    if self._is_open or hmac.compare_digest(self._expected, said):
                        self._waiting.discard(connection)
                        self._adopt(connection)
                    else:
                        self._refuse(connection.peer)
                        connection.close("its outbind has another system_id or password")
                case Closed():
                    self._waiting.discard(connection)
                case _:
                    pass

    def writable(self, connection: Connection) -> None:
        pass
