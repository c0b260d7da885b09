"""States of pages that no address leads to: a form was sent, a dialog is open, something was made and is shown this once.

Each is a function of the world and a browser that gives a tab which shows it. `look.py` makes pictures of them, `test_pages.py` has axe
look at them.
"""

import base64
import time
from collections.abc import Callable
from typing import Any, Final

from playwright.sync_api import Page

from heliograph.model import totp
from tests.browser.browser import Browser, enter
from tests.browser.world import PASSWORD, World

State = Callable[[World, Browser], Browser.Tab]
STATES: Final[dict[str, State]] = {}
TYPED_WRONG: Final = "no password of anybody"
BAD_ROWS: Final = (
    "name,iccid,msisdn\nWell,8988000000000771016,88239771016\nNo SIM,,88239771018\nTaken,8988000000000771033,423663920000001\n"
)


def state(make: State) -> State:
    """Enter it under its name."""
    STATES[make.__name__.strip("_").replace("_", "-")] = make
    return make


@state
def _wrong_password(world: World, browser: Browser) -> Browser.Tab:
    tab = browser.stranger(world.url)
    tab.expects_failures = True
    enter(tab.open("/sign-in"), world.tenants["many"].email, TYPED_WRONG)
    tab.page.get_by_text("is wrong").wait_for()
    return tab


@state
def _code(world: World, browser: Browser) -> Browser.Tab:
    email = _invited(world, "code")
    _with_factor(browser.tab(world.url, email, PASSWORD))
    tab = browser.stranger(world.url)
    enter(tab.open("/sign-in"), email, PASSWORD)
    tab.page.get_by_role("textbox", name="Code").wait_for()
    return tab


@state
def _wrong_code(world: World, browser: Browser) -> Browser.Tab:
    tab = _code(world, browser)
    tab.expects_failures = True
    tab.page.get_by_role("textbox", name="Code").fill("12")
    tab.page.get_by_role("button", name="Sign in").click()
    tab.page.get_by_text("The code is wrong").wait_for()
    return tab


@state
def _set_password(world: World, browser: Browser) -> Browser.Tab:
    link = _invite(_admin(world, browser), "new.colleague").get_by_text("/set-password/").inner_text()
    tab = browser.stranger(world.url)
    tab.expects_failures = True
    page = tab.open(link.removeprefix(world.url))
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("The same again").fill(TYPED_WRONG)
    page.get_by_role("button", name="Set password").click()
    page.get_by_role("alert").wait_for()
    return tab


@state
def _invited_user(world: World, browser: Browser) -> Browser.Tab:
    tab = _admin(world, browser)
    _invite(tab, "another.colleague")
    return tab


@state
def _token_made(world: World, browser: Browser) -> Browser.Tab:
    tab = _admin(world, browser)
    page = tab.open("/tokens/new")
    page.get_by_label("What it is for").fill("Billing, on the machine in the cellar")
    page.get_by_role("button", name="Make the token").click()
    page.locator("#token").wait_for()
    return tab


@state
def _tokens(world: World, browser: Browser) -> Browser.Tab:
    _token_made(world, browser)
    tab = _token_made(world, browser)
    tab.open("/tokens").get_by_role("button", name="Revoke").first.click()
    tab.page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    tab.page.get_by_text("The token is revoked").wait_for()
    return tab


@state
def _factor(world: World, browser: Browser) -> Browser.Tab:
    tab = browser.tab(world.url, _invited(world, "factor"), PASSWORD)
    _begin_factor(tab)
    return tab


@state
def _factor_on(world: World, browser: Browser) -> Browser.Tab:
    """With other sessions, and a browser that is trusted."""
    email = _invited(world, "trusting")
    secret = _with_factor(browser.tab(world.url, email, PASSWORD))
    tab = browser.stranger(world.url)
    enter(tab.open("/sign-in"), email, PASSWORD)
    tab.page.get_by_label("Do not ask on this browser").check()
    tab.page.get_by_role("textbox", name="Code").fill(_code_of(secret, 1))
    tab.page.get_by_role("button", name="Sign in").click()
    tab.page.get_by_role("heading", name="Connected devices").wait_for()
    tab.open("/account")
    return tab


@state
def _link_made(world: World, browser: Browser) -> Browser.Tab:
    tab = _operator(world, browser)
    _make_link(world, tab, world.behaves("delivers"))
    return tab


@state
def _technician_door(world: World, browser: Browser) -> Browser.Tab:
    url = _make_link(world, _operator(world, browser), world.behaves("delivers"))
    tab = browser.stranger(world.url)
    tab.open(url.removeprefix(world.url))
    return tab


