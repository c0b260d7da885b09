"""The tables and translations of an SMPP link: addresses, error classes, submits, ids, refusals."""

from itertools import product

import msgspec
import pytest

from heliograph.gsm import alphabet as gsm7
from heliograph.gsm import udh
from heliograph.links.smpp.address import Addresses
from heliograph.links.smpp.answers import Refusals
from heliograph.links.smpp.classes import TABLE, Classes
from heliograph.links.smpp.incoming import Reader, canonical
from heliograph.links.smpp.outgoing import Writer
from heliograph.links.smpp.settings import IdUse, SmppSettings, parse, profile
from heliograph.model.ids import LinkId
from heliograph.model.link import Answer, ErrorClass, ReceiptState, Refused
from heliograph.model.problem import Code
from heliograph.smpp import status, tlv
from heliograph.smpp.errors import ValueNotAllowedError
from heliograph.smpp.pdu import DeliverSm, SubmitSmResp
from heliograph.smpp.status import MEANINGS
from tests.contract.link_contract import outgoing
from tests.manual_clock import EPOCH_MS

HOUR_MS = 3_600_000


def read(**given: object) -> SmppSettings:
    return parse(msgspec.json.encode({"host": "h", "system_id": "s"} | given).decode())


def addresses(**given: object) -> Addresses:
    settings = read(**given)
    return Addresses(settings, profile(LinkId(1), "SMSC", settings))


def reader(**given: object) -> Reader:
    settings = read(**given)
    made = profile(LinkId(1), "SMSC", settings)
    return Reader(settings, made, Addresses(settings, made))


def writer(**given: object) -> Writer:
    return Writer(read(**given), addresses(**given))


@pytest.mark.parametrize(
    ("source", "source_type", "wanted"),
    [
        ("4917012345", 145, ("4917012345", 1, 1)),
        ("17012345678", 161, ("17012345678", 2, 1)),
        ("1000", 145, ("1000", 0, 1)),
        ("1000", 161, ("1000", 0, 1)),
        ("Meter", 208, ("Meter", 5, 0)),
        ("*100#", 145, ("*100#", 0, 1)),
        ("", 161, ("", 0, 0)),
    ],
)
def test_a_sender_gets_its_ton_and_npi_by_what_it_is(source: str, source_type: int, wanted: tuple[str, int, int]) -> None:
    assert addresses().source(source, source_type) == wanted


def test_tables_and_rewriting_change_addresses_and_the_first_rule_that_fits_counts() -> None:
    rules = [{"match": "49", "strip": 2, "prefix": "0", "ton": 2}, {"match": "", "force": "Fleet", "ton": 5, "npi": 0}]
    made = addresses(rewrite_source=rules, addresses={"international": [3, 9]})
    assert made.source("4917012345", 145) == ("017012345", 2, 9)
    assert made.source("1000", 145) == ("Fleet", 5, 0)
    assert made.destination("4917012345") == ("4917012345", 3, 9)


@pytest.mark.parametrize(
    ("text", "ton", "npi", "wanted"),
    [
        ("4917012345", 1, 1, "4917012345"),
        ("+4917012345", 0, 1, "4917012345"),
        ("004917012345", 0, 1, "4917012345"),
        ("017012345", 0, 1, "4917012345"),
        ("17012345", 2, 1, "4917012345"),
        ("1000", 0, 1, "1000"),
        ("901400000000001", 0, 6, "901400000000001"),
        ("Meter", 5, 0, "Meter"),
        ("12\0" + "34", 0, 1, "12\ufffd34"),
    ],
)
def test_a_number_of_the_peers_is_completed_by_the_country(text: str, ton: int, npi: int, wanted: str) -> None:
    assert addresses(country="49", national_prefix="0").number(text, ton, npi, is_source=True) == wanted


def test_numbers_of_the_peers_are_rewritten_before_they_are_completed() -> None:
    made = addresses(
        country="49",
        national_prefix="0",
        rewrite_inbound_source=[{"match": "C", "strip": 1, "prefix": "0"}],
        rewrite_inbound_destination=[{"match": "", "force": "1000"}],
    )
    assert made.number("C17012345", 5, 0, is_source=True) == "017012345", "its TON still says that it is a name"
    named = [{"match": "C", "strip": 1, "prefix": "0", "ton": 0}]
    assert (
        addresses(country="49", national_prefix="0", rewrite_inbound_source=named).number("C17012345", 5, 0, is_source=True) == "4917012345"
    )
    assert made.number("4917012345", 1, 1, is_source=False) == "1000"
    assert made.number("4917012345", 1, 1, is_source=True) == "4917012345"


