"""`heliograph webhook`: made, listed, paused, resumed, its secret rotated; its deliveries are listed. With a daemon: tests/flows."""

import pytest

from tests.cli.conftest import Cli

URL = "https://app.example.com/events"


@pytest.fixture
def made(acme: Cli) -> str:
    """The id of a webhook."""
    return str(acme("webhook", "add", URL, "--json").json["id"])


def test_a_webhook_is_added_and_its_secret_shown_once(acme: Cli) -> None:
    added = acme("webhook", "add", URL, "--event", "sms.*", "--event", "device.blocked", "--tag", "meter")
    assert added.code == 0
    assert added.out.startswith("whsec_")
    (listed,) = acme("webhook", "list", "--json").json
    assert (listed["url"], listed["scope"], listed["status"]) == (URL, "tags meter", "active")
    assert listed["events"] == ["sms.*", "device.blocked"]
    assert added.out.strip() not in acme("webhook", "list").out


def test_a_wrong_one_is_refused_with_what_to_do(acme: Cli) -> None:
    for arguments in (["http://10.0.0.1/"], [URL, "--event", "sms.recieved"], [URL, "--tag", "a", "--device", "1"]):
        refused = acme("webhook", "add", *arguments)
        assert refused.code == 1
        assert "Traceback" not in refused.err
    assert acme("webhook", "list", "--json").json == []


def test_it_is_paused_and_resumed_and_deleted(acme: Cli, made: str) -> None:
    assert acme("webhook", "pause", made).code == 0
    assert acme("webhook", "list", "--json").json[0]["status"] == "paused"
    assert acme("webhook", "resume", made, "--json").json["status"] == "active"
    assert acme("webhook", "delete", made).code == 0
    assert acme("webhook", "delete", made).code == 1


def test_a_rotated_secret_is_shown_once(acme: Cli, made: str) -> None:
    assert acme("webhook", "rotate", made).out.startswith("whsec_")
    assert acme("webhook", "rotate", made, "--secret", "mine").out.strip() == "mine"


def test_there_are_no_deliveries_yet(acme: Cli, made: str) -> None:
    assert acme("webhook", "deliveries", made, "--status", "failed", "--json").json == []
    assert acme("webhook", "replay", made, "--since", "7d", "--json").json == {"replayed": 0}
    assert acme("webhook", "delivery", "999").code == 1
    assert acme("webhook", "resend", "999").code == 1
