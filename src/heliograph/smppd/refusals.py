"""What an application was refused, for the operator, to whom the log is to say why: each bind, and of a session's requests the first of
each rule; how many there were of each stands in the last line of the session.

The log says nothing of texts, so a rule and the number that was written to are all it says of a message.
"""

from collections import Counter

from heliograph import log
from heliograph.model.problem import Problem
from heliograph.service.bind import NotTaken
from heliograph.smpp import status
from heliograph.smpp.pdu import Bind, Pdu
from heliograph.smppd.drafts import Refused

_log = log.get("smppd")

Why = Problem | Refused | int
"""A rule, or what cannot be served, or a command_status that says it all."""


class Refusals:
    """Of one connection. `system_id`: of its account, once it is bound."""

    def __init__(self) -> None:
        self.system_id = ""
        self._counts: Counter[str] = Counter()

    def note(self, pdu: Pdu, why: Why, peer: str) -> None:
        """A request is refused."""
        if isinstance(pdu, Bind):
            words = why.why if isinstance(why, NotTaken) else str(why)
            _log.info("bind refused", system_id=pdu.system_id, peer=peer, why=words)
            return
        rule = _rule(why)
        self._counts[rule] += 1
        if self._counts[rule] == 1:
            to = getattr(pdu, "destination_addr", None)
            _log.info("request refused", system_id=self.system_id, peer=peer, request=pdu.name, to=to, why=rule)

    def told(self, reason: str, peer: str) -> None:
        """The connection is over; of one that was not bound there is nothing to say."""
        if self.system_id:
            _log.info("session over", system_id=self.system_id, peer=peer, reason=reason, refused=dict(self._counts))


def _rule(why: Why) -> str:
    if isinstance(why, Problem):
        return why.code.value
    return status.meaning_of(why.command_status if isinstance(why, Refused) else why).name
