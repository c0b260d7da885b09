#!/usr/bin/env python3
"""Take the parts of the portal that others wrote out of their npm packages: tools/portal_parts.py FOLDER_WITH_NODE_MODULES

They stand in src/heliograph/web/portal/static/vendor, a folder per version with its license. `hashes.txt` there is what a test compares.
    cd $(mktemp -d) && npm install --ignore-scripts htmx.org@4.0.1 uplot@1.6.32 @fontsource-variable/inter@5.3.0 lucide-static@1.62.0
"""

import hashlib
import json
import re
import shutil
import sys
from pathlib import Path

VENDOR = Path(__file__).parents[1] / "src/heliograph/web/portal/static/vendor"
# package, folder here, files as they are
PARTS = (
    ("htmx.org", "htmx", ("dist/htmx.min.js", "dist/ext/hx-sse.min.js", "LICENSE")),
    ("uplot", "uplot", ("dist/uPlot.iife.min.js", "dist/uPlot.min.css", "LICENSE")),
    ("@fontsource-variable/inter", "inter", ("files/inter-latin-wght-normal.woff2", "LICENSE")),
    ("lucide-static", "lucide", ("LICENSE",)),
)
ICONS = """
activity alarm-clock-off arrow-down arrow-down-left arrow-left arrow-right arrow-up arrow-up-right ban bell binary book-open bookmark
building-2 calendar-clock card-sim chart-line check check-check chevron-down chevron-left chevron-right chevron-up chevrons-up-down
circle circle-alert circle-check circle-dot circle-question-mark circle-slash circle-x clock clock-alert columns-3 command copy cpu
download ellipsis external-link eye eye-off file-text filter fingerprint flag flask-conical gauge globe hash history hourglass house
inbox info key-round keyboard layout-dashboard link list list-checks loader lock log-out mail menu message-square message-square-text
messages-square minus monitor moon network panel-right pause pencil phone play plug plus power radio radio-tower refresh-cw replace
rotate-ccw save scroll-text search send server settings shield shield-alert shield-check sliders-horizontal smartphone square star sun
table tag terminal timer timer-off trash-2 triangle-alert undo-2 unlink unplug upload user user-plus users webhook wifi wifi-off wrench
x zap zap-off
""".split()  # noqa: SIM905 (a list that people read)


def main(modules: Path) -> None:
    shutil.rmtree(VENDOR, ignore_errors=True)
    for package, folder, files in PARTS:
        source = modules / package
        version = json.loads((source / "package.json").read_text())["version"]
        target = VENDOR / f"{folder}-{version}"
        target.mkdir(parents=True)
        for name in files:
            shutil.copyfile(source / name, target / Path(name).name)
    (lucide,) = VENDOR.glob("lucide-*")
    lucide.joinpath("icons.svg").write_text(sprite(modules / "lucide-static" / "icons"))
    VENDOR.joinpath("hashes.txt").write_text(hashes())


def sprite(icons: Path) -> str:
    symbols = []
    for name in sorted(set(ICONS)):
        drawing = re.sub(r"<!--.*?-->|</?svg[^>]*>", "", (icons / f"{name}.svg").read_text(), flags=re.DOTALL)
        drawing = " ".join(drawing.split()).replace(" />", "/>").replace("> <", "><")
        symbols.append(f'<symbol id="{name}" viewBox="0 0 24 24">{drawing}</symbol>')
    return "\n".join(['<svg xmlns="http://www.w3.org/2000/svg">', *symbols, "</svg>", ""])


def hashes() -> str:
    files = sorted(path for path in VENDOR.rglob("*") if path.is_file() and path.name != "hashes.txt")
    return "".join(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(VENDOR)}\n" for path in files)


if __name__ == "__main__":
    main(Path(sys.argv[1]) / "node_modules")
