"""Ids: taken from counter rows, in blocks for what traffic makes, one by one for what people make.

The next block is claimed at the end of a transaction, right before its commit, so that no two processes wait for each other's traffic.
Ids left in a block when the process ends are never used.
"""

from operator import itemgetter

from heliograph.store.engine import Session
from heliograph.store.query import queries

Q = queries("ids")
BLOCKS = {"message": 1000, "notification": 1000, "receipt": 100, "part_set": 100, "audit": 100}


class IdsExhausted(Exception):
    """A group has taken `wanted` ids of `kind`, and its blocks hold fewer: refill them and run the group again."""

    def __init__(self, kind: str, wanted: int) -> None:
        super().__init__(kind)
        self.kind = kind
        self.wanted = wanted


class IdBlocks:
    """The blocks of one process: of each kind, the one in use and the one after it. Used by the writer's thread only."""

    def __init__(self) -> None:
        self._free: dict[str, range] = {}
        self._next: dict[str, range] = {}
        self._staged: dict[str, range] = {}
        self._taken: dict[str, int] = {}

    def begin(self) -> None:
        """A transaction begins, which has taken nothing yet."""
        self._taken.clear()

    def take(self, kind: str, count: int) -> range:
        """The next `count` ids, rising. Raises IdsExhausted where no block holds so many; what is left of a block then is given up."""
        free = self._free.get(kind, range(0))
        if len(free) < count and len(self._next.get(kind, range(0))) >= count:
            free = self._next.pop(kind)
        self._taken[kind] = self._taken.get(kind, 0) + count
        if len(free) < count:
            raise IdsExhausted(kind, self._taken[kind])
        self._free[kind] = free[count:]
        return free[:count]

    def following(self, kind: str) -> int | None:
        """The lowest id that `take` may still give; None where there is no block."""
        free = self._free.get(kind, range(0)) or self._next.get(kind, range(0))
        return free[0] if free else None

    def refill(self, session: Session, exhausted: IdsExhausted) -> None:
        """Claim a block that holds twice what is wanted, in a transaction of its own; `adopt` it after the commit. A smaller one that was
        next is given up, so that ids rise. What a group took before it ran out is lost with it, and so counts as wanted."""
        self._staged = {exhausted.kind: claim(session, exhausted.kind, max(BLOCKS[exhausted.kind], 2 * exhausted.wanted))}

    def stage(self, session: Session) -> None:
        """As the last thing in a transaction, claim the following block of each kind in use that runs low; `adopt` it after the commit.
        Processes lock the counter rows in one order, by kind."""
        self._staged = {}
        for kind, free in sorted(self._free.items(), key=itemgetter(0)):
            if len(free) < BLOCKS[kind] // 2 and kind not in self._next:
                self._staged[kind] = claim(session, kind, BLOCKS[kind])

    def adopt(self) -> None:
        """The transaction that staged blocks has committed."""
        self._next |= self._staged
        self._staged = {}


def claim(session: Session, kind: str, count: int) -> range:
    """Take `count` ids from the counter row of `kind`, in the transaction under way."""
    (following,) = session.run(Q["claim"], {"kind": kind, "count": count})[0]
    return range(following - count, following)


def following(session: Session, kind: str) -> int:
    """No id of `kind` at or above this has been taken from its counter row."""
    rows = session.run(Q["following"], {"kind": kind})
    return int(rows[0][0]) if rows else 1
