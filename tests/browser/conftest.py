"""One `heliograph try` for all browser tests of a process, one Chromium for those of a file."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.browser.browser import Browser
from tests.browser.receiver import Receiver
from tests.browser.world import PASSWORD, World
from tests.flows.program import Program, try_arguments

AXE = Path(__file__).parents[1] / "peers" / "node" / "node_modules" / "axe-core" / "axe.min.js"
CHROMIUM = "chromium"


@pytest.fixture(scope="session")
def world() -> Iterator[World]:
    with Program(*try_arguments()) as program:
        world = World(program)
        yield world
        world.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Ends with its file: while Playwright runs, its event loop is this thread's, and no other test may have one of its own. Skips by
    name where there is no Chromium."""
    found = shutil.which(CHROMIUM)
    if found is None:
        pytest.skip(f"not installed: {CHROMIUM}")
    with Browser(found) as browser:
        yield browser


@pytest.fixture(scope="session")
def axe() -> str:
    """The source of axe; skips by name where it is not installed."""
    if not AXE.exists():
        pytest.skip("not installed: axe-core (npm install in tests/peers/node, or make setup-test)")
    return AXE.read_text(encoding="utf-8")


@pytest.fixture
def sign_in(world: World, browser: Browser) -> Iterator[Callable[..., Browser.Tab]]:
    """Open a tab, signed in: `sign_in("many")` as the Administrator of that organisation, `sign_in("many", observer=True)`,
    `sign_in("operator")`. Each is closed at the end, when what it must never meet (a refused load, a call elsewhere) is asked for."""
    opened: list[Browser.Tab] = []

    def open_tab(who: str, *, observer: bool = False, **options: object) -> Browser.Tab:
        if who == "operator":
            email, password = world.operator["email"], world.operator["password"]
        else:
            tenant = world.tenants[who]
            email, password = tenant.observer if observer else tenant.email, PASSWORD
        tab = browser.tab(world.url, email, password, **options)
        opened.append(tab)
        return tab

    yield open_tab
    for tab in opened:
        tab.close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()
