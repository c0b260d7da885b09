"""The settings of a link kind as people meet them, in a form and in docs/links.md: what each is called and means, how it is written, and
what counts where it is not set. And what is wrong with settings that were given.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

import msgspec


class Shape(StrEnum):
    """How a setting is written. LIST: several values; TABLE: a mapping, its first column the key; RULES: objects, a column
    for each field."""

    TEXT = "text"
    SECRET = "secret"  # noqa: S105 (a shape, no secret)
    WHOLE = "whole"
    NUMBER = "number"
    SWITCH = "switch"
    CHOICE = "choice"
    LIST = "list"
    TABLE = "table"
    RULES = "rules"


class Column(msgspec.Struct, frozen=True):
    """A column of a TABLE or of RULES. `shape`: TEXT, WHOLE, NUMBER or CHOICE; `label`: its head."""

    name: str
    label: str
    shape: Shape
    choices: tuple[str, ...] = ()


class Setting(msgspec.Struct, frozen=True):
    """`meaning`: one line, with `code` in backticks. `default`: as JSON has it; where it is None, `otherwise` says what counts. `choices`:
    of a CHOICE, and of a LIST that takes no others. `keys`: the rows of a TABLE that has no others."""

    name: str
    label: str
    meaning: str
    shape: Shape
    default: Any
    otherwise: str = ""
    choices: tuple[str, ...] = ()
    columns: tuple[Column, ...] = ()
    keys: tuple[str, ...] = ()


class Group(msgspec.Struct, frozen=True):
    """Settings that belong together. `is_usual`: somebody who adds a link looks at them."""

    title: str
    settings: tuple[Setting, ...]
    is_usual: bool = False


class Faults(ValueError):
    """What is wrong with settings that do not fit together: (setting, text) each."""

    def __init__(self, found: Sequence[tuple[str, str]]) -> None:
        super().__init__("; ".join(text for _, text in found))
        self.found = tuple(found)
