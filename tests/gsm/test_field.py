"""Fields that units share: heliograph.gsm.field."""

import pytest

from heliograph.gsm import field
from heliograph.gsm.address import Address, Ton
from heliograph.gsm.errors import TpduError
from heliograph.gsm.field import Fields, Parameters, as_far_as_it_goes, exactly
from heliograph.gsm.timestamp import Validity, ValidityFormat

PLAIN, EIGHT_BIT, COMPRESSED, UTF16 = 0x00, 0x04, 0x20, 0x08


def fields(octets: str, reading: field.Reading = exactly) -> Fields:
    return Fields(bytes.fromhex(octets), reading)


@pytest.mark.parametrize(
    ("dcs", "has_header", "octets", "expected"),
    [
        (PLAIN, False, "02e834", ("", "6869")),
        (PLAIN, False, "00", ("", "")),
        (PLAIN, False, "0700000000000000", ("", "00000000000000")),
        (PLAIN, False, "0800000000000000", ("", "0000000000000000")),
        (PLAIN, True, "0a 06080401020201 e834", ("06080401020201", "6869")),
        (PLAIN, True, "09 050003010201 d069", ("050003010201", "6869")),
        (PLAIN, True, "04 027000 00", ("027000", "")),
        (PLAIN, True, "05 027000 4003", ("027000", "34")),
        (PLAIN, True, "03 00 001a", ("00", "68")),
        (EIGHT_BIT, True, "08 050003010201 6869", ("050003010201", "6869")),
        (COMPRESSED, False, "02 ffff", ("", "ffff")),
        (UTF16, False, "03 004100", ("", "004100")),
    ],
)
def test_user_data_is_taken_apart_and_put_together(dcs: int, has_header: bool, octets: str, expected: tuple[str, str]) -> None:
    header, user_data = fields(octets).user_data(dcs, has_header, 140)
    assert (header.hex(), user_data.hex()) == expected
    assert field.encode_user_data(dcs, header, user_data, 140) == bytes.fromhex(octets)


@pytest.mark.parametrize("header_octets", range(1, 16))
def test_septets_begin_at_a_septet_border_after_any_header(header_octets: int) -> None:
    """OsmoMSC puts 7 fill bits, a septet too many, behind a header of 7 octets (padbits in its submit_to_sms)."""
    header = bytes((header_octets - 1,)) + bytes(header_octets - 1)
    written = field.encode_user_data(PLAIN, header, b"\x7f", 140)
    border = -(-header_octets * 8 // 7)
    assert written[0] == border + 1
    bits = int.from_bytes(written[1:], "little")
    assert bits >> (border * 7) == 0x7F
    assert fields(written.hex()).user_data(PLAIN, True, 140) == (header, b"\x7f")


def test_user_data_above_its_limit_is_refused_both_ways() -> None:
    with pytest.raises(TpduError, match=r"141 octets of user data: 140 at most"):
        fields("8d" + "00" * 141).user_data(EIGHT_BIT, False, 140)
    with pytest.raises(TpduError, match=r"175 octets of user data: 140 at most"):
        fields("c8" + "00" * 175).user_data(PLAIN, False, 140)
    with pytest.raises(TpduError, match=r"141 octets of user data: 140 at most"):
        field.encode_user_data(EIGHT_BIT, b"", bytes(141), 140)


def test_user_data_that_contradicts_itself_is_refused() -> None:
    with pytest.raises(TpduError, match=r"TP-UDL says 6 septets, the user data header alone takes 7"):
        fields("06 050003010201").user_data(PLAIN, True, 140)
    with pytest.raises(TpduError, match=r"UDHL says 5 octets, 1 follow"):
        field.encode_user_data(EIGHT_BIT, b"\5\0", b"", 140)
    with pytest.raises(TpduError, match=r"0x7F"):
        field.encode_user_data(PLAIN, b"", b"\x80", 140)


@pytest.mark.parametrize(
    ("octets", "user_data"),
    [("05e834", b"hi"), ("02e834ffff", b"hi"), ("05 e8", b"h"), ("05", b"")],
)
def test_as_far_as_it_goes_is_no_further_than_either_end(octets: str, user_data: bytes) -> None:
    assert fields(octets, as_far_as_it_goes).user_data(PLAIN, False, 140) == (b"", user_data)


@pytest.mark.parametrize(
    ("present", "octets", "expected"),
    [
        (0x00, "", Parameters()),
        (0x01, "7f", Parameters(protocol_id=0x7F)),
        (0x02, "f6", Parameters(dcs=0xF6)),
        (0x04, "02e834", Parameters(user_data=b"hi")),
        (0x07, "7f0402abcd", Parameters(protocol_id=0x7F, dcs=4, user_data=b"\xab\xcd")),
    ],
)
def test_the_indicator_says_what_follows(present: int, octets: str, expected: Parameters) -> None:
    assert fields(octets).parameters(present, False, 140) == expected
    assert expected.encode(140) == bytes((present,)) + bytes.fromhex(octets)


@pytest.mark.parametrize("reserved", [0x08, 0x10, 0x20, 0x40, 0x80])
def test_a_reserved_bit_announces_octets_of_later_releases(reserved: int) -> None:
    assert fields("02e834beef").parameters(0x04 | reserved, False, 140) == Parameters(user_data=b"hi")
    assert fields("beef").parameters(reserved, False, 140) == Parameters()
    with pytest.raises(TpduError, match=r"should be 2 octets, there are 1"):
        fields("02e8").parameters(0x04 | reserved, False, 140)


def test_octets_that_extend_the_indicator_are_passed_over() -> None:
    read = fields("81 80 00 7f")
    assert read.parameter_indicator() == 0x81
    assert read.octet("TP-PID") == 0x7F
    with pytest.raises(TpduError, match=r"TP-PI is missing"):
        fields("8180").parameter_indicator()


def test_fields_are_taken_one_after_the_other() -> None:
    read = fields("03a121f3 52304121000000 07")
    assert read.address() == Address("123", Ton.NATIONAL)
    assert read.timestamp("TP-SCTS").octets.hex() == "52304121000000"
    assert (read.next_octet, read.octet("TP-UDL"), read.next_octet) == (7, 7, None)


def test_a_header_is_announced_only_beside_user_data() -> None:
    assert Parameters(udh=b"\0", user_data=b"").has_header
    assert not Parameters(udh=b"\0").has_header
    assert not Parameters(user_data=b"x").has_header


def test_a_failure_cause_has_the_highest_bit() -> None:
    assert fields("d3").failure_cause() == 0xD3
    assert fields("07").failure_cause() is None
    assert fields("").failure_cause() is None
    assert field.encode_failure_cause(None) == b""
    assert field.encode_failure_cause(0xD3) == b"\xd3"
    with pytest.raises(TpduError, match=r"a TP-FCS is 0x80 to 0xFF, not 127"):
        field.encode_failure_cause(0x7F)


@pytest.mark.parametrize(
    ("vpf", "expected"),
    [
        (0, None),
        (2, Validity(ValidityFormat.RELATIVE, b"\1")),
        (1, Validity(ValidityFormat.ENHANCED, bytes(range(1, 8)))),
        (3, Validity(ValidityFormat.ABSOLUTE, bytes(range(1, 8)))),
    ],
)
def test_a_validity_is_as_long_as_its_format_says(vpf: int, expected: Validity | None) -> None:
    assert fields("01020304050607").validity(vpf) == expected
    if vpf:
        with pytest.raises(TpduError, match=r"TP-VP is missing: the TPDU ends after 0 octets"):
            fields("").validity(vpf)