def test_every_status_has_a_class_and_a_reason_in_words() -> None:
    classes = Classes(read())
    for code in (*MEANINGS, 0x400, 0x77):
        if code == status.ROK:
            continue
        refused = classes.refused(SubmitSmResp(1, code))
        assert refused.code == code
        assert " " in refused.reason
        assert refused.error_class is TABLE.get(code, refused.error_class)
    assert classes.refused(SubmitSmResp(1, 0x77)).error_class is ErrorClass.UNKNOWN


def test_what_did_not_work_is_an_absent_device_on_a_live_link_and_the_link_on_a_stored_one() -> None:
    live, stored = Classes(read(delivery="live")), Classes(read())
    for code in (status.RSUBMITFAIL, status.RDELIVERYFAILURE):
        assert (live.refused(SubmitSmResp(1, code)).error_class, live.refused(SubmitSmResp(1, code)).most_tries) == (
            ErrorClass.DEVICE_ABSENT, None,
        )  # fmt: skip
        assert (stored.refused(SubmitSmResp(1, code)).error_class, stored.refused(SubmitSmResp(1, code)).most_tries) == (ErrorClass.LINK, 5)


def test_a_links_own_tables_win_and_the_networks_error_over_the_status() -> None:
    classes = Classes(read(errors={"0x0B": "device_absent", "1024": "throttle"}, network_errors={"22": "device_busy"}))
    full = (tlv.NETWORK_ERROR_CODE.make(tlv.NetworkError(3, 22)),)
    assert classes.refused(SubmitSmResp(1, 0x0B)).error_class is ErrorClass.DEVICE_ABSENT
    assert classes.refused(SubmitSmResp(1, 1024)).error_class is ErrorClass.THROTTLE
    busy = classes.refused(SubmitSmResp(1, 0x0B, full))
    assert busy.error_class is ErrorClass.DEVICE_BUSY
    assert "network error 22" in busy.reason
    assert busy.network_error == tlv.NetworkError(3, 22).number


def test_a_network_error_counts_by_its_network_and_is_told_as_the_table_has_it() -> None:
    """Octet 1 of network_error_code says whose code it is (SMPP 3.4 5.3.2.31): 1 of GSM is an unknown subscriber, 1 of a centre is not."""
    classes = Classes(read(network_errors={"1": "permanent", "8:0x01": "throttle"}))

    def refused(network: int) -> Refused:
        return classes.refused(SubmitSmResp(1, status.RSYSERR, (tlv.NETWORK_ERROR_CODE.make(tlv.NetworkError(network, 1)),)))

    assert (refused(3).error_class, refused(8).error_class) == (ErrorClass.PERMANENT, ErrorClass.THROTTLE)
    assert refused(2).error_class is ErrorClass.UNKNOWN
    assert "network error 1 (" in refused(3).reason
    assert "network error 8:1 (" in refused(8).reason


@pytest.mark.parametrize(
    ("settings", "validity"),
    [
        ({}, "000000010000000R"),
        ({"validity": "absolute"}, "270115090000000+"),
        ({"max_validity_s": 600}, "000000001000000R"),
        ({"validity": "none"}, ""),
        ({"delivery": "live"}, ""),
    ],
)
def test_a_submit_says_the_remaining_validity_as_the_link_wants_it(settings: dict[str, object], validity: str) -> None:
    pdu = writer(**settings).pdu(outgoing(expiry_at_ms=EPOCH_MS + HOUR_MS), EPOCH_MS)
    assert pdu.validity_period == validity


def test_a_submit_asks_for_what_is_set() -> None:
    pdu = writer(receipts="failures", receipt_intermediate=True, mode="store", service_type="CMT").pdu(outgoing(7, pid=64), EPOCH_MS)
    assert (pdu.registered_delivery, pdu.esm_class, pdu.service_type, pdu.protocol_id) == (0x12, 3, "CMT", 64)
    assert tlv.USER_MESSAGE_REFERENCE.find(pdu.tlvs) == 7
    assert writer(send_reference=False).pdu(outgoing(), EPOCH_MS).tlvs == ()


