"""Users, application tokens and one's own account, without a browser."""

import base64
import re

import pytest

from heliograph.model import totp
from tests.web.portal.visitor import Visitor, words
from tests.web.site import PASSWORD, Site


async def test_a_user_is_invited_by_a_link_that_is_shown_once_and_works(admin: Visitor, stranger: Visitor, site: Site) -> None:
    reply = await admin.post("/users/invite", {"email": "grace@alpha.example", "name": "Grace", "role": "Observer"})
    found = re.search(r"https://sms\.example\.com(/set-password/hgl_[\w-]+)", reply.text)
    assert found is not None, words(reply)
    await stranger.post(found[1], {"password": "a long password", "again": "a long password"})
    assert (await stranger.post("/sign-in", {"email": "grace@alpha.example", "password": "a long password"})).status == 303
    assert "grace@alpha.example" in words(await admin.get("/users"))
    assert (await stranger.get("/users")).status == 403


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"email": "no address", "role": "User"}, "is no e-mail address"),
        ({"email": "alpha@example.org", "role": "User"}, "there is a user"),
        ({"email": "x@example.org", "role": "SuperAdmin"}, "only the operator"),
        ({"email": "x@example.org", "role": "King"}, "choose a role"),
    ],
)
async def test_an_invitation_that_cannot_be_is_said(admin: Visitor, form: dict[str, str], said: str) -> None:
    reply = await admin.post("/users/invite", form)
    assert said.lower() in words(reply).lower()
    assert reply.status in (403, 422)


async def test_a_user_is_changed_suspended_and_given_a_new_link(admin: Visitor, site: Site) -> None:
    path = f"/users/{site.a.user_id}"
    await admin.post(path, {"name": "Renamed", "role": "Observer"})
    assert "Renamed" in words(await admin.get("/users"))
    await admin.post(f"{path}/suspend", {"disabled": "1"})
    assert "Suspended" in words(await admin.get(path))
    assert (await admin.post(f"{path}/link")).status == 403 or "is disabled" in words(await admin.post(f"{path}/link"))
    await admin.post(f"{path}/suspend", {"disabled": "0"})
    assert "/set-password/hgl_" in (await admin.post(f"{path}/link")).text


async def test_nobody_shuts_themselves_out_and_nobody_sees_the_users_of_others(admin: Visitor, site: Site) -> None:
    mine = next(int(found) for found in re.findall(r"/users/(\d+)", (await admin.get("/users")).text))
    reply = await admin.post(f"/users/{mine}/suspend", {"disabled": "1"})
    assert "nobody changes their own role" in words(reply).lower()
    assert (await admin.get(f"/users/{site.b.user_id}")).status == 404
    assert "beta@example.org" not in words(await admin.get("/users"))


async def test_a_token_is_shown_once_works_and_is_refused_once_revoked(admin: Visitor, site: Site) -> None:
    reply = await admin.post("/tokens/new", {"description": "Backend", "role": "User", "days": "30"})
    token = re.search(r"hgt_[\w-]+", reply.text)
    assert token is not None
    page = await admin.get("/tokens")
    assert "Backend" in words(page)
    assert token[0] not in page.text
    assert (await site.post("/api/v1/authenticate", {"application_token": token[0]}, token=None)).status == 200
    token_id = max(map(int, re.findall(r"/tokens/(\d+)/revoke", page.text)))
    await admin.post(f"/tokens/{token_id}/revoke", {"revoked": "1"})
    assert "Revoked" in words(await admin.get("/tokens"))
    assert (await site.post("/api/v1/authenticate", {"application_token": token[0]}, token=None)).status == 401
    await admin.post(f"/tokens/{token_id}/revoke", {"revoked": "0"})
    assert (await site.post("/api/v1/authenticate", {"application_token": token[0]}, token=None)).status == 200
    assert "no network" in words(await admin.post("/tokens/new", {"ip": "somewhere"}))


async def test_a_password_is_changed_with_the_old_one_and_ends_every_session(admin: Visitor, stranger: Visitor, site: Site) -> None:
    new = {"password": "another password", "again": "another password"}
    reply = await admin.post("/account/password", new | {"old": "wrong"})
    assert "not your password" in words(reply)
    assert (await admin.post("/account/password", new | {"old": PASSWORD})).headers["location"] == "/sign-in"
    assert (await admin.get("/account")).status == 303
    assert (await stranger.post("/sign-in", {"email": site.a.email, "password": "another password"})).status == 303


async def test_a_second_factor_is_set_up_by_its_first_code_and_switched_off_by_the_password(admin: Visitor, site: Site) -> None:
    assert "not your password" in words(await admin.post("/account/factor", {"password": "wrong"}))
    page = (await admin.post("/account/factor", {"password": PASSWORD})).text
    form = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.partition("/account/factor/activate")[2]))
    wrong = await admin.post("/account/factor/activate", form | {"code": "000000"})
    assert "The code is wrong" in words(wrong)
    (secret,) = re.findall(r'data-copy="([A-Z2-7]{32})"', page)
    assert secret in wrong.text, "what is shown once is not lost by a typing error"
    assert form["codes"].split()[0] in words(wrong)
    code = totp.code(base64.b32decode(secret), site.world.now_ms // totp.STEP_MS)
    assert "The second factor is on" in words(await admin.follow(await admin.post("/account/factor/activate", form | {"code": code})))
    assert (await admin.post("/account/factor/off", {"password": PASSWORD})).headers["location"] == "/sign-in"


async def test_sessions_are_listed_and_ended(admin: Visitor, site: Site) -> None:
    other = await Visitor(site).sign_in(site.a.email)
    page = await admin.get("/account")
    (session_id,) = re.findall(r'name="session" value="(\d+)"', page.text)
    await admin.post("/account/session", {"session": session_id})
    assert (await other.get("/devices")).status == 303
    third = await Visitor(site).sign_in(site.a.email)
    await admin.post("/account/session", {"others": "1"})
    assert (await third.get("/devices")).status == 303
    assert (await admin.get("/devices")).status == 200


async def test_the_operator_works_in_another_organisation_and_others_do_not(operator: Visitor, admin: Visitor, site: Site) -> None:
    assert "Beta one" in words(await operator.get("/devices"))
    await operator.post("/account/organisation", {"organisation": site.a.organisation_id})
    page = words(await operator.get("/devices"))
    assert "Alpha one" in page
    assert "Beta one" not in page
    reply = await admin.post("/account/organisation", {"organisation": site.b.organisation_id})
    assert (reply.status, "There is no" in words(reply)) == (404, True)
    assert "Work there" not in words(await admin.get("/account"))
