"""How the sessions of this process do, written down for those who look: what each asked for and was sent, how fast, how much is unanswered.

Once in ten seconds, and of a session only where it changed: a thousand busy sessions are one statement of a thousand rows.
"""

from collections.abc import Iterable
from typing import Final

from heliograph import log
from heliograph.service.bind import note_sessions
from heliograph.service.core import Core
from heliograph.smppd.courier import EsmeCourier
from heliograph.smppd.esme import Esme
from heliograph.store.database import DatabaseLost
from heliograph.store.smpp_account import SessionNow

EVERY_S: Final = 10.0
MINUTE_S: Final = 60

_log = log.get("smppd")


class Paces:
    """Of one process."""

    def __init__(self, core: Core, courier: EsmeCourier) -> None:
        self._core = core
        self._courier = courier
        self._noted: dict[int, SessionNow] = {}
        self._lost: frozenset[int] = frozenset()
        self._noted_at_s = core.clock.monotonic()

    async def note(self, esmes: Iterable[Esme]) -> None:
        """Write what changed since the last time, and what could not be written then."""
        now_s = self._core.clock.monotonic()
        minutes = max(now_s - self._noted_at_s, 1.0) / MINUTE_S
        self._noted_at_s = now_s
        found = {each.id: each for each in [self._now(esme, minutes) for esme in esmes if esme.session_id is not None]}
        changed = [each for each in found.values() if each.id in self._lost or each != self._noted.get(each.id, SessionNow(each.id))]
        self._noted, self._lost = found, frozenset()
        try:
            if changed:
                await self._core.database.write(note_sessions, changed)
        except DatabaseLost as lost:
            self._lost = frozenset([each.id for each in changed])
            _log.warning("the database does not answer, how sessions do is told later", error=str(lost))

    def _now(self, esme: Esme, minutes: float) -> SessionNow:
        assert esme.session_id is not None
        before = self._noted.get(esme.session_id, SessionNow(esme.session_id))
        return SessionNow(
            esme.session_id,
            submits=esme.submits,
            delivers=esme.delivers,
            submits_a_minute=round((esme.submits - before.submits) / minutes),
            delivers_a_minute=round((esme.delivers - before.delivers) / minutes),
            unanswered=esme.pending,
            owed=self._courier.under_way(esme),
        )
