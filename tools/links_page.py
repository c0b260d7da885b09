"""Write the tables of settings in docs/links.md from the words of each link kind: `python tools/links_page.py`. A test compares the two."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

from heliograph.links import KINDS
from heliograph.model.link_form import Group, Setting, Shape

PAGE = Path(__file__).parent.parent / "docs" / "links.md"


def page() -> str:
    """The page with its tables written anew."""
    text = PAGE.read_text(encoding="utf-8")
    for name, kind in KINDS.items():
        begin = f"<!-- links/{name}/words.py, by tools/links_page.py -->"
        table = "".join(_table(kind.form))
        text = re.sub(
            rf"({re.escape(begin)}\n).*?(<!-- end -->)", lambda found, table=table: found[1] + table + found[2], text, flags=re.DOTALL
        )
    return text


def _table(form: tuple[Group, ...]) -> Iterator[str]:
    for group in form:
        yield f"\n**{group.title}**\n\n| setting | default | |\n|---|---|---|\n"
        for setting in group.settings:
            yield f"| `{setting.name}` | {_default(setting)} | {setting.meaning} |\n"
    yield "\n"


def _default(setting: Setting) -> str:
    if setting.default is None:
        return setting.otherwise
    if setting.shape in (Shape.LIST, Shape.TABLE, Shape.RULES):
        return f"`{json.dumps(setting.default, separators=(',', ':'))}`" if setting.default else ""
    return f"`{json.dumps(setting.default)}`".replace('"', "") if setting.default != "" else ""


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
