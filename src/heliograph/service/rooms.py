"""How much of what a transaction writes it may claim for the process it runs in."""

from collections.abc import Callable

Receiver = int | str
"""A webhook by its id, or an SMPP account by its system id."""


class Rooms:
    """Made for one transaction and asked in the writer's thread, of moments' values: so the limits behind it are soft. `full`: for whom
    something was left to wait."""

    def __init__(self, room: Callable[[Receiver], int], in_all: int) -> None:
        self._room = room
        self._webhooks_left = in_all
        self._left: dict[Receiver, int] = {}
        self.full: set[Receiver] = set()

    def take(self, receiver: Receiver) -> bool:
        """Whether one more delivery may be claimed; it is counted then."""
        left = self._left.get(receiver)
        if left is None:
            left = self._room(receiver)
        is_webhook = isinstance(receiver, int)
        if left <= 0 or (is_webhook and self._webhooks_left <= 0):
            self._left[receiver] = 0
            self.full.add(receiver)
            return False
        self._left[receiver] = left - 1
        self._webhooks_left -= is_webhook
        return True
