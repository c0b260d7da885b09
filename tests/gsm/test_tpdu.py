"""The six units as wholes: heliograph.gsm.tpdu."""

from typing import Any

import pytest
from hypothesis import given

from heliograph.gsm import timestamp, tpdu, udh
from heliograph.gsm.address import Address, Npi, Ton
from heliograph.gsm.errors import TpduError
from heliograph.gsm.timestamp import Timestamp
from tests.gsm.material import DOORS, NOON, from_network, from_phone, mutated, text_of, vectors

STAMP = timestamp.timestamp_of(NOON)
DEVICE = Address("491701234567")


@pytest.mark.parametrize("vector", vectors("tpdu"), ids=lambda vector: f"{vector['unit']}-{vector['tpdu'][:20]}")
def test_a_unit_that_others_made_is_read_and_written_octet_for_octet(vector: dict[str, Any]) -> None:
    octets = bytes.fromhex(vector["tpdu"])
    unit = DOORS[vector["from"]](octets)
    assert type(unit).__name__ == vector["unit"]
    assert unit.encode() == octets
    if vector["text"] is not None:
        assert isinstance(unit, tpdu.Submit | tpdu.Deliver)
        assert text_of(unit) == vector["text"]


@pytest.mark.parametrize("vector", vectors("broken_tpdu"), ids=lambda vector: f"{vector['from']}-{vector['tpdu']}")
def test_a_unit_that_lies_is_refused_and_the_lie_named(vector: dict[str, Any]) -> None:
    with pytest.raises(TpduError, match=vector["complaint"]):
        DOORS[vector["from"]](bytes.fromhex(vector["tpdu"]))


BUT_READABLE = [vector for vector in vectors("broken_tpdu") if "as_far_as_it_goes" in vector]


@pytest.mark.parametrize("vector", BUT_READABLE, ids=lambda vector: vector["tpdu"])
def test_user_data_of_a_wrong_length_can_be_read_as_far_as_it_goes(vector: dict[str, Any]) -> None:
    unit = DOORS[vector["from"]](bytes.fromhex(vector["tpdu"]), tpdu.as_far_as_it_goes)
    assert isinstance(unit, tpdu.Submit)
    assert text_of(unit) == vector["as_far_as_it_goes"]


@pytest.mark.parametrize("vector", vectors("modem_pdu"), ids=lambda vector: vector["pdu"])
def test_a_modem_has_the_smsc_before_the_unit(vector: dict[str, Any]) -> None:
    smsc, octets = tpdu.without_smsc(bytes.fromhex(vector["pdu"]))
    assert (smsc.text if smsc else None) == vector["smsc"]
    assert tpdu.with_smsc(smsc, octets) == bytes.fromhex(vector["pdu"])


def test_the_flags_of_the_first_octet_are_the_fields() -> None:
    deliver = tpdu.Deliver(originator=DEVICE, timestamp=STAMP)
    assert deliver.encode()[0] == 0x04
    every = tpdu.Deliver(
        originator=DEVICE,
        timestamp=STAMP,
        udh=b"\0",
        more_messages=True,
        loop_prevention=True,
        status_report_indication=True,
        reply_path=True,
    )
    assert every.encode()[0] == 0xE8
    submit = tpdu.Submit(
        destination=DEVICE,
        validity=timestamp.absolute(NOON),
        udh=b"\0",
        reject_duplicates=True,
        status_report_request=True,
        reply_path=True,
    )
    assert submit.encode()[0] == 0xFD
    command = tpdu.Command(message_reference=1, command_type=2, message_number=3, destination=DEVICE, udh=b"\0")
    assert command.encode()[0] == 0x42


def test_a_status_report_has_an_end_only_where_it_is_given_one() -> None:
    bare = tpdu.StatusReport(message_reference=1, recipient=DEVICE, timestamp=STAMP, discharge=STAMP, status=0, loop_prevention=True)
    assert bare.encode()[0] == 0x0E
    octets = bare.encode()
    with_indicator = tpdu.decode_from_network(octets + b"\0")
    assert isinstance(with_indicator, tpdu.StatusReport)
    assert with_indicator.parameters == tpdu.Parameters()
    assert with_indicator.encode() == octets + b"\0"
    with_text = tpdu.decode_from_network(b"\x4e" + octets[1:] + bytes.fromhex("07 00 04 04 01 24 00 41"))
    assert isinstance(with_text, tpdu.StatusReport)
    assert with_text.parameters == tpdu.Parameters(protocol_id=0, dcs=4, udh=bytes.fromhex("0124"), user_data=bytes.fromhex("0041"))
    assert with_text.encode()[0] == 0x4E


@pytest.mark.parametrize(
    ("octets", "unit"),
    [
        ("0000", tpdu.DeliverReport()),
        ("00d300", tpdu.DeliverReport(failure_cause=0xD3)),
        ("0003 7f f6", tpdu.DeliverReport(parameters=tpdu.Parameters(protocol_id=0x7F, dcs=0xF6))),
        ("00d505 00 02 e834", tpdu.DeliverReport(failure_cause=0xD5, parameters=tpdu.Parameters(protocol_id=0, user_data=b"hi"))),
    ],
)
def test_a_phone_answers_a_delivery(octets: str, unit: tpdu.DeliverReport) -> None:
    assert tpdu.decode_from_phone(bytes.fromhex(octets)) == unit
    assert unit.encode() == bytes.fromhex(octets)


