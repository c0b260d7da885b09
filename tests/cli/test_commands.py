"""Commands as an operator and a script use them: what they print where, their exit codes, what they refuse."""

import io
import json
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from heliograph.cli import app, run
from heliograph.store.database import engine_of
from heliograph.store.migrate import migrations
from heliograph.store.query import Query
from tests.cli.conftest import Cli


def test_a_new_installation_begins_with_an_organisation(cli: Cli) -> None:
    refused = cli("device", "list")
    assert refused.code == 1
    assert "organisation add" in refused.err
    made = cli("organisation", "add", "Acme", "--json")
    assert (made.code, made.json) == (0, {"id": 1, "name": "Acme"})
    assert [each["name"] for each in cli("organisation", "list", "--json").json] == ["Acme"]
    assert cli("policy", "list", "--json").json[0]["mt"] is True


def test_an_organisation_is_not_made_twice(acme: Cli) -> None:
    again = acme("organisation", "add", "Acme")
    assert again.code == 1
    assert "'Acme' already: choose another name" in again.err
    assert len(acme("organisation", "list", "--json").json) == 1


def test_the_database_is_readable_by_its_owner_only(acme: Cli, tmp_path: Path) -> None:
    assert {file.stat().st_mode & 0o077 for file in (tmp_path / "data").glob("heliograph.sqlite*")} == {0}


def test_the_first_user_runs_the_installation_and_others_do_not(acme: Cli) -> None:
    assert acme("user", "add", "ops@example.com", "--json").json["role"] == "SuperAdmin"
    assert acme("user", "add", "dev@example.com", "--json").json["role"] == "Administrator"
    assert acme("user", "add", "watch@example.com", "--role", "Observer", "--json").json["role"] == "Observer"


def test_a_secret_stands_alone_on_standard_output(acme: Cli) -> None:
    token = acme("token", "create", "--description", "meters", "--expires", "90d")
    assert token.out.startswith("hgt_")
    assert token.out.count("\n") == 1
    assert "once" in token.err
    password = acme("user", "add", "ops@example.com")
    assert len(password.out.strip()) >= 12
    assert password.out.strip() not in password.err


def test_no_list_shows_a_secret(acme: Cli) -> None:
    secrets = [acme("token", "create").out.strip(), acme("user", "add", "ops@example.com").out.strip()]
    secrets.append(acme("policy", "set", "Default", "--webhook", "https://example.com/sms", "--sign").out.strip())
    shown = "".join(
        acme(*command, *form).out
        for command in (("token", "list"), ("user", "list"), ("policy", "list"), ("policy", "show", "Default"), ("config", "show"))
        for form in ((), ("--json",))
    )
    assert all(len(secret) > 10 and secret not in shown for secret in secrets)


def test_a_password_that_is_asked_for_comes_from_standard_input_and_is_not_shown(acme: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("correct horse battery\n"))
    made = acme("user", "add", "ops@example.com", "--ask")
    assert (made.code, made.out) == (0, "")
    monkeypatch.setattr("sys.stdin", io.StringIO("short\n"))
    refused = acme("user", "passwd", "ops@example.com", "--ask")
    assert refused.code == 1
    assert "at least" in refused.err


def test_a_new_password_is_audited_with_who_gave_it(acme: Cli, tmp_path: Path) -> None:
    acme("user", "add", "ops@example.com")
    assert len(acme("user", "passwd", "OPS@example.com").out.strip()) >= 12
    assert acme("user", "passwd", "nobody@example.com").code == 1
    with closing(sqlite3.connect(tmp_path / "data/heliograph.sqlite")) as connection:
        actions = [action for (action,) in connection.execute("SELECT action FROM audit ORDER BY id")]
    assert actions[-2:] == ["user.entered", "user.password_set"]


def test_a_revoked_token_says_so(acme: Cli) -> None:
    acme("token", "create")
    assert acme("token", "revoke", "1").code == 0
    assert acme("token", "list", "--json").json[0]["state"] == "revoked"
    assert acme("token", "revoke", "77").code == 1


