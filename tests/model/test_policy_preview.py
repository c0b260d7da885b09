"""A policy in plain words: each sentence from the prose of the rules, and none that the decision does not keep."""

from itertools import product

import msgspec
import pytest

from heliograph.model.device import DeviceStatus, SimStatus, Subscriber
from heliograph.model.ids import DeviceId, OrganisationId, PolicyId, SimId
from heliograph.model.message import TrafficClass
from heliograph.model.p2p import P2pRates
from heliograph.model.policy import Allowed, Policy, Question, Side, decide
from heliograph.model.policy_preview import FORGED, PAST_US, STILL_SENT, Preview, preview
from heliograph.model.policy_settings import MoToApplication, Order, PolicySettings
from heliograph.model.route import NumberRules

RULES, NO_RATES = NumberRules(), P2pRates(0, 0)
SWITCHES = ("mt", "mo", "a2p", "p2p_internal", "p2p_external")
# What is said where the class cannot pass at all.
REFUSAL = {
    TrafficClass.A2P_MT: "Your application cannot text devices.",
    TrafficClass.A2P_MO: "Devices cannot text your application.",
    TrafficClass.P2P_EXTERNAL_OUT: "Devices cannot text phones, nor devices of others.",
    TrafficClass.P2P_EXTERNAL_IN: "Phones cannot reach them.",
}


def policy(**fields: object) -> Policy:
    """As the portal makes one: MT, MO, A2P on, both P2P off. Names of settings go into the settings."""
    settings = {name: fields.pop(name) for name in list(fields) if name in PolicySettings.__struct_fields__}
    values: dict[str, object] = {"p2p_internal": False, "p2p_external": False} | fields
    return Policy(PolicyId(1), **values, settings=PolicySettings(**settings))  # type: ignore[arg-type]


def said(rules: NumberRules = RULES, rates: P2pRates = NO_RATES, url: str | None = None, **fields: object) -> Preview:
    return preview(policy(**fields), rules, rates, url)


def test_a_new_policy_reads_as_the_portal_shows_it() -> None:
    assert said() == Preview(
        (
            "Your application can text devices.",
            "Devices can text your application on numbers up to 8 digits.",
            "What they send to your application is shown in this portal, and goes nowhere else.",
        ),
        (
            "Devices of your organisation cannot text each other.",
            "Devices cannot text phones, nor devices of others.",
            "Phones cannot reach them.",
        ),
        (PAST_US, STILL_SENT),
    )


@pytest.mark.parametrize("switches", list(product([False, True], repeat=len(SWITCHES))))
def test_what_is_said_to_be_refused_is_refused_and_nothing_else(switches: tuple[bool, ...]) -> None:
    judged = policy(**dict(zip(SWITCHES, switches, strict=True)))
    found = preview(judged, RULES, NO_RATES)
    side = Side(
        Subscriber(DeviceId(1), OrganisationId(1), DeviceStatus.ENABLED, SimId(1), SimStatus.ACTIVATED, "491700000001", None), judged
    )
    for traffic_class, refusal in REFUSAL.items():
        sends = traffic_class in (TrafficClass.A2P_MO, TrafficClass.P2P_EXTERNAL_OUT)
        question = Question(traffic_class, side if sends else None, None if sends else side, "1000", 1, 0, NO_RATES)
        assert isinstance(decide(question), Allowed) is (refusal not in found.refuses)
    between = [
        decide(Question(TrafficClass.P2P_INTERNAL, one, other, "1000", 1, 0, NO_RATES))
        for one, other in ((side, open_to_all(side)), (open_to_all(side), side))
    ]
    may = any(isinstance(each, Allowed) for each in between)
    assert may is ("Devices of your organisation cannot text each other." not in found.refuses)
    assert len(found.passes) + len(found.refuses) >= len(REFUSAL) + 1


def open_to_all(side: Side) -> Side:
    """The other device, with a policy that refuses nothing."""
    return Side(msgspec.structs.replace(side.subscriber, device_id=DeviceId(2)), Policy(PolicyId(2)))


def test_a_policy_with_everything_off_says_so_first() -> None:
    assert said(mt=False, mo=False).refuses[0] == "Devices can neither send nor receive SMS."


