"""Kannel as a peer: its bearerbox and smsbox with docs/examples/kannel.conf, and an application behind them that is told by GET."""

import shutil
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final, Self
from urllib.parse import parse_qsl, urlencode, urlsplit

import requests

from tests.flows.program import wait_until
from tests.ports import port_to_keep

CONF: Final = Path(__file__).parents[2] / "docs/examples/kannel.conf"
PROGRAMS: Final = ("bearerbox", "smsbox")
DELIVERED, FAILED, BUFFERED, SUBMITTED, REJECTED = "1", "2", "4", "8", "16"
"""%d of a dlr-url: bits of dlr-mask."""
ALL: Final = 31

Settings = Mapping[str, object]


class _Handler(BaseHTTPRequestHandler):
    application: "Application"

    def do_GET(self) -> None:
        asked = urlsplit(self.path)
        body = self.application.told(asked.path, dict(parse_qsl(asked.query, keep_blank_values=True))).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class _HTTPServer(ThreadingHTTPServer):
    request_queue_size = 512  # Kannel tells all at once, and again after seconds what was not taken


class Application:
    """What is told of messages and by devices. `answers`: what a device is answered, by what it sent."""

    def __init__(self) -> None:
        self.reports: list[tuple[str, str, str]] = []
        """The tag of a message, %d, and %A, which is the text of a receipt."""
        self.heard: list[tuple[str, str, str]] = []
        """From, to, text."""
        self.answers: dict[str, str] = {}
        self._server = _HTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"application": self}))
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def told(self, path: str, query: dict[str, str]) -> str:
        if path == "/report":
            self.reports.append((query["tag"], query["status"], query["text"]))
            return ""
        self.heard.append((query["from"], query["to"], query["text"]))
        return self.answers.get(query["text"], "")

    def of(self, tag: str) -> list[str]:
        """What was reported of a message so far."""
        return [status for each, status, _ in self.reports if each == tag]

    def end(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class Kannel:
    """Use as a context. `smsc`: settings of its group smsc in place of those of the file, None to leave one out; one dict a group. It waits
    a second wherever the file says more."""

    def __init__(self, folder: Path, application: Application, smpp: Settings, *smsc: Settings) -> None:
        self.folder = folder
        self.application = application
        self._ports = {name: port_to_keep() for name in ("admin-port", "smsbox-port", "sendsms-port")}
        account = {"port": smpp["port"], "smsc-username": smpp["system_id"], "smsc-password": smpp["password"], "reconnect-delay": 1}
        text = CONF.read_text().replace("/var/spool/kannel", str(folder)).replace("/var/log/kannel", str(folder))
        text = text.replace("http://127.0.0.1:9000", f"http://127.0.0.1:{application.port}")
        for name, value in (self._ports | {"sms-resend-freq": 1}).items():
            text = "\n".join(f"{name} = {value}" if line.startswith(f"{name} =") else line for line in text.split("\n"))
        before, link = text.split("group = smsc\n")
        link, after = link.split("\n\n", 1)
        groups = [_of_group(link, {**account, **more}) for more in smsc or ({},)]
        (folder / "kannel.conf").write_text("\n\n".join([before, *groups, after]))
        for name in ("store", "dlr"):
            (folder / name).mkdir()
        self._processes: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.end(signal.SIGKILL)

    def start(self) -> None:
        self._run("bearerbox", lambda: "running" in self.status())
        self._run("smsbox", lambda: _is_open(self._ports["sendsms-port"]))
        wait_until(lambda: "(online" in self.status(), "a bind of Kannel's")

    def end(self, number: signal.Signals) -> None:
        """Send both a signal, and wait for their ends."""
        for process in self._processes:
            process.send_signal(number)
        for process in self._processes:
            process.wait(60)
        self._processes = []

    def status(self) -> str:
        try:
            asked = requests.get(f"http://127.0.0.1:{self._ports['admin-port']}/status.txt", {"password": "CHANGE-ME"}, timeout=10)
        except requests.ConnectionError:
            return ""
        return asked.text

    def send(self, to: str, text: str, tag: str = "", **more: str) -> str:
        """What smsbox says to it."""
        report = urlencode({"tag": tag or text}) + "&status=%d&text=%A"
        fields = {
            "username": "meters", "password": "CHANGE-ME", "from": "1000", "to": to, "text": text, "charset": "UTF-8", "dlr-mask": str(ALL),
            "dlr-url": f"http://127.0.0.1:{self.application.port}/report?{report}",
        }  # fmt: skip
        return requests.get(f"http://127.0.0.1:{self._ports['sendsms-port']}/cgi-bin/sendsms", fields | more, timeout=30).text

    def _run(self, name: str, is_up: Callable[[], bool]) -> None:
        program = shutil.which(name) or f"/usr/sbin/{name}"
        command = [program, "-v", "4", str(self.folder / "kannel.conf")]
        with (self.folder / f"{name}.out").open("ab") as out:
            self._processes.append(subprocess.Popen(command, cwd=self.folder, stdout=out, stderr=out))
        wait_until(is_up, f"the start of {name}")


def _of_group(link: str, settings: Settings) -> str:
    lines = [line for line in link.split("\n") if line.split(" =")[0] not in settings]
    return "\n".join(["group = smsc", *lines, *[f"{name} = {value}" for name, value in settings.items() if value is not None]])


def _is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