def test_with_several_organisations_a_command_asks_for_which(acme: Cli) -> None:
    acme("organisation", "add", "Globex")
    refused = acme("token", "create")
    assert refused.code == 1
    assert "--organisation" in refused.err
    assert acme("token", "create", "--organisation", "Globex", "--json").json["organisation_id"] == 2
    assert acme("token", "list", "--organisation", "Acme", "--json").json == []
    assert len(acme("token", "list", "--json").json) == 1
    unknown = acme("token", "list", "--organisation", "Initech")
    assert unknown.code == 1
    assert "1 Acme, 2 Globex" in unknown.err


def test_links_are_added_checked_shown_and_switched(acme: Cli) -> None:
    assert "link add" in acme("link", "list").err
    added = acme("link", "add", "simulator", "Trial", "--set", "delay_ms=5", "--set", 'behaviours={"4915": "echo"}')
    assert (added.code, added.out) == (0, "1\n")
    assert acme("link", "show", "Trial", "--json").json["settings"] == {"delay_ms": 5, "behaviours": {"4915": "echo"}}
    for wrong, said in (
        (("simulator", "Trial"), "already"),
        (("simulator", "x", "--set", "delay_ms=soon"), "delay_ms"),
        (("simulator", "x", "--set", "window=0"), "window"),
        (("simulator", "x", "--set", "delay=5"), "delay: there is no such setting"),
        (("fax", "x"), "simulator"),
        (("simulator", "x", "--set", "delay_ms"), "KEY=VALUE"),
    ):
        refused = acme("link", "add", *wrong)
        assert refused.code == 1
        assert said in refused.err
    assert acme("link", "set", "Trial", "delay_ms=6", "--set", "window=9").code == 0
    shown = acme("link", "show", "Trial").out
    assert "\ndelay_ms=6\n" in shown
    assert 'behaviours={"4915":"echo"}' in shown
    assert "nothing to change" in acme("link", "set", "Trial").err
    assert acme("link", "disable", "Trial").code == 0
    assert acme("link", "list", "--json").json[0]["state"] == "disabled"
    assert acme("link", "enable", "1").code == 0
    assert acme("link", "show", "Nobody").code == 1


def test_routes_are_added_as_the_documentation_writes_them(acme: Cli) -> None:
    for name in ("SMSC", "Backup"):
        acme("link", "add", "simulator", name)
    for arguments in (
        ("tag", "roof", "SMSC"),
        ("prefix", "88228", "SMSC", "Backup"),
        ("policy", "Default", "Backup"),
        ("organisation", "Acme", "SMSC"),
        ("phone", "-", "Backup"),
        ("all", "-", "SMSC", "2"),
    ):
        added = acme("route", "add", *arguments)
        assert added.code == 0, added.err
    rows = acme("route", "list", "--json").json
    assert [(each["kind"], each["value"], each["links"]) for each in rows] == [
        ("tag", "roof", "SMSC"),
        ("prefix", "88228", "SMSC, Backup"),
        ("policy", "1", "Backup"),
        ("organisation", "1", "SMSC"),
        ("phone", "", "Backup"),
        ("all", "", "SMSC, Backup"),
    ]
    for wrong, said in ((("policy", "Nobody's", "SMSC"), "policy"), (("all", "-", "Nowhere"), "there is no link Nowhere")):
        refused = acme("route", "add", *wrong)
        assert refused.code == 1
        assert said in refused.err


def test_a_policy_is_changed_and_gets_a_webhook(acme: Cli) -> None:
    assert acme("policy", "set", "Default", "mo=off", "sms_p2p_int=on", "--webhook", "https://example.com/sms").code == 0
    shown = acme("policy", "show", "1", "--json").json
    assert (shown["mo"], shown["sms_p2p_int"], shown["webhook"], shown["signed"]) == (False, True, "https://example.com/sms", False)
    assert acme("policy", "set", "Default", "--webhook", "").code == 0
    assert acme("policy", "show", "1", "--json").json["webhook"] is None
    for wrong in ("mo=perhaps", "colour=red", "mo"):
        assert acme("policy", "set", "Default", wrong).code == 1


