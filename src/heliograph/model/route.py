"""Where a device's message goes (rules: Where a device's message goes)."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from heliograph.model.link import LinkProfile
from heliograph.model.number import DEFAULT_SHORT_DIGITS, is_short, matches
from heliograph.model.policy_settings import MoToApplication, PolicySettings
from heliograph.model.problem import Code, Problem

OF_NETWORK, OF_DEVICES = 1, 2
"""Rules of the text, by their numbers."""


class Target(StrEnum):
    APPLICATION = "application"
    DEVICE = "device"
    NETWORK = "network"


@dataclass(frozen=True, slots=True)
class NumberRules:
    """Numbers of the whole installation. A policy adds application numbers, and may say otherwise what is short."""

    application_numbers: tuple[str, ...] = ()
    network_numbers: tuple[str, ...] = ()
    short_number_max_digits: int = DEFAULT_SHORT_DIGITS


@dataclass(frozen=True, slots=True)
class Destination:
    """Where it goes, and which of the rules, numbered as in the text, said so."""

    target: Target
    rule: int
    why: str


def destination_of(number: str | None, link: LinkProfile, rules: NumberRules, policy: PolicySettings, *, is_device: bool) -> Destination:
    """Decide for an SMS that a device under `policy` sent to `number` and `link` carried in; the first rule that fits decides.

    `is_device`: the number is a device's MSISDN or alias."""
    if number is not None and matches(number, rules.network_numbers):
        return Destination(Target.NETWORK, OF_NETWORK, f"{number} is a number of the network")
    if is_device:
        return Destination(Target.DEVICE, OF_DEVICES, f"{number} is the number of a device")
    if number is None:
        return Destination(Target.APPLICATION, 3, "the SMS names no destination")
    if any(matches(number, listed) for listed in (link.numbers, policy.application_numbers, rules.application_numbers)):
        return Destination(Target.APPLICATION, 3, f"{number} is a number of the application")
    if policy.mo_to_application is MoToApplication.ALL:
        return Destination(Target.APPLICATION, 4, "the policy sends everything to the application")
    most = policy.short_number_max_digits
    if is_short(number, rules.short_number_max_digits if most is None else most):
        return Destination(Target.APPLICATION, 5, f"{number} is a short number")
    return Destination(Target.NETWORK, 6, outside(number))


def way_out(goes_to: Destination, number: str, came_by: LinkProfile, to_phones: Sequence[tuple[str, int]]) -> int | None:
    """The link by which an SMS to others leaves: for a phone by the first of `to_phones` (prefix, link) that fits, else back over the link
    it came by, as codes of the network always do. None: that link takes nothing back."""
    routes = () if goes_to.rule == OF_NETWORK else to_phones
    link_id = next((link_id for prefix, link_id in routes if number.startswith(prefix)), came_by.link_id)
    return link_id if link_id != came_by.link_id or came_by.may_return else None


def outside(number: str | None) -> str:
    """Why an SMS goes to others, in words that are the same for a phone and for a device of another organisation."""
    return f"{number} is outside the organisation"


def no_way_out(why: str) -> Problem:
    """Refuses what would go back over a link that takes nothing back. `why` it goes out."""
    return Problem(Code.NO_ROUTE, f"{why}, and the link it came by takes no SMS back: set its may_return, or add a route to phones")
