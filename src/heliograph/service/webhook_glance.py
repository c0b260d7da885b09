"""How webhooks fared in the last 24 hours, by the hour: of the latest 500 deliveries of each."""

import math
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from heliograph.service.manage.scope import Office
from heliograph.store import webhook_glance as store
from heliograph.store.transaction import Transaction
from heliograph.store.webhook_glance import Tried

HOURS: Final = 24
HOUR_MS: Final = 3_600_000
DELIVERIES: Final = 500


class Glance(msgspec.Struct, frozen=True):
    """`hours`: of each hour, the oldest first, how many tries succeeded and how many failed. `p95_ms` None: there were none."""

    hours: tuple[tuple[int, int], ...]
    p95_ms: int | None

    @property
    def tries(self) -> int:
        return sum(well + badly for well, badly in self.hours)

    @property
    def share(self) -> float | None:
        """Of the tries that succeeded; None where there were none."""
        return sum(well for well, _ in self.hours) / self.tries if self.tries else None


async def glances(office: Office, webhook_ids: Sequence[int]) -> dict[int, Glance]:
    """How each fared. The ids are of webhooks that the caller has found to be theirs."""
    return await office.database.read(_glances, webhook_ids, office.clock.now_ms())


def _glances(tx: Transaction, webhook_ids: Sequence[int], now_ms: int) -> dict[int, Glance]:
    first = now_ms // HOUR_MS - HOURS + 1
    return {each: glance_of(store.tries(tx, each, DELIVERIES, first * HOUR_MS), first) for each in webhook_ids}


def glance_of(tries: Iterable[Tried], first_hour: int) -> Glance:
    """What tries since an hour come to."""
    hours = [[0, 0] for _ in range(HOURS)]
    durations = []
    for each in tries:
        place = each.at_ms // HOUR_MS - first_hour
        if 0 <= place < HOURS:
            hours[place][0 if each.is_success else 1] += 1
            durations.append(each.duration_ms)
    durations.sort()
    p95_ms = durations[math.ceil(len(durations) * 0.95) - 1] if durations else None
    return Glance(tuple((well, badly) for well, badly in hours), p95_ms)
