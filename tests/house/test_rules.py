"""Rules of the house that no linter knows."""

import ast
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest

from heliograph.store.query import queries
from tools.specs_page import PAGE as SPECS
from tools.specs_page import page as specs_page
from tools.specs_page import references

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "heliograph"
MODULES = {path.relative_to(SOURCE).as_posix(): path for path in sorted(SOURCE.rglob("*.py"))}
MOST_LINES = 400

# The only places that go on after any error at all: what fails is one of these, and the daemon keeps running.
BULKHEADS = {
    "links/supervisor.py": "one link",
    "web/app.py": "one HTTP request",
    "smppd/server.py": "one ESME",
    "webhooks/courier.py": "one delivery",
}
# A thread or a callback catches what its caller or its loop shall raise: nothing ends here, so these are no bulkheads. Name, how many.
CARRIERS = {"store/writer.py": 2, "service/dispatch.py": 1}
# Who may import a protocol.
SPEAKERS = {"smpp": {"smpp", "links", "smppd"}, "at": {"at", "links"}}

BROAD = {"Exception", "BaseException"}


def test_a_module_has_at_most_400_lines() -> None:
    lines = {name: len(path.read_text(encoding="utf-8").splitlines()) for name, path in MODULES.items()}
    assert {name: count for name, count in lines.items() if count > MOST_LINES} == {}, "is there more than one subject in them?"


def test_only_the_four_bulkheads_catch_everything() -> None:
    broad = {name: list(broad_catches(nodes_of(path))) for name, path in MODULES.items()}
    allowed = dict.fromkeys(BULKHEADS, 1) | CARRIERS
    assert {name: lines for name, lines in broad.items() if len(lines) > allowed.get(name, 0)} == {}


def test_no_table_says_twice_what_a_key_means() -> None:
    twice = {
        f"{name}:{table.lineno}": sorted(each for each, many in Counter(ast.unparse(key) for key in table.keys if key).items() if many > 1)
        for name, path in MODULES.items()
        for table in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(table, ast.Dict)
    }
    assert {where: keys for where, keys in twice.items() if keys} == {}, "the last alone counts"


@pytest.mark.parametrize(
    ("code", "lines"),
    [
        ("try: x()\nexcept: pass", [2]),
        ("try: x()\nexcept Exception: log()", [2]),
        ("try: x()\nexcept (OSError, BaseException) as e: log()", [2]),
        ("try: x()\nexcept* builtins.Exception: log()", [2]),
        ("with contextlib.suppress(Exception): x()", [1]),
        ("try: x()\nexcept BaseException:\n  undo()\n  raise", []),
        ("try: x()\nexcept OSError: pass", []),
    ],
)
def test_a_broad_catch_is_recognised_and_one_that_raises_on_is_none(code: str, lines: list[int]) -> None:
    assert list(broad_catches(asked_about(ast.parse(code)))) == lines


@pytest.mark.parametrize("protocol", SPEAKERS)
def test_a_protocol_is_imported_only_by_those_who_speak_it(protocol: str) -> None:
    importers = {name.split("/")[0] for name, path in MODULES.items() if imports(path, f"heliograph.{protocol}")}
    assert importers <= SPEAKERS[protocol]


def test_every_decision_stands_in_the_index() -> None:
    decisions = ROOT / "docs" / "decisions"
    index = (decisions / "README.md").read_text(encoding="utf-8")
    records = sorted(path.name for path in decisions.glob("*.md") if path.name != "README.md")
    assert records
    assert [name for name in records if f"({name})" not in index] == []
    assert len({name[:4] for name in records}) == len(records), "two decisions share a number"
    assert [name for name in records if not re.fullmatch(r"\d{4}-[a-z0-9-]+\.md", name)] == []


@pytest.mark.parametrize("path", sorted((ROOT / "requirements").glob("*.lock")), ids=lambda path: path.name)
def test_a_lock_has_versions_and_hashes_and_names_no_host(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if re.search(r"https?:|index-url|find-links| @ |^-", line)] == []
    pins = [line for line in lines if line and not line.startswith((" ", "#"))]
    assert [line for line in pins if not re.match(r"[\w.-]+==\S+ (; .+ )?\\$", line)] == []
    assert "\n".join(lines).count("--hash=sha256:") >= len(pins)


