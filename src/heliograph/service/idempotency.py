"""A request that brings a key happens once: whoever brings it again within 24 h has the answer of the first, and nothing happens.

The key is inserted in the transaction of what it is about, before anything else: a second request, of this process or another, waits for
that commit and then finds the answer; after a crash either both are there or neither. Refusals are not kept. A face says what the answer
to a result will be, since it is kept as the face gives it.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from heliograph.model.problem import Code, Problem
from heliograph.service.manage.scope import Office
from heliograph.store import idempotency as store
from heliograph.store.idempotency import Kept, Key
from heliograph.store.transaction import Transaction

KEPT_MS = 86_400_000
MOST_OCTETS = 255
SLICE = 100
"""Keys of one transaction: each stands on another page, so that SQLite takes a tenth of a millisecond for one."""


class Once(msgspec.Struct, frozen=True):
    """A request that is to happen once. `fingerprint`: of what is asked. `answer`: the text to keep of a result; it is called in the
    writer's thread."""

    organisation_id: int
    route: str
    key: str
    fingerprint: str
    answer: Callable[[Any], str]

    @property
    def place(self) -> Key:
        return self.organisation_id, self.route, self.key


class Told(msgspec.Struct, frozen=True):
    """The kept answer to a request, and whether an earlier one got it."""

    answer: str
    is_repeated: bool


def run(tx: Transaction, once: Once, now_ms: int, act: Callable[[], Any]) -> Told:
    """Do what is to happen once, all of it in this transaction, unless it has happened. A Problem of `act` undoes the key too."""
    earlier = _claim(tx, [Kept(*once.place, once.fingerprint, "")], now_ms).get(once.place)
    if earlier is not None:
        return _repeated(once, earlier)
    answer = once.answer(act())
    store.keep(tx, once.place, answer)
    return Told(answer, is_repeated=False)


async def earlier(office: Office, once: Once) -> Told | None:
    """What an earlier request with this key was told, if there was one: for a request that cannot be judged as the first one was, since
    time has passed. Raises Problem where that one asked for something else."""
    kept = await office.database.read(store.find, [once.place])
    return _repeated(once, kept[once.place]) if kept else None


async def forget_old(office: Office) -> None:
    """Delete the keys whose 24 h are over, slice by slice."""
    while await office.database.write(store.delete_old, office.clock.now_ms() - KEPT_MS, SLICE) >= SLICE:
        continue


class Claims:
    """The keys among the items of a batch use case, by position: those that are new are claimed, `position in claims` for the others.

    `wanted` has with each the result that the item will have if it is not refused. `settle` is told what became of them."""

    def __init__(self, tx: Transaction, wanted: Mapping[int, tuple[Once, Any]], now_ms: int) -> None:
        self._tx = tx
        self._wanted = {position: once for position, (once, _) in wanted.items()}
        self._first: dict[Key, int] = {}
        for position, once in self._wanted.items():
            self._first.setdefault(once.place, position)
        self._new = {place: _kept(*wanted[position]) for place, position in self._first.items()}
        self._earlier = _claim(tx, list(self._new.values()), now_ms)

    def __contains__(self, position: int) -> bool:
        """Whether the item at `position` is not to be done: it happened earlier, or stands in this batch once before."""
        once = self._wanted.get(position)
        return once is not None and (once.place in self._earlier or self._first[once.place] != position)

    def settle(self, answers: list[Any]) -> list[Any]:
        """The answers of all items, given those of the items that were done; keys of what was refused are forgotten."""
        if not self._wanted:
            return answers
        settled = list(answers)
        done = {place: position for place, position in self._first.items() if place not in self._earlier}
        refused = [place for place, position in done.items() if isinstance(answers[position], Exception)]
        store.give_back(self._tx, refused)
        kept = {place: each for place, each in self._new.items() if place not in refused} | self._earlier
        for position, once in self._wanted.items():
            if once.place not in kept:
                settled[position] = answers[self._first[once.place]]
            elif position in self:
                settled[position] = _judged(once, kept[once.place])
            else:
                settled[position] = Told(kept[once.place].answer, is_repeated=False)
        return settled


def _kept(once: Once, result: Any) -> Kept:
    return Kept(*once.place, once.fingerprint, once.answer(result))


def _claim(tx: Transaction, new: Sequence[Kept], now_ms: int) -> dict[Key, Kept]:
    """Claim keys; those that others had before, with what stands under them."""
    left = {(each.organisation_id, each.route, each.key): each for each in new}
    found: dict[Key, Kept] = {}
    while left:
        for place in store.claim(tx, list(left.values()), now_ms):
            del left[place]
        here = store.find(tx, list(left))
        found |= here
        left = {place: each for place, each in left.items() if place not in here}  # deleted for its age meanwhile: claimed once more
    return found


def _repeated(once: Once, kept: Kept) -> Told:
    if kept.fingerprint != once.fingerprint:
        raise Problem(
            Code.KEY_REUSED,
            "this Idempotency-Key came with another request in the last 24 h: use a new key for each new request",
            field="Idempotency-Key",
        )
    return Told(kept.answer, is_repeated=True)


def _judged(once: Once, kept: Kept) -> Told | Problem:
    try:
        return _repeated(once, kept)
    except Problem as problem:
        return problem
