"""The criteria of lists (`q`, `sort`, `page`, `per_page`) and the headers that say which part of a list an answer is.

emnify's own SDK sends some that mean something else than they say; those are read as they are meant (docs: emnify SDK 0.5.3):
`sort=DeviceSort.NAME` and `sort=SimSort.id` name a member of an enumeration, `q=iccid:8endpoint:null` lacks its comma.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urlencode

from heliograph.model.page import Page
from heliograph.model.problem import Code, Problem
from heliograph.store.engine import Scalar
from heliograph.store.listing import Order, containing
from heliograph.web.answer import Answer, Header, json
from heliograph.web.api import wire
from heliograph.web.resource import Request

Filters = dict[str, Scalar]
Reader = Callable[[str, str], Filters]

UNASSIGNED: Final = "endpoint:null"
SDK_ENUMS: Final = ("DeviceSort.", "SimSort.")
NOTHING: Final[Filters] = {"id": -1}
MOST_SORTS: Final = 3


@dataclass(frozen=True, slots=True)
class Criteria:
    """What part of a list is asked for."""

    filters: Filters
    order: tuple[Order, ...]
    page: int
    per_page: int


def number(field: str, value: str) -> Filters:
    """Equal to a number."""
    try:
        found = int(float(value)) if "." in value else int(value)
    except (ValueError, OverflowError):
        raise Problem(Code.INVALID_QUERY, f"Criterion {field}:{value} needs a number", field="q") from None
    return {field: found} if abs(found) < 2**63 else NOTHING


def number_or_null(field: str, value: str) -> Filters:
    """Equal to a number, or nothing there."""
    return {field: 0} if value.lower() == "null" else number(field, value)


def text(field: str, value: str) -> Filters:
    """Contains a text, in any case: clients use this as a search box."""
    return {field: containing(value)}


def part_of_number(field: str, value: str) -> Filters:
    """Contains digits, however the number is written: with +, spaces or dashes."""
    return text(field, re.sub(r"[\s()./+-]", "", value))


def exact(field: str, value: str) -> Filters:
    """Equal to a text."""
    return {field: value}


def date(field: str, value: str) -> Filters:
    """Within a day, or at a second."""
    try:
        begin, end = wire.span(value, field)
    except Problem as problem:
        raise Problem(Code.INVALID_QUERY, problem.text, field="q") from None
    return {f"{field}_from": begin, f"{field}_until": end}


def named(column: str, reader: Reader) -> Reader:
    """The same under another name."""
    return lambda _field, value: reader(column, value)


def criteria_of(request: Request, readers: Mapping[str, Reader], sorts: Mapping[str, str], per_page: int, most_per_page: int) -> Criteria:
    """Read the query string. Raises Problem."""
    asked = request.query()
    page, size = whole(asked, "page", 1), page_size(whole(asked, "per_page", per_page), per_page, most_per_page)
    return Criteria(
        _filters(asked.get("q", ""), readers),
        _order(asked.get("sort", ""), sorts),
        max(page, 1),
        size,
    )


def paged(request: Request, page: Page[Any], items: Sequence[object], order: Sequence[Order] = ()) -> Answer:
    """A list as a bare array, with the headers that say which page it is: of both generations of emnify's servers."""
    sort = ",".join(f"{'-' if each.descending else ''}{each.field}" for each in order) or "id"
    values = {
        "x-count-per-page": page.per_page,
        "x-current-page": page.page,
        "x-sort": sort,
        "x-total-count": page.total,
        "x-total-pages": page.pages,
        "x-count": page.total,
        "x-page": page.page,
        "x-pages": page.pages,
        "x-per-page": page.per_page,
        "link": _links(request, page),
    }
    headers: list[Header] = [(name.encode(), str(value).encode("ascii")) for name, value in values.items()]
    return json(list(items), *headers)


def _filters(query: str, readers: Mapping[str, Reader]) -> Filters:
    filters: Filters = {}
    for criterion in _split(query):
        field, colon, value = criterion.partition(":")
        reader = readers.get(field.strip().lower())
        if reader is None or not colon:
            known = f"is not field:value with one of {', '.join(readers)}" if readers else "means nothing: this list has no criteria"
            raise Problem(Code.INVALID_QUERY, f"Criterion '{criterion}' {known}", field="q")
        if value.strip():
            filters.update(reader(field.strip().lower(), value.strip()))
    return filters


def _split(query: str) -> list[str]:
    """The criteria. What stands behind a comma without naming a field belongs to the value before it: `tags:meter,water`."""
    found: list[str] = []
    for part in filter(None, map(str.strip, query.split(","))):
        head = part.removesuffix(UNASSIGNED)
        if ":" not in part and found:
            found[-1] += f",{part}"
        elif head != part and ":" in head:
            found += [head, UNASSIGNED]
        else:
            found.append(part)
    return found


def _order(sort: str, sorts: Mapping[str, str]) -> tuple[Order, ...]:
    found: dict[str, Order] = {}
    for term in filter(None, map(str.strip, sort.split(","))):
        name = term.lstrip("+-").strip()
        from_sdk = name.startswith(SDK_ENUMS)
        field = name.partition(".")[2].lower() if from_sdk else name
        if field in sorts:
            found.setdefault(field, Order(field, descending=term.startswith("-")))
        elif not from_sdk:
            known = f"sort by one of {', '.join(sorts)}" if sorts else "this list has one order"
            raise Problem(Code.INVALID_SORT, f"Cannot sort by '{name}': {known}", field="sort")
    if len(found) > MOST_SORTS:
        raise Problem(Code.INVALID_SORT, f"Cannot sort by more than {MOST_SORTS} fields", field="sort")
    return tuple(found.values())


def continued(request: Request, items: Sequence[object], per_page: int, following: int | str | None) -> Answer:
    """A list without numbers of pages, with the header that says where it goes on: after `following`, or nowhere."""
    link = f'<{address(request, {**request.query(), "after": following})}>; rel="next"' if following else ""
    return json(list(items), (b"x-count-per-page", b"%d" % per_page), (b"link", link.encode("ascii")))


def address(request: Request, asked: Mapping[str, object]) -> str:
    """Where this list is, asked so."""
    return f"{request.context.origin(request.scope)}{quote(request.scope['path'])}?{urlencode(asked)}"


def page_size(given: int, usual: int, most: int) -> int:
    """How many stand on a page: the usual where less than one is asked for, as emnify's clients do who ask for 0; the most where more."""
    return min(given if given >= 1 else usual, most)


def whole(asked: Mapping[str, str], name: str, default: int) -> int:
    """A whole number of the query string, cut to 32 bits. Raises Problem."""
    given = asked.get(name, "")
    if not given:
        return default
    try:
        return max(-(2**31), min(int(given), 2**31))
    except ValueError:
        raise Problem(Code.BAD_REQUEST, f'Cannot parse parameter {name} as Integer: For input string: "{given}"') from None


def _links(request: Request, page: Page[Any]) -> str:
    """The header Link (RFC 8288), with everything that was asked but another page."""
    asked = request.query()
    numbers = {"first": 1, "prev": page.page - 1, "next": page.page + 1, "last": page.pages}
    return ", ".join(
        f'<{address(request, {**asked, "page": number, "per_page": page.per_page})}>; rel="{relation}"'
        for relation, number in numbers.items()
        if 1 <= number <= page.pages
    )
