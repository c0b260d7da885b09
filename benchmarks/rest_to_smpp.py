"""REST in, SMPP upstream with receipts, one webhook a message, durable; beside Kannel on the same path in the same run.

    .venv/bin/python benchmarks/rest_to_smpp.py
    .venv/bin/python benchmarks/rest_to_smpp.py --store spool        Kannel's other store

Load, message centre, receiver and what is measured share the machine; the runs of the two take turns. Kannel is Debian's package
(bearerbox and smsbox), its store on the same disk and, as it always is, without fsync; Heliograph commits each message before it answers.
Compare within one run.
"""

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import quote

from rest_to_webhook import KIT, PROGRAM, Server, _free_port, _stats, run_once

TEXT = "Meter 4711: value 12.345 kWh, battery 87 %, rssi -71 dBm. Reply STOP to end."
WINDOW = 100


class Kannel:
    """bearerbox and smsbox with one bind to the message centre."""

    def __init__(self, folder: Path, smsc: int, sink: int, store: str) -> None:
        self.folder = folder
        self.sink = sink
        admin, box, self.port = _free_port(), _free_port(), _free_port()
        (folder / "spool").mkdir()
        where = folder / ("spool" if store == "spool" else "store")
        (folder / "kannel.conf").write_text(f"""
group = core
admin-port = {admin}
admin-password = x
admin-interface = 127.0.0.1
smsbox-port = {box}
smsbox-interface = 127.0.0.1
box-allow-ip = "127.0.0.1"
log-file = "{folder}/bearerbox.log"
log-level = 3
dlr-storage = internal
smsbox-max-pending = 1000
sms-outgoing-queue-limit = 2000000
store-type = {store}
store-location = "{where}"

group = smsc
smsc = smpp
smsc-id = centre
host = 127.0.0.1
port = {smsc}
transceiver-mode = true
smsc-username = "bench"
smsc-password = "bench"
system-type = ""
max-pending-submits = {WINDOW}

group = smsbox
smsbox-id = box
bearerbox-host = 127.0.0.1
sendsms-port = {self.port}
sendsms-interface = 127.0.0.1
log-file = "{folder}/smsbox.log"
log-level = 3
max-pending-requests = 1000

group = sendsms-user
username = bench
password = bench

group = sms-service
keyword = default
text = "ok"
""")
        self.processes = []
        for program in ("bearerbox", "smsbox"):
            log = (folder / f"{program}.out").open("wb")
            command = [shutil.which(program, path="/usr/sbin:/usr/bin") or program, "-v", "3", str(folder / "kannel.conf")]
            self.processes.append(subprocess.Popen(command, stdout=log, stderr=log))
            time.sleep(3)

    def path(self) -> str:
        hook = quote(f"http://127.0.0.1:{self.sink}/dlr?id=", safe="")
        query = f"username=bench&password=bench&from=12345&to=49151{{n:09}}&text={quote(TEXT)}&dlr-mask=3&dlr-url={hook}{{n}}"
        return f"/cgi-bin/sendsms?{query}"

    def cpu_s(self) -> float:
        return sum(_cpu_s(process.pid) for process in self.processes)

    def stop(self) -> None:
        for process in reversed(self.processes):
            process.terminate()
            process.wait(40)


