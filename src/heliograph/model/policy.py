"""The policy's decision: one pure function that answers Allowed, with what is to be counted, or the Problem that names the rule."""

from enum import StrEnum

import msgspec

from heliograph.model.device import Subscriber, ready
from heliograph.model.ids import CallbackId, DeviceId, PolicyId
from heliograph.model.message import TrafficClass
from heliograph.model.number import matches
from heliograph.model.p2p import P2pRates, Record
from heliograph.model.policy_settings import PolicySettings
from heliograph.model.problem import Code, Problem
from heliograph.model.quota import Quota, QuotaStatus

REST_API, SMPP = 1, 2
"""How a policy's application is reached: `esme_interface_type_id`."""


class Traffic(StrEnum):
    """What a device does: it receives, or it sends."""

    MT = "mt"
    MO = "mo"


class Policy(msgspec.Struct, frozen=True):
    """What a service policy says. The webhook is its callback, signed where there is a secret."""

    policy_id: PolicyId
    mt: bool = True
    mo: bool = True
    a2p: bool = True
    p2p_internal: bool = True
    p2p_external: bool = True
    esme_interface_type_id: int = 1
    callback_id: CallbackId | None = None
    secret_id: int | None = None
    apply_sms_quota: bool = False
    settings: PolicySettings = PolicySettings()


class Tally(msgspec.Struct, frozen=True):
    """What was counted of a device before this message. `used`, `organisation_used`: segments of this month in the direction it is asked
    about; they need to be true only where there is a limit. `quota`: as it is now; None: none is set."""

    used: int = 0
    organisation_used: int = 0
    organisation_limit: int | None = None
    quota: Quota | None = None
    p2p: Record = Record()


NOTHING_COUNTED = Tally()


class Side(msgspec.Struct, frozen=True):
    """One end of a message that is a device of ours: who, under which policy, and what was counted."""

    subscriber: Subscriber
    policy: Policy
    tally: Tally = NOTHING_COUNTED


class Question(msgspec.Struct, frozen=True):
    """May this message pass? `sender` and `receiver` are None where that end is no device of ours, or not to be asked.

    `is_third`: the same source, destination and octets came twice in the 60 s before."""

    traffic_class: TrafficClass
    sender: Side | None
    receiver: Side | None
    source: str
    segments: int
    now_ms: int
    rates: P2pRates = P2pRates()
    is_third: bool = False


class Counted(msgspec.Struct, frozen=True):
    """Segments that a message uses up of what a device may receive, or send. `quota`: of that quota too, by its `since_ms`."""

    device_id: DeviceId
    traffic: Traffic
    segments: int
    quota: int | None = None


class Allowed(msgspec.Struct, frozen=True):
    """It may. `counted`: the sender's part, then the receiver's."""

    traffic_class: TrafficClass
    counted: tuple[Counted, ...]


# class -> the switch of the sender's policy, of the receiver's policy; None: that end is no device, or is asked by a question of its own
SWITCHES: dict[TrafficClass, tuple[str | None, str | None]] = {
    TrafficClass.A2P_MT: (None, "a2p"),
    TrafficClass.A2P_MO: ("a2p", None),
    TrafficClass.P2P_INTERNAL: ("p2p_internal", "p2p_internal"),
    TrafficClass.P2P_EXTERNAL_IN: (None, "p2p_external"),
    TrafficClass.P2P_EXTERNAL_OUT: ("p2p_external", None),
}
P2P = frozenset({TrafficClass.P2P_INTERNAL, TrafficClass.P2P_EXTERNAL_IN, TrafficClass.P2P_EXTERNAL_OUT})

_SWITCHED_OFF = {
    "a2p": (Code.A2P_OFF, "A2P, SMS from and to the application,"),
    "p2p_internal": (Code.P2P_INTERNAL_OFF, "P2P internal, SMS between devices of the organisation,"),
    "p2p_external": (Code.P2P_EXTERNAL_OFF, "P2P external, SMS from and to others,"),
}
_MT_OR_MO = {
    Traffic.MT: (Code.MT_OFF, "MT, receiving SMS,", Code.MT_LIMIT),
    Traffic.MO: (Code.MO_OFF, "MO, sending SMS,", Code.MO_LIMIT),
}


def decide(question: Question) -> Allowed | Problem:
    """Answer for one message; the first rule that refuses it is named: the sender's before the receiver's (rules: The traffic classes)."""
    if question.sender is None and question.receiver is None:
        return _nobodys(question.traffic_class)
    of_sender, of_receiver = SWITCHES[question.traffic_class]
    counted: list[Counted] = []
    for side, switch, traffic in ((question.sender, of_sender, Traffic.MO), (question.receiver, of_receiver, Traffic.MT)):
        if side is None or switch is None:
            continue
        problem = _refusal(question, side, switch, traffic, counted)
        if problem is not None:
            return _about(problem, question.traffic_class, traffic)
        quota = side.tally.quota.since_ms if side.policy.apply_sms_quota and side.tally.quota is not None else None
        counted.append(Counted(side.subscriber.device_id, traffic, question.segments, quota))
    return Allowed(question.traffic_class, tuple(counted))


