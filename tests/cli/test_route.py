"""Routes by the command line."""

import pytest

from tests.cli.conftest import Cli


@pytest.fixture
def linked(acme: Cli) -> Cli:
    for name in ("SMSC", "Backup"):
        assert acme("link", "add", "simulator", name).code == 0
    return acme


def test_routes_of_each_kind_are_made_listed_and_deleted(linked: Cli) -> None:
    for kind, value in (("prefix", "88228"), ("imsi", "90140"), ("tag", "roof"), ("policy", "1"), ("phone", "49")):
        assert linked("route", "add", kind, value, "SMSC", "Backup").code == 0, kind
    for kind in ("all", "phone"):
        assert linked("route", "add", kind, "-", "2").code == 0, kind
    assert linked("route", "add", "prefix", "4915", "Backup", "--position", "1").code == 0
    rows = linked("route", "list", "--json").json
    assert {(row["kind"], row["value"]) for row in rows} >= {("prefix", "88228"), ("all", ""), ("phone", ""), ("phone", "49")}
    assert (rows[0]["value"], rows[0]["links"]) == ("4915", "Backup")
    assert {row["links"] for row in rows if row["kind"] == "tag"} == {"SMSC, Backup"}
    assert linked("route", "delete", str(rows[0]["id"])).code == 0
    assert len(linked("route", "list", "--json").json) == len(rows) - 1


def test_what_a_route_cannot_be_is_said(linked: Cli) -> None:
    for arguments, said in (
        (("all", "-", "Nowhere"), "heliograph link list"),
        (("prefix", "x", "SMSC"), "value"),
        (("tag", "a,b", "SMSC"), "name of a tag"),
        (("device", "4711", "SMSC"), "4711"),
        (("planet", "-", "SMSC"), "prefix"),
    ):
        refused = linked("route", "add", *arguments)
        assert refused.code != 0
        assert said in refused.err + refused.out, arguments
    assert "no route" in linked("route", "list").err
