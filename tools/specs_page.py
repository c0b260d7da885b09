"""Write docs/specs.md: which clause of a specification is in which code, read from the code's own references. A test compares the two.

A reference is the specification's name and the clauses behind it: `3GPP TS 23.040 9.2.3.24.1`, `SMPP 3.4 4.4.1, 5.2.19 and 5.2.21`.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "heliograph"
PAGE = ROOT / "docs" / "specs.md"

GAP = r"\s+(?:# )?"
CLAUSE = rf"(?:appendix{GAP}[A-Z]\b|(?:[A-Z]\.)?\d+(?:\.\d+)+[a-z]?|\b\d\b(?!\.\d)(?! [a-z]))"
SPEC = rf"(?:3GPP{GAP}TS{GAP}\d\d\.\d\d\d|SMPP{GAP}[345]\.\d)"
REFERENCE = re.compile(rf"(?P<spec>{SPEC})(?:{GAP}V[\d.]+,)?{GAP}(?P<clauses>{CLAUSE}(?:(?:,|{GAP}and|{GAP}to){GAP}{CLAUSE})*)")

INTRODUCTION = """\
# What of the specifications is where

<!-- Written by tools/specs_page.py from the references in the code; change those instead. -->

A docstring or a comment that rests on a clause names it. Tests mirror the tree: what `gsm/tpdu.py` does is held by
`tests/gsm/test_tpdu.py`, golden octets with their sources are in `tests/vectors/`, and other people's decoders
(`test_against_*.py`) read what we write.

**Left out, on purpose:**

| | |
|---|---|
| SMPP 5.0 broadcast (`broadcast_sm`, `query_broadcast_sm`, `cancel_broadcast_sm`) | refused, each with its own response |
| compressed texts (3GPP TS 23.042) | recognised by their data coding, handed on as octets |
| enhanced messages (EMS: formatting, pictures, sounds) | their header elements are kept, and not shown |
| extended objects and secured packets of (U)SIM toolkits (3GPP TS 31.115) | carried as octets; we hold no keys |
"""


@dataclass(frozen=True, order=True)
class Place:
    """A reference: the module, and the class or function that makes it."""

    module: str
    owner: str

    def __str__(self) -> str:
        return f"`{self.module}`" + (f" {self.owner}" if self.owner else "")


def references() -> dict[tuple[str, str], list[Place]]:
    """The places of each (specification, clause)."""
    found: dict[tuple[str, str], set[Place]] = {}
    for path in sorted(SOURCE.rglob("*.py")):
        for spec, clause, place in _of_module(path):
            found.setdefault((spec, clause), set()).add(place)
    return {key: sorted(places) for key, places in found.items()}


def page() -> str:
    parts, last = [INTRODUCTION], ""
    for (spec, clause), places in sorted(references().items(), key=lambda item: (item[0][0], _order(item[0][1]))):
        if spec != last:
            parts.append(f"\n## {spec}\n\n| clause | code |\n|---|---|\n")
            last = spec
        parts.append(f"| {clause} | {', '.join(map(str, places))} |\n")
    return "".join(parts)


def _of_module(path: Path) -> Iterator[tuple[str, str, Place]]:
    text = path.read_text(encoding="utf-8")
    references = list(REFERENCE.finditer(text))
    if not references:
        return
    module = path.relative_to(SOURCE).as_posix()
    owners = [
        (node.lineno, node.end_lineno or node.lineno, node.name)
        for node in ast.walk(ast.parse(text))
        if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))
    ]
    for match in references:
        line = text.count("\n", 0, match.start()) + 1
        inside = [name for first, last, name in sorted(owners) if first <= line <= last]
        for clause in re.findall(CLAUSE, match["clauses"]):
            yield _in_one_line(match["spec"]), _in_one_line(clause), Place(module, ".".join(inside))


def _in_one_line(words: str) -> str:
    return " ".join(words.replace("#", " ").split())


def _order(clause: str) -> list[tuple[int, str]]:
    return [(int(number) if number else 10**6, rest) for number, rest in re.findall(r"(\d*)([^.\d]*)\.?", clause) if number or rest]


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
