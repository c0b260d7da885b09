"""Events of management: what people did and what befell devices and links, without what messages did. Written by `store/feed.py`."""

from collections.abc import Sequence
from functools import cache

import msgspec

from heliograph.model.page import Page, page_within
from heliograph.store.engine import Scalar
from heliograph.store.listing import Order
from heliograph.store.query import Query, queries
from heliograph.store.transaction import Transaction

Q = queries("event")
EVER = 2**62
COLUMNS = {
    "id": "event.number",
    "timestamp": "event.at_ms",
    "type": "event.type",
    "organisation": "lower(organisation.name)",
    "endpoint": "lower(device.name)",
    "tags": "lower(device.tags)",
    "ip_address": "device.ip_address",
}
"""By what a list can be sorted."""


class EventView(msgspec.Struct, array_like=True, frozen=True):
    """An event with the names of what it is about. `number` counts within its organisation; `detail` is JSON. Events of the installation
    itself belong to organisation 0, which has no name."""

    organisation_id: int
    organisation_name: str | None
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
    """Which events, and in which order. `types`: none for all. `patterns`: field and LIKE pattern (`listing.containing`); of several of
    one field, one must match. Fields: endpoint, tags, ip_address, imei, organisation, and what the detail holds: iccid, imsi, user, sim."""

    from_ms: int = 0
    until_ms: int = EVER
    types: tuple[str, ...] = ()
    patterns: tuple[tuple[str, str], ...] = ()
    order: tuple[Order, ...] = ()


class _Total(msgspec.Struct, array_like=True, frozen=True):
    total: int


def of_device(tx: Transaction, organisation_id: int, device_id: int, wanted: EventFilter, page: int, per_page: int) -> Page[EventView]:
    """One page of what was done to a device of an organisation (0: of any); nothing for an unknown one."""
    return _page(tx, "of_device", {"organisation_id": organisation_id, "id": device_id}, wanted, page, per_page)


def of_organisation(tx: Transaction, organisation_id: int, wanted: EventFilter, page: int, per_page: int) -> Page[EventView]:
    """One page of what was done in an organisation; 0: in all of the installation."""
    if organisation_id:
        return _page(tx, "of_organisation", {"id": organisation_id}, wanted, page, per_page)
    return _page(tx, "of_all", {}, wanted, page, per_page)


def _page(tx: Transaction, name: str, about: dict[str, Scalar], wanted: EventFilter, page: int, per_page: int) -> Page[EventView]:
    listing, count = _queries(name, wanted.order)
    patterns = [("", "%"), *wanted.patterns]
    values: dict[str, Scalar] = {
        **about,
        "from_ms": wanted.from_ms,
        "until_ms": wanted.until_ms,
        "types": "".join(f"|{each}" for each in wanted.types) + "|" if wanted.types else "",
        "fields": len({field for field, _ in patterns}),
    }
    total = tx.many(count, patterns, _Total, **values)[0].total
    page = page_within(page, per_page, total)
    return Page(tx.many(listing, patterns, EventView, **values, most=per_page, skipped=(page - 1) * per_page), page, per_page, total)


@cache
def _queries(name: str, order: Sequence[Order]) -> tuple[Query, Query]:
    query = Q[name]
    first = "" if name != "of_all" or order else "event.at_ms, event.organisation_id, "
    terms = [f"{COLUMNS[each.field]} {'DESC' if each.descending else 'ASC'} NULLS LAST" for each in order]
    direction = "DESC" if order and order[0].descending else "ASC"
    ordered = f"{query.text}\nORDER BY {first}{', '.join([*terms, f'event.number {direction}'])} LIMIT :most OFFSET :skipped"
    counted = f"SELECT count(*) AS total FROM ({query.text}) AS chosen"  # noqa: S608 (a named query)
    return Query(f"{query.name}:{terms}", ordered, query.columns), Query(f"{query.name}:count", counted, query.columns)
