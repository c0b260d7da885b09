"""`heliograph try` keeps the operator contract: what it prints, what its devices do, how it stops, what it finds again."""

import hashlib
import json
import re
import signal
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from heliograph.links.simulator import Behaviour
from tests.flows.program import END_S, REPLY_S, Api, Program, try_arguments, wait_until


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("try")


@pytest.fixture(scope="module")
def program(data: Path) -> Iterator[Program]:
    with Program(*try_arguments(data)) as running:
        yield running


@pytest.fixture(scope="module")
def api(program: Program) -> Iterator[Api]:
    with Api(program.ready["api_url"], program.ready["application_token"]) as made:
        yield made


def device(program: Program, behaviour: Behaviour) -> dict[str, Any]:
    found: dict[str, Any] = next(each for each in program.ready["devices"] if each["behaviour"] == behaviour)
    return found


def test_it_prints_one_line_of_json_with_what_the_contract_names(program: Program) -> None:
    ready = program.ready
    assert set(ready) == {"portal_url", "api_url", "application_token", "portal_user", "smpp", "devices"}
    assert ready["api_url"].endswith("/api")
    assert set(ready["portal_user"]) == {"email", "password"}
    assert set(ready["smpp"]) == {"host", "port", "system_id", "password"}
    assert all(set(each) == {"id", "name", "msisdn", "iccid", "service_profile_id", "behaviour"} for each in ready["devices"])
    assert program.lines.empty()


def test_there_is_a_device_for_each_behaviour_and_each_has_believable_numbers(program: Program) -> None:
    devices = program.ready["devices"]
    assert {each["behaviour"] for each in devices} == set(Behaviour)
    assert all(re.fullmatch(r"\d{15}", each["msisdn"]) for each in devices)
    assert all(re.fullmatch(r"89\d{17}", each["iccid"]) and luhn(each["iccid"]) for each in devices)
    assert len({each["name"] for each in devices}) == len(devices) >= 12


def luhn(digits: str) -> bool:
    """Whether the last digit is the check digit of the others (ISO/IEC 7812-1 annex B)."""
    total = 0
    for position, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if position % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def test_it_answers_to_health_and_metrics(program: Program) -> None:
    base = program.ready["portal_url"]
    assert requests.get(f"{base}/health/live", timeout=REPLY_S).status_code == 200
    assert requests.get(f"{base}/health/ready", timeout=REPLY_S).status_code == 200
    assert 'heliograph_link_up{link="Simulator"} 1.0' in requests.get(f"{base}/metrics", timeout=REPLY_S).text


def test_the_portal_user_can_log_in_at_the_api(program: Program) -> None:
    user = program.ready["portal_user"]
    body = {"username": user["email"], "password": hashlib.sha1(user["password"].encode()).hexdigest()}
    assert requests.post(f"{program.ready['api_url']}/v1/authenticate", json=body, timeout=REPLY_S).status_code == 200


@pytest.fixture(scope="module")
def greeted(program: Program, api: Api) -> dict[Behaviour, int]:
    """A message for a device of each behaviour, sent at once: some take their time."""
    return {behaviour: api.send(device(program, behaviour)["id"], "Hello") for behaviour in Behaviour}


@pytest.mark.parametrize(
    ("behaviour", "status"),
    [
        (Behaviour.DELIVERS, "DELIVERED"),
        (Behaviour.ABSENT_THEN_DELIVERS, "DELIVERED"),
        (Behaviour.UNDELIVERABLE, "FAILED"),
        (Behaviour.ABSENT, "BUFFERED"),
        (Behaviour.SILENT, "BUFFERED"),
        (Behaviour.THROTTLED, "DELIVERED"),
    ],
)
def test_each_behaviour_is_seen_through_the_api(
    program: Program, api: Api, greeted: dict[Behaviour, int], behaviour: Behaviour, status: str
) -> None:
    api.wait_for(device(program, behaviour)["id"], greeted[behaviour], status)


@pytest.mark.parametrize(
    ("behaviour", "text", "reply"),
    [(Behaviour.ECHO, "Ping " * 60, "Ping " * 60), (Behaviour.APN, "APN,internet,user,secret#", "APN set to internet, user user")],
)
def test_devices_that_answer_do_so_by_an_mo(program: Program, api: Api, behaviour: Behaviour, text: str, reply: str) -> None:
    target = device(program, behaviour)["id"]
    api.wait_for(target, api.send(target, text), "DELIVERED")
    wait_until(lambda: ("MO", reply) in [(each["sms_type"]["description"], each["payload"]) for each in api.messages(target)], "the answer")


