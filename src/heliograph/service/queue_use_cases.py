"""What the queue of a link asks of the database: a seam only so that imports run one way."""

import asyncio
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from heliograph.service.dispatch import Flight, LinkQueue


class UseCases(Protocol):
    """The transactions of one link. `settle.py` implements it."""

    async def recover(self, queue: "LinkQueue") -> None: ...

    async def take(self, queue: "LinkQueue", most: int) -> int | None: ...

    async def reclaim(self, queue: "LinkQueue") -> None: ...

    def doubts(self) -> int: ...

    async def cancel_requests(self, queue: "LinkQueue") -> list[int]: ...

    async def cancel(self, queue: "LinkQueue", message_id: int) -> None: ...

    def settle(self, queue: "LinkQueue", flight: "Flight") -> asyncio.Future[bool]: ...
