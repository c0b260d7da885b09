"""tshark reads our PDUs as we mean them: all in one capture, each in a TCP segment on port 2775."""

import json
import struct
import subprocess
from pathlib import Path

import pytest

from heliograph.smpp import tlv
from heliograph.smpp.codec import encode
from heliograph.smpp.field import DistributionList, SmeAddress, UnsuccessSme
from heliograph.smpp.pdu import (
    PDUS,
    AlertNotification,
    BindTransceiver,
    BindTransceiverResp,
    CancelSm,
    DataSm,
    DeliverSm,
    EnquireLink,
    Pdu,
    QuerySm,
    QuerySmResp,
    ReplaceSm,
    SubmitMulti,
    SubmitMultiResp,
    SubmitSm,
    SubmitSmResp,
)

pytestmark = pytest.mark.needs("tshark")

NUMBERS = {"source_addr_ton": 1, "source_addr_npi": 1, "source_addr": "12345"}
ONLY_33 = {"ParamRetrieve", "ParamRetrieveResp", "QueryLastMsgs", "QueryLastMsgsResp", "QueryMsgDetails", "QueryMsgDetailsResp"}
UNITS: list[Pdu] = [
    BindTransceiver(
        system_id="org_1", password="secret12", system_type="x", interface_version=0x34, addr_ton=1, addr_npi=1, address_range="49*"
    ),
    BindTransceiverResp(system_id="heliograph", tlvs=(tlv.SC_INTERFACE_VERSION.make(0x34),)),
    SubmitSm(
        **NUMBERS, dest_addr_ton=1, dest_addr_npi=1, destination_addr="491701", validity_period="000001000000000R", registered_delivery=17
    ),
    SubmitSm(**NUMBERS, schedule_delivery_time="251122123456004+", data_coding=8, short_message="Zähler".encode("utf-16-be")),
    SubmitSmResp(message_id="4711"),
    SubmitSmResp(command_status=0x58),
    DeliverSm(**NUMBERS, esm_class=4, short_message=b"id:1", tlvs=(tlv.RECEIPTED_MESSAGE_ID.make("1"), tlv.MESSAGE_STATE.make(2))),
    DataSm(
        **NUMBERS,
        tlvs=(
            tlv.MESSAGE_PAYLOAD.make(b"x" * 300),
            tlv.USER_MESSAGE_REFERENCE.make(7),
            tlv.NETWORK_ERROR_CODE.make(tlv.NetworkError(3, 27)),
        ),
    ),
    SubmitMulti(**NUMBERS, dest_address=(SmeAddress("4917", 1, 1), DistributionList("meters")), short_message=b"hi"),
    SubmitMultiResp(message_id="4712", unsuccess_sme=(UnsuccessSme("4917", 11, 1, 1),)),
    QuerySm(message_id="4711", **NUMBERS),
    QuerySmResp(message_id="4711", final_date="251122123456004+", message_state=2),
    CancelSm(message_id="4711", destination_addr="4917"),
    ReplaceSm(message_id="4711", short_message=b"other"),
    AlertNotification(**NUMBERS, esme_addr="1", tlvs=(tlv.MS_AVAILABILITY_STATUS.make(0),)),
    EnquireLink(),
    *(kind() for kind in PDUS.values() if kind.__name__ not in ONLY_33),
    *(DataSm(tlvs=(tlv.Tlv(kind.tag, bytes(kind.shortest)),)) for kind in tlv.KINDS.values()),
]


def packet(octets: bytes, position: int) -> bytes:
    """Raw IPv4 and TCP, without checksums."""
    tcp = struct.pack(">HHIIBBHHH", 40000 + position, 2775, 1, 1, 0x50, 0x18, 0xFFFF, 0, 0)
    head = struct.pack(">BBHHHBBHII", 0x45, 0, 40 + len(octets), 0, 0, 64, 6, 0, 0x7F000001, 0x7F000001)
    return head + tcp + octets


def capture(frames: list[bytes]) -> bytes:
    head = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 0xFFFF, 101)
    return head + b"".join(struct.pack("<IIII", 0, 0, len(frame), len(frame)) + frame for frame in frames)


FIELDS = ("command_id", "sequence_number", "system_id", "source_addr", "message_id", "dl_name", "opt_param_tag")


@pytest.fixture(scope="module")
def readings(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, list[str]]]:
    path: Path = tmp_path_factory.mktemp("tshark") / "pdus.pcap"
    path.write_bytes(capture([packet(encode(unit, 1 + position), position) for position, unit in enumerate(UNITS)]))
    names = ["_ws.malformed", "_ws.expert.message", *(f"smpp.{name}" for name in FIELDS)]
    command = ["tshark", "-r", str(path), "-d", "tcp.port==2775,smpp", "-T", "json", *(part for name in names for part in ("-e", name))]
    run = subprocess.run(command, capture_output=True, check=True, timeout=60)
    return [frame["_source"]["layers"] for frame in json.loads(run.stdout)]


def test_no_pdu_is_malformed(readings: list[dict[str, list[str]]]) -> None:
    assert len(readings) == len(UNITS)
    for unit, reading in zip(UNITS, readings, strict=True):
        assert "_ws.malformed" not in reading, unit
        assert not [text for text in reading.get("_ws.expert.message", []) if "PUSH" not in text and "ACK" not in text], (unit, reading)


def test_the_fields_are_the_same(readings: list[dict[str, list[str]]]) -> None:
    for position, (unit, reading) in enumerate(zip(UNITS, readings, strict=True)):
        assert int(reading["smpp.command_id"][0], 16) == unit.command_id
        assert int(reading["smpp.sequence_number"][0]) == 1 + position
        for name in ("system_id", "source_addr", "message_id"):
            if value := getattr(unit, name, ""):
                assert reading[f"smpp.{name}"] == [value], unit
        assert [int(tag, 16) for tag in reading.get("smpp.opt_param_tag", [])] == [found.tag for found in unit.tlvs], unit