def test_a_sender_that_the_peer_does_not_take_is_refused_here() -> None:
    strict = writer(allowed_sources=["1000", "49*"])
    assert strict.pdu(outgoing(source="4917"), EPOCH_MS)
    with pytest.raises(ValueNotAllowedError, match="allowed_sources"):
        strict.pdu(outgoing(source="1001"), EPOCH_MS)


@pytest.mark.parametrize(
    ("text", "use", "wanted"),
    [
        ("0A", IdUse.HEX, "10"),
        ("0010", IdUse.DECIMAL, "10"),
        ("0010", IdUse.RAW, "0010"),
        ("x-1", IdUse.HEX, "x-1"),
        ("", IdUse.RAW, None),
        ("7", IdUse.IGNORED, None),
    ],
)
def test_an_id_is_read_as_the_link_says(text: str, use: IdUse, wanted: str | None) -> None:
    assert canonical(text, use) == wanted


def test_a_receipt_without_the_bit_is_known_by_its_looks_where_the_link_says_so() -> None:
    text = DeliverSm(source_addr="1", destination_addr="2", short_message=b"id:1 sub:001 stat:DELIVRD err:000")
    tlvs = DeliverSm(tlvs=(tlv.RECEIPTED_MESSAGE_ID.make("1"), tlv.MESSAGE_STATE.make(2)))
    plain = DeliverSm(short_message=b"my id: 5")
    assert [reader(receipts_unmarked=True).is_receipt(each) for each in (text, tlvs, plain)] == [True, True, False]
    assert [reader().is_receipt(each) for each in (text, tlvs, plain)] == [False] * 3


@pytest.mark.parametrize(
    ("text", "tlvs", "wanted"),
    [
        (b"id:1 stat:UNDELIV err:0BC", (), ("0BC", None)),
        (b"id:1 stat:UNDELIV err:034", (tlv.NETWORK_ERROR_CODE.make(tlv.NetworkError(3, 27)),), ("034", 3 << 16 | 27)),
        (b"id:1 stat:UNDELIV", (tlv.NETWORK_ERROR_CODE.make(tlv.NetworkError(3, 27)),), ("27", 3 << 16 | 27)),
        (b"id:1 stat:UNDELIV", (), (None, None)),
    ],
)
def test_a_receipt_says_the_networks_error_by_text_and_by_tlv(
    text: bytes, tlvs: tuple[tlv.Tlv, ...], wanted: tuple[str | None, int | None]
) -> None:
    made = reader().receipt(DeliverSm(esm_class=4, short_message=text, tlvs=tlvs), 0)
    assert (made.error, made.network_error) == wanted


@pytest.mark.parametrize(
    ("alphabet", "octets", "data_coding"),
    [("gsm7", b"\x02 50", 0), ("gsm7_packed", None, 0), ("latin-1", "$ 50".encode("latin-1"), 0), ("ascii", b"$ 50", 0)],
)
def test_the_centres_default_alphabet_is_written(alphabet: str, octets: bytes | None, data_coding: int) -> None:
    text = gsm7.encode("$ 50")
    pdu = writer(default_alphabet=alphabet).pdu(outgoing(7, user_data=text), EPOCH_MS)
    assert (pdu.short_message, pdu.data_coding) == (gsm7.pack(text) if octets is None else octets, data_coding)


def test_packed_text_begins_where_the_header_ends_that_is_on_the_wire() -> None:
    """SAR TLVs stand for the concatenation element: without a header there are no fill bits."""
    part = outgoing(1, udh=udh.concat(7, 2, 1), user_data=gsm7.encode("abc"), total=2)
    in_sar = writer(default_alphabet="gsm7_packed", long_messages="sar").pdu(part, EPOCH_MS)
    assert (in_sar.short_message, in_sar.esm_class) == (gsm7.pack(gsm7.encode("abc")), 0)
    in_udh = writer(default_alphabet="gsm7_packed").pdu(part, EPOCH_MS)
    assert in_udh.short_message == udh.concat(7, 2, 1) + gsm7.pack(gsm7.encode("abc"), 1)


