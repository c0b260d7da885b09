"""Where a device's message goes (rules: Where a device's message goes)."""

from dataclasses import dataclass
from enum import StrEnum

from heliograph.model.link import LinkProfile, LinkRole
from heliograph.model.number import DEFAULT_SHORT_DIGITS, is_short, matches
from heliograph.model.policy_settings import MoToApplication, PolicySettings
from heliograph.model.problem import Code, Problem


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
        return Destination(Target.NETWORK, 1, f"{number} is a number of the network")
    if is_device:
        return Destination(Target.DEVICE, 2, f"{number} is the number of a device")
    if number is None:
        return Destination(Target.APPLICATION, 3, "the SMS names no destination")
    if any(matches(number, listed) for listed in (link.numbers, policy.application_numbers, rules.application_numbers)):
        return Destination(Target.APPLICATION, 3, f"{number} is a number of the application")
    if policy.mo_to_application is MoToApplication.ALL:
        return Destination(Target.APPLICATION, 4, "the policy sends everything to the application")
    most = policy.short_number_max_digits
    if is_short(number, rules.short_number_max_digits if most is None else most):
        return Destination(Target.APPLICATION, 5, f"{number} is a short number")
    return Destination(Target.NETWORK, 6, outside(number, link))


def outside(number: str | None, link: LinkProfile) -> str:
    """Where an SMS to others goes, in words that are the same for a phone and for a device of another organisation."""
    where = "the link it came by" if link.role is LinkRole.NETWORK else "a link to the network"
    return f"{number} is outside the organisation: out by {where}"


def no_way_back(why: str) -> Problem:
    """Refuses what would go out by a link that takes nothing back. `why` it would."""
    return Problem(Code.NO_ROUTE, f"{why}, and the link it came by takes no SMS back: let the link return SMS, or add one")
