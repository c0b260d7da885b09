"""What an application was refused, for the operator: in the log each bind, and of a session's requests the first of each rule, with how
many there were of each in the last line of the session; in the metrics by status; and added up in the database (`service/smpp_refusal`).

The log says nothing of texts, so a rule and the number that was written to are all it says of a message.
"""

from collections import Counter
from typing import TYPE_CHECKING, Final

from heliograph import log
from heliograph import metrics as counting
from heliograph.metrics import Metrics
from heliograph.model.esme_refusal import BIND, NOBODY, Why, words_of
from heliograph.model.problem import Code, Problem
from heliograph.service.bind import NotTaken
from heliograph.service.core import Core
from heliograph.service.smpp_refusal import RefusalBook
from heliograph.smpp import status
from heliograph.smpp.command import GENERIC_NACK, Command, name_of
from heliograph.smpp.errors import PduError
from heliograph.smpp.frame import AS_TLS_BEGINS
from heliograph.smpp.pdu import Bind, Pdu
from heliograph.smpp.state import BINDS
from heliograph.smppd.drafts import Refused
from heliograph.smppd.status import FIELDS, FIELDS_OF_50

if TYPE_CHECKING:
    from heliograph.smppd.esme import Esme

_log = log.get("smppd")

Reason = Problem | Refused | int
"""A rule, or what cannot be served, or a command_status that says it all."""

OF_BINDS: Final = {Code.NOT_ALLOWED: Why.TOO_MANY_BINDS, Code.TOO_MANY_REQUESTS: Why.TOO_MANY_TRIES}
"""What refuses a bind beside `NotTaken`."""
OF_STRANGERS: Final = frozenset({Why.NO_ACCOUNT, Why.TOO_MANY_TRIES})
"""Said before it is known whether there is such an account: kept for no account, or guessed names would fill the table."""
OF_FLAWS: Final[dict[int, str]] = {
    status.RALYBND: Why.ALREADY_BOUND,
    status.RINVBNDSTS: Why.NOT_BOUND,
    status.RINVCMDID: Why.UNKNOWN,
    status.RPROHIBITED: Why.UNKNOWN,
    status.RTHROTTLED: "RTHROTTLED",
}
OF_FIELDS: Final = frozenset({*FIELDS.values(), *FIELDS_OF_50.values()})
KNOWN: Final = frozenset(map(int, Command)) - {GENERIC_NACK}
UNKNOWN: Final = "unknown"
"""The request of a PDU of which no version has the number: a peer may make up four thousand million, and each would be a metric."""


class Register:
    """Of all connections of a process. `book`: what of it is kept in the database."""

    def __init__(self, core: Core, metrics: Metrics) -> None:
        self.book = RefusalBook(core)
        self._metrics = metrics
        self._counters: dict[tuple[str, int], counting.Counter] = {}

    def note(self, system_id: str, request: str, reason: str, address: str, command_status: int, detail: str = "") -> None:
        """A request was refused; `system_id` of an account that there is, else NOBODY."""
        counter = self._counters.get((request, command_status))
        if counter is None:
            words = "Requests, binds among them, that applications had refused over SMPP, by the command_status they were answered with."
            name = status.meaning_of(command_status).name if command_status else "none"
            counter = self._metrics.counter("smpp_refusals", words, request=request, status=name)
            self._counters[request, command_status] = counter
        counter.add()
        self.book.note(system_id, request, reason, address, command_status, detail)


class Refusals:
    """Of one connection. `system_id`: of its account, once it is bound."""

    def __init__(self, register: Register, esme: "Esme") -> None:
        self.system_id = NOBODY
        self._register = register
        self._esme = esme
        self._counts: Counter[str] = Counter()

    def note(self, pdu: Pdu, why: Reason, command_status: int) -> None:
        """A request is refused."""
        if isinstance(pdu, Bind):
            self._bind(pdu, why, command_status)
            return
        rule = _rule(why, command_status)
        to = getattr(pdu, "destination_addr", None)
        self._counts[rule] += 1
        if self._counts[rule] == 1:
            peer = self._esme.connection.peer
            _log.info("request refused", system_id=self.system_id, peer=peer, request=pdu.name, to=to, why=rule)
        self._register.note(self.system_id, pdu.name, rule, self._esme.address, command_status, to or "")

    def _bind(self, pdu: Bind, why: Reason, command_status: int) -> None:
        reason = why.why if isinstance(why, NotTaken) else OF_BINDS.get(why.code) if isinstance(why, Problem) else None
        words = str(why) if reason is None else words_of(reason)
        _log.info("bind refused", system_id=pdu.system_id, peer=self._esme.connection.peer, why=words)
        if reason in OF_STRANGERS:
            self._register.note(NOBODY, BIND, reason, self._esme.address, command_status, pdu.system_id)
        elif reason is not None:
            self._register.note(pdu.system_id, BIND, reason, self._esme.address, command_status)

    def flawed(self, error: PduError) -> None:
        """What came is no PDU, or out of turn; the session answered."""
        command_id, reason = error.command_id, OF_FLAWS.get(error.command_status, Why.UNREADABLE)
        if not self.system_id and not command_id:  # its first octets are no length
            reason = Why.TLS if AS_TLS_BEGINS in str(error) else Why.NOT_SMPP
        if command_id in BINDS or not (self.system_id or command_id):
            request = BIND
        else:
            request = name_of(command_id) if command_id in KNOWN else UNKNOWN
        self._register.note(self.system_id, request, reason, self._esme.address, error.command_status)

    def told(self, reason: str) -> None:
        """The connection is over; of one that was not bound there is nothing to say."""
        if self.system_id:
            peer = self._esme.connection.peer
            _log.info("session over", system_id=self.system_id, peer=peer, reason=reason, refused=dict(self._counts))


def _rule(why: Reason, command_status: int) -> str:
    """An input that is not taken is told by the field at fault, which the command_status says and the rule does not."""
    if isinstance(why, Problem):
        by_field = why.code is Code.INVALID and command_status in OF_FIELDS
        return status.meaning_of(command_status).name if by_field else why.code.value
    return status.meaning_of(why.command_status if isinstance(why, Refused) else why).name
