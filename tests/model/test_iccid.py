"""ICCIDs are kept without the digit that checks them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.model.iccid import luhn_digit, without_luhn
from heliograph.model.problem import Problem


@pytest.mark.parametrize(("digits", "check"), [("8988303000006738593", "7"), ("7992739871", "3"), ("0", "0"), ("35209900176148", "1")])
def test_the_check_digit_is_luhns(digits: str, check: str) -> None:
    """The first was recorded from emnify, the second is the usual example, the last an IMEI (3GPP TS 23.003 annex B)."""
    assert luhn_digit(digits) == check


@given(st.from_regex(r"[0-9]{19}", fullmatch=True))
def test_an_iccid_with_its_check_digit_is_the_one_without(digits: str) -> None:
    assert without_luhn(digits + luhn_digit(digits)) == digits == without_luhn(digits)


@given(st.from_regex(r"[0-9]{19}", fullmatch=True), st.integers(1, 9))
def test_a_wrong_check_digit_is_refused(digits: str, off: int) -> None:
    wrong = (int(luhn_digit(digits)) + off) % 10
    with pytest.raises(Problem, match="Luhn"):
        without_luhn(f"{digits}{wrong}")


@pytest.mark.parametrize("text", ["", "1" * 17, "1" * 21, "89883030000067385x", "８" * 19])
def test_what_is_no_iccid_is_refused(text: str) -> None:
    with pytest.raises(Problem, match="iccid"):
        without_luhn(text)


def test_spaces_and_dashes_are_taken() -> None:
    assert without_luhn("8988 3030-0000 6738 593") == "8988303000006738593"
