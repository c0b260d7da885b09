"""Signing in: the password, the second factor, the link that sets a password, the lock-out; and signing out."""

import base64
import re

import pytest

from heliograph.model import totp
from heliograph.model.account import Actor, Door, Role
from heliograph.service.manage import mfa, user
from heliograph.service.password import sha1_hex
from heliograph.store import account as account_store
from heliograph.store.account import User
from tests.web.portal.visitor import Visitor, words
from tests.web.site import ADDRESS, PASSWORD, Site


async def user_of(site: Site, email: str) -> User:
    found = await site.world.database.read(account_store.user_by_email, email)
    assert found is not None
    return found


async def actor_of(site: Site, email: str) -> Actor:
    found = await user_of(site, email)
    return Actor(
        found.organisation_id, found.organisation_name, Role(found.role), Door.PORTAL, user_id=found.id, email=email, address=ADDRESS
    )


async def test_who_sends_a_form_after_the_session_ended_is_led_back_to_its_page(stranger: Visitor, site: Site) -> None:
    page = f"/devices/{site.a.device_id}?before=9"
    here = {"referer": f"https://sms.example.com{page}"}
    reply = await stranger.post(f"/devices/{site.a.device_id}", {"text": "x"}, **here)
    assert reply.headers["location"] == f"/sign-in?next=%2Fdevices%2F{site.a.device_id}%3Fbefore%3D9"
    assert "Your session is over" in words(await stranger.follow(reply))
    part = await stranger.post(f"/devices/{site.a.device_id}", {"text": "x"}, hx_request="true", **here)
    assert part.headers["hx-redirect"] == reply.headers["location"]
    for elsewhere in ("https://evil.example/devices", "https://sms.example.com/devices/many", "https://sms.example.com/none", ""):
        assert (await stranger.post("/commands", {}, referer=elsewhere)).headers["location"] == "/sign-in"


def code_of(secret: str, site: Site) -> str:
    return totp.code(base64.b32decode(secret), site.world.now_ms // totp.STEP_MS)


async def test_a_password_opens_a_session_and_leads_on(stranger: Visitor, site: Site) -> None:
    reply = await stranger.post("/sign-in", {"email": site.a.email.upper(), "password": PASSWORD, "next": "/devices?q=x"})
    assert (reply.status, reply.headers["location"]) == (303, "/devices?q=x")
    assert "Connected devices" in words(await stranger.get("/devices"))
    assert (await stranger.get("/sign-in")).status == 303, "who is signed in needs no form"


async def test_nobody_is_told_which_of_both_is_wrong_and_three_failures_lock_out(stranger: Visitor, site: Site) -> None:
    unknown = await stranger.post("/sign-in", {"email": "nobody@example.org", "password": PASSWORD})
    for _ in range(3):
        wrong = await stranger.post("/sign-in", {"email": site.a.email, "password": "wrong"})
        assert (wrong.status, words(wrong).replace(site.a.email, "")) == (401, words(unknown).replace("nobody@example.org", ""))
    locked = await stranger.post("/sign-in", {"email": site.a.email, "password": PASSWORD})
    assert locked.status == 429
    assert "wait 5 minutes" in words(locked)


async def test_a_second_factor_is_asked_for_taken_once_and_not_again_on_a_trusted_browser(stranger: Visitor, site: Site) -> None:
    actor = await actor_of(site, site.a.email)
    key = await mfa.create(site.world.core, site.app.context.login, actor, sha1_hex(PASSWORD))
    secret = re.search(r"secret=(\w+)", key.uri)
    assert secret is not None
    await mfa.activate(site.world.core, actor, key.key.id, code_of(secret[1], site))
    await site.world.advance(30)

    async def ask() -> dict[str, str]:
        reply = await stranger.post("/sign-in", {"email": site.a.email, "password": PASSWORD, "next": "/devices"})
        assert reply.status == 200
        assert not stranger.cookies, "nobody is in by the password alone"
        return dict(re.findall(r'name="(\w+)" value="([^"]*)"', reply.text))

    form = await ask()
    wrong = await stranger.post("/sign-in/code", form | {"code": "000000"})
    assert wrong.status == 401
    assert "The code is wrong" in words(wrong)
    right = await stranger.post("/sign-in/code", form | {"code": code_of(secret[1], site), "trust": "1"})
    assert (right.status, right.headers["location"]) == (303, "/devices")
    trusted = {"heliograph_trusted": stranger.cookies["heliograph_trusted"]}
    stranger.cookies = {}
    form = await ask()
    again = await stranger.post("/sign-in/code", form | {"code": code_of(secret[1], site)})
    assert again.status == 401, "a code is taken once"
    stranger.cookies = trusted
    assert (await stranger.post("/sign-in", {"email": site.a.email, "password": PASSWORD})).status == 303


async def test_a_code_that_comes_too_late_starts_again(stranger: Visitor, site: Site) -> None:
    reply = await stranger.post("/sign-in/code", {"mfa_token": "none", "code": "123456"})
    assert reply.status == 401
    assert "sign in again" in words(reply)


async def test_a_link_sets_a_password_once(stranger: Visitor, site: Site) -> None:
    invited = await user.invite(site.world.core, await actor_of(site, site.a.email), "new@alpha.example", "New")
    path = f"/set-password/{invited.key}"
    assert "Set your password" in words(await stranger.get(path))
    short = await stranger.post(path, {"password": "short", "again": "short"})
    assert (short.status, "at least" in words(short) or "10 to 200" in words(short)) == (422, True)
    differ = await stranger.post(path, {"password": "long enough for me", "again": "long enough for you"})
    assert "differ" in words(differ)
    done = await stranger.post(path, {"password": "long enough for me", "again": "long enough for me", "name": "Newcomer"})
    assert "Your password is set" in words(await stranger.follow(done))
    reply = await stranger.post("/sign-in", {"email": "new@alpha.example", "password": "long enough for me"})
    assert reply.status == 303
    used = await stranger.post(path, {"password": "long enough for me", "again": "long enough for me"})
    assert (used.status, "was used" in words(used)) == (422, True)


async def test_signing_out_ends_the_session(admin: Visitor) -> None:
    cookies = dict(admin.cookies)
    await admin.post("/sign-out")
    admin.cookies = cookies
    assert (await admin.get("/devices")).status == 303


@pytest.mark.parametrize("cookie", ["", "hgs_wrong", "x" * 9000])
async def test_a_cookie_that_is_nobodys_is_no_session(stranger: Visitor, cookie: str) -> None:
    stranger.cookies["__Host-heliograph"] = cookie
    assert (await stranger.get("/devices")).status == 303
