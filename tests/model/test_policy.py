"""The policy's decision, and whether a device can be reached at all."""

from collections.abc import Iterable
from itertools import product
from typing import Any

import msgspec
import pytest

from heliograph.model.device import SIM_TRANSITIONS, DeviceStatus, SimStatus, Subscriber, ready
from heliograph.model.ids import DeviceId, OrganisationId, PolicyId, SimId
from heliograph.model.message import TrafficClass
from heliograph.model.p2p import P2pRates, Record
from heliograph.model.policy import NOTHING_COUNTED, Allowed, Counted, Policy, Question, Side, Tally, Traffic, decide
from heliograph.model.policy_settings import PolicySettings
from heliograph.model.problem import Code, Problem
from heliograph.model.quota import Quota


def subscriber(
    status: DeviceStatus = DeviceStatus.ENABLED,
    sim: SimStatus | None = SimStatus.ACTIVATED,
    msisdn: str | None = "1",
    imsi: str | None = "2",
) -> Subscriber:
    return Subscriber(DeviceId(1), OrganisationId(1), status, None if sim is None else SimId(1), sim, msisdn, imsi)


def test_a_device_with_an_activated_sim_is_ready() -> None:
    assert ready(subscriber()) is None


@pytest.mark.parametrize("status", [DeviceStatus.DISABLED, DeviceStatus.DELETED])
def test_a_device_that_is_not_enabled_is_refused_before_its_sim_is_looked_at(status: DeviceStatus) -> None:
    problem = ready(subscriber(status, sim=None))
    assert problem is not None
    assert problem.code is Code.DEVICE_DISABLED


@pytest.mark.parametrize("status", [status for status in SimStatus if status is not SimStatus.ACTIVATED])
def test_a_sim_that_is_not_activated_is_refused(status: SimStatus) -> None:
    problem = ready(subscriber(sim=status))
    assert problem is not None
    assert problem.code is Code.SIM_NOT_ACTIVE


@pytest.mark.parametrize("lacking", [subscriber(sim=None), subscriber(msisdn=None, imsi=None)])
def test_without_a_sim_or_an_address_there_is_nothing_to_send_to(lacking: Subscriber) -> None:
    problem = ready(lacking)
    assert problem is not None
    assert problem.code is Code.NO_SIM


def test_a_sim_without_a_msisdn_is_addressed_by_its_imsi() -> None:
    assert subscriber(msisdn=None).address == "2"
    assert subscriber().address == "1"
    assert ready(subscriber(msisdn=None)) is None


def test_each_refusal_says_what_to_do() -> None:
    refused = [ready(subscriber(DeviceStatus.DISABLED)), ready(subscriber(sim=None)), ready(subscriber(sim=SimStatus.ISSUED))]
    assert all(problem is not None and "then send again" in problem.text for problem in refused)


def test_a_deleted_sim_comes_never_back_and_every_status_has_its_row() -> None:
    assert set(SIM_TRANSITIONS) == set(SimStatus)
    assert SIM_TRANSITIONS[SimStatus.DELETED] == frozenset()


# The table of rules.md, The traffic classes: what the sender's policy must allow, what the receiver's; None: nobody to ask.
MUST_ALLOW = {
    TrafficClass.A2P_MT: (None, {"mt", "a2p"}),
    TrafficClass.A2P_MO: ({"mo", "a2p"}, None),
    TrafficClass.P2P_INTERNAL: ({"mo", "p2p_internal"}, {"mt", "p2p_internal"}),
    TrafficClass.P2P_EXTERNAL_IN: (None, {"mt", "p2p_external"}),
    TrafficClass.P2P_EXTERNAL_OUT: ({"mo", "p2p_external"}, None),
}
SWITCHES = ("mt", "mo", "a2p", "p2p_internal", "p2p_external")
REFUSED_AS = {
    "mt": Code.MT_OFF,
    "mo": Code.MO_OFF,
    "a2p": Code.A2P_OFF,
    "p2p_internal": Code.P2P_INTERNAL_OFF,
    "p2p_external": Code.P2P_EXTERNAL_OFF,
}
NOW, DAY = 1_800_000_000_000, 86_400_000
COMBINATIONS = [frozenset(name for name, on in zip(SWITCHES, switches, strict=True) if on) for switches in product([0, 1], repeat=5)]


def side(
    allowed: Iterable[str] = SWITCHES, tally: Tally = NOTHING_COUNTED, *, device: int = 1, quota: bool = False, **settings: Any
) -> Side:
    switches = {name: name in allowed for name in SWITCHES}
    who = msgspec.structs.replace(subscriber(), device_id=DeviceId(device))
    return Side(who, Policy(PolicyId(1), **switches, apply_sms_quota=quota, settings=PolicySettings(**settings)), tally)


def ask(traffic_class: TrafficClass, sender: Side | None, receiver: Side | None, segments: int = 1, **other: Any) -> Allowed | Problem:
    return decide(Question(traffic_class, sender, receiver, other.pop("source", "491701"), segments, NOW, **other))


