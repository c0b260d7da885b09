"""Heads that are ready to be sent, served round robin over their organisations. Knows neither links nor the database."""

from collections import deque
from collections.abc import Iterator

from heliograph.store.message import Head


class Turns:
    """The ready heads of one link. An organisation with many of them waits as long between two as there are others."""

    def __init__(self) -> None:
        self._ready: dict[int, deque[Head]] = {}
        self._order: deque[int] = deque()

    def __bool__(self) -> bool:
        return bool(self._order)

    def __iter__(self) -> Iterator[Head]:
        """All heads, in no order that matters."""
        return (head for line in self._ready.values() for head in line)

    def add(self, head: Head) -> None:
        """A head is ready; it comes after those of its organisation."""
        line = self._ready.get(head.organisation_id)
        if line is None:
            line = self._ready[head.organisation_id] = deque()
        if not line:
            self._order.append(head.organisation_id)
        line.append(head)

    def next(self) -> Head | None:
        """The first head of the organisation whose turn it is; None where nothing is ready."""
        if not self._order:
            return None
        organisation_id = self._order.popleft()
        line = self._ready[organisation_id]
        head = line.popleft()
        if line:
            self._order.append(organisation_id)
        return head

    def remove(self, message_id: int) -> Head | None:
        """Take the head of a message out; None where it is not ready."""
        for line in self._ready.values():
            for head in line:
                if head.message_id == message_id:
                    line.remove(head)
                    if not line:
                        self._order.remove(head.organisation_id)
                    return head
        return None

    def clear(self) -> None:
        """Forget all."""
        self._ready.clear()
        self._order.clear()
