"""What of an organisation is not over, from new to old: gathered from where it stands (store/waiting.py), a piece a read, so that neither
a reader nor a snapshot is held for long.

A message is PENDING while it is scheduled or waits for its first try, at any place of its lane. Only the head of a lane was ever tried: it
is IN PROGRESS, or BUFFERED until its next try. What else is BUFFERED is at a network that owes a receipt.
"""

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from typing import Final

from heliograph.model.message import State
from heliograph.service.core import Core
from heliograph.store import search
from heliograph.store import waiting as store
from heliograph.store.search import Place, Range
from heliograph.store.waiting import Due, Stretch

STATES: Final = frozenset((State.PENDING, State.IN_PROGRESS, State.BUFFERED))
PIECE: Final = 5_000
LANES_AT_ONCE: Final = 20_000
IN_LANES_MOST: Final = 200_000
"""More than that is not gathered for a page: among so many, a walk meets enough of them."""


async def gather(core: Core, where: Range, states: AbstractSet[State], place: Place, until_s: float) -> list[Place] | None:
    """All that is behind `place` and may be in one of these states, of STATES; None where it is too much, or the monotonic clock reached
    `until_s`."""
    found: set[Place] = set()
    lowest = State.BUFFERED if states == {State.BUFFERED} else State.PENDING
    highest = State.PENDING if states == {State.PENDING} else State.BUFFERED
    within = search.within(where, place) | {"lowest": int(lowest), "highest": int(highest)}
    due: Due | None = (0, 0) if State.PENDING in states else None
    while due is not None:
        some, due = await core.database.read(store.scheduled, within, due, PIECE)
        found.update(some)
        if core.clock.monotonic() >= until_s:
            return None
    stretches = await _stretches(core, where.organisation_id, only_heads=State.PENDING not in states)
    if sum(each.before_seq - each.from_seq for each in stretches) > IN_LANES_MOST:
        return None
    for piece in pieces(stretches, PIECE):
        found.update(await core.database.read(store.in_lanes, within, piece))
        if core.clock.monotonic() >= until_s:
            return None
    key: int | None = 0 if State.BUFFERED in states else None
    while key is not None:
        some, key = await core.database.read(store.at_network, within, key, PIECE)
        found.update(some)
        if core.clock.monotonic() >= until_s:
            return None
    return sorted(found, reverse=True)


async def _stretches(core: Core, organisation_id: int, *, only_heads: bool) -> list[Stretch]:
    found: list[Stretch] = []
    after: int | None = 0
    while after is not None:
        some, after = await core.database.read(store.lanes, organisation_id, after, LANES_AT_ONCE)
        found += [Stretch(each.lane_id, each.from_seq, each.from_seq + 1) for each in some] if only_heads else some
    return found


def pieces(stretches: Iterable[Stretch], size: int) -> Iterator[list[Stretch]]:
    """Parts of lanes in lists that hold `size` places each, the last of them fewer."""
    piece: list[Stretch] = []
    room = size
    for lane_id, from_seq, before_seq in ((each.lane_id, each.from_seq, each.before_seq) for each in stretches):
        begin = from_seq
        while begin < before_seq:
            end = min(before_seq, begin + room)
            piece.append(Stretch(lane_id, begin, end))
            room -= end - begin
            begin = end
            if not room:
                yield piece
                piece, room = [], size
    if piece:
        yield piece
