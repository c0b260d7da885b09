"""Signing in and out, in a browser."""

from collections.abc import Callable
from urllib.parse import urlsplit

from playwright.sync_api import expect

from tests.browser.browser import Browser, enter
from tests.browser.world import PASSWORD, World


def test_a_wrong_password_is_said_and_the_right_one_leads_to_where_one_wanted_to_go(world: World, browser: Browser) -> None:
    tab = browser.stranger(world.url)
    page = tab.open("/devices?q=valley")
    assert urlsplit(page.url).path == "/sign-in"
    tab.expects_failures = True
    enter(page, world.tenants["many"].email, "not the password")
    page.get_by_text("E-mail address or password is wrong").wait_for()
    enter(page, world.tenants["many"].email, PASSWORD)
    page.wait_for_url("**/devices?q=valley")
    page.get_by_role("link", name="Pump 01 in the valley").wait_for()
    tab.close()


def test_signing_out_ends_the_session_everywhere(world: World, browser: Browser) -> None:
    email = world.invite("leaves@many.example", 2, world.tenants["many"].organisation_id)
    tab = browser.tab(world.url, email, PASSWORD)
    page = tab.open("/devices")
    cookies = tab.context.cookies()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_text("You are signed out").wait_for()
    tab.context.add_cookies(cookies)
    tab.open("/devices")
    assert urlsplit(page.url).path == "/sign-in", "the cookie of a session that ended opens nothing"
    tab.close()


def test_what_was_typed_when_the_session_ended_is_there_again_after_signing_in(world: World, browser: Browser) -> None:
    email = world.invite("types@many.example", 2, world.tenants["many"].organisation_id)
    tab = browser.tab(world.url, email, PASSWORD)
    tab.expects_failures = True
    console = f"/devices/{world.tenants['many'].device_id}"
    for path, label, button in ((console, "Message to", "Send SMS"), ("/commands/new", "Text", "Save")):
        page = tab.open(path)
        page.get_by_label(label).fill("typed in time")
        tab.context.clear_cookies(name="heliograph")
        page.get_by_role("button", name=button).click()
        page.get_by_role("heading", name="Sign in").wait_for()
        enter(page, email, PASSWORD)
        expect(page.get_by_label(label)).to_have_value("typed in time")
        assert urlsplit(page.url).path == path
    page.get_by_label(label).fill("of one user only")
    tab.context.clear_cookies(name="heliograph")
    page.get_by_role("button", name=button).click()
    page.get_by_role("heading", name="Sign in").wait_for()
    enter(page, world.tenants["many"].email, PASSWORD)
    page.wait_for_url(f"**{path}")  # with it the scripts of the page have run
    assert page.evaluate("sessionStorage.getItem('typed')") is None
    assert page.get_by_label(label).input_value() == ""
    tab.close()


def test_the_theme_is_kept_and_the_keys_work(sign_in: Callable[..., Browser.Tab]) -> None:
    tab = sign_in("many")
    page = tab.open("/devices")
    page.keyboard.press("t")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    page.reload()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    page.keyboard.press("/")
    page.keyboard.type("pump 07")
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "q=pump+07" in url)
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.textContent") == "Pump 07 in the valley"
    page.keyboard.press("?")
    page.get_by_role("dialog", name="Keyboard").wait_for()
    page.keyboard.press("Escape")
    page.get_by_role("dialog", name="Keyboard").wait_for(state="hidden")


def test_without_scripts_one_signs_in_searches_and_goes_on(world: World, browser: Browser) -> None:
    tab = browser.tab(world.url, world.tenants["many"].email, PASSWORD, java_script_enabled=False)
    page = tab.open("/devices")
    page.get_by_role("searchbox", name="Search devices").fill("pump 1")
    page.get_by_role("button", name="Search").click()
    assert page.locator("tbody tr").count() == 10
    page.get_by_role("link", name="Clear").click()
    page.get_by_role("link", name="Next").click()
    assert page.locator("tbody tr").count() == 10
    page.get_by_role("button", name="Theme: system").click()
    assert page.locator("html").get_attribute("data-theme") == "dark"
    tab.context.close()
