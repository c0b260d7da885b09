"""`serve` with its settings: HTTPS, who may scrape, what is said where it cannot start or has nothing to serve, what a log never holds."""

import contextlib
import json
import signal
import socket
import sqlite3
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from heliograph.config import Config
from heliograph.daemon.tls import CertificateError, certificate_of
from tests.flows.program import REPLY_S, Api, Program, wait_until
from tests.ports import refusing_port
from tests.webhooks.receiver import certificate

TEXT = "the-key-under-the-mat"
ANSWER = "valve-code-4711"


def config(folder: Path, *lines: str, http: tuple[str, ...] = ()) -> Path:
    file = folder / "heliograph.toml"
    top = [f'data_dir = "{folder / "data"}"', "stop_grace_s = 2", *lines]
    file.write_text("\n".join([*top, "[http]", 'listen = "127.0.0.1:0"', *http]))
    return file


@contextlib.contextmanager
def serving(file: Path, **environ: str) -> Iterator[tuple[Program, str]]:
    with Program("serve", "--config", str(file), environ=environ, wait_for_line=False) as program:
        yield program, program.wait_until_ready()


def refused(file: Path, **environ: str) -> tuple[int, str]:
    """The exit code and the words of a `serve` that cannot start."""
    with Program("serve", "--config", str(file), environ=environ, wait_for_line=False) as program:
        code = program.wait()
    assert "Traceback" not in program.said
    return code, program.said


def cli(file: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "heliograph", *arguments, "--config", str(file)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout.strip()


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Program, str]]:
    """What runs on an empty database with hardly a setting, and where it answers."""
    with serving(config(tmp_path_factory.mktemp("empty"))) as running:
        yield running


def test_on_an_empty_database_it_says_what_to_do_next_and_offers_nothing(empty: tuple[Program, str]) -> None:
    program, url = empty
    events = [json.loads(line) for line in program.log]
    assert [event["do"].split()[1:3] for event in events if "do" in event] == [
        ["organisation", "add"], ["user", "add"], ["token", "create"], ["link", "add"],
    ]  # fmt: skip
    for body in ({"username": "admin", "password": "admin"}, {"application_token": ""}, {}):
        assert requests.post(f"{url}/api/v1/authenticate", json=body, timeout=REPLY_S).status_code in (400, 401, 422)


def test_a_simulator_is_off_where_no_link_is_one(empty: tuple[Program, str]) -> None:
    assert requests.post(f"{empty[1]}/api/v1/simulator/mt", json={}, timeout=REPLY_S).status_code in (401, 404)


@pytest.mark.needs("openssl")
def test_it_speaks_https_and_reads_a_new_certificate_on_sighup(tmp_path: Path) -> None:
    certificate(tmp_path, "one", "IP:127.0.0.1")
    certificate(tmp_path, "two", "IP:127.0.0.1")
    for end in ("pem", "key"):
        (tmp_path / f"live.{end}").write_bytes((tmp_path / f"one.{end}").read_bytes())
    pair = (f'tls_certificate = "{tmp_path / "live.pem"}"', f'tls_key = "{tmp_path / "live.key"}"')
    with serving(config(tmp_path, http=pair)) as (program, url):
        assert url.startswith("https://")
        assert requests.get(f"{url}/health/live", verify=str(tmp_path / "one.pem"), timeout=REPLY_S).status_code == 200
        assert shown(url) == (tmp_path / "one.pem").read_text()
        (tmp_path / "live.key").write_text("half a file")
        program.process.send_signal(signal.SIGHUP)
        program.wait_until_said("the old one stays")
        assert shown(url) == (tmp_path / "one.pem").read_text()
        for end in ("pem", "key"):
            (tmp_path / f"live.{end}").write_bytes((tmp_path / f"two.{end}").read_bytes())
        program.process.send_signal(signal.SIGHUP)
        program.wait_until_said("was read anew")
        assert shown(url) == (tmp_path / "two.pem").read_text()
        assert program.end()[0] == 0


def shown(url: str) -> str:
    """The certificate that a new connection is shown."""
    host, port = url.removeprefix("https://").split(":")
    return ssl.get_server_certificate((host, int(port)))


@pytest.mark.needs("openssl")
def test_a_certificate_that_cannot_be_used_names_its_setting(tmp_path: Path) -> None:
    certificate(tmp_path, "one", "IP:127.0.0.1")
    certificate(tmp_path, "two", "IP:127.0.0.1")
    code, said = refused(config(tmp_path, http=(f'tls_certificate = "{tmp_path / "one.pem"}"',)))
    assert code == 2
    assert "http.tls_key" in said
    pair = (f'tls_certificate = "{tmp_path / "one.pem"}"', f'tls_key = "{tmp_path / "two.key"}"')
    code, said = refused(config(tmp_path, http=pair))
    assert code == 1
    assert "http.tls_certificate" in said
    for certificate_file, key_file in (("gone.pem", "one.key"), ("one.pem", "one.pem")):
        files = {"http.tls_certificate": str(tmp_path / certificate_file), "http.tls_key": str(tmp_path / key_file)}
        with pytest.raises(CertificateError, match=r"http\.tls_certificate"):
            certificate_of(Config.load(None, {}, files).http)


