"""What the tests of this floor share: golden vectors, and valid units for Hypothesis to vary."""

import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from heliograph.gsm import alphabet, tpdu, udh
from heliograph.gsm import timestamp as times
from heliograph.gsm.address import Address, Npi, Ton
from heliograph.gsm.dcs import Alphabet, of, parse
from heliograph.gsm.segment import Segment, join

VECTORS = Path(__file__).parent.parent / "vectors"
DOORS = {"phone": tpdu.decode_from_phone, "network": tpdu.decode_from_network}

GSM7 = Alphabet.GSM7
OCTET = Alphabet.OCTET
UCS2 = Alphabet.UCS2

DEFAULT_CHARACTERS = "".join(set(alphabet.decode(bytes(range(128)) + bytes(o for s in range(128) if s != 27 for o in (27, s)))))


def vectors(name: str) -> Any:
    return json.loads((VECTORS / f"{name}.json").read_text())


def text_of(unit: tpdu.Submit | tpdu.Deliver) -> str | bytes:
    return join([Segment(1, 1, unit.udh, unit.user_data)], parse(unit.dcs).alphabet)


gsm_texts = st.text(st.sampled_from(DEFAULT_CHARACTERS), max_size=400)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=400)
septets = st.lists(st.integers(0, 127), max_size=200).map(bytes)
octet = st.integers(0, 255)

digits = st.text(st.sampled_from("0123456789*#abc"), min_size=1, max_size=20)
numbers = st.builds(Address, digits, st.sampled_from([ton for ton in Ton if ton != Ton.ALPHANUMERIC]), st.integers(0, 15))
name_texts = st.text(st.sampled_from("ABCxyz 019@é$"), min_size=1, max_size=11)
names = st.builds(Address, name_texts, st.just(Ton.ALPHANUMERIC), st.just(Npi.UNKNOWN))
addresses = numbers | names

zones = st.integers(-79, 79).map(lambda quarters: timezone(timedelta(minutes=15 * quarters)))
seconds = st.integers(0, 36524 * 86400 - 1)
moments = st.builds(lambda zone, since: datetime(1990, 1, 1, tzinfo=zone) + timedelta(seconds=since), zones, seconds)
timestamps = st.binary(min_size=7, max_size=7).map(times.Timestamp) | moments.map(times.timestamp_of)
validities = st.none() | st.one_of(
    st.binary(min_size=1, max_size=1).map(lambda octets: times.Validity(times.ValidityFormat.RELATIVE, octets)),
    st.binary(min_size=7, max_size=7).map(lambda octets: times.Validity(times.ValidityFormat.ABSOLUTE, octets)),
    st.binary(min_size=7, max_size=7).map(lambda octets: times.Validity(times.ValidityFormat.ENHANCED, octets)),
)

elements = st.builds(udh.Element, octet, st.binary(max_size=8))
headers = st.lists(elements, max_size=3).map(lambda found: udh.build(*found))


@st.composite
def contents(draw: st.DrawFn) -> dict[str, Any]:
    """The fields dcs, udh and user_data of one unit, in any alphabet."""
    chosen = draw(st.sampled_from(Alphabet))
    header = draw(headers)
    room = 140 - len(header)
    if chosen is GSM7:
        user_data = bytes(draw(st.lists(st.integers(0, 127), max_size=room * 8 // 7)))
    else:
        user_data = draw(st.binary(max_size=room))
    return {"dcs": of(chosen), "udh": header, "user_data": user_data}


booleans = st.booleans()


@st.composite
def submits(draw: st.DrawFn) -> tpdu.Submit:
    return tpdu.Submit(
        destination=draw(addresses),
        protocol_id=draw(octet),
        message_reference=draw(octet),
        validity=draw(validities),
        reject_duplicates=draw(booleans),
        status_report_request=draw(booleans),
        reply_path=draw(booleans),
        **draw(contents()),
    )


@st.composite
def delivers(draw: st.DrawFn) -> tpdu.Deliver:
    return tpdu.Deliver(
        originator=draw(addresses),
        timestamp=draw(timestamps),
        protocol_id=draw(octet),
        more_messages=draw(booleans),
        loop_prevention=draw(booleans),
        status_report_indication=draw(booleans),
        reply_path=draw(booleans),
        **draw(contents()),
    )


@st.composite
def parameters(draw: st.DrawFn) -> tpdu.Parameters:
    content = draw(contents())
    if not draw(booleans):
        return tpdu.Parameters(protocol_id=draw(st.none() | octet), dcs=draw(st.none() | octet))
    return tpdu.Parameters(protocol_id=draw(st.none() | octet), **content)


causes = st.none() | st.integers(0x80, 0xFF)
status_reports = st.builds(
    tpdu.StatusReport,
    message_reference=octet,
    recipient=addresses,
    timestamp=timestamps,
    discharge=timestamps,
    status=octet,
    more_messages=booleans,
    loop_prevention=booleans,
    of_command=booleans,
    parameters=st.none() | parameters(),
)
commands = st.builds(
    tpdu.Command,
    message_reference=octet,
    command_type=octet,
    message_number=octet,
    destination=addresses,
    command_data=st.binary(max_size=100),
    udh=headers,
    protocol_id=octet,
    status_report_request=booleans,
)
deliver_reports = st.builds(tpdu.DeliverReport, failure_cause=causes, parameters=parameters())
submit_reports = st.builds(tpdu.SubmitReport, timestamp=timestamps, failure_cause=causes, parameters=parameters())

from_phone = submits() | commands | deliver_reports
from_network = delivers() | status_reports | submit_reports


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """Octets of a sound unit with a few of them changed, lost or added."""
    octets = bytearray(draw(from_phone | from_network).encode())
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(0, len(octets) - 1)))
        match draw(st.sampled_from(["change", "cut", "insert", "delete"])):
            case "change" if octets:
                octets[at] = draw(octet)
            case "cut":
                del octets[at:]
            case "insert":
                octets.insert(at, draw(octet))
            case _:
                del octets[at : at + 1]
    return bytes(octets)


NOON = datetime(2025, 3, 14, 12, tzinfo=UTC)
