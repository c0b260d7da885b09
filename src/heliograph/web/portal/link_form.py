"""The settings of a link as a form: every field shows what counts, be it the default, the preset's or set; kept is what differs from
default and preset, and what was set before.

A form is typed text by the name of its setting: a text, whether a switch is on, or the rows of a table. `Base` is what would count if
nothing were set.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import zip_longest
from math import isfinite
from typing import Any, Final

from heliograph.model.link_form import Group, Setting, Shape
from heliograph.model.problem import Code, Problem
from heliograph.service.link_kinds import HIDDEN, Preset
from heliograph.web.portal.page import Fields

PRESET: Final = "preset"
TABLES: Final = (Shape.TABLE, Shape.RULES)
Base = Mapping[str, Any]
Typed = dict[str, Any]


class LinkForm:
    """The form of one link kind."""

    def __init__(self, groups: Sequence[Group], presets: Iterable[Preset]) -> None:
        self.groups = groups
        self.presets = {each.name: each for each in presets}
        self.settings = {setting.name: setting for group in groups for setting in group.settings}

    def base(self, preset: str) -> Base:
        """What counts where nothing is set; tables are merged row by row."""
        found = {setting.name: setting.default for setting in self.settings.values()}
        for name, value in (self.presets[preset].values if preset in self.presets else {}).items():
            found[name] = found[name] | value if isinstance(found[name], dict) else value
        return found | ({PRESET: preset} if PRESET in found else {})

    def preset_of(self, given: Mapping[str, Any]) -> str:
        """The preset that settings name, or the usual one."""
        setting = self.settings.get(PRESET)
        return str(given.get(PRESET, setting.default)) if setting is not None else ""

    def shown(self, given: Mapping[str, Any]) -> Typed:
        """The form of settings."""
        base = self.base(self.preset_of(given))
        return {name: _shown(each, _over(base[name], given[name]) if name in given else base[name]) for name, each in self.settings.items()}

    def typed(self, fields: Fields) -> Typed:
        """A form as it was sent. Where another preset was chosen, a field that held what the one before says holds what this one says."""
        typed = {name: _typed(each, fields) for name, each in self.settings.items()}
        before, chosen = fields.text("filled_with"), str(typed.get(PRESET, ""))
        if chosen != before and before in self.presets and chosen in self.presets:
            was, now = self.shown({PRESET: before}), self.shown({PRESET: chosen})
            typed = {name: _refilled(setting, typed[name], was[name], now[name]) for name, setting in self.settings.items()}
        return typed

    def read(self, typed: Typed, before: Mapping[str, Any], gone: Iterable[str] = ()) -> tuple[dict[str, Any], list[Problem]]:
        """The settings that a form means, and what is wrong with its tables (`settings.NAME`); of the rest the kind says that. `before`:
        what was set; `gone`: secrets to be taken away."""
        base = self.base(str(typed.get(PRESET, "")))
        kept: dict[str, Any] = {}
        wrong: list[Problem] = []
        for name, setting in self.settings.items():
            value: Any
            if setting.shape is Shape.TABLE:
                value, fault = _table(setting, typed[name], base[name])
                wrong += [Problem(Code.INVALID_FORMAT, fault, field=f"settings.{name}")] if fault else []
                value = {key: each for key, each in value.items() if base[name].get(key) != each or key in before.get(name, {})}
                is_set = bool(value)
            else:
                value = _read(setting, typed[name], before.get(name))
                is_set = value is not None and name not in gone and (value != base[name] or (name in before and value != ""))
            if is_set or (name == PRESET and self.preset_of(before) != value):
                kept[name] = value
        return kept, wrong


def _over(base: Any, given: Any) -> Any:
    return base | given if isinstance(base, dict) and isinstance(given, dict) else given


def _shown(setting: Setting, value: Any) -> Any:
    match setting.shape:
        case Shape.SWITCH:
            return bool(value)
        case Shape.LIST:
            return "\n".join(str(each) for each in value)
        case Shape.TABLE:
            return [[key, *_cells(value.get(key, [None] * (len(setting.columns) - 1)))] for key in setting.keys or value]
        case Shape.RULES:
            return [[_cell(rule.get(column.name)) for column in setting.columns] for rule in value]
        case Shape.SECRET:
            return ""
        case _:
            return _cell(value)


def _cells(row: Any) -> list[str]:
    return [_cell(each) for each in (row if isinstance(row, list) else [row])]


def _cell(value: Any) -> str:
    return "" if value is None else repr(value).removesuffix(".0") if isinstance(value, float) else str(value)


def _typed(setting: Setting, fields: Fields) -> Any:
    if setting.shape is Shape.SWITCH:
        return fields.is_on(setting.name)
    if setting.shape not in TABLES:
        return fields.raw(setting.name).strip()
    cells = [fields.texts(f"{setting.name}.{column.name}") for column in setting.columns]
    rows = [[cell.strip() for cell in row] for row in zip_longest(*cells, fillvalue="")]
    return [row for row in rows if row[0] or (setting.shape is Shape.RULES and any(row))]


def _refilled(setting: Setting, typed: Any, was: Any, now: Any) -> Any:
    """What a field holds after another preset was chosen: of a table row by row."""
    if setting.shape is not Shape.TABLE:
        return now if typed == was else typed
    own = {row[0]: row for row in typed if row not in was}
    return [own.pop(row[0], row) for row in now] + list(own.values())


def _read(setting: Setting, typed: Any, before: Any) -> Any:
    """The value that is meant; None: nothing is set. What should be a number and is none stays text, which the kind refuses."""
    match setting.shape:
        case Shape.SWITCH:
            return typed
        case Shape.SECRET:
            return typed or (HIDDEN if before else None)
        case Shape.LIST:
            return [each.strip() for line in typed.splitlines() for each in line.split(",") if each.strip()]
        case Shape.RULES:
            return [
                {column.name: _value(column.shape, cell) for column, cell in zip(setting.columns, row, strict=True) if cell}
                for row in typed
            ]
        case Shape.TEXT if setting.default == "":
            return typed
        case _:
            return _value(setting.shape, typed) if typed else None


def _table(setting: Setting, rows: Sequence[Sequence[str]], base: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    """What a table means, and what is wrong with it."""
    found: dict[str, Any] = {}
    fault = ""
    for key, *cells in rows:
        values = [_value(column.shape, cell) for column, cell in zip(setting.columns[1:], cells, strict=True) if cell]
        if len(values) == len(cells):
            found[key] = values[0] if len(values) == 1 else values
        elif values or not setting.keys:
            fault = f"the row of {key} is not whole: fill it in, or leave it empty"
    if missing := [key for key in base if key not in found and not setting.keys]:
        fault = fault or f"the preset has a row for {missing[0]}: change what it says, it cannot be taken away"
    return found, fault


def _value(shape: Shape, text: str) -> Any:
    if shape not in (Shape.WHOLE, Shape.NUMBER):
        return text
    try:
        number = int(text) if shape is Shape.WHOLE or text.removeprefix("-").isdecimal() else float(text)
    except ValueError:
        return text
    return number if isfinite(number) else text