def _cpu_s(pid: int) -> float:
    """Of a process and its children: bearerbox and smsbox are threads of one."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return sum(map(int, fields[11:15])) / 100


def run_kannel(kannel: Kannel, sink: int, options: argparse.Namespace) -> dict[str, Any]:
    """One timed run; waits until every webhook has arrived."""
    stats = f"http://127.0.0.1:{sink}"
    urllib.request.urlopen(urllib.request.Request(f"{stats}/reset", method="POST")).read()
    cpu = kannel.cpu_s()
    command = [
        sys.executable, str(KIT / "http_load.py"), "--url", f"http://127.0.0.1:{kannel.port}", "--get", kannel.path(), "--token", "-",
        "--devices", "1", "--seconds", str(options.seconds), "--connections", str(options.connections),
    ]  # fmt: skip
    sent = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    deadline = time.monotonic() + 60
    while _stats(stats)["distinct"] < sent["accepted"] and time.monotonic() < deadline:
        time.sleep(0.1)
    seen = _stats(stats)
    return {
        **sent,
        "delivered": seen["distinct"],
        "end_to_end_rate": round(seen["distinct"] / (seen["last"] - sent["started"]), 1),
        "cpu_us_per_message": round((kannel.cpu_s() - cpu) / max(1, sent["accepted"]) * 1e6, 1),
    }


def connect(server: Server, folder: Path, smsc: int) -> None:
    """Have the benchmark's devices send by an SMPP link."""
    config = ["--config", str(folder / "heliograph.toml")]
    settings = {"host": "127.0.0.1", "port": smsc, "system_id": "bench", "password": "bench", "window": WINDOW, "role": "network"}
    given = [part for name, value in settings.items() for part in ("--set", f"{name}={value}")]
    subprocess.run([*PROGRAM, "link", "add", "smpp", "SMSC", *given, *config], check=True, capture_output=True)
    subprocess.run([*PROGRAM, "route", "add", "prefix", "49151", "SMSC", *config], check=True, capture_output=True)
    for _ in range(100):
        shown = subprocess.run([*PROGRAM, "link", "list", "--json", *config], check=True, capture_output=True, text=True)
        if any(each["name"] == "SMSC" and each["state"] == "up" for each in json.loads(shown.stdout)):
            return
        time.sleep(0.2)
    raise SystemExit("the link did not come up")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", default="sqlite", help="sqlite, or a postgresql:// URL of an empty database")
    parser.add_argument("--store", default="file", choices=("file", "spool"), help="Kannel's store")
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--devices", type=int, default=2000)
    parser.add_argument("--connections", type=int, default=32)
    options = parser.parse_args()
    helpers = [
        subprocess.Popen([sys.executable, str(KIT / f"{name}.py")], stdout=subprocess.PIPE, text=True) for name in ("hook_sink", "smsc")
    ]
    sink, smsc = (int(helper.stdout.readline()) for helper in helpers)  # type: ignore[union-attr]
    with tempfile.TemporaryDirectory() as ours, tempfile.TemporaryDirectory() as theirs:
        server = Server(options.database, Path(ours), options.devices, sink)
        kannel = Kannel(Path(theirs), smsc, sink, options.store) if shutil.which("bearerbox", path="/usr/sbin:/usr/bin") else None
        try:
            connect(server, Path(ours), smsc)
            compare(server, kannel, sink, options)
        finally:
            server.stop()
            if kannel is not None:
                kannel.stop()
            for helper in helpers:
                helper.terminate()
                helper.wait(10)


def compare(server: Server, kannel: Kannel | None, sink: int, options: argparse.Namespace) -> None:
    """Runs in turns, and the ratio of the medians."""
    found: dict[str, list[dict[str, Any]]] = {"heliograph": [], "kannel": []}
    for _ in range(options.runs):
        found["heliograph"].append(run_once(server, sink, options, rate=0))
        if kannel is not None:
            found["kannel"].append(run_kannel(kannel, sink, options))
        for name, runs in found.items():
            if runs:
                print(name, json.dumps(runs[-1]), flush=True)
    medians = {name: statistics.median(run["end_to_end_rate"] for run in runs) for name, runs in found.items() if runs}
    for name, median in medians.items():
        cpu = statistics.median(run["cpu_us_per_message"] for run in found[name])
        print(f"{name}: median of {options.runs}: {median:.0f} messages/s from request to webhook, {cpu:.0f} us of CPU a message")
    if "kannel" in medians:
        print(f"ratio: {medians['heliograph'] / medians['kannel']:.2f}")
    else:
        print("Kannel is not installed: apt-get install kannel")


if __name__ == "__main__":
    main()
