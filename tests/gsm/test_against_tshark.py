"""tshark reads our units as we mean them: all in one capture, each in an RP message (link type 147)."""

import json
import struct
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from heliograph.gsm import segment, timestamp, tpdu, udh
from heliograph.gsm.address import Address, Npi, Ton
from heliograph.gsm.dcs import parse
from tests.gsm.material import DOORS, GSM7, UCS2, text_of, vectors

pytestmark = pytest.mark.needs("tshark")

DEVICE = Address("491701234567")
NAME = Address("Heliograph", Ton.ALPHANUMERIC, Npi.UNKNOWN)
MOMENT = datetime(2025, 3, 14, 12, 34, 56, tzinfo=timezone(timedelta(hours=2)))
WEST = datetime(2025, 3, 14, 12, 34, 56, tzinfo=timezone(timedelta(hours=-8)))
STAMP = timestamp.timestamp_of(MOMENT)
LONG = "Zähler 0042: {17,35 kWh} €" * 20
RUSSIAN = "Счётчик \U0001f600 " * 12

SUBMITS = [
    *(
        tpdu.Submit(destination=DEVICE, message_reference=part.number, udh=part.udh, user_data=part.user_data)
        for wide in (False, True)
        for part in segment.split(LONG, GSM7, 0xAB, wide)
    ),
    *(tpdu.Submit(destination=DEVICE, dcs=8, udh=part.udh, user_data=part.user_data) for part in segment.split(RUSSIAN, UCS2, 0xCD)),
    *(tpdu.Submit(destination=DEVICE, user_data=b"x" * length) for length in (0, 1, 6, 7, 8, 9, 159, 160)),
    tpdu.Submit(destination=Address("*100#", Ton.UNKNOWN), user_data=b"hi", reply_path=True, reject_duplicates=True),
    tpdu.Submit(destination=DEVICE, user_data=b"hi", validity=timestamp.relative(timedelta(days=3)), status_report_request=True),
    tpdu.Submit(destination=DEVICE, user_data=b"hi", validity=timestamp.absolute(MOMENT)),
    tpdu.Submit(destination=DEVICE, user_data=b"hi", validity=timestamp.enhanced(timedelta(seconds=90))),
    tpdu.Submit(destination=DEVICE, dcs=4, udh=udh.build(udh.ports(16001, 16002)), user_data=bytes(range(100))),
]
DELIVERS = [
    tpdu.Deliver(originator=NAME, timestamp=STAMP, user_data=b"hi", more_messages=True),
    tpdu.Deliver(originator=DEVICE, timestamp=timestamp.timestamp_of(WEST), user_data=b"hi", status_report_indication=True),
    tpdu.Deliver(originator=DEVICE, timestamp=STAMP, dcs=0x18, user_data="flash €".encode("utf-16-be")),
]
OTHERS = [
    tpdu.StatusReport(message_reference=200, recipient=DEVICE, timestamp=STAMP, discharge=timestamp.timestamp_of(WEST), status=0x46),
    tpdu.Command(message_reference=9, command_type=2, message_number=200, destination=DEVICE),
    tpdu.DeliverReport(),
    tpdu.DeliverReport(failure_cause=0xD3),
    tpdu.DeliverReport(failure_cause=0xD5, parameters=tpdu.Parameters(protocol_id=0, dcs=4, user_data=b"hi")),
    tpdu.SubmitReport(timestamp=STAMP),
    tpdu.SubmitReport(timestamp=STAMP, failure_cause=0xC0),
]
UNITS: list[Any] = [*SUBMITS, *DELIVERS, *OTHERS, *(DOORS[vector["from"]](bytes.fromhex(vector["tpdu"])) for vector in vectors("tpdu"))]

RP_DATA_FROM_PHONE = bytes.fromhex("00 01 00 03912143")
RP_DATA_FROM_NETWORK = bytes.fromhex("01 01 03912143 00")
RP_ACK, RP_ERROR, FROM_NETWORK = 2, 4, 1


def in_rp(unit: Any) -> bytes:
    """3GPP TS 24.011 7.3: data, or the answer a report goes in."""
    octets = unit.encode()
    if isinstance(unit, tpdu.DeliverReport | tpdu.SubmitReport):
        side = FROM_NETWORK if isinstance(unit, tpdu.SubmitReport) else 0
        head = bytes((RP_ACK | side, 1)) if unit.failure_cause is None else bytes((RP_ERROR | side, 1, 1, 22))
        return head + bytes((0x41, len(octets))) + octets
    head = RP_DATA_FROM_PHONE if isinstance(unit, tpdu.Submit | tpdu.Command) else RP_DATA_FROM_NETWORK
    return head + bytes((len(octets),)) + octets


def capture(frames: list[bytes]) -> bytes:
    head = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 0xFFFF, 147)
    return head + b"".join(struct.pack("<IIII", 0, 0, len(frame), len(frame)) + frame for frame in frames)


@dataclass
class Reading:
    """All fields of one frame, in order; the tree they stand in does not matter."""

    fields: list[tuple[str, str]]

    def all(self, name: str) -> list[str]:
        return [value for found, value in self.fields if found == name]

    def one(self, name: str) -> str | None:
        return next(iter(self.all(name)), None)