def still_refuses(side: Side, traffic_class: TrafficClass) -> Problem | None:
    """The rule by which a device may not get a message of this class any more that was accepted and counted before, or None: its status
    and the switches of its policy, not limits, quota or rates."""
    switch = SWITCHES[traffic_class][1]
    return None if switch is None else _not_switched_on(side, switch, Traffic.MT)


def _nobodys(traffic_class: TrafficClass) -> Problem:
    if traffic_class is TrafficClass.A2P_MT:
        return Problem(Code.NOT_A_DEVICE, "the number is no device of the organisation: an application sends to its own devices only")
    return Problem(Code.NO_RELAY, "neither end is a device of this installation: nothing is relayed")


def _refusal(question: Question, side: Side, switch: str, traffic: Traffic, before: list[Counted]) -> Problem | None:
    """The rule of one end that refuses, or None. `before`: what this message uses up at its other end."""
    if problem := _not_switched_on(side, switch, traffic):
        return problem
    if question.traffic_class in P2P and (problem := _p2p_refusal(question, side, traffic)):
        return problem
    return _no_room(question, side, traffic, before)


def _not_switched_on(side: Side, switch: str, traffic: Traffic) -> Problem | None:
    if problem := ready(side.subscriber):
        return problem
    off, meaning, _ = _MT_OR_MO[traffic]
    if not getattr(side.policy, traffic.value):
        return _off(off, meaning)
    return None if getattr(side.policy, switch) else _off(*_SWITCHED_OFF[switch])


def _off(code: Code, meaning: str) -> Problem:
    return Problem(code, f"{meaning} is off in the device's service policy: switch it on, then send again")


def _about(problem: Problem, traffic_class: TrafficClass, traffic: Traffic) -> Problem:
    """Where both ends are devices of one organisation, which of them it is about."""
    if traffic_class is not TrafficClass.P2P_INTERNAL:
        return problem
    return Problem(problem.code, problem.text.replace("the device", "the sender" if traffic is Traffic.MO else "the receiver"))


def _p2p_refusal(question: Question, side: Side, traffic: Traffic) -> Problem | None:
    """The allow-list and the rates, which hold for P2P only."""
    allowed, record, now_ms = side.policy.settings.sender_allow_list, side.tally.p2p, question.now_ms
    if traffic is Traffic.MT and allowed and not matches(question.source, allowed):
        text = f"{question.source or 'a sender without a number'} is not in the sender allow-list of the device's service policy: add it"
        return Problem(Code.SENDER_NOT_ALLOWED, text)
    if question.is_third:
        return Problem(Code.LOOP, "the same SMS came a third time in 60 s, as in a loop: find out who sends it again")
    most = question.rates.sent_per_day
    if traffic is Traffic.MO and most and record.sent_at(now_ms) >= most:
        return Problem(
            Code.P2P_RATE, f"the device sent {most} P2P SMS, which is all it may in 24 h from the first: wait until they are over"
        )
    most = question.rates.received_per_minute
    if traffic is Traffic.MT and most and record.received_lately(now_ms) >= most:
        return Problem(Code.P2P_RATE, f"the device received {most} P2P SMS in the last 60 s, which is all it may: wait a minute")
    return None


def _no_room(question: Question, side: Side, traffic: Traffic, before: list[Counted]) -> Problem | None:
    """The limits of the month and the quota."""
    settings, tally, segments = side.policy.settings, side.tally, question.segments
    limit = settings.mt_limit if traffic is Traffic.MT else settings.mo_limit
    if limit is not None and tally.used + segments > limit:
        return Problem(_MT_OR_MO[traffic][2], f"Traffic limit of {limit} {traffic.upper()}-SMS per month exceeded")
    limit = tally.organisation_limit
    if limit is not None and tally.organisation_used + segments > limit:
        text = f"Traffic limit of {limit} {traffic.upper()}-SMS per month of the organisation exceeded: have the operator raise it"
        return Problem(Code.ORGANISATION_LIMIT, text)
    if not side.policy.apply_sms_quota:
        return None
    if tally.quota is None:
        text = "the service policy applies an SMS quota and the device has none: set one for it, or switch the quota off in the policy"
        return Problem(Code.QUOTA_NOT_SET, text)
    if tally.quota.status(question.now_ms) is QuotaStatus.EXPIRED:
        return Problem(Code.QUOTA, "the device's SMS quota has expired: set a new one")
    left = tally.quota.volume - sum(each.segments for each in before if each.device_id == side.subscriber.device_id)
    if left < segments:
        return Problem(Code.QUOTA, f"the device's SMS quota has {max(left, 0)} segments left and this SMS needs {segments}: add volume")
    return None
