"""Where what was made stands: absolute, by `public_url`, else by the Host that was asked for; a proxy is believed where it is trusted."""

import pytest
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from tests.web.site import HttpSettings, Settings, Site, request


async def location(site: Site, headers: dict[str, str], *, trusted: list[str] | None = None, address: str = "10.0.0.1") -> str:
    """Send an SMS through uvicorn's reading of proxy headers, as the daemon sets it up where proxies are trusted."""
    app = site.app if trusted is None else ProxyHeadersMiddleware(site.app, trusted_hosts=trusted)
    sent = {"authorization": f"Bearer {site.a_auth}", **headers}
    scope = {
        "type": "http",
        "method": "POST",
        "scheme": "http",
        "path": f"/api/v1/endpoint/{site.a.device_id}/sms",
        "query_string": b"",
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in sent.items()],
        "client": (address, 50000),
        "server": ("127.0.0.1", 8080),
    }
    reply = await request(app, scope, b'{"payload": "x"}')
    assert reply.status == 201
    return reply.headers["location"].partition("/api/")[0]


async def test_the_host_that_was_asked_for_stands_in_it(site: Site) -> None:
    assert await location(site, {"host": "sms.example.com"}) == "http://sms.example.com"
    assert await location(site, {"host": "[::1]:8080"}) == "http://[::1]:8080"


@pytest.mark.parametrize("host", ["evil.example/x?", 'a"b', "a b", "x:999999", "user@evil.example", ""])
async def test_a_host_that_is_none_is_not_repeated(site: Site, host: str) -> None:
    assert await location(site, {"host": host}) == "http://127.0.0.1:8080"


@pytest.mark.parametrize("settings", [Settings(http=HttpSettings(public_url="https://sms.example.com/"))], indirect=True)
async def test_the_public_url_wins_over_everything(site: Site) -> None:
    forwarded = {"host": "inside:8080", "x-forwarded-proto": "http", "x-forwarded-host": "evil.example"}
    assert await location(site, forwarded, trusted=["10.0.0.1"]) == "https://sms.example.com"


async def test_forwarded_headers_are_read_from_trusted_proxies_only(site: Site) -> None:
    forwarded = {"host": "sms.example.com", "x-forwarded-proto": "https", "x-forwarded-for": "192.0.2.7"}
    assert await location(site, forwarded, trusted=["10.0.0.0/8"]) == "https://sms.example.com"
    assert await location(site, forwarded, trusted=["10.0.0.0/8"], address="203.0.113.9") == "http://sms.example.com"
    assert await location(site, forwarded) == "http://sms.example.com"