@pytest.mark.parametrize(
    ("octets", "unit"),
    [
        ("0100 52304121000000", tpdu.SubmitReport(timestamp=STAMP)),
        ("01c000 52304121000000", tpdu.SubmitReport(timestamp=STAMP, failure_cause=0xC0)),
        ("0106 52304121000000 04 02 6869", tpdu.SubmitReport(timestamp=STAMP, parameters=tpdu.Parameters(dcs=4, user_data=b"hi"))),
        (
            "41c406 52304121000000 04 04 0124 6869",
            tpdu.SubmitReport(timestamp=STAMP, failure_cause=0xC4, parameters=tpdu.Parameters(dcs=4, udh=b"\x01\x24", user_data=b"hi")),
        ),
    ],
)
def test_a_network_answers_a_submission(octets: str, unit: tpdu.SubmitReport) -> None:
    assert tpdu.decode_from_network(bytes.fromhex(octets)) == unit
    assert unit.encode() == bytes.fromhex(octets)


def test_a_command_names_the_message_it_is_about() -> None:
    command = tpdu.Command(
        message_reference=5,
        command_type=2,
        message_number=4,
        destination=DEVICE,
        command_data=b"\1\2",
        status_report_request=True,
    )
    assert command.encode().hex() == "22050002040c9194711032547602" + "0102"
    assert tpdu.decode_from_phone(command.encode()) == command


def test_the_reserved_type_is_read_as_a_delivery() -> None:
    deliver = tpdu.Deliver(originator=DEVICE, timestamp=STAMP, user_data=b"hi")
    octets = deliver.encode()
    assert tpdu.decode_from_network(bytes((octets[0] | 3,)) + octets[1:]) == deliver


def test_a_name_may_send_and_a_bad_time_loses_nothing() -> None:
    deliver = tpdu.Deliver(
        originator=Address("Heliograph", Ton.ALPHANUMERIC, Npi.UNKNOWN), timestamp=Timestamp(b"\xff" * 7), user_data=b"hi"
    )
    assert tpdu.decode_from_network(deliver.encode()) == deliver
    assert deliver.timestamp.moment is None


def test_160_septets_or_140_octets_fill_a_unit() -> None:
    full = tpdu.Submit(destination=DEVICE, user_data=b"x" * 160)
    assert tpdu.decode_from_phone(full.encode()) == full
    part = tpdu.Submit(destination=DEVICE, udh=udh.concat(1, 2, 1), user_data=b"x" * 153)
    assert len(part.encode()) == len(full.encode())
    for too_long in (
        tpdu.Submit(destination=DEVICE, user_data=b"x" * 161),
        tpdu.Submit(destination=DEVICE, udh=udh.concat(1, 2, 1), user_data=b"x" * 154),
        tpdu.Submit(destination=DEVICE, dcs=4, user_data=b"x" * 141),
        tpdu.Deliver(originator=DEVICE, timestamp=STAMP, dcs=8, user_data=b"x" * 142),
        tpdu.Command(message_reference=1, command_type=0, message_number=0, destination=DEVICE, command_data=bytes(158)),
        tpdu.DeliverReport(failure_cause=0xD3, parameters=tpdu.Parameters(dcs=4, user_data=bytes(159))),
        tpdu.SubmitReport(timestamp=STAMP, parameters=tpdu.Parameters(dcs=4, user_data=bytes(153))),
    ):
        with pytest.raises(TpduError, match=r"octets of user data: \d+ at most"):
            too_long.encode()


@pytest.mark.parametrize(
    ("unit", "complaint"),
    [
        (tpdu.Submit(destination=DEVICE, message_reference=256), "a field of one octet"),
        (tpdu.Submit(destination=DEVICE, protocol_id=-1), "a field of one octet"),
        (tpdu.Submit(destination=DEVICE, dcs=256), "a field of one octet"),
        (tpdu.Submit(destination=Address("")), "at least one digit"),
        (tpdu.Submit(destination=DEVICE, user_data=b"\x80"), "0x7F"),
        (tpdu.Submit(destination=DEVICE, udh=b"\5\0\3"), "UDHL says 5 octets, 2 follow"),
        (tpdu.DeliverReport(failure_cause=0x7F), "a TP-FCS is 0x80 to 0xFF"),
        (tpdu.DeliverReport(failure_cause=0x180), "a field of one octet"),
    ],
)
def test_what_a_unit_cannot_hold_is_not_written(unit: tpdu.FromPhone, complaint: str) -> None:
    with pytest.raises(TpduError, match=complaint):
        unit.encode()


@given(from_phone)
def test_what_a_phone_sends_survives_octets_and_back(unit: tpdu.FromPhone) -> None:
    assert tpdu.decode_from_phone(unit.encode()) == unit
    assert tpdu.decode_from_phone(unit.encode() + b"\0", tpdu.as_far_as_it_goes) == unit


@given(from_network)
def test_what_a_network_sends_survives_octets_and_back(unit: tpdu.FromNetwork) -> None:
    assert tpdu.decode_from_network(unit.encode()) == unit


@given(mutated())
def test_any_octets_are_a_unit_or_a_tpdu_error(octets: bytes) -> None:
    for decode in DOORS.values():
        for reading in (tpdu.exactly, tpdu.as_far_as_it_goes):
            try:
                unit = decode(octets, reading)
            except TpduError:
                continue
            try:
                written = unit.encode()
            except TpduError as error:
                assert "at least one digit" in str(error)  # read, since services send it; not written
                continue
            assert decode(written) == unit


def test_every_beginning_of_a_sound_unit_is_a_unit_or_a_tpdu_error() -> None:
    for vector in vectors("tpdu"):
        octets = bytes.fromhex(vector["tpdu"])
        for end in range(len(octets)):
            for decode in DOORS.values():
                for reading in (tpdu.exactly, tpdu.as_far_as_it_goes):
                    try:
                        decode(octets[:end], reading)
                    except TpduError as error:
                        assert str(error)
