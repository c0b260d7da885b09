"""The portal: pages for people, made on the server, live where a browser runs scripts.

Theory of operation. A request comes to `face`: it finds the page in `PAGES`, the session behind the cookie, the right that the page asks
for, and, for a form, whether a page of ours sent it (`guard`). The page's function calls `service` and renders a template. What is refused
(a Problem) becomes a page with its reason, or words at the field where the page catches it; a bug goes to the bulkhead in `web/app`.
Everything works without JavaScript except what moves by itself: links are links, forms are forms, dialogs and menus are popovers of the
browser.

How to add a page.
1. A module here, named as the page. Its functions take `Asked` and give a `Reply`: `asked.render("name.html", title=..., ...)`, or after a
   form `asked.see("/where", "What was done.")`. Input: `asked.query`, `asked.form`, `asked.id("name")`; who: `asked.actor`; times that
   people type or read: `asked.zone`. `PAGES` at its end says at which path, by which method, with which right (GET: READ, POST: CHANGE
   unless it says else). Add its `PAGES` below, and a line in `nav.ITEMS` if it is to stand in the navigation.
2. A template that extends `base.html` and fills `title`, `head` (the page's head: `ui.head(...)`) and `main`. Use the macros of
   `parts.html` (`ui`): they carry the look and the accessibility. No `style=`, no inline script, no handler attribute: the policy forbids
   them. A new rule for the look goes into the file of `static/css` whose head says so; a new icon into `ICONS` of
   `tools/portal_parts.py`.
3. A script, if it has one, is an ES module in `static/js`, named in the block `scripts`. It adds to what works without it.
4. What an Observer may not do is not shown (`{% if can(Right.CHANGE) %}`) and refused by the right of the page.
5. Tests: a claim in `tests/web/portal/` (rendered with nothing, one, many; no browser), and a line in `PAGES` of `tests/browser/pages.py`,
   by which axe, both themes, both widths, the policy and the network are looked at; for what only a form leads to (shown once, refused, a
   dialog), a function in `tests/browser/states.py`. Then look at it yourself: `tests/browser/look.py`.

It holds no rule: what may be, and what follows, is decided by `service`, the same for every face.
"""

from typing import Final

from heliograph.web.portal import (
    account,
    audit_log,
    browser,
    commands,
    console,
    device,
    device_csv,
    devices,
    link_settings,
    links,
    mailings,
    many,
    messages,
    overview,
    policies,
    quotas,
    routes,
    sign_in,
    simulator,
    smpp,
    technician,
    technician_links,
    tokens,
    unmatched,
    users,
    webhooks,
)
from heliograph.web.portal.page import Page

PAGES: Final[dict[str, Page]] = {
    **account.PAGES,
    **audit_log.PAGES,
    **browser.PAGES,
    **commands.PAGES,
    **console.PAGES,
    **device.PAGES,
    **device_csv.PAGES,
    **devices.PAGES,
    **link_settings.PAGES,
    **links.PAGES,
    **mailings.PAGES,
    **many.PAGES,
    **messages.PAGES,
    **overview.PAGES,
    **policies.PAGES,
    **quotas.PAGES,
    **routes.PAGES,
    **sign_in.PAGES,
    **simulator.PAGES,
    **smpp.PAGES,
    **technician.PAGES,
    **technician_links.PAGES,
    **tokens.PAGES,
    **unmatched.PAGES,
    **users.PAGES,
    **webhooks.PAGES,
}
