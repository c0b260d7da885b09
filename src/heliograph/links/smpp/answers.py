"""Answers in both directions: what a response of the peer's makes of a segment, and what the peer is told about an SMS of its own."""

from heliograph.links.smpp.address import Addresses
from heliograph.links.smpp.classes import Classes
from heliograph.links.smpp.incoming import canonical
from heliograph.links.smpp.settings import AskReceipts, Refusal, SmppSettings, number_of
from heliograph.model.link import Accepted, Answer, Delivery, LinkOutcome, LinkRole, Unknown
from heliograph.model.problem import Code
from heliograph.smpp import status
from heliograph.smpp.event import Ending, Settled
from heliograph.smpp.pdu import SubmitSm, SubmitSmResp

REFUSALS = {Refusal.POLICY: status.RINVSRCADR, Refusal.DESTINATION: status.RINVDSTADR, Refusal.NOT_READY: status.RSYSERR}
OF_DESTINATION = frozenset({Code.NO_RELAY, Code.NO_ROUTE, Code.NOT_A_DEVICE, Code.RECEIVER_REFUSES, Code.LOOP})
"""What is refused because of where it would go; all else is refused because of whom it comes from."""


class Outcomes:
    """What becomes of segments of one link."""

    def __init__(self, settings: SmppSettings, addresses: Addresses) -> None:
        self._settings = settings
        self._addresses = addresses
        self._classes = Classes(settings)
        self._owes = settings.delivery is Delivery.STORED and settings.asked_receipts is not AskReceipts.NONE

    def of(self, settled: Settled) -> LinkOutcome:
        """The outcome of a submit_sm that is over."""
        if settled.ending is not Ending.ANSWERED or settled.response is None:
            return Unknown(self._why(settled.ending))
        response = settled.response
        if response.command_status:
            return self._classes.refused(response)
        if not isinstance(response, SubmitSmResp):
            return Unknown("it was answered by a generic_nack without an error")
        ref = canonical(response.message_id, self._settings.id_in_response)
        return Accepted(ref, self._owes, *self._as_reported(settled))

    def _as_reported(self, settled: Settled) -> tuple[str | None, str | None]:
        """Source and destination as a receipt will name them."""
        if not self._owes:
            return None, None
        request = settled.request
        assert isinstance(request, SubmitSm)
        number = self._addresses.number
        source = number(request.source_addr, request.source_addr_ton, request.source_addr_npi, is_source=False)
        destination = number(request.destination_addr, request.dest_addr_ton, request.dest_addr_npi, is_source=True)
        return source, destination

    def _why(self, ending: Ending) -> str:
        if ending is Ending.TIMED_OUT:
            return f"no answer within {self._settings.response_ms / 1000:g} s"
        return "its answer cannot be read" if ending is Ending.UNREADABLE else "the connection ended before the answer"


class Refusals:
    """What the peer of one link is told."""

    def __init__(self, settings: SmppSettings) -> None:
        self._table = REFUSALS | {why: number_of(code) for why, code in settings.refusals.items()}
        self._acknowledges = settings.role is LinkRole.INTERCONNECT

    def status_of(self, answer: Answer) -> int:
        """The command_status for what the rules made of an SMS. A link of others' is told that we have it, whatever became of it."""
        if answer.refused is None:
            return status.ROK
        if answer.refused == Code.UNAVAILABLE:
            return self._table[Refusal.NOT_READY]
        if self._acknowledges:
            return status.ROK
        return self._table[Refusal.DESTINATION if answer.refused in OF_DESTINATION else Refusal.POLICY]

    @property
    def not_ready(self) -> int:
        return self._table[Refusal.NOT_READY]