def code_of(answer: Allowed | Problem) -> Code | None:
    return answer.code if isinstance(answer, Problem) else None


@pytest.mark.parametrize("traffic_class", TrafficClass)
def test_each_combination_of_both_policies_is_decided_as_the_table_of_the_classes_says(traffic_class: TrafficClass) -> None:
    of_sender, of_receiver = MUST_ALLOW[traffic_class]
    for sender, receiver in product(COMBINATIONS, COMBINATIONS):
        sending, receiving = of_sender and side(sender, device=1), of_receiver and side(receiver, device=2)
        answer = ask(traffic_class, sending or None, receiving or None)
        lacking = [(of_sender or set()) - sender, (of_receiver or set()) - receiver]
        if lacking == [set(), set()]:
            assert isinstance(answer, Allowed)
            assert [each.traffic for each in answer.counted] == [Traffic.MO] * bool(of_sender) + [Traffic.MT] * bool(of_receiver)
        else:
            assert code_of(answer) in {REFUSED_AS[name] for name in lacking[0] or lacking[1]}, "the sender's policy comes first"


@pytest.mark.parametrize(("traffic_class", "needs"), MUST_ALLOW.items())
def test_an_end_that_cannot_send_or_receive_is_named_before_its_policy(traffic_class: TrafficClass, needs: tuple[Any, Any]) -> None:
    off = Side(subscriber(DeviceStatus.DISABLED), side(()).policy)
    answer = ask(traffic_class, off if needs[0] else None, off if needs[1] else None)
    assert code_of(answer) is Code.DEVICE_DISABLED


def test_an_application_reaches_its_own_devices_only_and_nothing_is_relayed() -> None:
    assert code_of(ask(TrafficClass.A2P_MT, None, None)) is Code.NOT_A_DEVICE
    assert code_of(ask(TrafficClass.P2P_EXTERNAL_IN, None, None)) is Code.NO_RELAY


# the allow-list, loops and rates: P2P only


@pytest.mark.parametrize(
    ("source", "refused"), [("491701", None), ("49171999", None), ("49172", Code.SENDER_NOT_ALLOWED), ("", Code.SENDER_NOT_ALLOWED)]
)
def test_the_allow_list_holds_for_those_who_text_a_device_p2p(source: str, refused: Code | None) -> None:
    receiver = side(sender_allow_list=("491701", "49171*"))
    assert code_of(ask(TrafficClass.P2P_EXTERNAL_IN, None, receiver, source=source)) is refused
    assert code_of(ask(TrafficClass.P2P_INTERNAL, side(), receiver, source=source)) is refused
    assert code_of(ask(TrafficClass.A2P_MT, None, receiver, source=source)) is None
    assert code_of(ask(TrafficClass.P2P_EXTERNAL_OUT, receiver, None, source=source)) is None


@pytest.mark.parametrize("traffic_class", TrafficClass)
def test_the_same_for_the_third_time_is_a_loop_between_subscribers_only(traffic_class: TrafficClass) -> None:
    of_sender, of_receiver = MUST_ALLOW[traffic_class]
    ends = side() if of_sender else None, side() if of_receiver else None
    assert code_of(ask(traffic_class, *ends, is_third=False)) is None
    assert code_of(ask(traffic_class, *ends, is_third=True)) is (Code.LOOP if traffic_class.value.startswith("p2p") else None)


def test_of_p2p_a_device_sends_5_in_24_h_from_the_first() -> None:
    record = Record()
    for _ in range(5):
        assert code_of(ask(TrafficClass.P2P_EXTERNAL_OUT, side(tally=Tally(p2p=record)), None)) is None
        record = record.after_sending(NOW)
    assert code_of(ask(TrafficClass.P2P_EXTERNAL_OUT, side(tally=Tally(p2p=record)), None)) is Code.P2P_RATE
    assert code_of(ask(TrafficClass.A2P_MO, side(tally=Tally(p2p=record)), None)) is None
    assert code_of(ask(TrafficClass.P2P_EXTERNAL_IN, None, side(tally=Tally(p2p=record)))) is None
    assert (record.sent_at(NOW + DAY - 1), record.sent_at(NOW + DAY)) == (5, 0)
    assert record.after_sending(NOW + DAY).sent_at(NOW + 2 * DAY - 1) == 1


def test_of_p2p_a_device_receives_6_in_the_last_60_s() -> None:
    record = Record()
    for second in range(6):
        assert code_of(ask(TrafficClass.P2P_EXTERNAL_IN, None, side(tally=Tally(p2p=record)))) is None
        record = record.after_receiving(NOW - 59_000 + second * 1000)
    assert code_of(ask(TrafficClass.P2P_EXTERNAL_IN, None, side(tally=Tally(p2p=record)))) is Code.P2P_RATE
    assert (record.received_lately(NOW), record.received_lately(NOW + 1000), record.received_lately(NOW + 3000)) == (6, 5, 3)


