"""The process is killed between two steps and started again: what was acknowledged is delivered, what was surely not sent comes once."""

import json
import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.flows.program import Api, Program, try_arguments

SENT_BEFORE = 12
"""Messages that are sent until the process dies, at most; its death is set to the fifth passage of the point."""
AFTER_THE_NETWORK_HAS_IT = ("settle.before_commit", "settle.after_commit")


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A demo world that was started once, whose simulator logs what its devices receive to `received` beside the database."""
    folder = tmp_path_factory.mktemp("seeded")
    with Program(*try_arguments(folder)) as program:
        program.end()
    return folder


def copy_of(seeded: Path, folder: Path) -> Path:
    shutil.copytree(seeded, folder)
    with sqlite3.connect(folder / "heliograph.sqlite") as database:
        (text,) = database.execute("SELECT settings FROM link").fetchone()
        settings = json.loads(text) | {"received_log": str(folder / "received")}
        database.execute("UPDATE link SET settings = ?", (json.dumps(settings),))
    database.close()
    return folder


def received(folder: Path) -> list[int]:
    """The messages that devices got, in the order they got them."""
    return [int(line.split()[0]) for line in (folder / "received").read_text().splitlines()]


def send_until_it_dies(program: Program, api: Api, devices: list[int]) -> dict[int, int]:
    """Device by accepted message."""
    accepted: dict[int, int] = {}
    for number in range(SENT_BEFORE):
        device = devices[number % len(devices)]
        try:
            accepted[api.send(device, f"Text {number}")] = device
        except requests.ConnectionError:
            break
    program.process.wait(timeout=10)
    return accepted


@pytest.mark.parametrize(
    "point",
    ["submit.before_commit", "submit.after_commit", "dispatch.before_send", "dispatch.after_send", *AFTER_THE_NETWORK_HAS_IT],
)
def test_what_was_accepted_is_delivered_whenever_the_process_dies(seeded: Path, tmp_path: Path, point: str) -> None:
    folder = copy_of(seeded, tmp_path / "try")
    with Program(*try_arguments(folder), environ={"FAULT_POINT": f"{point}:5"}) as program:
        devices = [each["id"] for each in program.ready["devices"] if each["behaviour"] == "delivers"]
        with Api(program.ready["api_url"], program.ready["application_token"]) as api:
            accepted = send_until_it_dies(program, api, devices)
        assert program.process.returncode == -9
    assert len(accepted) >= 4
    with Program(*try_arguments(folder)) as program, Api(program.ready["api_url"], program.ready["application_token"]) as api:
        for message, device in accepted.items():
            api.wait_for(device, message, "DELIVERED", within_s=20)
        times = Counter(received(folder))
        assert set(accepted) <= set(times)
        twice = [message for message, count in times.items() if count > 1]
        assert len(twice) <= (1 if point in AFTER_THE_NETWORK_HAS_IT else 0)
        for device in devices:
            mine = [message for message in dict.fromkeys(received(folder)) if accepted.get(message) == device]
            assert mine == sorted(mine)
        program.end()


@pytest.mark.parametrize(("point", "kept"), [("receive.before_commit", False), ("receive.after_commit", True)])
def test_an_mo_is_kept_exactly_when_it_was_committed(seeded: Path, tmp_path: Path, point: str, kept: bool) -> None:
    folder = copy_of(seeded, tmp_path / "try")
    with Program(*try_arguments(folder), environ={"FAULT_POINT": f"{point}:1"}) as program:
        device = program.ready["devices"][0]["id"]
        with Api(program.ready["api_url"], program.ready["application_token"]) as api, pytest.raises(requests.ConnectionError):
            api.post(f"/simulator/endpoint/{device}/mo", {"dest_address": "1000", "payload": "42 litres"})
    with Program(*try_arguments(folder)) as program, Api(program.ready["api_url"], program.ready["application_token"]) as api:
        assert [each["payload"] for each in api.messages(device)] == (["42 litres"] if kept else [])
        program.end()
