"""A PostgreSQL server of the tests' own: made, started, stopped and removed with the test session. It never touches another server.

It listens on a unix socket and a port of 127.0.0.1, in a directory of its own. PostgreSQL refuses to run as root, so a session of root
(a container, a build machine) runs it as the user `postgres`, or `nobody` where there is none.
`POSTGRES_FSYNC=off` in the environment makes it faster and forgetful; by default it is as durable as in production.
"""

import contextlib
import ctypes
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psycopg

from tests.ports import port_to_keep
from tests.waits import PATIENCE_S

OLDEST = 15
USER = "heliograph"
START_LIMIT_S = 30
SETTINGS = {
    "fsync": os.environ.get("POSTGRES_FSYNC", "on"),
    "listen_addresses": "127.0.0.1",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "timezone": "Etc/GMT-3",  # a server that is not on UTC: whoever relies on its zone is found out
}


def postgres_binaries() -> Path | None:
    """The directory of the newest installed PostgreSQL that is new enough, or None."""
    places = [*os.environ.get("PATH", "").split(os.pathsep), *map(str, Path("/usr/lib/postgresql").glob("*/bin"))]
    servers = [Path(server).resolve().parent for place in places if (server := shutil.which("postgres", path=place))]
    found = {place for place in servers if shutil.which("initdb", path=str(place))}
    newest = max(((_version(place), place) for place in found), default=None)
    return newest[1] if newest and newest[0] >= OLDEST else None


def _version(binaries: Path) -> int:
    said = subprocess.run(
        [binaries / "postgres", "--version"], capture_output=True, text=True, check=True
    ).stdout  # postgres (PostgreSQL) 15.7
    return int(said.split(")")[1].strip().split(".")[0].rstrip("abcdefghijklmnopqrstuvwxyz"))


class PostgresServer:
    """A running server; `url` leads to its administrative database."""

    def __init__(self, binaries: Path) -> None:
        self._binaries = binaries
        self._account = _account()
        self._directory = Path(tempfile.mkdtemp(prefix="heliograph-pg-", dir=_short_folder()))
        self._numbers = itertools.count(1)
        self._templates: dict[Callable[[str], object], str] = {}
        if self._account:
            os.chown(self._directory, *self._account)
        self._run("initdb", "-D", "data", "-U", USER, "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions")
        for _ in range(3):  # somebody else may take the free port first
            self.port = port_to_keep()
            self._process = self._start()
            if self._is_ready():
                return
        said = (self._directory / "log").read_text()
        self.stop()
        raise RuntimeError(f"PostgreSQL did not start:\n{said}")

    @property
    def url(self) -> str:
        return self._url_of("postgres")

    def new_database(self, prepare: Callable[[str], object] | None = None) -> str:
        """The URL of a new database: empty, or as `prepare(url)` leaves one (it runs once a session, all others are copies)."""
        template = "template1" if prepare is None else self._template(prepare)
        name = f"test_{next(self._numbers)}"
        self._execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self._url_of(name)

    def drop_database(self, url: str) -> None:
        """Remove it, connected clients or not."""
        self._execute(f"DROP DATABASE IF EXISTS {url.rpartition('/')[2]} WITH (FORCE)")

    def kill(self) -> None:
        """End the server as a power loss would: all its processes at once, nothing flushed. Its children, which are not in its process
        group, would else answer for some moments more."""
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()
        os.killpg(self._process.pid, signal.SIGKILL)
        for pid in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
        self._process.wait(PATIENCE_S)

    def restart(self) -> None:
        """Start it again on the same port, with the data it had committed.

        After a kill the last of its children may still hold the shared memory, and it is tried again."""
        give_up_at = time.monotonic() + START_LIMIT_S
        while time.monotonic() < give_up_at:
            (self._directory / "data/postmaster.pid").unlink(missing_ok=True)
            self._process = self._start()
            if self._is_ready():
                return
            time.sleep(0.2)
        raise RuntimeError("PostgreSQL did not start again:\n" + (self._directory / "log").read_text())

    def stop(self) -> None:
        self._process.send_signal(signal.SIGINT)  # fast shutdown: clients are disconnected
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()
        shutil.rmtree(self._directory, ignore_errors=True)

    def _template(self, prepare: Callable[[str], object]) -> str:
        if prepare not in self._templates:
            name = f"template_{next(self._numbers)}"
            self._execute(f"CREATE DATABASE {name}")
            prepare(self._url_of(name))
            self._templates[prepare] = name
        return self._templates[prepare]

    def _url_of(self, database: str) -> str:
        return f"postgresql://{USER}@127.0.0.1:{self.port}/{database}"

    def _execute(self, statement: str) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(statement.encode())

    def _run(self, program: str, *arguments: str) -> None:
        user, group = self._account or (None, None)
        done = subprocess.run(
            [self._binaries / program, *arguments],
            cwd=self._directory,
            user=user,
            group=group,
            extra_groups=None if user is None else [],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{program} failed:\n{done.stdout}{done.stderr}")

    def _start(self) -> subprocess.Popen[bytes]:
        user, group = self._account or (None, None)
        settings = [f"--{name}={value}" for name, value in SETTINGS.items()]
        with (self._directory / "log").open("ab") as log:
            return subprocess.Popen(
                [self._binaries / "postgres", "-D", "data", "-k", self._directory, "-p", str(self.port), *settings],
                cwd=self._directory,
                user=user,
                group=group,
                extra_groups=None if user is None else [],
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=_stop_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509 (calls one system function, takes no lock)
            )

    def _is_ready(self) -> bool:
        give_up_at = time.monotonic() + START_LIMIT_S
        while self._process.poll() is None and time.monotonic() < give_up_at:
            with contextlib.suppress(psycopg.OperationalError), psycopg.connect(self.url, connect_timeout=5):
                return True
            time.sleep(0.05)
        return False


def _short_folder() -> str:
    """Where temporary files go, or /tmp: the path of a socket has at most 107 octets."""
    folder = tempfile.gettempdir()
    return folder if len(folder) <= 40 else "/tmp"


def _account() -> tuple[int, int] | None:
    """Whom to run the server as: None stands for ourselves."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)[2:4]
    raise RuntimeError("PostgreSQL does not run as root, and there is neither a user postgres nor a user nobody")


_LIBC = ctypes.CDLL(None)


def _stop_with_parent() -> None:
    """In the child: have the kernel send SIGINT when the test session dies without stopping us (PR_SET_PDEATHSIG)."""
    _LIBC.prctl(1, signal.SIGINT)
