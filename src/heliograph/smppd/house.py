"""What an ESME needs of the server that has it."""

from collections.abc import Callable, Coroutine, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from heliograph.clock import Clock
from heliograph.metrics import Counter
from heliograph.service.core import Core
from heliograph.smpp.event import Settled
from heliograph.smppd.account import Account
from heliograph.smppd.refusals import Register

if TYPE_CHECKING:
    from heliograph.smppd.esme import Esme


class House(Protocol):
    """The server, as an ESME sees it."""

    core: Core
    clock: Clock
    answers: Mapping[bool, Counter]
    """Submits that were answered, by whether they were refused."""
    register: Register

    def guard(self, esme: "Esme", call: Callable[..., None], *args: Any) -> None:
        """Make a call whose bug ends this ESME alone."""

    def spawn(self, esme: "Esme", call: Coroutine[Any, Any, None]) -> None:
        """Have a task of its own, under the same guard."""

    async def bind(self, esme: "Esme", system_id: str, password: str, bind: str, version: int) -> Account:
        """The account that is bound from now on. Raises Problem."""

    def later(self, esme: "Esme", wait_ms: int, call: Callable[[], None]) -> None:
        """Make a call later, under the same guard."""

    def settled(self, esme: "Esme", event: Settled) -> None:
        """A request of ours is over."""

    def bound(self, esme: "Esme") -> None:
        """It is bound."""

    def left(self, esme: "Esme") -> None:
        """Its connection is over."""
