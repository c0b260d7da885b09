"""How much this process may have of each webhook's deliveries: more where answers are good and much waits, less where they fail.

A webhook is called 4 times at once to begin with. Each time that as many answers in a row were good while more wait, it may be called twice
as often, up to 64; a failure halves it. All together have at most 1,000 calls under way, of which those whose last answer failed have at
most a quarter: they hold their places for as long as a call may take, so they would soon have all of them. Who finds no place takes turns.

What is claimed is more than what is under way, so that a batch of messages needs no claim of its own: `AHEAD` times as much waits in
memory for its turn. Of a webhook that fails nothing is claimed ahead.
"""

from collections import OrderedDict, deque
from dataclasses import dataclass, field

import msgspec

from heliograph.store.notification import Claimed

LEAST = 4
MOST_OF_ONE = 64
MOST = 1000
AHEAD = 16
AHEAD_IN_ALL = 4
FAILING_PERCENT = 25


class Limits(msgspec.Struct, frozen=True):
    """`most`: calls under way in this process, of which `failing_percent` for webhooks whose last answer failed; `least` to `most_of_one`:
    of one webhook."""

    most: int = MOST
    most_of_one: int = MOST_OF_ONE
    least: int = LEAST
    failing_percent: int = FAILING_PERCENT


@dataclass(slots=True, eq=False)
class Share:
    """Of one webhook. `claimed`: until it is settled; of that, `queue` waits for its turn and `under_way` was given to the courier. `good`:
    answers in a row since the limit changed. `waits`: more was due than could be claimed."""

    limit: int
    claimed: int = 0
    under_way: int = 0
    good: int = 0
    is_failing: bool = False
    waits: bool = False
    queue: deque[Claimed] = field(default_factory=deque)

    @property
    def most_claimed(self) -> int:
        return self.limit if self.is_failing else self.limit * AHEAD


class Shares:
    """Of all webhooks. Changed on the event loop, read by the writer's thread too: a moment's values, so the limits are soft."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._least = min(limits.least, limits.most_of_one)
        self._of: dict[int, Share] = {}
        self._claimed = 0
        self._under_way = 0
        self._failing_under_way = 0
        self._held_back: OrderedDict[int, None] = OrderedDict()
        self.is_full = False

    def of(self, webhook_id: int) -> Share:
        share = self._of.get(webhook_id)
        if share is None:
            share = self._of[webhook_id] = Share(self._least)
        return share

    def room(self, webhook_id: int) -> int:
        """How many more may be claimed for the webhook."""
        share = self._of.get(webhook_id)
        own = self._least * AHEAD if share is None else share.most_claimed - share.claimed
        return max(0, min(own, self.room_in_all))

    def room_for_new(self, webhook_id: int) -> int:
        """The same for what is made just now: nothing where older ones wait."""
        share = self._of.get(webhook_id)
        return 0 if share is not None and share.waits else self.room(webhook_id)

    @property
    def room_in_all(self) -> int:
        return max(0, self._limits.most * AHEAD_IN_ALL - self._claimed)

    def claim(self, claimed: Claimed) -> None:
        """One more is claimed; it waits for its turn."""
        share = self.of(claimed.callback_id)
        share.claimed += 1
        self._claimed += 1
        share.queue.append(claimed)

    def next(self, webhook_id: int) -> Claimed | None:
        """The next whose turn it is, which is under way then."""
        share = self.of(webhook_id)
        if not share.queue or share.under_way >= share.limit:
            return None
        failing_most = max(1, self._limits.most * self._limits.failing_percent // 100)
        if self._under_way >= self._limits.most or (share.is_failing and self._failing_under_way >= failing_most):
            self._held_back[webhook_id] = None
            return None
        share.under_way += 1
        self._under_way += 1
        self._failing_under_way += share.is_failing
        return share.queue.popleft()

    def held_back(self) -> list[int]:
        """Webhooks that found no place, longest ago first: two, since one answer makes one place and those that fail may have none."""
        return [self._held_back.popitem(last=False)[0] for _ in range(min(2, len(self._held_back)))]

    def with_queue(self) -> list[int]:
        """The webhooks for which something waits for its turn."""
        return [webhook_id for webhook_id, share in self._of.items() if share.queue]

    def drain(self) -> list[Claimed]:
        """All that waits for its turn, which it will not have."""
        waiting = [claimed for share in self._of.values() for claimed in share.queue]
        for share in self._of.values():
            share.queue.clear()
        return waiting

    def answered(self, webhook_id: int, *, is_success: bool | None) -> None:
        """One that was under way is answered; None: it was not tried."""
        share = self.of(webhook_id)
        self._failing_under_way -= share.is_failing
        share.under_way -= 1
        self._under_way -= 1
        if is_success is not None and is_success == share.is_failing:
            share.is_failing = not is_success
            self._failing_under_way += share.under_way if share.is_failing else -share.under_way
        if is_success:
            self._grow(share)
        elif is_success is False:
            share.limit, share.good = max(self._least, share.limit // 2), 0

    def settled(self, webhook_id: int) -> None:
        """One that was claimed is no more."""
        share = self.of(webhook_id)
        share.claimed -= 1
        self._claimed -= 1
        if not share.claimed and not share.waits and not share.is_failing and share.limit == self._least:
            del self._of[webhook_id]  # it is as any other

    def left_waiting(self, webhook_id: int) -> bool:
        """Note that a transaction left something to wait. Whether there is room for it by now; else what is settled makes some."""
        self.of(webhook_id).waits = True
        if not self.room_in_all:
            self.is_full = True
            return False
        return self.has_room_again(webhook_id)

    def has_room_again(self, webhook_id: int) -> bool:
        """Whether something waits for which there was no room, and half of what may be claimed is done: a claim is for many."""
        share = self._of.get(webhook_id)
        if share is not None and share.waits and share.claimed <= share.most_claimed // 2:
            return True
        return self.is_full and self._claimed <= self._limits.most * AHEAD_IN_ALL // 2

    def _grow(self, share: Share) -> None:
        share.good += 1
        if share.good >= share.limit and (share.waits or share.queue):
            share.limit, share.good = min(self._limits.most_of_one, share.limit * 2), 0
