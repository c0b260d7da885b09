"""Visitors of a site: `admin` and `observer` of organisation A, the `operator`, and a `stranger`."""

import pytest

from heliograph.model.account import Role
from heliograph.service.manage import account
from tests.web.conftest import settings, site, url
from tests.web.portal.visitor import Visitor
from tests.web.site import Site

__all__ = ["settings", "site", "url"]


@pytest.fixture
async def stranger(site: Site) -> Visitor:
    return Visitor(site)


@pytest.fixture
async def admin(site: Site) -> Visitor:
    return await Visitor(site).sign_in(site.a.email)


@pytest.fixture
async def operator(site: Site) -> Visitor:
    return await Visitor(site).sign_in(site.operator.email)


@pytest.fixture
async def observer(site: Site) -> Visitor:
    now_ms = site.world.now_ms
    arguments = (site.a.organisation_id, "watcher@alpha.example", "Watcher", None, Role.OBSERVER, now_ms)
    await site.world.database.write(account.enter_user, *arguments)
    return await Visitor(site).sign_in("watcher@alpha.example")