def test_a_device_can_be_made_to_send_and_a_phone_to_text_it(program: Program, api: Api) -> None:
    target = device(program, Behaviour.DELIVERS)
    assert api.post(f"/simulator/endpoint/{target['id']}/mo", {"dest_address": "1000", "payload": "42 litres"}).ok
    assert api.post(f"/simulator/endpoint/{target['id']}/mo", {"dest_address": "+1-000", "payload": "43 litres"}).ok
    assert api.messages(target["id"])[0]["dest_address"] == "1000"
    assert api.post("/simulator/mt", {"source_address": "41791234567", "dest_address": target["msisdn"], "payload": "Hi"}).ok
    seen = {(each["sms_type"]["description"], each["payload"]) for each in api.messages(target["id"])}
    assert {("MO", "42 litres"), ("MT", "Hi")} <= seen


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly_within_five_seconds_even_under_way(number: int) -> None:
    with (
        Program(*try_arguments()) as program,
        Api(program.ready["api_url"], program.ready["application_token"]) as api,
        api.events() as events,
    ):
        for each in program.ready["devices"]:
            api.send(each["id"], "Hello")
        assert next(events)["type"] == "sms.accepted"
        code, took_s = program.end(number)
    assert code == 0, program.said
    assert took_s < END_S
    assert "Traceback" not in program.said


def test_a_restart_finds_history_and_credentials_again(tmp_path: Path) -> None:
    data = tmp_path / "try"
    with Program(*try_arguments(data)) as program, Api(program.ready["api_url"], program.ready["application_token"]) as api:
        target = device(program, Behaviour.DELIVERS)["id"]
        with api.events() as events:
            api.wait_for(target, api.send(target, "before"), "DELIVERED")
            seen = next(events)["number"]
        first = program.ready
        program.end()
    assert stat.S_IMODE((data / "try.json").stat().st_mode) == 0o600
    with Program(*try_arguments(data)) as program, Api(program.ready["api_url"], program.ready["application_token"]) as api:
        for kept in ("application_token", "portal_user", "devices"):
            assert program.ready[kept] == first[kept]
        assert [each["payload"] for each in api.messages(target)] == ["before"]
        with api.events(after=seen) as events:
            missed = next(events)
            assert (missed["number"], missed["type"], missed["data"]["payload"]) == (seen + 1, "sms.delivered", "before")


def test_after_a_kill_it_starts_at_once_and_delivers_what_was_accepted(tmp_path: Path) -> None:
    data = tmp_path / "try"
    with Program(*try_arguments(data)) as program, Api(program.ready["api_url"], program.ready["application_token"]) as api:
        target = device(program, Behaviour.DELIVERS)["id"]
        sent = [api.send(target, f"Text {number}") for number in range(50)]
        program.kill()
    with Program(*try_arguments(data)) as program, Api(program.ready["api_url"], program.ready["application_token"]) as api:
        for each in sent:
            api.wait_for(target, each, "DELIVERED")


@pytest.mark.usefixtures("program")
def test_two_do_not_share_a_directory(data: Path) -> None:
    with Program(*try_arguments(data), wait_for_line=False) as second:
        assert second.wait() == 1
        assert "another heliograph" in second.said
        assert "Traceback" not in second.said


def test_a_port_in_use_is_said_in_one_line(program: Program) -> None:
    taken = program.ready["portal_url"].removeprefix("http://")
    with Program("try", "--http", taken, wait_for_line=False) as second:
        assert second.wait() == 1
        assert second.said.startswith(f"heliograph: cannot listen on {taken} (--http): Address already in use")
        assert second.said.count("\n") == 1


@pytest.mark.parametrize("option", ["--http", "--smpp"])
def test_a_wrong_address_is_said_with_what_is_accepted(option: str) -> None:
    with Program("try", option, "nowhere", wait_for_line=False) as program:
        assert program.wait() == 2
        assert "HOST:PORT" in program.said
        assert "Traceback" not in program.said


def test_people_get_lines_that_a_shell_runs(tmp_path: Path) -> None:
    with Program("try", "--http", "127.0.0.1:0", "--smpp", "127.0.0.1:0", "--data", str(tmp_path), wait_for_line=False) as program:
        program.wait_until_said("Ctrl+C stops it.")
        assert program.lines.empty()
        credentials = json.loads((tmp_path / "try.json").read_bytes())
        assert credentials["application_token"] in program.said
        assert credentials["password"] in program.said
        blocks = re.findall(r"(?m)^  (?:AUTH|curl)(?:[^\n]*\\\n)*[^\n]*", program.said)
        script = "set -e\n" + "\n".join(blocks)
        ran = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=60, check=False)
        assert ran.returncode == 0, ran.stderr
        assert ran.stdout.count("HTTP/1.1 201") >= 1, ran.stdout
        assert '"payload":"Hello"' in ran.stdout.replace(": ", ":")
        code, _ = program.end(signal.SIGINT)
        assert code == 0
