"""What all pages share: who may come in, what a form from elsewhere may do, what a browser is told, what is said where something fails."""

import hashlib
import json
from pathlib import Path

import pytest

from heliograph.model.permission import RIGHTS, Right
from heliograph.service.manage import policy
from heliograph.store.database import DatabaseLost
from heliograph.web.portal import PAGES, static_files
from heliograph.web.portal.page import OpenPage, Page
from tests.web.portal.visitor import ORIGIN, Visitor, words
from tests.web.site import Settings, Site

VENDOR = static_files.ROOT / "vendor"
GUARDED = [(path, page, method) for path, page in PAGES.items() if not page.is_open for method in page.handlers]


def at(path: str) -> str:
    """An address that the path stands for."""
    return "/".join("1" if part.startswith("{") else part for part in path.split("/")) or "/"


async def test_nobody_gets_in_without_signing_in(stranger: Visitor) -> None:
    for path, _, method in GUARDED:
        reply = await (stranger.get(at(path)) if method == "GET" else stranger.post(at(path)))
        assert reply.status == 303, f"{method} {path}"
        assert reply.headers["location"].startswith("/sign-in"), f"{method} {path}"
        part = await (stranger.get(at(path), hx_request="true") if method == "GET" else stranger.post(at(path), hx_request="true"))
        assert (part.status, part.headers["hx-redirect"]) == (401, "/sign-in"), f"{method} {path}"


@pytest.mark.parametrize(("path", "page", "method"), GUARDED, ids=lambda value: value if isinstance(value, str) else "")
async def test_an_observer_is_refused_where_something_is_changed(observer: Visitor, path: str, page: Page, method: str) -> None:
    right = page.rights[method]
    reply = await (observer.get(at(path)) if method == "GET" else observer.post(at(path)))
    assert (reply.status == 403) == (right not in {Right.READ, Right.OWN_ACCOUNT}), reply.text


@pytest.mark.parametrize(
    "headers",
    [
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"sec_fetch_site": ""},
        {"sec_fetch_site": "", "origin": "https://evil.example"},
        {"sec_fetch_site": "", "origin": "null"},
    ],
    ids=str,
)
async def test_a_form_from_elsewhere_does_nothing(admin: Visitor, headers: dict[str, str]) -> None:
    for path in [path for path, page in PAGES.items() if "POST" in page.handlers]:
        reply = await admin.post(at(path), **headers)
        assert reply.status == 403, path
        assert "not sent by a page of this portal" in words(reply), path


async def test_a_form_counts_whose_origin_is_ours_where_the_browser_says_no_more(admin: Visitor) -> None:
    reply = await admin.post("/theme", {"theme": "dark", "next": "/devices"}, sec_fetch_site="", origin=ORIGIN)
    assert (reply.status, reply.headers["location"]) == (303, "/devices")


