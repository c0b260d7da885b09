"""The page to read and try the API: it shows every call, loads nothing from elsewhere, and nothing of it is inline."""

import re
from html.parser import HTMLParser
from pathlib import Path

from tests.web.contract import written
from tests.web.site import Site

WEB = Path(__file__).parents[2] / "src/heliograph/web"
STYLES = (WEB / "openapi/assets/docs.css", WEB / "portal/static/css/tokens.css")
LOADERS = ("script", "link", "img", "iframe", "object", "embed", "video", "audio", "source")


class Read(HTMLParser):
    """Tags with their attributes, and ids."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


async def page_of(site: Site) -> tuple[str, Read]:
    reply = await site.get("/api/docs", token=None)
    assert (reply.status, reply.headers["content-type"]) == (200, "text/html; charset=UTF-8")
    return reply.body.decode(), Read(reply.body.decode())


async def test_every_call_stands_on_the_page_once_and_in_its_list(site: Site) -> None:
    _, read = await page_of(site)
    ids = [attributes["id"] for tag, attributes in read.tags if tag == "details" and attributes.get("class") == "call"]
    names = [said["operationId"] for methods in written()["paths"].values() for said in methods.values()]
    assert sorted(map(str, ids)) == sorted(names)
    linked = {attributes["href"] for tag, attributes in read.tags if tag == "a"}
    assert {f"#{name}" for name in names} <= linked


async def test_it_loads_its_own_two_files_and_nothing_else(site: Site) -> None:
    text, read = await page_of(site)
    loaded = {
        attributes.get("src") or attributes.get("href") for tag, attributes in read.tags if tag in ("script", "link", "img", "iframe")
    }
    assert loaded == {"/api/docs/docs.js", "/api/docs/docs.css", "data:,"}
    for name, kind in (("docs.js", "text/javascript"), ("docs.css", "text/css")):
        reply = await site.get(f"/api/docs/{name}", token=None)
        assert reply.status == 200
        assert reply.headers["content-type"].startswith(kind)
        assert re.findall(rb"https?://|@import|url\(", reply.body) == []
    assert "<style" not in text
    assert (await site.get("/api/docs/other.js", token=None)).status == 404


def test_its_colours_are_those_of_the_portal() -> None:
    """It loads no file of the portal's, so it says them again."""
    here, there = [set(re.findall(r"(--[\w-]+): (light-dark\(.+?\));", path.read_text(encoding="utf-8"))) for path in STYLES]
    assert len(here) > 10
    assert here <= there


async def test_its_policy_forbids_what_is_inline_and_what_is_elsewhere(site: Site) -> None:
    _, read = await page_of(site)
    policy = (await site.get("/api/docs", token=None)).headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    inline = [attributes for _, attributes in read.tags if any(name.startswith("on") or name == "style" for name in attributes)]
    assert inline == []


async def test_every_field_has_its_label_and_no_id_stands_twice(site: Site) -> None:
    _, read = await page_of(site)
    ids = [attributes["id"] for _, attributes in read.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    labelled = {attributes["for"] for tag, attributes in read.tags if tag == "label"}
    fields = [attributes for tag, attributes in read.tags if tag in ("input", "textarea", "select")]
    assert [attributes for attributes in fields if attributes.get("id") not in labelled and "aria-label" not in attributes] == []


async def test_what_is_written_in_the_code_cannot_break_the_page(site: Site) -> None:
    text, _ = await page_of(site)
    assert "<auth_token>" not in text
    assert "&lt;auth_token&gt;" in text
