"""What of a policy is ours: read leniently, changed strictly (rules: Numbers; Where a device's message goes; Counting)."""

from typing import Any

import msgspec
import pytest

from heliograph.model import policy_settings
from heliograph.model.link import OnUnknown
from heliograph.model.policy_settings import NAMES, MoToApplication, Order, PolicySettings, changed, check, read
from heliograph.model.problem import Code, Problem


def test_a_policy_that_says_nothing_limits_nothing_and_sends_short_numbers_to_the_application() -> None:
    assert read("{}") == PolicySettings()
    assert read("{}").mo_to_application is MoToApplication.SHORT_NUMBERS


def test_names_of_others_in_the_same_json_stay_and_are_passed_over() -> None:
    settings = changed('{"services":[38],"mt_limit":5}', {"mt_limit": 10, "order": "strict"})
    assert msgspec.json.decode(settings) == {"services": [38], "mt_limit": 10, "order": "strict"}
    assert read(settings) == PolicySettings(mt_limit=10, order=Order.STRICT)


def test_null_goes_back_to_the_default() -> None:
    everything = {name: value for name, value, _ in GOOD}
    settings = changed("{}", everything)
    assert changed(settings, dict.fromkeys(everything)) == "{}"


GOOD: list[tuple[str, Any, Any]] = [
    ("mt_limit", 0, 0),
    ("mt_limit", 100.0, 100),
    ("mo_limit", 25, 25),
    ("mo_to_application", "all", MoToApplication.ALL),
    ("short_number_max_digits", 7, 7),
    ("application_numbers", ["+49 170 1", "0049171*", "*100#", "*", "491701"], ("491701", "49171*", "*100#", "*")),
    ("sender_allow_list", ["+49-170-123", "Operator"], ("49170123", "Operator")),
    ("default_source", "+49 170 123", "49170123"),
    ("default_source", "Meter", "Meter"),
    ("default_source", "", None),
    ("on_unknown", "wait", OnUnknown.WAIT),
    ("order", "strict", Order.STRICT),
]


@pytest.mark.parametrize(("name", "value", "kept"), GOOD)
def test_what_is_taken_is_read_back(name: str, value: object, kept: object) -> None:
    assert getattr(read(changed("{}", {name: value})), name) == kept


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("mt_limit", -1),
        ("mt_limit", "5"),
        ("mt_limit", 5.5),
        ("mo_limit", True),
        ("mo_limit", 10**10),
        ("mo_to_application", "none"),
        ("short_number_max_digits", 16),
        ("application_numbers", "4711"),
        ("application_numbers", [4711]),
        ("application_numbers", [""]),
        ("application_numbers", ["4711"] * 1001),
        ("sender_allow_list", ["1" * 30]),
        ("default_source", 5),
        ("default_source", "čaj"),
        ("default_source", "a name that is too long"),
        ("on_unknown", "later"),
        ("order", "loose"),
        ("mt_limits", 5),
    ],
)
def test_what_is_not_taken_is_refused_with_its_name_and_what_would_be(name: str, value: object) -> None:
    with pytest.raises(Problem) as refused:
        changed("{}", {name: value, "mo_limit" if name != "mo_limit" else "mt_limit": 5})
    (part,) = refused.value.parts
    assert part.field == name
    assert part.code in (Code.INVALID, Code.INVALID_FORMAT)
    assert name in part.text


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(Problem) as refused:
        check({"mt_limit": -1, "order": 3, "mo_limit": 5})
    assert [part.field for part in refused.value.parts] == ["mt_limit", "order"]


def test_every_setting_has_its_check() -> None:
    assert set(policy_settings._CHECKS) == set(NAMES)