@state
def _technician(world: World, browser: Browser) -> Browser.Tab:
    """Who may write what they like, and wrote."""
    _take_over(world, browser)
    url = _make_link(world, _operator(world, browser), world.behaves("echo"))
    tab = _opened(world, browser, url)
    tab.page.get_by_label("Text").fill("Position please")
    tab.page.get_by_role("button", name="Send", exact=True).click()
    tab.page.get_by_text("From the device").first.wait_for()
    return tab


@state
def _technician_with_commands(world: World, browser: Browser) -> Browser.Tab:
    _take_over(world, browser)
    return _opened(world, browser, _make_link(world, _operator(world, browser), world.behaves("delivers"), restricted=True))


@state
def _console(world: World, browser: Browser) -> Browser.Tab:
    """A thread with much in it, a message looked into."""
    tab = _thread(world, browser, "echo", "Report", "Grüße aus dem Tal ✓ " * 6)
    tab.page.locator(".msg [data-inspect]").last.click()
    tab.page.get_by_role("heading", name="What happened").wait_for()
    return tab


@state
def _console_failed(world: World, browser: Browser) -> Browser.Tab:
    tab = _thread(world, browser, "undeliverable", "Valve to 40 %")
    tab.page.locator(".msg .why").first.wait_for()
    tab.page.get_by_label("Message to").fill("“Schön”, said Zoë… " * 9)
    tab.page.locator("#hint").wait_for()
    return tab


@state
def _console_waiting(world: World, browser: Browser) -> Browser.Tab:
    tab = _thread(world, browser, "absent", "Wake up", "And report")
    tab.page.locator(".msg .st", has_text="Waiting for device").first.wait_for()
    tab.page.locator("#more summary").click()
    return tab


@state
def _console_commands(world: World, browser: Browser) -> Browser.Tab:
    _take_over(world, browser)
    tab = _thread(world, browser, "delivers", "Status")
    tab.page.get_by_role("button", name="Commands").click()
    tab.page.get_by_role("dialog", name="Saved commands").wait_for()
    return tab


@state
def _console_disabled(world: World, browser: Browser) -> Browser.Tab:
    device = world.tenants["one"].device_id
    world.call("PATCH", f"/endpoint/{device}", {"status": {"id": 1}})
    tab = browser.tab(world.url, world.tenants["one"].email, PASSWORD)
    tab.open(f"/devices/{device}")
    return tab


@state
def _devices_ticked(world: World, browser: Browser) -> Browser.Tab:
    tab = _admin(world, browser)
    tab.open("/devices").get_by_label("All of this page").check()
    return tab


@state
def _many(world: World, browser: Browser) -> Browser.Tab:
    tab = _devices_ticked(world, browser)
    tab.page.get_by_role("button", name="Send SMS or change policy").click()
    tab.page.get_by_role("heading", name="50 devices").wait_for()
    return tab


@state
def _import_with_bad_rows(world: World, browser: Browser) -> Browser.Tab:
    tab = _operator(world, browser)
    page = tab.open("/devices/import")
    page.get_by_label("Or paste its lines").fill(BAD_ROWS)
    page.get_by_role("button", name="Preview").click()
    page.locator("#tried").wait_for()
    return tab


@state
def _mailing_refused(world: World, browser: Browser) -> Browser.Tab:
    tab = _operator(world, browser)
    behaviours, policy = ("undeliverable", "delivers", "absent", "silent"), world.devices[0]["service_profile_id"]
    for behaviour in behaviours:  # other tests may have given them another
        world.call("PATCH", f"/endpoint/{world.behaves(behaviour)['id']}", {"service_profile": {"id": policy}})
    page = tab.open(f"/devices?policy={policy}")
    for behaviour in behaviours:
        page.get_by_role("checkbox", name=world.behaves(behaviour)["name"]).check()
    page.get_by_role("button", name="Send SMS or change policy").click()
    page.get_by_label("Text").fill("Report")
    page.get_by_role("button", name="Send to 4").click()
    page.locator("tbody .st.bad").wait_for()
    return tab


@state
def _menu(world: World, browser: Browser) -> Browser.Tab:
    tab = _admin(world, browser)
    tab.look(dark=False, narrow=True)
    tab.open("/devices").get_by_role("button", name="Menu").click()
    return tab


@state
def _keys(world: World, browser: Browser) -> Browser.Tab:
    tab = _admin(world, browser)
    tab.open("/devices").keyboard.press("?")
    return tab


@state
def _link_down(world: World, browser: Browser) -> Browser.Tab:
    """By a link at whose other end nobody listens."""
    tab = _operator(world, browser)
    settings = {"host": "127.0.0.1", "port": 1, "system_id": "meters", "password": "x"}
    link = world.call("POST", "/link", {"name": f"Carrier {time.monotonic_ns()}", "kind": "smpp", "settings": settings})["id"]
    tab.open(f"/links/{link}").locator("#now .banner").wait_for()  # told by the stream
    return tab


