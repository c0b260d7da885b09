"""The program as its user runs it: a subprocess, spoken to over HTTP.

with Program("try", "--http", "127.0.0.1:0", "--json") as program:
    api = Api(program.ready["api_url"], program.ready["application_token"])
"""

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import requests

from tests.waits import join, kill

START_S = 60.0
REPLY_S = 30.0
END_S = 5.0


class Program:
    """A running `heliograph`. Standard error is kept in `log`, standard output in `lines`."""

    def __init__(self, *arguments: str, environ: dict[str, str] | None = None, wait_for_line: bool = True, cwd: Path | None = None) -> None:
        self.arguments = arguments
        self._environ = {name: value for name, value in os.environ.items() if not name.startswith("HELIOGRAPH_")} | (environ or {})
        self._wait_for_line = wait_for_line
        self._cwd = cwd
        self.lines: queue.Queue[str] = queue.Queue()
        self.log: list[str] = []
        self.ready: dict[str, Any] = {}

    def __enter__(self) -> Self:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "heliograph", *self.arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
            env=self._environ,
            cwd=self._cwd,
        )
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        self._readers = [
            threading.Thread(target=_read, args=(self.process.stdout, self.lines.put), daemon=True),
            threading.Thread(target=_read, args=(self.process.stderr, self.log.append), daemon=True),
        ]
        for reader in self._readers:
            reader.start()
        if self._wait_for_line:
            try:
                self.ready = json.loads(self.lines.get(timeout=START_S))
            except queue.Empty:
                self.kill()
                raise AssertionError(f"not ready within {START_S} s:\n{self.said}") from None
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.kill()
        if kind is not None:
            print(self.said)  # noqa: T201 (shown by pytest with the failure)

    @property
    def said(self) -> str:
        """Its standard error so far."""
        return "".join(self.log)

    @property
    def url(self) -> str | None:
        """Where `serve` says that it listens; None before it does."""
        return next((str(json.loads(line)["listen"]) for line in list(self.log) if '"ready"' in line), None)

    def wait_until_ready(self) -> str:
        """The URL of `serve`, once it answers there."""
        self.wait_until_said('"ready"')
        assert self.url is not None
        return self.url

    def wait_until_said(self, text: str) -> None:
        """Return once standard error holds `text`."""
        until = time.monotonic() + START_S
        while text not in self.said:
            if time.monotonic() > until or self.process.poll() is not None:
                raise AssertionError(f"never said {text!r}:\n{self.said}")
            time.sleep(0.02)

    def end(self, number: int = signal.SIGTERM) -> tuple[int, float]:
        """Send a signal; the exit code, and how many seconds it took, of those that this machine had for us."""
        began = time.monotonic()
        self.process.send_signal(number)
        code = self.process.wait(timeout=100)
        took_s = time.monotonic() - began
        self._finish()
        return code, took_s / slowness()

    def wait(self) -> int:
        """The exit code of a program that ends by itself."""
        code = self.process.wait(timeout=START_S)
        self._finish()
        return code

    def kill(self) -> None:
        """As a power cut would."""
        kill(self.process)
        self._finish()

    def _finish(self) -> None:
        for reader in self._readers:
            join(reader, "what it says, which a process of its own may hold open")
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()


class Api:
    """The REST API as a client with an application token uses it."""

    def __init__(self, url: str, application_token: str) -> None:
        self.url = url
        self._session = requests.Session()
        answered = self._session.post(f"{url}/v1/authenticate", json={"application_token": application_token}, timeout=REPLY_S)
        answered.raise_for_status()
        self._session.headers["Authorization"] = f"Bearer {answered.json()['auth_token']}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    @property
    def authorization(self) -> dict[str, str]:
        return {"Authorization": str(self._session.headers["Authorization"])}

    def get(self, path: str) -> Any:
        answered = self._session.get(f"{self.url}/v1{path}", timeout=REPLY_S)
        answered.raise_for_status()
        return answered.json()

    def post(self, path: str, body: dict[str, Any]) -> requests.Response:
        return self._session.post(f"{self.url}/v1{path}", json=body, timeout=REPLY_S)

    def delete(self, path: str) -> requests.Response:
        return self._session.delete(f"{self.url}/v1{path}", timeout=REPLY_S)

    def send(self, device_id: int, text: str, **fields: Any) -> int:
        """Send an MT; its id."""
        answered = self.post(f"/endpoint/{device_id}/sms", {"source_address": "1000", "payload": text} | fields)
        assert answered.status_code == 201, answered.text
        return int(answered.headers["Location"].rsplit("/", 1)[1])

    @contextlib.contextmanager
    def events(self, after: int | None = None) -> Iterator[Iterator[dict[str, Any]]]:
        """The event stream, behind a number or from now on: the data of each event. Raises TimeoutError after 30 s without a line."""
        headers = {} if after is None else {"Last-Event-ID": str(after)}
        answered = self._session.get(f"{self.url}/v1/event-stream", headers=headers, stream=True, timeout=START_S)
        answered.raise_for_status()
        lines = answered.iter_lines(chunk_size=1, decode_unicode=True)
        assert next(lines) == "retry: 2000"
        yield (json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: "))
        answered.close()

    def messages(self, device_id: int) -> list[dict[str, Any]]:
        """The messages of a device, newest first."""
        found: list[dict[str, Any]] = self.get(f"/endpoint/{device_id}/sms")
        return found

    def status(self, device_id: int, message_id: int) -> str:
        """The state of a message, in the words of the wire."""
        found: str = self.get(f"/endpoint/{device_id}/sms/{message_id}")["status"]["description"]
        return found

    def wait_for(self, device_id: int, message_id: int, status: str, within_s: float = 45.0) -> None:
        wait_until(lambda: self.status(device_id, message_id) == status, f"{status} of {message_id}", within_s)


def wait_until(condition: Callable[[], bool], why: str, within_s: float = 45.0) -> None:
    until = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > until:
            raise AssertionError(f"not within {within_s} s: {why}")
        time.sleep(0.05)


def slowness() -> float:
    """How many times longer work takes now than with a processor for itself: 1 on an idle machine."""
    began, cpu_began = time.monotonic(), time.process_time()
    while time.process_time() - cpu_began < 0.1:
        pass
    return max(1.0, (time.monotonic() - began) / (time.process_time() - cpu_began))


def _read(stream: Any, keep: Callable[[str], object]) -> None:
    with contextlib.suppress(ValueError):
        for line in stream:
            keep(line)


def try_arguments(data: Path | None = None) -> tuple[str, ...]:
    """`try` on free ports."""
    return ("try", "--http", "127.0.0.1:0", "--smpp", "127.0.0.1:0", "--json", *(("--data", str(data)) if data else ()))
