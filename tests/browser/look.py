"""Pictures of pages, to be looked at by a person: python -m tests.browser.look FOLDER WHAT...

WHAT is `WHO:PATH` (`many:/devices/{device}`; WHO: nothing, one or many, an organisation with so many devices; operator; stranger), a path
alone for the operator's, `state:NAME` for a state of `states.py`, or `states` for all of them. Starts a demo world of its own, and fills it
as the tests do.
"""

import re
import shutil
import sys
from pathlib import Path

from tests.browser.browser import LOOKS, Browser
from tests.browser.pages import Seen
from tests.browser.states import STATES
from tests.browser.world import PASSWORD, World
from tests.flows.program import Program, try_arguments


def main(folder: Path, wanted: list[str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    chromium = shutil.which("chromium")
    assert chromium is not None, "not installed: chromium"
    every = [found for what in wanted for found in ([f"state:{name}" for name in STATES] if what == "states" else [what])]
    with Program(*try_arguments()) as program, Browser(chromium) as browser:
        world = World(program)
        for what in every:
            tab = _shown(world, browser, what)
            name = re.sub(r"\W+", "-", what).strip("-")
            for look in LOOKS:
                tab.look(dark=look.dark, narrow=look.narrow)
                shot = folder / f"{name}-{'dark' if look.dark else 'light'}-{'390' if look.narrow else '1280'}.png"
                tab.page.screenshot(path=shot, full_page=True)
                print(shot, tab.overflow() or "")  # noqa: T201
            browser.close_others()
        world.close()


def _shown(world: World, browser: Browser, what: str) -> Browser.Tab:
    who, colon, path = what.partition(":")
    if not colon:
        who, path = "operator", what
    if who == "state":
        return STATES[path](world, browser)
    if who == "stranger":
        tab = browser.stranger(world.url)
    elif who == "operator":
        tab = browser.tab(world.url, world.operator["email"], world.operator["password"])
    else:
        tab = browser.tab(world.url, world.tenants[who].email, PASSWORD)
    tab.open(Seen(path).at(world.tenants["many" if who in ("stranger", "operator") else who]))
    return tab


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
