"""Other people's ESMEs, unchanged, bind to `heliograph try`: they submit short and long, and hear receipts and messages of devices.

Each is a program of its own (tests/peers/esmes, tests/peers/node) that says what it saw; all that went over the wire is captured, and
tshark finds nothing malformed in it.
"""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from heliograph.smpp import status
from tests.flows.program import Api, Program, try_arguments

HERE = Path(__file__).parent
TEXT = "Read meter 4711"
LONG = "The counter of the water meter in the cellar stands at 4711 litres since yesterday evening, " * 3
ESMES = {
    "smpplib": [sys.executable, HERE / "esmes" / "with_smpplib.py"],
    "smpp34": [sys.executable, HERE / "esmes" / "with_smpp34.py"],
    "rusmppyc": [sys.executable, HERE / "esmes" / "with_rusmppyc.py"],
    "npm smpp": ["node", HERE / "node" / "esme.js"],
}
ASKS = ["node", HERE / "node" / "esme_asks.js"]
SMPP_INTERFACE = 2


class Capture:
    """What goes over a port of the loopback interface, by dumpcap, where that may listen."""

    def __init__(self, port: int, file: Path) -> None:
        self.file = file
        self._process = subprocess.Popen(
            ["dumpcap", "-q", "-i", "lo", "-f", f"tcp port {port}", "-w", str(file)], stderr=subprocess.PIPE, text=True
        )
        assert self._process.stderr is not None
        self.said = self._process.stderr.readline()
        while "File:" not in self.said and self._process.poll() is None:
            self.said += self._process.stderr.readline()

    @property
    def runs(self) -> bool:
        return self._process.poll() is None

    def end(self) -> None:
        time.sleep(0.5)  # what the kernel has not handed over yet
        self._process.terminate()
        self._process.wait(30)
        assert self._process.stderr is not None
        self._process.stderr.close()


@pytest.fixture(scope="module")
def program() -> Iterator[Program]:
    with Program(*try_arguments()) as running:
        yield running


@pytest.fixture(scope="module")
def api(program: Program) -> Iterator[Api]:
    with Api(program.ready["api_url"], program.ready["application_token"]) as made:
        policy_id = program.ready["devices"][0]["service_profile_id"]
        url = f"{made.url}/v1/service_profile/{policy_id}"
        change = {"esme_interface_type": {"id": SMPP_INTERFACE}}
        assert made._session.patch(url, json=change, timeout=10).status_code < 300
        yield made


@pytest.fixture(scope="module")
def capture(program: Program, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Capture | None]:
    if shutil.which("dumpcap") is None:
        yield None
        return
    made = Capture(program.ready["smpp"]["port"], tmp_path_factory.mktemp("capture") / "smpp.pcapng")
    yield made
    if made.runs:
        made.end()


def device(program: Program, behaviour: str) -> str:
    found: str = next(each["msisdn"] for each in program.ready["devices"] if each["behaviour"] == behaviour)
    return found


def device_id(program: Program, behaviour: str) -> int:
    found: int = next(each["id"] for each in program.ready["devices"] if each["behaviour"] == behaviour)
    return found


def run(program: Program, peer: str, command: list[Any] | None = None, **more: str) -> dict[str, Any]:
    command = command or ESMES[peer]
    if shutil.which(str(command[0])) is None:
        pytest.skip(f"{command[0]} is not installed")
    if peer == "npm smpp" and not (HERE / "node" / "node_modules").exists():
        pytest.skip("npm smpp is not installed: make setup-test")
    given = program.ready["smpp"] | {"delivers": device(program, "delivers"), "echo": device(program, "echo"), "text": TEXT, "long": LONG}
    ran = subprocess.run([*map(str, command), json.dumps(given | more)], capture_output=True, text=True, timeout=100, check=False)
    assert ran.returncode == 0, f"{ran.stdout}\n{ran.stderr}\n{program.said[-2000:]}"
    saw: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return saw


