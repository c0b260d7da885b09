"""Addresses: heliograph.gsm.address."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.gsm import address
from heliograph.gsm.address import Address, Npi, Ton
from heliograph.gsm.errors import TpduError
from tests.gsm.material import addresses, numbers


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        ("0b916407281553f8", Address("46708251358")),
        ("0c914477581006 50", Address("447785016005")),
        ("0481 2143", Address("1234", Ton.UNKNOWN)),
        ("03a1 21f3", Address("123", Ton.NATIONAL)),
        ("0881 a021cbed", Address("0*12#abc", Ton.UNKNOWN)),
        ("0dd0 cdf2396c7ebb01", Address("Megafon", Ton.ALPHANUMERIC, Npi.UNKNOWN)),
    ],
)
def test_an_address_is_read_and_written(octets: str, expected: Address) -> None:
    assert address.decode(bytes.fromhex(octets)) == (expected, len(bytes.fromhex(octets)))
    assert address.encode(expected) == bytes.fromhex(octets)


@pytest.mark.parametrize(
    ("name", "semi_octets"),
    [("A", 2), ("Design", 11), ("Heliogr", 13), ("ABCDEFGH", 14), ("a" * 11, 20)],
)
def test_a_name_takes_the_semi_octets_its_septets_need(name: str, semi_octets: int) -> None:
    written = address.encode(Address(name, Ton.ALPHANUMERIC, Npi.UNKNOWN))
    assert (written[0], written[1]) == (semi_octets, 0xD0)
    assert address.decode(written) == (Address(name, Ton.ALPHANUMERIC, Npi.UNKNOWN), len(written))


def test_a_name_may_hold_an_escape_pair() -> None:
    name = Address("5€", Ton.ALPHANUMERIC, Npi.UNKNOWN)
    assert address.decode(address.encode(name))[0] == name


@pytest.mark.parametrize(
    ("dialled", "expected", "shown"),
    [
        ("+491701234567", Address("491701234567"), "+491701234567"),
        ("0170", Address("0170", Ton.UNKNOWN), "0170"),
        ("*100#", Address("*100#", Ton.UNKNOWN), "*100#"),
        ("Heliograph", Address("Heliograph", Ton.ALPHANUMERIC, Npi.UNKNOWN), "Heliograph"),
    ],
)
def test_what_a_person_dials_has_its_type(dialled: str, expected: Address, shown: str) -> None:
    assert address.of(dialled) == expected
    assert str(expected) == shown


def test_digits_may_be_written_in_capitals() -> None:
    assert address.encode(Address("1A", Ton.UNKNOWN)) == address.encode(Address("1a", Ton.UNKNOWN))


@pytest.mark.parametrize(
    ("made", "complaint"),
    [
        (Address(""), "at least one digit"),
        (Address("", Ton.ALPHANUMERIC), "at least one digit"),
        (Address("1" * 40), "40 digits: 20 at most"),
        (Address("12x"), "'12x' holds what is none of"),
        (Address("a" * 12, Ton.ALPHANUMERIC), "takes 12 septets: 11 at most"),
        (Address("Ж", Ton.ALPHANUMERIC), "Ж .* is not in the GSM 7-bit alphabet"),
        (Address("1", 8), "type of number is 0 to 7"),
        (Address("1", 1, 16), "numbering plan 0 to 15"),
    ],
)
def test_what_is_no_address_is_not_written(made: Address, complaint: str) -> None:
    with pytest.raises(TpduError, match=complaint):
        address.encode(made)
    with pytest.raises(TpduError, match=complaint):
        address.encode_rp(made)


@pytest.mark.parametrize("dialled", ["", "+", "+49 170", "1" * 21, "much too long a name"])
def test_what_a_person_cannot_mean_is_refused(dialled: str) -> None:
    with pytest.raises(TpduError):
        address.of(dialled)


@pytest.mark.parametrize(
    ("octets", "complaint"),
    [
        ("", "the address at octet 0 is cut off"),
        ("03", "is cut off"),
        ("0391", "is cut off"),
        ("039121", "is cut off"),
        ("28912222222222222222222222222222222222222222", "40 semi-octets: 20 at most"),
        ("15910000000000000000000000", "21 semi-octets: 20 at most"),
        ("0491f121", "a filler between the digits"),
    ],
)
def test_what_is_no_address_is_not_read(octets: str, complaint: str) -> None:
    with pytest.raises(TpduError, match=complaint):
        address.decode(bytes.fromhex(octets))


def test_an_address_without_digits_is_read_since_services_send_it() -> None:
    assert address.decode(bytes.fromhex("0081ff")) == (Address("", Ton.UNKNOWN), 2)


def test_a_filler_counted_as_a_digit_is_still_a_filler() -> None:
    """python-gsmmodem's vector 0C910661345542F6 counts 12 digits for 11 and a filler."""
    assert address.decode(bytes.fromhex("0c910661345542f6"))[0].text == "60164355246"


def test_an_address_may_stand_anywhere() -> None:
    assert address.decode(bytes.fromhex("ffff03a121f300"), 2) == (Address("123", Ton.NATIONAL), 6)


@pytest.mark.parametrize(
    ("octets", "expected"),
    [("00", None), ("0791 1326040000f0", Address("31624000000")), ("0297f1", Address("1", 1, 7)), ("0191", Address(""))],
)
def test_an_rp_address_counts_octets(octets: str, expected: Address | None) -> None:
    assert address.decode_rp(bytes.fromhex(octets)) == (expected, len(bytes.fromhex(octets)))
    if expected is None or expected.text:
        assert address.encode_rp(expected) == bytes.fromhex(octets)


@pytest.mark.parametrize(
    ("octets", "complaint"),
    [("", "no address at octet 0"), ("0291", "is cut off"), ("0c91" + "21" * 11, "22 semi-octets: 20 at most")],
)
def test_what_is_no_rp_address_is_not_read(octets: str, complaint: str) -> None:
    with pytest.raises(TpduError, match=complaint):
        address.decode_rp(bytes.fromhex(octets))


@given(addresses)
def test_an_address_survives_octets_and_back(made: Address) -> None:
    written = address.encode(made)
    assert address.decode(written) == (made, len(written))
    assert len(written) <= 12


@given(numbers)
def test_a_number_survives_rp_octets_and_back(made: Address) -> None:
    written = address.encode_rp(made)
    assert address.decode_rp(written) == (made, len(written))


@given(st.binary(max_size=16))
def test_any_octets_are_an_address_or_an_error(octets: bytes) -> None:
    for decode in (address.decode, address.decode_rp):
        try:
            _, end = decode(octets)
        except TpduError:
            continue
        assert 1 <= end <= len(octets)