def test_a_port_in_use_names_its_setting(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        code, said = refused(config(tmp_path), HELIOGRAPH_HTTP_LISTEN=f"127.0.0.1:{taken.getsockname()[1]}")
    assert code == 1
    assert "http.listen" in said
    assert said.count("\n") == 1


def test_a_postgresql_that_does_not_answer_names_its_setting_and_hides_its_password(tmp_path: Path) -> None:
    code, said = refused(config(tmp_path, 'database = "postgresql://heliograph:hunter2@127.0.0.1:1/sms"'))
    assert code == 1
    assert "setting database" in said
    assert "hunter2" not in said
    assert said.count("\n") == 1


def test_each_wrong_setting_is_named_with_what_it_takes(tmp_path: Path) -> None:
    code, said = refused(config(tmp_path, 'database = "mysql://x"', 'colour = "red"', http=('metrics_allow = ["everybody"]',)))
    assert code == 2
    assert [word for word in ("database", "postgresql://", "colour", "http.metrics_allow", "10.20.0.0/16") if word not in said] == []


def test_open_files_are_not_limited_to_what_a_shell_gives(empty: tuple[Program, str]) -> None:
    limits = Path(f"/proc/{empty[0].process.pid}/limits").read_text()
    soft, hard = next(line.split()[3:5] for line in limits.splitlines() if line.startswith("Max open files"))
    assert soft == hard or int(soft) >= 65_536


@pytest.fixture
def no_receiver() -> Iterator[int]:
    """A port where a webhook is refused."""
    with refusing_port() as port:
        yield port


def test_no_log_holds_a_text_or_a_secret(tmp_path: Path, no_receiver: int) -> None:
    file = config(tmp_path, "", http=("[log]", 'level = "debug"', "[webhooks]", 'egress_allow = ["127.0.0.1"]', f"ports = [{no_receiver}]"))
    cli(file, "organisation", "add", "Acme")
    cli(file, "link", "add", "simulator", "Trial", "--set", 'behaviours={"423663920002":"undeliverable"}')
    (tmp_path / "devices.csv").write_text("iccid,msisdn\n8942360000000000011,423663920001\n8942360000000000029,423663920002\n")
    cli(file, "device", "import", str(tmp_path / "devices.csv"))
    secrets = {
        "token": cli(file, "token", "create"),
        "password": cli(file, "user", "add", "ops@example.com"),
        "signing": cli(file, "policy", "set", "Default", "--webhook", f"http://127.0.0.1:{no_receiver}/hook", "--sign"),
        "text": TEXT,
        "answer": ANSWER,
    }
    with serving(file) as (program, url):
        with Api(f"{url}/api", secrets["token"]) as api:
            secrets["session"] = str(api._session.headers["Authorization"]).removeprefix("Bearer ")
            use(api, url, secrets["password"])
            until_tried(file)
        assert program.end()[0] == 0
    assert "ready" in program.said
    assert {name for name, secret in secrets.items() if secret in program.said} == set()


def use(api: Api, url: str, password: str) -> None:
    """Everything that might be tempted to log what it holds."""
    for device_id in (1, 2):
        api.send(device_id, TEXT)
    api.post("/simulator/endpoint/1/mo", {"dest_address": "1000", "payload": ANSWER})
    api.post("/simulator/mt", {"source_address": "4915112345678", "dest_address": "423663920001", "payload": ANSWER})
    api.post("/endpoint/1/sms", {"payload": TEXT, "dcs": 999})
    for body in ({"username": "ops@example.com", "password": password}, {"application_token": f"{password}x"}):
        requests.post(f"{url}/api/v1/authenticate", json=body, timeout=REPLY_S)
    requests.post(f"{url}/api/v1/endpoint/1/sms", data=f'{{"payload": "{TEXT}', headers=dict(api._session.headers), timeout=REPLY_S)
    requests.get(f"{url}/api/v1/endpoint?q=name:{TEXT}", headers={"Authorization": f"Bearer {password}"}, timeout=REPLY_S)


def until_tried(file: Path) -> None:
    """Wait until both messages are over and a delivery to the webhook has failed."""

    wait_until(lambda: ended(file) >= (3, 1), "messages end and a delivery is tried", 60)


def ended(file: Path) -> tuple[int, int]:
    """How many messages are over, and how many deliveries were tried."""
    with contextlib.closing(sqlite3.connect(file.parent / "data/heliograph.sqlite")) as connection:
        over = connection.execute("SELECT count(*) FROM message WHERE final_at_ms IS NOT NULL").fetchone()[0]
        return min(3, over), connection.execute("SELECT count(*) FROM delivery_attempt").fetchone()[0]
