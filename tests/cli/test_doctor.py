"""`heliograph doctor`: each thing that is wrong is said once, with what to do, and changes nothing."""

import re
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Cli

FUTURE_MS = 9_999_999_999_999


def findings(cli: Cli, check: str, *arguments: str) -> list[dict[str, Any]]:
    return [each for each in cli("doctor", "--json", *arguments).json if each["check"] == check]


def test_what_is_bad_ends_with_1_and_says_what_to_do(acme: Cli) -> None:
    ended = acme("doctor")
    assert ended.code == 1
    assert "bad   daemon" in ended.out
    assert all(each["do"] for each in acme("doctor", "--json").json if each["state"] != "ok")


def test_it_makes_nothing_where_nothing_is(cli: Cli, tmp_path: Path) -> None:
    assert findings(cli, "database")[0]["state"] == "bad"
    assert not (tmp_path / "data").exists()


def test_it_says_what_an_installation_lacks(acme: Cli) -> None:
    assert len(findings(acme, "installation")) == 3
    acme("user", "add", "ops@example.com")
    acme("token", "create", "--expires", "2d")
    acme("link", "add", "simulator", "Trial")
    assert findings(acme, "installation") == []
    assert findings(acme, "token")[0]["state"] == "warn"
    assert findings(acme, "link")[0]["state"] == "bad"
    acme("link", "disable", "Trial")
    assert findings(acme, "link")[0]["state"] == "warn"


def test_devices_that_no_link_reaches_are_found(acme: Cli, tmp_path: Path) -> None:
    acme("link", "add", "simulator", "Trial")
    acme("link", "add", "simulator", "Lab", "--set", "number_space=lab")
    (tmp_path / "lab.csv").write_text("iccid,msisdn,number_space\n8988000000000000001,1001,lab\n8988000000000000002,1001,\n")
    assert acme("device", "import", str(tmp_path / "lab.csv")).code == 0
    assert not [each for each in findings(acme, "link") if "no link" in each["text"]]
    acme("link", "set", "Lab", "number_space=roof")
    (found,) = [each for each in findings(acme, "link") if "no link" in each["text"]]
    assert (found["state"], found["text"]) == ("bad", "no link reaches 1 device of the number space 'lab'")


def test_a_webhook_that_may_be_called_no_more_is_found(acme: Cli, config: Path) -> None:
    strict = config.read_text()
    config.write_text(strict + '[webhooks]\negress_allow = ["127.0.0.1"]\nports = [443, 9000]\n')
    assert acme("policy", "set", "Default", "--webhook", "http://127.0.0.1:9000/sms").code == 0
    config.write_text(strict)
    assert "127.0.0.1" in findings(acme, "webhook")[0]["text"]
    acme("policy", "set", "Default", "--webhook", "https://example.com/sms")
    assert {each["state"] for each in findings(acme, "webhook")} == {"bad"}  # the one before is still there


def test_a_clock_that_is_behind_is_found(acme: Cli, tmp_path: Path) -> None:
    acme("link", "add", "simulator", "Trial")
    assert {each["state"] for each in findings(acme, "clock")} <= {"ok", "warn"}
    with closing(sqlite3.connect(tmp_path / "data/heliograph.sqlite")) as connection:
        connection.execute("UPDATE link_lease SET changed_at_ms = ?", (FUTURE_MS,))
        connection.commit()
    assert "bad" in {each["state"] for each in findings(acme, "clock")}


@pytest.mark.parametrize(
    ("lines", "state", "said"),
    [
        ('listen = "0.0.0.0:80"', "warn", "in the clear"),
        ('public_url = "https://sms.example.com"', "warn", "trusted_proxies"),
        ('trusted_proxies = ["0.0.0.0/0"]', "bad", "trusted_proxies"),
        ('metrics_allow = ["::/0"]', "bad", "metrics_allow"),
        ('tls_certificate = "gone.pem"\ntls_key = "gone.key"', "bad", "gone.pem"),
        ('[webhooks]\negress_allow = ["0.0.0.0/0"]', "bad", "egress_allow"),
        ('[smpp]\nlisten = "0.0.0.0:2775"', "warn", "those who bind"),
        ('[smpp]\ntls_listen = "0.0.0.0:3550"\ntls_certificate = "gone.pem"\ntls_key = "gone.key"', "bad", "gone.pem"),
    ],
)
def test_settings_that_harm_are_found(acme: Cli, config: Path, lines: str, state: str, said: str) -> None:
    config.write_text(f'data_dir = "{config.parent / "data"}"\n[http]\n{lines}\n')
    assert [each for each in findings(acme, "configuration") if each["state"] == state and said in each["text"]]


