"""submit_sm, committed before its response: messages per second, latency of the response, CPU and memory.

    .venv/bin/python benchmarks/smpp_submit.py
    .venv/bin/python benchmarks/smpp_submit.py --queue
    .venv/bin/python benchmarks/smpp_submit.py --link simulator --registered 1

Load and Heliograph share the machine. Without `--link` what is accepted waits, so that accepting alone is measured: each run on a new
database, or with `--queue` behind all that the runs before it left, some 100,000 each. With the simulator
all of it is delivered too, and with `--registered 1` reported back. Run it on a machine that does nothing else; quote medians.
"""

import argparse
import asyncio
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from heliograph.clock import SystemClock
from heliograph.daemon import demo
from heliograph.model.device import DeviceStatus, SimStatus
from heliograph.model.ids import OrganisationId
from heliograph.store import account, device, link, policy, sim
from heliograph.store.database import Database, engine_of
from heliograph.store.device import Device
from heliograph.store.sim import Sim
from heliograph.store.transaction import Transaction

KIT = Path(__file__).parent / "kit"
BASE = 491510000000
MARK = 15_000
"""Submits per second to be reached."""


class Server:
    """A Heliograph of its own with an SMPP account and many devices."""

    def __init__(self, database: str, folder: Path, devices: int, *, linked: bool) -> None:
        url = database if database != "sqlite" else str(folder / "heliograph.db")
        self.password = asyncio.run(_prepare(url, folder, devices, linked=linked))
        self.port = _free_port()
        config = folder / "heliograph.toml"
        config.write_text(
            f'data_dir = "{folder}"\ndatabase = "{url}"\n[http]\nlisten = "127.0.0.1:0"\n[smpp]\nlisten = "127.0.0.1:{self.port}"\n'
            '[log]\nlevel = "warning"\n'
        )
        self.process = subprocess.Popen([sys.executable, "-m", "heliograph", "serve", "--config", str(config)])
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.1)
        raise SystemExit("Heliograph did not listen within 20 s")

    def rss_mb(self) -> float:
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    def cpu_s(self) -> float:
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(60)


async def _prepare(url: str, folder: Path, devices: int, *, linked: bool) -> str:
    database = Database(engine_of(url))
    await database.open()
    opened_by = demo.credentials(folder)
    now_ms = SystemClock().now_ms()
    await database.write(demo.ensure, opened_by, demo.hashes_of(opened_by), now_ms)
    await database.write(_make_devices, devices, linked, now_ms)
    await database.close()
    return opened_by.smpp_password


def _make_devices(tx: Transaction, devices: int, linked: bool, now_ms: int) -> None:
    organisation_id = OrganisationId(account.organisations(tx)[0].id)
    policy_id, tariff_id = policy.views(tx, 0)[0].id, policy.tariffs(tx, 0)[0].id
    for number in range(devices):
        new = Device(0, organisation_id, f"meter {number}", "", f"35290600{number:07}", 0, int(DeviceStatus.ENABLED), policy_id, tariff_id)
        device_id = device.insert(tx, new, now_ms)
        card = Sim(
            0, organisation_id, f"8949{number:015}", f"26201{number:010}", str(BASE + number), int(SimStatus.ACTIVATED), device_id,
            None, None, now_ms,
        )  # fmt: skip
        sim.insert(tx, card, now_ms)
        sim.update(tx, card)
        sim.replace_numbers(tx, card, ())
    if not linked:
        for each in link.views(tx):
            link.set_disabled(tx, each.id, now_ms)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def run_once(server: Server, options: argparse.Namespace, rate: float) -> dict[str, Any]:
    """One timed run."""
    cpu = server.cpu_s()
    load = subprocess.run(
        [
            sys.executable, str(KIT / "esme_load.py"), "--port", str(server.port), "--system-id", "org_1", "--password", server.password,
            "--base", str(BASE), "--devices", str(options.devices), "--binds", str(options.binds), "--window", str(options.window),
            "--rate", str(rate), "--seconds", str(options.seconds), "--registered", str(options.registered),
        ],
        stdout=subprocess.PIPE, check=True,
    )  # fmt: skip
    sent = json.loads(load.stdout)
    return {**sent, "cpu_us": round((server.cpu_s() - cpu) / max(1, sent["sent"]) * 1e6, 1), "rss_mb": round(server.rss_mb(), 1)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", default="sqlite", help="sqlite, or with --queue a postgresql:// URL of an empty database")
    parser.add_argument("--link", choices=("none", "simulator"), default="none")
    parser.add_argument("--registered", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--devices", type=int, default=2000)
    parser.add_argument("--binds", type=int, default=4)
    parser.add_argument("--window", type=int, default=50)
    parser.add_argument("--queue", action="store_true", help="each run adds to the queue of the one before; else each has a new database")
    options = parser.parse_args()
    if options.queue:
        with _server(options) as server:
            measure(lambda rate: run_once(server, options, rate), options.runs)
    else:
        measure(lambda rate: _alone(options, rate), options.runs)


def measure(run: Callable[[float], dict[str, Any]], runs: int) -> None:
    """Full runs, then one at half of the mark and one at half of what was reached."""
    found = []
    for _ in range(runs):
        found.append(run(0))
        print(json.dumps(found[-1]), flush=True)
    full = statistics.median(each["rate"] for each in found)
    print(f"median of {runs}: {full:.0f} submit_sm/s, {statistics.median(each['cpu_us'] for each in found)} us of CPU each")
    for of, rate in (("the mark", MARK / 2), ("what was reached", full / 2)):
        half = run(rate)
        print(json.dumps(half), flush=True)
        print(f"at half of {of}, {rate:.0f}/s: p50 {half['p50_ms']} ms, p99 {half['p99_ms']} ms; memory {half['rss_mb']} MB")


def _alone(options: argparse.Namespace, rate: float) -> dict[str, Any]:
    with _server(options) as server:
        return run_once(server, options, rate)


@contextmanager
def _server(options: argparse.Namespace) -> Iterator[Server]:
    with tempfile.TemporaryDirectory() as folder:
        server = Server(options.database, Path(folder), options.devices, linked=options.link != "none")
        try:
            yield server
        finally:
            server.stop()


if __name__ == "__main__":
    main()
