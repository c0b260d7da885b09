"""`heliograph backup`, `restore`, `copy`: what comes back, what is refused, who may read the file."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.cli.test_device import GOOD


@pytest.fixture
def full(acme: Cli, tmp_path: Path) -> Cli:
    (tmp_path / "devices.csv").write_text(GOOD)
    acme("device", "import", tmp_path / "devices.csv")
    acme("link", "add", "simulator", "Trial")
    acme("user", "add", "ops@example.com")
    assert acme("sms", "send", "1", "Hello", "--source", "1000").code == 0
    return acme


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """The settings of another installation."""
    config = tmp_path / "elsewhere.toml"
    config.write_text(f'data_dir = "{tmp_path / "elsewhere"}"\n')
    return config


def test_a_backup_comes_back_elsewhere(full: Cli, tmp_path: Path, elsewhere: Path) -> None:
    file = tmp_path / "monday.backup"
    assert full("backup", file, "--json").json["messages"] == 1
    assert file.stat().st_mode & 0o077 == 0
    assert [each.name for each in tmp_path.glob("monday.backup*")] == ["monday.backup"]
    before = file.read_bytes()
    assert full("restore", file, "--config", elsewhere, "--links-off").code == 0
    assert file.read_bytes() == before
    for command in (("device", "list"), ("user", "list"), ("policy", "list")):
        assert full(*command, "--json", "--config", elsewhere).json == full(*command, "--json").json
    assert full("link", "list", "--json", "--config", elsewhere).json[0]["state"] == "disabled"


def test_a_backup_replaces_no_file_unless_told(full: Cli, tmp_path: Path) -> None:
    file = tmp_path / "monday.backup"
    file.write_text("precious")
    refused = full("backup", file)
    assert refused.code == 1
    assert "--overwrite" in refused.err
    assert file.read_text() == "precious"
    assert full("backup", file, "--overwrite").code == 0


def test_a_backup_into_a_directory_that_is_not_there_blames_that_and_not_the_database(full: Cli, tmp_path: Path) -> None:
    ended = full("backup", tmp_path / "nowhere" / "one.backup")
    assert ended.code == 1
    assert f"there is no directory {tmp_path / 'nowhere'}: make it" in ended.err


def test_a_restore_refuses_what_is_not_empty_unless_told(full: Cli, tmp_path: Path) -> None:
    file = tmp_path / "monday.backup"
    full("backup", file)
    full("sms", "send", "1", "After", "--source", "1000")
    refused = full("restore", file)
    assert refused.code == 1
    assert "not empty" in refused.err
    assert full("restore", file, "--replace", "--json").json["messages"] == 1


def test_a_file_that_is_no_backup_is_refused_in_words(acme: Cli, tmp_path: Path, elsewhere: Path) -> None:
    file = tmp_path / "letter.txt"
    file.write_text("Dear operator, " * 100)
    refused = acme("restore", file, "--config", elsewhere)
    assert refused.code == 1
    assert "no database of Heliograph" in refused.err
    assert acme("restore", tmp_path / "nothing").code == 1


def test_an_installation_moves_to_postgresql_and_back(full: Cli, tmp_path: Path, new_postgres_database: Callable[..., str]) -> None:
    here, there, back = tmp_path / "data/heliograph.sqlite", new_postgres_database(), tmp_path / "back/heliograph.sqlite"
    assert full("copy", "--from", here, "--to", there).code == 0
    again = full("copy", "--from", here, "--to", there)
    assert again.code == 1
    assert "not empty" in again.err
    assert full("copy", "--from", there, "--to", back, "--json").json["messages"] == 1
    assert messages(here) == messages(back)


def messages(path: Path) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT * FROM message").fetchall()
