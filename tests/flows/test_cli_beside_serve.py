"""Commands beside a running daemon: two processes on one database, on both engines; the daemon takes on what a command did."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flows.program import Api, Program, wait_until
from tests.postgres_server import PostgresServer
from tests.waits import kill


class Installation:
    """A daemon that began on an empty database, and the command line beside it. Shared by the tests of a module."""

    def __init__(self, config: Path, serving: Program) -> None:
        self.config = config
        self.serving = serving

    def cli(self, *arguments: str) -> str:
        """What a command printed."""
        done = subprocess.run(
            [sys.executable, "-m", "heliograph", *arguments, "--config", str(self.config)],
            capture_output=True, text=True, timeout=60, check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    @property
    def url(self) -> str:
        return self.serving.wait_until_ready()


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def installation(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    folder = tmp_path_factory.mktemp("installation")
    config, devices = folder / "heliograph.toml", folder / "devices.csv"
    lines = [f'data_dir = "{folder / "data"}"', "stop_grace_s = 2"]
    if request.param == "postgres":
        server: PostgresServer = request.getfixturevalue("postgres_server")
        lines.append(f'database = "{server.new_database()}"')
    config.write_text("\n".join([*lines, "[http]", 'listen = "127.0.0.1:0"']))
    devices.write_text("name,iccid,msisdn\nMeter 1,8942360000000000011,423663920001\nEcho,8942360000000000029,423663920002\n")
    with Program("serve", "--config", str(config), wait_for_line=False) as serving:
        serving.wait_until_ready()
        installation = Installation(config, serving)
        installation.cli("organisation", "add", "Acme")
        installation.cli("link", "add", "simulator", "Trial", "--set", 'behaviours={"423663920002":"echo"}')
        installation.cli("device", "import", str(devices))
        serving.wait_until_said('"link is up"')
        yield installation
        assert serving.end()[0] == 0


def test_a_message_sent_by_a_command_is_taken_on_by_the_daemon(installation: Installation) -> None:
    tail = subprocess.Popen(
        [sys.executable, "-m", "heliograph", "sms", "tail", "--json", "--config", str(installation.config)],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert tail.stdout is not None
        assert json.loads(tail.stdout.readline()) == {"following": True}
        began = time.monotonic()
        sent = [int(installation.cli("sms", "send", "2", f"Hello {number}", "--source", "1000")) for number in range(3)]
        heard: dict[int, list[str]] = {}
        while not all("sms.delivered" in heard.get(each, ()) for each in sent):
            event = json.loads(tail.stdout.readline())
            heard.setdefault(event["id"], []).append(event["event"])
        assert time.monotonic() - began < 60
        assert all(heard[each][0] == "sms.accepted" for each in sent)
    finally:
        kill(tail)
        tail.stdout.close()  # type: ignore[union-attr]


def test_commands_and_the_daemon_write_at_the_same_time_and_nothing_is_lost(installation: Installation) -> None:
    with Api(f"{installation.url}/api", installation.cli("token", "create")) as api:
        running = [
            subprocess.Popen([sys.executable, "-m", "heliograph", "sms", "send", "1", f"cli {number}", "--source", "1000",
                              "--config", str(installation.config)], stdout=subprocess.DEVNULL)
            for number in range(4)
        ]  # fmt: skip
        for number in range(100):
            api.send(1, f"rest {number}")
        assert [each.wait(60) for each in running] == [0] * 4
        wanted = {f"cli {number}" for number in range(4)} | {f"rest {number}" for number in range(100)}
        wait_until(lambda: {each["payload"] for each in api.messages(1) if each["status"]["id"] == 4} == wanted, "all delivered", 60)


def hear_interrupts() -> None:
    """As at a terminal: what a shell runs in the background is born deaf to them, and so is all that it starts."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_following_ends_well_when_it_is_interrupted_or_read_no_more(installation: Installation) -> None:
    command = [sys.executable, "-m", "heliograph", "sms", "tail", "--json", "--config", str(installation.config)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=hear_interrupts) as tail:  # noqa: PLW1509 (a signal is all it sets)
        assert tail.stdout is not None
        tail.stdout.readline()
        tail.send_signal(signal.SIGINT)
        said = tail.communicate(timeout=30)[1]
    assert (tail.returncode, said) == (0, "")
    for words in (("config", "show"), ("organisation", "list")):  # more than a buffer holds, perhaps, and less
        command = [sys.executable, "-m", "heliograph", *words, "--config", str(installation.config)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as cut:
            assert cut.stdout is not None
            cut.stdout.close()
            assert cut.stderr is not None
            assert cut.stderr.read() == ""


def test_what_a_daemon_works_on_is_backed_up_but_not_replaced(installation: Installation, tmp_path: Path) -> None:
    installation.cli("backup", str(tmp_path / "now.backup"))
    command = [
        sys.executable,
        "-m",
        "heliograph",
        "restore",
        str(tmp_path / "now.backup"),
        "--replace",
        "--config",
        str(installation.config),
    ]
    refused = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "stop it first" in refused.stderr
    assert json.loads(installation.cli("organisation", "list", "--json"))[0]["name"] == "Acme"
