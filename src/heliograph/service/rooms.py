"""How much of what a transaction writes it may claim for the process it runs in."""

from collections.abc import Callable


class Rooms:
    """Made for one transaction and asked in the writer's thread, of moments' values: so the limits behind it are soft. An account is that
    of SMPP, None stands for all webhooks. `full`: for whom something was left to wait."""

    def __init__(self, room: Callable[[str | None], int]) -> None:
        self._room = room
        self._left: dict[str | None, int] = {}
        self.full: set[str | None] = set()

    def take(self, account: str | None) -> bool:
        """Whether one more delivery may be claimed; it is counted then."""
        left = self._left.get(account)
        if left is None:
            left = self._room(account)
        self._left[account] = left - 1
        if left <= 0:
            self.full.add(account)
        return left > 0