def test_a_webhook_that_is_never_called_is_refused_and_so_is_a_change_of_nothing(acme: Cli) -> None:
    for arguments, said in (
        (("--webhook", "http://10.0.0.1/sms"), "10.0.0.1 may not be called"),
        (("--webhook", "https://app.example.com:99/sms"), "Port 99 may not be called"),
        ((), "nothing to change: say what is to be"),
    ):
        ended = acme("policy", "set", "Default", *arguments)
        assert ended.code == 1
        assert said in ended.err
    assert acme("policy", "show", "Default", "--json").json["webhook"] is None


def test_a_policy_is_made_as_the_portal_makes_it_and_removed_while_no_device_has_it(acme: Cli) -> None:
    made = acme("policy", "add", "Trackers", "mo_limit=50", "mo=off", "--webhook", "https://example.com/sms", "--sign", "--json").json
    assert (made["name"], made["mt"], made["mo"], made["sms_a2p"], made["sms_p2p_int"], made["sms_p2p_ext"]) == (
        "Trackers", True, False, True, False, False,
    )  # fmt: skip
    assert (made["webhook"], made["signed"], len(made["secret"]) >= 24) == ("https://example.com/sms", True, True)
    assert acme("policy", "show", "Trackers", "--json").json["mo_limit"] == 50
    plain = acme("policy", "add", "Plain")
    assert (plain.code, plain.out.strip().isdigit()) == (0, True)
    assert acme("policy", "show", "Plain", "--json").json["mo"] is True
    for wrong in (("policy", "add", " "), ("policy", "add", "X", "mt=maybe"), ("policy", "add", "X", "--webhook", "http://127.0.0.1/")):
        assert acme(*wrong).code == 1
    assert acme("policy", "remove", "Trackers").code == 0
    assert [each["name"] for each in acme("policy", "list", "--json").json] == ["Default", "Plain"]
    assert acme("policy", "remove", "Trackers").code == 1


def test_all_that_a_policy_decides_is_set_checked_and_shown(acme: Cli) -> None:
    changes = ("mt_limit=100", "mo_to_application=all", "sender_allow_list=+49 151*,4236", "default_source=1000", "order=strict")
    assert acme("policy", "set", "Default", *changes).code == 0
    shown = acme("policy", "show", "Default", "--json").json
    assert (shown["mt_limit"], shown["mo_to_application"], shown["sender_allow_list"]) == (100, "all", ["49151*", "4236"])
    assert acme("policy", "set", "Default", "mt_limit=").code == 0
    assert acme("policy", "show", "Default", "--json").json["mt_limit"] is None
    refused = acme("policy", "set", "Default", "mt_limit=many")
    assert refused.code == 1
    assert "mt_limit" in refused.err


def test_a_webhook_is_signed_until_it_is_not(acme: Cli) -> None:
    assert len(acme("policy", "set", "Default", "--webhook", "https://example.com/sms", "--sign").out.strip()) >= 24
    assert acme("policy", "set", "Default", "mo=on").code == 0
    assert acme("policy", "show", "Default", "--json").json["signed"] is True
    assert acme("policy", "set", "Default", "--unsign").code == 0
    shown = acme("policy", "show", "Default", "--json").json
    assert (shown["signed"], shown["webhook"]) == (False, "https://example.com/sms")


def test_a_quota_is_applied_set_shown_and_removed(acme: Cli, tmp_path: Path) -> None:
    devices = tmp_path / "devices.csv"
    devices.write_text("name,iccid,msisdn\nMeter,8942360000000000017,423663920000001\n")
    assert acme("device", "import", devices).code == 0
    assert acme("policy", "set", "Default", "apply_sms_quota=on").code == 0
    assert acme("policy", "show", "Default", "--json").json["apply_sms_quota"] is True
    assert "quota_not_set" in acme("policy", "explain", "hi", "--device", "1").out
    assert acme("policy", "quota", "show", "1").code == 1
    given = acme("policy", "quota", "set", "1", "2", "--expiry", "90d", "--threshold", "50", "--refill", "--json").json
    assert (given["volume"], given["threshold_volume"], given["auto_refill"], given["status"]) == (2, 1, True, "ACTIVE")
    assert acme("policy", "explain", "hi", "--device", "1").code == 0
    assert acme("policy", "quota", "show", "1", "--json").json == given
    for wrong, said in ((("0", "--expiry", "90d"), "volume 0"), (("5", "--expiry", "soon"), "--expiry soon")):
        refused = acme("policy", "quota", "set", "1", *wrong)
        assert (refused.code, said in refused.err) == (1, True)
    assert acme("policy", "quota", "remove", "1").code == 0
    assert acme("policy", "quota", "show", "1").code == 1


