"""Every page, with nothing, one thing and many, in both themes and both widths: accessible, whole, quiet and by itself."""

import re

import pytest

from heliograph.web.portal import PAGES as SERVED
from tests.browser.browser import LOOKS, Browser, Look
from tests.browser.pages import NOT_LOOKED_AT, PAGES, Seen
from tests.browser.states import STATES
from tests.browser.world import AMOUNTS, PASSWORD, World

# Structure is the same in every look, colours are the same with any amount: so not each with each.
FEW: tuple[Look, ...] = (Look(dark=False, narrow=True),)
TWO: tuple[Look, ...] = (Look(dark=False, narrow=True), Look(dark=True, narrow=False))


def test_every_page_is_looked_at() -> None:
    looked_at = {re.sub(r"\{\w+\}", "{}", each.path.partition("?")[0]) for each in PAGES}
    served = {re.sub(r"\{\w+\}", "{}", path) for path, page in SERVED.items() if "GET" in page.handlers and path not in NOT_LOOKED_AT}
    generic = {re.sub(r"/hgl_none$", "/{}", path) for path in looked_at}
    assert served - generic == set(), "add it to tests/browser/pages.py"


@pytest.mark.parametrize("amount", AMOUNTS)
@pytest.mark.parametrize("seen", PAGES, ids=lambda seen: seen.path)
def test_a_page_is_accessible_and_whole_in_every_look(seen: Seen, amount: str, world: World, browser: Browser, axe: str) -> None:
    tenant = world.tenants[amount]
    if (seen.needs_device and not tenant.device_id) or (seen.who != "admin" and amount != "many"):
        return
    who = {"": (), "operator": (world.operator["email"], world.operator["password"])}.get(seen.who, (tenant.email, PASSWORD))
    tab = browser.kept(world.url, *who)
    tab.expects_failures = seen.is_refused
    page = tab.open(seen.at(tenant))
    assert page.title().endswith("Heliograph")
    for look in LOOKS if amount == "many" else FEW:
        tab.look(dark=look.dark, narrow=look.narrow)
        if amount != "one":  # its structure is that of many
            assert tab.axe(axe, colours_only=look.dark) == [], look
        assert tab.overflow() == 0, f"{look}: the page is wider than the window"
    tab.check()


@pytest.mark.parametrize("name", STATES)
def test_a_state_that_no_address_leads_to_is_accessible_and_whole(name: str, world: World, browser: Browser, axe: str) -> None:
    tab = STATES[name](world, browser)
    for look in TWO:
        tab.look(dark=look.dark, narrow=look.narrow)
        assert tab.axe(axe, colours_only=look.dark) == [], look
        assert tab.overflow() == 0, f"{look}: the page is wider than the window"
    tab.check()
    browser.close_others()
