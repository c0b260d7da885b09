"""Chromium as these tests use it: signed in once per person, and watched for what a page of ours must never do."""

import json
from types import TracebackType
from typing import Any, Final, NamedTuple, Self
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request, sync_playwright

FLAGS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-software-rasterizer",  # no imitated GPU either: a process that paints what nobody sees
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
WIDE: Final = {"width": 1280, "height": 800}
NARROW: Final = {"width": 390, "height": 800}
DEADLINE_MS: Final = 40_000
AXE_RULES: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
REPORTS: Final = """
window.refusals = [];
document.addEventListener("securitypolicyviolation", (event) => window.refusals.push(`${event.effectiveDirective} ${event.blockedURI}`));
"""


class Browser:
    """One Chromium. Cookies of those who signed in are kept, so that a password is checked once per person."""

    class Tab:
        """A page in a context of its own. `page`: Playwright's."""

        def __init__(self, context: BrowserContext, url: str) -> None:
            self.context = context
            self.url = url
            self.page: Page = context.new_page()
            self.page.set_default_timeout(DEADLINE_MS)
            self.wrongs: list[str] = []
            self.expects_failures = False
            self.page.on("console", self._on_console)
            self.page.on("pageerror", lambda error: self.wrongs.append(f"script: {error}"))
            self.page.on("request", self._on_request)

        def open(self, path: str) -> Page:
            """Go to a path of the portal."""
            self.page.goto(self.url + path, wait_until="load")
            return self.page

        def look(self, *, dark: bool, narrow: bool) -> None:
            """The same page in another theme and width."""
            self.page.emulate_media(color_scheme="dark" if dark else "light", reduced_motion="reduce")
            self.page.set_viewport_size(NARROW if narrow else WIDE)

        def axe(self, source: str, *, colours_only: bool = False) -> list[str]:
            """What axe finds, one line each. `colours_only`: where the same page was looked at in another theme."""
            if not self.page.evaluate("!!window.axe"):
                self.page.evaluate(source)
            options = json.dumps({"runOnly": ["color-contrast"] if colours_only else AXE_RULES, "resultTypes": ["violations"]})
            found: list[dict[str, Any]] = self.page.evaluate(f"axe.run(document, {options}).then((result) => result.violations)")
            return [f"{each['id']}: {node['html'][:160]} ({node['failureSummary'][:300]})" for each in found for node in each["nodes"]]

        def overflow(self) -> int:
            """By how many pixels the page is wider than the window: 0, or something is cut off."""
            width: int = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            return width

        def check(self) -> None:
            """Raises where the page did what it must not."""
            wrongs = [f"policy: {each}" for each in self.page.evaluate("window.refusals ?? []")] + self.wrongs
            self.wrongs = []
            assert wrongs == [], wrongs

        def close(self) -> None:
            """The same, at its end."""
            try:
                self.check()
            finally:
                self.context.close()

        def _on_console(self, message: ConsoleMessage) -> None:
            is_failed_request = "Failed to load resource" in message.text
            if message.type in ("error", "warning") and not (is_failed_request and self.expects_failures):
                self.wrongs.append(f"console: {message.text}")

        def _on_request(self, request: Request) -> None:
            if not request.url.startswith((self.url, "data:", "blob:")):
                self.wrongs.append(f"elsewhere: {request.url}")

    def __init__(self, executable: str) -> None:
        self._executable = executable
        self._states: dict[tuple[str, str], Any] = {}
        self._kept: dict[str, Browser.Tab] = {}

    def __enter__(self) -> Self:
        self._playwright = sync_playwright().start()
        self._chromium = self._playwright.chromium.launch(executable_path=self._executable, args=list(FLAGS))
        return self

    def __exit__(self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None) -> None:
        self._chromium.close()
        self._playwright.stop()

    def stranger(self, url: str, **options: Any) -> "Browser.Tab":
        """A tab of somebody who is not signed in."""
        context = self._chromium.new_context(viewport=WIDE, reduced_motion="reduce", **options)
        context.add_init_script(REPORTS)
        return Browser.Tab(context, url)

    def kept(self, url: str, email: str = "", password: str = "") -> "Browser.Tab":
        """The one tab of somebody for pages that are looked at one after another, wide and light; without an address, of a stranger. A new
        one takes longer than most pages: a context, a process and all files of the portal anew."""
        if email not in self._kept:
            self._kept[email] = self.tab(url, email, password) if email else self.stranger(url)
        tab = self._kept[email]
        tab.expects_failures = False
        tab.look(dark=False, narrow=False)
        return tab

    def close_others(self) -> None:
        """Close every tab that is not kept: a page that watches for news costs until it is gone."""
        kept = [tab.context for tab in self._kept.values()]
        for context in self._chromium.contexts:
            if context not in kept:
                context.close()

    def tab(self, url: str, email: str, password: str, **options: Any) -> "Browser.Tab":
        """A tab of somebody who is."""
        known = (url, email)
        if known not in self._states:
            tab = self.stranger(url)
            tab.open("/sign-in")
            enter(tab.page, email, password)
            tab.page.wait_for_url(lambda found: urlsplit(found).path != "/sign-in")
            self._states[known] = tab.context.storage_state()
            tab.close()
        return self.stranger(url, storage_state=self._states[known], **options)


def enter(page: Page, email: str, password: str) -> None:
    """Fill the form and send it."""
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


class Look(NamedTuple):
    """A theme and a width."""

    dark: bool
    narrow: bool


LOOKS: Final = (Look(False, False), Look(True, False), Look(False, True), Look(True, True))
