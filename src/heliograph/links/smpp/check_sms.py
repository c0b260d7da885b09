"""A test SMS by a link that is checked: whether it is taken, and whether its receipt is one that the link would match."""

from collections.abc import AsyncIterator, Iterator
from typing import Final

from heliograph.clock import Clock
from heliograph.links.smpp.address import Addresses
from heliograph.links.smpp.incoming import Heard, Reader, canonical
from heliograph.links.smpp.outgoing import Writer
from heliograph.links.smpp.settings import AskReceipts, BindType, IdUse, SmppSettings, profile
from heliograph.links.smpp.trial import Trial
from heliograph.model.ids import LinkId, MessageId
from heliograph.model.link import Finding, Outgoing
from heliograph.model.number import is_one_sender
from heliograph.smpp import receipt as receipts
from heliograph.smpp import status, tlv
from heliograph.smpp.errors import ValueNotAllowedError
from heliograph.smpp.event import Settled
from heliograph.smpp.pdu import Pdu, SubmitSm, SubmitSmResp

RECEIPT_WITHIN_S: Final = 60.0
TEXT: Final = b"Test of the link"
ALIKE_DIGITS: Final = 7
"""So many last digits make two numbers one, however each is written."""
READINGS: Final = (
    (IdUse.RAW, IdUse.RAW),
    (IdUse.DECIMAL, IdUse.DECIMAL),
    (IdUse.HEX, IdUse.HEX),
    (IdUse.HEX, IdUse.DECIMAL),
    (IdUse.DECIMAL, IdUse.HEX),
)
"""How ids of response and receipt may be read, the likelier first. A number is one on both sides: the next may have zeros before it."""
ADVICE: Final = {
    status.RINVSRCADR: "it takes other senders: ask which, and set `numbers`, whose first the test is sent from, or `rewrite_source`",
    status.RINVDSTADR: "is this how it wants the number? See `rewrite_destination` and `addresses`",
    status.RINVSRCTON: "see `addresses`, or `rewrite_source` with another `ton`",
    status.RINVSRCNPI: "see `addresses`, or `rewrite_source` with another `npi`",
    status.RINVDSTTON: "see `addresses`, or `rewrite_destination` with another `ton`",
    status.RINVDSTNPI: "see `addresses`, or `rewrite_destination` with another `npi`",
    status.RINVSERTYP: "ask which `service_type` it wants",
    status.RINVEXPIRY: "try `validity` absolute or none, or a `max_validity_s`",
    status.RINVESMCLASS: "try `mode` default",
    status.RINVREGDLVFLG: "try `receipts` none, and without `receipt_intermediate`",
    status.ROPTPARNOTALLWD: "set `send_reference` to false",
    status.RINVOPTPARSTREAM: "set `send_reference` to false",
    status.RINVDCS: "see `data_coding`",
}
"""What to set where a test SMS is refused so."""
NOT_ASKED: Final = {
    AskReceipts.NONE: "no receipt was waited for: `receipts` is none, so none was asked for",
    AskReceipts.FAILURES: "no receipt was waited for: `receipts` is failures, so silence is delivered",
}


async def sent(settings: SmppSettings, clock: Clock, sender: Trial, hearer: Trial, send_to: str) -> AsyncIterator[Finding]:
    """One SMS, its response and its receipt."""
    test = TestSms(settings)
    try:
        submit = test.submit(send_to, clock.now_ms())
    except ValueNotAllowedError as error:
        yield Finding("wrong", f"the test SMS cannot be written: {error}")
        return
    hearer.is_awaited = lambda pdu: test.is_about(pdu, submit)
    settled = await sender.ask(submit, settings.response_ms / 1000 + 1)
    response = settled.response if settled is not None else None
    if not isinstance(response, SubmitSmResp) or response.command_status:
        yield Finding("wrong", _refusal(settled, is_over=sender.is_over))
        return
    yield Finding("ok", f"the test SMS was taken, its id is {response.message_id!r}")
    if why := NOT_ASKED.get(settings.asked_receipts):
        yield Finding("hint", why)
    elif settings.bind_type is BindType.TX:
        yield Finding("hint", "no receipt was waited for: with bind_type tx they come to another link of its correlation_group")
    elif await hearer.until(lambda: hearer.receipts, RECEIPT_WITHIN_S):
        for finding in test.judged(submit, response.message_id, hearer.receipts[0]):
            yield finding
    elif hearer.is_over:
        yield Finding("wrong", "the centre ended the session before a receipt came")
    else:
        words = "it may come to another bind (stop the link if it runs, then check again), or from a number not like the one sent to"
        if not submit.source_addr:
            words += ", or not at all for an SMS without a sender, as from Kannel: set `numbers`, whose first the test is sent from"
        yield Finding("hint", f"no receipt came within {RECEIPT_WITHIN_S:g} s: {words}")


def _refusal(settled: Settled | None, *, is_over: bool) -> str:
    response = settled.response if settled is not None else None
    if response is None:
        return "the centre ended the session when the test SMS came" if is_over else "the test SMS was not answered within response_s"
    code = response.command_status
    meaning = status.meaning_of(code)
    text = f"the test SMS was refused with 0x{code:02X} {meaning.name}: {meaning.words}{_more(response)}"
    return f"{text}; {ADVICE[code]}" if code in ADVICE else text


