"""Events of management: what people did, without what messages did. Written by `store/feed.py`."""

from functools import cache

import msgspec

from heliograph.model.page import Page, page_within
from heliograph.store.engine import Scalar
from heliograph.store.query import Query, queries
from heliograph.store.transaction import Transaction

Q = queries("event")
EVER = 2**62


class EventView(msgspec.Struct, array_like=True, frozen=True):
    """An event with the names of what it is about. `number` counts within its organisation; `detail` is JSON."""

    organisation_id: int
    organisation_name: str
    number: int
    type: str
    at_ms: int
    device_id: int | None
    device_name: str | None
    imei: str | None
    tags: str | None
    ip_address: str | None
    detail: str | None


class EventFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which events, and in which order. `types`: none for all."""

    from_ms: int = 0
    until_ms: int = EVER
    types: tuple[str, ...] = ()
    newest_first: bool = False


def of_device(tx: Transaction, organisation_id: int, device_id: int, wanted: EventFilter, page: int, per_page: int) -> Page[EventView]:
    """One page of what was done to a device of an organisation (0: of any); nothing for an unknown one."""
    return _page(tx, "of_device", organisation_id, device_id, wanted, page, per_page)


def of_organisation(tx: Transaction, organisation_id: int, wanted: EventFilter, page: int, per_page: int) -> Page[EventView]:
    """One page of what was done in an organisation."""
    return _page(tx, "of_organisation", organisation_id, organisation_id, wanted, page, per_page)


def _page(
    tx: Transaction, name: str, organisation_id: int, about_id: int, wanted: EventFilter, page: int, per_page: int
) -> Page[EventView]:
    listing, count = _queries(name, wanted.newest_first)
    types = "".join(f"|{each}" for each in wanted.types) + "|" if wanted.types else ""
    scope: dict[str, Scalar] = {
        "organisation_id": organisation_id,
        "id": about_id,
        "from_ms": wanted.from_ms,
        "until_ms": wanted.until_ms,
        "types": types,
    }
    row = tx.one(count, **scope)
    total = int(row[0]) if row else 0
    page = page_within(page, per_page, total)
    rows = tx.run(listing, **scope, most=per_page, skipped=(page - 1) * per_page)
    return Page([EventView(*row) for row in rows], page, per_page, total)


@cache
def _queries(name: str, newest_first: bool) -> tuple[Query, Query]:
    query, direction = Q[name], "DESC" if newest_first else "ASC"
    ordered = f"{query.text}\nORDER BY event.number {direction} LIMIT :most OFFSET :skipped"
    counted = f"SELECT count(*) FROM ({query.text}) AS chosen"  # noqa: S608 (a named query)
    return Query(f"{query.name}:{direction}", ordered), Query(f"{query.name}:count", counted)
