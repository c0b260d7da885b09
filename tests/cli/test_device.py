"""`heliograph device`: what a CSV file makes, and what is said of a row that makes nothing."""

import csv
from pathlib import Path

import pytest

from tests.cli.conftest import Cli

GOOD = """name,iccid,msisdn,imsi,aliases,tags,policy,status
Meter 1,8942360000000000011,+423 663 92 0001,295090000000001,4236639299 4236639298,"meter,water",Default,
Meter 2,8942360000000000029,423663920002,,,meter,,disabled
"""


@pytest.fixture
def sheet(tmp_path: Path) -> Path:
    file = tmp_path / "devices.csv"
    file.write_text(GOOD)
    return file


def test_each_row_makes_a_device_with_an_active_sim(acme: Cli, sheet: Path) -> None:
    assert acme("device", "import", sheet, "--json").json == {"made": 2, "bad": []}
    first, second = acme("device", "list", "--json").json
    assert (first["name"], first["msisdn"], first["sim_status"], first["tags"]) == ("Meter 1", "423663920001", "activated", "meter,water")
    assert (second["status"], second["policy"]) == ("disabled", "Default")
    assert sorted(acme("device", "show", "1", "--json").json["aliases"]) == ["4236639298", "4236639299"]


def test_a_dry_run_makes_nothing_and_shows_each_bad_row(acme: Cli, sheet: Path) -> None:
    sheet.write_text(GOOD + "Meter 3,,4915,,,,,\nMeter 4,8942360000000000037,call me,,,,,\nMeter 5,8942360000000000045,,,,,Gold,\n")
    tried = acme("device", "import", sheet, "--dry-run")
    assert tried.code == 1
    assert [line.split(":")[0] for line in tried.err.splitlines()[:3]] == ["line 4", "line 5", "line 6"]
    assert "Gold" in tried.err
    assert acme("device", "list", "--json").json == []
    sheet.write_text(GOOD)
    assert acme("device", "import", sheet, "--dry-run", "--json").json == {"made": 0, "would_make": 2, "bad": []}
    assert acme("device", "list", "--json").json == []


def test_one_bad_row_and_nothing_is_made_unless_bad_rows_are_skipped(acme: Cli, sheet: Path) -> None:
    sheet.write_text(GOOD + "Twin,8942360000000000060,423663920001,,,,,\n")
    refused = acme("device", "import", sheet)
    assert refused.code == 1
    assert "line 4" in refused.err
    assert "--skip-bad" in refused.err
    assert acme("device", "list", "--json").json == []
    done = acme("device", "import", sheet, "--skip-bad", "--json")
    assert (done.code, done.json["made"], [each["line"] for each in done.json["bad"]]) == (0, 2, [4])


def test_importing_twice_makes_nothing_twice(acme: Cli, sheet: Path) -> None:
    acme("device", "import", sheet)
    assert acme("device", "import", sheet).code == 1
    assert len(acme("device", "list", "--json").json) == 2


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "empty"),
        ("name,msisdn\na,1\n", "iccid"),
        ("iccid,colour\n1,red\n", "colour"),
        ('iccid,name\n894236,"open\n', "line"),
        ("iccid,name\n8942360000000000011,a,b\n", "cells"),
        ("iccid\n8942360000000000011\n".encode("utf-16").decode("latin-1"), "UTF-8"),
    ],
)
def test_a_file_that_is_no_such_list_is_refused_in_words(acme: Cli, tmp_path: Path, content: str, said: str) -> None:
    file = tmp_path / "devices.csv"
    file.write_bytes(content.encode("latin-1"))
    refused = acme("device", "import", file)
    assert refused.code == 1
    assert said in refused.err
    assert "Traceback" not in refused.err


def test_what_a_spreadsheet_writes_is_read(acme: Cli, tmp_path: Path) -> None:
    file = tmp_path / "devices.csv"
    file.write_bytes("\ufeffICCID;Name;MSISDN\r\n8942360000000000011;Zähler;423663920001\r\n;;\r\n".encode())
    assert acme("device", "import", file).code == 0
    assert acme("device", "list", "--json").json[0]["name"] == "Zähler"


def test_an_export_makes_the_same_devices_elsewhere_and_no_formula(acme: Cli, sheet: Path, tmp_path: Path) -> None:
    sheet.write_text(GOOD + '"=1+2",8942360000000000060,423663920009,,,,,\n')
    acme("device", "import", sheet)
    out = tmp_path / "out.csv"
    assert acme("device", "export", out).code == 0
    assert [row["name"] for row in csv.DictReader(out.read_text().splitlines())] == ["Meter 1", "Meter 2", "'=1+2"]
    config = tmp_path / "other.toml"
    config.write_text(f'data_dir = "{tmp_path / "other"}"\n')
    acme("organisation", "add", "Elsewhere", "--config", config)
    assert acme("device", "import", out, "--config", config).code == 0
    fields = ("name", "msisdn", "imsi", "tags", "status", "sim_status")
    here, there = (acme("device", "list", "--json", *where).json for where in ((), ("--config", config)))
    assert [[each[field] for field in fields] for each in here] == [[each[field] for field in fields] for each in there]


def test_a_list_is_filtered_and_says_when_there_is_more(acme: Cli, sheet: Path) -> None:
    acme("device", "import", sheet)
    assert [each["id"] for each in acme("device", "list", "--tag", "water", "--json").json] == [1]
    assert [each["id"] for each in acme("device", "list", "--msisdn", "0002", "--json").json] == [2]
    assert "1 of 2" in acme("device", "list", "--most", "1").err


def test_what_a_device_is_called_moves_no_cursor(acme: Cli, sheet: Path) -> None:
    sheet.write_text("iccid,name\n8942360000000000011,\x1b[2Jgone\n")
    acme("device", "import", sheet)
    assert "\x1b" not in acme("device", "list").out


def test_a_technician_link_stands_alone_on_standard_output_and_ends_when_revoked(acme: Cli, tmp_path: Path) -> None:
    file = tmp_path / "one.csv"
    file.write_text("iccid,name,msisdn\n8988303000000000001,Pump 3,423663920001\n")
    assert acme("device", "import", file).code == 0
    (device,) = acme("device", "list", "--json").json
    made = acme("technician-link", "create", device["id"], "--description", "Anna", "--expires", "90m")
    assert made.out.startswith("http://127.0.0.1:")
    assert "/technician/hgl_" in made.out
    assert made.out.count("\n") == 1
    assert "shown this once" in made.err
    (link,) = acme("technician-link", "list", "--json").json
    assert (link["device"], link["state"], link["uses"]) == ("Pump 3", "active", 0)
    assert made.out.strip() not in acme("technician-link", "list").out
    assert acme("technician-link", "revoke", link["id"]).code == 0
    assert acme("technician-link", "list", "--json").json[0]["state"] == "revoked"
    again = acme("technician-link", "revoke", link["id"])
    assert (again.code, "revoked already" in again.err) == (1, True)
    assert acme("technician-link", "uses", link["id"], "--json").json == []
    assert acme("technician-link", "create", device["id"], "--description", "Anna", "--expires", "30d").code == 1