@pytest.mark.parametrize(("style", "is_taken"), [("payload", True), ("udh", False)])
def test_what_the_centres_alphabet_lacks_may_be_as_long_as_it_is_where_the_centre_cuts(style: str, is_taken: bool) -> None:
    long = outgoing(user_data=gsm7.encode("€ " * 60))
    made = writer(default_alphabet="latin-1", long_messages=style)
    if not is_taken:
        with pytest.raises(ValueNotAllowedError, match="too long"):
            made.pdu(long, EPOCH_MS)
        return
    pdu = made.pdu(long, EPOCH_MS)
    assert (pdu.data_coding, pdu.short_message or tlv.MESSAGE_PAYLOAD.find(pdu.tlvs)) == (8, ("€ " * 60).encode("utf-16-be"))


def test_an_intermediate_notification_is_never_final_and_a_sender_that_differs_is_left_open() -> None:
    pdu = DeliverSm(source_addr="49170", destination_addr="Other", esm_class=0x20, short_message=b"id:1 stat:DELIVRD")
    made = reader(receipt_sender_differs=True).receipt(pdu, 0)
    assert (made.state, made.source, made.destination, made.keys) == (ReceiptState.TIMELINE, "49170", "", ("id:1",))


def test_an_id_in_a_tlv_makes_an_sms_that_may_come_again_known() -> None:
    (sms,) = reader().inbound(DeliverSm(source_addr="49170", short_message=b"x", tlvs=(tlv.RECEIPTED_MESSAGE_ID.make("77"),)), 0)
    assert sms.transaction_id == "77"


def test_a_header_of_any_length_loses_no_text_and_an_sms_of_nothing_else_has_no_parts() -> None:
    """Elements that leave no room for text beside them are left out; SAR TLVs and data_codings as they may be."""
    sar = (tlv.SAR_MSG_REF_NUM.make(7), tlv.SAR_TOTAL_SEGMENTS.make(2), tlv.SAR_SEGMENT_SEQNUM.make(1))
    text = b"0123456789" * 30
    any_reader = reader()
    for length, tlvs, coding, is_whole, user_data in product(range(256), ((), sar), (0, 4, 8), (True, False), (b"", b"ab", text)):
        body = bytes((0x70, length - 2)) + bytes(length - 2) if is_whole and length >= 2 else b"\x70" * length
        octets = bytes((length,)) + body + user_data
        pdu = DeliverSm(source_addr="49170", esm_class=0x40, data_coding=coding, tlvs=(*tlvs, tlv.MESSAGE_PAYLOAD.make(octets)))
        parts = any_reader.inbound(pdu, 0)
        case = (length, tlvs, coding, is_whole, user_data)
        assert b"".join(part.user_data for part in parts) == user_data, case
        assert all(len(part.udh) + (len(part.user_data) * 7 + 7) // 8 <= 140 for part in parts), case
        assert parts or (not user_data and length >= 132), case


@pytest.mark.parametrize(
    ("ports", "octets", "parts"), [(False, 255 * 132, 255), (True, 255 * 132, 255), (False, 255 * 132 + 2, 0), (True, 64_000, 0)]
)
def test_a_text_of_more_than_255_parts_has_none_and_loses_its_ports_before_its_end(*, ports: bool, octets: int, parts: int) -> None:
    """UCS-2, 132 octets a part beside a wide concatenation; with ports six fewer."""
    header, text = bytes.fromhex("06050415811581") if ports else b"", b"\x00A" * (octets // 2)
    payload = tlv.MESSAGE_PAYLOAD.make(header + text)
    found = reader().inbound(DeliverSm(source_addr="49170", esm_class=0x40 * ports, data_coding=8, tlvs=(payload,)), 0)
    assert len(found) == parts
    assert b"".join(part.user_data for part in found) == (text if parts else b"")


@pytest.mark.parametrize("code", list(Code))
def test_every_refusal_has_its_status_and_an_interconnect_hears_of_none_but_not_ready(code: Code) -> None:
    network, interconnect = Refusals(read(role="network")), Refusals(read(role="interconnect"))
    wanted = {Code.UNAVAILABLE: 0x08, Code.NO_RELAY: 0x0B, Code.NO_ROUTE: 0x0B, Code.RECEIVER_REFUSES: 0x0B}
    answer = Answer(refused=code.value)
    assert network.status_of(answer) in (0x08, 0x0A, 0x0B)
    assert network.status_of(answer) == wanted.get(code, network.status_of(answer))
    assert interconnect.status_of(answer) == (0x08 if code is Code.UNAVAILABLE else 0)
    assert network.status_of(Answer()) == 0
