"""Many devices in a browser: a bulk SMS with its progress, a CSV file with bad rows, and who may only look."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from heliograph.model.account import Role
from heliograph.model.permission import RIGHTS
from heliograph.web.portal import PAGES
from tests.browser.browser import DEADLINE_MS, Browser
from tests.browser.world import PASSWORD, World, sha1

SignIn = Callable[..., Browser.Tab]
CSV = "name,iccid,msisdn\nWell,8988000000000771017,88239771017\nNo SIM,,88239771018\nTaken,8988000000000771033,423663920000001\n"

FORGE = """async (paths) => {
    const status = {};
    for (const path of paths) status[path] = (await fetch(path, {method: "POST", body: new URLSearchParams()})).status;
    return status;
}"""

expect.set_options(timeout=DEADLINE_MS)


def test_fifty_devices_get_one_sms_each_and_show_what_became_of_it(world: World, sign_in: SignIn) -> None:
    tab = sign_in("many")
    page = tab.open("/devices")
    page.get_by_label("All of this page").check()
    expect(page.locator("[data-count]")).to_have_text("50")
    page.get_by_role("button", name="Send SMS or change policy").click()
    page.get_by_label("Text").fill("report, all of you")
    page.get_by_role("button", name="Send to 50").click()
    page.wait_for_url("**/mailings/*")
    expect(page.locator(".tally .figure").first).to_have_text("50")
    expect(page.locator("tbody .st", has_text="Delivered")).to_have_count(50)


def test_a_bulk_sms_goes_on_under_the_eye_and_again_to_those_it_did_not_reach(world: World, sign_in: SignIn) -> None:
    tab = sign_in("operator")
    page = tab.open(f"/devices?policy={world.devices[0]['service_profile_id']}")
    for behaviour in ("undeliverable", "delivers", "absent-then-delivers"):
        page.get_by_role("checkbox", name=world.behaves(behaviour)["name"]).check()
    page.get_by_role("button", name="Send SMS or change policy").click()
    page.get_by_label("Text").fill("one by one")
    page.get_by_role("button", name="Send to 3").click()
    page.wait_for_url("**/mailings/*")
    page.evaluate("window.stayed = true")
    expect(page.locator(".tally .figure").first).to_have_text("2")
    assert page.evaluate("window.stayed"), "the page was loaded anew"
    expect(page.get_by_role("row", name=world.behaves("undeliverable")["name"])).to_contain_text("no subscriber with this number")
    first = page.url
    page.get_by_role("button", name="Send again to 1 not reached").click()
    page.wait_for_url(lambda url: "/mailings/" in url and url != first)
    expect(page.locator("tbody tr")).to_have_count(1)


def test_a_file_shows_its_bad_rows_before_anything_is_made(world: World, sign_in: SignIn) -> None:
    tab = sign_in("operator")
    page = tab.open("/devices/import")
    page.get_by_label("File").set_input_files({"name": "devices.csv", "mimeType": "text/csv", "buffer": CSV.encode()})
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_role("row", name="3 ICCID is missing")).to_be_visible()
    expect(page.get_by_role("row", name="4 '423663920000001' is in use")).to_be_visible()
    page.get_by_role("button", name="Make the good one").click()
    expect(page.get_by_text("1 device made, 2 bad rows left out")).to_be_visible()
    page.get_by_label("Search devices").fill("88239771017")
    page.get_by_label("Search devices").press("Enter")
    expect(page.get_by_role("link", name="Well")).to_be_visible()


def test_a_bulk_sms_by_keyboard_alone_from_signing_in(world: World, browser: Browser) -> None:
    tab = browser.stranger(world.url)
    page = tab.open("/devices?q=pump+1")
    page.keyboard.type(world.tenants["many"].email)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Connected devices").wait_for()
    page.keyboard.press("j")
    for _ in range(2):
        page.keyboard.press("Shift+Tab")
        page.keyboard.press("Space")
        page.keyboard.press("j")
    expect(page.locator("[data-count]")).to_have_text("2")
    reach(page, "Send SMS or change policy")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="2 devices").wait_for()
    page.keyboard.press("c")
    page.keyboard.type("by keyboard, both of you")
    reach(page, "Send to 2 devices")
    page.keyboard.press("Enter")
    page.wait_for_url("**/mailings/*")
    expect(page.locator("tbody .st", has_text="Delivered")).to_have_count(2)
    tab.close()


def reach(page: Page, name: str) -> None:
    """Press Tab until a button has the focus."""
    for _ in range(80):
        page.keyboard.press("Tab")
        if name in page.evaluate("document.activeElement.textContent ?? ''"):
            return
    raise AssertionError(f"not reached by Tab: {name}")


def test_an_observer_finds_nothing_to_write_with_and_is_refused_everywhere(world: World, sign_in: SignIn) -> None:
    tenant = world.tenants["many"]
    tab = sign_in("many", observer=True)
    tab.expects_failures = True
    page = tab.open("/devices")
    assert page.get_by_role("link", name="New device").count() == 0
    assert page.locator("main form[method=post]").count() == 0
    asked_for = {path: each.rights["POST"] for path, each in PAGES.items() if "POST" in each.handlers and not each.is_open}
    forged = page.evaluate(
        FORGE, [re.sub(r"\{\w+\}", "1", path) for path, right in asked_for.items() if right not in RIGHTS[Role.OBSERVER]]
    )
    assert {path: status for path, status in forged.items() if status != 403} == {}
    assert len(forged) > 30
    asked = {"username": tenant.observer, "password": sha1(PASSWORD)}
    token = page.request.post(f"{world.url}/api/v1/authenticate", data=asked).json()["auth_token"]
    head = {"Authorization": f"Bearer {token}"}
    for path in (f"/v1/endpoint/{tenant.device_id}/sms", "/v1/sms", "/v1/service_profile", "/v1/webhook", "/v1/technician_link"):
        assert page.request.post(f"{world.url}/api{path}", data={}, headers=head).status == 403, path
    page = tab.open(f"/devices/{world.tenants['many'].device_id}/settings")
    expect(page.get_by_label("Name")).to_be_disabled()
    tab.open("/devices/new")
    expect(page.get_by_text("an Observer changes nothing", exact=False)).to_be_visible()
