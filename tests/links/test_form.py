"""The form of each link kind says every setting once, as its type has it; what is wrong is said at the setting that is at fault."""

from typing import Any

import msgspec
import pytest

from heliograph.links import KINDS
from heliograph.links.simulator import SimulatorSettings
from heliograph.links.smpp import SmppSettings
from heliograph.model.link_form import Setting, Shape
from tools.links_page import PAGE, page

TYPES = {"smpp": SmppSettings, "simulator": SimulatorSettings}
LEAST: dict[str, dict[str, Any]] = {"smpp": {"host": "smsc.example", "system_id": "meters"}, "simulator": {}}


def settings_of(kind: str) -> list[Setting]:
    return [setting for group in KINDS[kind].form for setting in group.settings]


def faults(**given: object) -> dict[str, str]:
    return dict(KINDS["smpp"].faults(LEAST["smpp"] | given))


@pytest.mark.parametrize("kind", KINDS)
def test_every_setting_stands_in_the_form_once_with_a_meaning(kind: str) -> None:
    names = [setting.name for setting in settings_of(kind)]
    assert sorted(names) == sorted(TYPES[kind].__struct_fields__)
    assert all(setting.label and setting.meaning for setting in settings_of(kind))
    assert {setting.name for setting in settings_of(kind) if setting.shape is Shape.SECRET} == KINDS[kind].secrets


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_form_begins_with_is_what_counts_without_it(kind: str) -> None:
    given = LEAST[kind] | {each.name: each.default for each in settings_of(kind) if each.name not in LEAST[kind]}
    assert KINDS[kind].faults(given) == []
    assert msgspec.convert(given, TYPES[kind]).delivery == msgspec.convert(LEAST[kind], TYPES[kind]).delivery


def test_the_documentation_says_every_setting_as_the_form_does() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: .venv/bin/python tools/links_page.py"


def test_how_a_setting_is_written_follows_from_its_type() -> None:
    shapes = {setting.name: setting for setting in settings_of("smpp")}
    assert (shapes["port"].shape, shapes["rate"].shape, shapes["tls"].shape) == (Shape.WHOLE, Shape.NUMBER, Shape.SWITCH)
    assert (shapes["preset"].shape, shapes["mode"].choices[0]) == (Shape.CHOICE, "default")
    assert shapes["addresses"].keys == ("international", "national", "short", "alphanumeric", "imsi")
    assert (shapes["addresses"].default["imsi"], shapes["refusals"].default["policy"]) == ([0, 6], "0x0A")
    assert [(each.name, each.shape) for each in shapes["errors"].columns] == [("key", Shape.TEXT), ("value", Shape.CHOICE)]
    assert [each.name for each in shapes["rewrite_source"].columns] == ["match", "force", "strip", "prefix", "ton", "npi"]


def test_all_that_is_wrong_is_said_at_once_each_at_its_setting() -> None:
    found = faults(host="", port=0, window="many", rate=-1, password="123456789", version="3.3", unheard_of=1)
    assert found.keys() == {"host", "port", "window", "rate", "password", "bind_type", "unheard_of"}
    assert found["port"] == "give a whole number of at least 1"
    assert found["window"] == "give a whole number, got text"
    assert found["rate"] == "give a number above 0.0"


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"rewrite_source": [{}, {"strip": 99}]}, "give a whole number of at most 20 (in its line 2)"),
        ({"mode": "slow"}, "there is no 'slow': choose one of default, datagram, transaction, store"),
        ({"errors": {"x": "permanent"}}, "'x' is no code: write it as 0x0B or 11"),
        ({"tls_certificate_file": "c.pem"}, "tls_certificate_file and tls_key_file belong together: give both, or neither"),
        ({"preset": "none"}, "there is no preset 'none': choose one of generic-3.4, generic-3.3, osmomsc, kannel, jasmin, emnify"),
    ],
)
def test_what_is_wrong_is_said_in_words(given: dict[str, object], text: str) -> None:
    assert list(faults(**given).values()) == [text]


def test_what_a_preset_sets_counts_when_settings_are_looked_at() -> None:
    assert faults(preset="generic-3.3", bind_type="trx").keys() == {"bind_type"}
    assert faults(preset="generic-3.3") == {}
    assert KINDS["simulator"].faults({"window": 0, "delay_ms": -1, "error_rates": {"throttle": 2}}) != []
