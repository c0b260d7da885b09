"""The pages for operators say what the code does: every command, every option, every command named in a page."""

import re
from pathlib import Path

import pytest

from tests.cli.test_commands import commands
from tools.cli_page import PAGE, page

ROOT = Path(__file__).parents[2]
SECOND_NAMES = [["link", "enable"], ["link", "disable"]]
"""They are what `start` and `stop` were called, and still are for scripts."""
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]


def test_the_page_of_commands_says_every_command_as_it_is() -> None:
    written = page()
    assert PAGE.read_text(encoding="utf-8") == written, "run: .venv/bin/python tools/cli_page.py"
    assert [command for command in commands() if f"heliograph {' '.join(command)}\n" not in written and command not in SECOND_NAMES] == []


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_a_page_names_no_command_that_is_not_there(path: Path) -> None:
    there = {" ".join(command) for command in commands()} | {command[0] for command in commands()} | {"heliograph"}  # also a user's name
    code = re.findall(r"```(?:sh|console)\n(.*?)```|`([^`\n]+)`", path.read_text(encoding="utf-8"), re.DOTALL)
    named = re.findall(r"\bheliograph ((?:[a-z]+(?:-[a-z]+)*)(?: [a-z]+)?)", "\n".join(block or span for block, span in code))
    assert [each for each in named if each not in there and each.split()[0] not in there] == []


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_a_page_links_to_what_is_there(path: Path) -> None:
    linked = re.findall(r"\]\((?!https?:|#)([^)#]+)", path.read_text(encoding="utf-8"))
    assert [each for each in linked if not (path.parent / each).exists()] == []