@pytest.mark.parametrize("elsewhere", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/a\r\nx: y"])
async def test_nobody_is_led_to_another_site(admin: Visitor, elsewhere: str) -> None:
    assert (await admin.post("/theme", {"theme": "dark", "next": elsewhere})).headers["location"] == "/"


async def test_every_answer_carries_what_keeps_a_browser_safe(stranger: Visitor, admin: Visitor) -> None:
    replies = [
        await stranger.get("/sign-in"),
        await admin.get("/devices"),
        await admin.get("/nothing"),
        await admin.get(static_files.url("css/parts.css")),
    ]
    for reply in replies:
        policy = dict(part.strip().partition(" ")[::2] for part in reply.headers["content-security-policy"].split(";"))
        assert policy["default-src"] == "'none'"
        assert "unsafe" not in reply.headers["content-security-policy"]
        assert reply.headers["x-content-type-options"] == "nosniff"
        assert "access-control-allow-origin" not in reply.headers, "no page of another origin reads the portal"


async def test_the_cookie_is_for_this_host_and_no_script(stranger: Visitor, site: Site) -> None:
    reply = await stranger.post("/sign-in", {"email": site.a.email, "password": "correct horse"})
    (cookie,) = [each for each in reply.cookies if each.startswith("__Host-heliograph=")]
    assert {"HttpOnly", "Secure", "SameSite=Lax", "Path=/"} <= {each.strip() for each in cookie.split(";")}


@pytest.mark.parametrize("settings", [Settings()], indirect=True)
async def test_the_cookie_is_not_bound_to_https_where_there_is_none(site: Site) -> None:
    site.app.context._origin = "http://portal.local:8080"
    reply = await Visitor(site).post("/sign-in", {"email": site.a.email, "password": "correct horse"})
    (cookie,) = [each for each in reply.cookies if each.startswith("heliograph=")]
    assert "Secure" not in cookie
    assert "HttpOnly" in cookie


async def test_a_refusal_is_a_page_in_words_with_its_status(admin: Visitor) -> None:
    reply = await admin.get("/nothing/here")
    assert reply.status == 404
    assert "There is nothing at this address" in words(reply)
    part = await admin.get("/nothing/here", hx_request="true")
    assert (part.status, part.headers["hx-retarget"]) == (404, "#banners")
    assert "<html" not in part.text


async def test_a_fault_of_ours_is_a_page_with_a_number_that_stands_in_the_log(admin: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(policy, "views", fail)
    reply = await admin.get("/devices")
    assert reply.status == 500
    assert "Number: " in words(reply)


async def test_a_database_that_does_not_confirm_is_said(admin: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    async def lose(*_: object) -> None:
        raise DatabaseLost("gone")

    monkeypatch.setattr(policy, "views", lose)
    reply = await admin.get("/devices")
    assert reply.status == 503
    assert "may or may not have happened" in words(reply)


async def test_what_was_done_is_said_once(admin: Visitor) -> None:
    reply = await admin.post("/sign-out")
    first = await admin.follow(reply)
    assert "You are signed out" in words(first)
    assert "You are signed out" not in words(await admin.get("/sign-in"))


async def test_a_browser_may_report_what_a_policy_refused(admin: Visitor) -> None:
    report = {"csp-report": {"effective-directive": "script-src-elem", "blocked-uri": "https://evil.example/x.js"}}
    reply = await admin.post("/csp-report", json.dumps(report).encode(), content_type="application/csp-report")
    assert reply.status == 204
    assert (await admin.post("/csp-report", b"{", content_type="application/csp-report")).status == 400


async def test_files_are_kept_for_a_year_under_the_hash_of_all(stranger: Visitor) -> None:
    reply = await stranger.get(static_files.url("css/parts.css"), accept_encoding="gzip")
    assert reply.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert reply.headers["content-encoding"] == "gzip"
    assert (await stranger.get("/static/0000/css/parts.css")).headers["cache-control"] == "no-cache"
    assert (await stranger.get("/static/0000/../render.py")).status == 404
    assert (await stranger.get("/static/0000/vendor/hashes.txt")).status == 404


def test_what_others_wrote_is_as_it_was_released() -> None:
    listed = dict(line.split("  ")[::-1] for line in (VENDOR / "hashes.txt").read_text(encoding="utf-8").splitlines())
    found = {path.relative_to(VENDOR).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files_of(VENDOR)}
    assert found == listed
    folders = {path.parent for path in files_of(VENDOR)}
    assert [folder.name for folder in folders if not (folder / "LICENSE").exists()] == []


def test_no_page_holds_what_its_policy_refuses() -> None:
    for path in (static_files.ROOT.parent / "templates").glob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert " style=" not in text, path.name
        assert "<style" not in text, path.name
        assert "hx-on" not in text, path.name
        assert not any(f" on{event}=" in text for event in ("click", "submit", "change", "input", "load")), path.name


def test_every_page_asks_for_a_right_that_somebody_has() -> None:
    everything = frozenset().union(*RIGHTS.values())
    assert all(right in everything for page in PAGES.values() for right in page.rights.values())
    assert all(isinstance(page, OpenPage) == page.is_open for page in PAGES.values())


def files_of(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.name != "hashes.txt")
