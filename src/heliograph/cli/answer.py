"""How commands answer: tables and sentences for people, JSON for programs; refusals on standard error; the exit codes."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from heliograph.model.problem import Problem

DONE: Final = 0
REFUSED: Final = 1
WRONG_USAGE: Final = 2
"""Wrong usage or wrong settings: nothing was tried."""


@dataclass(frozen=True, slots=True)
class Table:
    """Things of one kind. `columns`: what people see of a row, by its key; JSON has all of it. `nothing`: said where there is none."""

    rows: Sequence[Mapping[str, Any]]
    columns: Sequence[str]
    nothing: str


@dataclass(frozen=True, slots=True)
class Said:
    """What was done. `value` is all that goes to standard output for people (an id, a token), so that a script can take it; `text` explains
    it on standard error. JSON has `fields`."""

    text: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    value: str | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """One thing: a line per field for people, an object for programs. `story`: lines below it, for people."""

    fields: Mapping[str, Any]
    story: Sequence[str] = ()


Answer = Table | Said | Item


class Refusal(Exception):
    """The command cannot do what was asked; the text says what to do."""


def show(answer: Answer, *, as_json: bool) -> None:
    """Print an answer."""
    if as_json:
        _print_json(answer)
    elif isinstance(answer, Table):
        _print_table(answer)
    elif isinstance(answer, Item):
        width = max(map(len, answer.fields), default=0)
        for name, value in answer.fields.items():
            print(f"{name.replace('_', ' '):{width}}  {_cell(value)}".rstrip())
        print("".join(f"\n{_cell(each)}" for each in answer.story), end="\n" if answer.story else "")
    else:
        if answer.text:
            print(answer.text, file=sys.stderr, flush=True)
        if answer.value is not None:
            print(answer.value)


def refuse(error: Problem | Exception, *, as_json: bool = False) -> None:
    """Say on standard error why nothing was done."""
    parts = error.parts if isinstance(error, Problem) else ()
    text = error.text if isinstance(error, Problem) else str(error)
    if as_json:
        code = error.code.value if isinstance(error, Problem) else "failed"
        said = {"error": code, "message": text, "errors": [{"error": part.code.value, "message": part.text} for part in parts]}
        print(msgspec.json.encode(said).decode(), file=sys.stderr)
        return
    print(f"heliograph: {'; '.join([text, *(part.text for part in parts)])}", file=sys.stderr)


def line(fields: Mapping[str, Any]) -> str:
    """One object of a stream, as JSON."""
    return msgspec.json.encode(fields).decode()


def print_line(text: str) -> None:
    """Print a line of a stream at once, with nothing in it that moves the cursor of a terminal."""
    print(_cell(text), flush=True)


def time_of(ms: int | None) -> str | None:
    """A time as the API writes it."""
    if ms is None:
        return None
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _print_json(answer: Answer) -> None:
    value = answer.rows if isinstance(answer, Table) else answer.fields
    print(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())


def _print_table(table: Table) -> None:
    if not table.rows:
        print(table.nothing, file=sys.stderr)
        return
    cells = [[_cell(row.get(column)) for column in table.columns] for row in table.rows]
    print("\n".join(_lines([[column.replace("_", " ") for column in table.columns], *cells])))


def _lines(rows: Sequence[Sequence[str]]) -> Iterable[str]:
    widths = [max(len(row[position]) for row in rows) for position in range(len(rows[0]))]
    for row in rows:
        yield "  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()


def _cell(value: object) -> str:
    """One line, whatever a device sent: no control character reaches the terminal."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(map(_cell, value))
    text = str(value).replace("\n", "\\n")
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)