@pytest.mark.parametrize(
    ("rules", "fields", "sentence"),
    [
        (RULES, {"short_number_max_digits": 7}, "Devices can text your application on numbers up to 7 digits."),
        (NumberRules(short_number_max_digits=5), {}, "Devices can text your application on numbers up to 5 digits."),
        (
            NumberRules(application_numbers=("49301234",)),
            {"application_numbers": ("49171*", "*")},
            "Devices can text your application on numbers up to 8 digits, and on 49171…, any number, 49301234.",
        ),
        (
            NumberRules(network_numbers=("*100#",)),
            {"mo_to_application": MoToApplication.ALL},
            "Whatever devices send goes to your application, but for SMS to the numbers of devices and the codes of the network (*100#).",
        ),
        (
            NumberRules(network_numbers=("*100#",)),
            {"p2p_external": True},
            "Devices can text your application on numbers up to 8 digits, but for codes of the network (*100#).",
        ),
        (
            NumberRules(network_numbers=("*100#",)),
            {"p2p_external": True},
            "Devices can text phones, devices of others and codes of the network (*100#).",
        ),
        (RULES, {"default_source": "Meter"}, "Your application can text devices, as Meter where it names no sender."),
        (RULES, {"p2p_external": True}, "Phones and devices of others can text them."),
        (
            RULES,
            {"p2p_external": True, "sender_allow_list": ("1", "2", "3", "4*", "5")},
            "Phones and devices of others can text them, from 1, 2, 3 and 2 more only.",
        ),
        (RULES, {"mt_limit": 100}, "Each device receives at most 100 SMS a month, long ones counted by their parts."),
        (RULES, {"mo_limit": 0}, "Each device sends at most 0 SMS a month, long ones counted by their parts."),
        (RULES, {"apply_sms_quota": True}, "Each device uses up an SMS quota of its own: without one it can neither send nor receive."),
        (RULES, {"order": Order.STRICT}, "A device gets its next SMS only when the one before is confirmed."),
        (
            RULES,
            {"esme_interface_type_id": 2},
            "What they send to your application goes to the client that is bound by SMPP, and is kept in the history.",
        ),
    ],
)
def test_what_a_setting_means_is_said(rules: NumberRules, fields: dict[str, object], sentence: str) -> None:
    assert sentence in said(rules, **fields).passes


def test_the_webhook_is_named_unless_nothing_goes_there() -> None:
    url = "https://app.example.com/sms"
    assert f"What they send to your application goes to the webhook {url}, and is kept in the history." in said(url=url).passes
    assert url not in str(said(url=url, mo=False))


def test_with_all_to_the_application_phones_are_not_said_to_be_reached() -> None:
    found = said(p2p_external=True, mo_to_application=MoToApplication.ALL)
    assert "Devices can text devices of others; what they send to phones goes to your application." in found.passes


def test_rates_are_said_where_the_policy_lets_something_pass_that_they_hold_for() -> None:
    rates = P2pRates(5, 6)
    assert "Devices can text phones and devices of others, 5 SMS in 24 hours." in said(rates=rates, p2p_external=True).passes
    assert "Phones and devices of others can text them, 6 SMS in a minute." in said(rates=rates, p2p_external=True).passes
    both = (
        "Devices can text other devices of your organisation, 5 SMS in 24 hours and be texted by them, 6 SMS in a minute, "
        "where the policy of the other device allows it too."
    )
    assert both in said(rates=rates, p2p_internal=True).passes
    one = "Devices can be texted by other devices of your organisation, where the policy of the other device allows it too."
    assert one in said(mo=False, p2p_internal=True).passes
    assert not any("24 hours" in text for text in said(rates=rates).passes)


def test_what_cannot_be_stopped_is_said_where_somebody_might_think_it_is() -> None:
    assert said(p2p_internal=True, p2p_external=True).cannot_stop == ()
    assert said(p2p_internal=True, p2p_external=True, sender_allow_list=("49*",)).cannot_stop == (PAST_US, FORGED)
    assert said(sender_allow_list=("49*",)).cannot_stop == (PAST_US, STILL_SENT)
    whole = {"p2p_internal": True, "p2p_external": True}
    assert said(**whole, mt_limit=5).cannot_stop == (PAST_US,)
    assert said(**whole, mo_limit=5).cannot_stop == (STILL_SENT,)
    assert said(**whole, apply_sms_quota=True).cannot_stop == (PAST_US, STILL_SENT)
    assert said(**whole, rates=P2pRates(5, 6)).cannot_stop == (STILL_SENT,)


def test_codes_of_the_network_are_refused_with_p2p_external() -> None:
    rules = NumberRules(network_numbers=("*100#",))
    assert "Devices cannot text phones, nor devices of others, nor codes of the network (*100#)." in said(rules).refuses