def test_a_database_that_does_not_answer_is_one_finding(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HELIOGRAPH_DATABASE", "postgresql://heliograph:hunter2@127.0.0.1:1/sms")
    (found,) = findings(cli, "database")
    assert "HELIOGRAPH_DATABASE" in found["text"]
    assert "hunter2" not in found["text"]


def test_a_file_that_others_may_read_is_found(acme: Cli, tmp_path: Path) -> None:
    (tmp_path / "data/heliograph.sqlite").chmod(0o644)
    assert "others" in findings(acme, "files")[0]["text"]


def test_a_link_says_when_its_daemon_was_last_heard_of_and_is_not_called_up_long_after(acme: Cli, tmp_path: Path) -> None:
    """In one test: that no daemon works here is known after 5 s."""
    for name in ("Long ago", "Just now"):
        acme("link", "add", "simulator", name)
    insert = "INSERT INTO node (id, name, started_at_ms, beat, open_from, beat_at_ms) VALUES (?, ?, 1, 1, 0, ?)"
    with closing(sqlite3.connect(tmp_path / "data/heliograph.sqlite")) as connection:
        for node_id, beat_at_ms in ((1, 1_700_000_000_000), (2, time.time_ns() // 1_000_000 - 12_000)):
            connection.execute(insert, (70 + node_id, f"box/{node_id}", beat_at_ms))
            connection.execute("UPDATE link_lease SET node_id = ?, state = 'up' WHERE link_id = ?", (70 + node_id, node_id))
        connection.commit()
    long_ago, just_now = findings(acme, "link")
    assert (long_ago["state"], long_ago["do"]) == ("bad", "start `heliograph serve`, or its service")
    assert just_now["state"] == "ok"
    assert re.fullmatch(r"Just now is up, run by box/2, heard of [1-9][0-9] s ago", just_now["text"])
    row = acme("link", "list", "--json").json[0]
    assert row["state"] == "abandoned"
    assert "box/1 gave its last sign of life at 2023-11-14" in row["reason"]


def test_an_application_that_cannot_bind_is_found_with_the_remedy(acme: Cli, tmp_path: Path) -> None:
    acme("smpp", "account", "add")
    assert findings(acme, "smpp") == []
    now_ms = time.time_ns() // 1_000_000
    with closing(sqlite3.connect(tmp_path / "data" / "heliograph.sqlite")) as database, database:
        columns = "id, organisation_id, callback_id, message_id, account, type, method, body, created_at_ms, state, due_at_ms"
        values = "1, 1, 0, 0, 'org_1', 'device.alert', 'deliver_sm', '{}', 0, 1, 1"
        database.execute(f"INSERT INTO notification ({columns}) VALUES ({values})")
        old = (now_ms - 7_200_000, now_ms - 7_200_000)
        insert = "INSERT INTO smpp_refusal VALUES ('org_1', ?, ?, '192.0.2.7', 13, '', 1, ?, ?)"
        database.execute(insert, ("bind", "disabled", *old))
        database.execute(insert, ("submit_sm", "not_a_device", now_ms, now_ms))
    (found,) = findings(acme, "smpp")
    assert found["text"] == "org_1: nobody is bound, 1 receipts and SMS wait"
    with closing(sqlite3.connect(tmp_path / "data" / "heliograph.sqlite")) as database, database:
        database.execute(insert, ("bind", "wrong_password", now_ms - 180_000, now_ms - 180_000))
    (found,) = findings(acme, "smpp")
    assert found["text"].endswith("; a bind from 192.0.2.7 was refused 3 min ago: the password is wrong")
    assert (found["state"], found["do"]) == ("warn", "give the application its password again, or make a new one")
    acme("smpp", "account", "disable", "org_1")
    assert findings(acme, "smpp") == []
