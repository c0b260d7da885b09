"""A service policy in plain words: what it lets pass, what it refuses, and what it cannot stop. Decides nothing (`model/policy.py`)."""

import msgspec

from heliograph.model.p2p import P2pRates
from heliograph.model.policy import SMPP, Policy
from heliograph.model.policy_settings import MoToApplication, Order
from heliograph.model.route import NumberRules

LISTED_MOST = 3

PAST_US = (
    "An SMS from a phone is seen here only where the network routes the SMS of your SIMs through this installation. What a foreign "
    "network delivers past it reaches the device, whatever this policy says."
)
FORGED = "The sender of an SMS can be forged: the allow-list keeps strangers out, not somebody who knows a number that is on it."
STILL_SENT = "A refused SMS has left the device already: the network may charge for it."


class Preview(msgspec.Struct, frozen=True):
    """Whole sentences, the important ones first."""

    passes: tuple[str, ...]
    refuses: tuple[str, ...]
    cannot_stop: tuple[str, ...]


def preview(policy: Policy, numbers: NumberRules, rates: P2pRates, callback_url: str | None = None) -> Preview:
    """What `policy` means where `numbers` and `rates` are the installation's. `callback_url`: of its webhook, where it has one."""
    claims = (
        _to_device(policy),
        _to_application(policy, numbers),
        _between_devices(policy, rates),
        _to_phones(policy, numbers, rates),
        _from_phones(policy, rates),
    )
    passes = [text for is_open, text in claims if is_open]
    refuses = [text for is_open, text in claims if not is_open]
    if not policy.mt and not policy.mo:
        refuses.insert(0, "Devices can neither send nor receive SMS.")
    reached = (_interface(policy, callback_url),) if policy.a2p and policy.mo else ()
    return Preview((*passes, *reached, *_limits(policy)), tuple(refuses), _cannot_stop(policy, rates))


def _to_device(policy: Policy) -> tuple[bool, str]:
    if policy.mt and policy.a2p:
        source = policy.settings.default_source
        return True, "Your application can text devices" + (f", as {source} where it names no sender." if source else ".")
    return False, "Your application cannot text devices."


def _to_application(policy: Policy, numbers: NumberRules) -> tuple[bool, str]:
    if not (policy.mo and policy.a2p):
        return False, "Devices cannot text your application."
    if policy.settings.mo_to_application is MoToApplication.ALL:
        kept = f" and the codes of the network ({_listed(numbers.network_numbers)})" if numbers.network_numbers else ""
        return True, f"Whatever devices send goes to your application, but for SMS to the numbers of devices{kept}."
    digits = numbers.short_number_max_digits if policy.settings.short_number_max_digits is None else policy.settings.short_number_max_digits
    own = (*policy.settings.application_numbers, *numbers.application_numbers)
    also = f", and on {_listed(own)}" if own else ""
    codes = f", but for codes of the network ({_listed(numbers.network_numbers)})" if numbers.network_numbers else ""
    return True, f"Devices can text your application on numbers up to {digits} digits{also}{codes}."


def _between_devices(policy: Policy, rates: P2pRates) -> tuple[bool, str]:
    if not policy.p2p_internal or not (policy.mt or policy.mo):
        return False, "Devices of your organisation cannot text each other."
    others = "other devices of your organisation"
    sends = f"text {others}{_sent(rates)}"
    receives = f"be texted by {'them' if policy.mo else others}{_senders(policy)}{_received(rates)}"
    ways = [text for is_on, text in ((policy.mo, sends), (policy.mt, receives)) if is_on]
    return True, f"Devices can {' and '.join(ways)}, where the policy of the other device allows it too."


def _to_phones(policy: Policy, numbers: NumberRules, rates: P2pRates) -> tuple[bool, str]:
    codes = f" codes of the network ({_listed(numbers.network_numbers)})" if numbers.network_numbers else ""
    if not (policy.mo and policy.p2p_external):
        return False, f"Devices cannot text phones, nor devices of others{codes and ', nor' + codes}."
    if policy.settings.mo_to_application is MoToApplication.ALL:
        others = f"devices of others{codes and ', and' + codes}"
        return True, f"Devices can text {others}{_sent(rates)}; what they send to phones goes to your application."
    whom = f"phones, devices of others and{codes}" if codes else "phones and devices of others"
    return True, f"Devices can text {whom}{_sent(rates)}."


def _from_phones(policy: Policy, rates: P2pRates) -> tuple[bool, str]:
    if not (policy.mt and policy.p2p_external):
        return False, "Phones cannot reach them."
    return True, f"Phones and devices of others can text them{_senders(policy)}{_received(rates)}."


def _senders(policy: Policy) -> str:
    allowed = policy.settings.sender_allow_list
    return f", from {_listed(allowed)} only" if allowed else ""


def _sent(rates: P2pRates) -> str:
    return f", {rates.sent_per_day} SMS in 24 hours" if rates.sent_per_day else ""


def _received(rates: P2pRates) -> str:
    return f", {rates.received_per_minute} SMS in a minute" if rates.received_per_minute else ""


def _interface(policy: Policy, callback_url: str | None) -> str:
    if policy.esme_interface_type_id == SMPP:
        return "What they send to your application goes to the client that is bound by SMPP, and is kept in the history."
    if callback_url is not None:
        return f"What they send to your application goes to the webhook {callback_url}, and is kept in the history."
    return "What they send to your application is shown in this portal, and goes nowhere else."


def _limits(policy: Policy) -> tuple[str, ...]:
    settings = policy.settings
    said = []
    if settings.mt_limit is not None:
        said.append(f"Each device receives at most {settings.mt_limit} SMS a month, long ones counted by their parts.")
    if settings.mo_limit is not None:
        said.append(f"Each device sends at most {settings.mo_limit} SMS a month, long ones counted by their parts.")
    if policy.apply_sms_quota:
        said.append("Each device uses up an SMS quota of its own: without one it can neither send nor receive.")
    if settings.order is Order.STRICT:
        said.append("A device gets its next SMS only when the one before is confirmed.")
    return tuple(said)


def _cannot_stop(policy: Policy, rates: P2pRates) -> tuple[str, ...]:
    """What of it somebody might rely on though it does not hold: each where the policy refuses something of that kind."""
    settings = policy.settings
    allow_list = bool(settings.sender_allow_list)
    is_reached = policy.mt and (policy.p2p_external or policy.p2p_internal)
    said = []
    if not (policy.mt and policy.p2p_external) or allow_list or settings.mt_limit is not None or policy.apply_sms_quota:
        said.append(PAST_US)
    if allow_list and is_reached:
        said.append(FORGED)
    is_whole = policy.mo and policy.a2p and policy.p2p_internal and policy.p2p_external
    if not is_whole or settings.mo_limit is not None or policy.apply_sms_quota or rates.sent_per_day:
        said.append(STILL_SENT)
    return tuple(said)


def _listed(entries: tuple[str, ...]) -> str:
    """Up to three numbers or prefixes, and how many more."""
    shown = [f"{entry[:-1]}…" if entry.endswith("*") and entry != "*" else "any number" if entry == "*" else entry for entry in entries]
    more = len(shown) - LISTED_MOST
    return ", ".join(shown[:LISTED_MOST]) + (f" and {more} more" if more > 0 else "")
