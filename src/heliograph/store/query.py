"""Named queries, one SQL text for both engines, read from `NAME.sql` beside `NAME.py`.

A query begins with a line `-- name: insert` or, when it takes a table of rows, `-- name: insert (id bigint, payload text)`. The rows
are then the table `input` in its text, one column per name in the brackets. Scalars are written `:name`. Does not run anything.
"""

import re
from dataclasses import dataclass
from functools import cache
from importlib import resources

_HEAD = re.compile(r"^-- name: (\w+)(?: \(([^)]*)\))?\s*$", re.MULTILINE)
_WRITES = re.compile(r"^(INSERT|UPDATE|DELETE)\b", re.MULTILINE)
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


@cache
def queries(name: str) -> dict[str, Query]:
    """The queries of `store/NAME.sql`, by name. A name that stands twice is an error."""
    text = resources.files("heliograph.store").joinpath(f"{name}.sql").read_text(encoding="utf-8")
    heads = list(_HEAD.finditer(text))
    found: dict[str, Query] = {}
    for head, following in zip(heads, [*heads[1:], None], strict=True):
        body = text[head.end() : following.start() if following else len(text)]
        query = _query(f"{name}.{head[1]}", head[2], body)
        if head[1] in found:
            raise ValueError(f"{query.name} stands twice")
        found[head[1]] = query
    return found


def _query(name: str, columns: str | None, body: str) -> Query:
    lines = [line for line in body.splitlines() if not line.lstrip().startswith("--")]
    text = "\n".join(lines).strip().rstrip(";")
    pairs = tuple((column.split()[0], column.split()[1]) for column in (columns or "").split(",") if column.strip())
    for column, kind in pairs:
        if kind not in ("bigint", "text"):
            raise ValueError(f"{name}: column {column} is {kind}, not bigint or text")
    writes = bool(_WRITES.search(text))
    return Query(name, text, pairs, writes, returns_rows=not writes or bool(_RETURNING.search(text)))


def with_input(query: Query, source: str) -> str:
    """The text of a query with `input` defined by `source`, a SELECT of the engine."""
    names = ", ".join(name for name, _ in query.columns)
    head = f"WITH input({names}) AS ({source})"
    if query.text.startswith("WITH RECURSIVE "):
        return f"WITH RECURSIVE{head[4:]}, {query.text[15:]}"
    if query.text.startswith("WITH "):
        return f"{head}, {query.text[5:]}"
    return f"{head}\n{query.text}"
