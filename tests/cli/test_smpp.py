"""`heliograph smpp`: accounts are made, changed and reset, and a password is shown once."""

from pathlib import Path

from heliograph.config import Config
from heliograph.daemon.storage import engine_for
from heliograph.store import smpp_refusal
from heliograph.store.ids import IdBlocks
from heliograph.store.smpp_refusal import SmppRefusal
from heliograph.store.transaction import Transaction
from tests.cli.conftest import Cli


def test_an_account_is_made_for_the_organisation_and_for_a_policy(acme: Cli) -> None:
    of_organisation = acme("smpp", "account", "add")
    assert of_organisation.code == 0
    assert len(of_organisation.out.strip()) == 8
    made = acme("smpp", "account", "add", "rate=50", "allowed_addresses=192.0.2.0/24,2001:db8::1", "--policy", "Default", "--json").json
    assert (made["system_id"], made["policy_id"], made["rate"]) == ("pol_1", 1, 50)
    assert made["allowed_addresses"] == ["192.0.2.0/24", "2001:db8::1/128"]
    listed = acme("smpp", "account", "list", "--json").json
    assert {(each["system_id"], each["bound"]) for each in listed} == {("org_1", 0), ("pol_1", 0)}
    assert "password" not in listed[0]
    assert of_organisation.out.strip() not in acme("smpp", "account", "list").out


def test_a_second_account_of_the_same_is_refused_and_a_reset_is_what_is_wanted(acme: Cli) -> None:
    first = acme("smpp", "account", "add").out
    again = acme("smpp", "account", "add")
    assert again.code == 1
    assert "reset its password" in again.err
    assert acme("smpp", "account", "reset", "org_1").out != first


def test_settings_are_changed_and_taken_back_and_wrong_ones_named(acme: Cli) -> None:
    acme("smpp", "account", "add")
    assert acme("smpp", "account", "set", "org_1", "max_binds=3", "alerts=on", "--json").json["max_binds"] == 3
    assert acme("smpp", "account", "set", "org_1", "max_binds=", "--json").json["max_binds"] == 10
    refused = acme("smpp", "account", "set", "org_1", "max_binds=0", "colour=red", "default_coding=ebcdic", "alerts=perhaps")
    assert refused.code == 1
    for word in ("max_binds", "colour", "ebcdic", "alerts"):
        assert word in refused.err
    assert acme("smpp", "account", "set", "org_1", "rate").code == 1
    assert acme("smpp", "account", "set", "org_9", "rate=1").code == 1


def test_an_account_is_switched_off_and_on_and_deleted(acme: Cli) -> None:
    acme("smpp", "account", "add")
    assert acme("smpp", "account", "disable", "org_1", "--json").json["state"] == "disabled"
    assert acme("smpp", "account", "enable", "org_1", "--json").json["state"] == "enabled"
    assert acme("smpp", "sessions", "--json").json == []
    assert acme("smpp", "account", "remove", "org_1").code == 0
    assert acme("smpp", "account", "list", "--json").json == []


def test_the_interface_of_a_policy_is_switched_to_smpp_and_back(acme: Cli) -> None:
    changed = acme("policy", "set", "Default", "interface=smpp", "--json").json
    assert changed["interface"] == "SMPP"
    assert acme("policy", "set", "Default", "interface=rest", "--json").json["interface"] == "RestAPI"
    refused = acme("policy", "set", "Default", "interface=fax")
    assert (refused.code, "rest, smpp" in refused.err) == (1, True)


def refuse(config: Path) -> None:
    """What a daemon of the installation would have written."""
    settings = Config.load(config, {})
    session = engine_for(settings).connect()
    session.begin()
    smpp_refusal.note(
        Transaction(session, IdBlocks()),
        [
            SmppRefusal("org_1", "bind", "wrong_password", "192.0.2.7", 13, "", 4, 1_800_000_000_000, 1_800_000_060_000),
            SmppRefusal("", "bind", "no_account", "192.0.2.8", 13, "org_7\x1b[2J", 1, 1_800_000_000_000, 1_800_000_000_000),
        ],
    )
    session.commit()
    session.close()


def test_what_was_refused_is_shown_with_what_to_do(acme: Cli, config: Path) -> None:
    acme("smpp", "account", "add")
    assert acme("smpp", "refusals").err.strip() == "nothing was refused in the last 30 days"
    refuse(config)
    shown = acme("smpp", "account", "show", "org_1")
    assert "bind 0x0D from 192.0.2.7, 4 times since 2027-01-15T08:00:00.000Z: the password is wrong" in shown.out
    assert "make a new one" in shown.out
    (found,) = acme("smpp", "account", "show", "org_1", "--json").json["refusals"]
    assert (found["reason"], found["count"], found["status"]) == ("wrong_password", 4, "0x0D")
    listed = acme("smpp", "account", "list")
    assert "bind: the password is wrong" in listed.out
    assert acme("smpp", "account", "list", "--json").json[0]["last_refusal"]["address"] == "192.0.2.7"
    everything = acme("smpp", "refusals")
    assert "there is no such account" in everything.out
    assert "\x1b" not in everything.out, "a name that somebody made up moves no cursor"
    assert [each["system_id"] for each in acme("smpp", "refusals", "--json").json] == ["org_1", None]
    assert acme("smpp", "account", "show", "org_9").code == 1
    acme("smpp", "account", "remove", "org_1")
    assert [each["system_id"] for each in acme("smpp", "refusals", "--json").json] == [None]
