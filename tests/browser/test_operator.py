"""What an operator does in the portal: links added, checked, watched, stopped, started; the simulator, the audit, webhooks."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.browser import DEADLINE_MS, Browser
from tests.browser.receiver import Receiver
from tests.browser.world import World, wait_until

SignIn = Callable[..., Browser.Tab]

expect.set_options(timeout=DEADLINE_MS)


def test_a_link_is_added_by_its_form_checked_watched_stopped_and_started(world: World, sign_in: SignIn, axe: str) -> None:
    tab = sign_in("operator")
    smsc = world.program.ready["smpp"]  # the other end is this installation's own server
    page = tab.open("/links/new")
    page.get_by_label("Preset", exact=True).select_option("osmomsc")
    expect(page.get_by_label("Delivery")).to_have_value("live")
    page.get_by_label("Preset", exact=True).select_option("generic-3.4")
    expect(page.get_by_label("Delivery")).to_have_value("stored")
    form = page.locator("form.linkform")
    form.get_by_label("Name", exact=True).fill("Loop")
    form.get_by_label("Host").fill(smsc["host"])
    form.get_by_label("Port", exact=True).fill("0")
    form.get_by_label("System ID", exact=True).fill(smsc["system_id"])
    form.get_by_label("Password", exact=True).fill(smsc["password"])
    tab.expects_failures = True
    form.get_by_role("button", name="Add link").click()
    expect(page.locator("#port-error")).to_have_text("Port: give a whole number of at least 1")
    assert tab.axe(axe) == [], "the form with an error"
    form.get_by_label("Port", exact=True).fill(str(smsc["port"]))
    form.get_by_label("Password", exact=True).fill(smsc["password"])
    form.get_by_role("button", name="Add link").click()
    expect(page.get_by_text("Added the link Loop")).to_be_visible()
    expect(page.locator("#now .st")).to_have_text("Up")  # by itself
    page.get_by_role("button", name="Check").click()
    expect(page.get_by_text("it answers enquire_link")).to_be_visible()
    assert tab.axe(axe) == [], "the page with what was found"
    where = page.url.removesuffix("/check#check")
    page.get_by_role("link", name="Watch it").click()
    expect(page.get_by_role("heading", name="Trace")).to_be_visible()
    _a_route_by_keyboard(page, "Loop")
    page.goto(where)
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("#now .st")).to_have_text("Stopped")
    page.get_by_role("button", name="Start").click()
    expect(page.locator("#now .st")).to_have_text("Up")
    page.get_by_role("button", name="Stop").click()
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete link").click()
    expect(page.get_by_text("Deleted the link.")).to_be_visible()
    page = tab.open("/audit?action=link")
    for action in ("link.deleted", "link.disabled", "link.enabled", "link.created"):
        expect(page.locator("tbody tr", has_text=action).first).to_contain_text(world.operator["email"])
    assert smsc["password"] not in page.content()


def test_without_scripts_a_preset_fills_in_and_a_link_is_added(world: World, browser: Browser) -> None:
    tab = browser.tab(world.url, world.operator["email"], world.operator["password"], java_script_enabled=False)
    page = tab.open("/links/new")
    page.get_by_label("Preset", exact=True).select_option("osmomsc")
    page.get_by_role("button", name="Fill in").click()
    expect(page.get_by_label("Delivery")).to_have_value("live")
    form = page.locator("form.linkform")
    form.get_by_label("Name", exact=True).fill("Later")
    form.get_by_label("Host").fill("127.0.0.1")
    form.get_by_label("System ID", exact=True).fill("meters")
    form.get_by_role("button", name="Add link").click()
    expect(page.get_by_text("Added the link Later")).to_be_visible()
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("#now .st")).to_have_text("Stopped")
    link_id = page.url.rsplit("/", 1)[1]
    tab.context.close()
    world.call("DELETE", f"/link/{link_id}")


def test_a_simulated_device_sends_is_switched_off_waited_for_and_delivered_to(world: World, sign_in: SignIn) -> None:
    tab = sign_in("operator")
    device = next(each for each in world.devices if each["behaviour"] == "delivers" and each is not world.behaves("delivers"))
    name = device["name"]
    page = tab.open("/simulator")
    with page.expect_response(lambda answer: "q=" in answer.url):
        page.get_by_role("searchbox").fill(name)
    expect(page.locator("tbody tr")).to_have_count(1)
    page.get_by_label(f"Text of {name}").fill("tank is full")
    page.get_by_role("button", name=f"Send from {name}").click()
    expect(page.get_by_text("The device sent it.")).to_be_visible()
    expect(page.locator("tbody tr")).to_have_count(1)  # what was searched is still there
    page.get_by_role("button", name=f"Switch off {name}").click()
    expect(page.get_by_text("It is off now.")).to_be_visible()
    page = tab.open(f"/devices/{device['id']}")
    expect(page.locator(".msg.mo", has_text="tank is full")).to_be_visible()
    page.get_by_label("Message to").fill("open the valve")
    page.get_by_role("button", name="Send SMS").click()
    sent = page.locator(".msg.mt", has_text="open the valve").locator(".st")
    expect(sent).to_have_text("Waiting for device")
    other = sign_in("operator")
    panel = other.open(f"/simulator?q={device['msisdn']}")
    panel.get_by_role("button", name=f"Switch on {name}").click()
    expect(panel.get_by_text("It is on now.")).to_be_visible()
    panel.get_by_role("button", name=f"Send from {name}").click()  # it is heard of, so what waits goes at once
    expect(panel.get_by_text("The device sent it.")).to_be_visible()
    expect(sent).to_have_text("Delivered")


def _open_until_told(tab: Browser.Tab, path: str, event: str) -> None:
    """What a receiver answered stands in the log a moment after it answered."""
    wait_until(lambda: tab.open(path).get_by_role("cell", name=event).count() > 0, f"{event} stands in {path}")


def test_a_webhook_is_paused_resumed_rotated_and_what_failed_is_sent_again(world: World, sign_in: SignIn, receiver: Receiver) -> None:
    tab = sign_in("operator")
    receiver.status = 410  # gone: given up at once
    page = tab.open("/webhooks/new")
    page.get_by_label("URL").fill(receiver.url)
    page.get_by_label("Name").fill("Desk")
    page.get_by_role("button", name="Create webhook").click()
    expect(page.get_by_text("The secret, shown this once:")).to_be_visible()
    first = page.locator(".banner [data-copy]").get_attribute("data-copy")
    where = _log_of(page)
    page.get_by_role("button", name="Rotate secret").first.click()
    page.get_by_role("dialog").get_by_role("button", name="Rotate secret").click()
    expect(page.get_by_text("The secret, shown this once:")).to_be_visible()
    assert page.locator(".banner [data-copy]").get_attribute("data-copy") != first
    tab.open(where)
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("Paused: what happens meanwhile waits.")).to_be_visible()
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_text("Resumed.")).to_be_visible()
    page.get_by_role("button", name="Send test").click()
    expect(page.get_by_text("The test failed")).to_be_visible()
    world.call("POST", f"/endpoint/{world.behaves('delivers')['id']}/sms", {"payload": "replay me"})
    wait_until(lambda: any(body.get("type") == "sms.delivered" for _, body in receiver.got), "the receipt was refused")
    _open_until_told(tab, f"{where}?show=failed", "sms.delivered")
    expect(page.get_by_text("Disabled: ")).to_be_visible()  # by a 410 to what it asked for
    receiver.status = 200
    calls = len(receiver.got)
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_text("Resumed.")).to_be_visible()
    page.get_by_role("button", name="Replay").click()
    expect(page.get_by_text(re.compile("deliver(y goes|ies go) out again"))).to_be_visible()
    wait_until(lambda: len(receiver.got) > calls, "it is replayed")
    _open_until_told(tab, f"{where}?show=delivered", "sms.delivered")
    calls = len(receiver.got)
    page.locator("tbody tr", has_text="sms.delivered").get_by_role("link").first.click()
    expect(page.get_by_text("410")).to_be_visible()
    page.get_by_role("button", name="Resend").click()
    expect(page.get_by_text("It goes out once more.")).to_be_visible()
    wait_until(lambda: len(receiver.got) == calls + 1, "it is sent again")
    world.call("DELETE", f"/webhook/{re.sub(r'.*/', '', where)}")


def test_policies_and_webhooks_by_keyboard_alone(world: World, sign_in: SignIn) -> None:
    tab = sign_in("many")
    page = tab.open("/devices")
    page.keyboard.press("g")
    page.keyboard.press("p")
    page.wait_for_url("**/policies")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**/policies/*")
    page.get_by_role("switch", name="P2P internal: other devices").focus()
    page.keyboard.press("Space")
    expect(page.locator("#changed")).to_have_text("1 change not saved")
    page.keyboard.press("Space")
    page.keyboard.press("g")
    page.keyboard.press("w")
    page.wait_for_url("**/webhooks")
    page.keyboard.press("c")
    page.keyboard.press("Enter")
    page.wait_for_url("**/webhooks/new")
    page.get_by_label("URL").focus()
    page.keyboard.type("ftp://example.com")
    tab.expects_failures = True
    page.keyboard.press("Enter")
    expect(page.locator("#url-error")).to_be_visible()


def _a_route_by_keyboard(page: Page, link: str) -> None:
    """Made, put before all others, and deleted again."""
    for key in ("g", "r"):
        page.keyboard.press(key)
    page.wait_for_url("**/routes")
    for key in ("c", "Enter"):
        page.keyboard.press(key)
    page.wait_for_url("**/routes/new")
    page.get_by_label("What it is for").select_option("Devices with the tag")
    expect(page.get_by_label("Service policy")).to_be_hidden()
    page.get_by_label("Link", exact=True).select_option(link)
    page.get_by_label("Value").press_sequentially("roof")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Added the route")).to_be_visible()
    row = page.locator("tbody tr", has_text="roof")
    expect(row).to_contain_text(link)
    row.get_by_role("button", name="Move up").press("Enter")
    expect(page.locator("tbody tr").first).to_contain_text("roof")
    row.get_by_role("link").first.press("Enter")
    page.get_by_role("button", name="Delete").press("Enter")
    page.get_by_role("dialog").get_by_role("button", name="Delete route").press("Enter")
    expect(page.get_by_text("Deleted the route")).to_be_visible()


def _log_of(page: Page) -> str:
    """The address of a webhook that was just made: the page that shows its secret stands at another."""
    href = page.locator("form[action$='/test']").first.get_attribute("action")
    assert href is not None
    return href.removesuffix("/test")
