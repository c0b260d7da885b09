"""Where a device's message goes (rules: Where a device's message goes): the first rule in the order of the text decides."""

import pytest

from heliograph.model.ids import LinkId
from heliograph.model.link import Delivery, LinkProfile, LinkRole, OnUnknown
from heliograph.model.route import MoToApplication, NumberRules, Target, destination_of

LONG = "491701234567"
RULES = NumberRules(application_numbers=("80*",), network_numbers=("101", "80101"))
TO_ALL = NumberRules(application_numbers=("80*",), network_numbers=("101",), mo_to_application=MoToApplication.ALL)


def link(role: LinkRole = LinkRole.NETWORK) -> LinkProfile:
    return LinkProfile(LinkId(1), "Link", role, Delivery.LIVE, OnUnknown.RETRY, "link", numbers=("491700000000",))


@pytest.mark.parametrize(
    ("number", "is_device", "rules", "target", "rule"),
    [
        ("101", False, RULES, Target.NETWORK, 1),
        ("101", True, RULES, Target.NETWORK, 1),
        ("80101", False, RULES, Target.NETWORK, 1),
        (LONG, True, RULES, Target.DEVICE, 2),
        ("80123", True, RULES, Target.DEVICE, 2),
        ("4711", True, TO_ALL, Target.DEVICE, 2),
        ("491700000000", False, RULES, Target.APPLICATION, 3),
        ("8012345678", False, RULES, Target.APPLICATION, 3),
        (None, False, RULES, Target.APPLICATION, 3),
        (LONG, False, TO_ALL, Target.APPLICATION, 4),
        ("12345678", False, RULES, Target.APPLICATION, 5),
        ("*100#", False, RULES, Target.APPLICATION, 5),
        ("123456789", False, RULES, Target.NETWORK, 6),
        (LONG, False, RULES, Target.NETWORK, 6),
    ],
)
def test_the_first_rule_that_fits_decides(number: str | None, is_device: bool, rules: NumberRules, target: Target, rule: int) -> None:
    destination = destination_of(number, link(), rules, is_device=is_device)
    assert (destination.target, destination.rule) == (target, rule)
    assert number is None or number in destination.why or rule == 4


def test_what_is_nobodys_leaves_by_the_link_it_came_by_or_by_a_link_to_the_network() -> None:
    assert "the link it came by" in destination_of(LONG, link(), RULES, is_device=False).why
    assert "a link to the network" in destination_of(LONG, link(LinkRole.INTERCONNECT), RULES, is_device=False).why
