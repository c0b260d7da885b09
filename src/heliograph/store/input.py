"""What goes into a statement, made so that both engines keep it: a table of rows as one JSON text or as its cells, scalars as they are.

No text in PostgreSQL holds U+0000, and SQLite cuts a text at it when it reads JSON; networks do send it, in the words, references and
reasons that they make up. U+FFFD stands for it, as in the text of a message.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from heliograph.store.engine import Scalar

_encode = msgspec.json.Encoder().encode
_NUL = b"\\u0000"
_NULL = math.nan


def rows_json(rows: Sequence[object]) -> str:
    """A table of rows, tuples or array-like structs."""
    text = _encode(rows)
    if _NUL in text:  # or a backslash and `u0000`, which is as rare and stays as it is
        text = _encode(_without_nul(msgspec.to_builtins(rows)))
    return text.decode()


def cells(rows: Sequence[object]) -> list[Any]:
    """The values of a table of rows, one row after the other, in types that sqlite3 takes as they are: None and enums go through its
    adapters, at ten times the cost (0.25 us). SQLite takes NaN for null."""
    plain = msgspec.to_builtins(rows)
    if _NUL in _encode(rows):
        plain = _without_nul(plain)
    return [_NULL if value is None else value for row in plain for value in row]


def scalars(values: Mapping[str, Scalar]) -> Mapping[str, Scalar]:
    """The scalars of one statement."""
    if any(isinstance(value, str) and "\0" in value for value in values.values()):
        return {name: _without_nul(value) for name, value in values.items()}
    return values


def _without_nul(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\0", "\ufffd")
    return [_without_nul(each) for each in value] if isinstance(value, list | tuple) else value