def test_config_show_says_where_each_value_came_from_and_hides_passwords(cli: Cli, config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HELIOGRAPH_DATABASE", "postgresql://heliograph:hunter2@db/sms")
    shown = {each["setting"]: each for each in cli("config", "show", "--json").json}
    assert shown["stop_grace_s"] == {"setting": "stop_grace_s", "value": "2", "from": str(config)}
    assert shown["database"]["from"] == "environment HELIOGRAPH_DATABASE"
    assert shown["log.level"]["from"] == "default"
    assert "hunter2" not in json.dumps(shown)


@pytest.mark.parametrize(
    "arguments", [("nonsense",), ("device", "fly"), ("device", "list", "--colour"), ("token", "revoke"), ("device", "list", "--most", "x")]
)
def test_wrong_usage_ends_with_2(cli: Cli, arguments: tuple[str, ...]) -> None:
    assert cli(*arguments).code == 2


def test_wrong_settings_end_with_2_and_name_what_is_wrong(cli: Cli, config: Path) -> None:
    config.write_text('stop_grace_s = "soon"\n')
    ended = cli("device", "list")
    assert ended.code == 2
    assert "stop_grace_s" in ended.err
    assert cli("device", "list", "--config", config.parent / "nowhere.toml").code == 2


def test_a_refusal_with_json_is_an_object_on_standard_error(acme: Cli) -> None:
    refused = acme("token", "revoke", "77", "--json")
    assert (refused.code, refused.out) == (1, "")
    assert json.loads(refused.err)["error"] == "invalid_reference"


def test_a_database_that_cannot_be_reached_names_its_setting_and_hides_its_password(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HELIOGRAPH_DATABASE", "postgresql://heliograph:hunter2@127.0.0.1:1/sms")
    ended = cli("organisation", "add", "Acme")
    assert ended.code == 1
    assert "database" in ended.err
    assert "HELIOGRAPH_DATABASE" in ended.err
    assert "hunter2" not in ended.err


def test_a_command_never_changes_the_schema_of_an_installation(acme: Cli, tmp_path: Path) -> None:
    session = engine_of(str(tmp_path / "data/heliograph.sqlite")).connect()
    session.run(Query("test.back", "DELETE FROM schema_version WHERE version = :version", writes=True, returns_rows=False),
                {"version": migrations()[-1].version})  # fmt: skip
    session.close()
    refused = acme("device", "list")
    assert refused.code == 1
    assert "migrate" in refused.err


def test_every_command_has_help(capsys: pytest.CaptureFixture[str]) -> None:
    for command in commands():
        assert run([*command, "--help"]) == 0
        assert capsys.readouterr().out.count("\n") > 3, command


def test_the_list_of_commands_says_what_each_does(capsys: pytest.CaptureFixture[str]) -> None:
    """In a process of its own: what is imported here already has its help."""
    printed = subprocess.run(
        [sys.executable, "-c", "from heliograph.cli import main; main()", "--help"], capture_output=True, text=True, check=True
    ).stdout
    for name in ("try", "serve", "migrate", "backup", "restore", "copy", "doctor", "sms"):
        assert re.search(rf"^│ {name} +[A-Z]", printed, re.MULTILINE), (name, printed)


def commands() -> list[list[str]]:
    """All there are, as words, each by the first of its names."""
    found: list[list[str]] = []
    for name in app:
        if name.startswith("-"):
            continue
        sub = [each for each in app[name] if not each.startswith("-") and app[name][each].name[0] == each]
        found += [[name, each] for each in sub] or [[name]]
    return found
