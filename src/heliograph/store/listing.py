"""Lists for people: filtered, sorted, paged. What may be asked for is a fixed table; no text of a caller becomes SQL.

A listing is a query over a table `input` of one row, the filters, each null where it is not used; it ends in its conditions, so that the
one on the organisation and the order are appended here. It does not read what a caller wrote: see `web/api/criteria.py`.
"""

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


@dataclass(frozen=True, slots=True)
class Order:
    """Sort by one field."""

    field: str
    descending: bool = False


class _Total(msgspec.Struct, array_like=True, frozen=True):
    total: int


@dataclass(frozen=True, slots=True)
class Listing(Generic[T]):
    """A list of one kind of thing. `columns`: by what it can be sorted, as expressions; `scope`: the column of its organisation."""

    query: Query
    shape: type[T]
    scope: str
    columns: Mapping[str, str]
    _made: dict[tuple[bool, tuple[Order, ...]], tuple[Query, Query]] = field(default_factory=dict)

    @property
    def filters(self) -> tuple[str, ...]:
        """By what it can be filtered."""
        return tuple(name for name, _ in self.query.columns)

    def page(
        self, tx: Transaction, organisation_id: int, filters: Mapping[str, Scalar], order: Sequence[Order], page: int, per_page: int
    ) -> Page[T]:
        """One page, the nearest there is. `organisation_id` 0: of all. Raises Problem for an order that is not offered."""
        rows = [tuple(filters.get(name) for name in self.filters)]
        list_query, count_query = self._queries(organisation_id != 0, tuple(order))
        scope: dict[str, Scalar] = {"organisation_id": organisation_id} if organisation_id else {}
        total = tx.many(count_query, rows, _Total, **scope)[0].total
        page = page_within(page, per_page, total)
        found = tx.many(list_query, rows, self.shape, **scope, most=per_page, skipped=(page - 1) * per_page)
        return Page(found, page, per_page, total)

    def _queries(self, scoped: bool, order: tuple[Order, ...]) -> tuple[Query, Query]:
        made = self._made.get((scoped, order))
        if made is None:
            made = self._made[scoped, order] = self._make(scoped, order)
        return made

    def _make(self, scoped: bool, order: tuple[Order, ...]) -> tuple[Query, Query]:
        unknown = [each.field for each in order if each.field not in self.columns]
        if unknown:
            raise Problem(Code.INVALID_SORT, f"Cannot sort by '{unknown[0]}': sort by one of {', '.join(self.columns)}", field="sort")
        if len(order) > MOST_ORDERS:
            raise Problem(Code.INVALID_SORT, f"Cannot sort by more than {MOST_ORDERS} fields", field="sort")
        chosen = self.query.text + (f"\nAND {self.scope} = :organisation_id" if scoped else "")
        terms = [f"{self.columns[each.field]} {'DESC' if each.descending else 'ASC'} NULLS LAST" for each in order]
        name = f"{self.query.name}:{'own' if scoped else 'all'}"
        ordered = f"{chosen}\nORDER BY {', '.join([*terms, self.columns['id']])} LIMIT :most OFFSET :skipped"
        count = f"SELECT count(*) AS total FROM ({chosen}) AS chosen"
        return Query(f"{name}:{terms}", ordered, self.query.columns), Query(f"{name}:count", count, self.query.columns)


def containing(text: str) -> str:
    """The LIKE pattern (with ESCAPE '!') of what contains `text`."""
    for special in "!%_":
        text = text.replace(special, "!" + special)
    return f"%{text}%"
