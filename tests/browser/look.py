"""Pictures of pages, to be looked at by a person: python -m tests.browser.look FOLDER PATH... (`{device}`: one of many devices)

Starts a demo world of its own, and fills it as the tests do.
"""

import re
import shutil
import sys
from pathlib import Path

from tests.browser.browser import LOOKS, Browser
from tests.browser.world import World
from tests.flows.program import Program, try_arguments


def main(folder: Path, paths: list[str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    chromium = shutil.which("chromium")
    assert chromium is not None, "not installed: chromium"
    with Program(*try_arguments()) as program, Browser(chromium) as browser:
        world = World(program)
        tab = browser.tab(world.url, world.operator["email"], world.operator["password"])
        for path in paths:
            tab.open(path.format(device=world.devices[0]["id"]))
            for look in LOOKS:
                tab.look(dark=look.dark, narrow=look.narrow)
                name = re.sub(r"\W+", "-", path).strip("-") or "home"
                shot = folder / f"{name}-{'dark' if look.dark else 'light'}-{'390' if look.narrow else '1280'}.png"
                tab.page.screenshot(path=shot, full_page=look.narrow)
                print(shot)  # noqa: T201
        tab.close()
        world.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
