"""Numbers (rules: Numbers)."""

import pytest

from heliograph.model.ids import LinkId
from heliograph.model.link import Delivery, LinkProfile, LinkRole, OnUnknown
from heliograph.model.number import as_dialled, complete, is_dialled, is_one_sender, is_short, matches, normalise
from heliograph.model.problem import Code, Problem


def link(country: str | None = None, national_prefix: str | None = None) -> LinkProfile:
    return LinkProfile(
        LinkId(1), "Link", LinkRole.NETWORK, Delivery.LIVE, OnUnknown.RETRY, "link", country=country, national_prefix=national_prefix
    )


@pytest.mark.parametrize("written", ["+49 170 1234567", "0049 170-123 45 67", "49.170.1234567", "49/170/1234567", "(49) 1701234567"])
def test_a_number_is_kept_as_digits_however_it_is_written(written: str) -> None:
    assert normalise(written, "msisdn") == "491701234567"


def test_a_private_number_of_four_digits_is_a_number() -> None:
    assert normalise("4711", "msisdn") == "4711"


@pytest.mark.parametrize("written", ["", "+", "00", "12a4", "Heliograph", "1" * 21, "٤٩", "++49", "*100#"])
def test_what_is_no_number_is_refused_with_its_field(written: str) -> None:
    with pytest.raises(Problem) as refused:
        normalise(written, "msisdn")
    assert refused.value.code is Code.INVALID_FORMAT
    assert refused.value.field == "msisdn"


def test_twenty_digits_are_still_a_number() -> None:
    assert normalise("1" * 20, "msisdn") == "1" * 20


@pytest.mark.parametrize(("text", "dialled"), [("123", True), ("*100#", True), ("12a", False), ("", False), ("+12", False)])
def test_what_can_be_dialled_is_digits_star_and_hash(text: str, dialled: bool) -> None:
    assert is_dialled(text) is dialled


@pytest.mark.parametrize(
    ("number", "short"),
    [("12345678", True), ("123456789", False), ("*100#", True), ("1234567890#", True), ("Heliograph", True), ("1", True)],
)
def test_a_short_number_has_at_most_8_digits_or_more_than_digits(number: str, short: bool) -> None:
    assert is_short(number) is short


def test_how_short_a_short_number_is_can_be_set() -> None:
    assert is_short("1234567", 7)
    assert not is_short("12345678", 7)


@pytest.mark.parametrize(
    ("number", "international", "national", "completed"),
    [
        ("491701234567", True, False, "491701234567"),
        ("901401234567890", False, True, "901401234567890"),
        ("01701234567", False, False, "491701234567"),
        ("01701234567", False, True, "491701234567"),
        ("1701234567", False, True, "491701234567"),
        ("1701234567", False, False, "1701234567"),
        ("0123", False, False, "0123"),
        ("Heliograph", False, True, "Heliograph"),
        ("0", False, False, "0"),
        ("00491701234567", False, False, "491701234567"),
        ("00431234567", False, True, "431234567"),
        ("00491701234567", True, False, "491701234567"),
        ("004915123456789", False, False, "4915123456789"),
        ("001010000000001", False, False, "001010000000001"),
        ("0012", False, False, "0012"),
    ],
)
def test_an_inbound_number_is_completed_by_its_links_country(number: str, international: bool, national: bool, completed: str) -> None:
    assert complete(number, international=international, national=national, link=link("49")) == completed


def test_a_link_without_a_country_completes_nothing() -> None:
    assert complete("01701234567", international=False, national=True, link=link()) == "01701234567"


def test_a_number_dialled_with_00_needs_no_country() -> None:
    assert complete("00491701234567", international=False, national=False, link=link()) == "491701234567"


@pytest.mark.parametrize(
    ("written", "dialled"),
    [
        ("+1-234567", "1234567"),
        ("0049 170 1234567", "491701234567"),
        ("12 34", "1234"),
        ("*100#", "*100#"),
        ("0170", "0170"),
        ("Bank", "Bank"),
    ],
)
def test_a_phone_dials_a_number_however_it_is_written(written: str, dialled: str) -> None:
    assert as_dialled(written, "dest_address") == dialled


@pytest.mark.parametrize("written", ["1" * 21, "+" + "1" * 40, "Heliographers"])
def test_what_no_short_message_can_be_addressed_to_is_refused(written: str) -> None:
    with pytest.raises(Problem):
        as_dialled(written, "dest_address")


def test_a_link_may_have_another_national_prefix() -> None:
    assert complete("8170123456", international=False, national=False, link=link("7", "8")) == "7170123456"


@pytest.mark.parametrize(("number", "listed"), [("4711", ("4711",)), ("47112", ("4711*",)), ("4711", ("4711*",)), ("1", ("*",))])
def test_a_list_holds_numbers_and_prefixes(number: str, listed: tuple[str, ...]) -> None:
    assert matches(number, listed)


@pytest.mark.parametrize(("number", "listed"), [("47112", ("4711",)), ("471", ("4711*",)), ("4711", ())])
def test_a_number_is_no_prefix_of_itself_without_a_star(number: str, listed: tuple[str, ...]) -> None:
    assert not matches(number, listed)


@pytest.mark.parametrize(
    ("one", "other", "wanted"),
    [
        ("4917012345", "17012345", True),
        ("1000", "4231000", True),
        ("Meter", "Meter", True),
        ("17012346", "4917012345", False),
        ("000", "4917000", False),
        ("eter", "Meter", False),
        ("", "4917000", False),
    ],
)
def test_a_sender_is_one_with_and_without_its_country(one: str, other: str, wanted: bool) -> None:
    assert is_one_sender(one, other) is is_one_sender(other, one) is wanted
