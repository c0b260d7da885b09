"""The pictures of the portal in the README and the documentation: python -m tests.browser.pictures docs/images

Made in a demo world that has just begun, so that they show what is, not what was once drawn.
"""

import shutil
import sys
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from tests.browser.browser import Browser
from tests.flows.program import Program, try_arguments

ROUTER, TRUCK, GONE, STATION = 10, 4, 8, 9
"""Places in the list of demo devices: one that understands APN commands, one that comes and goes, one that is no more, one that echoes."""


def main(folder: Path) -> None:
    chromium = shutil.which("chromium")
    assert chromium is not None, "not installed: chromium"
    with Program(*try_arguments()) as program, Browser(chromium) as browser:
        ready = program.ready
        ids = [each["id"] for each in ready["devices"]]
        tab = browser.tab(ready["portal_url"], ready["portal_user"]["email"], ready["portal_user"]["password"])
        page = tab.page
        talk(tab, ids[STATION], "Station, report")
        talk(tab, ids[GONE], "Valve to 40 %")
        talk(tab, ids[TRUCK], "Position please")
        talk(tab, ids[ROUTER], "APN?", "APN=iot.example.net", "APN?")
        tab.look(dark=False, narrow=False)
        page.locator(".msg.mo [data-inspect]").last.click()
        page.get_by_role("heading", name="What happened").wait_for()
        page.screenshot(path=folder / "portal-console.png")
        tab.look(dark=True, narrow=True)
        page.locator("#inspector [data-close]").click()
        page.screenshot(path=folder / "portal-narrow.png")
        tab.look(dark=False, narrow=False)
        tab.open("/devices")
        page.screenshot(path=folder / "portal-devices.png")
        page.get_by_label("All of this page").check()
        page.get_by_role("button", name="Send SMS or change policy").click()
        page.get_by_label("Text").fill("Report your state at once")
        page.get_by_role("button", name="Send to 12").click()
        page.locator(".tally").wait_for()
        page.wait_for_timeout(3000)
        page.screenshot(path=folder / "portal-bulk.png")
        tab.open(f"/policies/{ready['devices'][0]['service_profile_id']}?way=mo&number=49170123456&text=hello")
        page.screenshot(path=folder / "portal-policy.png")
        add_link(tab, ready["smpp"])
        page.screenshot(path=folder / "portal-link.png")
        tab.close()


def add_link(tab: Browser.Tab, smsc: dict[str, Any]) -> None:
    """A link to the demo world's own SMPP server, checked."""
    page = tab.open("/links/new")
    form = page.locator("form.linkform")
    values = {"Name": "SMSC", "Host": smsc["host"], "Port": str(smsc["port"]), "System ID": smsc["system_id"], "Password": smsc["password"]}
    for label, value in values.items():
        form.get_by_label(label, exact=True).fill(value)
    form.get_by_role("button", name="Add link").click()
    page.locator("#now .st.ok").wait_for()
    page.get_by_role("button", name="Check").click()
    page.locator(".claims li").last.wait_for()
    page.evaluate("scrollTo(0, 0)")


def talk(tab: Browser.Tab, device_id: int, *texts: str) -> Page:
    """Send some texts to a device, one after the other is through."""
    page = tab.open(f"/devices/{device_id}")
    for number, text in enumerate(texts, 1):
        page.get_by_label("Message to").fill(text)
        page.get_by_role("button", name="Send SMS").click()
        page.locator(".msg.mt").nth(number - 1).wait_for()
        page.wait_for_timeout(1500)
    return page


if __name__ == "__main__":
    main(Path(sys.argv[1]))
