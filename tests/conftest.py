"""What all tests share: servers, the clock by hand, property profiles, the order of the stages and what is said at the end."""

import faulthandler
import os
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import hypothesis
import pytest

from tests.manual_clock import TestClock
from tests.postgres_server import OLDEST, PostgresServer, postgres_binaries

HERE = Path(__file__).parent

os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # some hundred commands and daemons are started: a third of that would be compiling

# What is killed here is a process, never the machine, so files need no disk: thousands of commits then wait for none (a third of the time
# on a quiet machine, three quarters on a busy one). With TMPDIR set they are where it says.
MEMORY = Path("/dev/shm")
ROOM_OCTETS = 4 << 30
"""A run fills about 1.5 GB."""
if "TMPDIR" not in os.environ and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free >= ROOM_OCTETS:
    os.environ["TMPDIR"] = tempfile.tempdir = str(MEMORY)

# Directories in the order they run: what others stand on comes first, so the first failure is the one to read. Where two files run at
# once it is the other way round: the long files are in the last stages, and one that began last would run alone.
STAGES = (
    "house",
    "floor0",
    "gsm",
    "smpp",
    "at",
    "model",
    "store",
    "contract",
    "service",
    "links",
    "webhooks",
    "smppd",
    "web",
    "cli",
    "flows",
    "peers",
    "browser",
    "zapier",
    "fuzz",
)
# Their tests need a server, a whole daemon or somebody else's program: not in `make check`.
SLOW_STAGES = ("contract", "flows", "peers", "browser", "zapier", "fuzz")
# Or they ask or kill a program, walk through all that is kept, or keep a thousand connections: seconds each, where others take a hundredth.
SLOW_FILES = (
    "cli/test_backup.py",
    "gsm/test_against_tshark.py",
    "links/test_smpp_correlation.py",
    "links/test_smpp_flows.py",
    "service/test_accounts.py",
    "service/test_webhook_engine.py",
    "smpp/test_against_tshark.py",
    "smppd/test_courier.py",
    "smppd/test_faults.py",
    "smppd/test_server.py",
    "store/test_copy.py",
    "webhooks/test_process.py",
)
SLOW_FIXTURES = {"postgres_server", "site"}
"""A server, and the whole API over a database of its own."""

STUCK_S = 60.0
"""So long after its timeout a test that has not ended will not."""
STDERR = pytest.StashKey[int]()
"""Where the process says what is said of it, while what tests print is captured."""

# Default: the same examples at every run, so that no change is failed by somebody else's luck. `check` (make check): few of them. `long`
# (make test-long): random, many.
hypothesis.settings.register_profile("default", derandomize=True, database=None, deadline=None, max_examples=100)
hypothesis.settings.register_profile("check", derandomize=True, database=None, deadline=None, max_examples=20)
hypothesis.settings.register_profile("long", deadline=None, max_examples=5000, print_blob=True)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


@pytest.fixture
def clock() -> TestClock:
    """A clock that moves only when told."""
    return TestClock()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """The session's PostgreSQL; skips where none is installed."""
    binaries = postgres_binaries()
    if binaries is None:
        pytest.skip(f"PostgreSQL {OLDEST} or later is not installed (initdb and postgres in PATH or /usr/lib/postgresql)")
    server = PostgresServer(binaries)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def postgres_url(postgres_server: PostgresServer) -> str:
    """The administrative database of the session's PostgreSQL. Tests take one of their own: `new_postgres_database`."""
    return postgres_server.url


@pytest.fixture
def new_postgres_database(postgres_server: PostgresServer) -> Iterator[Callable[..., str]]:
    """Make databases that are gone after the test: `new_postgres_database()` is the URL of an empty one, with `prepare` of one as
    `prepare(url)` left it."""
    made: list[str] = []

    def new(prepare: Callable[[str], object] | None = None) -> str:
        made.append(postgres_server.new_database(prepare))
        return made[-1]

    yield new
    for url in made:
        postgres_server.drop_database(url)


def stage_of(path: Path) -> str:
    return path.relative_to(HERE).parts[0] if path.is_relative_to(HERE) else ""


def is_slow(path: Path) -> bool:
    """Whether no test of this file is in `make check`."""
    return stage_of(path) in SLOW_STAGES or path.as_posix().endswith(SLOW_FILES)


def pytest_configure(config: pytest.Config) -> None:
    config.stash[STDERR] = os.dup(2)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """`-m fast` does not import what it would deselect whole: a browser, an API's tester, somebody else's SMPP."""
    return True if config.option.markexpr == "fast" and is_slow(collection_path) else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: STAGES.index(stage) if (stage := stage_of(item.path)) in STAGES else len(STAGES))
    if "PYTEST_XDIST_WORKER" in os.environ:
        files = {path: number for number, path in enumerate(reversed(dict.fromkeys(item.path for item in items)))}
        items.sort(key=lambda item: files[item.path])
    for item in items:
        if not is_slow(item.path) and SLOW_FIXTURES.isdisjoint(getattr(item, "fixturenames", ())):
            item.add_marker("fast")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, object, object]:
    with ended_if_stuck(item):
        for marker in item.iter_markers("needs"):
            missing = [program for program in marker.args if shutil.which(program) is None]
            if missing:
                pytest.skip(f"not installed: {', '.join(missing)}")
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    with ended_if_stuck(item):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, object, object]:
    with ended_if_stuck(item):
        return (yield)


@contextmanager
def ended_if_stuck(item: pytest.Item) -> Iterator[None]:
    """The signal of a test's timeout raises wherever the main thread is: a task that nobody asks may swallow it, and what is cleaned up
    after it may wait for ever. So a while later the process ends, with what each thread did; xdist names the test and goes on."""
    marker = item.get_closest_marker("timeout")
    timeout_s = float(marker.args[0] if marker else item.config.getini("timeout"))
    faulthandler.dump_traceback_later(timeout_s + STUCK_S, exit=True, file=item.config.stash[STDERR])
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Where everything can be had (NO_SKIPS=1: the build machine), a skipped test is a failure. Asked where all reports come together."""
    if os.environ.get("NO_SKIPS") and _skipped(session.config) and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    seconds: dict[str, float] = defaultdict(float)
    tests: dict[str, int] = defaultdict(int)
    for report in (report for reports in terminalreporter.stats.values() for report in reports if isinstance(report, pytest.TestReport)):
        stage = stage_of(HERE.parent / report.nodeid.partition("::")[0])
        seconds[stage] += report.duration
        tests[stage] += report.when == "call"
    if seconds:
        terminalreporter.section("stages")
        for stage in sorted(seconds, key=lambda name: STAGES.index(name) if name in STAGES else len(STAGES)):
            terminalreporter.write_line(f"{stage:12}{tests[stage]:6} tests{seconds[stage]:9.2f} s")
    if os.environ.get("NO_SKIPS") and (skipped := _skipped(config)):
        terminalreporter.section(f"NO_SKIPS is set and {len(skipped)} skipped: this fails the run", red=True)
        for report in skipped:
            terminalreporter.write_line(f"{report.nodeid}: {report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr}")


def _skipped(config: pytest.Config) -> list[pytest.TestReport]:
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    return list(reporter.stats.get("skipped", ())) if reporter else []