def test_a_rate_of_0_is_none() -> None:
    record = Record(NOW, 1000, (NOW,) * 100)
    without = P2pRates(0, 0)
    assert code_of(ask(TrafficClass.P2P_INTERNAL, side(tally=Tally(p2p=record)), side(tally=Tally(p2p=record)), rates=without)) is None


# limits and quotas


def test_the_limit_of_a_month_counts_segments_all_or_none() -> None:
    assert code_of(ask(TrafficClass.A2P_MT, None, side(tally=Tally(used=8), mt_limit=10), segments=2)) is None
    answer = ask(TrafficClass.A2P_MT, None, side(tally=Tally(used=9), mt_limit=10), segments=2)
    assert isinstance(answer, Problem)
    assert (answer.code, answer.text) == (Code.MT_LIMIT, "Traffic limit of 10 MT-SMS per month exceeded")


def test_what_a_device_sends_and_receives_have_a_limit_each() -> None:
    full = Tally(used=10)
    assert code_of(ask(TrafficClass.A2P_MO, side(tally=full, mo_limit=10), None)) is Code.MO_LIMIT
    assert code_of(ask(TrafficClass.A2P_MO, side(tally=full, mt_limit=10), None)) is None
    assert code_of(ask(TrafficClass.P2P_INTERNAL, side(mo_limit=10), side(tally=full, mt_limit=10))) is Code.MT_LIMIT
    assert code_of(ask(TrafficClass.P2P_EXTERNAL_IN, None, side(tally=full, mt_limit=10))) is Code.MT_LIMIT


def test_an_organisation_has_a_limit_of_its_own() -> None:
    answer = ask(TrafficClass.A2P_MT, None, side(tally=Tally(organisation_used=99, organisation_limit=100)), segments=2)
    assert code_of(answer) is Code.ORGANISATION_LIMIT


def quota_of(volume: int, expiry_at_ms: int = NOW + 1) -> Tally:
    return Tally(quota=Quota(volume, expiry_at_ms, 20, auto_refill=False, last_volume_added=10, since_ms=7, status_changed_at_ms=7))


@pytest.mark.parametrize(
    ("tally", "refused"),
    [
        (Tally(), Code.QUOTA_NOT_SET),
        (quota_of(2), None),
        (quota_of(1), Code.QUOTA),
        (quota_of(0), Code.QUOTA),
        (quota_of(2, NOW), Code.QUOTA),
    ],
)
@pytest.mark.parametrize("traffic_class", TrafficClass)
def test_a_quota_is_for_both_directions_and_switched_on_without_one_nothing_passes(
    traffic_class: TrafficClass, tally: Tally, refused: Code | None
) -> None:
    for position, end in enumerate(MUST_ALLOW[traffic_class]):
        ends = [side(device=1) if each is not None else None for each in MUST_ALLOW[traffic_class]]
        if end is None:
            continue
        ends[position] = side(tally=tally, quota=True, device=2)
        answer = ask(traffic_class, *ends, segments=2)
        assert code_of(answer) is refused
        if isinstance(answer, Allowed):
            assert answer.counted[-1 if position else 0] == Counted(DeviceId(2), (Traffic.MO, Traffic.MT)[position], 2, 7)
        ends[position] = side(tally=tally, quota=False, device=2)
        assert code_of(ask(traffic_class, *ends, segments=2)) is None


def test_a_device_that_texts_itself_uses_up_its_quota_twice() -> None:
    assert code_of(ask(TrafficClass.P2P_INTERNAL, side(tally=quota_of(2), quota=True), side(tally=quota_of(2), quota=True))) is None
    assert code_of(ask(TrafficClass.P2P_INTERNAL, side(tally=quota_of(1), quota=True), side(tally=quota_of(1), quota=True))) is Code.QUOTA


def test_each_rule_says_what_to_do() -> None:
    texts = [
        ask(TrafficClass.P2P_INTERNAL, side(()), side()),
        ask(TrafficClass.P2P_INTERNAL, side(), side(())),
        ask(TrafficClass.A2P_MT, None, side(("mt",))),
        ask(TrafficClass.A2P_MT, None, side(quota=True)),
        ask(TrafficClass.A2P_MT, None, side(tally=quota_of(0), quota=True)),
        ask(TrafficClass.A2P_MT, None, None),
    ]
    assert [each.text for each in texts if isinstance(each, Problem)] == [
        "MO, sending SMS, is off in the sender's service policy: switch it on, then send again",
        "MT, receiving SMS, is off in the receiver's service policy: switch it on, then send again",
        "A2P, SMS from and to the application, is off in the device's service policy: switch it on, then send again",
        "the service policy applies an SMS quota and the device has none: set one for it, or switch the quota off in the policy",
        "the device's SMS quota has 0 segments left and this SMS needs 1: add volume",
        "the number is no device of the organisation: an application sends to its own devices only",
    ]


def test_a_problem_shows_its_code_and_text() -> None:
    assert repr(Problem(Code.LOOP, "seen three times")) == "Problem('loop', 'seen three times')"