@state
def _link_with_errors(world: World, browser: Browser) -> Browser.Tab:
    world.call("POST", f"/endpoint/{world.behaves('undeliverable')['id']}/sms", {"payload": "Report"})
    tab = _operator(world, browser)
    tab.open(f"/links/{world.tenants['many'].link_id}").locator("#errors tbody tr").first.wait_for()
    return tab


@state
def _not_found(world: World, browser: Browser) -> Browser.Tab:
    tab = _admin(world, browser)
    tab.expects_failures = True
    tab.open("/devices/4000000")
    return tab


@state
def _form_refused(world: World, browser: Browser) -> Browser.Tab:
    tab = _admin(world, browser)
    tab.expects_failures = True
    page = tab.open("/devices/new")
    page.get_by_label("Name").fill("Well")
    page.get_by_label("IMEI").fill("twelve")
    page.get_by_role("button", name="Create the device").click()
    page.locator(".error").first.wait_for()
    return tab


@state
def _smpp_password(world: World, browser: Browser) -> Browser.Tab:
    """An SMPP account was given a new password, after a question; it is shown this once."""
    tenant = world.tenants["one"]
    tab = browser.tab(world.url, tenant.email, PASSWORD)
    page = tab.open(f"/smpp/{tenant.smpp_id}")
    page.get_by_role("button", name="New password").first.click()
    page.get_by_role("dialog").get_by_role("button", name="New password").click()
    page.get_by_text("shown this once").wait_for()
    return tab


def _admin(world: World, browser: Browser) -> Browser.Tab:
    return browser.kept(world.url, world.tenants["many"].email, PASSWORD)


def _operator(world: World, browser: Browser) -> Browser.Tab:
    return browser.kept(world.url, world.operator["email"], world.operator["password"])


def _invited(world: World, name: str) -> str:
    """A user of their own, as often as this is asked."""
    return world.invite(f"{name}.{time.monotonic_ns()}@many.example", 2, world.tenants["many"].organisation_id)


def _invite(tab: Browser.Tab, name: str) -> Page:
    page = tab.open("/users/invite")
    page.get_by_label("E-mail address").fill(f"{name}.{time.monotonic_ns()}@many.example")
    page.get_by_role("button", name="Invite").click()
    page.locator("#link").wait_for()
    return page


def _begin_factor(tab: Browser.Tab) -> str:
    page = tab.open("/account")
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name="Set it up").click()
    return page.locator(".scan [data-copy]").get_attribute("data-copy") or ""


def _with_factor(tab: Browser.Tab) -> str:
    secret = _begin_factor(tab)
    tab.page.get_by_role("textbox", name="Code").fill(_code_of(secret))
    tab.page.get_by_role("button", name="Switch it on").click()
    tab.page.get_by_text("The second factor is on").wait_for()
    return secret


def _code_of(secret: str, later: int = 0) -> str:
    """What the app shows, or will, so many codes later."""
    return totp.code(base64.b32decode(secret), int(time.time() * 1000) // totp.STEP_MS + later)


def _make_link(world: World, tab: Browser.Tab, device: dict[str, Any], *, restricted: bool = False) -> str:
    page = tab.open(f"/technician-links/new?device={device['id']}")
    page.get_by_label("For whom").fill("Anna, pump house 3")
    if restricted:
        page.get_by_label("These commands only").check()
        for box in page.locator("[name=commands]").all()[:3]:
            box.check()
    page.get_by_role("button", name="Make the link").click()
    return page.locator("#link [data-copy]").get_attribute("data-copy") or ""


def _opened(world: World, browser: Browser, url: str) -> Browser.Tab:
    tab = browser.stranger(world.url)
    tab.open(url.removeprefix(world.url)).get_by_role("button", name="Open").click()
    tab.page.get_by_role("heading", name="Messages").wait_for()
    return tab


def _take_over(world: World, browser: Browser) -> None:
    tab = _operator(world, browser)
    tab.open("/commands").get_by_role("button", name="Save these").first.click()
    tab.page.get_by_role("status").first.wait_for()
    tab.check()


def _thread(world: World, browser: Browser, behaviour: str, *texts: str) -> Browser.Tab:
    tab = _operator(world, browser)
    device = world.behaves(behaviour)
    tab.open(f"/devices/{device['id']}")
    for text in texts:
        tab.page.get_by_label("Message to").fill(text)
        tab.page.get_by_role("button", name="Send SMS").click()
        tab.page.locator(".msg.mt", has_text=text.strip()).last.wait_for()
    return tab
