"""What an application submits is what arrives at the phone, whatever both ends write, or the application is told before it is accepted."""

import msgspec
from hypothesis import example, given, settings
from hypothesis import strategies as st

from heliograph.clock import SystemClock
from heliograph.gsm import alphabet as gsm7
from heliograph.links.smpp.address import Addresses
from heliograph.links.smpp.outgoing import Writer
from heliograph.links.smpp.settings import SmppSettings, profile
from heliograph.links.smpp.settings import parse as read_settings
from heliograph.model.esme_body import Received
from heliograph.model.ids import LinkId, NotificationId
from heliograph.model.message import fresh_segments
from heliograph.model.notification import AccountDelivery
from heliograph.model.problem import Problem
from heliograph.service.cut import cut
from heliograph.service.encode import encode
from heliograph.service.fitting import Uncut, misfit
from heliograph.smpp.pdu import DeliverSm, SubmitSm
from heliograph.smpp.text import Coder, DefaultAlphabet
from heliograph.smppd.account import Account
from heliograph.smppd.deliveries import pdus_for
from heliograph.smppd.drafts import Refused, draft_of
from heliograph.store.message import Head
from heliograph.store.smpp_account import SmppAccount
from tests.manual_clock import EPOCH_MS
from tests.smpp.phone import CannotWriteError, arrived, written

ALPHABETS = ("gsm7", "gsm7_packed", "latin-1", "ascii")
SUBMIT = SubmitSm(source_addr="1000", source_addr_ton=1, destination_addr="423663920000001")
STYLES = ("udh", "sar", "payload")
GSM = [each for each in gsm7.decode(bytes(set(range(128)) - {0x1B})) if each not in "\r\n@"]
OF_GSM = [*GSM, *"€{}[]~", "ab", "1234567890" * 6, "x" * 66, "y" * 132, "z" * 152]
TEXTS = st.one_of(
    st.lists(st.sampled_from(pieces), min_size=1, max_size=30).map("".join) for pieces in (OF_GSM, [*OF_GSM, "ça", "Łódź", "😀", "Ø"])
)


def link(alphabet: str, style: str) -> SmppSettings:
    fields = {"host": "h", "system_id": "s", "default_alphabet": alphabet, "long_messages": style}
    return read_settings(msgspec.json.encode(fields).decode())


def passed_on(pdu: SubmitSm, coder: Coder, to: SmppSettings, message_id: int) -> list[SubmitSm]:
    """What goes out for a submit. Raises Refused or Problem where its sender is told that it does not."""
    draft, encoded = draft_of(pdu, coder, EPOCH_MS)
    encoded = encoded or encode(draft)
    made = profile(LinkId(1), "Link", to)
    if encoded.udh or draft.user_data is not None:
        found = misfit(made, Uncut(draft.payload, encoded.dcs, encoded.udh, draft.user_data))
        if found is not None:
            raise Refused(1, found)
    head = Head(
        message_id=message_id, lane_id=1, lane_seq=1, organisation_id=1, device_id=1, source="1000", source_type=145,
        address="423663920000001", payload=draft.payload, dcs=encoded.dcs, pid=0, udh=encoded.udh,
        segment_states=fresh_segments(encoded.segments), expiry_at_ms=EPOCH_MS + 3_600_000, user_data=draft.user_data,
    )  # fmt: skip
    writer = Writer(to, Addresses(to, made))
    return [writer.pdu(each, EPOCH_MS) for each in cut(head, made)]


@settings(max_examples=300)
@given(TEXTS, st.sampled_from([0, 3, 8]), *[st.sampled_from(ALPHABETS), st.sampled_from(STYLES)] * 2)
@example("x" * 152 + "€" * 3 + "x" * 10, 0, "gsm7", "udh", "latin-1", "udh")
@example("x" * 160 + "€" * 3, 0, "gsm7", "payload", "ascii", "sar")
@example("y" * 66 + "😀" * 9, 8, "gsm7", "sar", "latin-1", "udh")
@example("á" * 140, 3, "latin-1", "udh", "gsm7", "udh")
@example("1234567" * 23, 0, "gsm7_packed", "sar", "gsm7_packed", "sar")
@example("@" * 161, 0, "gsm7", "udh", "gsm7_packed", "udh")
def test_what_is_submitted_arrives_or_its_sender_is_told(
    text: str, data_coding: int, alphabet: str, style: str, link_alphabet: str, link_style: str
) -> None:
    coder, to = Coder(default=DefaultAlphabet(alphabet)), link(link_alphabet, link_style)
    try:
        pdus = list(written(SUBMIT, text, data_coding, alphabet, style))
        sent = [each for number, pdu in enumerate(pdus, 300) for each in passed_on(pdu, coder, to, number)]
    except CannotWriteError:
        return
    except (Refused, Problem):
        assert style != "payload", "a text in message_payload is cut here"
        assert len(pdus) > 1, "one that fits into one SMS goes as it is"
        assert data_coding != 8, "UCS-2 goes by any link"
        return
    assert arrived(sent, link_alphabet, is_cut_there=link_style == "payload", is_mixed=len(pdus) > 1) == text


@given(TEXTS, st.sampled_from([0, 3, 8]), st.sampled_from(ALPHABETS), st.sampled_from(STYLES))
@example("0123456789" * 17, 0, "gsm7_packed", "payload")
@example("0123456789" * 17, 0, "gsm7_packed", "sar")
def test_a_text_that_a_device_sent_reaches_the_application_as_it_writes_text(text: str, dcs: int, alphabet: str, style: str) -> None:
    dcs = dcs if dcs != 3 and (dcs or gsm7.fits(text)) else 8
    fields = msgspec.json.encode({"default_coding": alphabet, "long_messages": style}).decode()
    account = Account(SmppAccount("org_1", 1, "Fleet", None, "", fields, 0, 0, None), SystemClock())
    body = msgspec.json.encode(Received("423663920000001", "1000", dcs, payload=text)).decode()
    pdus = pdus_for(AccountDelivery(NotificationId(1), 300, 1, "org_1", "sms.received", body, 0), account, 0x34, EPOCH_MS)
    found = [pdu for pdu in pdus if isinstance(pdu, DeliverSm)]
    assert arrived(found, alphabet, is_cut_there=style == "payload") == text
