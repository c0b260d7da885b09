"""Who may read `/metrics`."""

from ipaddress import ip_network

import pytest

from heliograph.web.scrape import Scrapers
from tests.web.site import Site

NEIGHBOUR = Scrapers((ip_network("10.1.0.0/16"),))


def asked(client: str | None, *headers: str) -> dict[str, object]:
    return {"client": None if client is None else (client, 4711), "headers": [(name.encode(), b"1") for name in headers]}


@pytest.mark.parametrize(
    ("scrapers", "client", "headers", "allowed"),
    [
        (Scrapers(), "127.0.0.1", (), True),
        (Scrapers(), "::1", (), True),
        (Scrapers(), "::ffff:127.0.0.1", (), True),
        (Scrapers(), "10.1.2.3", (), False),
        (Scrapers(), None, (), False),
        (Scrapers(), "unix", (), False),
        (Scrapers(), "127.0.0.1", ("x-forwarded-for",), False),
        (Scrapers(), "127.0.0.1", ("forwarded",), False),
        (Scrapers(trusts_proxies=True), "203.0.113.9", ("x-forwarded-for",), False),
        (NEIGHBOUR, "10.1.2.3", (), True),
        (NEIGHBOUR, "127.0.0.1", (), False),
        (Scrapers(NEIGHBOUR.networks, trusts_proxies=True), "10.1.2.3", ("x-forwarded-for",), True),
    ],
)
def test_only_whom_the_operator_names_and_no_guest_of_a_proxy(
    scrapers: Scrapers, client: str | None, headers: tuple[str, ...], allowed: bool
) -> None:
    assert scrapers.allow(asked(client, *headers)) is allowed


async def test_others_are_told_which_setting_lets_them(site: Site) -> None:
    site.app.context.scrapers = Scrapers()
    reply = await site.get("/metrics", token=None)
    assert reply.status == 403
    assert b"http.metrics_allow" in reply.body
