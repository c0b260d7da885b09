"""The policy's decision, and whether a device can be reached at all."""

import pytest

from heliograph.model.device import SIM_TRANSITIONS, DeviceStatus, SimStatus, Subscriber, ready
from heliograph.model.ids import DeviceId, OrganisationId, PolicyId, SimId
from heliograph.model.message import TrafficClass
from heliograph.model.policy import Allowed, Policy, Question, Side, decide
from heliograph.model.problem import Code, Problem


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


@pytest.mark.parametrize("traffic_class", TrafficClass)
def test_the_first_release_allows_every_class(traffic_class: TrafficClass) -> None:
    side = Side(subscriber(), Policy(PolicyId(1)))
    assert isinstance(decide(Question(traffic_class, side, side, "1", "2", 1, 0)), Allowed)


def test_a_problem_shows_its_code_and_text() -> None:
    assert repr(Problem(Code.LOOP, "seen three times")) == "Problem('loop', 'seen three times')"
