"""Named queries, one SQL text for both engines, read from `NAME.sql` beside `NAME.py`.

A query begins with a line `-- name: insert` or, when it takes a table of rows, `-- name: insert (id bigint, payload text)`. The rows
are then the table `input` in its text, one column per name in the brackets. Scalars are written `:name`. What begins with `-- part: where`
is no statement but a piece of some: it stands for `{where}` in the queries of its file, or its module puts it together. The order of a
table of rows right before FOR UPDATE, or before ON CONFLICT, is that of the locks alone, and no caller relies on it: SQLite leaves it
out. Does not run anything.
"""

import re
from dataclasses import dataclass
from functools import cache
from importlib import resources

_HEAD = re.compile(r"^-- (name|part): (\w+)(?: \(([^)]*)\))?\s*$", re.MULTILINE)
_WRITES = re.compile(r"^(INSERT|UPDATE|DELETE)\b", re.MULTILINE)
_SCALAR = re.compile(r"(?<![:\w\"]):(\w+)")  # not a cast, and not the colon of JSON in a literal: '%"strict":true%'
_PART = re.compile(r"\{(\w+)\}")
_RETURNING = re.compile(r"\bRETURNING\b")


@dataclass(frozen=True, slots=True)
class Query:
    """One statement. `columns`: name and type (bigint or text) of each column of `input`, empty where the query takes no rows.
    `writes`: a line of it begins with INSERT, UPDATE or DELETE; then it returns rows only where it says RETURNING."""

    name: str
    text: str
    columns: tuple[tuple[str, str], ...] = ()
    writes: bool = False
    returns_rows: bool = True


@dataclass(frozen=True, slots=True)
class Statement:
    """A query in an engine's own words. `names`: which scalar each placeholder is."""

    text: str
    names: tuple[str, ...]


@cache
def queries(name: str) -> dict[str, Query]:
    """The queries of `store/NAME.sql`, by name. A name that stands twice is an error."""
    return {each: _query(f"{name}.{each}", columns, _filled(body, name)) for kind, each, columns, body in _pieces(name) if kind == "name"}


@cache
def parts(name: str) -> dict[str, str]:
    """The texts of the parts of `store/NAME.sql`, by name."""
    return {each: _text(body) for kind, each, _, body in _pieces(name) if kind == "part"}


def _filled(body: str, name: str) -> str:
    """A body with the parts of its file that it names."""
    return _PART.sub(lambda found: parts(name)[found[1]], body) if _PART.search(body) else body


def _pieces(name: str) -> list[tuple[str, str, str | None, str]]:
    """Kind, name, columns and body of all that a file holds."""
    text = resources.files("heliograph.store").joinpath(f"{name}.sql").read_text(encoding="utf-8")
    heads = list(_HEAD.finditer(text))
    ends = [*(head.start() for head in heads[1:]), len(text)]
    found = [(head[1], head[2], head[3], text[head.end() : end]) for head, end in zip(heads, ends, strict=True)]
    names = [each for _, each, _, _ in found]
    if twice := [each for each in names if names.count(each) > 1]:
        raise ValueError(f"{name}.{twice[0]} stands twice")
    return found


def _query(name: str, columns: str | None, body: str) -> Query:
    text = _text(body)
    pairs = tuple((column.split()[0], column.split()[1]) for column in (columns or "").split(",") if column.strip())
    for column, kind in pairs:
        if kind not in ("bigint", "text"):
            raise ValueError(f"{name}: column {column} is {kind}, not bigint or text")
    writes = bool(_WRITES.search(text))
    return Query(name, text, pairs, writes, returns_rows=not writes or bool(_RETURNING.search(text)))


def _text(body: str) -> str:
    lines = [line for line in body.splitlines() if not line.lstrip().startswith("--")]
    return "\n".join(lines).strip().rstrip(";")


def numbered(text: str, sign: str = "$", placed: int = 0) -> Statement:
    """A text with its scalars written `$1`, `$2` in order of first appearance, as PostgreSQL's protocol has them, or with another sign;
    `placed`: how many numbers are given to other values."""
    names: list[str] = []

    def number(found: re.Match[str]) -> str:
        if found[1] not in names:
            names.append(found[1])
        return f"{sign}{placed + names.index(found[1]) + 1}"

    return Statement(_SCALAR.sub(number, text), tuple(names))


def with_input(query: Query, source: str) -> str:
    """The text of a query with `input` defined by `source`, a SELECT of the engine."""
    names = ", ".join(name for name, _ in query.columns)
    head = f"WITH input({names}) AS ({source})"
    if query.text.startswith("WITH RECURSIVE "):
        return f"WITH RECURSIVE{head[4:]}, {query.text[15:]}"
    if query.text.startswith("WITH "):
        return f"{head}, {query.text[5:]}"
    return f"{head}\n{query.text}"
