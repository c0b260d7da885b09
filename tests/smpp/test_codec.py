"""PDUs as octets: heliograph.smpp.codec, with field and pdu."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.smpp import pdu as pdus_module
from heliograph.smpp import status, tlv
from heliograph.smpp.codec import decode, encode, fields_of
from heliograph.smpp.command import HEADER, Command, is_response, name_of
from heliograph.smpp.errors import PduError, ValueNotAllowedError
from heliograph.smpp.field import STRICT, TOLERANT, DistributionList, Reading, SmeAddress, UnsuccessSme
from heliograph.smpp.pdu import (
    PDUS,
    BindReceiverResp,
    BindTransceiver,
    BindTransceiverResp,
    BindTransmitterResp,
    DataSm,
    DeliverSm,
    DeliverSmResp,
    EnquireLink,
    GenericNack,
    Pdu,
    QueryLastMsgsResp,
    QuerySmResp,
    SubmitMulti,
    SubmitMultiResp,
    SubmitSm,
    SubmitSmResp,
    response_to,
)
from tests.smpp.material import pdus, vectors


def framed(command_id: int, body: bytes = b"", command_status: int = 0, sequence_number: int = 7) -> bytes:
    return HEADER.pack(16 + len(body), command_id, command_status, sequence_number) + body


def refusal(octets: bytes, reading: Reading = STRICT) -> PduError:
    with pytest.raises(PduError) as caught:
        decode(octets, reading)
    return caught.value


@pytest.mark.parametrize("vector", vectors("smpp_pdu"), ids=lambda vector: vector["source"])
def test_octets_of_others_are_read_and_written_again(vector: dict[str, str]) -> None:
    octets = bytes.fromhex(vector["octets"])
    pdu = decode(octets)
    assert pdu.name == vector["name"]
    for name, value in vector["fields"].items():
        found = getattr(pdu, name)
        assert (found.hex() if isinstance(found, bytes) else found) == value, name
    assert [[found.tag, found.octets.hex()] for found in pdu.tlvs] == vector.get("tlvs", [])
    assert encode(pdu) == octets


@given(pdus)
def test_what_is_written_is_read_again(pdu: Pdu) -> None:
    assert decode(encode(pdu)) == pdu
    assert decode(encode(pdu), TOLERANT) == pdu


def test_the_sequence_number_can_be_given_late() -> None:
    assert decode(encode(EnquireLink(sequence_number=3), 9)).sequence_number == 9


@given(pdus, st.data())
def test_no_octets_break_it(pdu: Pdu, data: st.DataObject) -> None:
    octets = bytearray(encode(pdu))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(4, len(octets)))
        match data.draw(st.integers(0, 2)):
            case 0:
                octets[at : at + 1] = data.draw(st.binary(max_size=4))
            case 1:
                del octets[max(at, 16) :]
            case _:
                octets[at:at] = data.draw(st.binary(max_size=8))
    octets[:4] = len(octets).to_bytes(4)
    for reading in (STRICT, TOLERANT):
        try:
            read = decode(bytes(octets), reading)
        except PduError as error:
            assert error.answer is None or len(error.answer) == 16
        else:
            if reading is STRICT and read.command_status == 0:
                assert decode(encode(read)) == read


@given(st.binary(max_size=80), st.sampled_from(sorted(PDUS)))
def test_no_body_breaks_it(body: bytes, command_id: int) -> None:
    for reading in (STRICT, TOLERANT):
        try:
            decode(framed(command_id, body), reading)
        except PduError as error:
            assert error.sequence_number == 7
            assert error.command_id == command_id


# What a peer is told


@pytest.mark.parametrize("octets", [b"", b"\0" * 15, framed(0x15)[:-1] + b"\0\0"])
def test_a_wrong_length_is_refused(octets: bytes) -> None:
    assert refusal(octets).command_status == status.RINVCMDLEN


def test_an_unknown_command_is_nacked_with_its_sequence_number() -> None:
    error = refusal(framed(0x999))
    assert error.command_status == status.RINVCMDID
    assert decode(error.answer or b"") == GenericNack(7, status.RINVCMDID)


def test_what_answers_is_never_answered() -> None:
    assert refusal(framed(0x80000999)).answer is None
    assert refusal(framed(SubmitSmResp.command_id, b"x")).answer is None
    assert refusal(framed(Command.ALERT_NOTIFICATION)).answer is None


@pytest.mark.parametrize("command", [Command.BROADCAST_SM, Command.QUERY_BROADCAST_SM, Command.CANCEL_BROADCAST_SM])
def test_broadcast_is_refused_with_its_own_response(command: Command) -> None:
    error = refusal(framed(command, b"\0" * 9))
    assert HEADER.unpack(error.answer or b"") == (16, command | 0x80000000, status.RPROHIBITED, 7)
    assert "broadcast" in str(error)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"\0", status.RINVCMDLEN),
        (b"toolong\0", status.RINVSERTYP),
        (b"abcdef\0", status.RINVSERTYP),
        (b"\0\1\1" + b"1" * 21 + b"\0", status.RINVSRCADR),
        (b"\0\1\1\0\1\1" + b"1" * 21 + b"\0", status.RINVDSTADR),
        (b"\0\1\1\0\1\1\0\0\0\0" + b"1" * 17 + b"\0", status.RINVSCHED),
        (b"\0\1\1\0\1\1\0\0\0\0\0" + b"1" * 17 + b"\0", status.RINVEXPIRY),
        (b"\0\1\1\0\1\1\0\0\0\0\0\0\0\0\0\0\5abc", status.RINVMSGLEN),
        (b"\0\1\1\0\1\1\0\0\0\0\0\0\0\0\0\0\0\4", status.RINVOPTPARSTREAM),
        (b"\0\1\1\0\1\1\0\0\0\0\0\0\0\0\0\0\0\4\x24\0\5ab", status.RINVOPTPARSTREAM),
        (b"\0\1\1\0\1\1\0\0\0\0\0\0\0\0\0\0\0\4\x27\0\2ab", status.RINVPARLEN),
    ],
)
def test_each_flaw_of_a_submit_has_its_status(body: bytes, expected: int) -> None:
    error = refusal(framed(Command.SUBMIT_SM, body))
    assert error.command_status == expected
    answer = decode(error.answer or b"")
    assert isinstance(answer, GenericNack if expected == status.RINVCMDLEN else SubmitSmResp)
    assert (answer.command_status, answer.sequence_number) == (expected, 7)
    assert str(error).startswith("submit_sm: ")


def test_a_destination_of_an_unknown_sort_is_refused() -> None:
    body = b"\0\0\0\0\1\3\0\0\0"
    assert refusal(framed(Command.SUBMIT_MULTI, body)).command_status == status.RINVDESTFLAG


@pytest.mark.parametrize("body", [b"id\0\1\1\x01123\0\0\0", b"id\0\2\1\x01123\0\0\0\0\1"])
def test_a_list_that_ends_too_early_is_refused(body: bytes) -> None:
    assert refusal(framed(SubmitMultiResp.command_id, body)).command_status == status.RINVCMDLEN


def test_an_error_survives_a_pickle() -> None:
    error = refusal(framed(0x999))
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.answer) == (str(error), error.answer)


# Responses with and without body


@pytest.mark.parametrize("kind", [kind for kind in PDUS.values() if is_response(kind.command_id)], ids=lambda kind: kind.__name__)
def test_a_response_may_come_without_body(kind: type[Pdu]) -> None:
    assert decode(framed(kind.command_id)) == kind(7)
    assert decode(framed(kind.command_id, command_status=0x58)) == kind(7, 0x58)


@pytest.mark.parametrize("kind", [SubmitSmResp, BindTransmitterResp, BindReceiverResp, BindTransceiverResp])
def test_four_errors_are_without_body_in_34_alone(kind: type[Pdu]) -> None:
    whole = framed(kind.command_id, b"\0", command_status=0x58)
    assert encode(kind(7, 0x58)) == framed(kind.command_id, command_status=0x58)
    assert [encode(kind(7, 0x58), version=version) for version in (0x33, 0x50)] == [whole, whole]
    assert encode(kind(7)) == framed(kind.command_id, b"\0")


def test_other_errors_have_their_body() -> None:
    assert encode(DeliverSmResp(7, 8)) == framed(DeliverSmResp.command_id, b"\0", command_status=8)
    assert encode(SubmitSmResp(7, 8, message_id="1"))[16:] == b"1\0"
    assert encode(SubmitMultiResp(7, 0x45, unsuccess_sme=(UnsuccessSme("1", 11),)))[16:] == b"\0\1\0\x001\0\0\0\0\x0b"


def test_an_error_keeps_its_tlvs() -> None:
    told = SubmitSmResp(7, 0x45, (tlv.ADDITIONAL_STATUS_INFO_TEXT.make("why"),))
    octets = encode(told)
    assert octets[16:] == bytes.fromhex("00 001d0004") + b"why\0"
    assert decode(octets) == told


def test_the_body_of_an_error_may_be_nonsense() -> None:
    assert decode(framed(SubmitSmResp.command_id, b"no end", command_status=8)) == SubmitSmResp(7, 8)
    assert decode(framed(BindTransceiverResp.command_id, b"\0\1", command_status=8)) == BindTransceiverResp(7, 8)


# What is tolerated of peers


def test_a_missing_terminator_at_the_end_is_tolerated() -> None:
    octets = framed(SubmitSmResp.command_id, b"4711")
    assert decode(octets, Reading(missing_terminator=True)) == SubmitSmResp(7, message_id="4711")
    assert refusal(octets).command_status == status.RINVCMDLEN


def test_a_field_behind_a_missing_terminator_is_missing() -> None:
    assert refusal(framed(Command.QUERY_SM, b"4711"), TOLERANT).command_status == status.RINVCMDLEN
    assert refusal(framed(Command.SUBMIT_SM), TOLERANT).command_status == status.RINVCMDLEN


def test_a_long_string_is_tolerated() -> None:
    octets = framed(SubmitSmResp.command_id, b"7" * 70 + b"\0")
    assert decode(octets, Reading(long_strings=True)) == SubmitSmResp(7, message_id="7" * 70)
    assert refusal(octets).command_status == status.RINVMSGID


@pytest.mark.parametrize("trailing", [b"\0", b"\0\0\0", b"\4\x27\0\x09x"])
def test_trailing_octets_are_tolerated(trailing: bytes) -> None:
    octets = framed(DeliverSmResp.command_id, b"\0" + trailing)
    assert decode(octets, Reading(trailing_octets=True)) == DeliverSmResp(7)
    assert refusal(octets).command_status == status.RINVOPTPARSTREAM


def test_an_odd_tlv_is_tolerated_but_not_found() -> None:
    octets = framed(Command.ENQUIRE_LINK, bytes.fromhex("04270002 0002 04270001 02"))
    pdu = decode(octets, Reading(odd_tlvs=True))
    assert len(pdu.tlvs) == 2
    assert tlv.MESSAGE_STATE.find(pdu.tlvs) == 2


def test_an_unknown_tlv_and_a_repeated_one_are_kept() -> None:
    found = (tlv.Tlv(0x1400, b"x"), tlv.Tlv(0x0381, b"\1\0\x0012"), tlv.Tlv(0x0381, b"\1\0\x0034"), tlv.Tlv(0x1400))
    pdu = decode(encode(DataSm(tlvs=found)))
    assert pdu.tlvs == found
    assert tlv.CALLBACK_NUM.every(pdu.tlvs) == [b"\1\0\x0012", b"\1\0\x0034"]


def test_a_nul_behind_the_text_is_tolerated() -> None:
    """npm larvitsmpp writes one by default."""
    octets = encode(SubmitSm(short_message=b"test"))
    assert decode((len(octets) + 1).to_bytes(4) + octets[4:] + b"\0", TOLERANT) == SubmitSm(short_message=b"test")


# What cannot be written


@pytest.mark.parametrize(
    ("pdu", "words"),
    [
        (SubmitSm(source_addr="1" * 21), "submit_sm: source_addr has 21 characters, 20 at most"),
        (SubmitSm(source_addr="1\0"), "source_addr must be Latin-1 text without NUL"),
        (SubmitSm(source_addr="Ω"), "source_addr must be Latin-1 text without NUL"),
        (SubmitSm(short_message=b"x" * 256), "short_message has 256 octets, 255 at most: longer ones go in message_payload"),
        (SubmitSm(short_message="text"), "short_message must be octets"),  # type: ignore[arg-type]
        (SubmitSm(esm_class=256), "esm_class must be a number from 0 to 255, not 256"),
        (SubmitSm(data_coding=-1), "data_coding must be a number"),
        (SubmitSm(data_coding=None), "data_coding must be a number"),  # type: ignore[arg-type]
        (SubmitSm(source_addr=None), "source_addr must be Latin-1"),  # type: ignore[arg-type]
        (SubmitSm(sequence_number=1 << 32), "sequence_number must be a number"),
        (SubmitSmResp(command_status=-1), "command_status must be a number"),
        (SubmitMulti(dest_address=(SmeAddress("1"),), tlvs=(tlv.Tlv(0x10000),)), "a tag is a number from 0 to 65535"),
        (SubmitMulti(dest_address=(SmeAddress("1"),) * 256), "dest_address must be a tuple of 255"),
        (SubmitMulti(dest_address=(SmeAddress("1" * 21),)), "dest_address has an item that cannot be written: has 21 characters"),
        (SubmitMulti(dest_address=(SmeAddress("1", 256),)), "dest_address has an item"),
        (SubmitMulti(dest_address=(UnsuccessSme("1", 0),)), "does not belong there"),  # type: ignore[arg-type]
        (SubmitMultiResp(unsuccess_sme=(UnsuccessSme("1", -1),)), "error_status_code must be"),
        (QueryLastMsgsResp(message_ids=("1", 2)), "does not belong there"),  # type: ignore[arg-type]
    ],
)
def test_a_value_that_does_not_fit_is_named(pdu: Pdu, words: str) -> None:
    with pytest.raises(ValueNotAllowedError) as caught:
        encode(pdu)
    assert words in str(caught.value)


def test_a_late_sequence_number_that_does_not_fit_is_named() -> None:
    with pytest.raises(ValueNotAllowedError, match="sequence_number"):
        encode(EnquireLink(), -1)


# The tables


def test_destinations_are_addresses_and_lists() -> None:
    multi = SubmitMulti(1, dest_address=(SmeAddress("4917", 1, 1), DistributionList("meters")), short_message=b"hi")
    assert encode(multi)[16:].hex(" ") == bytes.fromhex(
        "00000000 02 01 0101 3439313700 02 6d657465727300 000000 00 00 00000000 02 6869"
    ).hex(" ")


def test_every_request_has_its_response() -> None:
    for command in Command:
        if command in PDUS and not is_response(command) and name_of(command) not in ("outbind", "alert_notification"):
            assert response_to(PDUS[command](5), 8) == PDUS[command | 0x80000000](5, 8)


def test_every_struct_is_in_the_table_and_every_field_has_its_kind() -> None:
    structs = [
        found for found in vars(pdus_module).values() if isinstance(found, type) and issubclass(found, Pdu) and hasattr(found, "command_id")
    ]
    assert set(structs) == set(PDUS.values())
    for kind in structs:
        assert [*Pdu.__struct_fields__, *fields_of(kind)] == list(kind.__struct_fields__)


def test_a_pdu_says_what_it_is() -> None:
    assert BindTransceiver().name == "bind_transceiver"
    assert QuerySmResp().name == "query_sm_resp"
    assert DeliverSmResp().is_response
    assert not DeliverSm().is_response
