"""User data headers: heliograph.gsm.udh."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.gsm import udh
from heliograph.gsm.errors import TpduError
from heliograph.gsm.udh import Concatenation, Element, Ports, Udh
from tests.gsm.material import elements


def parsed(octets: str) -> Udh:
    return udh.parse(bytes.fromhex(octets))


def test_a_part_is_written_in_six_octets_or_with_a_wide_reference_in_seven() -> None:
    assert udh.concat(0xAB, 3, 2).hex() == "050003ab0302"
    assert udh.concat(0xABCD, 3, 2, wide=True).hex() == "060804abcd0302"


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        ("050003ab0302", Concatenation(0xAB, 3, 2)),
        ("060804abcd0302", Concatenation(0xABCD, 3, 2, wide=True)),
        ("0500030000 01", None),
        ("050003010200", None),
        ("050003010203", None),
        ("0400020102", None),
        ("06000401020102", None),
        ("0408020102", None),
        ("00", None),
        ("0a 0003010201 0003020302", Concatenation(2, 3, 2)),
        ("0a 0003010201 0003020304", Concatenation(1, 2, 1)),
        ("0b 0003010201 080401020302", Concatenation(0x0102, 3, 2, wide=True)),
        ("0b 080401020302 0003010201", Concatenation(1, 2, 1)),
    ],
)
def test_the_last_concatenation_that_can_be_counts(octets: str, expected: Concatenation | None) -> None:
    assert parsed(octets).concatenation == expected


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        ("06 05 04 0b84 23f0", Ports(2948, 9200)),
        ("04 04 02 f0f1", Ports(240, 241, wide=False)),
        ("0a 04 02 f0f1 05 04 0b84 23f0", Ports(2948, 9200)),
        ("05 05 03 0b8423", None),
        ("00", None),
    ],
)
def test_the_last_ports_count(octets: str, expected: Ports | None) -> None:
    assert parsed(octets).ports == expected


def test_the_last_language_of_each_shift_counts_and_without_one_it_is_the_default() -> None:
    assert (parsed("06 250101 240102").locking, parsed("06 250101 240102").single) == (1, 2)
    assert parsed("06 250101 250103").locking == 3
    assert parsed("04 25020101").locking == 0
    assert (parsed("00").locking, parsed("00").single) == (0, 0)


def test_unknown_elements_are_kept_in_place() -> None:
    header = "0b 7000 c00301 02 03 0003010201".replace(" ", "")
    read = udh.parse(bytes.fromhex("0c" + header[2:]))
    assert read.elements == (Element(0x70, b""), Element(0xC0, b"\1\2\3"), Element(0, b"\1\2\1"))
    assert read.octets.hex() == "0c" + header[2:]


@pytest.mark.parametrize(
    ("octets", "complaint"),
    [
        ("", "there is no user data"),
        ("05", "UDHL says 5 octets, 0 follow"),
        ("05000301", "UDHL says 5 octets, 3 follow"),
        ("0500030102 01 61", "UDHL says 5 octets, 6 follow"),
        ("0100", "0x00 at octet 1 runs over"),
        ("020004", "0x00 at octet 1 runs over"),
        ("06 0003010201 08", "0x08 at octet 6 runs over"),
        ("05000401 0201", "0x00 at octet 1 runs over"),
    ],
)
def test_a_length_that_runs_over_the_end_is_an_error(octets: str, complaint: str) -> None:
    with pytest.raises(TpduError, match=complaint):
        parsed(octets)


def test_a_header_is_taken_off_the_user_data_behind_it() -> None:
    assert udh.split_off(bytes.fromhex("0500030102016162")) == (bytes.fromhex("050003010201"), b"ab")
    with pytest.raises(TpduError, match=r"there is no user data"):
        udh.split_off(b"")


def test_elements_are_written_in_the_order_given() -> None:
    written = udh.build(udh.ports(2948, 9200), udh.ports(240, 241, wide=False), udh.single_shift(1), udh.locking_shift(2))
    assert written.hex() == "1005040b8423f00402f0f1240101250102"
    assert udh.build() == b""


@pytest.mark.parametrize(
    ("reference", "total", "number", "wide"),
    [(256, 2, 1, False), (65536, 2, 1, True), (-1, 2, 1, True), (1, 256, 1, False)],
)
def test_a_field_out_of_its_range_is_refused(reference: int, total: int, number: int, wide: bool) -> None:
    with pytest.raises(TpduError, match=r"out of 0 to 255"):
        udh.concat(reference, total, number, wide)


@pytest.mark.parametrize(("total", "number"), [(2, 0), (2, 3), (0, 0)])
def test_a_part_beyond_the_total_is_refused(total: int, number: int) -> None:
    with pytest.raises(TpduError, match=r"a part is 1 to the total"):
        udh.concat(1, total, number)


def test_a_header_longer_than_a_message_is_refused() -> None:
    assert len(udh.build(Element(0x70, bytes(137)))) == 140
    with pytest.raises(TpduError, match=r"of 141 octets: 140 at most"):
        udh.build(Element(0x70, bytes(138)))
    with pytest.raises(TpduError, match=r"out of 0 to 255"):
        udh.build(Element(0x70, bytes(256)))


@given(st.lists(elements, min_size=1, max_size=8))
def test_a_header_survives_octets_and_back(found: list[Element]) -> None:
    assert udh.parse(udh.build(*found)) == Udh(tuple(found))


@given(st.binary(max_size=40) | st.lists(elements, min_size=1, max_size=8).map(lambda found: udh.build(*found)[:-1]))
def test_any_octets_are_a_header_or_an_error(octets: bytes) -> None:
    try:
        read = udh.parse(octets)
    except TpduError:
        return
    assert (read.octets or b"\0") == octets
    concatenation = read.concatenation
    assert concatenation is None or 1 <= concatenation.number <= concatenation.total
    assert read.ports is None or read.ports.destination >= 0
