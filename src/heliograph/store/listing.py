"""Lists for people: filtered, sorted, paged. What may be asked for is a fixed table; no text of a caller becomes SQL.

A listing is the query `list` of a module, its joins one a line and all of them left joins, and for each filter its condition, a part
`list_if_NAME`. A page is found in two steps of one statement: the ids of its rows, with no more joins than the filters and the order need,
then the rows; so that what is skipped, and what is only counted, costs an entry of an index. It does not read what a caller wrote: see
`web/api/criteria.py`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import msgspec

from heliograph.model.page import Page, page_within
from heliograph.model.problem import Code, Problem
from heliograph.store.engine import Scalar
from heliograph.store.query import Query
from heliograph.store.transaction import Transaction

T = TypeVar("T")
MOST_ORDERS = 3
CONDITION = "list_if_"
_JOIN = re.compile(r"LEFT JOIN (\w+) ON ")


@dataclass(frozen=True, slots=True)
class Order:
    """Sort by one field."""

    field: str
    descending: bool = False


@dataclass(frozen=True, slots=True)
class _Asked:
    """What makes two statements of a listing differ."""

    scoped: bool
    filters: tuple[str, ...]
    order: tuple[Order, ...]


@dataclass(frozen=True, slots=True)
class Listing(Generic[T]):
    """A list of one kind of thing. `parts`: of its module, the conditions among them; `scope`: the column of its organisation; `columns`:
    by what it can be sorted, as expressions, `id` among them."""

    query: Query
    parts: Mapping[str, str]
    shape: type[T]
    scope: str
    columns: Mapping[str, str]
    _made: dict[_Asked, tuple[Query, Query]] = field(default_factory=dict)

    @property
    def filters(self) -> tuple[str, ...]:
        """By what it can be filtered."""
        return tuple(name.removeprefix(CONDITION) for name in self.parts if name.startswith(CONDITION))

    def page(
        self, tx: Transaction, organisation_id: int, filters: Mapping[str, Scalar], order: Sequence[Order], page: int, per_page: int
    ) -> Page[T]:
        """One page, the nearest there is. `organisation_id` 0: of all. Raises Problem for an order that is not offered."""
        values = {name: filters[name] for name in self.filters if filters.get(name) is not None}
        list_query, count_query = self.statements(organisation_id != 0, tuple(values), tuple(order))
        if organisation_id:
            values["organisation_id"] = organisation_id
        first = self._rows(tx, list_query, values, 1, per_page) if page <= 1 else None
        if first is not None and len(first) < per_page:
            return Page(first, 1, per_page, len(first))  # a search that finds little looks once, not twice
        total = int(tx.run(count_query, **values)[0][0])
        page = page_within(page, per_page, total)
        return Page(self._rows(tx, list_query, values, page, per_page) if first is None else first, page, per_page, total)

    def first(self, tx: Transaction, organisation_id: int, filters: Mapping[str, Scalar], order: Sequence[Order], most: int) -> list[T]:
        """At most so many from the beginning, without a total, which may take longer than the rest."""
        values = {name: filters[name] for name in self.filters if filters.get(name) is not None}
        list_query, _ = self.statements(organisation_id != 0, tuple(values), tuple(order))
        if organisation_id:
            values["organisation_id"] = organisation_id
        return self._rows(tx, list_query, values, 1, most)

    def _rows(self, tx: Transaction, query: Query, values: Mapping[str, Scalar], page: int, per_page: int) -> list[T]:
        found = tx.run(query, **values, most=per_page, skipped=(page - 1) * per_page)
        return msgspec.convert(found, list[self.shape])  # type: ignore[name-defined]

    def statements(self, scoped: bool, filters: tuple[str, ...], order: tuple[Order, ...]) -> tuple[Query, Query]:
        """The statement of a page, and that of the total. Raises Problem for an order that is not offered."""
        asked = _Asked(scoped, filters, order)
        made = self._made.get(asked)
        if made is None:
            made = self._made[asked] = self._make(asked)
        return made

    def _make(self, asked: _Asked) -> tuple[Query, Query]:
        row_id = self.columns["id"]
        columns, _, rest = self.query.text.partition("\nFROM ")
        source, _, always = rest.partition("\nWHERE ")
        conditions = "\n".join([always, *self._conditions(asked)])
        order = f"ORDER BY {', '.join(self._terms(asked.order))}"
        ids = f"SELECT {row_id} FROM {_needed(source, conditions + order)}\nWHERE {conditions}\n{order} LIMIT :most OFFSET :skipped"
        rows = f"{columns}\nFROM {source}\nWHERE {row_id} IN (SELECT * FROM ({ids}) AS chosen)\n{order}"
        count = f"SELECT count(*) FROM {_needed(source, conditions)}\nWHERE {conditions}"
        name = f"{self.query.name}:{asked}"
        return Query(name, rows), Query(f"{name}:count", count)

    def _conditions(self, asked: _Asked) -> list[str]:
        own = [f"AND {self.scope} = :organisation_id"] if asked.scoped else []
        return own + [self.parts[CONDITION + name] for name in asked.filters]

    def _terms(self, order: Sequence[Order]) -> list[str]:
        """What to sort by; in the end by id, so that no two pages hold one thing."""
        unknown = [each.field for each in order if each.field not in self.columns]
        if unknown:
            raise Problem(Code.INVALID_SORT, f"Cannot sort by '{unknown[0]}': sort by one of {', '.join(self.columns)}", field="sort")
        if len(order) > MOST_ORDERS:
            raise Problem(Code.INVALID_SORT, f"Cannot sort by more than {MOST_ORDERS} fields", field="sort")
        terms: list[str] = []
        for each in order:
            direction = "DESC" if each.descending else "ASC"
            if self.columns[each.field] == self.columns["id"]:
                return [*terms, f"{self.columns['id']} {direction}"]
            terms.append(f"{self.columns[each.field]} {direction} NULLS LAST")
        return [*terms, self.columns["id"]]


def _needed(source: str, text: str) -> str:
    """The table and those of its left joins that `text` names: the others change no number of rows."""
    table, *joins = source.split("\n")
    return "\n".join([table, *(each for each in joins if (match := _JOIN.match(each)) and f"{match[1]}." in text)])


def containing(text: str) -> str:
    """The LIKE pattern (with ESCAPE '!') of what contains `text`."""
    for special in "!%_":
        text = text.replace(special, "!" + special)
    return f"%{text}%"
