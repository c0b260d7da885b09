"""Every page of the portal: each is looked at by `test_pages.py`. A page that is not here fails a test."""

from typing import Final, NamedTuple

from tests.browser.world import Tenant


class Seen(NamedTuple):
    """A page to look at. `path`: `{device}`, `{message}` and so on stand for what the organisation has (`Tenant`). `who`: "" for a
    stranger, "admin", "operator". `needs_device`: there is nothing to see in an organisation without one.
    `is_refused`: its status is an error, as a browser says on its console."""

    path: str
    who: str = "admin"
    needs_device: bool = False
    is_refused: bool = False

    def at(self, tenant: Tenant) -> str:
        """Where it is for an organisation."""
        return self.path.format(**{name.removesuffix("_id"): value for name, value in vars(tenant).items()})


PAGES: Final = (
    Seen("/sign-in", who=""),
    Seen("/set-password/hgl_none", who=""),
    Seen("/devices"),
    Seen("/devices?q=pump"),
    Seen("/devices/new"),
    Seen("/devices/import"),
    Seen("/overview"),
    Seen("/overview?range=30d"),
    Seen("/technician-links"),
    Seen("/technician-links/new"),
    Seen("/technician-links/{technician_link}", needs_device=True),
    Seen("/technician/hgl_none", who="", is_refused=True),
    Seen("/technician", who="", is_refused=True),
    Seen("/audit"),
    Seen("/links", who="operator"),
    Seen("/links/new", who="operator"),
    Seen("/links/unmatched?number=4915119", who="operator"),
    Seen("/links/unmatched_receipts", who="operator"),
    Seen("/links/new?kind=simulator", who="operator"),
    Seen("/links/{link}", who="operator"),
    Seen("/links/{link}/settings", who="operator"),
    Seen("/links/{link}/trace", who="operator"),
    Seen("/routes?number=491511234567", who="operator"),
    Seen("/routes/new", who="operator"),
    Seen("/routes/{route}", who="operator"),
    Seen("/simulator", who="operator"),
    Seen("/webhooks"),
    Seen("/webhooks/new"),
    Seen("/webhooks/{webhook}", needs_device=True),
    Seen("/deliveries/{delivery}", needs_device=True),
    Seen("/smpp"),
    Seen("/smpp", who="operator"),
    Seen("/smpp/{smpp}", needs_device=True),
    Seen("/policies"),
    Seen("/policies/new"),
    Seen("/policies/{policy}?way=mo&number=49170&text=hello"),
    Seen("/devices/{device}", needs_device=True),
    Seen("/devices/{device}/settings", needs_device=True),
    Seen("/devices/{device}/quota", needs_device=True),
    Seen("/devices/{device}/sms/{message}", needs_device=True),
    Seen("/commands"),
    Seen("/commands/new"),
    Seen("/commands/{command}", needs_device=True),
    Seen("/devices/{device}/commands/{command}", needs_device=True),
    Seen("/messages"),
    Seen("/messages?q=status&state=delivered"),
    Seen("/users"),
    Seen("/users/invite"),
    Seen("/users/{user}"),
    Seen("/tokens"),
    Seen("/tokens/new"),
    Seen("/account"),
    Seen("/account", who="operator"),
    Seen("/mailings"),
    Seen("/mailings/{mailing}", needs_device=True),
)

# Pages that answer no GET with a page of their own: what they do is seen on others.
NOT_LOOKED_AT: Final = frozenset(
    {
        "",
        "/devices.csv",
        "/messages.csv",
        "/messages/stream",
        "/links/stream",
        "/links/{link_id}/stream",
        "/links/{link_id}/trace/stream",
        "/devices/{device_id}/stream",
        "/technician/stream",
        "/smpp/{system_id}/stream",
        "/mailings/{mailing_id}/stream",
        "/overview/{table}",
        "/theme",
        "/csp-report",
        "/sign-out",
        "/sign-in/code",
    }
)