def flattened(tree: list[tuple[str, Any]]) -> Iterator[tuple[str, str]]:
    for name, value in tree:
        if isinstance(value, str):
            yield name, value
        else:
            yield name, ""
            yield from flattened(value)


@pytest.fixture(scope="module")
def readings(tmp_path_factory: pytest.TempPathFactory) -> list[Reading]:
    path: Path = tmp_path_factory.mktemp("tshark") / "units.pcap"
    path.write_bytes(capture([in_rp(unit) for unit in UNITS]))
    dissector = 'uat:user_dlts:"User 0 (DLT=147)","gsm_a_rp","0","","0",""'
    command = ["tshark", "-r", str(path), "-o", dissector, "-o", "gsm_sms.reassemble:FALSE", "-T", "json"]
    run = subprocess.run(command, capture_output=True, check=True, timeout=60)
    frames = json.loads(run.stdout, object_pairs_hook=list)
    return [Reading(list(flattened(dict(dict(frame)["_source"])["layers"]))) for frame in frames]


def test_no_unit_is_malformed(readings: list[Reading]) -> None:
    assert len(readings) == len(UNITS)
    for unit, reading in zip(UNITS, readings, strict=True):
        complaints = [name for name, _ in reading.fields if name.startswith(("_ws.malformed", "_ws.expert", "_ws.short"))]
        assert not complaints, unit
        assert reading.one("gsm_sms.tp-mti") is not None, unit


def test_the_text_is_the_same(readings: list[Reading]) -> None:
    compared = 0
    for unit, reading in zip(UNITS, readings, strict=True):
        if isinstance(unit, tpdu.Submit | tpdu.Deliver) and parse(unit.dcs).alphabet in (GSM7, UCS2) and unit.user_data:
            assert reading.one("gsm_sms.sms_text") == text_of(unit)
            compared += 1
    assert compared >= 30


def test_the_fields_are_the_same(readings: list[Reading]) -> None:
    for unit, reading in zip(UNITS, readings, strict=True):
        match unit:
            case tpdu.Submit():
                assert reading.one("gsm_sms.tp-da") == unit.destination.text
                assert reading.one("gsm_sms.tp-mr") == str(unit.message_reference)
                assert reading.one("gsm_sms.tp-vpf") == str(int(unit.validity.format) if unit.validity else 0)
                flags = (unit.reply_path, bool(unit.udh), unit.status_report_request, unit.reject_duplicates)
                assert flags == tuple(reading.one(f"gsm_sms.tp-{name}") == "1" for name in ("rp", "udhi", "srr", "rd"))
            case tpdu.Deliver():
                assert reading.one("gsm_sms.tp-oa") == unit.originator.text
                assert (unit.more_messages, unit.status_report_indication) == (
                    reading.one("gsm_sms.tp-mms") == "0",
                    reading.one("gsm_sms.tp-sri") == "1",
                )
            case tpdu.StatusReport():
                assert reading.one("gsm_sms.tp-ra") == unit.recipient.text
                assert reading.one("gsm_sms.dis.field_st_reason") == str(unit.status & 0x1F)
            case tpdu.Command():
                assert reading.one("gsm_sms.tp.command_type") == str(unit.command_type)
            case tpdu.DeliverReport() | tpdu.SubmitReport():
                cause = reading.one("gsm_sms.tp-fcs")
                assert (int(cause, 16) if cause else None) == unit.failure_cause


def test_the_parts_are_the_same(readings: list[Reading]) -> None:
    compared = 0
    for unit, reading in zip(UNITS, readings, strict=True):
        concatenation = udh.parse(unit.udh).concatenation if getattr(unit, "udh", b"") else None
        if concatenation:
            told = [reading.one(f"gsm_sms.udh.mm.msg_{name}") for name in ("id", "parts", "part")]
            assert told == [str(concatenation.reference), str(concatenation.total), str(concatenation.number)]
            compared += 1
    assert compared >= 10


SCTS = ("year", "month", "day", "hour", "minutes", "seconds", "timezone")


def stamps_of(unit: Any) -> list[timestamp.Timestamp]:
    found = [getattr(unit, "timestamp", None), getattr(unit, "discharge", None)]
    if isinstance(unit, tpdu.Submit) and unit.validity and unit.validity.format is timestamp.ValidityFormat.ABSOLUTE:
        found.append(timestamp.Timestamp(unit.validity.octets))
    return [stamp for stamp in found if stamp]


def test_the_times_are_the_same(readings: list[Reading]) -> None:
    compared = 0
    for unit, reading in zip(UNITS, readings, strict=True):
        told = list(zip(*(reading.all(f"gsm_sms.scts.{name}") for name in SCTS), strict=True))
        for stamp, fields in zip(stamps_of(unit), told, strict=True):
            moment = stamp.moment
            expected = (moment.year % 100, moment.month, moment.day, moment.hour, moment.minute, moment.second)
            quarters = abs(moment.utcoffset()) // timedelta(minutes=15)  # tshark says east or west in words only
            assert fields == (*map(str, expected), str(quarters))
            compared += 1
    assert compared >= 10
