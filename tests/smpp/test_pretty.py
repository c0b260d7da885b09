"""PDUs for the eye: heliograph.smpp.pretty."""

import pytest
from hypothesis import given

from heliograph.smpp import tlv
from heliograph.smpp.field import DistributionList, SmeAddress, UnsuccessSme
from heliograph.smpp.pdu import (
    BindTransceiver,
    DeliverSm,
    EnquireLink,
    Outbind,
    Pdu,
    QueryLastMsgsResp,
    QuerySmResp,
    ReplaceSm,
    SubmitMulti,
    SubmitMultiResp,
    SubmitSm,
    SubmitSmResp,
)
from heliograph.smpp.pretty import lines, text_of
from tests.smpp.material import pdus


@given(pdus)
def test_every_pdu_has_its_lines(pdu: Pdu) -> None:
    shown = lines(pdu)
    assert shown[0].startswith(f"{pdu.name}, sequence {pdu.sequence_number}")
    assert all(line.startswith("  ") for line in shown[1:])
    assert not any("\n" in line for line in shown)


@pytest.mark.parametrize("pdu", [BindTransceiver(7, system_id="org_1", password="secret12"), Outbind(7, password="secret12")])
def test_a_password_is_never_shown(pdu: Pdu) -> None:
    assert "secret" not in "\n".join(lines(pdu))
    assert "  password: (hidden)" in lines(pdu)


def test_a_submit() -> None:
    pdu = SubmitSm(
        *(
            7,
            0,
            (
                tlv.USER_MESSAGE_REFERENCE.make(9),
                tlv.NETWORK_ERROR_CODE.make(tlv.NetworkError(3, 27)),
                tlv.Tlv(0x1400, b"x"),
                tlv.Tlv(0x0427),
            ),
        ),
        source_addr_ton=5,
        source_addr="Meter",
        esm_class=0x83,
        registered_delivery=0x11,
        data_coding=0xF1,
        short_message=b"hi",
    )
    assert lines(pdu) == [
        "submit_sm, sequence 7",
        "  source_addr_ton: 5 (alphanumeric)",
        "  source_addr: 'Meter'",
        "  esm_class: 131 (store and forward, reply path)",
        "  registered_delivery: 17 (receipt, intermediate notification)",
        "  data_coding: 241 (0xF1)",
        "  short_message: 6869 (2 octets)",
        "  user_message_reference: 9",
        "  network_error_code: network 3, code 27",
        "  tag 0x1400: 78 (1 octets)",
        "  message_state: no octets",
    ]


def test_a_response_says_what_its_status_means() -> None:
    assert lines(SubmitSmResp(7, 0x58)) == [
        "submit_sm_resp, sequence 7: RTHROTTLED (0x58), more messages than the other side allows: slow down"
    ]
    assert lines(SubmitSmResp(7, message_id="1"))[0] == "submit_sm_resp, sequence 7: ROK (0x00), no error"
    assert lines(EnquireLink(7)) == ["enquire_link, sequence 7"]
    assert "  message_state: 2 (delivered)" in lines(QuerySmResp(7, message_state=2))


def test_lists_have_a_line_for_each() -> None:
    multi = SubmitMulti(1, dest_address=(SmeAddress("4917", 1, 1), DistributionList("meters")))
    assert "  dest_address: 4917 (ton 1, npi 1)" in lines(multi)
    assert "  dest_address: list meters" in lines(multi)
    assert "  unsuccess_sme: 4917: RINVDSTADR" in lines(SubmitMultiResp(1, unsuccess_sme=(UnsuccessSme("4917", 11),)))
    assert "  message_ids: 12" in lines(QueryLastMsgsResp(1, message_ids=("12",)))


def test_a_header_is_not_taken_for_text() -> None:
    shown = lines(DeliverSm(1, esm_class=0x40, short_message=b"\5\0\3\1\2\1hi"))
    assert "  short_message: 0500030102016869 (8 octets)" in shown
    assert "  esm_class: 64 (user data header)" in shown
    assert lines(ReplaceSm(1, short_message=b"hi"))[1] == "  short_message: 6869 (2 octets)"


def test_a_long_value_is_cut() -> None:
    assert lines(DeliverSm(data_coding=4, short_message=bytes(250)))[-1].endswith("00... (250 octets)")


@pytest.mark.parametrize(
    ("octets", "data_coding", "text"),
    [
        (b"hi\r\n", 0, "hi\r\n"),
        (b"5 $", 0, None),
        (b"5 $", 1, "5 $"),
        (b"\x02", 0, None),
        (b"\xe9", 0, None),
        (b"\xe9", 3, "é"),
        (b"\x00\xe9", 8, "é"),
        (b"\xd8\x00", 8, None),
        (b"hi", 4, None),
    ],
)
def test_text_is_shown_only_where_it_is_sure(octets: bytes, data_coding: int, text: str | None) -> None:
    assert text_of(octets, data_coding) == text
