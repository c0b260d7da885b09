"""The page of an SMPP account as its developer has it open while the application tries to bind."""

from tests.browser.browser import Browser
from tests.browser.world import PASSWORD, World

WITHIN_MS = 40_000


def test_a_bind_that_is_refused_and_one_that_is_taken_come_to_the_page_by_themselves(world: World, browser: Browser) -> None:
    tenant = world.tenants["one"]
    tab = browser.tab(world.url, tenant.email, PASSWORD)
    page = tab.open(f"/smpp/{tenant.smpp_id}")
    page.get_by_role("button", name="New password").first.click()
    page.get_by_role("dialog").get_by_role("button", name="New password").click()
    password = page.get_by_role("button", name="Copy the password").get_attribute("data-copy") or ""
    assert len(password) == 8
    world.bound(tenant.smpp_id, "nonsense")
    page.get_by_text("The password is wrong.").wait_for(timeout=WITHIN_MS)
    assert page.get_by_text("Nobody bound").count() == 1
    connection = world.bound(tenant.smpp_id, password)
    page.get_by_text("Bound, 1 session").wait_for(timeout=WITHIN_MS)
    page.get_by_role("button", name="Switch off").first.click()
    page.get_by_role("dialog").get_by_role("button", name="Switch off").click()
    page.get_by_text("Switched off: nobody can bind with it.").wait_for(timeout=WITHIN_MS)
    assert connection.recv(1000) == b"", "its session ends"
    page.get_by_role("button", name="Switch on").click()
    page.get_by_text("It may bind again.").wait_for(timeout=WITHIN_MS)
    tab.check()
