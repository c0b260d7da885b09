"""The operating system's side of a daemon: event loop, signals, garbage collector, the lock on the data, what is said when it fails."""

import asyncio
import faulthandler
import fcntl
import gc
import os
import resource
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import uvloop

from heliograph import log
from heliograph.config import Config
from heliograph.daemon.composition import Daemon
from heliograph.daemon.server import ListenError
from heliograph.daemon.storage import DATABASE_ERRORS, unreachable
from heliograph.daemon.tls import CertificateError
from heliograph.store.engine import EngineTooOld
from heliograph.store.migrate import SchemaTooNew

SWITCH_INTERVAL_S: Final = 0.0001
"""The event loop and the database's writer hand the interpreter to each other; with Python's 5 ms one waits for the other's slice."""
FILES: Final = 65_536
LOCK_NAME: Final = "heliograph.lock"

_log = log.get("daemon")


class StartError(Exception):
    """The daemon cannot start; the text says what to do."""


EXPECTED: Final = (StartError, ListenError, CertificateError, SchemaTooNew, EngineTooOld, *DATABASE_ERRORS)
"""What an operator can mend: told in one line, without a trace."""


def run(config: Config, make: Callable[[], Daemon]) -> int:
    """Run a daemon until a signal ends it, and return the exit code: 0, or 1 where it could not start or failed."""
    log.configure(config.log.level, config.log.format)
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    _raise_file_limit()
    os.umask(0o077)  # the database holds messages and secrets: readable by its owner only
    try:
        with _locked(config), asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_run(make))
    except EXPECTED as error:
        _tell(config, error)
        return 1
    except BaseExceptionGroup as errors:
        expected, others = errors.split(EXPECTED)
        for leaf in _leaves(expected):
            _tell(config, leaf)
        if others is not None:
            _log.critical("the daemon failed", exc_info=others)
        return 1
    return 0


def _tell(config: Config, error: BaseException) -> None:
    text = unreachable(config, error) if isinstance(error, DATABASE_ERRORS) else str(error)
    print(f"heliograph: {text}", file=sys.stderr)  # noqa: T201


def _raise_file_limit() -> None:
    """Every connection and delivery needs a descriptor; the usual soft limit of 1,024 is meant for programs that use select()."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def settle_memory() -> None:
    """Once all is loaded: take what will live as long as the process out of the garbage collector's sight, and have it look seldom.

    20,000 messages submitted and delivered: 5,400/s without, 6,000/s with the first. REST to webhook, 342 us of CPU a message with
    Python's thresholds (700, 10, 10), 320 with these; 4 MB more."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 50, 100)


def end_within(seconds: float) -> None:
    """End the process after that time, if it has not ended by then, with 1, saying on standard error what each thread is at. A process that
    neither serves nor ends is the worst there is: nobody starts it again. What it does not finish is found by the next, as after a kill."""
    faulthandler.dump_traceback_later(seconds, exit=True)


async def _run(make: Callable[[], Daemon]) -> None:
    daemon = make()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, daemon.stop)
    loop.add_signal_handler(signal.SIGHUP, daemon.reload)
    loop.set_exception_handler(lambda _, context: _on_loop_error(daemon, context))
    await daemon.run()


def _on_loop_error(daemon: Daemon, context: dict[str, Any]) -> None:
    """A callback that failed is a bug nobody awaits, so it ends the daemon. What a connection's protocol raised closed that connection."""
    error = context.get("exception")
    _log.error("the event loop met an error", what=context.get("message"), exc_info=error)
    if isinstance(error, BaseException) and "handle" in context:
        daemon.crash(error)


@contextmanager
def _locked(config: Config) -> Iterator[None]:
    """Hold the data directory, so that no two daemons use one SQLite file. The operating system frees it, however the process ends."""
    if config.sqlite_path is None:
        yield
        return
    path = config.data_dir / LOCK_NAME
    try:
        config.sqlite_path.parent.mkdir(parents=True, exist_ok=True)
        config.data_dir.mkdir(parents=True, exist_ok=True)
        held = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StartError(f"cannot write to {Path(error.filename or path)}: {error.strerror}") from error
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(held)
        raise StartError(f"another heliograph uses {config.data_dir}: stop it first, or choose another data directory") from None
    try:
        yield
    finally:
        os.close(held)


def _leaves(group: BaseExceptionGroup[BaseException] | None) -> list[BaseException]:
    if group is None:
        return []
    return [leaf for each in group.exceptions for leaf in (_leaves(each) if isinstance(each, BaseExceptionGroup) else [each])]