def test_tests_run_with_the_versions_that_run_in_production() -> None:
    def pins(name: str) -> set[str]:
        return set(re.findall(r"^[\w.-]+==\S+", (ROOT / "requirements" / name).read_text(encoding="utf-8"), re.MULTILINE))

    assert pins("runtime.lock") <= pins("dev.lock")


def test_the_page_of_specifications_says_what_the_code_refers_to() -> None:
    assert SPECS.read_text(encoding="utf-8") == specs_page(), "run: .venv/bin/python tools/specs_page.py"
    assert {("3GPP TS 23.040", "9.2.3.24.1"), ("SMPP 3.4", "4.4.1")} <= references().keys()


# Of a statement over a table of rows, which SQLite takes as the values of a longer one and a LIMIT (store/sqlite.py): where `input` stands
# alone and is sorted, SQLite to 3.40 at least sorts first and then counts, so zeros that only fill up come before what was given.
SORTED_ALONE = re.compile(r"\bFROM input(?: AS \w+)?\s+ORDER BY\b|\bOVER \(")


def test_no_stored_query_sorts_rows_that_stand_alone() -> None:
    stored = [query for path in sorted((SOURCE / "store").glob("*.sql")) for query in queries(path.stem).values() if query.columns]
    assert stored
    assert [query.name for query in stored if SORTED_ALONE.search(query.text)] == [], "write FROM input WHERE true ORDER BY"


@pytest.mark.parametrize(
    ("text", "is_right"),
    [
        ("INSERT INTO feed SELECT a FROM input ORDER BY a", False),
        ("INSERT INTO feed SELECT i.a FROM input AS i\nORDER BY i.a", False),
        ("INSERT INTO feed SELECT a, row_number() OVER (ORDER BY a) FROM input", False),
        ("INSERT INTO feed SELECT a FROM input WHERE true ORDER BY a", True),
        ("SELECT feed.a FROM input JOIN feed ON feed.a = input.a ORDER BY feed.a", True),
    ],
)
def test_rows_that_are_sorted_alone_are_recognised(text: str, is_right: bool) -> None:
    assert (SORTED_ALONE.search(text) is None) is is_right


@cache
def nodes_of(path: Path) -> list[ast.AST]:
    return asked_about(ast.parse(path.read_text(encoding="utf-8")))


def asked_about(module: ast.AST) -> list[ast.AST]:
    """What the rules ask about, of all that a module is made of."""
    return [node for node in ast.walk(module) if isinstance(node, ast.ExceptHandler | ast.Call | ast.Import | ast.ImportFrom)]


def broad_catches(nodes: Iterable[ast.AST]) -> Iterator[int]:
    """Lines that catch everything and do not raise it on."""
    for node in nodes:
        if isinstance(node, ast.ExceptHandler) and (node.type is None or BROAD & names(node.type)):
            last = node.body[-1]
            if not (isinstance(last, ast.Raise) and last.exc is None):
                yield node.lineno
        elif isinstance(node, ast.Call) and is_suppress(node.func) and any(BROAD & names(argument) for argument in node.args):
            yield node.lineno


def is_suppress(function: ast.expr) -> bool:
    return getattr(function, "attr", getattr(function, "id", "")) == "suppress"


def names(node: ast.AST) -> set[str]:
    return {part.id if isinstance(part, ast.Name) else part.attr for part in ast.walk(node) if isinstance(part, ast.Name | ast.Attribute)}


def imports(path: Path, package: str) -> bool:
    for node in nodes_of(path):
        if isinstance(node, ast.ImportFrom) and node.module:
            found = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Import):
            found = [alias.name for alias in node.names]
        else:
            continue
        if any(name == package or name.startswith(f"{package}.") for name in found):
            return True
    return False
