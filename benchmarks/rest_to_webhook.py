"""REST to simulator to receipt to webhook, durable: messages per second, latency of acceptance, backlog, memory.

    .venv/bin/python benchmarks/rest_to_webhook.py --database sqlite
    .venv/bin/python benchmarks/rest_to_webhook.py --database postgresql://user@host/empty_database

Load, receiver and Heliograph share the machine. Each run sends for `--seconds` to `--devices` devices that answer at once, and ends when
the webhook of the last message has arrived. Run it on a machine that does nothing else; quote medians.
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
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from heliograph.clock import SystemClock
from heliograph.daemon import demo
from heliograph.store.database import Database, engine_of

KIT = Path(__file__).parent / "kit"
PROGRAM = [sys.executable, "-m", "heliograph"]
MARKS = {"sqlite": 3000, "postgresql": 2500}
"""Messages per second to be reached."""


class Server:
    """A Heliograph of its own, with a policy that reports to the sink and `devices` simulated devices."""

    def __init__(self, database: str, folder: Path, devices: int, sink: int) -> None:
        self.url, self.token = "", ""
        self.process = self._serve(database, folder, sink)
        try:
            self._authenticate(folder)
            self.devices = self._make_devices(devices, sink)
        except BaseException:
            self.stop()
            raise

    def call(self, method: str, path: str, body: object = None) -> tuple[Any, Any]:
        request = urllib.request.Request(f"{self.url}{path}", method=method)
        request.add_header("Content-Type", "application/json")
        if self.token:
            request.add_header("Authorization", f"Bearer {self.token}")
        with urllib.request.urlopen(request, json.dumps(body).encode() if body is not None else None) as answer:
            text = answer.read()
            return answer.headers, json.loads(text) if text else None

    def memory_mb(self) -> float:
        """Of the daemon and the process that calls its webhooks, what they share counted once (the kernel's Pss)."""
        rolled_up = [Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines() for pid in self._pids()]
        return sum(int(line.split()[1]) for lines in rolled_up for line in lines if line.startswith("Pss:")) * 1024 / 1e6

    def cpu_s(self) -> float:
        """Of the daemon and the process that calls its webhooks."""
        stats = [Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split() for pid in self._pids()]
        return sum(int(fields[11]) + int(fields[12]) for fields in stats) / os.sysconf("SC_CLK_TCK")

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(40)

    def _pids(self) -> list[int]:
        pid = self.process.pid
        return [pid, *map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]

    def _serve(self, database: str, folder: Path, sink: int) -> subprocess.Popen[bytes]:
        url = database if database != "sqlite" else str(folder / "heliograph.db")
        asyncio.run(_prepare(url, folder))
        port = _free_port()
        config = folder / "heliograph.toml"
        config.write_text(
            f'data_dir = "{folder}"\ndatabase = "{url}"\n[http]\nlisten = "127.0.0.1:{port}"\n'
            f'[webhooks]\negress_allow = ["127.0.0.0/8"]\nports = [{sink}]\n[log]\nlevel = "warning"\n'
        )
        self.url = f"http://127.0.0.1:{port}/api"
        return subprocess.Popen([*PROGRAM, "serve", "--config", str(config)])

    def _authenticate(self, folder: Path) -> None:
        token = json.loads((folder / "try.json").read_text())["application_token"]
        for _ in range(200):
            try:
                self.token = self.call("POST", "/v1/authenticate", {"application_token": token})[1]["auth_token"]
                return
            except urllib.error.URLError:
                time.sleep(0.1)
        raise SystemExit("Heliograph did not answer within 20 s")

    def _make_devices(self, devices: int, sink: int) -> list[int]:
        callback = {"url": f"http://127.0.0.1:{sink}/hook", "purpose": "benchmark"}
        callback_id = int(self.call("POST", "/v1/api_callback", callback)[0]["Location"].split("/")[-1])
        policy = self.call("GET", "/v1/service_profile")[1][0]["id"]
        self.call("PATCH", f"/v1/service_profile/{policy}", {"api_callback": {"id": callback_id}})
        tariff = self.call("GET", "/v1/tariff_profile")[1][0]["id"]
        sims = [{"iccid": f"8949{n:015}", "msisdn": f"49151{n:09}", "imsi": f"26201{n:010}", "status": {"id": 1}} for n in range(devices)]
        self.call("POST", "/v1/sim", sims)
        made = {sim["iccid"]: sim["id"] for page in self._pages("/v1/sim") for sim in page}
        ids = []
        for sim in sims:
            body = {
                "name": f"meter {sim['iccid']}", "status": {"id": 0}, "service_profile": {"id": policy}, "tariff_profile": {"id": tariff},
                "sim": {"id": made[sim["iccid"]], "activate": True},
            }  # fmt: skip
            ids.append(int(self.call("POST", "/v1/endpoint", body)[0]["Location"].split("/")[-1]))
        return ids

    def _pages(self, path: str) -> Any:
        page, pages = 1, 1
        while page <= pages:
            headers, found = self.call("GET", f"{path}?page={page}")
            pages = int(headers["X-Total-Pages"])
            page += 1
            yield found


async def _prepare(url: str, folder: Path) -> None:
    """The demo world in whatever database, with a token to use it."""
    database = Database(engine_of(url))
    await database.open()
    opened_by = demo.credentials(folder)
    now_ms = SystemClock().now_ms()
    await database.write(demo.ensure, opened_by, demo.hashes_of(opened_by), now_ms)
    await database.close()


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def run_once(server: Server, sink: int, options: argparse.Namespace, rate: float) -> dict[str, Any]:
    """One timed run; waits until every webhook has arrived."""
    stats = f"http://127.0.0.1:{sink}"
    urllib.request.urlopen(urllib.request.Request(f"{stats}/reset", method="POST")).read()
    cpu = server.cpu_s()
    load = subprocess.Popen(
        [
            sys.executable, str(KIT / "http_load.py"), "--url", server.url, "--token", server.token, "--seconds", str(options.seconds),
            "--devices", ",".join(map(str, server.devices)), "--connections", str(options.connections), "--rate", str(rate),
        ],
        stdout=subprocess.PIPE,
    )  # fmt: skip
    calls, memory = [], 0.0
    while load.poll() is None:
        time.sleep(1)
        calls.append(_stats(stats)["calls"])
        memory = max(memory, server.memory_mb())
    sent = json.loads(load.stdout.read())  # type: ignore[union-attr]
    deadline = time.monotonic() + 60
    while _stats(stats)["distinct"] < sent["accepted"] and time.monotonic() < deadline:
        time.sleep(0.1)
    seen = _stats(stats)
    return {
        **sent,
        "delivered": seen["distinct"],
        "duplicates": seen["calls"] - seen["distinct"],
        "end_to_end_rate": round(seen["distinct"] / (seen["last"] - sent["started"]), 1),
        "lag_s": round(seen["last"] - sent["started"] - options.seconds, 2),
        "rate_halves": [
            round(calls[len(calls) // 2] / (len(calls) // 2 + 1)),
            round((calls[-1] - calls[len(calls) // 2]) / (len(calls) - len(calls) // 2 - 1)),
        ],
        "memory_mb": round(memory, 1),
        "cpu_us_per_message": round((server.cpu_s() - cpu) / max(1, sent["accepted"]) * 1e6, 1),
    }


def _stats(url: str) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(urllib.request.urlopen(f"{url}/stats").read())
    return answer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", default="sqlite", help="sqlite, or a postgresql:// URL of an empty database")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--devices", type=int, default=2000)
    parser.add_argument("--connections", type=int, default=32)
    options = parser.parse_args()
    sink = subprocess.Popen([sys.executable, str(KIT / "hook_sink.py")], stdout=subprocess.PIPE, text=True)
    try:
        port = int(sink.stdout.readline())  # type: ignore[union-attr]
        with tempfile.TemporaryDirectory() as folder:
            server = Server(options.database, Path(folder), options.devices, port)
            try:
                measure(server, port, options)
            finally:
                server.stop()
    finally:
        sink.terminate()


def measure(server: Server, sink: int, options: argparse.Namespace) -> None:
    """Runs at full rate, then one at half of the mark and one at half of what was reached."""
    runs = []
    for _ in range(options.runs):
        runs.append(run_once(server, sink, options, rate=0))
        print(json.dumps(runs[-1]), flush=True)
    full = statistics.median(run["end_to_end_rate"] for run in runs)
    print(f"median of {options.runs}: {full:.0f} messages/s, REST to webhook", flush=True)
    mark = MARKS["sqlite" if options.database == "sqlite" else "postgresql"]
    for of, rate in (("the mark", mark / 2), ("what was reached", full / 2)):
        runs.append(run_once(server, sink, options, rate))
        print(json.dumps(runs[-1]))
        print(f"at half of {of}, {rate:.0f}/s: accept p50 {runs[-1]['p50_ms']} ms, p99 {runs[-1]['p99_ms']} ms", flush=True)
    print(f"memory at most {max(run['memory_mb'] for run in runs)} MB")


if __name__ == "__main__":
    main()
