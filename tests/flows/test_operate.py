"""An installation as docs/operate.md tells it: its settings and its shell blocks, on PostgreSQL, with nothing but that page."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.flows.program import Api, Program, wait_until
from tests.postgres_server import PostgresServer

pytestmark = pytest.mark.timeout(300)
ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/operate.md").read_text(encoding="utf-8")


def blocks(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)


@dataclass
class Day:
    """What the operator's first day left: what the shell said, what the receiver got, where things are."""

    folder: Path
    said: str
    received: str
    token: str


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory, postgres_server: PostgresServer) -> Iterator[Day]:
    folder, url = tmp_path_factory.mktemp("operate"), postgres_server.new_database()
    with receiver(folder / "received") as hook:
        settings = adapted(blocks("toml")[0], {
            "/var/lib/heliograph": str(folder / "var"),
            "postgresql://heliograph:PASSWORD@127.0.0.1:5432/heliograph": url,
            "127.0.0.1:8080": "127.0.0.1:0",
        })  # fmt: skip
        (folder / "heliograph.toml").write_text(f'{settings}\n[webhooks]\negress_allow = ["127.0.0.1"]\nports = [{hook}]\n')
        (folder / "elsewhere.toml").write_text(adapted(blocks("toml")[1], {"127.0.0.1:8081": "127.0.0.1:0"}))
        with Program("serve", "--config", str(folder / "heliograph.toml"), wait_for_line=False) as program:
            script = adapted("".join(blocks("sh")), {
                "https://app.example.com/sms": f"http://127.0.0.1:{hook}/sms",
                "https://sms.example.com": program.wait_until_ready(),
            })  # fmt: skip
            said = run(f'{SLEEP}\n{script}\necho "$TOKEN" > token', folder)
            wait_until(lambda: methods(folder / "received") >= {"PATCH", "POST"}, "a receipt and what a device sent reach the webhook", 90)
            assert program.end()[0] == 0
    yield Day(folder, said, (folder / "received").read_text(), (folder / "token").read_text().strip())
    postgres_server.drop_database(url)


SLEEP = "sleep() { until [ $(heliograph sms list --status delivered | grep -c DELIVERED) -ge 3 ]; do command sleep 0.2; done; }"
"""What the page sleeps for, however long it takes on this machine."""


@contextmanager
def receiver(received: Path) -> Iterator[int]:
    """The receiver of the examples, and on which port it listens."""
    command = [sys.executable, ROOT / "docs/examples/webhook_receiver.py", "0"]
    with received.open("w") as lines, subprocess.Popen(command, stdout=lines, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        try:
            yield int(process.stderr.readline().rsplit(":", 1)[1])
        finally:
            process.kill()


def methods(received: Path) -> set[str]:
    return {line.split(" ", 1)[0] for line in received.read_text().splitlines()}


def run(script: str, folder: Path) -> str:
    """What the shell said; it stops at the first command that fails."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("HELIOGRAPH_")}
    environ |= {"PATH": f"{ROOT / '.venv/bin'}:{environ['PATH']}", "HELIOGRAPH_CONFIG": "heliograph.toml"}
    done = subprocess.run(["bash", "-euc", script], cwd=folder, env=environ, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def adapted(text: str, changes: dict[str, str]) -> str:
    for old, new in changes.items():
        assert old in text, f"{old} stands in the page no more"
        text = text.replace(old, new)
    return text


def test_every_command_of_the_page_works(day: Day) -> None:
    assert "made 2 devices" in day.said
    assert "nothing was made (--dry-run); of 2 rows 0 are bad" in day.said
    assert "HTTP/1.1 201" in day.said
    assert "The network reports" in day.said or "the network took it" in day.said


def test_the_doctor_finds_the_installation_well(day: Day) -> None:
    assert re.search(r"^ok +link +Trial is up", day.said, re.MULTILINE)
    assert re.search(r"^ok +daemon", day.said, re.MULTILINE)
    assert not re.search(r"^bad ", day.said, re.MULTILINE)


def test_the_application_hears_from_its_devices(day: Day) -> None:
    assert '"payload":"How much?"' in next(line for line in day.received.splitlines() if line.startswith("POST"))
    assert '"status":"DELIVERED"' in next(line for line in day.received.splitlines() if line.startswith("PATCH"))


def test_everything_is_there_elsewhere(day: Day) -> None:
    with Program("serve", "--config", "elsewhere.toml", wait_for_line=False, cwd=day.folder) as program:
        with Api(f"{program.wait_until_ready()}/api", day.token) as api:
            assert [device["name"] for device in api.get("/endpoint")] == ["Meter Bahnhofstrasse", "Meter Lindenweg"]
            assert [each["payload"] for each in api.messages(1)] == ["Valve open?"]
            assert [each["payload"] for each in api.messages(2)] == ["How much?", "How much?"]
            assert api.get("/service_profile/1")["api_callback"]["url"].endswith("/sms")
        assert program.end()[0] == 0
    assert "disabled" in run("export HELIOGRAPH_CONFIG=elsewhere.toml; heliograph link list", day.folder)


def test_no_file_of_the_installation_is_readable_by_others(day: Day) -> None:
    kept = [*(day.folder / "var").rglob("*"), *(day.folder / "elsewhere").rglob("*"), day.folder / "monday.backup"]
    assert {str(path): oct(path.stat().st_mode) for path in kept if path.is_file() and path.stat().st_mode & 0o077} == {}