def _more(response: Pdu) -> str:
    """What the TLVs of a refusal say."""
    network = tlv.NETWORK_ERROR_CODE.find(response.tlvs)
    words = tlv.ADDITIONAL_STATUS_INFO_TEXT.find(response.tlvs)
    return (f", network error {network.words}" if network else "") + (f", {words!r}" if words else "")


class TestSms:
    """What a link with these settings would make of an SMS and its receipt."""

    def __init__(self, settings: SmppSettings) -> None:
        self._settings = settings
        profile_ = profile(LinkId(0), "check", settings)
        self._addresses = Addresses(settings, profile_)
        self._reader = Reader(settings, profile_, self._addresses)

    def submit(self, send_to: str, now_ms: int) -> SubmitSm:
        """Raises ValueNotAllowedError."""
        numbers = self._settings.numbers
        source = numbers[0] if numbers and not numbers[0].endswith("*") else ""
        outgoing = Outgoing(MessageId(0), 1, 1, source, 145, send_to, b"", TEXT, 0, 0, 1, now_ms + 3_600_000, want_receipt=True)
        return Writer(self._settings, self._addresses).pdu(outgoing, now_ms)

    def is_about(self, pdu: Heard, submit: SubmitSm) -> bool:
        """Whether it is a receipt that may be this SMS's, however its addresses are written, and whichever way round."""
        is_receipt = receipts.parse(pdu).state is not None
        return is_receipt and any(_are_alike(each, submit.destination_addr) for each in (pdu.source_addr, pdu.destination_addr))

    def judged(self, submit: SubmitSm, message_id: str, pdu: Heard) -> Iterator[Finding]:
        """What keeps the link from matching it, if anything does."""
        if not self._reader.is_receipt(pdu):
            yield Finding("wrong", "a receipt came that does not say so in esm_class: set receipts_unmarked", {"receipts_unmarked": True})
            return
        yield from self._judged_addresses(submit, pdu)
        yield self._judged_id(message_id, receipts.parse(pdu))

    def _judged_addresses(self, submit: SubmitSm, pdu: Heard) -> Iterator[Finding]:
        """As `service.correlate` compares them: one that is left open on either side fits any."""
        number = self._addresses.number
        device = number(submit.destination_addr, submit.dest_addr_ton, submit.dest_addr_npi, is_source=True)
        sender = number(submit.source_addr, submit.source_addr_ton, submit.source_addr_npi, is_source=False)
        told = self._reader.receipt(pdu, 0)
        said_device, said_sender = told.source, told.destination
        is_other = not self._settings.receipts_unswapped
        if said_device != device and self._reader.reported(pdu, is_unswapped=is_other)[0] == device:
            what = "those of the SMS, not swapped" if is_other else "swapped, as they should be"
            words = f"a receipt came whose source and destination are {what}: set receipts_unswapped to {str(is_other).lower()}"
            yield Finding("wrong", words, {"receipts_unswapped": is_other})
            return
        if said_device and said_device != device:
            what = f"a receipt came from {said_device!r} for an SMS to {device!r}"
            yield Finding("wrong", f"{what}: set country and national_prefix, or rewrite_inbound_source, so that both are the same")
        if said_sender and sender and not is_one_sender(said_sender, sender):
            what = f"a receipt came to {said_sender!r} for an SMS from {sender!r}"
            yield Finding("wrong", f"{what}: set receipt_sender_differs", {"receipt_sender_differs": True})

    def _judged_id(self, in_response: str, found: receipts.Receipt) -> Finding:
        """Whether the receipt names the SMS as the settings read it; else a reading in which it does."""
        settings = self._settings
        said = found.receipted_message_id or found.message_id
        if said is None:
            return Finding("wrong", "a receipt came without an id: set receipts_by_reference, if it has our user_message_reference")
        is_tlv = found.receipted_message_id is not None
        in_use = settings.id_in_tlv if is_tlv else settings.id_in_text
        if canonical(in_response, settings.id_in_response) == canonical(said, in_use) is not None:
            return Finding("ok", f"a receipt came ({found.stat or 'state'}), and its id {said!r} is that of the response")
        where = "id_in_tlv" if is_tlv else "id_in_text"
        for first, second in READINGS:
            if canonical(in_response, first) == canonical(said, second):
                wanted: dict[str, str | bool] = {"id_in_response": first.value, where: second.value}
                text = f"the receipt's id is {said!r}, the response's {in_response!r}: set id_in_response to {first}, {where} to {second}"
                return Finding("wrong", text, wanted)
        return Finding(
            "wrong", f"the receipt's id {said!r} and the response's {in_response!r} are the same in no reading: set receipts_by_reference"
        )


def _are_alike(one: str, other: str) -> bool:
    """`+49 170 1234567` and `01701234567`."""
    digits, others = ("".join(filter(str.isdigit, each)) for each in (one, other))
    return one == other or (len(digits) >= ALIKE_DIGITS and digits[-ALIKE_DIGITS:] == others[-ALIKE_DIGITS:])
