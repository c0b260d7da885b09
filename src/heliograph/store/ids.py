"""Ids: taken from counter rows, in blocks for what traffic makes, one by one for what people make.

A block is taken in a transaction of its own before the group that needs it, so that no two processes wait for each other's traffic.
Ids left in a block when the process ends are never used.
"""

from heliograph.store.engine import Session
from heliograph.store.query import queries

Q = queries("ids")
BLOCKS = {"message": 1000, "notification": 1000, "receipt": 100, "part_set": 100}


class IdsExhausted(Exception):
    """The block of `kind` holds fewer than the `wanted` ids: refill it and run the group again."""

    def __init__(self, kind: str, wanted: int) -> None:
        super().__init__(kind)
        self.kind = kind
        self.wanted = wanted


class IdBlocks:
    """The blocks of one process. Used by the writer's thread only."""

    def __init__(self) -> None:
        self._free: dict[str, range] = {}

    def take(self, kind: str, count: int) -> range:
        """The next `count` ids, rising. Raises IdsExhausted where the block is too small."""
        free = self._free.get(kind, range(0))
        if len(free) < count:
            raise IdsExhausted(kind, count)
        self._free[kind] = free[count:]
        return free[:count]

    def following(self, kind: str) -> int | None:
        """The id that `take` would give next; None where the block is used up."""
        free = self._free.get(kind, range(0))
        return free[0] if free else None

    def refill(self, session: Session, exhausted: IdsExhausted) -> None:
        """Take a block that holds what is wanted. The rest of the old block is given up."""
        self._free[exhausted.kind] = claim(session, exhausted.kind, max(BLOCKS[exhausted.kind], exhausted.wanted))


def claim(session: Session, kind: str, count: int) -> range:
    """Take `count` ids from the counter row of `kind`, in the transaction under way."""
    (following,) = session.run(Q["claim"], {"kind": kind, "count": count})[0]
    return range(following - count, following)


def following(session: Session, kind: str) -> int:
    """No id of `kind` at or above this has been taken from its counter row."""
    rows = session.run(Q["following"], {"kind": kind})
    return int(rows[0][0]) if rows else 1
