"""A form from the type of a kind's settings and its words, and what is wrong with settings that were given. How a setting is written
follows from its type; nothing is said twice.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

import msgspec
from msgspec import inspect

from heliograph.model.link_form import Column, Faults, Group, Setting, Shape


class Word(NamedTuple):
    """`otherwise`: what counts where nothing is set and the type has no default for it. `heads`: of a table's columns."""

    name: str
    label: str
    meaning: str
    otherwise: str = ""
    heads: tuple[str, ...] = ()


class Part:
    """A group of settings that belong together."""

    def __init__(self, title: str, *words: Word, is_usual: bool = False) -> None:
        self.title = title
        self.words = words
        self.is_usual = is_usual


def form_of(
    kind: type[msgspec.Struct],
    parts: tuple[Part, ...],
    secrets: frozenset[str] = frozenset(),
    *,
    choices: Mapping[str, tuple[str, ...]] = {},
    defaults: Mapping[str, Any] = {},
) -> tuple[Group, ...]:
    """`choices`: of settings whose type is any text; `defaults`: of tables whose empty row has a value all the same."""
    fields = {field.name: field for field in msgspec.structs.fields(kind)}
    types = {field.name: field.type for field in _struct(inspect.type_info(kind)).fields}

    def setting(word: Word) -> Setting:
        field = fields[word.name]
        default = field.default_factory() if field.default is msgspec.NODEFAULT else field.default
        written = _written(types[word.name])
        if word.name in secrets:
            written = {"shape": Shape.SECRET}
        elif word.name in choices:
            written = {"shape": Shape.CHOICE, "choices": choices[word.name]}
        if word.heads:
            columns = zip(written["columns"], word.heads, strict=True)
            written["columns"] = tuple(msgspec.structs.replace(column, label=head) for column, head in columns)
        known = msgspec.json.decode(msgspec.json.encode(defaults.get(word.name, default)))
        return Setting(word.name, word.label, word.meaning, default=known, otherwise=word.otherwise, **written)

    return tuple(Group(part.title, tuple(setting(word) for word in part.words), part.is_usual) for part in parts)


def faults(kind: type[msgspec.Struct], settings: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Each setting at fault and what is wrong with it, in words: of single ones, and of those that do not fit together."""
    types = {field.name: field.type for field in msgspec.structs.fields(kind)}
    found: dict[str, str] = {}
    for name, value in settings.items():
        if name not in types:
            found[name] = "there is no such setting"
            continue
        try:
            msgspec.convert(value, types[name])
        except msgspec.ValidationError as error:
            choices = _written(inspect.type_info(types[name])).get("choices")
            found[name] = f"{_words(error)}: choose one of {', '.join(choices)}" if choices else _words(error)
    try:
        msgspec.convert({name: value for name, value in settings.items() if name not in found}, kind)
    except msgspec.ValidationError as error:
        if not isinstance(error.__cause__, Faults):
            raise
        for name, text in error.__cause__.found:
            if not (name in found or any(each in text.split() for each in found)):
                found[name] = text
    return list(found.items())


def _written(type_: inspect.Type) -> dict[str, Any]:
    """How a value of a type is written: the fields of a `Setting` that follow from it."""
    match type_:
        case inspect.UnionType(types=types):
            return _written(next(each for each in types if not isinstance(each, inspect.NoneType)))
        case inspect.BoolType():
            return {"shape": Shape.SWITCH}
        case inspect.IntType():
            return {"shape": Shape.WHOLE}
        case inspect.FloatType():
            return {"shape": Shape.NUMBER}
        case inspect.EnumType(cls=cls):
            return {"shape": Shape.CHOICE, "choices": tuple(str(each.value) for each in cls)}
        case inspect.VarTupleType(item_type=inspect.StructType() as rule):
            return {"shape": Shape.RULES, "columns": tuple(_column(field.name, field.type) for field in rule.fields)}
        case inspect.VarTupleType(item_type=item):
            return {"shape": Shape.LIST, "choices": _written(item).get("choices", ())}
        case inspect.DictType(key_type=key, value_type=value):
            columns = tuple(_columns(value))
            return {"shape": Shape.TABLE, "columns": (_column("key", key), *columns), "keys": _written(key).get("choices", ())}
        case _:
            return {"shape": Shape.TEXT}


def _columns(value: inspect.Type) -> Iterator[Column]:
    """Of the values of a table: one, or as many as each has."""
    if isinstance(value, inspect.TupleType):
        for number, each in enumerate(value.item_types, 1):
            yield _column(f"value{number}", each)
    else:
        yield _column("value", value)


def _column(name: str, type_: inspect.Type) -> Column:
    written = _written(type_)
    return Column(name, name, written["shape"], written.get("choices", ()))


def _struct(type_: inspect.Type) -> inspect.StructType:
    assert isinstance(type_, inspect.StructType)
    return type_


_TYPES: Final = {
    "int": "a whole number",
    "float": "a number",
    "str": "text",
    "bool": "true or false",
    "array": "a list",
    "object": "a table",
}
_WORDS: Final = (
    ("Expected", "give"),
    (" <= ", " of at most "),
    (" >= ", " of at least "),
    (" > ", " above "),
    ("Invalid enum value", "there is no"),
)


def _words(error: msgspec.ValidationError) -> str:
    """What msgspec says, for people."""
    text, _, place = str(error).partition(" - at `$")
    for said, words in _WORDS:
        text = text.replace(said, words)
    for name, words in _TYPES.items():
        text = text.replace(f"`{name} | null`", words).replace(f"`{name}`", words)
    row = re.match(r"\[(\d+)\]", place)
    return f"{text} (in its line {int(row[1]) + 1})" if row else text
