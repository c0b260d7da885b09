"""pycrate 0.8.1 reads our units, and writes the same octets."""

import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heliograph.gsm import tpdu, udh
from heliograph.gsm.timestamp import timestamp_of
from tests.gsm.material import (
    addresses,
    booleans,
    commands,
    contents,
    deliver_reports,
    moments,
    octet,
    status_reports,
    submit_reports,
    validities,
    vectors,
)

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from pycrate_mobile import TS23040_SMS as PYCRATE

# pycrate takes some 300 us a unit, and some ms the first time.
few = settings(max_examples=40)
ported = udh.build(udh.ports(2948, 9200), udh.concatenation(1, 3, 3))
headers = st.sampled_from([b"", udh.concat(1, 2, 1), udh.concat(0x1234, 255, 7, wide=True), ported])


def agreed(unit: Any, octets: bytes) -> Any:
    """pycrate's reading of the octets, after it wrote the same ones."""
    unit.from_bytes(octets)
    assert unit.to_bytes() == octets
    return unit


@pytest.mark.parametrize("vector", vectors("tpdu"), ids=lambda vector: vector["tpdu"][:24])
def test_pycrate_reads_the_vectors(vector: dict[str, Any]) -> None:
    kind = {"Submit": PYCRATE.SMS_SUBMIT, "Deliver": PYCRATE.SMS_DELIVER, "StatusReport": PYCRATE.SMS_STATUS_REPORT}[vector["unit"]]
    agreed(kind(), bytes.fromhex(vector["tpdu"]))


@st.composite
def with_known_header(draw: st.DrawFn) -> dict[str, Any]:
    content = draw(contents().filter(lambda made: len(made["user_data"]) <= 100))
    return content | {"udh": draw(headers)}


@few
@given(with_known_header(), addresses, octet, octet, validities, booleans)
def test_pycrate_writes_our_submit(
    content: dict[str, Any], address: Any, reference: int, protocol_id: int, validity: Any, flag: bool
) -> None:
    unit = tpdu.Submit(
        destination=address,
        message_reference=reference,
        protocol_id=protocol_id,
        validity=validity,
        status_report_request=flag,
        **content,
    )
    theirs = agreed(PYCRATE.SMS_SUBMIT(), unit.encode())
    assert theirs["TP_MR"].get_val() == reference
    assert theirs["TP_SRR"].get_val() == flag
    assert theirs["TP_UDHI"].get_val() == bool(content["udh"])


@few
@given(with_known_header(), addresses, moments, booleans)
def test_pycrate_writes_our_deliver(content: dict[str, Any], address: Any, moment: Any, flag: bool) -> None:
    unit = tpdu.Deliver(originator=address, timestamp=timestamp_of(moment), more_messages=flag, **content)
    theirs = agreed(PYCRATE.SMS_DELIVER(), unit.encode())
    assert theirs["TP_MMS"].get_val() == (not flag)


def _without_header(unit: Any) -> bool:
    """pycrate checks the elements of a header, and ours are of any kind."""
    return unit.parameters is None or not unit.parameters.udh


def _without_data(unit: tpdu.Command) -> tpdu.Command:
    """pycrate 0.8.1 takes TP-CDL for bits and writes command data short."""
    return replace(unit, command_data=b"", udh=b"")


@pytest.mark.parametrize(
    ("units", "kind"),
    [
        (status_reports.filter(_without_header), lambda _: PYCRATE.SMS_STATUS_REPORT()),
        (commands.map(_without_data), lambda _: PYCRATE.SMS_COMMAND()),
        (
            deliver_reports.filter(_without_header),
            lambda unit: PYCRATE.SMS_DELIVER_REPORT_RP_ACK() if unit.failure_cause is None else PYCRATE.SMS_DELIVER_REPORT_RP_ERROR(),
        ),
        (
            submit_reports.filter(_without_header),
            lambda unit: PYCRATE.SMS_SUBMIT_REPORT_RP_ACK() if unit.failure_cause is None else PYCRATE.SMS_SUBMIT_REPORT_RP_ERROR(),
        ),
    ],
    ids=["StatusReport", "Command", "DeliverReport", "SubmitReport"],
)
def test_pycrate_writes_our_reports_and_commands(units: st.SearchStrategy[Any], kind: Callable[[Any], Any]) -> None:
    @few
    @given(units)
    def holds(unit: Any) -> None:
        agreed(kind(unit), unit.encode())

    holds()
