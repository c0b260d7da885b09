"""What is kept in a browser, and what a browser tells of itself: the theme, and reports of what the policy of a page refused."""

from typing import Final

import msgspec

from heliograph import log
from heliograph.model.permission import Right
from heliograph.web.portal import guard
from heliograph.web.portal.guard import YEAR_S
from heliograph.web.portal.page import THEME, Asked, OpenPage, Page
from heliograph.web.portal.reply import Reply

MOST_TOLD: Final = 200
THEMES: Final = ("system", "light", "dark")

_log = log.get("web")


class Violation(msgspec.Struct, rename="kebab"):
    """CSP 3, 5.3: of a report, what says which page of ours is wrong and tells nothing of what stood on it."""

    effective_directive: str = ""
    blocked_uri: str = ""
    source_file: str = ""
    line_number: int | None = None


class Report(msgspec.Struct, rename={"csp_report": "csp-report"}):
    csp_report: Violation


_decode = msgspec.json.Decoder(Report).decode


async def choose_theme(asked: Asked) -> Reply:
    """Light, dark, or as the system is; then back."""
    wanted = asked.form.text("theme")
    chosen = wanted if wanted in THEMES else "system"
    is_system = chosen == "system"
    cookie = asked.cookie(THEME, "" if is_system else chosen, max_age_s=0 if is_system else YEAR_S, for_scripts=True)
    return asked.see(guard.own_path(asked.form.text("next")), "", cookie)


async def take_report(asked: Asked) -> Reply:
    """A browser refused to load what the policy does not allow: one of our pages is wrong, or an extension meddles."""
    try:
        said = _decode(asked.body).csp_report
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Reply(400)
    _log.warning("content security policy", directive=said.effective_directive[:MOST_TOLD], blocked=said.blocked_uri[:MOST_TOLD])
    return Reply(204)


PAGES: Final[dict[str, Page]] = {
    "/theme": OpenPage(post=choose_theme),
    "/csp-report": Page(post=take_report, write=Right.OWN_ACCOUNT),
}
