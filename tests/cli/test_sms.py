"""`heliograph sms` without a daemon: what is accepted, found, told and sent again."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.cli.test_device import GOOD


@pytest.fixture
def fleet(acme: Cli, tmp_path: Path) -> Cli:
    """Two devices and a link; the second device is disabled."""
    (tmp_path / "devices.csv").write_text(GOOD)
    acme("link", "add", "simulator", "Trial")
    assert acme("device", "import", tmp_path / "devices.csv").code == 0
    return acme


def test_a_message_is_accepted_shown_and_found(fleet: Cli) -> None:
    sent = fleet("sms", "send", "1", "Valve open?", "--source", "1000")
    message_id = sent.out.strip()
    assert sent.code == 0
    assert message_id.isdigit()
    (found,) = fleet("sms", "list", "--json").json
    assert (found["id"], found["text"], found["status"], found["dest"]) == (
        int(message_id), "Valve open?", "DELIVERY ATTEMPT PENDING", "423663920001",
    )  # fmt: skip
    shown = fleet("sms", "show", message_id)
    assert "command line" in shown.out
    assert "GSM 7-bit" in shown.out
    assert fleet("sms", "show", message_id, "--json").json["timeline"][0]["type"]


def test_a_message_without_a_text_is_refused_as_over_rest(fleet: Cli) -> None:
    sent = fleet("sms", "send", "1", "")
    assert sent.code == 1
    assert "write what to send" in sent.err
    assert fleet("sms", "list", "--json").json == []


def test_a_list_is_narrowed_down(fleet: Cli) -> None:
    for text in ("one", "two"):
        fleet("sms", "send", "1", text, "--source", "1000")
    assert [each["text"] for each in fleet("sms", "list", "--json").json] == ["two", "one"]
    assert [each["text"] for each in fleet("sms", "list", "--most", "1", "--json").json] == ["two"]
    assert [each["text"] for each in fleet("sms", "list", "--text", "on", "--since", "1h", "--json").json] == ["one"]
    assert fleet("sms", "list", "--direction", "MO", "--json").json == []
    assert fleet("sms", "list", "--status", "delivered", "--json").json == []
    assert len(fleet("sms", "list", "--status", "pending", "--device", "1", "--json").json) == 2
    assert fleet("sms", "list", "--since", "1999-01-01", "--until", "1d", "--json").json == []
    assert "--since" in fleet("sms", "list", "--since", "lately").err
    unlimited = fleet("sms", "list", "--text", "on")
    assert unlimited.code == 1
    assert "31 days" in unlimited.err


def test_what_may_not_be_sent_is_refused_with_what_to_do(fleet: Cli) -> None:
    disabled = fleet("sms", "send", "2", "Hello", "--source", "1000")
    assert disabled.code == 1
    assert "enable it" in disabled.err
    assert fleet("sms", "send", "99", "Hello").code == 1
    assert fleet("sms", "show", "99").code == 1


def test_what_is_under_way_is_not_sent_again(fleet: Cli) -> None:
    message_id = fleet("sms", "send", "1", "Hello", "--source", "1000").out.strip()
    refused = fleet("sms", "resend", message_id)
    assert refused.code == 1
    assert "under way" in refused.err


def test_the_audit_says_who_did_it_at_the_keyboard(fleet: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUDO_USER", "alice")
    fleet("link", "disable", "Trial")
    with closing(sqlite3.connect(tmp_path / "data/heliograph.sqlite")) as connection:
        rows = connection.execute("SELECT who, door, action FROM audit ORDER BY id").fetchall()
    assert rows[-1] == ("alice", "cli", "link.disabled")
    assert {action for _, _, action in rows} >= {"organisation.created", "link.created", "sim.entered", "device.created"}


def test_what_would_become_of_a_message_is_explained_and_nothing_is_sent(fleet: Cli) -> None:
    would = fleet("policy", "explain", "Hello", "--device", "1", "--source", "1000", "--json")
    assert (would.code, would.json["allowed"], would.json["segments"]) == (0, True, 1)
    fleet("policy", "set", "Default", "mt=off")
    refused = fleet("policy", "explain", "Hello", "--policy", "Default")
    assert refused.code == 1
    assert "rule" in refused.out
    assert fleet("policy", "explain", "Hello", "--device", "1", "--direction", "MO", "--dest", "1000", "--json").json["allowed"] is True
    assert fleet("policy", "explain", "Hello").code == 1
    assert fleet("sms", "list", "--json").json == []


def test_what_waits_is_taken_back_and_what_is_over_is_not(fleet: Cli) -> None:
    message_id = fleet("sms", "send", "1", "Hello", "--source", "1000").out.strip()
    assert fleet("sms", "cancel", message_id, "--json").json == {"id": int(message_id), "device_id": 1, "status": "CANCELED"}
    assert [each["status"] for each in fleet("sms", "list", "--json").json] == ["CANCELED"]
    again = fleet("sms", "cancel", message_id)
    assert (again.code, again.out) == (1, "")
    assert "CANCELED" in again.err
    assert fleet("sms", "cancel", "99").code == 1
    assert fleet("sms", "cancel", "one").code == 2