@pytest.mark.parametrize("peer", ESMES)
def test_it_submits_short_and_long_and_hears_receipts_and_what_a_device_sent(
    program: Program, api: Api, capture: Capture | None, peer: str
) -> None:
    saw = run(program, peer)
    assert len(saw["ids"]) >= 3
    assert set(saw["receipts"]) == set(saw["ids"])
    assert all(found == [message_id, "DELIVRD", 2] for message_id, found in saw["receipts"].items())
    assert saw["texts"] == [TEXT]
    listed = {str(each["id"]): each["payload"] for each in api.messages(device_id(program, "delivers"))}
    whole = "".join(listed.get(each, "") for each in saw["ids"])
    assert TEXT in whole
    assert LONG in whole, "the long text is whole, in one message or in its parts"


def test_a_peer_of_50_is_spoken_to_in_50(program: Program, api: Api, capture: Capture | None) -> None:
    saw = run(program, "rusmppyc")
    assert "5_0" in saw["version"] or "Smpp5" in saw["version"]
    assert "ongestion" in saw["tlvs"][0]


def test_npm_smpp_is_served_what_is_asked_seldom_in_each_version(program: Program, api: Api, capture: Capture | None) -> None:
    switched = api._session.patch(f"{api.url}/v1/smpp_account/{program.ready['smpp']['system_id']}", json={"alerts": True}, timeout=10)
    assert switched.status_code < 300
    url = f"smpp://{program.ready['smpp']['host']}:{program.ready['smpp']['port']}"
    by_name = {"sleeps": "absent-then-delivers"} | {each: each for each in ("delivers", "echo", "undeliverable")}
    numbers = {name: device(program, behaviour) for name, behaviour in by_name.items()}
    saw = run(program, "npm smpp", ASKS, url=url, **numbers)
    delivered = [4, "DELIVRD", "000"]
    assert saw["in34"] == {
        "data_sm": [0, delivered],
        "submit_multi": [0, [["4917099999", status.RINVDSTADR]]],
        "failure": [4, "UNDELIV", "038", 5, numbers["undeliverable"], "1000"],
        "intermediate": [0x20, "ENROUTE", "027"],
        "alert": [numbers["sleeps"], 0],
        "delivered": delivered,
        "echo": "[on] 5 € a_b@c",
        "refusals": [status.RINVEXPIRY, status.RINVMSGID],
        "silent": [[0, 0], [0, 0]],
    }
    assert saw["in50"] == {
        "version": 0x50,
        "congestion": 1,
        "scheduled": [0, 0],
        "changed": [0, 0, status.RCANCELFAIL],
        "canceled": [0, 4],
        "receipt": [4, "DELETED", "000"],
        "broadcast": status.RPROHIBITED,
        "refused": [status.RINVDSTADR, "4917099999 is no device of this account: send to the MSISDN of one of its devices"],
    }
    taken = saw["in33"].pop("id")
    assert (len(taken), int(taken, 16) > 0) == (8, True)
    assert saw["in33"] == {"tlvs": [None] * 3, "receipt": delivered, "state": 2, "out_of_turn": status.RINVBNDSTS}


def test_tshark_finds_nothing_malformed_in_what_they_said(program: Program, api: Api, capture: Capture | None) -> None:
    if capture is None or shutil.which("tshark") is None:
        pytest.skip("tshark and dumpcap are not installed: make setup-test")
    if not capture.runs:
        pytest.skip(f"dumpcap may not listen here: {capture.said.strip()[:100]}")
    run(program, "smpplib")
    capture.end()
    read = ["tshark", "-r", str(capture.file), "-d", f"tcp.port=={program.ready['smpp']['port']},smpp"]
    malformed = subprocess.run([*read, "-Y", "_ws.malformed"], capture_output=True, text=True, timeout=60, check=True)
    assert malformed.stdout == ""
    fields = subprocess.run(
        [*read, "-Y", "smpp", "-T", "fields", "-e", "smpp.command_id"], capture_output=True, text=True, timeout=60, check=True
    )
    found = {int(each, 16) for each in fields.stdout.replace(",", "\n").split()}
    assert {0x09, 0x80000009, 0x04, 0x80000004, 0x05, 0x80000005, 0x06, 0x80000006} <= found
