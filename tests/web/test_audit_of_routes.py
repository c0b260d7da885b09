"""Whatever a call of the API changes, somebody can find out who did it: a new route is tried without being named here."""

import json
from typing import Any

import pytest

from tests.web.site import Site
from tests.web.test_audit import entries
from tests.web.test_tenancy import WRITES, picture, settled


@pytest.mark.parametrize(("method", "template"), WRITES)
async def test_every_call_that_changes_something_leaves_who_did_it(site: Site, method: str, template: str) -> None:
    """Walks all routes: whatever a call changes in the database, an entry of the audit or the SMS itself says who did it."""
    neighbours = await settled(site)
    before, known = await rows_of(site), len(await entries(site, "per_page=1000", token=site.operator_auth))
    body = neighbours.body(method, template, neighbours.a)
    reply = await neighbours.ask(method, template, neighbours.a, body, site.a_auth)
    after = await rows_of(site)
    if reply.status >= 300:
        after = {}
    changed = [table for table in after if after[table] != before.get(table) and table not in WORKINGS]
    assert not changed or len(await entries(site, "per_page=1000", token=site.operator_auth)) > known, changed


WORKINGS = {"event", "lane", "idempotency_key", "usage_counter"}
"""What follows from other rows, or keeps a message on its way."""


async def rows_of(site: Site) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = json.loads(await picture(site))
    return found
