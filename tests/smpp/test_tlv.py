"""TLVs: heliograph.smpp.tlv."""

import pytest

from heliograph.smpp import tlv
from heliograph.smpp.errors import ValueNotAllowedError
from heliograph.smpp.tlv import Kind, NetworkError, Tlv


@pytest.mark.parametrize(
    ("kind", "value", "octets"),
    [
        (tlv.MESSAGE_STATE, 2, "02"),
        (tlv.USER_MESSAGE_REFERENCE, 0x1234, "1234"),
        (tlv.QOS_TIME_TO_LIVE, 86400, "00015180"),
        (tlv.RECEIPTED_MESSAGE_ID, "4711", "3437313100"),
        (tlv.NETWORK_ERROR_CODE, NetworkError(3, 0x1B), "03001b"),
        (tlv.MESSAGE_PAYLOAD, b"", ""),
        (tlv.MESSAGE_PAYLOAD, b"hi", "6869"),
        (tlv.ALERT_ON_MESSAGE_DELIVERY, b"", ""),
    ],
)
def test_a_value_has_its_octets(kind: Kind[object], value: object, octets: str) -> None:
    made = kind.make(value)
    assert made == Tlv(kind.tag, bytes.fromhex(octets))
    assert kind.find([Tlv(0x1400), made]) == value


def test_a_text_may_come_without_its_end() -> None:
    assert tlv.RECEIPTED_MESSAGE_ID.find([Tlv(0x001E, b"4711")]) == "4711"


def test_the_first_that_fits_counts() -> None:
    assert tlv.MESSAGE_STATE.find([Tlv(0x0427, b""), Tlv(0x0427, b"\2"), Tlv(0x0427, b"\3")]) == 2
    assert tlv.MESSAGE_STATE.find([]) is None


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (tlv.MESSAGE_STATE, 256),
        (tlv.MESSAGE_STATE, -1),
        (tlv.MESSAGE_STATE, "2"),
        (tlv.RECEIPTED_MESSAGE_ID, "x" * 65),
        (tlv.RECEIPTED_MESSAGE_ID, "Ω"),
        (tlv.NETWORK_ERROR_CODE, NetworkError(3, 1 << 16)),
        (tlv.MESSAGE_PAYLOAD, b"x" * 65536),
        (tlv.MESSAGE_PAYLOAD, None),
        (tlv.CALLBACK_NUM, b"abc"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(kind: Kind[object], value: object) -> None:
    with pytest.raises(ValueNotAllowedError, match=kind.name):
        kind.make(value)


def test_names() -> None:
    assert tlv.name_of(0x0424) == "message_payload"
    assert tlv.name_of(0x1401) == "tag 0x1401"
    assert all(tlv.KINDS[kind.tag].name == kind.name.lower() for kind in tlv.KINDS.values())
