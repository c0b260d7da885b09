"""`heliograph serve` and `migrate`: settings, schema, signals."""

import signal
import sqlite3
from pathlib import Path

import requests

from heliograph.store.migrate import migrations
from tests.flows.program import END_S, REPLY_S, Program


def settings(folder: Path) -> Path:
    """A file of settings for an empty installation on a free port."""
    file = folder / "heliograph.toml"
    file.write_text(f'data_dir = "{folder}"\nstop_grace_s = 2\n[http]\nlisten = "127.0.0.1:0"\n')
    return file


def test_it_serves_what_a_file_of_settings_says_and_stops_on_a_signal(tmp_path: Path) -> None:
    with Program("serve", "--config", str(settings(tmp_path)), wait_for_line=False) as program:
        url = program.wait_until_ready()
        assert requests.get(f"{url}/health/ready", timeout=REPLY_S).status_code == 200
        code, took_s = program.end(signal.SIGTERM)
    assert code == 0
    assert took_s < END_S


def test_the_environment_overrules_the_file(tmp_path: Path) -> None:
    environ = {"HELIOGRAPH_HTTP_LISTEN": "nowhere"}
    with Program("serve", "--config", str(settings(tmp_path)), environ=environ, wait_for_line=False) as program:
        assert program.wait() == 2
        assert "HELIOGRAPH_HTTP_LISTEN" in program.said
        assert "Traceback" not in program.said


def test_migrate_makes_the_schema_and_says_what_it_applied(tmp_path: Path) -> None:
    file = settings(tmp_path)
    with Program("migrate", "--config", str(file), wait_for_line=False) as program:
        assert program.wait() == 0
        assert [program.lines.get_nowait().split()[1] for _ in migrations()] == [f"{each.version:04}" for each in migrations()]
    with Program("migrate", "--config", str(file), wait_for_line=False) as program:
        assert program.wait() == 0
        assert program.lines.get_nowait() == "the schema is up to date\n"


def test_a_database_of_a_later_release_is_refused_in_one_line(tmp_path: Path) -> None:
    file = settings(tmp_path)
    with Program("migrate", "--config", str(file), wait_for_line=False) as program:
        program.wait()
    with sqlite3.connect(tmp_path / "heliograph.sqlite") as database:
        database.execute("INSERT INTO schema_version VALUES (9999, 'later', 0)")
    database.close()
    for command in ("migrate", "serve"):
        with Program(command, "--config", str(file), wait_for_line=False) as program:
            assert program.wait() == 1
            assert "schema 9999" in program.said
            assert "Traceback" not in program.said
