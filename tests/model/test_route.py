"""Where a device's message goes (rules: Where a device's message goes): the first rule in the order of the text decides."""

from itertools import product

import msgspec
import pytest

from heliograph.model.ids import LinkId
from heliograph.model.link import Delivery, LinkProfile, LinkRole, OnUnknown
from heliograph.model.policy_settings import MoToApplication, PolicySettings
from heliograph.model.route import Destination, NumberRules, Target, destination_of, way_out

LONG, SHORT = "491701234567", "12345"
PLAIN = PolicySettings()
ALL = PolicySettings(mo_to_application=MoToApplication.ALL)
OUT, DEVICE, APPLICATION = Target.NETWORK, Target.DEVICE, Target.APPLICATION


def link(*numbers: str, role: LinkRole = LinkRole.NETWORK) -> LinkProfile:
    return LinkProfile(LinkId(1), "Link", role, Delivery.LIVE, OnUnknown.RETRY, "link", numbers=numbers)


@pytest.mark.parametrize("number", [LONG, SHORT, "*100#", "Info", None])
def test_in_every_combination_the_first_rule_of_the_text_decides(number: str | None) -> None:
    """(1) network_numbers: out; (2) a device: P2P; (3) a number of the link, an application number, or none at all: the application;
    (4) mo_to_application = all; (5) a short number: the application; (6) anything else: out."""
    listed = (number,) if number is not None else ()
    for network, device, of_link, of_policy, of_all, to_all in product([False, True], repeat=6):
        if number is None and device:
            continue
        rules = NumberRules(application_numbers=listed if of_all else (), network_numbers=listed if network else ())
        policy = PolicySettings(
            application_numbers=listed if of_policy else (),
            mo_to_application=MoToApplication.ALL if to_all else MoToApplication.SHORT_NUMBERS,
        )
        in_order = [
            (1, OUT, network and number is not None),
            (2, DEVICE, device),
            (3, APPLICATION, of_link or of_policy or of_all or number is None),
            (4, APPLICATION, to_all),
            (5, APPLICATION, number != LONG),
            (6, OUT, True),
        ]
        expected = next((rule, target) for rule, target, fits in in_order if fits)
        found = destination_of(number, link(*(listed if of_link else ())), rules, policy, is_device=device)
        assert (found.rule, found.target) == expected


@pytest.mark.parametrize(
    ("number", "installation", "policy", "target"),
    [
        ("12345678", 8, None, APPLICATION),
        ("123456789", 8, None, OUT),
        ("12345678", 7, None, OUT),
        ("12345678", 8, 7, OUT),
        ("12345678", 7, 8, APPLICATION),
        ("1", 8, 0, OUT),
        ("Info", 8, 0, APPLICATION),
    ],
)
def test_a_policy_says_otherwise_what_is_short(number: str, installation: int, policy: int | None, target: Target) -> None:
    rules = NumberRules(short_number_max_digits=installation)
    assert destination_of(number, link(), rules, PolicySettings(short_number_max_digits=policy), is_device=False).target is target


@pytest.mark.parametrize("listed", ["80*", "8012345678"])
def test_application_numbers_are_numbers_or_prefixes_of_the_policy_or_of_the_installation(listed: str) -> None:
    of_policy = destination_of("8012345678", link(), NumberRules(), PolicySettings(application_numbers=(listed,)), is_device=False)
    of_all = destination_of("8012345678", link(), NumberRules(application_numbers=(listed,)), PLAIN, is_device=False)
    assert of_policy.target is of_all.target is APPLICATION
    both = destination_of(
        "8112345678", link(), NumberRules(application_numbers=(listed,)), PolicySettings(application_numbers=(listed,)), is_device=False
    )
    assert both.target is OUT


def test_each_answer_names_its_number_or_what_decided() -> None:
    assert LONG in destination_of(LONG, link(), NumberRules(), PLAIN, is_device=True).why
    assert "no destination" in destination_of(None, link(), NumberRules(), PLAIN, is_device=False).why
    assert "the policy" in destination_of(LONG, link(), NumberRules(), ALL, is_device=False).why


OUTSIDE, OF_NETWORK = Destination(OUT, 6, ""), Destination(OUT, 1, "")


@pytest.mark.parametrize(
    ("goes_to", "routes", "may_return", "by"),
    [
        (OUTSIDE, [], False, None),
        (OUTSIDE, [], True, 1),
        (OUTSIDE, [("49", 2), ("", 3)], False, 2),
        (OUTSIDE, [("43", 2), ("", 3)], False, 3),
        (OUTSIDE, [("43", 2)], False, None),
        (OUTSIDE, [("49", 1), ("", 3)], False, None),
        (OUTSIDE, [("49", 1), ("", 3)], True, 1),
        (OF_NETWORK, [("", 2)], False, None),
        (OF_NETWORK, [("", 2)], True, 1),
    ],
)
def test_what_goes_to_a_phone_leaves_by_the_first_route_that_fits_else_by_the_link_it_came_by_if_that_takes_sms_back(
    goes_to: Destination, routes: list[tuple[str, int]], may_return: bool, by: int | None
) -> None:
    came_by = msgspec.structs.replace(link(), may_return=may_return)
    assert way_out(goes_to, LONG, came_by, routes) == by
