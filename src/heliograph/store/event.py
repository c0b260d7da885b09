"""Events of management, read newest first: what people did, without what messages did. Writing: `store/feed.py`."""

import msgspec

from heliograph.model.page import Page, page_within
from heliograph.store.query import queries
from heliograph.store.transaction import Transaction

Q = queries("event")


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


def of_device(tx: Transaction, organisation_id: int, device_id: int, page: int, per_page: int) -> Page[EventView]:
    """One page of what was done to a device of an organisation (0: of any); nothing for an unknown one."""
    scope = {"organisation_id": organisation_id, "device_id": device_id}
    row = tx.one(Q["count_of_device"], **scope)
    total = int(row[0]) if row else 0
    page = page_within(page, per_page, total)
    rows = tx.run(Q["of_device"], **scope, most=per_page, skipped=(page - 1) * per_page)
    return Page([EventView(*row) for row in rows], page, per_page, total)


def of_organisation(tx: Transaction, organisation_id: int, page: int, per_page: int) -> Page[EventView]:
    """One page of what was done in an organisation."""
    row = tx.one(Q["count_of_organisation"], organisation_id=organisation_id)
    total = int(row[0]) if row else 0
    page = page_within(page, per_page, total)
    rows = tx.run(Q["of_organisation"], organisation_id=organisation_id, most=per_page, skipped=(page - 1) * per_page)
    return Page([EventView(*row) for row in rows], page, per_page, total)
